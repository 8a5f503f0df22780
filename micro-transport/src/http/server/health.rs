//! `GET /healthz` and `GET /readyz`.

use http::StatusCode;
use micro_core::Result;

use crate::{Health, ListenOptions};

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Probe {
    /// `/healthz`: does it work?
    Live,
    /// `/readyz`: does it want calls?
    Ready,
}

impl Probe {
    /// The probe at a path.
    pub(super) fn at(path: &str) -> Option<Self> {
        match path {
            "/healthz" => Some(Self::Live),
            "/readyz" => Some(Self::Ready),
            _ => None,
        }
    }

    /// The status and the text of its answer. A server that stops is not ready, whatever is said of its process.
    pub(super) fn answer(self, options: &ListenOptions, stopping: bool) -> (StatusCode, String) {
        let health = options.health.as_deref();
        let (result, not): (Result<()>, _) = match self {
            Self::Live => (health.map_or(Ok(()), Health::live), "not well"),
            Self::Ready if stopping => {
                return (StatusCode::SERVICE_UNAVAILABLE, "not ready: stopping\n".into());
            }
            Self::Ready => (health.map_or(Ok(()), Health::ready), "not ready"),
        };
        match result {
            Ok(()) => (StatusCode::OK, "ok\n".into()),
            Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{not}: {}\n", why.detail())),
        }
    }
}
