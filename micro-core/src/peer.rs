use crate::Address;

/// Who is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Its address, as the transport sees it.
    pub address: Address,
    /// Ours, that it connected to.
    pub local: Option<Address>,
    /// What the connection speaks: `http/1.1`, `h2`, `lane`, `memory`.
    pub protocol: &'static str,
}

impl Peer {
    /// A peer at `address`, spoken to in `protocol`.
    #[must_use]
    pub fn new(address: Address, protocol: &'static str) -> Self {
        Self { address, local: None, protocol }
    }

    /// The same, with our own address.
    #[must_use]
    pub fn with_local(self, local: Address) -> Self {
        Self { local: Some(local), ..self }
    }
}
