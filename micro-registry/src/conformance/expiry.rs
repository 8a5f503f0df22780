use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::subject::{Subject, service, unique};
use crate::{RegisterOptions, Service};

/// Law 5: a node that is not registered again within its TTL is gone; the others stay.
///
/// # Panics
/// When the law does not hold.
pub async fn expired_is_gone(subject: &Subject) {
    let Some(ttl) = subject.promises.expiry else { return stays(subject).await };
    let name = unique("expires");
    let (lasting, short) = (service(&name, 4000), service(&name, 4001));
    subject.register(&lasting).await;
    register(subject, &short, ttl).await;
    subject.eventually("how many nodes are left", &1, async || nodes(subject, &name).await).await;
    // `eventually` may have looked before the node was seen at all: it is gone only if it stays away.
    sleep(ttl).await;
    subject.found(&name, std::slice::from_ref(&lasting)).await;
    subject.deregister(&lasting).await;
}

/// Law 5: a node that is registered again within its TTL stays.
///
/// # Panics
/// When the law does not hold.
pub async fn registering_again_renews(subject: &Subject) {
    let Some(ttl) = subject.promises.expiry else { return };
    let name = unique("renewed");
    let record = service(&name, 4002);
    register(subject, &record, ttl).await;
    let end = Instant::now() + 4 * ttl;
    let mut seen = 0;
    let mut longest = Duration::ZERO;
    let mut renewed = Instant::now();
    while Instant::now() < end {
        register(subject, &record, ttl).await;
        longest = longest.max(renewed.elapsed());
        renewed = Instant::now();
        let left = nodes(subject, &name).await;
        seen += left;
        // Before it was seen first it may be on its way; and a machine too busy to renew in time proves nothing.
        assert!(
            left == 1 || seen == 0 || longest.max(renewed.elapsed()) > ttl / 2,
            "a node was gone though it was renewed"
        );
        sleep(ttl / 10).await;
    }
    assert!(seen > 0, "the node was never seen");
    subject.deregister(&record).await;
}

/// Without the promise: a node stays, however short its TTL.
async fn stays(subject: &Subject) {
    let name = unique("stays");
    let record = service(&name, 4003);
    register(subject, &record, Duration::from_millis(10)).await;
    sleep(Duration::from_millis(200)).await;
    subject.found(&name, std::slice::from_ref(&record)).await;
    subject.deregister(&record).await;
}

async fn register(subject: &Subject, record: &Service, ttl: Duration) {
    if let Err(error) = subject.here.register(record, &RegisterOptions::new(ttl)).await {
        panic!("`{}` was not registered: {error}", record.name);
    }
}

async fn nodes(subject: &Subject, name: &str) -> usize {
    subject.find(name).await.iter().map(|service| service.nodes.len()).sum()
}
