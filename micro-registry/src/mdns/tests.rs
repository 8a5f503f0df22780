use std::time::Duration;

use micro_core::Code;
use tokio::time::timeout;

use super::*;
use crate::{Event, Node};

fn on_loopback() -> Mdns {
    Mdns::new(MdnsOptions::default().with_interfaces(["lo"])).unwrap()
}

fn service(name: &str) -> Service {
    let name = format!("{name}-{:016x}", fastrand::u64(..));
    let node = Node::new(format!("{name}-1"), "127.0.0.1:9".parse().unwrap());
    Service::new(name, "latest").with_node(node)
}

#[tokio::test]
async fn a_daemon_that_dies_is_replaced_and_the_search_goes_on() {
    let (here, there) = (on_loopback(), on_loopback());
    let record = service("survivor");
    let name = record.name.clone();
    let mut watch = there.watch(Some(&name)).await.unwrap();
    assert_eq!(watch.next().await.unwrap(), Event::Synced);
    for dying in [&here, &there] {
        dying.shared.daemon.kill();
        // The loop that registers for ever.
        let registered = async {
            loop {
                here.register(&record, &RegisterOptions::default()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let found = async {
            while there.get(&name).await.is_err() {}
            assert_eq!(watch.next().await.unwrap(), Event::Put(record.clone()));
        };
        tokio::select! {
            () = registered => {}
            found = timeout(Duration::from_secs(20), found) => found.expect("found again"),
        }
        here.deregister(&record).await.unwrap();
        let gone = timeout(Duration::from_secs(20), watch.next()).await.expect("gone again").unwrap();
        assert!(matches!(gone, Event::Remove { .. }), "{gone:?}");
    }
}

#[test]
fn it_lives_through_the_end_of_the_runtime_of_its_first_call() {
    let registry = on_loopback();
    let record = service("movers");
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            registry.register(&record, &RegisterOptions::new(Duration::from_millis(200))).await.unwrap();
            let mut watch = registry.watch(Some(&record.name)).await.unwrap();
            // The driver runs in this runtime: it expires the node.
            while !matches!(
                timeout(Duration::from_secs(10), watch.next()).await.unwrap().unwrap(),
                Event::Remove { .. }
            ) {}
        });
    }
    let error = futures_util::FutureExt::now_or_never(registry.list()).unwrap().unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition, "{error}");
}

#[tokio::test]
async fn revisions_never_come_twice() {
    let registry = on_loopback();
    let mut revisions: Vec<_> = (0..1_000).map(|_| registry.shared.next_revision()).collect();
    assert!(revisions.is_sorted());
    revisions.dedup();
    assert_eq!(revisions.len(), 1_000);
}
