use std::time::Duration;

use micro_core::Code;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::subject::{Subject, is, node, service, unique};
use crate::{Event, RegisterOptions, Removal, Service, Watch};

/// Law 6: a watch tells what is there, then that it has told all.
///
/// # Panics
/// When the law does not hold.
pub async fn watch_tells_what_is_there(subject: &Subject) {
    if !subject.promises.watch {
        return refuses(subject).await;
    }
    let name = unique("there");
    let records = [service(&name, 5000), service(&name, 5001), service(&name, 5002)];
    for record in &records {
        subject.register(record).await;
    }
    let all = Service {
        nodes: records.iter().flat_map(|record| record.nodes.clone()).collect(),
        ..records[0].clone()
    };
    subject.found(&name, std::slice::from_ref(&all)).await;
    let mut watch = subject.watch(Some(&name)).await;
    let mut told = Vec::new();
    loop {
        match next(subject, &mut watch).await {
            Event::Put(service) => {
                assert_eq!(service.nodes.len(), 1, "an event has one node: {service:?}");
                told.push(service);
            }
            Event::Synced => break,
            event => panic!("law 6: nothing has changed yet: {event:?}"),
        }
    }
    told.sort_by(|a, b| a.nodes[0].address.cmp(&b.nodes[0].address));
    assert_eq!(told, records, "law 6: not all, or not only, of what is there was told");
    // A name that nobody has is told to be empty.
    let mut nobody = subject.watch(Some(&unique("nobody"))).await;
    assert_eq!(next(subject, &mut nobody).await, Event::Synced);
    subject.deregister(&all).await;
}

/// Law 6: a watch tells of nodes that come, change and go.
///
/// # Panics
/// When the law does not hold.
pub async fn watch_tells_changes(subject: &Subject) {
    if !subject.promises.watch {
        return;
    }
    let name = unique("changes");
    let mut watch = synced(subject, Some(&name)).await;
    let mut record = service(&name, 5003);
    record.nodes[0].metadata.insert("zone".to_owned(), "a".to_owned());
    subject.register(&record).await;
    assert_eq!(next(subject, &mut watch).await, Event::Put(record.clone()));
    record.nodes[0].address = node(&name, 5004).address;
    record.nodes[0].metadata.insert("zone".to_owned(), "b".to_owned());
    subject.register(&record).await;
    assert_eq!(next(subject, &mut watch).await, Event::Put(record.clone()));
    // The same again is no change.
    subject.register(&record).await;
    subject.deregister(&record).await;
    let removed = next(subject, &mut watch).await;
    let Event::Remove { service, version, node, why } = removed else { panic!("no removal: {removed:?}") };
    assert_eq!((service, version, &node), (name, record.version.clone(), &record.nodes[0]));
    assert_ne!(why, Removal::Expired, "law 9: the node was deregistered");
}

/// Law 9: a watch does not say of a node that has expired that it was deregistered.
///
/// # Panics
/// When the law does not hold.
pub async fn watch_tells_why(subject: &Subject) {
    let Some(ttl) = subject.promises.expiry.filter(|_| subject.promises.watch) else { return };
    let name = unique("why");
    let record = service(&name, 5021);
    let mut watch = synced(subject, Some(&name)).await;
    if let Err(error) = subject.here.register(&record, &RegisterOptions::new(ttl)).await {
        panic!("`{name}` was not registered: {error}");
    }
    assert_eq!(next(subject, &mut watch).await, Event::Put(record));
    tokio::time::sleep(ttl).await;
    let removed = next(subject, &mut watch).await;
    let Event::Remove { why, .. } = removed else { panic!("no removal: {removed:?}") };
    assert_ne!(why, Removal::Deregistered, "law 9: the node has expired");
}

/// Law 6: the events of one node come in order, so that the last one tells how it is.
///
/// # Panics
/// When the law does not hold.
pub async fn watch_tells_in_order(subject: &Subject) {
    if !subject.promises.watch {
        return;
    }
    let name = unique("order");
    let mut watch = synced(subject, Some(&name)).await;
    let mut record = service(&name, 5005);
    for round in 0..5_u16 {
        record.nodes[0].address = node(&name, 5100 + round).address;
        subject.register(&record).await;
        assert_eq!(next(subject, &mut watch).await, Event::Put(record.clone()), "round {round}");
        subject.deregister(&record).await;
        let event = next(subject, &mut watch).await;
        assert!(
            matches!(&event, Event::Remove { node, .. } if *node == record.nodes[0]),
            "round {round}: {event:?}"
        );
    }
}

