//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use micro_core::Peer;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use super::activity::{AGREE, Activity, Late};
use super::answer::Answer;
use super::call::{BUSY, Inbound, respond};
use super::linger::linger;
use super::listener::Shared;
use super::refuse::{Refused, refuse};
use super::sniff::{ENOUGH, Speaks, sniff};
use super::stream::{Socket, Stream};
use super::taken::Streams;
use super::tasks::Tasks;
use super::watch::{Ended, drive};
use crate::lane::frame::GoAway;
use crate::lane::server as lane;

/// What a stream of HTTP/2 may send ahead of its reader, in bytes.
const STREAM_WINDOW: u32 = 256 * 1024;
/// What all streams of a connection may at the most: as many as a peer has by accident do not hold up the others, and one
/// that means harm finds no more than this.
const CONNECTION_WINDOW: u32 = 32 * 1024 * 1024;
/// The fewest calls that may be cancelled by their caller before they were looked at: a defence against a flood of them
/// (CVE-2023-44487) that a client which gives up on all its calls at once does not run into.
const CANCELLED_EARLY: usize = 1_000;

/// Serves a connection until it is closed, or the server stops and everything that came is answered. What `peer` says of
/// its protocol is set here.
pub(super) async fn serve(shared: Arc<Shared>, mut socket: impl Socket, peer: Peer) {
    let Some((speaks, first)) = first_bytes(&shared, &mut socket).await else { return };
    let on = shared.options.protocols;
    match speaks {
        Speaks::Tls => refuse(socket, Refused::Tls).await,
        Speaks::Http1 if !on.http1 => refuse(socket, Refused::http1_off()).await,
        Speaks::Http2 if !on.http2 => refuse(socket, Refused::Http2Off).await,
        Speaks::Lane if !on.lane => lane::turn_away(socket, &GoAway::off()).await,
        Speaks::Lane => Box::pin(lane::serve(shared, socket, peer, first, None)).await,
        // Boxed, so that a connection that says nothing takes no room for what it might say.
        Speaks::Http1 => Box::pin(serve_http1(shared, socket, peer, first)).await,
        Speaks::Http2 => Box::pin(serve_http2(shared, socket, peer, first)).await,
    }
}

/// Tells the peer of a connection that there are too many, as far as that can be told at once.
pub(super) async fn turn_away(shared: Arc<Shared>, mut socket: impl Socket) {
    /// How long the peer has to say what it speaks.
    const TIME: Duration = Duration::from_secs(1);
    let first = tokio::time::timeout(TIME, first_bytes(&shared, &mut socket)).await;
    match first.ok().flatten() {
        Some((Speaks::Http1, _)) => refuse(socket, Refused::full(&shared.options)).await,
        Some((Speaks::Http2, _)) => refuse(socket, Refused::Http2Full).await,
        Some((Speaks::Lane, _)) => {
            let retry_after = u32::try_from(BUSY.as_millis()).unwrap_or(u32::MAX);
            lane::turn_away(socket, &GoAway::full(retry_after)).await;
        }
        Some((Speaks::Tls, _)) => refuse(socket, Refused::Tls).await,
        None => {}
    }
}

/// Reads as much as it takes to see what a connection speaks; `None` for one that ended or is to end.
async fn first_bytes(shared: &Shared, socket: &mut impl Socket) -> Option<(Speaks, BytesMut)> {
    let options = &shared.options;
    let mut first = BytesMut::with_capacity(ENOUGH.max(1024));
    // One that never speaks may stay as long as one that spoke and is idle: it is somebody's spare connection.
    let mut late = Instant::now().checked_add(options.idle_timeout);
    let (stopped, accepted) = (shared.stopped(), Instant::now());
    let mut stop = std::pin::pin!(async {
        stopped.await;
        // One that was made just now has a request on its way.
        tokio::time::sleep_until(accepted + AGREE).await;
    });
    loop {
        let count = tokio::select! {
            // What has come is read before the stop is seen.
            biased;
            count = socket.read_buf(&mut first) => count.ok()?,
            () = &mut stop => return None,
            () = until(late) => return None,
        };
        if count == 0 && first.is_empty() {
            return None;
        }
        if let Some(speaks) = sniff(&first) {
            return Some((speaks, first));
        }
        if count == 0 {
            // Less than a preface and then the end: HTTP/1 has an answer to that.
            return Some((Speaks::Http1, first));
        }
        late = Instant::now().checked_add(options.header_timeout).into_iter().chain(late).min();
    }
}

async fn until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

