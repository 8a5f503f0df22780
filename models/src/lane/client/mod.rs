//! The end of a lane that calls.

mod calls;
mod closing;
mod line;
#[allow(dead_code, reason = "the models keep no memory and watch no time")]
#[path = "../../../../micro-transport/src/lane/client/pen.rs"]
mod pen;
mod socket;
