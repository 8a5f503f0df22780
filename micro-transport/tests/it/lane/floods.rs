//! Floods of what costs its sender nothing, each against a process of its own.

use super::attack::{few, fewest};
use super::wire::*;
use crate::hostile::alone::{alone_within, floods};
use crate::hostile::siege::Siege;
use crate::http_server::options;

/// The flood costs its bytes and nothing else: the connection goes on.
fn goes_on(end: Option<(u8, String)>) {
    if let Some((code, why)) = end {
        panic!("the connection ended: {code} {why}");
    }
}

/// The flood ends its connection.
fn calmed(end: Option<(u8, String)>) {
    let (code, why) = end.expect("the connection goes on");
    assert!(code == FLOOD, "{code}: {why}");
}

async fn open(siege: &Siege) -> Wire {
    Wire::open(siege.server.address).await
}

floods! {
    resets: options() => async |siege: &Siege| {
        // CVE-2023-44487 as it would be here: a call and its end in one breath.
        goes_on(pour(&mut open(siege).await, 100_000, |n| [call(n % 50 + 1, "Test.Wait", "{}"), cancel(n % 50 + 1)].concat()).await);
    };
    resets_in_large_batches: options() => async |siege: &Siege| {
        goes_on(pour(&mut open(siege).await, 100, |_| {
            (0..1_000).flat_map(|n| [call(n % 50 + 1, "Test.Wait", "{}"), cancel(n % 50 + 1)].concat()).collect()
        }).await);
    };
    resets_of_streams: options() => async |siege: &Siege| {
        goes_on(pour(&mut open(siege).await, 100_000, |n| [stream(n % 50 + 1, "Test.Wait"), data(n % 50 + 1, WHOLE, "a"), cancel(n % 50 + 1)].concat()).await);
    };
    resets_of_streams_where_few_calls_run: fewest() => async |siege: &Siege| {
        // A call that was taken back has no place: those of others are theirs.
        goes_on(pour(&mut open(siege).await, 100, |_| {
            (0..1_000).flat_map(|n| [stream(n % 50 + 1, "Test.Wait"), cancel(n % 50 + 1)].concat()).collect()
        }).await);
    };
    cancels_of_nothing: few() => async |siege: &Siege| {
        calmed(pour(&mut open(siege).await, 200, |_| cancel(1).repeat(1_000)).await);
    };
    calls_that_never_end: options() => async |siege: &Siege| {
        let mut wire = open(siege).await;
        // Those above what the server runs at a time are refused, and make no others wait for long.
        goes_on(pour(&mut wire, 1_000, |n| call(n + 1, "Test.Wait", "{}")).await);
    };
    streams_that_never_end: options() => async |siege: &Siege| {
        let mut wire = open(siege).await;
        goes_on(pour(&mut wire, 1_000, |n| stream(n + 1, "Test.Wait")).await);
        siege.app.until_running(1_000).await;
    };
    streams_full_of_nothing: options() => async |siege: &Siege| {
        // As many empty messages as 500 streams have credit for together.
        let mut wire = open(siege).await;
        goes_on(pour(&mut wire, 500, |n| [stream(n + 1, "Test.Wait"), data(n + 1, WHOLE, "").repeat(1_000)].concat()).await);
    };
    small_messages_among_much_else: options() => async |siege: &Siege| {
        // A message that is kept must not keep what came around it.
        let mut wire = open(siege).await;
        wire.send((1..=20).flat_map(|id| stream(id, "Test.Wait")).collect::<Vec<_>>()).await;
        goes_on(pour(&mut wire, 6_000, |n| [data(n % 20 + 1, WHOLE, "x"), frame(0x90, 0, [0; 60_000])].concat()).await);
    };
    streams_among_much_else: options() => async |siege: &Siege| {
        // Nor must the metadata of a stream.
        let mut wire = open(siege).await;
        goes_on(pour(&mut wire, 1_000, |n| {
            let metadata = [0, 0, 0, 6, 5, 0, 0, 0, 1, b'7'];
            [frame(CALL, n + 1, asking(STREAM | OWN, "Test.Wait", metadata)), frame(0x90, 0, [0; 120_000])].concat()
        }).await);
        siege.app.until_running(1_000).await;
    };
    empty_messages_above_credit: few() => async |siege: &Siege| {
        let mut wire = open(siege).await;
        wire.send(stream(1, "Test.Wait")).await;
        let (code, why) = pour(&mut wire, 100, |_| data(1, WHOLE, "").repeat(1_000)).await.expect("it goes on");
        assert!(code == PROTOCOL && why.contains("credit"), "{why}");
    };
    pings: few() => async |siege: &Siege| {
        calmed(pour(&mut open(siege).await, 200, |_| frame(PING, 0, [7; 8]).repeat(1_000)).await);
    };
    pongs: few() => async |siege: &Siege| {
        calmed(pour(&mut open(siege).await, 200, |_| frame(PONG, 0, [7; 8]).repeat(1_000)).await);
    };
    credits_of_a_byte: few() => async |siege: &Siege| {
        calmed(pour(&mut open(siege).await, 200, |_| credit(0, 1).repeat(1_000)).await);
    };
    credits_of_calls_that_are_none: few() => async |siege: &Siege| {
        calmed(pour(&mut open(siege).await, 200, |_| credit(9, 1).repeat(1_000)).await);
    };
    data_of_calls_that_are_none: few() => async |siege: &Siege| {
        calmed(pour(&mut open(siege).await, 200, |_| data(9, WHOLE, "").repeat(1_000)).await);
    };
    extensions: few() => async |siege: &Siege| {
        calmed(pour(&mut open(siege).await, 200, |_| frame(0x80, 0, [7; 8]).repeat(1_000)).await);
    };
    goaways: few() => async |siege: &Siege| {
        calmed(pour(&mut open(siege).await, 200, |_| goaway(NONE).repeat(1_000)).await);
    };
    routes: few() => async |siege: &Siege| {
        let route = [&[0xff, 0][..], &[b'a'; 0xff00], &[0, 0]].concat();
        goes_on(pour(&mut open(siege).await, 2_000, |n| frame(ROUTE, n % 256 + 1, &route)).await);
    };
    blocks: few() => async |siege: &Siege| {
        let block = [5, 0, 0, 0, 40].iter().chain(&[b'x'; 40]).copied().collect::<Vec<u8>>().repeat(1_024);
        goes_on(pour(&mut open(siege).await, 2_000, |n| frame(BLOCK, n % 64 + 1, &block)).await);
    };
    formats: few() => async |siege: &Siege| {
        goes_on(pour(&mut open(siege).await, 2_000, |n| frame(FORMAT, n % 240 + 16, [b'x'; 60_000])).await);
    };
}

#[tokio::test]
async fn connections_that_say_only_the_preface() {
    // What 10,000 connections and their peers have in this process, unoptimised, and half of that again.
    const MEMORY: usize = 96 << 20;
    let name = concat!(module_path!(), "::connections_that_say_only_the_preface");
    let flood = async |siege: &Siege| {
        let count = 10_000.min((crate::hostile::alone::open_files() - 100) / 2);
        let mut wires = Vec::new();
        for _ in 0..count {
            let mut wire = Wire::to(siege.server.address).await;
            wire.send(PREFACE).await;
            wires.push(wire);
        }
        open(siege).await.goes_on().await;
    };
    alone_within(MEMORY, name, few(), flood).await;
}