/// Law 6: a watch of one name tells of no other.
///
/// # Panics
/// When the law does not hold.
pub async fn watch_of_one(subject: &Subject) {
    if !subject.promises.watch {
        return;
    }
    let name = unique("one");
    let others = [service(&format!("{name}-2"), 5006), service(&unique("other"), 5007)];
    subject.register(&others[0]).await;
    subject.found(&others[0].name, &others[..1]).await;
    let mut watch = subject.watch(Some(&name)).await;
    assert_eq!(next(subject, &mut watch).await, Event::Synced);
    subject.register(&others[1]).await;
    subject.found(&others[1].name, &others[1..]).await;
    let record = service(&name, 5008);
    subject.register(&record).await;
    assert_eq!(next(subject, &mut watch).await, Event::Put(record.clone()));
    for record in others.iter().chain([&record]) {
        subject.deregister(record).await;
    }
}

/// Law 6: a watch of all tells of every name.
///
/// # Panics
/// When the law does not hold.
pub async fn watch_of_all(subject: &Subject) {
    if !subject.promises.watch {
        return;
    }
    let common = unique("all");
    let records =
        (0..3).map(|number| service(&format!("{common}.{number}"), 5010 + number)).collect::<Vec<_>>();
    subject.register(&records[0]).await;
    subject.found(&records[0].name, &records[..1]).await;
    let mut watch = subject.watch(None).await;
    let mut told = Vec::new();
    let mut synced = false;
    let mut registered = false;
    // Others may be on the same network: their events are not looked at.
    while told.len() < 3 {
        match next(subject, &mut watch).await {
            Event::Put(service) if service.name.starts_with(&common) => {
                assert!(synced || service.name == records[0].name, "told before it was there: {service:?}");
                told.push(service);
            }
            Event::Synced => {
                assert!(!synced, "law 6: synced twice");
                synced = true;
            }
            _ => {}
        }
        if synced && !registered {
            registered = true;
            assert_eq!(told, records[..1], "law 6: synced before all was told");
            subject.register(&records[1]).await;
            subject.register(&records[2]).await;
        }
    }
    told.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(told, records);
    for record in &records {
        subject.deregister(record).await;
    }
}

/// Law 8: dropping a watch ends it: what ran for it runs no more, and the registry goes on.
///
/// # Panics
/// When the law does not hold.
pub async fn dropped_watch_ends(subject: &Subject) {
    if !subject.promises.watch {
        return;
    }
    let name = unique("dropped");
    let record = service(&name, 5020);
    subject.register(&record).await;
    subject.found(&name, std::slice::from_ref(&record)).await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    // What the first watch starts for good is not counted.
    drop(synced(subject, Some(&name)).await);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let before = tasks();
    for round in 0..32 {
        let mut watch = subject.watch(if round % 2 == 0 { Some(&name) } else { None }).await;
        if round % 4 < 2 {
            // Dropped while somebody waits for its next event.
            let _ = timeout(Duration::from_millis(1), async { while watch.next().await.is_ok() {} }).await;
        }
    }
    subject.eventually("whether tasks of watches are left", &false, async || tasks() > before).await;
    let mut watch = synced(subject, Some(&name)).await;
    subject.deregister(&record).await;
    assert!(matches!(next(subject, &mut watch).await, Event::Remove { .. }));
}

/// Without the promise: the error says that it cannot be done, not that it failed.
async fn refuses(subject: &Subject) {
    match subject.there.watch(None).await {
        Ok(_) => panic!("it can be watched, and does not promise it"),
        Err(error) => {
            is(&error, Code::Unimplemented);
            assert!(!error.detail().is_empty(), "the error does not say why it cannot be watched");
        }
    }
}

/// A watch that has told what was there.
async fn synced(subject: &Subject, name: Option<&str>) -> Box<dyn Watch> {
    let mut watch = subject.watch(name).await;
    while next(subject, &mut watch).await != Event::Synced {}
    watch
}

async fn next(subject: &Subject, watch: &mut Box<dyn Watch>) -> Event {
    match timeout(subject.promises.settled, watch.next()).await {
        Ok(Ok(event)) => event,
        Ok(Err(error)) => panic!("the watch was lost: {error}"),
        Err(_) => panic!("law 6: no event within {:?}", subject.promises.settled),
    }
}
