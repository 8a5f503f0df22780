//! `hash`: which keys move, how even it is, and that all processes agree.

use std::collections::BTreeMap;

use micro_core::{Address, Code, Outcome};
use micro_registry::{Node, Service};
use micro_selector::{Filter, Hash, Hint, Selector, Snapshot};

const KEYS: usize = 10_000;

fn nodes(ids: impl IntoIterator<Item = usize>) -> Snapshot {
    let mut service = Service::new("s", "1");
    for id in ids {
        let address = Address::new(&format!("127.0.0.1:{}", 1000 + id)).unwrap();
        service.nodes.push(Node::new(format!("s-{id}"), address));
    }
    Snapshot::from_services(None, &[service])
}

fn of<'a>(nodes: &'a Snapshot, hint: &Hint<'_>) -> &'a str {
    let pick = Hash::new().pick(nodes, hint).unwrap();
    let node = &nodes.nodes[pick.index()];
    pick.done(Outcome::Ok);
    &node.record.id
}

/// Which node each key goes to.
fn placed(nodes: &Snapshot, hint: &Hint<'_>) -> Vec<String> {
    (0..KEYS).map(|key| of(nodes, &hint.with_key(&format!("user-{key}"))).to_owned()).collect()
}

fn counts(placed: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for id in placed {
        *counts.entry(id.as_str()).or_default() += 1;
    }
    counts
}

/// How many keys are elsewhere than before, of which all were or are on the node that went or came.
fn moved(before: &[String], after: &[String], node: &str) -> usize {
    let moved = before.iter().zip(after).filter(|(before, after)| before != after).collect::<Vec<_>>();
    for (from, to) in &moved {
        assert!(*from == node || *to == node, "a key moved from {from} to {to} though only {node} changed");
    }
    moved.len()
}

#[test]
fn all_processes_and_versions_agree() {
    // Written down once: to change these would move all keys of all users.
    let nodes = nodes(0..5);
    let expected = [
        ("", "s-2"),
        ("user-1", "s-2"),
        ("user-2", "s-3"),
        ("user-3", "s-0"),
        ("ключ", "s-2"),
        ("0123456789", "s-0"),
    ];
    let chosen = expected.map(|(key, _)| (key, of(&nodes, &Hint::new("S.Call").with_key(key))));
    assert_eq!(chosen, expected);
}

#[test]
fn what_belongs_on_one_node_waits_there() {
    let nodes = nodes(0..5);
    let hint = Hint::new("S.Call");
    let busy = |index| index % 2 == 0;
    assert_eq!(placed(&nodes, &hint.with_busy(&busy)), placed(&nodes, &hint));
}

#[test]
fn keys_are_spread_evenly_whatever_they_are() {
    for count in [2, 3, 10, 50] {
        let nodes = nodes(0..count);
        let placed = placed(&nodes, &Hint::new("S.Call"));
        let counts = counts(&placed);
        let fair = KEYS / count;
        let even = counts.values().all(|count| (fair * 2 / 3..fair * 3 / 2).contains(count));
        assert!(counts.len() == count && even, "{count} nodes: {counts:?}");
    }
}

#[test]
fn only_the_keys_of_a_node_that_goes_or_comes_move() {
    let hint = Hint::new("S.Call");
    let ten = placed(&nodes(0..10), &hint);
    let without = placed(&nodes((0..10).filter(|id| *id != 4)), &hint);
    let more = placed(&nodes(0..11), &hint);
    for (after, node) in [(without, "s-4"), (more, "s-10")] {
        let moved = moved(&ten, &after, node);
        assert!((KEYS / 20..KEYS / 5).contains(&moved), "{node}: {moved} of {KEYS} keys moved");
    }
}

#[test]
fn only_the_keys_of_a_node_that_may_not_be_picked_move() {
    let hint = Hint::new("S.Call");
    let nodes = nodes(0..10);
    let before = placed(&nodes, &hint);
    let filters = [Filter::custom(|node| *node.record.id != *"s-7")];
    moved(&before, &placed(&nodes, &hint.with_filters(&filters)), "s-7");
    let tried = ["s-5".into()];
    moved(&before, &placed(&nodes, &hint.with_tried(&tried)), "s-5");
    // One that rests gets them back.
    nodes.nodes[3].pick(3).done(Outcome::Failed { code: Code::Unavailable, reached: false });
    let key = before.iter().position(|id| id == "s-3").unwrap();
    let key = format!("user-{key}");
    assert_ne!(of(&nodes, &hint.with_key(&key)), "s-3");
    nodes.nodes[3].pick(3).done(Outcome::Ok);
    assert_eq!(placed(&nodes, &hint), before);
}
