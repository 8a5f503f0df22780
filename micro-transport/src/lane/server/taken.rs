//! What the numbers of calls are used for.

use std::sync::Arc;

use micro_core::{Deadline, Error, Head, Route};
use tokio::task::AbortHandle;

use super::place::Place;
use crate::lane::inbox::{Ended, Inbox, Key};

/// What a number is used for.
#[derive(Debug, Default)]
pub(super) enum Taken {
    #[default]
    Free,
    /// A call whose message has not come whole.
    Coming(Box<Coming>),
    Running(Running),
}

/// A call that waits for the rest of its message.
#[derive(Debug)]
pub(super) struct Coming {
    pub(super) head: Head,
    pub(super) place: Arc<Place>,
}

/// A call that has a task.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) key: Key,
    pub(super) task: AbortHandle,
    pub(super) life: Life,
}

/// How long a call that has a task may live, and what it lives on.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) deadline: Option<Deadline>,
    pub(super) route: Route,
    pub(super) place: Arc<Place>,
    /// Where a streamed request goes.
    pub(super) requests: Option<Arc<Inbox>>,
}

impl Life {
    /// That of a call with one message.
    pub(super) fn of(head: &Head, place: Arc<Place>) -> Self {
        Self { deadline: head.deadline, route: head.route.clone(), place, requests: None }
    }

    /// The call is over: nothing comes of its requests any more. Who reads them may be in a task of its own.
    pub(super) fn over(&self) {
        if let Some(requests) = &self.requests {
            requests.end(Ended::Failed(Error::cancelled("the call is over")));
        }
    }
}
