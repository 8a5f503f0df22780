//! Networks of several machines, as network namespaces on this one: packets between them are dropped without a word.
//!
//! Linux, root, and the programs `unshare`, `nsenter`, `ip` and `iptables` (Debian packages util-linux, iproute2 and
//! iptables). Where something of that is missing, the error says what, and a test can say that it did not run.
//!
//! ```
//! use micro_testing::netns::Network;
//!
//! # fn main() -> micro::Result<()> {
//! let network = match Network::new() {
//!     Ok(network) => network,
//!     Err(why) => {
//!         eprintln!("NOT RUN: {why}");
//!         return Ok(());
//!     }
//! };
//! let (one, other) = (network.host()?, network.host()?);
//! let listener = other.enter(|| std::net::TcpListener::bind("0.0.0.0:4711"))?.unwrap();
//! let address = (other.address(), 4711);
//! assert!(one.enter(|| std::net::TcpStream::connect(address))?.is_ok());
//!
//! other.drop_packets()?;    // connections hang: nobody says that nobody is there
//! other.pass_packets()?;
//! other.down()?;            // its cable is pulled
//! other.up()?;
//! let inside = one.command("ip"); // a `Command`, for `Process::spawn`
//! # drop((listener, inside));
//! # Ok(())
//! # }
//! ```

mod namespace;

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use micro::{Error, Result};

use self::namespace::Namespace;

/// The interface of each host.
pub const INTERFACE: &str = "eth0";

/// A network that nothing outside of it can reach. It is gone when it and its hosts are dropped, or this process dies.
#[derive(Debug)]
pub struct Network {
    switch: Arc<Namespace>,
    hosts: AtomicU8,
}

/// A machine of a network: a namespace with loopback and [`INTERFACE`].
#[derive(Debug)]
pub struct Host {
    namespace: Namespace,
    /// The network stays while one of its hosts does.
    _switch: Arc<Namespace>,
    address: Ipv4Addr,
    drops: AtomicBool,
}

impl Network {
    /// A network without hosts.
    ///
    /// # Errors
    /// `FailedPrecondition` where none can be made; it says why.
    pub fn new() -> Result<Self> {
        let switch = Namespace::new()?;
        switch.run("ip", "link add switch type bridge")?;
        switch.run("ip", "link set switch up")?;
        Ok(Self { switch: Arc::new(switch), hosts: AtomicU8::new(0) })
    }

    /// Another host, which all others of the network reach. A network has room for 250.
    ///
    /// # Errors
    /// `ResourceExhausted` when it is full, `FailedPrecondition` when the host cannot be made.
    pub fn host(&self) -> Result<Host> {
        let number = self
            .hosts
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |hosts| (hosts < 250).then_some(hosts + 1));
        let number = number.map_err(|_| Error::resource_exhausted("a network has room for 250 hosts"))? + 1;
        let namespace = Namespace::new()?;
        let address = Ipv4Addr::new(10, 77, 0, number);
        let cable = format!("link add port{number} type veth peer name {INTERFACE} netns {}", namespace.id());
        self.switch.run("ip", &cable)?;
        self.switch.run("ip", &format!("link set port{number} master switch up"))?;
        namespace.run("ip", "link set lo up")?;
        namespace.run("ip", &format!("addr add {address}/24 dev {INTERFACE}"))?;
        namespace.run("ip", &format!("link set {INTERFACE} up"))?;
        Ok(Host { namespace, _switch: Arc::clone(&self.switch), address, drops: AtomicBool::new(false) })
    }
}

impl Host {
    /// Its address in the network.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// A program that runs on this host. The process is the program itself: signals that are sent to it arrive there.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        self.namespace.command(program)
    }

    /// Does something on this host, in a thread of its own: sockets that are opened there are the host's, wherever they
    /// are used then, and so are those of threads that it starts, as those of a tokio runtime that is built there.
    ///
    /// # Errors
    /// `FailedPrecondition` when the host cannot be entered.
    pub fn enter<T: Send>(&self, act: impl FnOnce() -> T + Send) -> Result<T> {
        self.namespace.enter(act)
    }

    /// Drops all packets between this host and others from now on, both ways, without a word to anybody.
    ///
    /// # Errors
    /// `FailedPrecondition` when `iptables` is missing or does not work here.
    pub fn drop_packets(&self) -> Result<()> {
        if self.drops.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        self.rules("-I")
    }

    /// Lets packets pass again.
    ///
    /// # Errors
    /// `FailedPrecondition` when `iptables` does not work.
    pub fn pass_packets(&self) -> Result<()> {
        if self.drops.swap(false, Ordering::Relaxed) { self.rules("-D") } else { Ok(()) }
    }

    /// Takes its interface down, which the host sees.
    ///
    /// # Errors
    /// `FailedPrecondition` when `ip` does not work.
    pub fn down(&self) -> Result<()> {
        self.namespace.run("ip", &format!("link set {INTERFACE} down"))
    }

    /// Brings its interface up again.
    ///
    /// # Errors
    /// `FailedPrecondition` when `ip` does not work.
    pub fn up(&self) -> Result<()> {
        self.namespace.run("ip", &format!("link set {INTERFACE} up"))
    }

    /// Inserts or deletes the rules that drop.
    fn rules(&self, action: &str) -> Result<()> {
        // With -w it waits for others that change rules at the same time.
        self.namespace.run("iptables", &format!("-w 10 {action} INPUT -i {INTERFACE} -j DROP"))?;
        self.namespace.run("iptables", &format!("-w 10 {action} OUTPUT -o {INTERFACE} -j DROP"))
    }
}
