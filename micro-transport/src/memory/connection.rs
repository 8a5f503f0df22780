use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use async_trait::async_trait;
use micro_core::{Address, Call, Dispatch, Head, Origin, Peer, Request};
use tokio::runtime::Handle;

use super::port::Port;
use super::{depth, eager};
use crate::waiting::Waiting;
use crate::{Connection, ConnectionState, DialOptions};

/// The link to one listener.
pub(super) struct MemoryConnection {
    port: Arc<Port>,
    origin: Arc<Origin>,
    max_message: usize,
}

impl MemoryConnection {
    pub(super) fn new(port: Arc<Port>, from: Address, options: &DialOptions) -> Self {
        let peer = Peer::new(from, "memory").with_local(port.address().clone());
        Self { port, origin: Arc::new(Origin::from(Arc::new(peer))), max_message: options.max_message }
    }
}

impl Dispatch for MemoryConnection {
    fn dispatch(&self, request: Request) -> Call {
        let Head { deadline, route, .. } = &request.head;
        let limit = deadline.map(|deadline| (deadline, Waiting { what: "answer", route: route.clone() }));
        let streamed = request.body.is_stream();
        match self.port.accept(request, &self.origin, self.max_message) {
            Err(error) => Call::ready(Err(error)),
            Ok(key) => {
                let call = Call::slot(self.port.clone(), key);
                // One that is deep down has no room on the stack, whether or not it could wait for its poll.
                let own = streamed || (depth::is_deep() && Handle::try_current().is_ok());
                if own { eager::start(call, limit) } else { eager::until(call, limit) }
            }
        }
    }
}

#[async_trait]
impl Connection for MemoryConnection {
    fn state(&self) -> ConnectionState {
        self.port.state()
    }

    async fn changed(&self, seen: ConnectionState) {
        self.port.changed(seen).await;
    }
}

impl Debug for MemoryConnection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryConnection")
            .field("to", self.port.address())
            .field("from", &self.origin.peer.as_ref().map(|peer| &peer.address))
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
