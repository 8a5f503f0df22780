//! A registry that is down and loses its data, flaps, or hangs; and mDNS without its interface: no call to a node that is
//! known is lost, and all services are listed again soon.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use micro::registry::{Memory, Registry};
use micro::{Client, Error, Result, Running, Service, Settings};
use micro_testing::registry::{Mode, Script, Scripted};
use micro_testing::{Account, Ledger, Load};
use tokio::time::sleep;

use super::joined;
use crate::caller::{Caller, ask_all, on};
use crate::desk::Desk;
use crate::fleet::Fleet;
use crate::protocol::Protocol;
use crate::shown::Shown;

const DESKS: [&str; 5] = ["desk-a", "desk-b", "desk-c", "desk-d", "desk-e"];
const TTL: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_secs(1);
/// TTL, and the longest pause between two attempts.
const BACK: Duration = Duration::from_secs(15);
/// How long everything is well before and after.
const AROUND: Duration = Duration::from_secs(3);
/// The interface of the namespace that is taken down. Calls go over loopback.
const INTERFACE: &str = "eth0";

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let mut shown = Shown::default();
    let flaps = 10;
    let scripts = [
        ("down for 3 TTL, and back with no data", Script::new().then(Mode::Down, 3 * TTL).forget(), 3 * TTL),
        ("flapping", Script::new().flap(flaps, TTL, TTL), TTL * 2 * flaps as u32),
        ("hanging for 3 TTL", Script::new().then(Mode::Hang, 3 * TTL), 3 * TTL),
    ];
    // Each has a registry, services and a caller of its own.
    let scripts = scripts.map(|(what, script, time)| scripted(protocol, what, script, time));
    for part in futures_util::future::try_join_all(scripts).await? {
        shown.merge(part);
    }
    interface(protocol, &mut shown).await?;
    Ok(shown)
}

/// Five services and a caller in this process, with a registry that does as the script says.
async fn scripted(protocol: Protocol, what: &str, script: Script, time: Duration) -> Result<Shown> {
    let mut shown = Shown::default();
    let memory = Arc::new(Memory::new());
    let registry = Scripted::over(memory.clone());
    let mut services = Vec::new();
    for name in DESKS {
        services.push(desk(name, protocol, &registry).await?);
    }
    let client = Service::new("caller")
        .settings(Settings::empty())
        .registry(Arc::new(registry.clone()))
        .build()?
        .client();
    let load = load(&client, time + 2 * AROUND);
    sleep(AROUND).await;
    registry.play(script).await?;
    registry.set(Mode::Up).await?;
    let listed = listed(&*memory).await;
    let account = load.await?;
    say(what, &account, listed, &mut shown);
    let mut same = 0;
    for service in services {
        let known = memory.get(service.name()).await?;
        let nodes = known.iter().flat_map(|known| &known.nodes);
        same += usize::from(nodes.map(|node| &node.id).eq([&service.node().id]));
        service.stop().await?;
    }
    shown
        .must(same == DESKS.len(), format!("{what}: {same} of {} are the nodes that they were", DESKS.len()));
    Ok(shown)
}

async fn desk(name: &str, protocol: Protocol, registry: &Scripted) -> Result<Running> {
    let desk = Desk {
        node: name.to_owned(),
        ledger: Ledger::new(),
        wait: Duration::from_millis(1),
        burn: Duration::ZERO,
        fails: false,
    };
    let running = Service::new(name)
        .settings(Settings::empty())
        .registry(Arc::new(registry.clone()))
        .address("127.0.0.1:0")
        .register_ttl(TTL)
        .register_interval(INTERVAL)
        .lame_duck(Duration::ZERO)
        .handle_signals(false)
        .limits(|limits| protocol.limit(&mut limits.protocols))
        .handle(desk)
        .start()
        .await?;
    running.registered().await;
    Ok(running)
}

/// Five processes, found by mDNS on an interface that is taken down.
async fn interface(protocol: Protocol, shown: &mut Shown) -> Result<()> {
    ip(&format!("link add {INTERFACE} type veth peer name cable"))?;
    ip(&format!("addr add 10.77.0.1/24 dev {INTERFACE}"))?;
    ip("link set cable up")?;
    ip(&format!("link set {INTERFACE} up"))?;
    let names = DESKS.map(|name| format!("name={name}"));
    let each = names.each_ref().map(|name| [name.as_str()]);
    let each = each.each_ref().map(<[&str; 1]>::as_slice);
    let ttl = format!("ttl={}", TTL.as_micros());
    let mut fleet = Fleet::start_on(INTERFACE, &[], protocol, &[&ttl, "wait=1000"], &each).await?;
    let caller = Caller::with(|service| service.settings(on(INTERFACE)))?;
    for name in DESKS {
        caller.finds(name, 1).await?;
    }
    let load = load(&caller.client, 3 * TTL + 2 * AROUND);
    sleep(AROUND).await;
    ip(&format!("link set {INTERFACE} down"))?;
    sleep(3 * TTL).await;
    ip(&format!("link set {INTERFACE} up"))?;
    let listed = listed(&*caller.registry()).await;
    let account = load.await?;
    say("mDNS, its interface down for 3 TTL", &account, listed, shown);
    let mut ended = 0;
    for turn in 0..fleet.len() {
        ended += usize::from(fleet.member(turn).process.ended()?.is_some());
    }
    shown.must(ended == 0, "nothing was restarted");
    Ok(())
}

fn load(client: &Client, time: Duration) -> impl Future<Output = Result<Account>> + use<> {
    // A row's worth of calls also where the trouble is short.
    let time = time.max(Duration::from_secs(21));
    joined(tokio::spawn(Load::new(1_000).run_by(time, ask_all(client.clone(), &DESKS, "Desk.Book"))))
}

fn say(what: &str, account: &Account, listed: Option<Duration>, shown: &mut Shown) {
    let lost = account.sent() - account.answered();
    shown.must(
        account.sent() >= 20_000 && lost == 0,
        format!("{what}: {lost} of {} calls lost", account.sent()),
    );
    let text = listed.map_or_else(|| "not".to_owned(), |time| format!("{time:.1?} later"));
    shown.must(listed.is_some(), format!("{what}: all services listed again: {text}"));
    shown.note(format!("{what}: {account:#}"));
}

/// How long it takes until all services are listed, if they are in time.
async fn listed(registry: &dyn Registry) -> Option<Duration> {
    let begun = Instant::now();
    while begun.elapsed() < BACK {
        let known = registry.list().await.unwrap_or_default();
        if DESKS.iter().all(|desk| known.iter().any(|name| name == desk)) {
            return Some(begun.elapsed());
        }
        sleep(Duration::from_millis(100)).await;
    }
    None
}

fn ip(arguments: &str) -> Result<()> {
    let done = Command::new("ip").args(arguments.split(' ')).output()?;
    if done.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&done.stderr);
    Err(Error::failed_precondition(format!("ip {arguments}: {why}")))
}
