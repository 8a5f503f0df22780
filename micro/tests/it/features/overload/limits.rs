//! Limits on how many calls run at a time, and the queue before them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use micro::{Code, Result};

use super::{Fixture, Over, SOON, busy};
use crate::features::log::Log;

const ALL: [Over; 3] = [Over::Http1, Over::Http2, Over::Lane];

/// What a call is answered whose reader has to come back.
fn assert_overloaded<T: std::fmt::Debug>(answer: Result<T>) -> Duration {
    let error = answer.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::ResourceExhausted, "OVERLOADED"), "{error:?}");
    assert!(!error.reached(), "{error:?}");
    let hint = error.retry_after().expect("it says when to come back");
    assert!((Duration::from_millis(10)..=Duration::from_secs(10)).contains(&hint), "{hint:?}");
    hint
}

#[tokio::test]
async fn as_many_run_as_may_and_not_one_more() -> Result<()> {
    for over in ALL {
        let busy = Fixture::start(over, |service| service.max_running(3).max_waiting(1000, SOON)).await?;
        for answer in join_all((0..60).map(|_| busy.nap(5))).await {
            answer?;
        }
        assert_eq!(busy.seen.most.load(Ordering::SeqCst), 3, "{over:?}");
        busy.until("running", 1).await?;
        assert_eq!((busy.stat("waiting").await?, busy.stat("refused").await?), (0, 0));
    }
    Ok(())
}

#[tokio::test]
async fn what_finds_no_room_is_refused_with_a_hint() -> Result<()> {
    for over in ALL {
        let busy = Fixture::start(over, |service| service.max_running(1).max_waiting(0, SOON)).await?;
        let held = busy.hold("a");
        busy.until("running", 2).await?;
        assert_overloaded(busy.nap(0).await);
        // Whoever watches a process sees that it is well.
        assert_eq!(busy.stat("refused").await?, 1);
        let health: serde_json::Value =
            busy.client.call(("busy", "Debug.Health"), serde_json::json!({})).await?;
        assert_eq!(health["status"], "ok");
        busy.let_go(1);
        assert_eq!(held.await.unwrap()?, "a");
        busy.until("running", 1).await?;
        busy.nap(0).await?;
        assert_eq!(busy.held(), ["a"]);
    }
    Ok(())
}

#[tokio::test]
async fn who_is_refused_before_any_call_has_ended_is_not_told_to_come_back_at_once() -> Result<()> {
    let busy = Fixture::start(Over::Http2, |service| service.max_running(1).max_waiting(0, SOON)).await?;
    let held = busy.hold("a");
    busy.until("running", 2).await?;
    // Nobody knows yet how long calls take.
    assert_eq!(assert_overloaded(busy.nap(0).await), Duration::from_millis(100));
    busy.let_go(1);
    held.await.unwrap()?;
    Ok(())
}

