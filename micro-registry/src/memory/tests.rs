use std::time::Duration;

use micro_core::{Address, Code};
use tokio::time::{sleep, timeout};

use super::watch::QUEUE;
use super::*;
use crate::nodes::Nodes;
use crate::nodes::header;
use crate::{Event, Node};

fn service(name: &str, id: &str, port: u16) -> Service {
    let address = Address::new(&format!("127.0.0.1:{port}")).unwrap();
    Service::new(name, "latest").with_node(Node::new(id, address))
}

fn ttl(seconds: u64) -> RegisterOptions {
    RegisterOptions::new(Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn the_timer_runs_only_while_something_can_expire() {
    let memory = Memory::new();
    memory.register(&service("a", "a-1", 1), &ttl(0)).await.unwrap();
    assert!(memory.0.lock().timer.is_none());
    memory.register(&service("b", "b-1", 1), &ttl(90)).await.unwrap();
    memory.register(&service("b", "b-2", 1), &ttl(5)).await.unwrap();
    assert!(memory.0.lock().timer.is_some());
    let mut watch = memory.watch(Some("b")).await.unwrap();
    for _ in 0..3 {
        watch.next().await.unwrap();
    }
    // Nobody asks the registry: the watch alone tells, at the right time.
    let Event::Remove { node, .. } = timeout(Duration::from_secs(6), watch.next()).await.unwrap().unwrap()
    else {
        panic!("a removal was due");
    };
    assert_eq!(node.id, "b-2");
    sleep(Duration::from_secs(86)).await;
    assert_eq!(memory.list().await.unwrap(), ["a"]);
    assert!(memory.0.lock().timer.is_none());
}

#[tokio::test(start_paused = true)]
async fn registering_again_puts_the_end_off() {
    let memory = Memory::new();
    for _ in 0..10 {
        memory.register(&service("a", "a-1", 1), &ttl(10)).await.unwrap();
        sleep(Duration::from_secs(9)).await;
        assert_eq!(memory.get("a").await.unwrap().len(), 1);
    }
    sleep(Duration::from_secs(2)).await;
    assert_eq!(memory.get("a").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn nodes_expire_though_the_runtime_of_the_timer_is_gone() {
    let memory = Memory::new();
    let short = RegisterOptions::new(Duration::from_millis(20));
    let elsewhere = memory.clone();
    let other = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(elsewhere.register(&service("a", "a-1", 1), &short)).unwrap();
    });
    other.join().unwrap();
    sleep(Duration::from_millis(30)).await;
    assert_eq!(memory.get("a").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_watcher_that_lags_is_told_the_difference() {
    let memory = Memory::new();
    memory.register(&service("a", "stays", 1), &ttl(0)).await.unwrap();
    memory.register(&service("a", "goes", 1), &ttl(0)).await.unwrap();
    let mut watch = memory.watch(Some("a")).await.unwrap();
    for _ in 0..3 {
        watch.next().await.unwrap();
    }
    for port in 1..=u16::try_from(QUEUE * 3).unwrap() {
        memory.register(&service("a", "changes", port), &ttl(0)).await.unwrap();
    }
    memory.deregister(&service("a", "goes", 1)).await.unwrap();
    let mut nodes = Nodes::default();
    nodes.put(header(&Service::new("a", "latest")), service("a", "stays", 1).nodes.remove(0));
    nodes.put(header(&Service::new("a", "latest")), service("a", "goes", 1).nodes.remove(0));
    let mut told = 0;
    while let Ok(event) = timeout(Duration::from_millis(100), watch.next()).await {
        told += 1;
        match event.unwrap() {
            Event::Put(service) => drop(nodes.put(header(&service), service.nodes[0].clone())),
            Event::Remove { node, .. } => drop(nodes.remove(&node.id)),
            Event::Synced => panic!("told twice that it is synced"),
        }
    }
    assert_eq!(nodes.services(), memory.get("a").await.unwrap());
    assert!(told < QUEUE + 10, "{told} events were kept");
    // It is a watch as any other again.
    memory.register(&service("a", "new", 7), &ttl(0)).await.unwrap();
    assert_eq!(watch.next().await.unwrap(), Event::Put(service("a", "new", 7)));
}

#[tokio::test]
async fn a_watch_does_not_outlive_its_registry_nor_hold_it() {
    let memory = Memory::new();
    let mut watch = memory.watch(None).await.unwrap();
    assert_eq!(watch.next().await.unwrap(), Event::Synced);
    let waiting = tokio::spawn(async move { watch.next().await });
    tokio::task::yield_now().await;
    drop(memory);
    let error = timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_dropped_watch_is_forgotten() {
    let memory = Memory::new();
    let watches = [memory.watch(None).await.unwrap(), memory.watch(Some("a")).await.unwrap()];
    assert_eq!(memory.0.lock().feeds(), 2);
    drop(watches);
    assert_eq!(memory.0.lock().feeds(), 0);
}

#[tokio::test]
async fn what_cannot_be_registered_says_why() {
    let memory = Memory::new();
    for (service, why) in [
        (service("", "a-1", 1), "no name"),
        (service("a", "", 1), "no id"),
        (Service::new("a", "latest"), "no node"),
    ] {
        let error = memory.register(&service, &ttl(0)).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.detail().contains(why), "{error}");
    }
    let error = memory.get("nope").await.unwrap_err();
    assert_eq!(error.detail(), "service `nope` is not known to registry memory (this process)");
}
