//! Overload: how many calls run at a time, which wait, which are refused, and when to come back.
//!
//! A service that takes on more than it can do ends up doing nothing in time: each call waits until its caller has given
//! up. So calls above what it can do are refused early, cheaply, and as not reached, so that they may go elsewhere.
//!
//! * [`Limit`](gate::Limit): a number of calls that run at a time, for the service and for single endpoints, with a
//!   bounded [`Queue`](queue::Queue) before it. Off unless somebody sets a number.
//! * [`Delay`](delay::Delay): what waits for the processor, whatever the numbers say. On by default.
//! * [`Admission`] is the door with both, around the layers and all endpoints. `Debug.*` is let through always: whoever
//!   watches a process must not take one that is busy for one that is dead.

mod admission;
mod delay;
mod gate;
mod options;
mod queue;
mod standing;

pub(crate) use self::admission::Admission;
pub(crate) use self::options::Limits;
