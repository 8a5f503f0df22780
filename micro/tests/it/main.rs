//! The integration tests of `micro`.

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
