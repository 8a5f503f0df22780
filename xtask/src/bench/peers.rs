//! The peers: a folder below `benches/peers` each, with a lock file of its own.

/// In which language a peer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Go,
}

/// A system that is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    /// Its folder.
    pub(super) name: &'static str,
    pub(super) language: Language,
    /// The packages whose versions are told.
    pub(super) packages: &'static [&'static str],
}

const fn rust(name: &'static str, packages: &'static [&'static str]) -> Peer {
    Peer { name, language: Language::Rust, packages }
}

const fn go(name: &'static str, packages: &'static [&'static str]) -> Peer {
    Peer { name, language: Language::Go, packages }
}

/// Ours.
pub(super) const MICRO: &str = "micro";

/// All of them.
pub(super) const PEERS: &[Peer] = &[
    rust(MICRO, &["micro", "tokio", "prost"]),
    rust("tonic", &["tonic", "hyper", "h2", "prost", "tokio"]),
    rust("tarpc", &["tarpc", "tokio"]),
    rust("hyper-http1", &["hyper", "serde_json", "tokio"]),
    rust("hyper-http2", &["hyper", "h2", "prost", "tokio"]),
    rust("volo-thrift", &["volo-thrift", "volo", "pilota", "tokio"]),
    rust("connectrpc", &["connectrpc", "buffa", "hyper", "h2", "tokio"]),
    rust("raw-tokio", &["tokio"]),
    go("go-micro", &["go-micro.dev/v5"]),
    go("grpc-go", &["google.golang.org/grpc", "google.golang.org/protobuf"]),
];

/// The peer of that name.
pub(super) fn peer(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == name)
}
