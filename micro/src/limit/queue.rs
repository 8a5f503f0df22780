//! The calls under one limit, as a state machine: it knows no clock and no task.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a queue may be in use before the newest call is taken first. A short one is served in its order; in one that
/// stays, the oldest calls are about to be given up by their callers, and serving them would be late for all.
const PATIENCE: Duration = Duration::from_millis(100);

/// Calls that run, and calls that wait for one of them to end. `W` is what tells a call that its turn has come.
#[derive(Debug)]
pub(super) struct Queue<W> {
    max_running: usize,
    max_waiting: usize,
    running: usize,
    /// By the order in which they came.
    waiting: BTreeMap<u64, Waiting<W>>,
    next: u64,
    /// Since when somebody has been waiting at all times.
    since: Option<Instant>,
    /// How long a call takes, the newer ones counting for more.
    mean: Option<Duration>,
}

#[derive(Debug)]
struct Waiting<W> {
    /// When nobody waits for it any more.
    until: Instant,
    who: W,
}

/// What becomes of a call that comes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered<W> {
    /// It runs.
    Runs,
    /// It waits under this number; `instead` is who is refused in its place.
    Waits { number: u64, instead: Option<W> },
    /// It is refused: nobody may wait here.
    Refused,
}

impl<W> Queue<W> {
    pub(super) fn new(max_running: usize, max_waiting: usize) -> Self {
        Self {
            max_running: max_running.max(1),
            max_waiting,
            running: 0,
            waiting: BTreeMap::new(),
            next: 0,
            since: None,
            mean: None,
        }
    }

    pub(super) fn max_running(&self) -> usize {
        self.max_running
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// A call comes, and would wait until then. In a full queue the oldest makes room: it has the least of its time left.
    pub(super) fn enter(&mut self, now: Instant, until: Instant, who: impl FnOnce() -> W) -> Entered<W> {
        if self.running < self.max_running {
            self.running += 1;
            return Entered::Runs;
        }
        if self.max_waiting == 0 {
            return Entered::Refused;
        }
        let full = self.waiting.len() >= self.max_waiting;
        let instead = if full { self.waiting.pop_first().map(|(_, oldest)| oldest.who) } else { None };
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, Waiting { until, who: who() });
        self.since.get_or_insert(now);
        Entered::Waits { number, instead }
    }

    /// A call that waits goes away. One whose turn has come, or that was refused, is not there any more.
    pub(super) fn leave(&mut self, number: u64) {
        self.waiting.remove(&number);
        self.settle();
    }

    /// A call that ran has ended, after that time; whose turn it is now. Those who do not wait any more are passed by.
    pub(super) fn end(&mut self, now: Instant, took: Duration) -> Option<W> {
        self.mean = Some(self.mean.map_or(took, |mean| mean - mean / 8 + took / 8));
        loop {
            let newest_first =
                self.since.is_some_and(|since| now.saturating_duration_since(since) > PATIENCE);
            let next = if newest_first { self.waiting.pop_last() } else { self.waiting.pop_first() };
            self.settle();
            match next {
                Some((_, next)) if next.until > now => return Some(next.who),
                Some(_) => {}
                None => {
                    self.running -= 1;
                    return None;
                }
            }
        }
    }

    /// How long it takes until those who wait now have had their turn; `None` while no call has ended, which alone tells.
    pub(super) fn estimate(&self) -> Option<Duration> {
        let before = u32::try_from(self.waiting.len().saturating_add(1)).unwrap_or(u32::MAX);
        let at_a_time = u32::try_from(self.max_running).unwrap_or(u32::MAX);
        Some(self.mean?.saturating_mul(before) / at_a_time)
    }

    fn settle(&mut self) {
        if self.waiting.is_empty() {
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A queue with one call that runs, and a clock.
    fn queue(max_waiting: usize) -> (Queue<char>, Instant) {
        let (mut queue, now) = (Queue::new(1, max_waiting), Instant::now());
        assert_eq!(queue.enter(now, now, || '-'), Entered::Runs);
        (queue, now)
    }

    fn wait(queue: &mut Queue<char>, now: Instant, who: char) -> (u64, Option<char>) {
        match queue.enter(now, now + MS * 1000, || who) {
            Entered::Waits { number, instead } => (number, instead),
            other => panic!("{other:?}"),
        }
    }

    fn order(queue: &mut Queue<char>, now: Instant) -> String {
        std::iter::from_fn(|| queue.end(now, MS)).collect()
    }

    #[test]
    fn a_short_queue_is_served_in_its_order_and_one_that_stays_newest_first() {
        let (mut queue, now) = queue(10);
        for (at, who) in (0..).zip("abcd".chars()) {
            wait(&mut queue, now + MS * at, who);
        }
        assert_eq!(queue.end(now + PATIENCE, MS), Some('a'));
        assert_eq!(queue.end(now + PATIENCE + MS, MS), Some('d'));
        wait(&mut queue, now + PATIENCE + MS, 'e');
        assert_eq!(order(&mut queue, now + PATIENCE + MS), "ecb");
        // It was empty, and its order is the first one again.
        assert_eq!(queue.enter(now, now, || '-'), Entered::Runs);
        let later = now + PATIENCE * 3;
        for who in "abc".chars() {
            wait(&mut queue, later, who);
        }
        assert_eq!(order(&mut queue, later), "abc");
    }

    #[test]
    fn the_oldest_makes_room() {
        let (mut queue, now) = queue(2);
        assert_eq!([wait(&mut queue, now, 'a').1, wait(&mut queue, now, 'b').1], [None, None]);
        assert_eq!(wait(&mut queue, now, 'c').1, Some('a'));
        assert_eq!(queue.waiting(), 2);
        assert_eq!(order(&mut queue, now), "bc");
    }

    #[test]
    fn who_does_not_wait_any_more_has_no_turn() {
        let (mut queue, now) = queue(10);
        let gone = wait(&mut queue, now, 'a').0;
        wait(&mut queue, now, 'b');
        queue.enter(now, now + MS, || 'c');
        wait(&mut queue, now, 'd');
        queue.leave(gone);
        queue.leave(gone);
        assert_eq!(queue.end(now + MS * 2, MS), Some('b'));
        assert_eq!(queue.end(now + MS * 2, MS), Some('d'), "the time of `c` is over");
        assert_eq!((queue.end(now, MS), queue.running, queue.waiting()), (None, 0, 0));
    }

    #[test]
    fn nobody_waits_where_there_is_no_queue() {
        let (mut queue, now) = queue(0);
        assert_eq!(queue.enter(now, now + MS, || 'a'), Entered::Refused);
        assert_eq!(queue.end(now, MS), None);
        assert_eq!(queue.enter(now, now + MS, || 'a'), Entered::Runs);
    }

    #[test]
    fn the_estimate_is_of_those_who_wait_and_how_long_calls_take() {
        let (mut queue, now) = queue(10);
        assert_eq!(queue.estimate(), None, "no call has ended yet");
        wait(&mut queue, now, 'a');
        queue.end(now, MS * 80);
        assert_eq!(queue.estimate(), Some(MS * 80));
        wait(&mut queue, now, 'b');
        wait(&mut queue, now, 'c');
        assert_eq!(queue.estimate(), Some(MS * 240));
        queue.end(now, Duration::ZERO);
        assert_eq!(queue.estimate(), Some(MS * 140));
        let mut wide = Queue::<char>::new(10, 10);
        wide.enter(now, now, || '-');
        wide.end(now, MS * 80);
        assert_eq!(wide.estimate(), Some(MS * 8));
    }
}
