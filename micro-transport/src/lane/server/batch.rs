//! Frames that came together.

use std::sync::Arc;

use bytes::Bytes;
use micro_core::Deadline;

use super::place::{BATCH, Place};

/// Whose deadline is so many nanoseconds away has time for some polls that were short so far.
const NEAR: u64 = 1_000_000_000;

/// When a batch of frames came, and how long handlers that are polled in place had of it.
pub(super) struct Batch {
    /// All of it.
    pub(super) bytes: Bytes,
    /// When it came: deadlines count from it.
    pub(super) came: Deadline,
    /// When it began to be looked at, and the last look at the clock.
    start: Deadline,
    now: Deadline,
    /// Whose handler was polled since then, and how often: one look at the clock is enough for several of them.
    since: Option<(Arc<Place>, u32)>,
    /// Whether calls were given tasks.
    pub(super) spawned: bool,
}

impl Batch {
    /// One that came now.
    pub(super) fn new(bytes: Bytes, now: Deadline) -> Self {
        Self::held(bytes, now, now)
    }

    /// What is left of one that came before.
    pub(super) fn held(bytes: Bytes, came: Deadline, now: Deadline) -> Self {
        Self { bytes, came, start: now, now, since: None, spawned: false }
    }

    /// Whether so much of the time was spent in place that those behind would wait for long.
    pub(super) fn is_long(&self) -> bool {
        self.now.nanos_from(self.start) >= BATCH
    }

    /// A handler of `place` is polled next, which has until `deadline`. Says what time it is: that of some short polls ago,
    /// where that makes no difference.
    pub(super) fn begin(&mut self, place: &Arc<Place>, deadline: Option<Deadline>) -> Deadline {
        if let Some((last, _)) = &self.since
            && (!Arc::ptr_eq(last, place)
                || deadline.is_some_and(|deadline| deadline.nanos_from(self.now) < NEAR))
        {
            self.look();
        }
        self.now
    }

    /// A handler of `place` was polled.
    pub(super) fn end(&mut self, place: &Arc<Place>) {
        match &mut self.since {
            Some((_, polls)) => *polls += 1,
            None => self.since = Some((place.clone(), 1)),
        }
        if place.is_due() {
            self.look();
        }
    }

    /// Looks at the clock.
    fn look(&mut self) {
        let now = Deadline::now();
        if let Some((place, polls)) = self.since.take() {
            place.note(now.nanos_from(self.now) / u64::from(polls));
        }
        self.now = now;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const POLL: Duration = Duration::from_millis(5);

    /// How much later it is said to be before the second poll than before the first, which took [`POLL`].
    fn seen(batch: &mut Batch, (first, second): (&Arc<Place>, &Arc<Place>), time: Option<u64>) -> u64 {
        let before = batch.begin(first, None);
        std::thread::sleep(POLL);
        batch.end(first);
        let deadline = time.map(|seconds| Deadline::after(Duration::from_secs(seconds)));
        batch.begin(second, deadline).nanos_from(before)
    }

    fn short() -> Arc<Place> {
        let place = Arc::new(Place::new());
        place.note(500);
        place
    }

    #[test]
    fn the_clock_is_looked_at_where_it_matters() {
        let poll = POLL.as_nanos() as u64;
        let mut batch = Batch::new(Bytes::new(), Deadline::now());
        let (unknown, one, two) = (Arc::new(Place::new()), short(), short());
        assert!(seen(&mut batch, (&unknown, &one), None) >= poll, "nothing is known of it");
        assert_eq!(seen(&mut batch, (&one, &one), None), 0);
        assert_eq!(seen(&mut batch, (&one, &one), Some(60)), 0);
        assert!(seen(&mut batch, (&one, &one), Some(0)) >= poll, "there may be no time left");
        assert!(!one.is_short(), "what it took was seen then");
        let one = short();
        assert!(seen(&mut batch, (&one, &two), None) >= poll, "each has its own time");
        for _ in 0..4 {
            seen(&mut batch, (&two, &two), None);
        }
        assert!(!two.is_short() && batch.is_long(), "it is looked at now and then");
    }
}
