//! Calls over the lane: many on each of a few connections.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use micro_core::{Call, Deadline, Error, Request, Result};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::connect::Target;
use super::error;
use super::group::{Group, Member};
use crate::DialOptions;
use crate::checked::YEAR;
use crate::lane::client::{self, First, NO_LANE, Place, Session, Setup};
use crate::lane::limits::Limits;
use crate::news::News;
use crate::standing::Standing;

impl Member for Session {
    type Slot = Place;

    async fn connect(target: Arc<Target>, news: Arc<News>, deadline: Option<Deadline>) -> Result<Arc<Self>> {
        let options = target.options();
        let end = Instant::now() + options.timeout.min(YEAR);
        let (mut reader, mut writer) = target.connect(deadline).await?.into_split();
        let own = Limits::of_client(options);
        let mut came = BytesMut::with_capacity(1024);
        let hello = client::hello(target.address(), &own, &mut reader, &mut writer, &mut came);
        // Who takes a connection may be its kernel, and nobody else. Where something else is spoken as well, that gets half
        // of the time.
        let now = Instant::now();
        let left = end.saturating_duration_since(now);
        let patience = if target.speaks_http() { left / 2 } else { left };
        let end = now + patience;
        let sooner = deadline.map(|deadline| Instant::from_std(deadline.instant())).filter(|at| *at < end);
        let peer = match timeout_at(sooner.unwrap_or(end), hello).await {
            Ok(peer) => peer?,
            Err(_) if sooner.is_some() => {
                return Err(Deadline::error(&format!("connecting to {}", target.address())).not_reached());
            }
            Err(_) => return Err(client::silent(target.address(), patience)),
        };
        let setup = setup(&target, own, peer, news, None);
        Ok(client::start(setup, Box::new(reader), Box::new(writer), came))
    }

    fn standing(&self) -> &Standing {
        self.standing()
    }

    fn is_well(&self) -> bool {
        self.is_well()
    }

    fn take(self: &Arc<Self>) -> Place {
        self.place()
    }

    fn is_open(place: &mut Place) -> bool {
        place.is_open()
    }
}

fn setup(target: &Target, own: Limits, peer: Limits, news: Arc<News>, first: Option<First>) -> Setup {
    let DialOptions { keep_alive, keep_alive_timeout, .. } = *target.options();
    Setup { address: target.address().clone(), own, peer, keep_alive, keep_alive_timeout, news, first }
}

/// A lane on a connection whose peer has accepted it, and has the first call; `came` is what was read behind that.
///
/// # Errors
/// [`Code::Unavailable`](micro_core::Code::Unavailable) when it does not begin; the call may have been seen.
pub(super) async fn begin(
    group: &Group<Session>,
    stream: TcpStream,
    mut came: BytesMut,
    first: First,
) -> Result<Arc<Session>> {
    let target = group.target();
    let own = Limits::of_client(target.options());
    let (mut reader, mut writer) = stream.into_split();
    let hello = client::hello(target.address(), &own, &mut reader, &mut writer, &mut came);
    let peer = match timeout(target.options().timeout, hello).await {
        Ok(Ok(peer)) => peer,
        Ok(Err(error)) => {
            let cause = error.source().map_or_else(|| error.detail().to_owned(), ToString::to_string);
            return Err(error::broken(target.address(), cause));
        }
        Err(_) => return Err(error::broken(target.address(), "no lane began behind a 101")),
    };
    let setup = setup(target, own, peer, group.news(), Some(first));
    Ok(client::start(setup, Box::new(reader), Box::new(writer), came))
}

/// Whether the error of a dial says that the peer does not take the lane, and may take something else.
pub(super) fn is_refusal(error: &Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let cause = error.source().and_then(<dyn StdError>::downcast_ref::<io::Error>);
    error.reason() == NO_LANE
        || cause.is_some_and(|cause| {
            matches!(cause.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        })
}

/// Makes a call: at once if there is a place for it, and when there is one otherwise.
pub(super) fn call(group: &Arc<Group<Session>>, request: Request) -> Call {
    let Request { head, body } = request;
    if let Some(place) = group.at_once() {
        return place.dispatch(&head, body);
    }
    let streamed = body.is_stream();
    let group = group.clone();
    let answer = async move {
        let place = group.slot(head.deadline).await?;
        drop(group);
        place.dispatch(&head, body).await
    };
    if !streamed {
        return Call::boxed(answer);
    }
    let Ok(runtime) = Handle::try_current() else {
        let detail = "a streamed call has to be made inside of a Tokio runtime";
        return Call::ready(Err(Error::failed_precondition(detail).not_reached()));
    };
    // It goes on whether or not it is polled.
    let task = AbortOnDropHandle::new(runtime.spawn(answer));
    Call::boxed(async move {
        task.await
            .unwrap_or_else(|_| Err(Error::cancelled("the runtime that makes the call is shutting down")))
    })
}
