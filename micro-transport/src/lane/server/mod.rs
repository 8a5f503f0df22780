//! The end of a lane that answers.

mod calls;
mod connection;
mod ends;
mod line;
mod place;
mod reply;
mod run;
mod tables;
mod taken;

use std::sync::Arc;

use bytes::BytesMut;
use micro_core::Peer;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use self::connection::Connection;
use super::PREFACE;
use super::buffer::ReadBuffer;
use super::frame::{self, GoAway};
use super::hello::{self, Refused};
use super::limits::Limits;
use crate::http::{Serving, Socket, linger};

/// Serves a lane, of which `first` has come, until it is closed, or the server stops and everything is answered.
pub(crate) async fn serve<S: Socket>(
    serving: Arc<Serving>,
    mut socket: S,
    mut peer: Peer,
    mut first: BytesMut,
) {
    peer.protocol = "lane";
    let own = Limits::of(&serving.options);
    let within = serving.options.header_timeout;
    let begun = async {
        let theirs = hello::read(&mut socket, &mut first).await?;
        socket.write_all(&hello::ours(&own)).await.map_err(Refused::Lost)?;
        Ok(theirs)
    };
    let theirs = match timeout(within, begun).await {
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
    let buffer = ReadBuffer::new(first);
    let socket = Connection::new(serving, socket, buffer, peer, own, theirs).run().await;
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
