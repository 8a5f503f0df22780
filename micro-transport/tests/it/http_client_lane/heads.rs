//! Names and metadata above what a peer takes: their calls are refused before they are sent, and the lane stays.

use std::sync::Arc;

use micro_core::{Body, Code, Metadata, Request, Route};

use super::{Seen, listing, serve, works};
use crate::http_client::{dial, request, soon};
use crate::http_server::options;

/// As much as a peer takes in one frame.
const MAX_HEADER: usize = 64 * 1024;

#[tokio::test]
async fn what_a_peer_does_not_take_ends_its_call_and_not_the_lane() {
    let seen = Arc::new(Seen::default());
    let connection = dial(serve(seen.clone(), &options()).await, &listing(&["lane/1"])).await;
    let mut long = request("{}");
    long.head.route = Route::new("greeter", &"x".repeat(MAX_HEADER));
    let mut shared = Metadata::new();
    shared.insert("large", "x".repeat(MAX_HEADER)).unwrap();
    let mut large = request("{}");
    large.head.metadata = shared.with_base();
    let mut shared = Metadata::new();
    (0..1_025).for_each(|_| shared.append("a", "").unwrap());
    let mut many = request("{}");
    many.head.metadata = shared.with_base();
    for call in [long, large, many] {
        // What is sent again would get a number.
        for _ in 0..3 {
            let again = || Request::new(call.head.clone(), Body::One("{}".into()));
            let error = soon(connection.dispatch(again())).await.unwrap_err();
            assert_eq!((error.code(), error.reached()), (Code::ResourceExhausted, false), "{error}");
            assert!(error.detail().contains("see `max_header`"), "{error}");
        }
    }
    works(&connection).await;
    assert_eq!(seen.count(), 1);
}
