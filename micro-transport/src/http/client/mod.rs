//! The side that calls: [`dial`] and the [`Connection`] it makes.
//!
//! | peer | calls |
//! |---|---|
//! | known to speak `lane/1` | all on a [group](self::group::Group) of lanes; where it refuses that, as if it did not list it |
//! | known to speak `h2` | all on a group of HTTP/2 connections, by prior knowledge |
//! | a bare address | HTTP/1.1, one call at a time on each socket of a [pool](self::http1::Pool), until it takes the lane that [is offered](self::bare) to it; till then calls with a streamed request on a group of HTTP/2 connections that is made for the first of them |
//! | known to speak other protocols only | HTTP/1.1; no streamed requests |

mod answer;
mod bare;
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
use tokio::time::{Instant, timeout_at};

use self::bare::Bare;
use self::connect::Target;
use self::group::Group;
use self::http1::Pool;
use crate::checked::YEAR;
use crate::http::{H2, HTTP1, LANE};
use crate::lane::client::Session;
use crate::{Connection, ConnectionState, DialOptions};

pub(super) async fn dial(to: &Address, options: &DialOptions) -> Result<Arc<dyn Connection>> {
    let target = Arc::new(Target::new(to, options)?);
    let protocols = &options.protocols;
    let speaks = |name: &str| protocols.iter().any(|protocol| protocol == name);
    let others = target.speaks_http();
    let end = Instant::now() + options.timeout.min(YEAR);
    let mut refused = false;
    if speaks(LANE) && (!others || options.refused.until(to).is_none()) {
        match Group::dial(target.clone()).await {
            Ok(group) => return Ok(connection(Kind::Lane(group))),
            Err(error) if others && lane::is_refusal(&error) => {
                tracing::debug!(%to, %error, "a node that lists the lane does not take it");
                refused = true;
            }
            Err(error) => return Err(error),
        }
    }
    let dialling = async {
        Ok::<_, Error>(if speaks(H2) {
            Kind::Multiplexed(Group::dial(target.clone()).await?)
        } else if protocols.is_empty() {
            Kind::Bare(Bare::dial(target.clone()).await?)
        } else {
            Kind::Plain(Pool::dial(target.clone()).await?)
        })
    };
    let kind = timeout_at(end, dialling).await.unwrap_or_else(|_| Err(target.too_slow()))?;
    if refused {
        // Where nothing else works either, it was not the lane that was refused.
        options.refused.note(to);
    }
    Ok(connection(kind))
}

fn connection(kind: Kind) -> Arc<dyn Connection> {
    Arc::new(HttpConnection { kind, sequence: AtomicU64::new(0) })
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
    /// What turns out. Sockets and connections come and go.
    Bare(Arc<Bare>),
    /// HTTP/1.1. Sockets come and go.
    Plain(Arc<Pool>),
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
            Kind::Bare(bare) => bare.target(),
            Kind::Plain(pool) => pool.target(),
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
            (Kind::Bare(bare), body) => return bare::call(bare, Request::new(head, body), number),
            (Kind::Multiplexed(group), Body::Stream(body)) => {
                http2::streamed(group.clone(), &head, number, body)
            }
            (Kind::Multiplexed(group), body) => http2::unary(group.clone(), &head, number, body),
            (Kind::Plain(pool), Body::Stream(_)) => Call::ready(Err(no_streams(pool.target()))),
            (Kind::Plain(pool), body) => http1::unary(pool.clone(), &head, number, body),
        };
        call.until(deadline, Waiting(self.target().clone()))
    }
}

/// The error of a streamed call to a node that is known to have neither HTTP/2 nor the lane.
fn no_streams(target: &Target) -> Error {
    Error::unimplemented(format!(
        "a streamed request needs HTTP/2 or the lane, and {} has neither: it is no service of micro, or they are switched \
         off there (see `protocols`)",
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
            Kind::Bare(_) | Kind::Plain(_) => ConnectionState::Ready,
        }
    }

    fn is_busy(&self) -> bool {
        match &self.kind {
            Kind::Lane(group) => group.is_busy(),
            Kind::Multiplexed(group) => group.is_busy(),
            Kind::Bare(bare) => bare.is_busy(),
            Kind::Plain(pool) => pool.is_busy(),
        }
    }

    fn try_dispatch(&self, request: Request) -> std::result::Result<Call, Box<Request>> {
        let is_free = match &self.kind {
            // In place: a function that takes the request would copy it first.
            Kind::Lane(group) => {
                return match group.at_once() {
                    Some(place) => Ok(place.dispatch(&request.head, request.body)),
                    None => Err(Box::new(request)),
                };
            }
            // One that has room is ready.
            Kind::Multiplexed(group) => !group.is_busy(),
            Kind::Bare(bare) => !bare.is_busy(),
            Kind::Plain(pool) => !pool.is_busy(),
        };
        if is_free { Ok(self.dispatch(request)) } else { Err(Box::new(request)) }
    }

    async fn changed(&self, seen: ConnectionState) {
        match &self.kind {
            Kind::Lane(group) => group.changed(seen).await,
            Kind::Multiplexed(group) => group.changed(seen).await,
            // It is ready for as long as it is there.
            Kind::Bare(_) | Kind::Plain(_) if seen == ConnectionState::Ready => std::future::pending().await,
            Kind::Bare(_) | Kind::Plain(_) => {}
        }
    }
}

impl Drop for HttpConnection {
    fn drop(&mut self) {
        match &self.kind {
            Kind::Bare(bare) => bare.close(),
            Kind::Plain(pool) => pool.close(),
            Kind::Lane(_) | Kind::Multiplexed(_) => {}
        }
    }
}

impl Debug for HttpConnection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let protocol = match &self.kind {
            Kind::Lane(_) => LANE,
            Kind::Multiplexed(_) => H2,
            Kind::Bare(bare) if bare.has_lane() => LANE,
            Kind::Bare(_) | Kind::Plain(_) => HTTP1,
        };
        f.debug_struct("HttpConnection")
            .field("address", self.target().address())
            .field("protocol", &protocol)
            .field("state", &self.state())
            .finish()
    }
}
