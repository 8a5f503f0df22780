//! What a client has measured, as one line of JSON.

use std::fmt;
use std::time::Duration;

use crate::histogram::Histogram;

/// A measurement.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// Calls, or messages of streams, that came back within the window.
    pub(crate) calls: u64,
    pub(crate) time: Duration,
    pub(crate) latencies: Histogram,
    pub(crate) client_cpu: Duration,
    pub(crate) server_cpu: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{{\"calls\":{},\"seconds\":{:.6},\"p50_us\":{:.1},\"p99_us\":{:.1},\"max_us\":{:.1},\
             \"client_cpu_s\":{:.2},\"server_cpu_s\":{:.2}}}",
            self.calls,
            self.time.as_secs_f64(),
            self.latencies.quantile(0.5),
            self.latencies.quantile(0.99),
            self.latencies.max(),
            self.client_cpu.as_secs_f64(),
            self.server_cpu.as_secs_f64()
        )
    }
}
