//! The conformance suite, over every transport.

use micro_transport::Memory;
use micro_transport::conformance::{Fixture, Promises};

micro_transport::conformance_tests!(memory, Promises::all(), Fixture::new(Memory::new(), ":0"));
