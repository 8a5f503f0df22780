//! An answer as frames.

use micro_core::{Body, Error, Metadata, Response, Result};

use crate::lane::frame::{self, Carried, End, ReplyHead};
use crate::lane::limits::Limits;
use crate::lane::outbox::Outbox;
use crate::lane::parts::Parted;

/// What is to follow the first frame of an answer.
pub(super) enum Rest {
    Nothing,
    /// The messages of its stream.
    Stream,
    /// The parts of its message, of which the first one is to be sent too.
    Parts(Parted),
}

/// Puts the first frame of an answer on its way, to a peer that takes this.
pub(super) fn put(outbox: &mut Outbox, peer: &Limits, id: u32, result: &Result<Response>) -> Rest {
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            put_error(outbox, peer, id, error);
            return Rest::Nothing;
        }
    };
    if let Body::One(message) = &response.body
        && response.metadata().is_empty()
        && response.trailers().is_empty()
        && message.len() <= peer.max_frame.min(peer.max_message) as usize
    {
        // As nearly all are.
        frame::put_plain_reply_head(outbox.frames(), id, message.len());
        outbox.message(message);
        return Rest::Nothing;
    }
    let stream = response.body.is_stream();
    let none = &Metadata::new();
    let trailers = if stream { none } else { response.trailers() };
    let head = ReplyHead { stream, metadata: response.metadata(), trailers };
    if !head.fits(peer.max_header) {
        let error = Error::internal(format!(
            "the metadata of the answer is longer than the {} bytes that its caller takes",
            peer.max_header
        ));
        put_error(outbox, peer, id, &error);
        return Rest::Nothing;
    }
    let message = match &response.body {
        Body::One(message) => message,
        Body::Empty | Body::Stream(_) => {
            frame::put_reply_head(outbox.frames(), id, &head, None);
            return if stream { Rest::Stream } else { Rest::Nothing };
        }
    };
    let room = head.room(peer.max_frame);
    if message.len() > peer.max_message as usize {
        put_error(outbox, peer, id, &too_long(message.len(), peer));
    } else if message.len() > room {
        let mut opening = Vec::new();
        let first = Carried { len: room, total: message.len() };
        frame::put_reply_head(&mut opening, id, &head, Some(first));
        return Rest::Parts(Parted {
            id,
            opening,
            first: room,
            message: message.clone(),
            waiter: None,
            is_call: false,
        });
    } else {
        frame::put_reply_head(outbox.frames(), id, &head, Some(Carried::whole(message.len())));
        outbox.message(message);
    }
    Rest::Nothing
}

/// Ends a call with an error.
pub(super) fn put_error(outbox: &mut Outbox, peer: &Limits, id: u32, error: &Error) {
    let mut json = error.to_json();
    if json.len() > peer.max_frame as usize {
        let short = Error::new(error.code(), "the error is longer than its caller takes");
        json = if error.reached() { short } else { short.not_reached() }.to_json();
    }
    frame::put_end(outbox.frames(), id, &End::<&[u8]>::Error(&json));
}

/// The error of a message that its reader does not take.
pub(super) fn too_long(size: usize, peer: &Limits) -> Error {
    let limit = u64::from(peer.max_message);
    Error::message_too_large(Some(size as u64), limit, "max_message").maybe_reached()
}
