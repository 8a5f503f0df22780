use std::sync::Arc;
use std::time::{Duration, Instant};

use micro_core::{
    Call, Deadline, Dispatch, Error, Feedback, Handler, NameMap, Outcome, Pick, Request, Result, Route,
    Shutdown,
};

use super::Limits;
use super::delay::Delay;
use super::gate::{Limit, Permit, Turn};
use crate::debug::{Debug, Stats, Waiting};
use crate::eager::eager;

/// The door of a service: what comes is let in, waits, or is refused, and is counted.
pub(crate) struct Admission {
    inner: Arc<dyn Dispatch>,
    /// The service's name.
    name: Box<str>,
    stats: Stats,
    /// The way of `Debug.*`.
    open: Arc<Way>,
    /// The way of all endpoints but those.
    common: Arc<Way>,
    endpoints: NameMap<Arc<Way>>,
    /// From when on nobody has a turn any more.
    closed: Shutdown,
}

/// The limits on the way to an endpoint. As the feedback of its calls it learns when they end, streams included, which
/// costs no box.
struct Way {
    stats: Stats,
    delay: Option<Arc<Delay>>,
    /// The endpoint's, then the service's: who waits for the one takes up nothing of the other.
    limits: [Option<Arc<Limit>>; 2],
    start: Instant,
}

impl Admission {
    /// The door of the service `name`, before `inner`. Those who wait there when it is `closed` are told so.
    pub(crate) fn new(
        name: &str,
        limits: &Limits,
        stats: &Stats,
        inner: Arc<dyn Dispatch>,
        closed: Shutdown,
    ) -> Self {
        let queue = (limits.max_waiting(), limits.max_wait());
        let service = limits
            .max_running
            .map(|most| Limit::new(format!("service `{name}`"), "max_running", most, queue));
        let delay = limits.max_delay().map(|most| Arc::new(Delay::new(most)));
        let way = |endpoint: Option<Arc<Limit>>| {
            let (stats, delay) = (stats.clone(), delay.clone());
            Arc::new(Way { stats, delay, limits: [endpoint, service.clone()], start: Instant::now() })
        };
        let mut endpoints = NameMap::new();
        for (endpoint, most) in &limits.endpoints {
            let limit = Limit::new(format!("endpoint `{endpoint}`"), "max_running_of", *most, queue);
            endpoints.insert(endpoint, way(Some(limit)));
        }
        let open = Way { stats: stats.clone(), delay: None, limits: [None, None], start: Instant::now() };
        Self {
            inner,
            name: name.into(),
            stats: stats.clone(),
            open: Arc::new(open),
            common: way(None),
            endpoints,
            closed,
        }
    }

    /// The limits that a request is under.
    fn way(&self, route: &Route) -> &Arc<Way> {
        let of_debug = route.endpoint().strip_prefix(Debug::NAME).is_some_and(|rest| rest.starts_with('.'));
        if !of_debug && self.endpoints.is_empty() {
            return &self.common;
        }
        // One for another service, which a fallback answers, has names of its own.
        if !route.service().is_empty() && *route.service() != *self.name {
            return &self.common;
        }
        match self.endpoints.get(route.endpoint_name()) {
            Some(way) => way,
            None if of_debug => &self.open,
            None => &self.common,
        }
    }

    /// A call, and whether its time is up.
    fn admit(&self, request: Request, is_late: bool) -> Call {
        self.stats.came();
        let way = self.way(&request.head.route);
        if let Err(error) = way.check(is_late) {
            return Call::ready(Err(self.stats.refused(error)));
        }
        if way.is_open() { way.begin(&*self.inner, request, 0) } else { self.limited(way, request) }
    }

    /// A call under limits.
    #[inline(never)] // What it waits by would take up the stack of all other calls too.
    fn limited(&self, way: &Arc<Way>, request: Request) -> Call {
        let turns = match way.enter(request.head.deadline) {
            Ok(turns) => turns,
            Err(error) => return Call::ready(Err(self.stats.refused(error))),
        };
        if !turns.iter().any(|turn| matches!(turn, Some(Turn::Later(_)))) {
            return way.run(&*self.inner, request, turns.map(|turn| turn.and_then(Turn::now)));
        }
        let (way, inner, closed) = (way.clone(), self.inner.clone(), self.closed.fired());
        let streamed = request.body.is_stream();
        let answer = async move {
            let waiting = way.stats.waits();
            let permits = tokio::select! {
                // A turn that comes with the end of others, which are ended, would be for nothing.
                biased;
                () = closed => Err(stopping()),
                permits = way.permits(turns, request.head.deadline) => permits,
            };
            match permits {
                Ok(permits) => {
                    drop(waiting);
                    way.run(&*inner, request, permits).await.map_err(Ended::Error)
                }
                Err(error) => Err(Ended::Refused(way.stats.refused(error), waiting)),
            }
        };
        if streamed { eager(answer) } else { Call::boxed(async move { answer.await.map_err(Error::from) }) }
    }
}

