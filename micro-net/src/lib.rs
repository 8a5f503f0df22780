//! What the network crates of `micro` share.

mod backoff;

pub use self::backoff::Backoff;
