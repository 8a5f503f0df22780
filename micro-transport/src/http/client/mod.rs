//! The side that calls: [`dial`] and the [`Connection`] it makes.
//!
//! | peer | calls |
//! |---|---|
//! | known to speak `lane/1` | all on a [group](self::group::Group) of lanes |
//! | known to speak `h2` | all on a [group](self::group::Group) of HTTP/2 connections, by prior knowledge |
//! | a bare address | HTTP/1.1, one call at a time on each socket of a [pool](self::http1::Pool); calls with a streamed request on a group that is made for the first of them |
//! | known to speak other protocols only | HTTP/1.1; no streamed requests |

mod answer;
mod connect;
mod error;
mod group;
mod http1;
mod http2;
mod lane;
mod queue;
mod request;
mod stream;

use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use micro_core::{Address, Body, Call, Dispatch, Error, Request, Result};

use self::connect::Target;
use self::group::Group;
use self::http1::Pool;
use crate::http::{H2, HTTP1, LANE};
use crate::lane::client::Session;
use crate::{Connection, ConnectionState, DialOptions};

pub(super) async fn dial(to: &Address, options: &DialOptions) -> Result<Arc<dyn Connection>> {
    let target = Arc::new(Target::new(to, options)?);
    let protocols = &options.protocols;
    let speaks = |name: &str| protocols.iter().any(|protocol| protocol == name);
    let kind = if speaks(LANE) {
        Kind::Lane(Group::dial(target).await?)
    } else if speaks(H2) {
        Kind::Multiplexed(Group::dial(target).await?)
    } else {
        let streams = protocols.is_empty().then(|| Group::new(target.clone()));
        Kind::Plain { pool: Pool::dial(target).await?, streams }
    };
    Ok(Arc::new(HttpConnection { kind, sequence: AtomicU64::new(0) }))
}

/// The link to an address, over HTTP.
struct HttpConnection {
    kind: Kind,
    /// The number of the next call, which go-micro wants to have.
    sequence: AtomicU64,
}

enum Kind {
    /// Everything over the lane. When the last of its connections is gone, so is this.
    Lane(Arc<Group<Session>>),
    /// Everything over HTTP/2. When the last of its connections is gone, so is this.
    Multiplexed(Arc<Group<http2::Session>>),
    /// HTTP/1.1. Sockets come and go.
    Plain {
        pool: Arc<Pool>,
        /// For calls with a streamed request, where the peer may speak HTTP/2.
        streams: Option<Arc<Group<http2::Session>>>,
    },
}

/// What a call does whose time is up.
#[derive(Clone)]
struct Waiting(Arc<Target>);

impl Display for Waiting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "waiting for the answer of {}", self.0.address())
    }
}

impl HttpConnection {
    fn target(&self) -> &Arc<Target> {
        match &self.kind {
            Kind::Lane(group) => group.target(),
            Kind::Multiplexed(group) => group.target(),
            Kind::Plain { pool, .. } => pool.target(),
        }
    }
}

impl Dispatch for HttpConnection {
    fn dispatch(&self, request: Request) -> Call {
        let number = self.sequence.fetch_add(1, Ordering::Relaxed);
        let deadline = request.head.deadline;
        let Request { head, body } = request;
        let call = match (&self.kind, body) {
            // It keeps its own time.
            (Kind::Lane(group), body) => return lane::call(group, Request::new(head, body)),
            (Kind::Multiplexed(group), Body::Stream(body)) => {
                http2::streamed(group.clone(), &head, number, body)
            }
            (Kind::Multiplexed(group), body) => http2::unary(group.clone(), &head, number, body),
            (Kind::Plain { streams: Some(group), .. }, Body::Stream(body)) => {
                http2::streamed(group.clone(), &head, number, body)
            }
            (Kind::Plain { pool, .. }, Body::Stream(_)) => Call::ready(Err(no_streams(pool.target()))),
            (Kind::Plain { pool, .. }, body) => http1::unary(pool.clone(), &head, number, body),
        };
        call.until(deadline, Waiting(self.target().clone()))
    }
}

/// The error of a streamed call to a node that is known to have no HTTP/2.
fn no_streams(target: &Target) -> Error {
    Error::unimplemented(format!(
        "a streamed request needs HTTP/2, which {} does not list in its metadata `micro`: call a service of micro, or \
         use gRPC",
        target.address()
    ))
    .not_reached()
}

#[async_trait]
impl Connection for HttpConnection {
    fn state(&self) -> ConnectionState {
        match &self.kind {
            Kind::Lane(group) => group.state(),
            Kind::Multiplexed(group) => group.state(),
            Kind::Plain { .. } => ConnectionState::Ready,
        }
    }

    fn is_busy(&self) -> bool {
        match &self.kind {
            Kind::Lane(group) => group.is_busy(),
            Kind::Multiplexed(group) => group.is_busy(),
            Kind::Plain { pool, .. } => pool.is_busy(),
        }
    }

    fn is_free(&self) -> bool {
        match &self.kind {
            // One that has room is ready.
            Kind::Lane(group) => !group.is_busy(),
            Kind::Multiplexed(group) => !group.is_busy(),
            Kind::Plain { pool, .. } => !pool.is_busy(),
        }
    }

    async fn changed(&self, seen: ConnectionState) {
        match &self.kind {
            Kind::Lane(group) => group.changed(seen).await,
            Kind::Multiplexed(group) => group.changed(seen).await,
            // It is ready for as long as it is there.
            Kind::Plain { .. } if seen == ConnectionState::Ready => std::future::pending().await,
            Kind::Plain { .. } => {}
        }
    }
}

impl Drop for HttpConnection {
    fn drop(&mut self) {
        if let Kind::Plain { pool, .. } = &self.kind {
            pool.close();
        }
    }
}

impl Debug for HttpConnection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let protocol = match &self.kind {
            Kind::Lane(_) => LANE,
            Kind::Multiplexed(_) => H2,
            Kind::Plain { .. } => HTTP1,
        };
        f.debug_struct("HttpConnection")
            .field("address", self.target().address())
            .field("protocol", &protocol)
            .field("state", &self.state())
            .finish()
    }
}
