//! The end of a lane that answers.

mod batch;
mod calls;
mod connection;
mod ends;
mod line;
mod messages;
mod place;
mod reply;
mod run;
mod tables;
mod taken;

use std::sync::Arc;

use bytes::BytesMut;
use micro_core::{Peer, Request};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use self::connection::Connection;
#[cfg(test)]
pub(super) use self::connection::{CLOGGED, CLOGGED_PARTS, REST};
use super::PREFACE;
use super::buffer::ReadBuffer;
use super::frame::{self, GoAway};
use super::hello::{self, Refused};
use super::limits::Limits;
use crate::http::{Permit, Serving, Socket, linger};

/// A call that came before its lane began, as the request of HTTP/1.1 that asked for it.
pub(crate) struct First {
    pub(crate) request: Request,
    /// What counts it among the calls that run.
    pub(crate) permit: Permit,
}

/// Serves a lane, of which `came` was read, until it is closed, or the server stops and everything is answered. Its first
/// call, if that came before it, runs when the peer has said what it takes of an answer.
pub(crate) async fn serve(
    serving: Arc<Serving>,
    socket: impl Socket,
    peer: Peer,
    came: BytesMut,
    first: Option<First>,
) {
    let own = Limits::of(&serving.options);
    serve_as(own, serving, socket, peer, came, first).await;
}

/// The same for a side that takes this.
pub(super) async fn serve_as(
    own: Limits,
    serving: Arc<Serving>,
    mut socket: impl Socket,
    mut peer: Peer,
    mut came: BytesMut,
    first: Option<First>,
) {
    peer.protocol = "lane";
    let within = serving.options.header_timeout;
    let begun = async {
        let theirs = hello::read(&mut socket, &mut came).await?;
        socket.write_all(&hello::ours(&own)).await.map_err(Refused::Lost)?;
        socket.flush().await.map_err(Refused::Lost)?;
        Ok(theirs)
    };
    let begun = tokio::select! {
        begun = timeout(within, begun) => begun,
        // What runs is to end, and this does not even.
        () = serving.options.cancel.fired() => return,
    };
    let theirs = match begun {
        Ok(Ok(theirs)) => theirs,
        Ok(Err(refused)) => {
            tracing::debug!(peer = %peer.address, ?refused, "a lane did not begin");
            let (code, text) = match refused {
                Refused::Version(version) => (
                    GoAway::VERSION,
                    format!("version {version} of the lane is not spoken here: speak version 1"),
                ),
                Refused::Strange(why) => (GoAway::PROTOCOL, why),
                Refused::Lost(_) | Refused::Told(..) => return,
            };
            return turn_away(socket, &GoAway { code, retry_after: 0, text: &text }).await;
        }
        Err(_) => {
            let text = format!("no HELLO came within {within:?}: see `header_timeout`");
            return turn_away(socket, &GoAway { code: GoAway::IDLE, retry_after: 0, text: &text }).await;
        }
    };
    let buffer = ReadBuffer::new(came);
    let socket = Connection::new(serving, socket, buffer, peer, (own, theirs), first).run().await;
    linger(socket).await;
}

/// Tells a peer why it has to go, as far as it takes that at once.
pub(crate) async fn turn_away(mut socket: impl Socket, why: &GoAway<'_>) {
    const TIME: std::time::Duration = std::time::Duration::from_secs(1);
    let mut out = PREFACE.to_vec();
    frame::put_goaway(&mut out, why);
    if matches!(timeout(TIME, socket.write_all(&out)).await, Ok(Ok(()))) {
        linger(socket).await;
    }
}
