//! Every tool does what it says.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod load;
mod process;
mod proxy;
