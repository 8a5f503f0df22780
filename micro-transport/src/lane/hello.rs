//! How a lane begins: a preface and a HELLO, from each side.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::PREFACE;
use super::buffer::ReadBuffer;
use super::frame::{Frame, Frames};
use super::limits::{FIXED, Limits};

/// Why a lane does not begin.
#[derive(Debug)]
pub(super) enum Refused {
    /// The peer is gone.
    Lost(io::Error),
    /// The peer speaks something else, or not as it should.
    Strange(String),
    /// It speaks another version, which is this one.
    Version(u8),
    /// The peer does not want it: the code, when to come back in milliseconds, and why.
    Told(u8, u32, String),
}

/// What is sent first.
pub(super) fn ours(limits: &Limits) -> Vec<u8> {
    let mut out = PREFACE.to_vec();
    limits.put_hello(&mut out);
    out
}

/// Reads what the peer sends first. What comes behind it stays in `came`, where some of it may be already.
pub(super) async fn read(
    from: &mut (impl AsyncRead + Unpin),
    came: &mut BytesMut,
) -> Result<Limits, Refused> {
    while came.len() < PREFACE.len() {
        let seen = came.len().min(PREFACE.len() - 1);
        if came[..seen] != PREFACE[..seen] {
            return Err(Refused::Strange("it sends something else".to_owned()));
        }
        more(from, came).await?;
    }
    let preface = came.split_to(PREFACE.len());
    let (version, others) = (preface[PREFACE.len() - 1], &preface[..PREFACE.len() - 1]);
    if *others != PREFACE[..PREFACE.len() - 1] {
        return Err(Refused::Strange("it sends something else".to_owned()));
    }
    if version != PREFACE[PREFACE.len() - 1] {
        return Err(Refused::Version(version));
    }
    let max_frame = Limits::default().max_frame;
    loop {
        let first = ReadBuffer::first_frame(came, (max_frame + FIXED) as usize);
        match Frames::new(first, max_frame).next() {
            Ok(Some(Frame::Hello(hello))) => {
                return Limits::read_hello(hello)
                    .map_err(|violation| Refused::Strange(violation.to_string()));
            }
            Ok(Some(Frame::GoAway(goaway))) => {
                return Err(Refused::Told(goaway.code, goaway.retry_after, goaway.text.to_owned()));
            }
            Ok(Some(_)) => return Err(Refused::Strange("its first frame is no HELLO".to_owned())),
            Ok(None) => {}
            Err(violation) => return Err(Refused::Strange(violation.to_string())),
        }
        more(from, came).await?;
    }
}

async fn more(from: &mut (impl AsyncRead + Unpin), came: &mut BytesMut) -> Result<(), Refused> {
    match from.read_buf(came).await {
        Ok(0) => Err(Refused::Lost(io::ErrorKind::UnexpectedEof.into())),
        Ok(_) => Ok(()),
        Err(error) => Err(Refused::Lost(error)),
    }
}
