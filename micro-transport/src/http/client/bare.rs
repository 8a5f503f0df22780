//! Calls to an address of which nothing is known: there may be a service of ours, one of Go Micro, or a proxy.
//!
//! A call without a stream of requests goes out over HTTP/1.1 and offers the lane with it. Where that is taken, it is
//! answered there, and all others go the same way while the lane lives; where it is not, that is remembered. What is called
//! meanwhile does not wait for it: a peer that knows nothing of the lane says so with its answer, which may take long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use micro_core::{Body, Call, Code, Error, Head, Request, Response, Result};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::connect::Target;
use super::group::Group;
use super::http1::{self, Offered, Pool};
use super::{Waiting, http2, lane};
use crate::ConnectionState;
use crate::lane::client::{First, Session};

/// How long an address is not asked again whose answer said nothing of the lane. Where it is the question that is answered
/// so, most calls do not ask.
const UNSURE: Duration = Duration::from_secs(1);

/// What there is to such an address.
pub(super) struct Bare {
    pool: Arc<Pool>,
    lanes: Arc<Group<Session>>,
    /// For calls with a streamed request, while no lane is known.
    streams: Arc<Group<http2::Session>>,
    asked: Mutex<Asked>,
}

/// Whether the peer was asked for the lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    /// The next call asks.
    No,
    /// One does.
    Now,
    /// It is not asked again before this: it does not take the lane, or did not say.
    Refused(Instant),
}

impl Bare {
    /// The link to an address, with its first socket.
    ///
    /// # Errors
    /// Those of [`Target::connect`].
    pub(super) async fn dial(target: Arc<Target>) -> Result<Arc<Self>> {
        let asked = target.options().refused.until(target.address()).map_or(Asked::No, Asked::Refused);
        Ok(Arc::new(Self {
            lanes: Group::of_others(target.clone()),
            streams: Group::new(target.clone()),
            pool: Pool::dial(target).await?,
            asked: Mutex::new(asked),
        }))
    }

    pub(super) fn target(&self) -> &Arc<Target> {
        self.pool.target()
    }

    /// Whether a call would have to wait before it goes out.
    pub(super) fn is_busy(&self) -> bool {
        if self.has_lane() { self.lanes.is_busy() } else { self.pool.is_busy() }
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }

    /// Whether there is a lane that takes calls.
    pub(super) fn has_lane(&self) -> bool {
        self.lanes.state() == ConnectionState::Ready
    }

    /// Begins to ask for the lane, unless that is done or was refused.
    fn ask(self: &Arc<Self>) -> Option<Asking> {
        let mut asked = self.asked();
        match *asked {
            Asked::Now => return None,
            Asked::Refused(until) if Instant::now() < until => return None,
            Asked::No | Asked::Refused(_) => {}
        }
        *asked = Asked::Now;
        Some(Asking(self.clone()))
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        // Nothing that runs under the lock leaves it half done.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to ask for the lane. When it is dropped without a word the next call may ask.
struct Asking(Arc<Bare>);

impl Asking {
    /// What the peer answered says that it does not take the lane, or, where it is not `sure`, nothing of that.
    fn not_taken(&self, sure: bool) {
        let target = self.0.target();
        let until =
            if sure { target.options().refused.note(target.address()) } else { Instant::now() + UNSURE };
        *self.0.asked() = Asked::Refused(until);
    }

    /// Begins the lane on a connection whose peer has accepted it, and got the first call with that. Where it does not
    /// begin, that was no offer that can be taken.
    async fn begin(self, stream: TcpStream, came: BytesMut, first: First) -> Result<Call> {
        let lanes = &self.0.lanes;
        match lane::begin(lanes, stream, came, first).await {
            Ok(session) => {
                let answer = session.first();
                lanes.adopt(session);
                Ok(answer)
            }
            Err(error) => {
                self.not_taken(true);
                Err(error)
            }
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let mut asked = self.0.asked();
        if *asked == Asked::Now {
            *asked = Asked::No;
        }
    }
}

/// Makes a call.
pub(super) fn call(bare: &Arc<Bare>, request: Request, number: u64) -> Call {
    let Request { head, body } = request;
    if let Some(place) = bare.lanes.at_once() {
        return place.dispatch(&head, body);
    }
    let (deadline, waiting) = (head.deadline, Waiting(bare.target().clone()));
    let call = match body {
        // It keeps its own time.
        Body::Stream(_) if bare.has_lane() => return lane::call(&bare.lanes, Request::new(head, body)),
        Body::Stream(body) => http2::streamed(bare.streams.clone(), &head, number, body),
        body if bare.has_lane() => Call::boxed(over_lane(bare.clone(), head, body, number)),
        body => match bare.ask() {
            Some(asking) => Call::boxed(offered(asking, head, body, number)),
            None => http1::unary(bare.pool.clone(), &head, number, body),
        },
    };
    call.until(deadline, waiting)
}

/// A call that waits for its place on the lane, or for the end of that.
async fn over_lane(bare: Arc<Bare>, head: Head, body: Body, number: u64) -> Result<Response> {
    match bare.lanes.slot(head.deadline).await {
        Ok(place) => place.dispatch(&head, body).await,
        // Its last connection has ended: it is asked for anew.
        Err(error) if error.code() == Code::Unavailable => match bare.ask() {
            Some(asking) => offered(asking, head, body, number).await,
            None => http1::unary(bare.pool.clone(), &head, number, body).await,
        },
        Err(error) => Err(error),
    }
}

/// A call that offers the lane.
async fn offered(asking: Asking, head: Head, body: Body, number: u64) -> Result<Response> {
    let bare = asking.0.clone();
    if bare.has_lane() {
        // Another call was faster.
        drop(asking);
        let place = bare.lanes.slot(head.deadline).await?;
        return place.dispatch(&head, body).await;
    }
    match http1::offer(&bare.pool, &head, number, body, |sure| asking.not_taken(sure)).await? {
        Offered::Answered(result) => result,
        Offered::Taken(stream, came) => {
            // Whether a lane begins is seen to its end, however little time this call has: it is there for others too.
            let begun = tokio::spawn(asking.begin(stream, came, First { deadline: head.deadline }));
            begun.await.unwrap_or_else(|_| Err(Error::cancelled("the runtime is shutting down")))?.await
        }
    }
}
