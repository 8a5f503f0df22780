//! The end of a lane that calls.

mod call;
mod names;
mod pen;
mod receive;
mod session;
mod slots;
mod task;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use micro_core::{Address, Error, Result};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

pub(crate) use self::session::{First, Place, Session, Setup};
use self::task::Task;
use super::buffer::ReadBuffer;
use super::frame::GoAway;
use super::hello::{self, Refused};
use super::limits::Limits;
use super::pulse::Pulse;

/// The reason of an error that a peer leads to which speaks no lane.
pub(crate) const NO_LANE: &str = "NO_LANE";

/// Says hello to a peer, and waits for its, which may have come already. What comes behind that is left in `came`.
///
/// # Errors
/// [`Code::Unavailable`](micro_core::Code::Unavailable), not reached, for a peer that is gone or speaks no lane (then the
/// reason is [`NO_LANE`]), and [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted), not reached, for one that
/// takes no more connections.
pub(crate) async fn hello(
    address: &Address,
    own: &Limits,
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
    came: &mut BytesMut,
) -> Result<Limits> {
    let begun = async {
        writer.write_all(&hello::ours(own)).await.map_err(Refused::Lost)?;
        writer.flush().await.map_err(Refused::Lost)?;
        hello::read(reader, came).await
    };
    begun.await.map_err(|refused| {
        let error = match refused {
            Refused::Lost(error) => {
                Error::unavailable(format!("cannot connect to {address}: {error}")).with_source(error)
            }
            Refused::Strange(why) => {
                Error::unavailable(format!("{address} speaks no lane: {why}")).with_reason(NO_LANE)
            }
            Refused::Version(version) => {
                Error::unavailable(format!("{address} speaks version {version} of the lane, and not 1"))
                    .with_reason(NO_LANE)
            }
            Refused::Told(GoAway::TOO_MANY_CONNECTIONS, retry_after, why) => {
                Error::resource_exhausted(why).with_retry_after(Duration::from_millis(retry_after.into()))
            }
            Refused::Told(_, _, why) => {
                Error::unavailable(format!("{address} takes no lane: {why}")).with_reason(NO_LANE)
            }
        };
        error.not_reached()
    })
}

/// The error of a peer that takes a connection and says no hello for so long.
pub(crate) fn silent(address: &Address, within: Duration) -> Error {
    let detail =
        format!("{address} speaks no lane: it took the connection, and said no HELLO within {within:?}");
    Error::unavailable(detail).with_reason(NO_LANE).not_reached()
}

/// A session on a socket whose peer has said hello; `first` is what came behind that.
pub(crate) fn start(
    setup: Setup,
    reader: Box<dyn AsyncRead + Send + Unpin>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    first: BytesMut,
) -> Arc<Session> {
    let pulse = Pulse::new(setup.keep_alive, setup.keep_alive_timeout);
    Session::new(setup, writer, move |shared| Task::new(shared, reader, ReadBuffer::new(first), pulse))
}
