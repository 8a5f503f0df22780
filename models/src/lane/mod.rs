//! The lane.

#[path = "../../../micro-transport/src/lane/bell.rs"]
mod bell;
mod client;
#[allow(dead_code, reason = "the models have no use for large messages")]
#[path = "../../../micro-transport/src/lane/outbox.rs"]
mod outbox;
mod ringing;
mod thread;
