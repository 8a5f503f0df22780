//! The conformance suite, over every transport.

use micro_transport::Memory;
use micro_transport::conformance::{Fixture, Promises};

micro_transport::conformance_tests!(memory, Promises::all(), Fixture::new(Memory::new(), ":0"));

#[cfg(feature = "http")]
mod http {
    use micro_transport::Http;
    use micro_transport::conformance::{Fixture, Promises};

    micro_transport::conformance_tests!(
        lane,
        Promises::all(),
        Fixture::new(Http, "127.0.0.1:0").dialling(|options| options.protocols = vec!["lane/1".to_owned()])
    );

    micro_transport::conformance_tests!(
        http2,
        Promises::all(),
        Fixture::new(Http, "127.0.0.1:0").dialling(|options| options.protocols = vec!["h2".to_owned()])
    );

    // A bare address: the first call asks for the lane.
    micro_transport::conformance_tests!(
        bare,
        Promises::all().reconnects(),
        Fixture::new(Http, "127.0.0.1:0")
    );

    // A node that lists no protocol that this transport knows: one call at a time on each socket, and no streams.
    micro_transport::conformance_tests!(
        http1,
        Promises::all().without_streams().without_trailing_metadata().reconnects(),
        Fixture::new(Http, "127.0.0.1:0").dialling(|options| options.protocols = vec!["other".to_owned()])
    );
}
