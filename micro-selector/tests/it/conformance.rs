//! The laws of `Selector`, over the selectors of this crate.

use micro_selector::{LeastConn, Random, RoundRobin};

micro_selector::conformance_tests!(random, Random::new());

micro_selector::conformance_tests!(roundrobin, RoundRobin::new());

micro_selector::conformance_tests!(leastconn, LeastConn::new());
