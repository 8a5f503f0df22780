//! Driving a connection while its time is watched.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper::rt::bounds::Http2ServerConnExec;
use hyper::server::conn::{http1, http2};
use hyper::service::HttpService;
use tokio::time::{Instant, sleep_until};

use super::activity::{Activity, Late, Limit};
use super::taken::Streams;
use crate::ListenOptions;

/// A connection of hyper, in either protocol.
pub(super) trait Driven {
    /// Goes on; ready at the end.
    fn poll_driven(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>>;

    /// Tells the peer to send no more requests, and ends when those that are there are answered.
    fn end_gracefully(&mut self);
}

/// How a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself.
    Done(hyper::Result<()>),
    /// Something took too long.
    Late(Late),
}

/// Drives a connection to its end: until it is closed, is told to stop and everything is answered, or is late. What
/// still runs when the stop has gone on for too long is cancelled, and answered so.
pub(super) async fn drive(
    connection: &mut impl Driven,
    activity: &Activity,
    options: &ListenOptions,
    stop: impl Future<Output = ()>,
) -> Ended {
    let mut stop = pin!(stop);
    let mut cancel = pin!(options.cancel.fired());
    let (mut stopping, mut cancelled) = (None, false);
    let mut timer = pin!(sleep_until(Instant::now() + options.idle_timeout.min(options.header_timeout)));
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(result) = connection.poll_driven(cx) {
                return Poll::Ready(Ended::Done(result));
            }
            if stopping.is_none() && stop.as_mut().poll(cx).is_ready() {
                stopping = Some(Instant::now());
                connection.end_gracefully();
                continue;
            }
            if stopping.is_some() && !cancelled && cancel.as_mut().poll(cx).is_ready() {
                cancelled = true;
                activity.cancel();
                continue;
            }
            activity.watch(cx.waker());
            let Some(Limit { at, late }) = activity.limit(options, stopping) else { return Poll::Pending };
            if at > Instant::now() {
                // A timer that fires early is looked at again: moving it for each request would cost more.
                if at < timer.deadline() || timer.is_elapsed() {
                    timer.as_mut().reset(at);
                }
                if timer.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            } else if late == Late::Idle {
                stopping = Some(Instant::now());
                connection.end_gracefully();
            } else {
                return Poll::Ready(Ended::Late(late));
            }
        }
    })
    .await
}

// === impl Driven ===

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl<I, S, B> Driven for http1::Connection<I, S>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<Cause>,
    B: http_body::Body + 'static,
    B::Error: Into<Cause>,
    Self: Unpin,
{
    fn poll_driven(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        Pin::new(self).poll(cx)
    }

    fn end_gracefully(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}

impl<I, S, B, F> Driven for http2::Connection<I, S, Streams>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: HttpService<Incoming, ResBody = B, Future = F>,
    S::Error: Into<Cause>,
    B: http_body::Body + 'static,
    B::Error: Into<Cause>,
    Streams: Http2ServerConnExec<F, B>,
    Self: Unpin,
{
    fn poll_driven(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        Pin::new(self).poll(cx)
    }

    fn end_gracefully(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}
