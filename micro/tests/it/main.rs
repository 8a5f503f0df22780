//! The integration tests of `micro`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests too")]

mod documents;
#[cfg(all(feature = "http", feature = "json", feature = "msgpack", feature = "protobuf"))]
mod features;
mod plugins;