#[tokio::test]
async fn the_log_has_a_line_when_an_overload_begins_and_one_when_it_is_over() -> Result<()> {
    for (of, setting) in [("service `busy`", "max_running"), ("endpoint `Busy.Hold`", "max_running_of")] {
        let (log, _guard) = Log::begin();
        let busy = Fixture::start(Over::Http2, |service| {
            let service = service.max_waiting(0, SOON);
            if setting == "max_running" {
                service.max_running(1)
            } else {
                service.max_running_of("Busy.Hold", 1)
            }
        })
        .await?;
        for _ in 0..2 {
            let held = busy.hold("a");
            busy.until("running", 2).await?;
            for _ in 0..10 {
                assert_overloaded(busy.hold("b").await.unwrap());
            }
            busy.let_go(1);
            held.await.unwrap()?;
            // It is over when nobody was refused for a second, which is seen as the next call ends.
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            busy.let_go(1);
            busy.hold("c").await.unwrap()?;
            busy.until("running", 1).await?;
        }
        let text = log.text();
        let lines = text.lines().filter(|line| line.contains("overloaded")).collect::<Vec<_>>();
        let begins = format!(
            "{of} is overloaded: more than 1 calls come at a time (see `{setting}`), and some are refused"
        );
        let over = format!("{of} is not overloaded any more; 10 calls were refused in ");
        assert_eq!(lines.len(), 4, "{text}");
        for (line, (level, said)) in
            lines.iter().zip([("WARN", &begins), ("INFO", &over)].into_iter().cycle())
        {
            assert!(line.contains(level) && line.contains(said), "{line}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn who_waits_when_the_service_stops_is_told_that_nothing_has_happened() -> Result<()> {
    for over in [Over::Http1, Over::Http2, Over::Lane, Over::Memory] {
        let busy = Fixture::start(over, |service| {
            service.max_running(2).max_waiting(1000, SOON).drain(Duration::from_millis(200))
        })
        .await?;
        let calls = (0..20).map(|number| busy.hold(&number.to_string())).collect::<Vec<_>>();
        busy.until("waiting", 18).await?;
        busy.running.stop().await?;
        let ran = busy.seen.held.lock().unwrap().clone();
        assert_eq!(ran.len(), 2, "{over:?}: none has its turn because others are ended");
        for (number, call) in calls.into_iter().enumerate() {
            let error = call.await.unwrap().unwrap_err();
            assert_eq!(
                (error.code(), error.reason()),
                (Code::Unavailable, "STOPPING"),
                "{over:?}: {error:?}"
            );
            assert_eq!(error.reached(), ran.contains(&number.to_string()), "{over:?}: {error:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn in_a_queue_that_stays_the_newest_is_next_and_the_oldest_makes_room() -> Result<()> {
    let busy = Fixture::start(Over::Http2, |service| service.max_running(1).max_waiting(3, SOON)).await?;
    let first = busy.hold("first");
    busy.until("running", 2).await?;
    let mut waiting = Vec::new();
    for (count, name) in [(1, "a"), (2, "b"), (3, "c")] {
        waiting.push(busy.hold(name));
        busy.until("waiting", count).await?;
    }
    // Longer than a queue is served in its order.
    tokio::time::sleep(Duration::from_millis(150)).await;
    waiting.push(busy.hold("d"));
    assert_overloaded(waiting.remove(0).await.unwrap());
    busy.until("waiting", 3).await?;
    busy.let_go(4);
    first.await.unwrap()?;
    for held in waiting {
        held.await.unwrap()?;
    }
    assert_eq!(busy.held(), ["first", "d", "c", "b"]);
    Ok(())
}

#[tokio::test]
async fn what_expires_or_is_given_up_in_the_queue_never_runs() -> Result<()> {
    for over in ALL {
        let busy = Fixture::start(over, |service| service.max_running(1).max_waiting(10, SOON)).await?;
        let first = busy.hold("first");
        busy.until("running", 2).await?;

        let short = busy.client.clone().with_timeout(Duration::from_millis(100));
        let late = short.call::<_, String>(("busy", "Busy.Hold"), "late".to_owned()).await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded, "{late:?}");
        let given_up = busy.hold("given up");
        busy.until("waiting", 1).await?;
        given_up.abort();
        // Its place is free at once, and not when its turn comes.
        busy.until("waiting", 0).await?;

        busy.let_go(2);
        first.await.unwrap()?;
        busy.hold("last").await.unwrap()?;
        assert_eq!(busy.held(), ["first", "last"], "{over:?}");
    }
    Ok(())
}

#[tokio::test]
async fn nobody_waits_for_longer_than_is_said() -> Result<()> {
    let busy = Fixture::start(Over::Http2, |service| {
        service.max_running(1).max_waiting(10, Duration::from_millis(50))
    })
    .await?;
    let first = busy.hold("first");
    busy.until("running", 2).await?;
    assert_overloaded(busy.nap(0).await);
    busy.let_go(1);
    first.await.unwrap()?;
    assert_eq!(busy.stat("refused").await?, 1);
    Ok(())
}

#[tokio::test]
async fn the_limit_of_an_endpoint_leaves_room_to_the_others() -> Result<()> {
    let busy = Fixture::start(Over::Http2, |service| {
        service.max_running(2).max_running_of("Busy.Hold", 1).max_waiting(10, SOON)
    })
    .await?;
    let held: Vec<_> = ["a", "b", "c"].map(|name| busy.hold(name)).into();
    busy.until("waiting", 2).await?;
    // Those that wait for their turn at `hold` take up no place of the service.
    for _ in 0..20 {
        busy.nap(1).await?;
    }
    assert_eq!(busy.held().len(), 1);
    busy.let_go(3);
    for held in held {
        held.await.unwrap()?;
    }
    assert_eq!((busy.stat("refused").await?, busy.held().len()), (0, 3));
    Ok(())
}

#[tokio::test]
async fn a_stream_has_its_place_until_it_ends() -> Result<()> {
    let busy = Fixture::start(Over::Http2, |service| service.max_running(1).max_waiting(10, SOON)).await?;
    let stream = || busy.client.bidirectional::<String, String>(("busy", "Busy.Repeat"));
    let (mut sender, mut receiver) = stream();
    sender.send("x".to_owned()).await?;
    assert_eq!(receiver.next().await?.as_deref(), Some("x"));

    // One that waits takes what it is sent, as soon as it has its turn.
    let (mut next, mut answers) = stream();
    next.send("y".to_owned()).await?;
    drop(next);
    busy.until("waiting", 1).await?;
    drop(sender);
    assert_eq!(receiver.next().await?, None);
    assert_eq!(answers.next().await?.as_deref(), Some("y"));
    assert_eq!(answers.next().await?, None);

    // And one that is given up leaves it.
    let (mut sender, receiver) = stream();
    sender.send("z".to_owned()).await?;
    busy.until("running", 2).await?;
    drop((sender, receiver));
    busy.nap(0).await?;
    assert_eq!(busy.seen.most.load(Ordering::SeqCst), 1);
    Ok(())
}

#[tokio::test]
async fn the_memory_transport_has_the_same_door() -> Result<()> {
    let cluster = micro::testing::Cluster::new();
    let (service, seen, open) = busy();
    let _running = cluster.start(service.max_running(2).max_waiting(1000, SOON)).await?;
    let client = cluster.client();
    for answer in join_all((0..60).map(|_| client.call::<_, ()>(("busy", "Busy.Nap"), micro::Json(2)))).await
    {
        answer?;
    }
    assert_eq!(seen.most.load(Ordering::SeqCst), 2);
    drop(open);
    Ok(())
}

#[test]
fn a_limit_that_cannot_be_is_a_mistake() {
    let built = |change: fn(micro::Service) -> micro::Service| {
        change(busy().0.settings(micro::Settings::empty())).build().unwrap_err().detail().to_owned()
    };
    assert!(built(|service| service.max_running(0)).contains("max_running is 0"));
    assert!(built(|service| service.max_running_of("Busy.Hold", 0)).contains("`Busy.Hold`"));
    assert!(built(|service| service.max_running_of("Busy.Other", 1)).contains("no such endpoint"));
}
