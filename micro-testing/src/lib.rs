//! Processes, networks and registries that fail, for tests of services built with `micro`.
//!
//! `micro::testing` runs services in one process; this crate is about what happens between processes:
//!
//! | you want | look at |
//! |---|---|
//! | a connection that is slow, cut, half open or corrupt | [`Proxy`], [`Faults`] |
//! | a process that dies, hangs, comes back | [`Process`], [`Signal`] |
//! | machines whose packets are dropped without a word | [`netns::Network`], [`netns::Host`] |
//! | a registry that fails, hangs, flaps, is stale, forgets | [`registry::Scripted`], [`registry::Script`] |
//! | calls at a steady rate, and what became of each | [`Load`], [`Account`] |
//! | how often the handler of each call ran | [`Ledger`], [`Account::check`] |
//! | a random schedule that can be repeated | [`Seed`], [`Random`] |
//!
//! Everything that is started here is stopped when its value is dropped.

pub mod load;
#[cfg(target_os = "linux")]
pub mod netns;
pub mod process;
pub mod proxy;
pub mod registry;
pub mod seed;

pub use self::load::{Account, Ledger, Load};
pub use self::process::{Process, Signal};
pub use self::proxy::{Cut, Faults, Proxy, Way};
pub use self::seed::{Random, Seed};
