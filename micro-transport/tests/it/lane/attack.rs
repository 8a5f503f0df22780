//! A server under attack.

use std::net::SocketAddr;

use micro_core::{Address, Body, Head, Request, Route};
use micro_transport::{Connection, DialOptions, Http, ListenOptions, Transport};

use super::wire::{Said, Wire, call};
use crate::hostile::siege::Siege;
use crate::http_server::app::App;
use crate::http_server::{LONG, options};

/// How many calls the servers here run at a time.
const CALLS: usize = 64;

/// Options of a server whose places are few enough to count.
pub(super) fn few() -> ListenOptions {
    let mut options = options();
    options.max_calls = CALLS;
    options
}

/// The same with places for so many calls as the others and one peer need.
pub(super) fn fewest() -> ListenOptions {
    let mut options = options();
    options.max_calls = 3;
    options
}

/// Runs an attack on a server: others are answered all the while, and nothing of it is left afterwards.
pub(super) async fn attack(attack: impl AsyncFnOnce(&Siege)) {
    attack_with(few(), attack).await;
}

pub(super) async fn attack_with(options: ListenOptions, attack: impl AsyncFnOnce(&Siege)) {
    let siege = Siege::with(options).await;
    {
        let lane = lane(siege.server.address).await;
        hello(&*lane).await;
        attack(&siege).await;
        hello(&*lane).await;
    }
    siege.lift().await;
}

async fn lane(address: SocketAddr) -> std::sync::Arc<dyn Connection> {
    let mut options = DialOptions::default();
    options.protocols = vec!["lane/1".to_owned()];
    Http.dial(&Address::from(address), &options).await.unwrap()
}

/// One of the others makes a call.
async fn hello(lane: &dyn Connection) {
    let head = Head::new(Route::new("greeter", "Greeter.Hello"), micro_codec::JSON);
    let call = lane.dispatch(Request::new(head, Body::One(r#"{"name":"Joe"}"#.into())));
    let answer = tokio::time::timeout(LONG, call).await.expect("others are not answered").unwrap();
    let Body::One(message) = answer.body else { panic!("no message") };
    assert_eq!(message, r#"{"msg":"Hello Joe"}"#);
}

/// All the places for calls that a server has are free: so many are taken, and one more is refused.
pub(crate) async fn full(address: SocketAddr, app: &App, places: usize) {
    let mut wire = Wire::open(address).await;
    let calls = (1..=places as u32).flat_map(|id| call(id, "Test.Wait", "{}")).collect::<Vec<_>>();
    assert!(wire.send(calls).await);
    app.until_running(places).await;
    let last = places as u32 + 1;
    assert!(wire.send(call(last, "Test.Wait", "{}")).await);
    match wire.said(last).await {
        Said::Failed(error) => assert_eq!(error.code(), micro_core::Code::ResourceExhausted, "{error}"),
        other => panic!("{other:?}"),
    }
    drop(wire);
    app.until_running(0).await;
}
