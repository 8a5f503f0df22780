//! The endpoints that every service has: `Debug.Health`, `Debug.Stats`, `Debug.Describe`. They are not in the registry.

mod describe;
mod memory;
mod stats;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use micro_codec::Json;
use micro_core::Result;
use micro_macros::{handler, message};

pub(crate) use self::describe::NodeDescriber;
use self::stats::Counts;
pub(crate) use self::stats::{Stats, Waiting};
use crate::readiness::Readiness;

/// The question whether a service is well.
#[message]
pub(crate) struct HealthRequest {
    /// Whose health; empty for the service that is asked.
    #[field(1)]
    pub(crate) service: String,
}

/// The answer: `ok`, or why not.
#[message]
pub(crate) struct HealthResponse {
    /// `ok`, or what is missing.
    #[field(1)]
    pub(crate) status: String,
}

/// The question how a service does.
#[message]
pub(crate) struct StatsRequest {
    /// Whose figures; empty for the service that is asked.
    #[field(1)]
    pub(crate) service: String,
}

/// How a service does.
#[message]
pub(crate) struct StatsResponse {
    /// Now, in seconds since 1970.
    #[field(1)]
    pub(crate) timestamp: u64,
    /// When it started, in seconds since 1970.
    #[field(2)]
    pub(crate) started: u64,
    /// How long it runs, in seconds.
    #[field(3)]
    pub(crate) uptime: u64,
    /// The memory of its process, in bytes; 0 where the system does not say.
    #[field(4)]
    pub(crate) memory: u64,
    /// The threads of its process; 0 where the system does not say.
    #[field(5)]
    pub(crate) threads: u64,
    /// Pauses of a garbage collector: none.
    #[field(6)]
    pub(crate) gc: u64,
    /// The calls it was sent.
    #[field(7)]
    pub(crate) requests: u64,
    /// Those that failed.
    #[field(8)]
    pub(crate) errors: u64,
    /// Those that run now, this one included.
    #[field(101)]
    pub(crate) running: u64,
    /// Those that wait for others to end.
    #[field(102)]
    pub(crate) waiting: u64,
    /// Those that were refused before their handlers ran, as there was too much to do or no time left for them.
    #[field(103)]
    pub(crate) refused: u64,
}

/// What answers `Debug.*`.
pub(crate) struct Debug {
    pub(crate) readiness: Readiness,
    pub(crate) stats: Stats,
    pub(crate) record: micro_registry::Service,
    pub(crate) started: (SystemTime, Instant),
}

#[handler]
impl Debug {
    /// Says whether the service is well.
    #[endpoint(idempotent)]
    async fn health(&self, _request: HealthRequest) -> Result<HealthResponse> {
        let status = self.readiness.check().err().unwrap_or_else(|| "ok".to_owned());
        Ok(HealthResponse { status })
    }

    /// Says how the service does.
    #[endpoint(idempotent)]
    async fn stats(&self, _request: StatsRequest) -> Result<StatsResponse> {
        let Counts { requests, errors, running, waiting, refused } = self.stats.counts();
        let process = memory::process();
        Ok(StatsResponse {
            timestamp: seconds(SystemTime::now()),
            started: seconds(self.started.0),
            uptime: self.started.1.elapsed().as_secs(),
            memory: process.memory,
            threads: process.threads,
            gc: 0,
            requests,
            errors,
            running,
            waiting,
            refused,
        })
    }

    /// Says all that the registry may not have room for: the service's record, in go-micro's JSON.
    #[endpoint(idempotent)]
    async fn describe(&self) -> Result<Json<micro_registry::Service>> {
        Ok(Json(self.record.clone()))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
