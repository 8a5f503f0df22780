//! Calls over HTTP/1.1 that our own client gives up: their handlers hear of it at once, not after the time that those have
//! who only close their side.

use std::time::{Duration, Instant};

use micro_core::{Body, Head, Request, Route};
use micro_transport::{DialOptions, Http, Transport};

use super::app::App;
use super::{LONG, Server, options};

fn call(endpoint: &str) -> Request {
    let head = Head::new(Route::new("greeter", endpoint), micro_codec::JSON);
    Request::new(head, Body::One("{}".into()))
}

#[tokio::test]
async fn a_call_that_is_given_up_is_cancelled_at_once() {
    let app = App::new();
    let server = Server::with(options(), &app).await;
    let mut options = DialOptions::default();
    options.protocols = vec!["http/1.1".to_owned()];
    let connection = Http.dial(&server.address.into(), &options).await.unwrap();
    for round in 0..10 {
        // Once before its answer has begun, once in the middle of that.
        for endpoint in ["Test.Wait", "Test.Flood"] {
            let running = connection.dispatch(call(endpoint));
            let given_up = if endpoint == "Test.Wait" {
                let running = tokio::spawn(running);
                app.until_running(1).await;
                running.abort();
                assert!(running.await.unwrap_err().is_cancelled());
                Instant::now()
            } else {
                let response = tokio::time::timeout(LONG, running).await.expect("it hangs").unwrap();
                let Body::Stream(mut stream) = response.body else { panic!("no stream") };
                assert!(stream.frame().await.unwrap().is_ok());
                assert_eq!(app.running(), 1);
                drop(stream);
                Instant::now()
            };
            app.until_running(0).await;
            let took = given_up.elapsed();
            assert!(took < Duration::from_millis(400), "{endpoint}, round {round}: after {took:?}");
        }
    }
}
