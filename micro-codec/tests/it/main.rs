//! The codecs and `#[message]`, together.

mod message;
