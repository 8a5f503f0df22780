use micro_core::Address;

use super::*;
use crate::{Node, Service};

const TTL: Duration = Duration::from_secs(10);

fn announcement(id: &str, port: u16, revision: u64) -> Announcement {
    let node = Node::new(id, Address::new(&format!("10.0.0.1:{port}")).unwrap());
    Announcement::all(&Service::new("s", "1").with_node(node), TTL, revision).remove(0)
}

fn told(changes: &mut mpsc::Receiver<Change>) -> Vec<String> {
    std::iter::from_fn(|| changes.try_recv().ok())
        .map(|change| match change {
            Change::Put(put) => format!("+{} {}", put.node.id, put.node.address.port().unwrap()),
            Change::Remove(removed, why) => format!("-{} {why:?}", removed.node.id),
        })
        .collect()
}

fn after(start: Instant, millis: u64) -> Instant {
    start + Duration::from_millis(millis)
}

#[test]
fn a_new_revision_is_a_sign_of_life_and_an_echo_is_none() {
    let (mut table, start) = (Table::default(), Instant::now());
    let (_, mut changes) = table.watch(Some("s"));
    table.hear("a", announcement("n", 1, 1), start);
    table.hear("a", announcement("n", 1, 1), after(start, 5_000));
    assert_eq!(table.next_end(), Some(start + TTL));
    table.hear("a", announcement("n", 1, 2), after(start, 6_000));
    assert_eq!(table.next_end(), Some(after(start, 16_000)));
    assert!(table.expire(after(start, 15_999)).is_empty());
    assert_eq!(table.named("s").len(), 1);
    table.expire(after(start, 16_000));
    assert_eq!(told(&mut changes), ["+n 1", "-n Expired"]);
    assert_eq!((table.named("s").len(), table.names().len(), table.next_end()), (0, 0, None));
}

#[test]
fn the_dead_stay_dead_until_they_register_again() {
    let (mut table, start) = (Table::default(), Instant::now());
    table.hear("a", announcement("n", 1, 1), start);
    table.expire(start + TTL);
    // A daemon that tells an old record again, for any reason of its own.
    table.hear("a", announcement("n", 1, 1), after(start, 11_000));
    assert!(table.names().is_empty());
    table.hear("a", announcement("n", 1, 2), after(start, 12_000));
    assert_eq!(table.names(), ["s"]);
}

#[test]
fn goodbyes_count_at_once_and_old_packets_do_not_undo_them() {
    let (mut table, start) = (Table::default(), Instant::now());
    let (_, mut changes) = table.watch(None);
    table.hear("a", announcement("n", 1, 1), start);
    table.leave("a", Removal::Deregistered, after(start, 10));
    table.hear("a", announcement("n", 1, 1), after(start, 20));
    table.leave("other", Removal::Deregistered, after(start, 20));
    assert_eq!(told(&mut changes), ["+n 1", "-n Deregistered"]);
    // It comes back under a new label, and the late goodbye of the old one does not matter.
    table.hear("b", announcement("n", 2, 3), after(start, 30));
    table.leave("a", Removal::Deregistered, after(start, 40));
    table.lose("a", after(start, 5_000));
    assert_eq!(told(&mut changes), ["+n 2"]);
}

#[test]
fn what_dns_has_lost_may_come_back_as_it_was() {
    let (mut table, start) = (Table::default(), Instant::now());
    let (_, mut changes) = table.watch(None);
    table.hear("a", announcement("n", 1, 1), start);
    table.lose("a", after(start, 2_000));
    assert!(table.named("s").is_empty());
    assert_eq!(told(&mut changes), ["+n 1", "-n Unknown"]);
    table.hear("a", announcement("n", 1, 1), after(start, 2_500));
    assert_eq!(table.named("s").len(), 1);
}

#[test]
fn a_node_is_there_once_whatever_its_labels() {
    let (mut table, start) = (Table::default(), Instant::now());
    let (_, mut changes) = table.watch(Some("s"));
    table.hear("a", announcement("n", 1, 1), start);
    table.hear("b", announcement("n", 2, 2), start);
    table.hear("a", announcement("n", 1, 1), start);
    assert_eq!(table.named("s"), [announcement("n", 2, 2)]);
    assert_eq!(told(&mut changes), ["+n 1", "+n 2"]);
    table.hear("b", announcement("n", 2, 3), start);
    assert!(told(&mut changes).is_empty(), "nothing has changed");
    let mut newer = announcement("n", 2, 4);
    newer.service = Service::new("s", "2").into();
    table.hear("b", newer, start);
    assert_eq!(told(&mut changes), ["-n Deregistered", "+n 2"]);
}

#[test]
fn own_nodes_are_known_better_here() {
    let (mut table, start) = (Table::default(), Instant::now());
    table.register("a", announcement("n", 1, 1), start);
    table.hear("a", announcement("n", 9, 9), start);
    table.leave("a", Removal::Deregistered, start);
    table.lose("a", after(start, 5_000));
    assert_eq!(table.named("s"), [announcement("n", 1, 1)]);
    table.hear("x", announcement("m", 1, 1), start);
    assert_eq!(table.own().count(), 1);
    table.deregister(&("s".into(), "m".into()), Removal::Deregistered, start);
    assert_eq!(table.named("s").len(), 2, "it is not ours");
    table.deregister(&("s".into(), "n".into()), Removal::Deregistered, start);
    // What the network still echoes of it.
    table.hear("a", announcement("n", 1, 1), start);
    assert_eq!(table.named("s"), [announcement("m", 1, 1)]);

    table.register("b", announcement("n", 1, 2), start);
    let over = table.expire(start + TTL);
    assert_eq!(over.iter().map(|known| &*known.label).collect::<Vec<_>>(), ["b"]);
    // It is there until it has said goodbye.
    assert_eq!(table.named("s"), [announcement("n", 1, 2)]);
}

#[test]
fn a_watcher_that_is_too_slow_is_lost_and_does_not_hold_others_up() {
    let (mut table, start) = (Table::default(), Instant::now());
    let (_, mut slow) = table.watch(None);
    let (_, mut other) = table.watch(Some("s2"));
    for revision in 0..=u64::try_from(QUEUE).unwrap() {
        table.hear("a", announcement("n", u16::try_from(revision).unwrap(), revision + 1), start);
    }
    assert_eq!(told(&mut slow).len(), QUEUE);
    assert_eq!(slow.try_recv().unwrap_err(), mpsc::error::TryRecvError::Disconnected);
    assert_eq!(other.try_recv().unwrap_err(), mpsc::error::TryRecvError::Empty);
    assert_eq!(table.watchers.len(), 1);
}

#[test]
fn strangers_cannot_fill_the_memory() {
    let (mut table, start) = (Table::default(), Instant::now());
    for number in 0..MAX_NODES + 10 {
        table.hear(&format!("l{number}"), announcement(&format!("n{number}"), 1, 1), start);
    }
    assert_eq!(table.nodes.len(), MAX_NODES);
    // Those of this process are always taken.
    table.register("own", announcement("own", 1, 1), start);
    assert_eq!(table.own().count(), 1);
    table.expire(start + TTL);
    table.deregister(&("s".into(), "own".into()), Removal::Deregistered, start + TTL);
    assert_eq!((table.nodes.len(), table.labels.len()), (0, 0));
    table.expire(start + TTL + MEMORY);
    assert!(table.graves.is_empty());
}
