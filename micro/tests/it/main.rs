//! The integration tests of `micro`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests too")]

mod calls;
mod conformance;
mod contract;
mod direct;
mod echo;
mod error_derive;
mod handler;
mod layers;
mod plugins;
mod service;
mod ui;
