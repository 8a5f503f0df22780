use std::time::Duration;

use crate::Clock;

/// When the nodes of a service are ejected, for how long, and how they come back; see [`Node`](crate::Node).
///
/// ```
/// use std::time::Duration;
/// use micro_selector::HealthOptions;
///
/// let patient = HealthOptions::default().with_consecutive(20).with_ejection(Duration::from_millis(500));
/// assert_eq!(patient.max_ejection, Duration::from_secs(30));
/// assert_eq!(HealthOptions::off().max_ejected, 0.0);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HealthOptions {
    /// How many failures in a row eject a node: 5. 0: none do. At most 255.
    pub consecutive: u32,
    /// Which part of the calls of a [`window`](Self::window) has to fail to eject a node: a half. Above 1: none does.
    pub failures: f64,
    /// Of how many calls at least: 20. At most 4,000.
    pub min_calls: u32,
    /// How far the failures of a node are remembered: 5 s.
    pub window: Duration,
    /// How long the first ejection lasts at most; half of it is drawn. Each further one lasts twice as long: 1 s.
    pub ejection: Duration,
    /// How long any ejection lasts at most: 30 s.
    pub max_ejection: Duration,
    /// Which part of the nodes may be ejected at once: a half, so that one that is alone never is. 0: none is.
    pub max_ejected: f64,
    /// How long a node takes to get its whole share again after an ejection: 10 s.
    pub ramp: Duration,
    /// Where the time comes from.
    pub clock: Clock,
}

impl HealthOptions {
    /// No node is ever ejected. One that cannot be reached still rests.
    #[must_use]
    pub fn off() -> Self {
        Self::default().with_max_ejected(0.0)
    }

    /// The same, with another number of failures in a row that eject a node.
    #[must_use]
    pub fn with_consecutive(mut self, consecutive: u32) -> Self {
        self.consecutive = consecutive;
        self
    }

    /// The same, with another part of at least `min_calls` calls that has to fail to eject a node.
    #[must_use]
    pub fn with_failures(mut self, failures: f64, min_calls: u32) -> Self {
        self.failures = failures;
        self.min_calls = min_calls;
        self
    }

    /// The same, with failures remembered for another time.
    #[must_use]
    pub fn with_window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// The same, with another length of the first ejection.
    #[must_use]
    pub fn with_ejection(mut self, ejection: Duration) -> Self {
        self.ejection = ejection;
        self
    }

    /// The same, with another limit of the length of ejections.
    #[must_use]
    pub fn with_max_ejection(mut self, max_ejection: Duration) -> Self {
        self.max_ejection = max_ejection;
        self
    }

    /// The same, with another part of the nodes that may be ejected at once.
    #[must_use]
    pub fn with_max_ejected(mut self, max_ejected: f64) -> Self {
        self.max_ejected = max_ejected;
        self
    }

    /// The same, with another time that a node takes to get its whole share again. Zero: it gets it at once.
    #[must_use]
    pub fn with_ramp(mut self, ramp: Duration) -> Self {
        self.ramp = ramp;
        self
    }

    /// The same, by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

impl Default for HealthOptions {
    fn default() -> Self {
        Self {
            consecutive: 5,
            failures: 0.5,
            min_calls: 20,
            window: Duration::from_secs(5),
            ejection: Duration::from_secs(1),
            max_ejection: Duration::from_secs(30),
            max_ejected: 0.5,
            ramp: Duration::from_secs(10),
            clock: Clock::default(),
        }
    }
}
