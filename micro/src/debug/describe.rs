use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use micro_codec::Json;
use micro_core::{Body, Deadline, Dispatch, Error, Format, Head, Message, Request, Result, Route};
use micro_registry::{Describe, Node, Service};
use micro_transport::{DialOptions, Transport};

use crate::record;

/// How long a node has to tell its record.
const TIME: Duration = Duration::from_secs(5);

/// Asks nodes for their records by `Debug.Describe`, for registries that have no room for them.
#[derive(Debug)]
pub(crate) struct NodeDescriber {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) dial: DialOptions,
    pub(crate) format: Format,
}

#[async_trait]
impl Describe for NodeDescriber {
    async fn describe(&self, node: &Node, service: &str) -> Result<Service> {
        let mut dial = self.dial.clone();
        dial.protocols = record::protocols(node);
        let connection = self.transport.dial(&node.address, &dial).await?;
        let mut head = Head::new(Route::new(service, "Debug.Describe"), self.format);
        head.deadline = Some(Deadline::after(TIME));
        let request = ().to_bytes(self.format)?;
        let response = connection.dispatch(Request::new(head, Body::One(request))).await?;
        match response.body {
            Body::One(bytes) => Json::<Service>::decode(self.format, bytes).map(|Json(service)| service),
            _ => Err(Error::internal(format!("node `{}` did not answer with its record", node.id))),
        }
    }
}
