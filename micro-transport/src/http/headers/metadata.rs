//! Metadata as headers.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use micro_core::{Error, Metadata, Result};

use crate::http::base64;

/// What belongs to the connection or to the framing of a message and not to the call, so is no metadata in either
/// direction. The names without `micro` are those of RFC 9110, section 7.6.1, and of the headers that hyper writes itself.
const OURS: &[&str] = &[
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "micro-endpoint",
    "micro-error",
    "micro-lane",
    "micro-method",
    "micro-service",
    "micro-stream",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "timeout",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-micro-endpoint",
    "x-micro-error",
    "x-micro-method",
    "x-micro-service",
    "x-micro-stream",
];

fn is_ours(name: &str) -> bool {
    OURS.binary_search(&name).is_ok()
}

/// The metadata in the headers, or trailers, of a message: all that belong neither to the connection nor to us.
///
/// A value that is no text, which no caller of ours sends, is left out.
///
/// # Errors
/// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument) for a key that ends in `-bin` with a value that is no
/// base64: what it meant is lost.
pub(in crate::http) fn metadata(headers: &HeaderMap) -> Result<Metadata> {
    let mut metadata = Metadata::new();
    for (name, value) in headers {
        let name = name.as_str();
        if is_ours(name) || is_of_connection(name, headers) {
            continue;
        }
        let Ok(text) = std::str::from_utf8(value.as_bytes()) else {
            tracing::debug!(header = name, "a header that is no UTF-8 is no metadata");
            continue;
        };
        let added = if name.ends_with("-bin") {
            append_bytes(&mut metadata, name, text)?;
            Ok(())
        } else {
            metadata.append(name, text)
        };
        if let Err(error) = added {
            tracing::debug!(header = name, %error, "a header is no metadata");
        }
    }
    Ok(metadata)
}

/// Intermediaries may join the values of a header with commas, which base64 does not have.
fn append_bytes(metadata: &mut Metadata, name: &str, text: &str) -> Result<()> {
    for one in text.split(',') {
        let bytes = base64::decode(one.trim()).ok_or_else(|| {
            let name: String = name.chars().take(64).collect();
            Error::invalid_argument(format!("header `{name}` is no base64, as names in `-bin` have to be"))
                .not_reached()
        })?;
        metadata.append(name, Bytes::from(bytes)).map_err(Error::not_reached)?;
    }
    Ok(())
}

/// Whether `Connection` names this header, which makes it one of the connection (RFC 9110, section 7.6.1).
fn is_of_connection(name: &str, headers: &HeaderMap) -> bool {
    headers.get_all(header::CONNECTION).iter().any(|value| {
        value.to_str().is_ok_and(|text| text.split(',').any(|one| one.trim().eq_ignore_ascii_case(name)))
    })
}

/// Adds metadata to the headers, or trailers, of a message. Keys that belong to the connection or to us are left out,
/// so that a handler cannot break the answer that it is part of.
pub(in crate::http) fn put_metadata(metadata: &Metadata, headers: &mut HeaderMap) {
    for (key, value) in metadata {
        if is_ours(key.as_str()) {
            continue;
        }
        let value = if value.is_binary() {
            HeaderValue::try_from(base64::encode(value.as_bytes()))
        } else {
            HeaderValue::from_bytes(value.as_bytes())
        };
        // Metadata has neither names nor texts that a header cannot have.
        let (Ok(name), Ok(value)) = (HeaderName::from_bytes(key.as_str().as_bytes()), value) else {
            continue;
        };
        // More headers than a map can hold, 32,768, no peer would read.
        let _ = headers.try_append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        pairs.iter().map(pair).fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(name, value);
            map
        })
    }

    #[test]
    fn ours_is_sorted() {
        assert!(OURS.is_sorted());
    }

    #[test]
    fn metadata_goes_both_ways() {
        let mut sent = Metadata::new();
        sent.append("tenant", "acme").unwrap();
        sent.append("Tag", "blue").unwrap();
        sent.append("tag", "grün").unwrap();
        sent.append("sig-bin", vec![0, 10, 255]).unwrap();
        sent.append("authorization", "Bearer x").unwrap();
        let mut map = HeaderMap::new();
        put_metadata(&sent, &mut map);
        assert_eq!(metadata(&map).unwrap(), sent);
    }

    #[test]
    fn what_is_the_connections_stays_there() {
        let map = headers(&[
            ("host", "a"),
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("timeout", "5"),
            ("micro-endpoint", "A.B"),
            ("micro-id", "7"),
            ("user-agent", "curl/8"),
        ]);
        let metadata = metadata(&map).unwrap();
        let keys: Vec<_> = metadata.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["micro-id", "user-agent"]);
    }

    #[test]
    fn bytes_are_base64_with_or_without_padding() {
        let read = metadata(&headers(&[("a-bin", "Zg==,Zg"), ("a-bin", "")])).unwrap();
        assert_eq!(
            read.iter().map(|(_, value)| value.as_bytes()).collect::<Vec<_>>(),
            [b"f", b"f", &b""[..]]
        );
        let error = metadata(&headers(&[("a-bin", "?")])).unwrap_err();
        assert!(error.detail().contains("a-bin") && !error.reached(), "{error}");
    }

    #[test]
    fn what_is_no_text_is_left_out() {
        let mut map = headers(&[("a", "1"), ("c1", "\u{85}")]);
        map.append("b", HeaderValue::from_bytes(&[0xff]).unwrap());
        assert_eq!(metadata(&map).unwrap().len(), 1);
    }

    #[test]
    fn a_handler_cannot_break_the_framing() {
        let mut bad = Metadata::new();
        bad.append("content-length", "7").unwrap();
        bad.append("Micro-Error", "x").unwrap();
        let mut map = HeaderMap::new();
        put_metadata(&bad, &mut map);
        assert!(map.is_empty());
    }
}
