//! The default client and server under the laws of their traits, over memory and over HTTP.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use micro::registry::Memory;
use micro::transport::{DialOptions, ListenOptions, Transport};
use micro::{Address, Call, Dispatch, Request, Service, Settings};
use micro_core::conformance::{caller, server};

fn memory() -> Arc<dyn Transport> {
    Arc::new(micro::transport::Memory::new())
}

fn http() -> Arc<dyn Transport> {
    Arc::new(micro::transport::Http)
}

/// What a law gave to be served, as a service's fallback: it has endpoints of its own.
struct App(Arc<dyn Dispatch>);

impl Dispatch for App {
    fn dispatch(&self, request: Request) -> Call {
        self.0.dispatch(request)
    }
}

fn rpc_client(
    transport: &Arc<dyn Transport>,
    address: &str,
    name: &'static str,
    app: Arc<dyn Dispatch>,
) -> caller::Subject {
    let registry = Arc::new(Memory::new());
    let service = |name| {
        Service::new(name)
            .settings(Settings::empty())
            .registry(registry.clone())
            .transport(transport.clone())
            .address(address)
            .lame_duck(Duration::ZERO)
            .handle_signals(false)
    };
    let client = service("law").build().unwrap().client();
    let served = service(name).fallback(App(app));
    caller::Subject::new(client.caller().clone(), move || async move {
        let running = served.start().await.unwrap();
        running.registered().await;
        running
    })
}

micro_core::caller_conformance_tests!(
    rpc_client_over_memory,
    caller::Promises::new(micro_codec::JSON),
    |name, app| ready(rpc_client(&memory(), ":0", name, app))
);

micro_core::caller_conformance_tests!(
    rpc_client_over_http,
    caller::Promises::new(micro_codec::JSON),
    |name, app| ready(rpc_client(&http(), "127.0.0.1:0", name, app))
);

fn rpc_server(transport: Arc<dyn Transport>, free: &'static str) -> server::Subject {
    let listening = transport.clone();
    let make = move |address: Option<&Address>| {
        let address = address.map_or(free, Address::as_str);
        let mut listen = ListenOptions::default();
        listen.formats = micro::formats();
        Arc::new(micro::rpc::RpcServer::at(listening.clone(), Address::new(address).unwrap(), listen))
            as Arc<dyn micro::Server>
    };
    server::Subject::new(make, move |address| {
        let transport = transport.clone();
        async move {
            let mut dial = DialOptions::default();
            dial.protocols = vec!["h2".to_owned()];
            Ok(Arc::new(transport.dial(&address, &dial).await?) as Arc<dyn Dispatch>)
        }
    })
}

micro_core::server_conformance_tests!(
    rpc_server_over_memory,
    server::Promises::new(micro_codec::JSON),
    || async { rpc_server(memory(), ":0") }
);

micro_core::server_conformance_tests!(
    rpc_server_over_http,
    server::Promises::new(micro_codec::JSON),
    || async { rpc_server(http(), "127.0.0.1:0") }
);
