use std::fmt::Debug;

use async_trait::async_trait;
use micro_core::Result;

use crate::{Node, Service};

/// Asks a node for its whole record.
///
/// Some registries have little room: an mDNS record does not hold 300 endpoints with their schemas. They announce what
/// fits and are given one of these, which fetches the rest from the node itself (its endpoint `Debug.Describe`).
#[async_trait]
pub trait Describe: Debug + Send + Sync + 'static {
    /// The record of the service that `node` runs, with its endpoints.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the node cannot be reached, and whatever it answers.
    async fn describe(&self, node: &Node, service: &str) -> Result<Service>;
}
