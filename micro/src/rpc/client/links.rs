use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};
use micro_core::{Address, Error, Result};
use micro_registry::Node;
use micro_selector::HealthOptions;
use micro_transport::{Connection, ConnectionState, DialOptions, Transport};

/// The links of a client: one to each address, however many services and nodes are there.
pub(super) struct Links {
    transport: Arc<dyn Transport>,
    options: DialOptions,
    health: HealthOptions,
    /// A link lives while somebody knows a node that is there.
    links: Mutex<HashMap<Address, Weak<Link>>>,
}

/// The link to one address: dialled when it is needed, and again when it is lost.
pub(super) struct Link {
    address: Address,
    options: DialOptions,
    connection: ArcSwapOption<Held>,
    /// What the last dial failed with; held while somebody dials.
    dialling: tokio::sync::Mutex<Option<Error>>,
    /// How many dials have failed.
    failures: AtomicU64,
}

/// A connection as one pointer, which is what can be swapped.
pub(super) struct Held(pub(super) Arc<dyn Connection>);

impl Links {
    pub(super) fn new(transport: Arc<dyn Transport>, options: DialOptions, health: HealthOptions) -> Self {
        Self { transport, options, health, links: Mutex::default() }
    }

    /// When the nodes behind them are left alone.
    pub(super) fn health(&self) -> &HealthOptions {
        &self.health
    }

    pub(super) fn transport_name(&self) -> &'static str {
        self.transport.name()
    }

    /// The link to a node that speaks these protocols.
    pub(super) fn to(&self, node: &Node, protocols: Vec<String>) -> Arc<Link> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = links.get(&node.address).and_then(Weak::upgrade)
            && link.options.protocols == protocols
        {
            return link;
        }
        links.retain(|_, link| link.strong_count() > 0);
        let mut options = self.options.clone();
        options.protocols = protocols;
        let link = Arc::new(Link {
            address: node.address.clone(),
            options,
            connection: ArcSwapOption::empty(),
            dialling: tokio::sync::Mutex::default(),
            failures: AtomicU64::new(0),
        });
        links.insert(node.address.clone(), Arc::downgrade(&link));
        link
    }
}

impl Link {
    /// The connection, if it takes calls.
    pub(super) fn ready(&self) -> Option<Arc<dyn Connection>> {
        let held = self.connection.load();
        let connection = &held.as_ref()?.0;
        (connection.state() == ConnectionState::Ready).then(|| connection.clone())
    }

    /// The connection, if there is one, as it is kept.
    pub(super) fn held(&self) -> Guard<Option<Arc<Held>>> {
        self.connection.load()
    }

    /// Whether a call would wait for others to end.
    pub(super) fn is_busy(&self) -> bool {
        self.ready().is_some_and(|connection| connection.is_busy())
    }

    /// The connection, dialled if need be: by one caller, while the others wait for how that ends.
    pub(super) async fn connected(&self, links: &Links) -> Result<Arc<dyn Connection>> {
        if let Some(connection) = self.ready() {
            return Ok(connection);
        }
        let failures = self.failures.load(Ordering::Acquire);
        let mut failure = self.dialling.lock().await;
        if let Some(connection) = self.ready() {
            return Ok(connection);
        }
        if self.failures.load(Ordering::Acquire) != failures
            && let Some(error) = &*failure
        {
            // Who waited for a dial shares its end: one after the other they would wait for ever.
            return Err(Error::new(error.code(), error.detail().to_owned()).not_reached());
        }
        match links.transport.dial(&self.address, &self.options).await {
            Ok(connection) => {
                *failure = None;
                self.connection.store(Some(Arc::new(Held(connection.clone()))));
                Ok(connection)
            }
            Err(error) => {
                let error = error.not_reached();
                *failure = Some(Error::new(error.code(), error.detail().to_owned()));
                self.failures.fetch_add(1, Ordering::Release);
                Err(error)
            }
        }
    }
}

impl Debug for Links {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Links")
            .field("transport", &self.transport.name())
            .field("addresses", &links.len())
            .finish_non_exhaustive()
    }
}

// A dial that takes the whole of its time must leave some of a call's.
const _: () = assert!(
    Duration::as_secs(&crate::defaults::DIAL_TIMEOUT) < Duration::as_secs(&crate::defaults::REQUEST_TIMEOUT)
);
