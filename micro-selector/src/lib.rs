//! Load balancing for `micro`: the trait [`Selector`], the snapshot it picks from, and its implementations.

mod filter;
mod node;
mod selector;

pub use self::filter::Filter;
pub use self::node::{Node, Snapshot};
pub use self::selector::{Hint, Selector};
