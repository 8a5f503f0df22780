use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use mdns_sd::{
    Error as MdnsError, IfKind, IfPredicate, MDNS_PORT, Receiver, ServiceDaemon, ServiceEvent, ServiceInfo,
    TxtProperty,
};
use micro_core::{Address, Error, Result};
use micro_net::Interface;
use socket2::{Domain, Socket, Type};
use tokio::time::{sleep, timeout};

use super::lock;
use super::selection::Selection;
use super::txt::Properties;

/// What services of ours are called in DNS.
pub(super) const KIND: &str = "_micro._tcp.local.";

/// How long a full queue of the daemon is waited for: 100 times 10 ms.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// How often the daemon looks which interfaces there are: every 2 s, which is less than the TTL of anybody.
const LOOK: u32 = 2;

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_millis(250);

/// The thread that speaks mDNS. Should it die, the next command starts another one.
pub(super) struct Daemon {
    selection: Selection,
    running: Mutex<Running>,
}

struct Running {
    daemon: ServiceDaemon,
    /// Counts the threads, so that of several who find one dead only the first replaces it.
    number: u64,
}

impl Daemon {
    /// # Errors
    /// `Unavailable` when the system gives no thread.
    pub(super) fn start(selection: Selection) -> Result<Self> {
        let running = Mutex::new(Running { daemon: spawn(&selection)?, number: 0 });
        Ok(Self { selection, running })
    }

    /// Tells the network of a node.
    pub(super) async fn announce(&self, label: &str, address: &Address, said: Properties) -> Result<()> {
        let info = info(label, address, said)?;
        self.command(|daemon| daemon.register(info.clone())).await
    }

    /// Tells the network that a node is gone: in our words, which count at once, and in those of DNS-SD, for others.
    pub(super) async fn withdraw(&self, label: &str, address: &Address, said: Properties) -> Result<()> {
        self.announce(label, address, said).await?;
        let done = self.command(|daemon| daemon.unregister(&full_name(label))).await?;
        // When the thread does not answer in time, the goodbye is still on its way.
        let _ = timeout(GOODBYE, done.recv_async()).await;
        Ok(())
    }

    /// Asks the network for nodes, and goes on asking.
    pub(super) async fn browse(&self) -> Result<Receiver<ServiceEvent>> {
        self.command(|daemon| daemon.browse(KIND)).await
    }

    /// Says goodbye for these nodes and ends the thread. Waits for both, shortly: whoever drops a registry may end the
    /// process next.
    pub(super) fn stop(&self, leaving: impl IntoIterator<Item = (String, Address, Properties)>) {
        let daemon = lock(&self.running).daemon.clone();
        for (label, address, said) in leaving {
            if let Ok(info) = info(&label, &address, said) {
                // The queue has room for 100; the rest leaves by the goodbye of DNS-SD that the end of the thread sends.
                let _ = daemon.register(info);
            }
        }
        // A full queue is worked off at once.
        for _ in 0..TRIES {
            match daemon.shutdown() {
                Ok(stopped) => {
                    let _ = stopped.recv_timeout(GOODBYE);
                    return;
                }
                Err(MdnsError::Again) => std::thread::sleep(Duration::from_millis(1)),
                Err(_) => return,
            }
        }
    }

    /// Whether there is a network to be heard on.
    ///
    /// # Errors
    /// `Unavailable` when none of the interfaces is up that are used.
    pub(super) fn connected(&self) -> Result<()> {
        match micro_net::interfaces() {
            Ok(there) if !self.selection.is_up(&there) => {
                Err(Error::unavailable("none of the network interfaces is up that mDNS uses"))
            }
            // What cannot be seen is left to the daemon.
            _ => Ok(()),
        }
    }

    pub(super) fn place(&self) -> String {
        self.selection.place(&micro_net::interfaces().unwrap_or_default())
    }

