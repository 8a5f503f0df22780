//! The lane: many calls at a time over one ordered stream of bytes, in frames of a few bytes.
//!
//! `docs/lane.md` is its specification, byte by byte. Here are
//!
//! * `frame`: every frame as it is written and read, and what is wrong with one that is wrong. No state but the bytes;
//! * `limits`, `hello`, `format`: what each side takes, which it says in its first frame, and the numbers of formats;
//! * `buffer`, `partial`, `inbox`: what has come, messages in parts, and the messages of a stream until they are read;
//! * `outbox`, `parts`, `traffic`, `pump`: what goes out, long messages in parts, credit, and what sends a stream;
//! * `bell`: what wakes the task that writes it;
//! * `room`: what the peer may send of all streams together;
//! * `pulse`: whether the peer lives;
//! * `client` and `server`: the two ends.

mod bell;
mod buffer;
pub(crate) mod client;
mod format;
pub(crate) mod frame;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod hello;
mod inbox;
pub(crate) mod limits;
#[cfg(test)]
mod memory;
mod outbox;
mod partial;
mod parts;
mod pulse;
mod pump;
#[cfg(test)]
mod random;
mod room;
pub(crate) mod server;
mod traffic;
#[cfg(test)]
mod wrapped;

/// What either side sends first: bytes that begin neither an HTTP request nor a TLS record, and that a transfer which
/// mends line ends breaks; the last is the version.
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
