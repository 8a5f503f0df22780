//! An error as a header.

use http::{HeaderMap, HeaderValue};
use micro_core::Error;

use super::{MICRO_ERROR, X_MICRO_ERROR};

/// The longest error that goes into a header, in bytes. Clients have limits of their own, some of 16 KiB for all
/// headers together, and the error goes out under two names.
const MAX: usize = 4096;
/// What is left of each text of a longer one, in characters.
const CUT: usize = 256;

/// Puts an error under both of its names.
pub(in crate::http) fn put_error(error: &Error, headers: &mut HeaderMap) {
    let mut json = error.to_json();
    if json.len() > MAX {
        json = cut(error).to_json();
    }
    // The only control character that JSON may have as it is.
    if json.contains('\u{7f}') {
        json = json.replace('\u{7f}', "\\u007f");
    }
    let Ok(value) = HeaderValue::try_from(json) else { return };
    headers.insert(X_MICRO_ERROR, value.clone());
    headers.insert(MICRO_ERROR, value);
}

/// The error that a head tells of.
pub(in crate::http) fn error(headers: &HeaderMap) -> Option<Error> {
    let value = [MICRO_ERROR, X_MICRO_ERROR].into_iter().find_map(|name| headers.get(name))?;
    Some(Error::from_json(&String::from_utf8_lossy(value.as_bytes())))
}

/// The same error with the beginnings of its texts, and without its metadata.
fn cut(error: &Error) -> Error {
    let cut = |text: &str| match text.char_indices().nth(CUT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    };
    let mut short = Error::new(error.code(), cut(error.detail()))
        .with_id(cut(error.id()))
        .with_reason(cut(error.reason()))
        .with_domain(cut(error.domain()));
    if error.http() != error.code().http() {
        short = short.with_http(error.http());
    }
    if let Some(time) = error.retry_after() {
        short = short.with_retry_after(time);
    }
    if error.reached() { short } else { short.not_reached() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn there_and_back(sent: &Error) -> (HeaderMap, Error) {
        let mut headers = HeaderMap::new();
        put_error(sent, &mut headers);
        let read = error(&headers).unwrap();
        (headers, read)
    }

    #[test]
    fn errors_go_both_ways() {
        let sent = Error::not_found("no \u{7f} \n\r\u{0} é \u{85} here").with_id("greeter").not_reached();
        let (headers, read) = there_and_back(&sent);
        assert_eq!((read.code(), read.detail(), read.id()), (sent.code(), sent.detail(), "greeter"));
        assert!(!read.reached());
        assert_eq!(headers[MICRO_ERROR], headers[X_MICRO_ERROR]);
        assert!(error(&HeaderMap::new()).is_none());
    }

    #[test]
    fn a_long_one_is_cut_and_keeps_its_meaning() {
        let sent = Error::message_too_large(Some(5), 4, "max_message")
            .with_detail("é\n".repeat(100_000))
            .with_retry_after(Duration::from_millis(250));
        let (headers, read) = there_and_back(&sent);
        assert!(headers[MICRO_ERROR].len() <= MAX);
        assert!(read.detail().ends_with("..."), "{read}");
        assert_eq!((read.http(), read.reason(), read.reached()), (413, "MESSAGE_TOO_LARGE", false));
        assert_eq!(read.retry_after(), sent.retry_after());
    }
}
