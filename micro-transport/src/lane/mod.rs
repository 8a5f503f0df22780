//! The lane: many calls at a time over one ordered stream of bytes, in frames of a few bytes.
//!
//! `docs/lane.md` is its specification, byte by byte. Here are
//!
//! * `frame`: every frame as it is written and read, and what is wrong with one that is wrong. No state but the bytes;
//! * `limits`: what each side takes, which it says in its first frame.

#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "goes away with the two ends of a lane"))]
#[cfg_attr(test, allow(dead_code, unused_imports, reason = "the same"))]
pub(crate) mod frame;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
#[cfg_attr(not(test), expect(dead_code, reason = "goes away with the two ends of a lane"))]
pub(crate) mod limits;

/// What either side sends first: bytes that begin neither an HTTP request nor a TLS record, and that a transfer which
/// mends line ends breaks; the last is the version.
#[cfg_attr(not(test), expect(dead_code, reason = "goes away with the two ends of a lane"))]
pub(crate) const PREFACE: [u8; 8] = *b"\x89LANE\r\n\x01";

#[cfg(test)]
mod tests {
    use super::PREFACE;

    #[test]
    fn the_preface_begins_nothing_else() {
        assert_eq!(PREFACE, [0x89, 0x4c, 0x41, 0x4e, 0x45, 0x0d, 0x0a, 1]);
        // Neither a letter of a method nor a kind of TLS records (20 to 24).
        assert!(!PREFACE[0].is_ascii() && !(20..=24).contains(&PREFACE[0]));
    }
}
