//! What the failures of connections and the answers of strangers are as errors.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io;

use micro_core::{Address, Code, Error};

use crate::http::headers;

/// No socket could be made: the call certainly did not go out.
pub(super) fn not_connected(to: &Address, cause: io::Error) -> Error {
    Error::unavailable(format!("cannot connect to {to}: {cause}")).with_source(cause).not_reached()
}

/// The call did not go out on a connection that was there.
pub(super) fn not_sent(to: &Address, cause: impl Display) -> Error {
    let cause = cause.to_string();
    let error = Error::unavailable(format!("the connection to {to} takes no calls any more: {cause}"));
    // A server of ours that refuses a connection of HTTP/2 says among the words of its GOAWAY when to come back.
    headers::with_retry_after_of(error, &cause).not_reached()
}

/// The connection broke while the call was on its way: a handler may have seen it.
pub(super) fn broken(to: &Address, cause: impl Display) -> Error {
    Error::unavailable(format!("the connection to {to} broke before the whole answer came: {cause}"))
}

/// What came is no answer that this side can read.
pub(super) fn unreadable(from: &Address, why: impl Display) -> Error {
    Error::internal(format!("the answer of {from} cannot be read: {why}"))
}

/// An answer above the limit. Its handler did run, which is what tells it from a refused request.
pub(super) fn answer_too_large(from: &Address, size: Option<u64>, limit: usize) -> Error {
    too_large(from, Error::message_too_large(size, limit as u64, "max_message"))
}

fn too_large(from: &Address, error: Error) -> Error {
    let detail = format!("the answer of {from} is too large: {}", error.detail());
    error.with_detail(detail).maybe_reached()
}

/// An error that the envelopes of an answer led to: the call that it answers was made.
pub(super) fn of_envelope(from: &Address, error: Error) -> Error {
    match error.code() {
        Code::ResourceExhausted => too_large(from, error),
        _ => unreadable(from, error.detail()),
    }
}

/// Tells the plain texts of go-micro's router apart: it never called a handler.
pub(super) fn of_go_micro(error: Error) -> Error {
    if error.code() != Code::Unknown || !error.detail().starts_with("rpc: ") {
        return error;
    }
    let detail = error.detail().to_owned();
    if detail.starts_with("rpc: can't find ") {
        Error::unimplemented(detail).with_http(404).not_reached()
    } else if detail.contains("request ill-formed") {
        Error::invalid_argument(detail).not_reached()
    } else {
        error
    }
}

/// The innermost cause, which says more than what is around it.
pub(super) fn root<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    let mut root = error;
    // Chains are short; a loop of errors would be somebody's joke, and not end.
    for _ in 0..8 {
        match root.source() {
            Some(source) => root = source,
            None => break,
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_go_micros_router() {
        for (text, code, status, reached) in [
            ("rpc: can't find service Missing", Code::Unimplemented, 404, false),
            ("rpc: can't find method Missing", Code::Unimplemented, 404, false),
            ("rpc: service/endpoint request ill-formed: Hello", Code::InvalidArgument, 400, false),
            ("rpc: something else", Code::Unknown, 500, true),
            ("plain text", Code::Unknown, 500, true),
            (r#"{"code":404,"detail":"rpc: can't find x"}"#, Code::NotFound, 404, true),
        ] {
            let error = of_go_micro(Error::from_json(text));
            assert_eq!((error.code(), error.http(), error.reached()), (code, status, reached), "{text}");
        }
    }

    #[test]
    fn a_large_answer_was_reached() {
        let error = answer_too_large(&Address::new("10.0.0.1:80").unwrap(), Some(9), 4);
        assert_eq!((error.code(), error.http(), error.reached()), (Code::ResourceExhausted, 413, true));
        for told in ["max_message", "9 bytes", "4 bytes", "10.0.0.1:80"] {
            assert!(error.detail().contains(told), "{error}");
        }
    }
}
