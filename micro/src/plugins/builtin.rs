use std::sync::Arc;

use super::Plugins;
use crate::rpc::{RpcClient, RpcServer};

/// All that `micro` brings, by name. What is not compiled in is named too, with the feature that it needs.
#[must_use]
pub fn builtin() -> Plugins {
    let mut plugins = Plugins::none();

    let registries = &mut plugins.registries;
    registries.add("memory", &[], Arc::new(|_| Ok(Arc::new(micro_registry::Memory::new()))));
    #[cfg(feature = "mdns")]
    registries.add("mdns", &[], Arc::new(|parts| Ok(Arc::new(mdns(parts)?))));
    #[cfg(not(feature = "mdns"))]
    registries.needs("mdns", "mdns");

    let selectors = &mut plugins.selectors;
    // go-micro calls its default, a random choice over cached registry answers, by these names too.
    selectors.add(
        "random",
        &["default", "registry", "cache"],
        Arc::new(|_| Ok(Arc::new(micro_selector::Random::new()))),
    );
    selectors.add("roundrobin", &[], Arc::new(|_| Ok(Arc::new(micro_selector::RoundRobin::new()))));
    selectors.add("leastconn", &[], Arc::new(|_| Ok(Arc::new(micro_selector::LeastConn::new()))));
    selectors.add("p2c", &[], Arc::new(|_| Ok(Arc::new(micro_selector::P2c::new()))));
    selectors.add("hash", &[], Arc::new(|_| Ok(Arc::new(micro_selector::Hash::new()))));

    let transports = &mut plugins.transports;
    transports.add("memory", &[], Arc::new(|_| Ok(Arc::new(micro_transport::Memory::new()))));
    #[cfg(feature = "http")]
    transports.add("http", &[], Arc::new(|_| Ok(Arc::new(micro_transport::Http))));
    #[cfg(not(feature = "http"))]
    transports.needs("http", "http");

    let codecs = &mut plugins.codecs;
    #[cfg(feature = "json")]
    codecs.add("json", &["application/json"], Arc::new(|_| Ok(micro_codec::JSON)));
    #[cfg(not(feature = "json"))]
    codecs.needs("json", "json");
    #[cfg(feature = "protobuf")]
    codecs.add("protobuf", &["proto", "application/protobuf"], Arc::new(|_| Ok(micro_codec::PROTOBUF)));
    #[cfg(not(feature = "protobuf"))]
    codecs.needs("protobuf", "protobuf");
    #[cfg(feature = "msgpack")]
    codecs.add("msgpack", &["application/msgpack"], Arc::new(|_| Ok(micro_codec::MSGPACK)));
    #[cfg(not(feature = "msgpack"))]
    codecs.needs("msgpack", "msgpack");
    codecs.add("raw", &["bytes", "application/octet-stream"], Arc::new(|_| Ok(micro_codec::RAW)));

    // go-micro calls its RPC, and so its client and server, mucp.
    plugins.clients.add("rpc", &["mucp", "http"], Arc::new(|parts| Ok(Arc::new(RpcClient::new(parts)))));
    plugins.servers.add("rpc", &["mucp", "http"], Arc::new(|parts| Ok(Arc::new(RpcServer::new(parts)))));

    plugins
}

#[cfg(feature = "mdns")]
fn mdns(parts: &super::RegistryParts) -> micro_core::Result<micro_registry::Mdns> {
    let options = micro_registry::MdnsOptions::default()
        .with_interfaces(parts.settings.registry_address.clone())
        .with_describe(parts.describe.clone());
    micro_registry::Mdns::new(options)
}
