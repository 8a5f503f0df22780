use std::ops::Range;
use std::time::Duration;

/// What a [`Proxy`](super::Proxy) does to connections. Without any it forwards what it reads at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    pub(super) to_target: Flow,
    pub(super) from_target: Flow,
    pub(super) cut_after: Option<(u64, Cut)>,
    pub(super) cut_within: Option<(Range<Duration>, Cut)>,
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What clients send.
    ToTarget,
    /// What the target answers.
    FromTarget,
    /// Both.
    Both,
}

/// How a connection ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// By RST: reads and writes of both sides fail at once.
    Reset,
    /// By FIN: both sides read the end of the stream, though nobody meant to end it.
    Close,
}

/// What is done to what goes one way.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Flow {
    pub(super) latency: Duration,
    pub(super) jitter: Duration,
    pub(super) bytes_per_second: Option<u64>,
    pub(super) corrupt: f64,
    pub(super) fate: Fate,
}

/// What becomes of the bytes of a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    #[default]
    Forward,
    /// Read and thrown away.
    Drop,
    /// Not read at all.
    Hold,
}

impl Faults {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Everything comes later by `latency` and by up to `jitter` more. Its order stays.
    #[must_use]
    pub fn delay(self, way: Way, latency: Duration, jitter: Duration) -> Self {
        self.on(way, |flow| (flow.latency, flow.jitter) = (latency, jitter))
    }

    /// At most this many bytes each second, of each connection; one at least.
    #[must_use]
    pub fn throttle(self, way: Way, bytes_per_second: u64) -> Self {
        self.on(way, |flow| flow.bytes_per_second = Some(bytes_per_second.max(1)))
    }

    /// Each byte is another one with this probability, from 0 to 1.
    ///
    /// # Panics
    /// When it is no probability.
    #[must_use]
    pub fn corrupt(self, way: Way, probability: f64) -> Self {
        assert!((0.0..=1.0).contains(&probability), "{probability} is no probability");
        self.on(way, |flow| flow.corrupt = probability)
    }

    /// Bytes are read and thrown away; the connection stays. One way alone makes a connection that is half open.
    #[must_use]
    pub fn drop(self, way: Way) -> Self {
        self.on(way, |flow| flow.fate = Fate::Drop)
    }

    /// Bytes are not read any more, so that whoever sends them has to wait once the buffers are full.
    #[must_use]
    pub fn hold(self, way: Way) -> Self {
        self.on(way, |flow| flow.fate = Fate::Hold)
    }

    /// Each connection is cut once this many bytes went through it since this was set, both ways together.
    #[must_use]
    pub fn cut_after(mut self, bytes: u64, cut: Cut) -> Self {
        self.cut_after = Some((bytes, cut));
        self
    }

    /// Each connection is cut at a random instant of this time, which begins when this is set, and for connections that
    /// come later when they do.
    ///
    /// # Panics
    /// When there is no instant in it.
    #[must_use]
    pub fn cut_within(mut self, time: Range<Duration>, cut: Cut) -> Self {
        assert!(!time.is_empty(), "there is no instant in {time:?}");
        self.cut_within = Some((time, cut));
        self
    }

    fn on(mut self, way: Way, change: impl Fn(&mut Flow)) -> Self {
        if way != Way::FromTarget {
            change(&mut self.to_target);
        }
        if way != Way::ToTarget {
            change(&mut self.from_target);
        }
        self
    }
}
