//! [`Plugins`]: which registry, selector, transport, codec, client and server a name stands for.
//!
//! Features say what is compiled, names say what runs, and code wins over both. [`builtin`] is the whole table; add
//! your own with the methods of [`Plugins`] and hand it to `Service::plugins`.

mod builtin;
mod parts;
mod table;

use std::sync::Arc;

use micro_core::{Caller, Format, Result, Server};
use micro_registry::Registry;
use micro_selector::Selector;
use micro_transport::Transport;

pub use self::builtin::builtin;
pub use self::parts::{ClientParts, RegistryParts, ServerParts};
pub(crate) use self::table::Table;
use crate::Settings;

/// Names, and what makes the things that they stand for.
#[derive(Clone, Debug)]
pub struct Plugins {
    pub(crate) registries: Table<Make<RegistryParts, Arc<dyn Registry>>>,
    pub(crate) selectors: Table<Make<Settings, Arc<dyn Selector>>>,
    pub(crate) transports: Table<Make<Settings, Arc<dyn Transport>>>,
    pub(crate) codecs: Table<Make<Settings, Format>>,
    pub(crate) clients: Table<Make<ClientParts, Arc<dyn Caller>>>,
    pub(crate) servers: Table<Make<ServerParts, Arc<dyn Server>>>,
}

/// Makes a `T` of the parts that it needs.
pub(crate) type Make<P, T> = dyn Fn(&P) -> Result<T> + Send + Sync;

impl Plugins {
    /// No names at all.
    #[must_use]
    pub fn none() -> Self {
        Self {
            registries: Table::new("registry"),
            selectors: Table::new("selector"),
            transports: Table::new("transport"),
            codecs: Table::new("codec"),
            clients: Table::new("client"),
            servers: Table::new("server"),
        }
    }

    /// Adds a registry; a name that is there already stands for the new one.
    #[must_use]
    pub fn registry(
        mut self,
        name: &str,
        make: impl Fn(&RegistryParts) -> Result<Arc<dyn Registry>> + Send + Sync + 'static,
    ) -> Self {
        self.registries.add(name, &[], Arc::new(make));
        self
    }

    /// Adds a selector.
    #[must_use]
    pub fn selector(
        mut self,
        name: &str,
        make: impl Fn(&Settings) -> Result<Arc<dyn Selector>> + Send + Sync + 'static,
    ) -> Self {
        self.selectors.add(name, &[], Arc::new(make));
        self
    }

    /// Adds a transport.
    #[must_use]
    pub fn transport(
        mut self,
        name: &str,
        make: impl Fn(&Settings) -> Result<Arc<dyn Transport>> + Send + Sync + 'static,
    ) -> Self {
        self.transports.add(name, &[], Arc::new(make));
        self
    }

    /// Adds a codec, under its own name.
    #[must_use]
    pub fn codec(mut self, format: Format) -> Self {
        self.codecs.add(format.name(), &[], Arc::new(move |_: &Settings| Ok(format)));
        self
    }

    /// Adds a client.
    #[must_use]
    pub fn client(
        mut self,
        name: &str,
        make: impl Fn(&ClientParts) -> Result<Arc<dyn Caller>> + Send + Sync + 'static,
    ) -> Self {
        self.clients.add(name, &[], Arc::new(make));
        self
    }

    /// Adds a server.
    #[must_use]
    pub fn server(
        mut self,
        name: &str,
        make: impl Fn(&ServerParts) -> Result<Arc<dyn Server>> + Send + Sync + 'static,
    ) -> Self {
        self.servers.add(name, &[], Arc::new(make));
        self
    }
}

/// The built-in table.
impl Default for Plugins {
    fn default() -> Self {
        builtin()
    }
}
