use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use micro_core::{Address, Error, Result};

use super::*;
use crate::Node;

/// Describes all nodes but those that are called `bad`; counts.
#[derive(Debug, Default)]
struct Stub(AtomicUsize);

#[async_trait]
impl Describe for Stub {
    async fn describe(&self, node: &Node, service: &str) -> Result<Service> {
        self.0.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        match &*node.id {
            "bad" => Err(Error::unavailable("refused")),
            "silent" => std::future::pending().await,
            "other" => Ok(Service::new("other", "1")),
            _ => Ok(Service::new(service, "1").with_endpoint(Endpoint::new("S.Call"))),
        }
    }
}

fn announcement(id: &str, more: u64) -> Announcement {
    let node = Node::new(id, Address::new("10.0.0.1:1").unwrap());
    let service = Service::new("s", "1").with_node(node);
    let mut announcement = Announcement::all(&service, Duration::from_secs(90), 1).remove(0);
    announcement.more = Some(more);
    announcement
}

fn stub() -> (Arc<Stub>, Describer) {
    let stub = Arc::new(Stub::default());
    (stub.clone(), Describer::new(Some(stub)))
}

#[tokio::test(start_paused = true)]
async fn one_node_is_asked_once_for_all_that_say_the_same() {
    let (stub, describer) = stub();
    let nodes = [announcement("a", 1), announcement("b", 1), announcement("c", 1)];
    let all = futures_util::future::join_all(nodes.iter().map(|node| describer.ask(node))).await;
    for (complete, node) in all.into_iter().zip(&nodes) {
        let complete = complete.unwrap();
        assert_eq!((complete.service.endpoints.len(), &complete.node), (1, &node.node));
        assert_eq!(describer.known(node), Some(complete));
    }
    assert_eq!(stub.0.load(Ordering::SeqCst), 1);
    // Other endpoints are another question.
    assert_eq!(describer.known(&announcement("a", 2)), None);
    assert!(describer.ask(&announcement("a", 2)).await.is_some());
    assert_eq!(stub.0.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_fails_is_left_alone_for_a_time_and_others_are_asked() {
    let (stub, describer) = stub();
    for bad in ["bad", "silent", "other"] {
        assert_eq!(describer.ask(&announcement(bad, 1)).await, None, "{bad}");
        let asked = stub.0.load(Ordering::SeqCst);
        assert_eq!(describer.ask(&announcement(bad, 1)).await, None);
        assert_eq!(stub.0.load(Ordering::SeqCst), asked, "{bad} was asked again at once");
        tokio::time::sleep(PAUSE).await;
        assert_eq!(describer.ask(&announcement(bad, 1)).await, None);
        assert_eq!(stub.0.load(Ordering::SeqCst), asked + 1, "{bad} was never asked again");
    }
    let versions = describer.versions(vec![announcement("bad", 1), announcement("good", 1)]).await;
    assert_eq!(versions.len(), 1);
    assert_eq!((versions[0].nodes.len(), versions[0].endpoints.len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn without_anybody_to_ask_endpoints_stay_unknown() {
    let describer = Describer::new(None);
    assert!(!describer.can_ask(&announcement("a", 1)));
    let versions = describer.versions(vec![announcement("a", 1)]).await;
    assert_eq!((versions[0].nodes.len(), versions[0].endpoints.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn descriptions_are_bounded() {
    let (_, describer) = stub();
    for more in 0..3_000 {
        assert!(describer.ask(&announcement("a", more)).await.is_some());
        assert!(lock(&describer.known).len() <= MEMORY);
    }
}
