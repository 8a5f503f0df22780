//! Load balancing for `micro`: the trait [`Selector`], the [`Snapshot`] it picks from, and its implementations.
//!
//! | | picks | when |
//! |---|---|---|
//! | [`Random`] | any, evenly | the default; good with many callers |
//! | [`RoundRobin`] | the one whose last turn was longest ago | few calls, which should be exactly even |
//! | [`LeastConn`] | the one with the fewest calls under way | calls that take very different times |
//! | [`P2c`] | of two the one that will probably answer first | nodes that are not equally fast |
//! | [`Hash`](struct@Hash) | the one that a key of the call belongs to | nodes that remember something of each key |
//!
//! A node that cannot be reached rests, and one whose calls fail is ejected: it is skipped at once, without waiting for
//! the registry to notice, and probed by one call after a while; see [`Node`], and [`HealthOptions`] for when. Which nodes may be picked at all is said by [`Filter`]s, and for one call by a
//! [`Selection`].
//!
//! ```
//! use micro_core::Address;
//! use micro_selector::{Hint, Random, Selector, Snapshot};
//!
//! let nodes = Snapshot::from_addresses("greeter", &[Address::new("10.0.0.1:80")?, Address::new("10.0.0.2:80")?]);
//! let pick = Random::new().pick(&nodes, &Hint::new("Greeter.Hello"))?;
//! let node = &nodes.nodes[pick.index()];
//! assert!(node.record.address.as_str().starts_with("10.0.0."));
//! assert_eq!(node.in_flight(), 1);
//! # Ok::<(), micro_core::Error>(())
//! ```
//!
//! # One's own
//!
//! A selector walks over [`Snapshot::candidates`], takes one with [`Node::claim`], and leaves it to
//! [`Snapshot::last_resort`] when there is none. `conformance` (a feature) has the laws that it should keep.

mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod draw;
mod estimate;
mod evidence;
mod filter;
mod group;
mod hash;
mod health;
mod leastconn;
mod node;
mod p2c;
mod random;
mod rest;
mod rotation;
mod roundrobin;
mod selection;
mod selector;
mod snapshot;
mod stats;
mod token;
mod window;

pub use self::clock::Clock;
pub use self::filter::Filter;
pub use self::hash::Hash;
pub use self::health::HealthOptions;
pub use self::leastconn::LeastConn;
pub use self::node::Node;
pub use self::p2c::P2c;
pub use self::random::Random;
pub use self::roundrobin::RoundRobin;
pub use self::selection::Selection;
pub use self::selector::{Hint, Selector};
pub use self::snapshot::Snapshot;
