use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use micro_core::{Address, Error, Result};

use super::port::Port;
use crate::ListenOptions;

/// The host of an address that names none.
const HOST: &str = "memory";

/// Who listens where.
#[derive(Default)]
pub(super) struct Network(Mutex<Places>);

#[derive(Default)]
struct Places {
    ports: HashMap<Address, Arc<Port>>,
    /// The number of the last address that was made up, so that one is not used again soon.
    last: u16,
    /// How often somebody dialled: callers are numbered, as handlers see their addresses.
    dialled: u64,
}

impl Network {
    /// Who listens at `to`, and the caller's own address.
    pub(super) fn find(&self, to: &Address) -> Result<(Arc<Port>, Address)> {
        let mut places = self.lock();
        let Some(port) = places.ports.get(&named(to)).cloned() else {
            return Err(Error::unavailable(format!("nobody listens at `{to}` in this process's memory"))
                .with_id("micro.transport.memory")
                .not_reached());
        };
        places.dialled += 1;
        Ok((port, Address::new(&format!("caller-{}", places.dialled))?))
    }

    /// Takes an address: `at`, the first free one of its range of ports, or any for port 0.
    pub(super) fn take(&self, at: &Address, options: &ListenOptions) -> Result<Arc<Port>> {
        let mut places = self.lock();
        let wanted = named(at);
        let address = match wanted.ports() {
            None => Some(wanted).filter(|address| places.is_free(address)),
            Some(ports) if *ports.end() == 0 => places.any(&wanted),
            Some(mut ports) => {
                ports.find_map(|port| Some(wanted.with_port(port)).filter(|address| places.is_free(address)))
            }
        };
        let Some(address) = address else {
            return Err(Error::unavailable(format!("address `{at}` is taken in this process's memory"))
                .with_id("micro.transport.memory")
                .not_reached());
        };
        let port = Port::new(address.clone(), options.clone());
        places.ports.insert(address, port.clone());
        Ok(port)
    }

    /// Gives an address back, unless somebody else has it by now.
    pub(super) fn give_back(&self, port: &Arc<Port>) {
        let mut places = self.lock();
        if places.ports.get(port.address()).is_some_and(|taken| Arc::ptr_eq(taken, port)) {
            places.ports.remove(port.address());
        }
    }

    /// Nothing that runs under the lock leaves it half done.
    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn is_free(&self, address: &Address) -> bool {
        !self.ports.contains_key(address)
    }

    /// The next free port of a host.
    fn any(&mut self, wanted: &Address) -> Option<Address> {
        for _ in 0..u16::MAX {
            self.last = self.last.checked_add(1).unwrap_or(1);
            let address = wanted.with_port(self.last);
            if self.is_free(&address) {
                return Some(address);
            }
        }
        None
    }
}

/// An address with a host: `:80` is `memory:80`.
fn named(address: &Address) -> Address {
    match (address.host(), address.ports()) {
        ("", Some(ports)) => {
            let ports = if ports.start() == ports.end() {
                ports.start().to_string()
            } else {
                format!("{}-{}", ports.start(), ports.end())
            };
            Address::new(&format!("{HOST}:{ports}")).unwrap_or_else(|_| address.clone())
        }
        _ => address.clone(),
    }
}

impl Debug for Network {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut addresses: Vec<_> = self.lock().ports.keys().cloned().collect();
        addresses.sort();
        f.debug_tuple("Network").field(&addresses).finish()
    }
}
