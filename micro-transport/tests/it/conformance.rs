//! The conformance suite, over every transport.
