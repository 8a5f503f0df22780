use std::sync::Arc;

use micro_core::Address;

use crate::{DialOptions, ListenOptions, Transport};

/// A transport under test, and how it is used.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) at: Address,
    pub(super) dial: DialOptions,
    pub(super) listen: ListenOptions,
}

impl Fixture {
    /// A transport, and the address to listen at: one that many tests can listen at in the same moment (`127.0.0.1:0`).
    ///
    /// # Panics
    /// For what is no address.
    #[must_use]
    pub fn new(transport: impl Transport, at: &str) -> Self {
        Self {
            transport: Arc::new(transport),
            at: Address::new(at).expect("an address to listen at"),
            dial: DialOptions::default(),
            listen: ListenOptions::default(),
        }
    }

    /// Changes how it is dialled.
    #[must_use]
    pub fn dialling(mut self, change: impl FnOnce(&mut DialOptions)) -> Self {
        change(&mut self.dial);
        self
    }

    /// Changes how it listens. The formats are the suite's own.
    #[must_use]
    pub fn listening(mut self, change: impl FnOnce(&mut ListenOptions)) -> Self {
        change(&mut self.listen);
        self
    }
}
