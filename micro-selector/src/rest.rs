use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Whether and why a node is not to be picked: one word, changed without locks, and zero while all is well.
///
/// The upper 2 bits say which [`State`] it is, 6 bits how often in a row it was away, and the others are a time in
/// microseconds. When the end of a rest has come, the first who moves it on has the probe, and the others still skip the
/// node.
#[derive(Debug, Default)]
pub(crate) struct Rest(AtomicU64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Well,
    Away {
        why: Why,
        /// How often in a row, this time counted.
        times: u8,
        until: Duration,
    },
    /// Back from an ejection since then: it does not get its whole share yet.
    Ramping(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Unreachable,
    Ejected,
}

/// How a node stands now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Standing {
    Well,
    /// It gets this part of its share.
    Ramping(f64),
    /// It may be probed.
    Due,
    /// Not to be picked for this time, if there is another.
    Resting(Duration),
}

/// The bits of the word that hold a time: enough for 2,000 years.
const TIME: u32 = 56;
/// The bits of the word that count.
const TIMES: u8 = (1 << 6) - 1;

impl Rest {
    pub(crate) fn is_well(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn state(&self) -> State {
        State::unpack(self.0.load(Ordering::Relaxed))
    }

    /// Whoever is second has seen an older state of the node, and has nothing to add.
    pub(crate) fn change(&self, from: State, to: State) -> bool {
        self.0.compare_exchange(from.pack(), to.pack(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl State {
    fn unpack(word: u64) -> Self {
        if word == 0 {
            return Self::Well;
        }
        let time = Duration::from_micros(word & ((1 << TIME) - 1));
        let away = |why| Self::Away { why, times: (word >> TIME) as u8 & TIMES, until: time };
        match word >> 62 {
            0 => Self::Well,
            1 => away(Why::Unreachable),
            2 => away(Why::Ejected),
            _ => Self::Ramping(time),
        }
    }

    fn pack(self) -> u64 {
        let micros =
            |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX).min((1 << TIME) - 1);
        match self {
            Self::Well => 0,
            Self::Away { why, times, until } => {
                let kind = match why {
                    Why::Unreachable => 1,
                    Why::Ejected => 2,
                };
                kind << 62 | u64::from(times.min(TIMES)) << TIME | micros(until)
            }
            Self::Ramping(since) => 3 << 62 | micros(since),
        }
    }
}

/// How long to stay away for the n-th time in a row: twice as long each time, up to a limit, and half of it is drawn, so
/// that the clients of a node do not come back all at once.
pub(crate) fn pause(first: Duration, longest: Duration, times: u8) -> Duration {
    let factor = 1_u32.checked_shl(u32::from(times.max(1)) - 1).unwrap_or(u32::MAX);
    let most = first.saturating_mul(factor).min(longest);
    most / 2 + (most / 2).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_fits_into_its_word() {
        let time = Duration::from_micros(1_234_567);
        for state in [
            State::Well,
            State::Away { why: Why::Unreachable, times: 1, until: time },
            State::Away { why: Why::Ejected, times: 63, until: time },
            State::Ramping(time),
            State::Ramping(Duration::ZERO),
        ] {
            assert_eq!(State::unpack(state.pack()), state);
        }
        let rest = Rest::default();
        assert_eq!(rest.state(), State::Well);
        assert!(rest.change(State::Well, State::Ramping(time)));
        assert!(!rest.change(State::Well, State::Ramping(time)), "somebody was first");
    }

    #[test]
    fn pauses_double_up_to_the_limit() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(30));
        for times in 1..=255_u8 {
            let most = longest.min(first.saturating_mul(1 << (times - 1).min(20)));
            let pause = pause(first, longest, times);
            assert!(pause >= most / 2 && pause <= most, "{times}: {pause:?} of {most:?}");
        }
    }
}
