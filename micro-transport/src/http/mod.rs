//! The HTTP transport: HTTP/1.1 and HTTP/2 on one port.

mod base64;
mod envelope;
mod socket;
