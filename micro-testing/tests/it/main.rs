//! Every tool does what it says.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod load;
#[cfg(target_os = "linux")]
mod netns;
mod process;
mod proxy;
mod registry;
mod seed;
