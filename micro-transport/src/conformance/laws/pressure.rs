use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;

use crate::conformance::endpoints::BIG;
use crate::conformance::running::{Running, SOON, route, within};
use crate::conformance::{Fixture, Promises};

/// How far a writer may be ahead of a reader that has stopped: in messages of 64 KiB, so 16 MiB.
const AHEAD: usize = 256;

/// Waits until `count` stands still, and returns it.
async fn stands_still(count: impl Fn() -> usize) -> usize {
    const STILL: u32 = 10;
    let (mut last, mut still) = (count(), 0);
    // A writer that nothing stops does not make it to the end of this.
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = count();
        still = if now == last { still + 1 } else { 0 };
        last = now;
        if still == STILL {
            return now;
        }
    }
    panic!("the writer is not stopped by a reader that has stopped: {last} messages of {BIG} bytes");
}

/// A caller that stops reading stops the handler, which goes on when the caller does.
pub async fn a_reader_that_stops_stops_the_handler(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let call = up.stream("Probe.Flood", Bytes::new());
    let mut receiver = call.await.expect("a stream");
    assert_eq!(receiver.next().await.expect("a message").expect("not the end").len(), BIG);
    let stopped = stands_still(|| up.probe.messages()).await;
    assert!(stopped <= AHEAD, "{stopped} messages of {BIG} bytes for one that was read");
    for _ in 0..stopped + 100 {
        let next = within(SOON, "a message after the pause", receiver.next()).await;
        assert_eq!(next.expect("a message").expect("not the end").len(), BIG);
    }
    assert!(up.probe.messages() >= stopped + 100, "the handler goes on");
    up.answers().await;
}

/// A handler that stops reading stops the caller's sender, which goes on when the handler does. Nothing is lost.
pub async fn a_handler_that_stops_stops_the_writer(promises: &Promises, fixture: &Fixture) {
    const ALL: usize = AHEAD + 200;
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let (mut sender, answer) = up.client().client_stream::<Bytes, Bytes>(route("Probe.HeldTotal"));
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let writer = tokio::spawn(async move {
        let message = Bytes::from(vec![b'x'; BIG]);
        for _ in 0..ALL {
            sender.send(message.clone()).await.expect("a stream that is read");
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    within(SOON, "the start of the handler", up.probe.until_running(1)).await;
    let stopped = stands_still(|| sent.load(Ordering::Relaxed)).await;
    assert!(stopped <= AHEAD, "{stopped} messages of {BIG} bytes for one that was read");
    assert!(!writer.is_finished());
    // A stream that is held up holds up no other call.
    within(SOON, "a call beside a stream that is held up", up.answers()).await;
    up.probe.open();
    assert_eq!(within(SOON * 2, "all of the stream", answer).await.expect("an answer"), ALL.to_string());
    writer.await.expect("no panic");
}
