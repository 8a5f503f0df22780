//! The side of this project in the benches, through its public API as users have it: a service under `#[handler]` that is
//! found through a registry, a selector in the path, protobuf messages, and on every call a deadline and two pairs of
//! metadata of the client's own. One build and one configuration for all rows.

mod allocations;
mod caller;
mod parts;
mod service;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use bench_load::{Arguments, Peer, Result, Role, Target, Work};
use micro::registry::{Mdns, MdnsOptions, Memory, Registry};
use micro::transport::Placement;
use micro::{Service, Settings};

use caller::Caller;

/// This project.
struct Micro {
    /// Under callgrind every poll looks long, so where handlers are polled is fixed when calls are counted.
    placement: Placement,
    /// What all services of this process find each other by.
    registry: Arc<dyn Registry>,
    work: Work,
}

impl Micro {
    /// A service that finds the others.
    fn service(&self, name: &str) -> Service {
        Service::new(name).settings(Settings::empty()).registry(self.registry.clone()).handle_signals(false)
    }
}

/// The name that a server has, which tells it from others on this machine.
fn name(pid: u32) -> String {
    format!("bench-{pid}")
}

impl Peer for Micro {
    type Client = Caller;

    fn new(arguments: &Arguments) -> Result<Self> {
        // Two processes find each other as they do without any setting, but on this machine only.
        let registry: Arc<dyn Registry> = match arguments.role {
            Role::Both => Arc::new(Memory::new()),
            Role::Server | Role::Client | Role::Hold => {
                Arc::new(Mdns::new(MdnsOptions::default().with_interfaces(["lo"]))?)
            }
        };
        let placement = match arguments.role {
            Role::Both => Placement::InPlace,
            Role::Server | Role::Client | Role::Hold => Placement::Adaptive,
        };
        Ok(Self { placement, registry, work: arguments.work })
    }

    async fn serve(&self) -> Result<SocketAddr> {
        let name = name(std::process::id());
        let bench =
            self.service(&name).address("127.0.0.1:0").limits(|limits| limits.placement = self.placement);
        let running = bench.handle(service::Bench).start().await?;
        let address =
            running.addresses().first().ok_or("the service listens nowhere")?.to_string().parse()?;
        running.registered().await;
        tokio::spawn(running.run());
        Ok(address)
    }

    async fn connect(&self, target: Target) -> Result<Vec<Caller>> {
        let service = self.service("bench-client").dialling(|dial| dial.connections = target.connections);
        Ok(vec![Caller::new(&service.build()?, &name(target.pid), self.work).await?])
    }

    fn allocations() -> u64 {
        allocations::made()
    }
}

fn main() -> ExitCode {
    let words = std::env::args().skip(1).collect::<Vec<_>>();
    let [role, name, calls] = words.as_slice() else { return bench_load::main::<Micro>() };
    if role != "part" {
        return bench_load::main::<Micro>();
    }
    match parts::run(name, calls) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
