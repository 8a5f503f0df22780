//! Calls over the lane: many on each of a few connections.

use std::sync::Arc;

use bytes::BytesMut;
use micro_core::{Call, Deadline, Error, Request, Result};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::connect::Target;
use super::group::{Group, Member};
use crate::checked::YEAR;
use crate::lane::client::{self, Place, Session, Setup};
use crate::lane::limits::Limits;
use crate::news::News;
use crate::owned::Owned;
use crate::standing::Standing;

impl Member for Session {
    type Slot = Place;

    async fn connect(target: Arc<Target>, news: Arc<News>, deadline: Option<Deadline>) -> Result<Arc<Self>> {
        let options = target.options();
        let end = Instant::now() + options.timeout.min(YEAR);
        let (mut reader, mut writer) = target.connect(deadline).await?.into_split();
        let own = Limits::of_client(options);
        let mut first = BytesMut::with_capacity(1024);
        let hello = client::hello(target.address(), &own, &mut reader, &mut writer, &mut first);
        // Who takes a connection may be its kernel, and nobody else.
        let sooner = deadline.map(|deadline| Instant::from_std(deadline.instant())).filter(|at| *at < end);
        let peer = match timeout_at(sooner.unwrap_or(end), hello).await {
            Ok(peer) => peer?,
            Err(_) if sooner.is_some() => {
                return Err(Deadline::error(&format!("connecting to {}", target.address())).not_reached());
            }
            Err(_) => return Err(target.too_slow()),
        };
        let setup = Setup {
            address: target.address().clone(),
            own,
            peer,
            keep_alive: options.keep_alive,
            keep_alive_timeout: options.keep_alive_timeout,
            news,
        };
        Ok(client::start(setup, Box::new(reader), Box::new(writer), first))
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

/// Makes a call: at once where there is a place for it, as there nearly always is.
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
    let task = Owned(runtime.spawn(answer));
    Call::boxed(async move {
        task.await
            .unwrap_or_else(|_| Err(Error::cancelled("the runtime that makes the call is shutting down")))
    })
}
