//! A session that is made when it is needed.

use std::sync::Arc;

use micro_core::{Code, Deadline, Error, Result};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Session;
use crate::ConnectionState;
use crate::http::client::connect::Target;

/// The session to an address: made for the first call that needs it, and again when it takes no calls any more.
pub(in crate::http::client) struct Link {
    target: Arc<Target>,
    // Held while a session is made, so that of all who need one only the first makes it.
    current: Mutex<Current>,
    /// Whether there may be another session than the first.
    fixed: bool,
}

#[derive(Default)]
struct Current {
    session: Option<Arc<Session>>,
    /// When making one failed, and how.
    failed: Option<(Instant, Code, String)>,
}

impl Link {
    pub(in crate::http::client) fn new(target: Arc<Target>) -> Self {
        Self { target, current: Mutex::default(), fixed: false }
    }

    /// A link that is this session, for as long as it lasts.
    pub(in crate::http::client) fn to(session: Arc<Session>) -> Self {
        let target = session.target().clone();
        Self { target, current: Mutex::new(Current { session: Some(session), failed: None }), fixed: true }
    }

    pub(in crate::http::client) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// The session, made if need be.
    ///
    /// # Errors
    /// Those of [`Target::connect`].
    pub(super) async fn session(&self, deadline: Option<Deadline>) -> Result<Arc<Session>> {
        let asked = Instant::now();
        let mut current = self.current.lock().await;
        if let Some(session) = &current.session
            && (self.fixed || session.state() == ConnectionState::Ready)
        {
            return Ok(session.clone());
        }
        // What failed for another call while this one waited would fail for this one too.
        if let Some((when, code, detail)) = &current.failed
            && *when >= asked
        {
            return Err(Error::new(*code, detail.clone()).not_reached());
        }
        let made = Session::connect(self.target.clone(), deadline).await.map(Arc::new);
        match &made {
            Ok(session) => *current = Current { session: Some(session.clone()), failed: None },
            // That one call had little time says nothing about the others.
            Err(error) if error.code() == Code::DeadlineExceeded => {}
            Err(error) => current.failed = Some((Instant::now(), error.code(), error.detail().to_owned())),
        }
        made
    }
}
