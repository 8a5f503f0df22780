//! Calls are made while the task writes: each frame goes out once, those of a call in their order, and nobody has to ring
//! twice for it.

use std::sync::Arc;

use super::line::{self, Line, Shared};
use super::pen::{Desk, Lined, Writer, Wrote};
use super::socket::{Door, Peer, Socket, Step};
use crate::lane::thread::{self, Awaited};

/// A call with so many frames, of which the later ones are put as those of a stream are. It is over when the peer has got
/// them all: where one is forgotten, this waits for ever.
fn call(shared: &Shared, peer: &Peer, call: u8, frames: u8) {
    line::begin(shared, shared.line(), call);
    for frame in 1..frames {
        let mut line = shared.line();
        line.put(call, frame);
        shared.send(&mut line, false);
    }
    peer.until(|got| got.chunks(2).any(|frame| frame == [call, frames - 1]).then_some(()));
    let mut line = shared.line();
    line.busy -= 1;
    line.over += 1;
    shared.send(&mut line, false);
}

/// Callers, each with so many frames, and the task, which ends when they have.
fn calls(socket: impl FnOnce(&Peer) -> Socket, frames: &[u8], polite: bool) {
    let peer = Peer::default();
    let shared: Shared = Arc::new(Desk::new(Line::default(), socket(&peer)));
    let callers = (1..).zip(frames).map(|(number, frames)| {
        let (shared, peer, frames) = (shared.clone(), peer.clone(), *frames);
        loom::thread::spawn(move || call(&shared, &peer, number, frames))
    });
    let callers = callers.collect::<Vec<_>>();
    write(&shared, polite, frames.len());
    callers.into_iter().for_each(|caller| caller.join().unwrap());
    peer.until(|got| {
        for (call, frames) in (1..).zip(frames) {
            let of_call = got.chunks(2).filter(|frame| frame[0] == call).map(|frame| frame[1]);
            assert!(of_call.eq(0..*frames), "each once, and in order: {got:?}");
        }
        Some(())
    });
}

/// The task, until so many calls are over.
fn write(shared: &Shared, polite: bool, calls: usize) {
    let mut writer = Writer::new(polite);
    thread::run(|cx| {
        let mut over = 0;
        let wrote = writer.poll_write(shared, cx, |line| over = line.over);
        assert!(!matches!(wrote, Wrote::Over(_)), "{wrote:?}");
        over == calls
    });
}

#[test]
fn a_socket_that_takes_all() {
    thread::check(|| calls(|peer| Socket::new(peer, &[]), &[2, 1], false));
}

#[test]
fn a_socket_that_takes_all_and_a_task_that_lets_others_run() {
    thread::check(|| calls(|peer| Socket::new(peer, &[]), &[2, 1], true));
}

#[test]
fn a_socket_that_takes_parts_of_frames_and_rests() {
    let writes = [Step::Takes(1), Step::Waits, Step::Takes(3)];
    thread::check(move || calls(|peer| Socket::new(peer, &writes), &[2, 1], false));
}

#[test]
fn a_socket_that_keeps_what_it_is_given() {
    thread::check(|| calls(|peer| Socket::keeping(peer, &[Step::Waits, Step::Waits]), &[1, 1], false));
}

/// Nobody else wakes the task for what this one could not write.
#[test]
fn one_call_and_a_socket_that_takes_a_part_of_it() {
    thread::check(|| calls(|peer| Socket::new(peer, &[Step::Takes(1), Step::Waits]), &[1], false));
}

#[test]
fn one_call_and_a_socket_that_keeps_it() {
    thread::check(|| calls(|peer| Socket::keeping(peer, &[Step::Waits, Step::Waits]), &[1], false));
}

/// The task is told once that there is room again. A caller that had asked for that in its place would keep it from that.
#[test]
fn a_socket_that_is_full_until_its_peer_reads() {
    thread::check(|| {
        let (peer, door) = (Peer::default(), Arc::new(Awaited::<Door>::default()));
        let shared: Shared = Arc::new(Desk::new(Line::default(), Socket::behind(&peer, &door)));
        let caller = {
            let (shared, peer) = (shared.clone(), peer.clone());
            loom::thread::spawn(move || {
                call(&shared, &peer, 1, 2);
                call(&shared, &peer, 2, 1);
            })
        };
        let reading = loom::thread::spawn(move || Door::open(&door));
        write(&shared, false, 2);
        caller.join().unwrap();
        reading.join().unwrap();
    });
}

/// While the peer takes nothing the task is woken for what else there is, each time.
#[test]
fn a_socket_that_is_full_for_ever() {
    thread::check(|| {
        let socket = Socket::behind(&Peer::default(), &Arc::default());
        let shared: Shared = Arc::new(Desk::new(Line::default(), socket));
        let caller = {
            let shared = shared.clone();
            loom::thread::spawn(move || {
                line::begin(&shared, shared.line(), 1);
                for _ in 0..2 {
                    let mut line = shared.line();
                    line.over += 1;
                    line.turn().ring();
                }
            })
        };
        let mut writer = Writer::new(false);
        thread::run(|cx| {
            writer.poll_write(&shared, cx, |_| {});
            shared.line().over == 2
        });
        caller.join().unwrap();
    });
}
