//! The side that answers.
use micro_core::{Address, Error, Listener, Result};

use crate::ListenOptions;

pub(super) async fn listen(at: &Address, _options: &ListenOptions) -> Result<Box<dyn Listener>> {
    std::future::ready(Err(Error::unimplemented(format!("{at}")))).await
}
pub(super) fn listen_on(_: std::net::TcpListener, _options: &ListenOptions) -> Result<Box<dyn Listener>> {
    Err(Error::unimplemented("x"))
}
