//! Hostile bytes for everything that reads bytes: each target is a function that is given them, and panics when what
//! has to hold does not. The fuzzer calls these functions, see `fuzz/README.md`; the tests here give them the corpora.

// A target that finds something panics: that is how the fuzzer hears of it.
#![allow(clippy::expect_used, clippy::missing_panics_doc, clippy::unwrap_used)]

mod answers;
mod connection;
mod echo;
mod envelopes;
mod frames;
mod http2;
mod lane_frames;
mod messages;
mod records;
mod texts;

pub use self::answers::answers;
pub use self::connection::connection;
pub use self::envelopes::envelopes;
pub use self::http2::http2;
pub use self::lane_frames::lane_frames;
pub use self::messages::messages;
pub use self::records::records;
pub use self::texts::texts;

/// A target.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const ALL: &[(&str, Target)] = &[
    ("answers", answers),
    ("connection", connection),
    ("envelopes", envelopes),
    ("http2", http2),
    ("lane_frames", lane_frames),
    ("messages", messages),
    ("records", records),
    ("texts", texts),
];
