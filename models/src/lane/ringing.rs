//! A task that looks at what others put, as the server's end of a lane does.

use std::sync::Arc;

use loom::sync::Mutex;

use super::bell::Bell;
use super::thread::{self, Awaited};

/// What is under one lock.
#[derive(Default)]
struct Line {
    put: Vec<u8>,
    bell: Bell,
}

/// Two tasks answer, and each waits until its answer was seen, for which nobody rings but themselves.
fn all_is_seen(polite: bool) {
    let (line, seen) = (Arc::new(Mutex::new(Line::default())), Arc::new(Awaited::<Vec<u8>>::default()));
    let answering = [1, 2].map(|answer| {
        let (line, seen) = (line.clone(), seen.clone());
        loom::thread::spawn(move || {
            let mut line = line.lock().unwrap();
            line.put.push(answer);
            line.bell.ring();
            drop(line);
            seen.until(|seen| seen.contains(&answer).then_some(()));
        })
    });
    let mut waited = !polite;
    let mut count = 0;
    thread::run(|cx| {
        let mut line = line.lock().unwrap();
        line.bell.hear(cx);
        if !waited && !line.put.is_empty() {
            waited = true;
            line.bell.put_off(cx);
            return false;
        }
        waited = !polite;
        let put = std::mem::take(&mut line.put);
        drop(line);
        count += put.len();
        seen.change(|seen| seen.extend(put));
        count == 2
    });
    answering.into_iter().for_each(|answering| answering.join().unwrap());
}

#[test]
fn what_is_put_is_seen() {
    thread::check(|| all_is_seen(false));
}

#[test]
fn what_is_put_while_others_are_let_run_is_seen() {
    thread::check(|| all_is_seen(true));
}