    async fn command<T>(&self, command: impl Fn(&ServiceDaemon) -> mdns_sd::Result<T>) -> Result<T> {
        for _ in 0..TRIES {
            let (daemon, number) = {
                let running = lock(&self.running);
                (running.daemon.clone(), running.number)
            };
            match command(&daemon) {
                Ok(done) => return Ok(done),
                Err(MdnsError::Again) => sleep(PAUSE).await,
                Err(MdnsError::DaemonShutdown) => self.replace(number)?,
                Err(error) => return Err(Error::internal(format!("mDNS refused a command: {error}"))),
            }
        }
        Err(Error::unavailable("mDNS: the daemon thread is too busy to take commands; try again"))
    }

    fn replace(&self, dead: u64) -> Result<()> {
        let mut running = lock(&self.running);
        if running.number == dead {
            tracing::warn!("mDNS: the daemon thread had ended and is started again");
            *running = Running { daemon: spawn(&self.selection)?, number: dead + 1 };
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn kill(&self) {
        lock(&self.running).daemon.shutdown().unwrap().recv().unwrap();
    }
}

fn spawn(selection: &Selection) -> Result<ServiceDaemon> {
    check_port()?;
    let failed = |error| Error::unavailable(format!("mDNS cannot be started: {error}"));
    let daemon = ServiceDaemon::new().map_err(failed)?;
    let selection = selection.clone();
    // It is asked again each time the daemon looks, so interfaces that come and go are used and left.
    let left_out = IfPredicate::new(move |found| {
        let interface = Interface::new(&found.name, found.ip());
        !selection.takes(&interface, || micro_net::interfaces().unwrap_or_default())
    });
    daemon.disable_interface(IfKind::Predicate(left_out)).map_err(failed)?;
    daemon.set_ip_check_interval(LOOK).map_err(failed)?;
    Ok(daemon)
}

/// The daemon says nothing when it gets no socket.
fn check_port() -> Result<()> {
    let bind = |domain: Domain, ip: IpAddr| -> std::io::Result<()> {
        let socket = Socket::new(domain, Type::DGRAM, None)?;
        socket.set_reuse_address(true)?;
        #[cfg(unix)]
        socket.set_reuse_port(true)?;
        if domain == Domain::IPV6 {
            socket.set_only_v6(true)?;
        }
        socket.bind(&SocketAddr::new(ip, MDNS_PORT).into())
    };
    let v4 = bind(Domain::IPV4, Ipv4Addr::UNSPECIFIED.into());
    let v6 = bind(Domain::IPV6, Ipv6Addr::UNSPECIFIED.into());
    match (v4, v6) {
        (Err(v4), Err(_)) => Err(Error::unavailable(format!(
            "mDNS cannot use UDP port {MDNS_PORT} ({v4}): another program has it for itself; end that, or choose another \
             registry"
        ))),
        _ => Ok(()),
    }
}

/// The DNS records of a node. Its address is in the TXT record: that of DNS would have to be one of the interfaces
/// that are used, and have no name.
fn info(label: &str, address: &Address, said: Properties) -> Result<ServiceInfo> {
    let said: Vec<TxtProperty> = said.into_iter().map(TxtProperty::from).collect();
    // A host name for each node: the goodbye of a node takes away that of its host, too.
    let host = format!("{label}.local.");
    let port = address.port().unwrap_or_default();
    let mut info = ServiceInfo::new(KIND, label, &host, "", port, said)
        .map_err(|error| Error::invalid_argument(format!("mDNS cannot hold the record: {error}")))?
        .enable_addr_auto();
    // Labels are unique, and a probe would take a second.
    info.set_requires_probe(false);
    Ok(info)
}

fn full_name(label: &str) -> String {
    format!("{label}.{KIND}")
}

/// The label in a name of ours.
pub(super) fn label_of(full_name: &str) -> Option<&str> {
    full_name.strip_suffix(KIND)?.strip_suffix('.')
}
