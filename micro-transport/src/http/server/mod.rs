//! The side that answers: an accept loop of our own over hyper's connections.
//!
//! | file | what it does |
//! |---|---|
//! | `bind` | an address is taken |
//! | `listener` | connections are accepted, each in a task, until the end |
//! | `sniff`, `connection` | what a connection speaks is seen, and spoken |
//! | `activity`, `stream`, `watch`, `linger` | the limits of time, and polite ends |
//! | `end` | callers over HTTP/1.1 that go away, or close their side |
//! | `asked`, `call`, `read` | a request becomes a call |
//! | `reply`, `answer`, `pump`, `taken` | the answer becomes a response, and is taken in time |
//! | `refuse` | what is not spoken, or too much, is told so |
//! | `fuzzing` | what of this the fuzz targets reach |
//! | `health` | `GET /healthz` and `/readyz` |

mod activity;
mod answer;
mod asked;
mod bind;
mod call;
mod connection;
mod end;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod health;
mod linger;
mod listener;
mod permits;
mod pump;
mod read;
mod refuse;
mod reply;
mod sniff;
mod stream;
mod taken;
mod tasks;
mod watch;

pub(crate) use self::call::too_many;
pub(crate) use self::linger::linger;
pub(crate) use self::listener::Shared as Serving;
pub(super) use self::listener::{listen, listen_on};
pub(crate) use self::permits::Permit;
pub(crate) use self::stream::Socket;
