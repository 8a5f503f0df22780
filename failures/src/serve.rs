//! One process of a service: `failures serve key=value ..`.

use std::time::Duration;

use micro::{Error, Result, Service};
use micro_testing::Ledger;

use crate::desk::Desk;
use crate::protocol::Protocol;

/// The line that a process prints when it listens and is registered.
pub(crate) const READY: &str = "READY";

pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<bool> {
    let mut arguments = arguments.peekable();
    let name = arguments.next_if(|first| first.starts_with("name="));
    let name = name.as_deref().and_then(|name| name.strip_prefix("name=")).unwrap_or("desk").to_owned();
    let mut service = Service::new(name.clone()).lame_duck(Duration::from_secs(2));
    let mut desk = Desk {
        node: String::new(),
        ledger: Ledger::new(),
        wait: Duration::ZERO,
        burn: Duration::ZERO,
        fails: false,
    };
    let mut workers = 1;
    for argument in arguments {
        let (key, value) = argument.split_once('=').unwrap_or((&argument, ""));
        let time = || {
            let time = value.parse().map(Duration::from_micros);
            time.map_err(|_| Error::invalid_argument(format!("`{argument}`: write microseconds")))
        };
        service = match key {
            "id" => {
                desk.node = format!("{name}-{value}");
                service.id(value)
            }
            "protocol" => {
                let protocol: Protocol = value.parse()?;
                service.limits(|limits| protocol.limit(&mut limits.protocols))
            }
            "address" => service.address(value),
            "advertise" => service.advertise(value),
            "drain" => service.drain(time()?),
            "ttl" => service.register_ttl(time()?).register_interval(time()? / 5),
            _ => {
                match key {
                    "ledger" => desk.ledger = Ledger::file(value)?,
                    "wait" => desk.wait = time()?,
                    "burn" => desk.burn = time()?,
                    "fails" => desk.fails = true,
                    "workers" => workers = value.parse().unwrap_or(1),
                    _ => return Err(Error::invalid_argument(format!("`{argument}` is not known"))),
                }
                service
            }
        };
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    runtime.block_on(async {
        let running = service.handle(desk).start().await?;
        running.registered().await;
        println!("{READY} {}", running.node().address);
        running.run().await
    })?;
    Ok(true)
}