async fn serve_http1(shared: Arc<Shared>, socket: impl Socket, mut peer: Peer, first: BytesMut) {
    let activity = Activity::new();
    peer.protocol = "http/1.1";
    let from = peer.address.clone();
    let io = TokioIo::new(Stream::http1(socket, first, activity.clone()));
    // Ends the handlers of streams with the connection, however that ends.
    let tasks = Tasks::default();
    let inbound = Inbound::new(shared.clone(), activity.clone(), peer.clone(), tasks.spawner());
    let turned = inbound.clone();
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Time is watched by `Activity`: hyper's clock for a head runs while a pooled connection rests.
        .header_read_timeout(None)
        .max_header_size(shared.options.max_header)
        // Like Go: some readers of go-micro's headers look for this case.
        .title_case_headers(true)
        .serve_connection(io, service_fn(move |request| answer(inbound.clone(), request)));
    // A connection that rests is closed a while after the stop: a request may be on its way, and its caller could not
    // tell whether it was read. Whatever comes until then is answered, and its answer says that it is the last one.
    let stopped = shared.stopped();
    let stopped = async {
        stopped.await;
        tokio::time::sleep(AGREE).await;
    };
    let ended = drive(&mut connection, &activity, &shared.options, stopped).await;
    drop(tasks);
    let unanswered = activity.is_unanswered();
    // Whatever ran is dropped here.
    let parts = connection.into_parts();
    let stream = parts.io.into_inner();
    if let Ended::Done(Ok(())) = ended
        && let Some(first) = turned.first()
    {
        let (socket, came) = stream.into_unread(parts.read_buf);
        return Box::pin(lane::serve(shared, socket, peer, came, Some(first))).await;
    }
    let (refused, left) = (stream.refused(), stream.caller_left());
    let socket = stream.into_socket();
    match ended {
        Ended::Done(_) if left && unanswered => refuse(socket, Refused::left()).await,
        Ended::Late(Late::Head) => refuse(socket, Refused::slow_head(&shared.options)).await,
        Ended::Done(Err(error)) if error.is_parse() => match refused {
            Some(status) => refuse(socket, Refused::ill_formed(status, &error, &shared.options)).await,
            // hyper's own answer was sent behind one of ours, and its reader may be sending still.
            None => linger(socket).await,
        },
        Ended::Done(Err(error)) if error.is_incomplete_message() => refuse(socket, Refused::cut_head()).await,
        Ended::Done(_) if activity.is_unread() => linger(socket).await,
        Ended::Done(Err(error)) => tracing::debug!(%from, %error, "a connection ended"),
        Ended::Done(Ok(())) | Ended::Late(_) => {}
    }
}

async fn serve_http2(shared: Arc<Shared>, socket: impl Socket, mut peer: Peer, first: BytesMut) {
    let options = &shared.options;
    let activity = Activity::new();
    peer.protocol = "h2";
    let from = peer.address.clone();
    let io = TokioIo::new(Stream::http2(socket, first, activity.clone()));
    // Ends the calls with the connection, however that ends.
    let tasks = Tasks::default();
    let inbound = Inbound::new(shared.clone(), activity.clone(), peer, tasks.spawner());
    let mut builder = http2::Builder::new(Streams::new(tasks.spawner(), options.message_timeout));
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(connection_window(options.max_streams))
        .max_concurrent_streams(options.max_streams)
        .max_header_list_size(u32::try_from(options.max_header).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(CANCELLED_EARLY.max(options.max_streams as usize));
    if !options.keep_alive.is_zero() {
        builder.keep_alive_interval(options.keep_alive).keep_alive_timeout(options.keep_alive_timeout);
    }
    let mut connection =
        builder.serve_connection(io, service_fn(move |request| answer(inbound.clone(), request)));
    if let Ended::Done(Err(error)) = drive(&mut connection, &activity, options, shared.stopped()).await {
        tracing::debug!(%from, %error, "a connection ended");
    }
    drop(tasks);
}

/// What all streams of a connection may send ahead of their readers: as much as so many can fill, up to a limit, so that
/// those that are not read hold up no other. It reserves nothing.
fn connection_window(streams: u32) -> u32 {
    STREAM_WINDOW.saturating_mul(streams).clamp(STREAM_WINDOW, CONNECTION_WINDOW)
}

/// Answers a request, which came now, when hyper has its head: over HTTP/2 the task that answers it may have to wait for
/// its turn. It runs from now on too: hyper looks for the end of the connection before the future is polled, and a peer
/// that closed its side behind its request waits for the answer.
fn answer(
    inbound: Arc<Inbound>,
    request: http::Request<Incoming>,
) -> impl Future<Output = Result<http::Response<Answer>, Infallible>> {
    let (received, held) = (std::time::Instant::now(), inbound.begin());
    async move { Ok(respond(&inbound, request, received, held).await) }
}
