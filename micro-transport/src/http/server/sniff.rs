//! What a connection speaks, by its first bytes.

use crate::lane::PREFACE;

/// The beginning of every HTTP/2 connection (RFC 9113, section 3.4). Its first line alone tells: no other protocol has
/// it.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n";
/// The beginning of every lane; its version follows.
const LANE: &[u8] = PREFACE.split_at(PREFACE.len() - 1).0;
/// The beginning of a TLS record with a handshake in it, of any version (RFC 8446, section 5.1).
const TLS: &[u8] = &[0x16, 0x03];

/// How many bytes are enough to tell.
pub(super) const ENOUGH: usize = HTTP2.len();

/// What a connection speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Speaks {
    /// HTTP/1, or nothing that is known: HTTP/1 has an answer to that.
    Http1,
    /// HTTP/2 by prior knowledge.
    Http2,
    /// The lane.
    Lane,
    /// TLS.
    Tls,
}

/// What the first bytes say; `None` when it takes more of them.
pub(super) fn sniff(first: &[u8]) -> Option<Speaks> {
    [(HTTP2, Speaks::Http2), (LANE, Speaks::Lane), (TLS, Speaks::Tls)]
        .into_iter()
        .find_map(|(preface, speaks)| {
            if first.starts_with(preface) {
                Some(Some(speaks))
            } else if preface.starts_with(first) {
                Some(None)
            } else {
                None
            }
        })
        .unwrap_or(Some(Speaks::Http1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_what() {
        for (first, speaks) in [
            (&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], Speaks::Http2),
            (b"POST / HTTP/1.1\r\n", Speaks::Http1),
            (b"PRI * HTTP/1.1\r\n\r\n", Speaks::Http1),
            (b"PO", Speaks::Http1),
            (b"G", Speaks::Http1),
            (b"\x16\x03\x01\x02\x00", Speaks::Tls),
            (b"\x16\x04", Speaks::Http1),
            (b"\x00", Speaks::Http1),
        ] {
            assert_eq!(sniff(first), Some(speaks), "{}", first.escape_ascii());
        }
    }

    #[test]
    fn what_takes_more() {
        for first in [&b""[..], b"P", b"PRI * HTTP/2.0\r", b"\x16"] {
            assert_eq!(sniff(first), None, "{}", first.escape_ascii());
        }
    }

    /// However the bytes come in, the answer is the same, and it is there after so many bytes as are said to be enough.
    #[test]
    fn pieces_change_nothing() {
        for seed in 0..20_000_u64 {
            let bytes = noise(seed);
            let told = (0..=bytes.len()).find_map(|end| sniff(&bytes[..end]).map(|speaks| (end, speaks)));
            let (end, speaks) = told.unwrap();
            assert!(end <= ENOUGH);
            assert_eq!(sniff(&bytes), Some(speaks), "{}", bytes.escape_ascii());
        }
    }

    /// Bytes that often begin as a protocol does.
    fn noise(seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let preface = [HTTP2, TLS, b""][next() as usize % 3];
        let kept = next() as usize % (preface.len() + 1);
        preface[..kept].iter().copied().chain((0..ENOUGH).map(|_| next() as u8)).collect()
    }
}
