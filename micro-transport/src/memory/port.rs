use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use micro_core::{
    Address, Body, BodyStream, Dispatch, Error, Frame, Head, Origin, Request, Response, Result, Route, Slots,
};
use tokio::sync::{Notify, watch};

use super::answer::Answer;
use super::calls::{Calls, Work};
use super::depth::Inside;
use super::limit::{self, Limited};
use crate::transport::stopped;
use crate::{ConnectionState, ListenOptions};

/// When a caller is to come back that found the listener full: so many calls do not end at once.
const BUSY: Duration = Duration::from_secs(1);

/// An address that is listened at, and the calls that came in there.
pub(super) struct Port {
    address: Address,
    options: ListenOptions,
    calls: Mutex<Calls>,
    state: watch::Sender<ConnectionState>,
    answered: Notify,
    /// For the streamed answers, which poll their slots.
    this: Weak<Self>,
}

// === impl Port: its life ===

impl Port {
    pub(super) fn new(address: Address, options: ListenOptions) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            address,
            options,
            calls: Mutex::new(Calls::new()),
            state: watch::Sender::new(ConnectionState::Ready),
            answered: Notify::new(),
            this: this.clone(),
        })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn state(&self) -> ConnectionState {
        *self.state.borrow()
    }

    pub(super) async fn changed(&self, seen: ConnectionState) {
        // The sender is in `self`, so that it cannot be gone.
        let _ = self.state.subscribe().wait_for(|state| *state != seen).await;
    }

    /// Gives the calls that came in, and those that will, to `app`.
    pub(super) fn open(&self, app: Arc<dyn Dispatch>) {
        let mut calls = self.lock();
        calls.app = Some(app);
        let waiting = calls.wakers();
        drop(calls);
        waiting.into_iter().for_each(std::task::Waker::wake);
    }

    /// Takes no more calls.
    pub(super) fn drain(&self) {
        self.lock().state = ConnectionState::Draining;
        self.state.send_replace(ConnectionState::Draining);
    }

    /// Waits until no call is left.
    pub(super) async fn answered(&self) {
        while self.lock().len() > 0 {
            self.answered.notified().await;
        }
    }

    /// Waits until what still runs is to end.
    pub(super) fn cancelled(&self) -> impl Future<Output = ()> + Send + 'static {
        self.options.cancel.fired()
    }

    /// Ends all calls, whose callers are told that the service stopped.
    pub(super) fn cancel_all(&self) {
        self.lock().cancelled = true;
        self.close();
    }

    /// Ends all calls at once.
    pub(super) fn close(&self) {
        let mut calls = self.lock();
        calls.state = ConnectionState::Closed;
        let app = calls.app.take();
        let ended = calls.end();
        drop(calls);
        drop(app);
        for (work, waker) in ended {
            // The handler ends before its caller learns of it.
            drop(work);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        self.state.send_replace(ConnectionState::Closed);
    }

    /// Nothing that runs under the lock can panic half way.
    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, what: &str) -> Error {
        Error::unavailable(format!("the listener at `{}` {what}", self.address))
            .with_id("micro.transport.memory")
    }

    /// What ended calls that were under way.
    fn ended(&self, calls: &Calls) -> Error {
        if calls.cancelled {
            stopped().with_id(self.options.service.clone())
        } else {
            self.error("has gone away")
        }
    }
}

// === impl Port: its calls ===

impl Port {
    /// Takes a call in; the key is its slot.
    pub(super) fn accept(&self, request: Request, origin: &Arc<Origin>, max_answer: usize) -> Result<u32> {
        let request = self.received(request, origin)?;
        let mut calls = self.lock();
        match calls.state {
            ConnectionState::Ready => {}
            ConnectionState::Draining => return Err(self.error("is shutting down").not_reached()),
            ConnectionState::Closed => return Err(self.error("has gone away").not_reached()),
        }
        let key = if calls.len() < self.options.max_calls { calls.insert(request, max_answer) } else { None };
        key.ok_or_else(|| {
            let most = self.options.max_calls;
            Error::resource_exhausted(format!("{most} calls are running already: see `max_calls`"))
                .with_reason("TOO_MANY_CALLS")
                .with_retry_after(BUSY)
                .not_reached()
        })
    }

    /// The request as its receiver sees it: what does not travel is gone.
    fn received(&self, request: Request, origin: &Arc<Origin>) -> Result<Request> {
        let Request { head: sent, body } = request;
        let content_type = sent.format.content_type();
        let Some(format) = self.options.formats.find(content_type) else {
            return Err(Error::unsupported_format(content_type, self.options.formats.content_types()));
        };
        let route = if sent.route.service().is_empty() {
            Route::new(&self.options.service, sent.route.endpoint())
        } else {
            sent.route
        };
        let mut head = Head::new(route, format);
        head.metadata = sent.metadata;
        head.deadline = sent.deadline;
        head.origin = Some(origin.clone());
        let most = self.options.max_message;
        let body = match body {
            Body::One(bytes) => Body::One(limit::message(bytes, most)?),
            Body::Stream(stream) => Body::Stream(BodyStream::new(Limited::new(stream, most))),
            Body::Empty => Body::Empty,
        };
        Ok(Request::new(head, body))
    }

