//! Connections are cut at random instants: no handler runs twice for one call.

use std::net::TcpListener;
use std::time::Duration;

use micro::Result;
use micro_testing::{Cut, Faults, Load, Proxy, Seed};

use super::joined;
use crate::caller::Caller;
use crate::fleet::Fleet;
use crate::protocol::Protocol;
use crate::shown::Shown;

const CALLS: u64 = 10_000;

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let seed = Seed::new();
    let number = seed.number();
    let mut proxies = Vec::new();
    let mut options = Vec::new();
    for member in 0..3 {
        // Free until the process takes it: nobody else is given it as long as there are others.
        let target = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let proxy = Proxy::start_with(target, Seed::of(number.wrapping_add(member))).await?;
        let cut = [Cut::Reset, Cut::Close][usize::from(member == 1)];
        proxy.set(Faults::none().cut_within(Duration::from_millis(1)..Duration::from_millis(200), cut));
        options.push([format!("address={target}"), format!("advertise={}", proxy.address())]);
        proxies.push(proxy);
    }
    let options: Vec<_> = options.iter().map(|options| options.each_ref().map(String::as_str)).collect();
    let each: Vec<_> = options.iter().map(<[&str; 2]>::as_slice).collect();
    let fleet = Fleet::start(protocol, &["wait=1000"], &each).await?;
    let caller = Caller::new()?;
    caller.finds("desk", fleet.len()).await?;
    let account =
        joined(tokio::spawn(Load::new(1_000).run_by(Duration::from_millis(CALLS), caller.ask("Desk.Book"))))
            .await?;
    let cuts: u64 = proxies.iter().map(|proxy| proxy.traffic().cut).sum();
    let ledger = fleet.ledger()?;
    let findings = account.check(&ledger);
    let twice = ledger.executed_twice().len();

    let mut shown = Shown::default();
    shown.must(account.sent() as u64 >= CALLS, format!("{} calls", account.sent()));
    shown.must(cuts >= 100, format!("{cuts} connections cut (seed {number})"));
    shown.must(twice == 0, format!("{twice} handlers ran twice for one call, of {}", ledger.total()));
    shown.must(findings.is_clean(), findings.to_string());
    shown.note(format!("{account:#}"));
    Ok(shown)
}
