//! The laws of `Selector`, over the selectors of this crate.

use micro_selector::{Hash, LeastConn, P2c, Random, RoundRobin};

micro_selector::conformance_tests!(random, Random::new());

micro_selector::conformance_tests!(roundrobin, RoundRobin::new());

micro_selector::conformance_tests!(leastconn, LeastConn::new());

micro_selector::conformance_tests!(p2c, P2c::new());

micro_selector::conformance_tests!(hash, Hash::new());
