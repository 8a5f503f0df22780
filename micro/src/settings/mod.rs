//! [`Settings`]: what the operator decides, by flags and `MICRO_*` variables.

mod duration;
mod flags;
mod table;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

pub use self::table::{SETTINGS, Setting};
use micro_core::{Address, Error, Result};

/// What the operator decides: each is what a flag or a `MICRO_*` variable says, or `None`.
///
/// `Service::run` reads them once from the environment. What the code says wins over flags, flags win over variables,
/// and those over the [defaults](crate::defaults). [`SETTINGS`] has all names.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The registry, by name: `MICRO_REGISTRY`.
    pub registry: Option<String>,
    /// Where it is, or for mDNS on which interfaces: `MICRO_REGISTRY_ADDRESS`, parted by commas.
    pub registry_address: Vec<String>,
    /// The selector, by name: `MICRO_SELECTOR`.
    pub selector: Option<String>,
    /// The transport, by name: `MICRO_TRANSPORT`.
    pub transport: Option<String>,
    /// The client, by name: `MICRO_CLIENT`.
    pub client: Option<String>,
    /// The server, by name: `MICRO_SERVER`.
    pub server: Option<String>,
    /// The codec that the client writes with, by name: `MICRO_CODEC`.
    pub codec: Option<String>,
    /// The service's name: `MICRO_SERVER_NAME`.
    pub server_name: Option<String>,
    /// Its version: `MICRO_SERVER_VERSION`.
    pub server_version: Option<String>,
    /// What comes after its name in its node's id: `MICRO_SERVER_ID`.
    pub server_id: Option<String>,
    /// Where it listens: `MICRO_SERVER_ADDRESS`.
    pub server_address: Option<Address>,
    /// What it says its address is: `MICRO_SERVER_ADVERTISE`, a host or `host:port`.
    pub server_advertise: Option<String>,
    /// Facts about its node: `MICRO_SERVER_METADATA`, as `key=value` parted by commas.
    pub server_metadata: BTreeMap<String, String>,
    /// The most calls that run at a time: `MICRO_SERVER_MAX_RUNNING`.
    pub server_max_running: Option<usize>,
    /// The most calls that wait before a limit: `MICRO_SERVER_MAX_WAITING`; zero is none.
    pub server_max_waiting: Option<usize>,
    /// How long they wait at most: `MICRO_SERVER_MAX_WAIT`.
    pub server_max_wait: Option<Duration>,
    /// How long calls may wait for the processor before some are refused: `MICRO_SERVER_MAX_DELAY`; zero is for ever.
    pub server_max_delay: Option<Duration>,
    /// How long a registration lasts: `MICRO_REGISTER_TTL`.
    pub register_ttl: Option<Duration>,
    /// How often it is made again: `MICRO_REGISTER_INTERVAL`; zero is once.
    pub register_interval: Option<Duration>,
    /// A call's time: `MICRO_CLIENT_REQUEST_TIMEOUT`.
    pub client_request_timeout: Option<Duration>,
    /// How often a call is tried again: `MICRO_CLIENT_RETRIES`.
    pub client_retries: Option<u32>,
    /// The share of the calls to a service that may be tried again: 0.1 is a tenth.
    pub client_retry_budget: Option<f64>,
    /// The most sockets to one node: `MICRO_CLIENT_POOL_SIZE`.
    pub client_pool_size: Option<usize>,
    /// The most connections to one node, with many calls on each: `MICRO_CLIENT_CONNECTIONS`.
    pub client_connections: Option<usize>,
    /// How long an idle connection is kept: `MICRO_CLIENT_POOL_TTL`.
    pub client_pool_ttl: Option<Duration>,
}