impl Dispatch for Admission {
    fn dispatch(&self, request: Request) -> Call {
        let is_late = request.head.deadline.is_some_and(Deadline::is_past);
        self.admit(request, is_late)
    }

    fn dispatch_at(&self, request: Request, now: Deadline) -> Call {
        let is_late = request.head.deadline.is_some_and(|deadline| deadline <= now);
        self.admit(request, is_late)
    }
}

impl Way {
    /// Whether a call is let in, as far as that does not depend on how many there are.
    fn check(&self, is_late: bool) -> Result<()> {
        if is_late {
            return Err(late());
        }
        match &self.delay {
            Some(delay) => delay.enter(),
            None => Ok(()),
        }
    }

    /// The turns of a call that comes: those at the limits until the first at which it has to wait.
    fn enter(&self, deadline: Option<Deadline>) -> Result<[Option<Turn>; 2]> {
        let mut turns = [None, None];
        let now = Instant::now();
        for (limit, turn) in self.limits.iter().zip(&mut turns) {
            let Some(limit) = limit else { continue };
            let entered = limit.enter(now, deadline)?;
            let waits = matches!(entered, Turn::Later(_));
            *turn = Some(entered);
            if waits {
                break;
            }
        }
        Ok(turns)
    }

    /// The permits of a call that has to wait.
    async fn permits(
        &self,
        turns: [Option<Turn>; 2],
        deadline: Option<Deadline>,
    ) -> Result<[Option<Permit>; 2]> {
        let mut permits = [None, None];
        for ((limit, turn), permit) in self.limits.iter().zip(turns).zip(&mut permits) {
            let turn = match (turn, limit) {
                (Some(turn), _) => turn,
                (None, Some(limit)) => limit.enter(Instant::now(), deadline)?,
                (None, None) => continue,
            };
            *permit = Some(turn.permit().await?);
        }
        Ok(permits)
    }

    /// Runs a call that has its permits. They are given back when it ends.
    fn run(self: &Arc<Self>, inner: &dyn Dispatch, request: Request, permits: [Option<Permit>; 2]) -> Call {
        let began = if self.is_open() { 0 } else { self.now() };
        permits.into_iter().flatten().for_each(Permit::hand_over);
        self.begin(inner, request, began)
    }

    /// Nanoseconds since its start.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Begins a call. From here on its pick is what ends it, whatever happens.
    fn begin(self: &Arc<Self>, inner: &dyn Dispatch, request: Request, at: u64) -> Call {
        self.stats.begins();
        let pick = Pick::new(0, self.clone(), at);
        let call = inner.dispatch(request);
        match &self.delay {
            Some(delay) if delay.is_long() => delay.measured(call).with_pick(pick),
            _ => call.with_pick(pick),
        }
    }

    fn is_open(&self) -> bool {
        self.limits.iter().all(Option::is_none)
    }
}

impl Feedback for Way {
    fn done(&self, began: u64, outcome: Outcome) {
        self.stats.ended(outcome);
        if self.is_open() {
            return;
        }
        let (began, now) = (self.start + Duration::from_nanos(began), Instant::now());
        self.limits.iter().flatten().for_each(|limit| limit.end(began, now));
    }
}

/// How a call that had to wait failed.
enum Ended {
    /// It had its turn.
    Error(Error),
    /// It had none. It waits until whoever made it has this: a service that stops tells all others only then.
    Refused(Error, Waiting),
}

impl From<Ended> for Error {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Error(error) => error,
            Ended::Refused(error, waiting) => {
                drop(waiting);
                error
            }
        }
    }
}

/// The error of a call that had no turn before the service ended.
fn stopping() -> Error {
    Error::unavailable("the service stopped before it was the call's turn")
        .with_reason("STOPPING")
        .not_reached()
}

fn late() -> Error {
    Deadline::error("the call waited for its turn").not_reached()
}

#[cfg(all(test, feature = "json"))]
mod tests {
    use micro_core::{Body, BodyStream, Head, Route};

    use super::*;

    /// Never answers.
    struct Hangs;

    impl Dispatch for Hangs {
        fn dispatch(&self, _: Request) -> Call {
            Call::boxed(std::future::pending())
        }
    }

    #[tokio::test]
    async fn who_waits_does_so_until_it_is_told() {
        let (stats, closed) = (Stats::default(), Shutdown::new());
        let limits = Limits { max_running: Some(1), ..Limits::default() };
        let door = Admission::new("door", &limits, &stats, Arc::new(Hangs), closed.clone());
        let call =
            |body| door.dispatch(Request::new(Head::new(Route::new("", "A.B"), micro_codec::JSON), body));
        let _runs = call(Body::Empty);
        let waits = call(Body::Stream(BodyStream::empty()));
        tokio::task::yield_now().await;
        assert_eq!(stats.waiting(), 1);
        closed.fire();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(stats.waiting(), 1, "it has not been told");
        let error = waits.await.unwrap_err();
        assert_eq!((error.reason(), error.reached(), stats.waiting()), ("STOPPING", false, 0));
    }
}
