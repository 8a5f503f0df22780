//! The connection ends while calls are made: each of them is refused, or told whether the peer has got it.

use std::collections::BTreeMap;
use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};

use super::line::{self, Line, Shared};
use super::pen::{Desk, Lined, Writer};
use super::socket::{Peer, Socket, Step};
use crate::lane::thread;

/// What became of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Refused,
    /// It was lost with the connection; the peer may have got it, or cannot have.
    Lost {
        written: bool,
    },
}

/// Makes a call where the connection is not over.
fn call(shared: &Shared, over: &AtomicBool, call: u8) -> Option<Fate> {
    let line = shared.line();
    if over.load(Ordering::Acquire) {
        return Some(Fate::Refused);
    }
    line::begin(shared, line, call);
    None
}

/// The task comes to write so often, and then the connection is over. Says what became of the calls on it.
fn end(shared: &Shared, over: &AtomicBool, polls: usize) -> BTreeMap<u8, Fate> {
    let mut writer = Writer::new(false);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..polls {
        writer.poll_write(shared, &mut cx, |_| {});
    }
    over.store(true, Ordering::Release);
    let lost = {
        let mut line = shared.line();
        let written = line.turn().written();
        let sent = std::mem::take(&mut line.sent);
        sent.into_iter().map(|(call, end)| (call, Fate::Lost { written: end <= written })).collect()
    };
    shared.close(Socket::closed());
    lost
}

fn check(writes: &'static [Step], polls: usize) {
    thread::check(move || {
        let (peer, over) = (Peer::default(), Arc::new(AtomicBool::new(false)));
        let shared: Shared = Arc::new(Desk::new(Line::default(), Socket::new(&peer, writes)));
        let callers = [1, 2].map(|number| {
            let (shared, over) = (shared.clone(), over.clone());
            (number, loom::thread::spawn(move || call(&shared, &over, number)))
        });
        let lost = end(&shared, &over, polls);
        for (number, caller) in callers {
            let refused = caller.join().unwrap();
            let got = peer.until(|got| Some(got.chunks(2).any(|frame| frame == [number, 0])));
            match refused.or(lost.get(&number).copied()) {
                Some(Fate::Refused) => assert!(!got && !lost.contains_key(&number)),
                Some(Fate::Lost { written }) => assert_eq!(written, got, "call {number}"),
                None => panic!("call {number} waits for ever"),
            }
        }
    });
}

#[test]
fn before_the_task_writes() {
    check(&[], 0);
}

#[test]
fn after_the_task_wrote() {
    check(&[], 1);
}

#[test]
fn while_the_socket_takes_nothing() {
    check(&[Step::Takes(3), Step::Waits, Step::Waits, Step::Waits], 1);
}