impl Settings {
    /// Nothing decided, whatever the environment says: for tests.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// What the process's environment says.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument), with all mistakes at once.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(std::env::vars_os())
    }

    /// What these variables say. An empty one says nothing, as in go-micro; one that begins with `MICRO_` and is not
    /// known is logged.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_vars(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self> {
        let (settings, mistakes) = Self::read_vars(vars);
        mistakes.none().map(|()| settings)
    }

    /// What these variables say, and what is wrong with them.
    pub(crate) fn read_vars(vars: impl IntoIterator<Item = (OsString, OsString)>) -> (Self, Mistakes) {
        let mut settings = Self::empty();
        let mut mistakes = Mistakes::default();
        for (name, value) in vars {
            let Some(setting) = name.to_str().and_then(Setting::by_variable) else {
                if name.to_str().is_some_and(|name| name.starts_with("MICRO_")) {
                    tracing::warn!("{} is no setting, and is not read", name.display());
                }
                continue;
            };
            match value.to_str() {
                Some("") => {}
                Some(value) => mistakes.note(setting.variable, setting.set(&mut settings, value)),
                None => mistakes.note(setting.variable, Err("is not UTF-8".to_owned())),
            }
        }
        (settings, mistakes)
    }

    /// What these arguments of the command line say, and those that are not for `micro`, in their order. Flags are
    /// `--registry=mdns` or `--registry mdns`, with `_` or `-`; after `--` nothing is read. The first argument is the
    /// program's name.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument), with all mistakes at once.
    pub fn from_flags(args: impl IntoIterator<Item = OsString>) -> Result<(Self, Vec<OsString>)> {
        let (settings, rest, mistakes) = flags::read(args);
        mistakes.none().map(|()| (settings, rest))
    }

    /// What the flags of a command line say, and what is wrong with them.
    pub(crate) fn read_flags(args: impl IntoIterator<Item = OsString>) -> (Self, Mistakes) {
        let (settings, _, mistakes) = flags::read(args);
        (settings, mistakes)
    }

    /// These settings, and where they say nothing those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut server_metadata = other.server_metadata;
        server_metadata.extend(self.server_metadata);
        Self {
            registry: self.registry.or(other.registry),
            registry_address: first_filled(self.registry_address, other.registry_address),
            selector: self.selector.or(other.selector),
            transport: self.transport.or(other.transport),
            client: self.client.or(other.client),
            server: self.server.or(other.server),
            codec: self.codec.or(other.codec),
            server_name: self.server_name.or(other.server_name),
            server_version: self.server_version.or(other.server_version),
            server_id: self.server_id.or(other.server_id),
            server_address: self.server_address.or(other.server_address),
            server_advertise: self.server_advertise.or(other.server_advertise),
            server_metadata,
            server_max_running: self.server_max_running.or(other.server_max_running),
            server_max_waiting: self.server_max_waiting.or(other.server_max_waiting),
            server_max_wait: self.server_max_wait.or(other.server_max_wait),
            server_max_delay: self.server_max_delay.or(other.server_max_delay),
            register_ttl: self.register_ttl.or(other.register_ttl),
            register_interval: self.register_interval.or(other.register_interval),
            client_request_timeout: self.client_request_timeout.or(other.client_request_timeout),
            client_retries: self.client_retries.or(other.client_retries),
            client_retry_budget: self.client_retry_budget.or(other.client_retry_budget),
            client_pool_size: self.client_pool_size.or(other.client_pool_size),
            client_connections: self.client_connections.or(other.client_connections),
            client_pool_ttl: self.client_pool_ttl.or(other.client_pool_ttl),
        }
    }
}

fn first_filled<T>(first: Vec<T>, second: Vec<T>) -> Vec<T> {
    if first.is_empty() { second } else { first }
}

/// What is wrong with several settings, told at once.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Vec<String>);

impl Mistakes {
    /// Notes what is wrong with the setting `name`, if anything is.
    pub(crate) fn note(&mut self, name: &str, result: Result<(), String>) {
        if let Err(wrong) = result {
            self.0.push(format!("{name} {wrong}"));
        }
    }

    /// Takes the value, or notes its error.
    pub(crate) fn take<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.0.push(error.detail().to_owned())).ok()
    }

    /// Adds those of another source.
    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The error of all of them, if there are any.
    pub(crate) fn none(self) -> Result<()> {
        match self.0.len() {
            0 => Ok(()),
            1 => Err(Error::invalid_argument(self.0.concat())),
            count => {
                Err(Error::invalid_argument(format!("{count} settings are wrong: {}", self.0.join("; "))))
            }
        }
    }
}

#[cfg(test)]
mod tests;
