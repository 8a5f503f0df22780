//! What needs the default features.

mod calls;
mod conformance;
mod contract;
mod direct;
mod discovery;
mod echo;
mod error_derive;
mod handler;
mod layers;
mod service;
mod spans;
mod ui;
