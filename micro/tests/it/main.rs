//! The integration tests of `micro`.

mod contract;
mod direct;
mod error_derive;
mod handler;
mod ui;
