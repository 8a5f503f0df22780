//! The side that calls.

use std::sync::Arc;

use micro_core::{Address, Error, Result};

use crate::{Connection, DialOptions};

pub(super) async fn dial(to: &Address, _options: &DialOptions) -> Result<Arc<dyn Connection>> {
    std::future::ready(Err(Error::unimplemented(format!("dialling {to}")))).await
}
