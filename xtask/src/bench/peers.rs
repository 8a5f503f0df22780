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

/// Ours.
pub(super) const MICRO: &str = "micro";

/// All of them.
pub(super) const PEERS: &[Peer] = &[
    rust(MICRO, &["micro", "tokio", "prost"]),
    rust("tonic", &["tonic", "hyper", "h2", "prost", "tokio"]),
    rust("raw-tokio", &["tokio"]),
];

/// The peer of that name.
pub(super) fn peer(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == name)
}
