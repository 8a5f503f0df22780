//! The transports, from outside.

// All of this is tests, helpers included.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod conformance;
#[cfg(feature = "http")]
mod hostile;
#[cfg(feature = "http")]
mod http_client;
#[cfg(feature = "http")]
mod http_client_answers;
#[cfg(feature = "http")]
mod http_client_cancel;
#[cfg(feature = "http")]
mod http_client_faults;
#[cfg(feature = "http")]
mod http_client_golden;
#[cfg(feature = "http")]
mod http_client_group;
#[cfg(feature = "http")]
mod http_client_http1;
#[cfg(feature = "http")]
mod http_client_http2;
#[cfg(feature = "http")]
mod http_client_lane;
#[cfg(feature = "http")]
mod http_client_reached;
#[cfg(feature = "http")]
mod http_client_rooms;
#[cfg(feature = "http")]
mod http_client_streams;
#[cfg(feature = "http")]
mod http_client_times;
#[cfg(feature = "http")]
mod http_server;
#[cfg(feature = "http")]
mod lane;
mod memory;
