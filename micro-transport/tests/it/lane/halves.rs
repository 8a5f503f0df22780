//! Many calls that come together.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use micro_core::{Address, Call, Dispatch, Error, Request, Response, Shutdown};
use micro_transport::{Http, Placement, Transport};

use super::wire::{Wire, call};
use crate::http_server::{LONG, options};

/// Answers at once, but for `Test.Block`, which keeps its thread until it is let go.
struct Blocking(Mutex<Receiver<()>>);

impl Dispatch for Blocking {
    fn dispatch(&self, request: Request) -> Call {
        if request.head.route.endpoint() == "Test.Block" {
            let go = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if go.recv_timeout(LONG).is_err() {
                return Call::ready(Err(Error::internal("nobody let it go")));
            }
        }
        Call::ready(Ok(Response::new(request.body)))
    }
}

/// A server whose thread may be kept: whoever calls it has another one.
fn serve(app: Blocking, stop: Shutdown) -> (SocketAddr, JoinHandle<()>) {
    let (told, address) = channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut options = options();
            options.placement = Placement::InPlace;
            let listener = Http.listen(&Address::new("127.0.0.1:0").unwrap(), &options).await.unwrap();
            told.send(listener.addresses()[0].socket().unwrap()).unwrap();
            listener.serve(Arc::new(app), stop).await.unwrap();
        });
    });
    (address.recv_timeout(LONG).unwrap(), thread)
}

#[tokio::test]
async fn half_of_the_answers_go_out_before_the_other_half_is_made() {
    let (let_go, go) = channel();
    let stop = Shutdown::new();
    let (address, server) = serve(Blocking(Mutex::new(go)), stop.clone());

    let mut wire = Wire::open(address).await;
    let mut calls = (1..64).flat_map(|id| call(id, "Test.Echo", "once")).collect::<Vec<_>>();
    calls.extend(call(64, "Test.Block", "last"));
    assert!(wire.send(calls).await);
    for id in 1..=32 {
        assert_eq!(wire.answered(id).await, b"once");
    }
    let_go.send(()).unwrap();
    for id in 33..64 {
        assert_eq!(wire.answered(id).await, b"once");
    }
    assert_eq!(wire.answered(64).await, b"last");

    drop(wire);
    stop.fire();
    server.join().unwrap();
}
