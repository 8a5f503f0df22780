//! What the network crates of `micro` share.
//!
//! * [`Backoff`]: how long to wait before the next attempt.
//! * [`interfaces`]: the addresses of this machine, and which of them hold the default route.
//! * [`advertise`]: the one address that a service tells others to call it at, and why.

mod advertise;
mod backoff;
mod interfaces;

pub use self::advertise::{Advertised, advertise};
pub use self::backoff::Backoff;
pub use self::interfaces::{Interface, interfaces};
