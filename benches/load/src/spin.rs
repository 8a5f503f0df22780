//! Computing for a known time.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Steps in one probe of how fast this processor is.
const PROBE: u64 = 200_000;

/// Computes for as long as this many microseconds take when nothing else wants the processor: the work is fixed, so
/// that a handler that is interrupted does not do less of it.
pub fn spin(micros: u64) {
    let steps = (micros as f64 * steps_per_micro()) as u64;
    black_box(walk(steps));
}

/// Measured once, as the best of several probes: whatever disturbs one makes it slower.
fn steps_per_micro() -> f64 {
    static SPEED: OnceLock<f64> = OnceLock::new();
    *SPEED.get_or_init(|| {
        let best = (0..20).map(|_| probe()).min().unwrap_or(Duration::from_millis(1));
        PROBE as f64 / (best.as_secs_f64() * 1e6)
    })
}

fn probe() -> Duration {
    let started = Instant::now();
    black_box(walk(black_box(PROBE)));
    started.elapsed()
}

/// Steps that each need the one before, so that no compiler or processor takes several at once.
fn walk(steps: u64) -> u64 {
    let mut state = 1_u64;
    for _ in 0..steps {
        state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
    state
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    #[test]
    fn computes_for_about_as_long_as_it_is_told() {
        super::spin(1);
        let best = (0..20)
            .map(|_| {
                let started = Instant::now();
                super::spin(2_000);
                started.elapsed()
            })
            .min();
        // Ten times more is for machines that do other things as well.
        let best = best.unwrap();
        assert!(best > Duration::from_micros(200) && best < Duration::from_millis(20), "{best:?}");
    }
}