    /// The next frame of a streamed answer. The slot is free after anything but a message.
    pub(super) fn poll_answer(&self, key: u32, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        let _inside = Inside::enter();
        let mut polled = match ready!(self.begin(key, cx)) {
            Ok(polled) => polled,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        let Work::Answering(stream) = &mut polled.work else {
            polled.end();
            return Poll::Ready(None);
        };
        let Poll::Ready(frame) = stream.poll_frame(cx) else {
            return polled.pending(cx).map(|error| Some(Err(error)));
        };
        let frame = frame.map(|frame| limit::frame(frame, polled.max_answer));
        match frame {
            Some(Ok(Frame::Data(_))) => polled.keep(),
            _ => polled.end(),
        }
        Poll::Ready(frame)
    }

    /// The answer as the caller sees it. One that is a stream keeps the slot.
    fn answer(&self, mut polled: Polled<'_>, key: u32, mut response: Response) -> Result<Response> {
        let most = polled.max_answer;
        response.body = match (std::mem::take(&mut response.body), self.this.upgrade()) {
            (Body::Stream(stream), Some(port)) => {
                polled.work = Work::Answering(stream);
                polled.keep();
                Body::Stream(BodyStream::new(Answer::new(port, key)))
            }
            (body, _) => {
                polled.end();
                match body {
                    Body::One(bytes) => Body::One(limit::message(bytes, most).map_err(Error::maybe_reached)?),
                    body => body,
                }
            }
        };
        Ok(response)
    }

    /// Takes a call out of its slot in order to poll it: nothing is locked while a handler runs.
    fn begin(&self, key: u32, cx: &mut Context<'_>) -> Poll<Result<Polled<'_>>> {
        let mut calls = self.lock();
        let slot = calls.slot(key);
        let max_answer = slot.max_answer;
        let work = match std::mem::replace(&mut slot.work, Work::Polled) {
            Work::Ended { reached } => {
                let error = self.ended(&calls);
                let _ = calls.remove(key);
                drop(calls);
                self.freed();
                return Poll::Ready(Err(if reached { error } else { error.not_reached() }));
            }
            Work::Waiting(request) => match calls.app.clone() {
                Some(app) => {
                    drop(calls);
                    // The guard is there already in case this panics.
                    let mut polled = Polled { port: self, key, work: Work::Free, max_answer };
                    polled.work = Work::Running(app.dispatch(request));
                    return Poll::Ready(Ok(polled));
                }
                None => {
                    let slot = calls.slot(key);
                    slot.work = Work::Waiting(request);
                    slot.waker = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            },
            work => work,
        };
        drop(calls);
        Poll::Ready(Ok(Polled { port: self, key, work, max_answer }))
    }

    /// A slot became free.
    fn freed(&self) {
        self.answered.notify_one();
    }
}

impl Slots for Port {
    fn poll_slot(&self, key: u32, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        let _inside = Inside::enter();
        let mut polled = ready!(self.begin(key, cx))?;
        let Work::Running(call) = &mut polled.work else { return Poll::Pending };
        let Poll::Ready(result) = Pin::new(call).poll(cx) else {
            return polled.pending(cx).map(Err);
        };
        Poll::Ready(match result.map_err(Error::without_source) {
            Ok(response) => self.answer(polled, key, response),
            Err(error) => {
                polled.end();
                Err(error)
            }
        })
    }

    fn cancel(&self, key: u32) {
        let work = std::mem::replace(&mut self.lock().slot(key).work, Work::Polled);
        // As in `Polled::end`, the handler ends before its slot is free.
        drop(work);
        let _ = self.lock().remove(key);
        self.freed();
    }
}

/// A call in the hands of the task that polls it, until it is put back or ends. Dropped without either, by a panic of
/// the service, it leaves a slot that is free when the call is dropped.
struct Polled<'a> {
    port: &'a Port,
    key: u32,
    work: Work,
    max_answer: usize,
}

impl Polled<'_> {
    /// Puts the call back until its task is woken; ready with an error when the listener has gone meanwhile.
    fn pending(mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let mut calls = self.port.lock();
        let slot = calls.slot(self.key);
        if matches!(slot.work, Work::Ended { .. }) {
            let error = self.port.ended(&calls);
            drop(calls);
            self.end();
            return Poll::Ready(error);
        }
        slot.work = std::mem::replace(&mut self.work, Work::Polled);
        match &mut slot.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Puts the call back, for its next frame.
    fn keep(mut self) {
        let mut calls = self.port.lock();
        let slot = calls.slot(self.key);
        // What ended meanwhile stays so; the next poll says it.
        if matches!(slot.work, Work::Polled) {
            slot.work = std::mem::replace(&mut self.work, Work::Polled);
        }
    }

    /// Frees the slot. The handler ends before that: until then a listener that is shutting down waits for it.
    fn end(mut self) {
        drop(std::mem::replace(&mut self.work, Work::Polled));
        let _ = self.port.lock().remove(self.key);
        self.port.freed();
    }
}

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        if matches!(self.work, Work::Polled) {
            return;
        }
        drop(std::mem::replace(&mut self.work, Work::Polled));
        self.port.lock().slot(self.key).work = Work::Ended { reached: true };
    }
}
