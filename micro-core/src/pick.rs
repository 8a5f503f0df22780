use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use crate::{Code, Error, Response, Result};

/// How a call to a picked node ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was answered.
    Ok,
    /// It failed.
    Failed {
        /// With this code.
        code: Code,
        /// Whether a handler can have seen it; see [`Error::reached`].
        reached: bool,
    },
    /// The caller gave it up.
    Cancelled,
}

impl Outcome {
    /// The outcome that a result is.
    #[must_use]
    pub fn of<T>(result: &Result<T>) -> Self {
        match result {
            Ok(_) => Self::Ok,
            Err(error) => Self::from(error),
        }
    }
}

impl From<&Error> for Outcome {
    fn from(error: &Error) -> Self {
        Self::Failed { code: error.code(), reached: error.reached() }
    }
}

/// Learns how calls ended: a node's statistics, or a selector.
pub trait Feedback: Send + Sync + 'static {
    /// A call ended. `token` is what the [`Pick`] was made with.
    fn done(&self, token: u64, outcome: Outcome);

    /// The connection that the call goes out on had to be made first, and now is there: what the call takes is counted from
    /// here on, with the token that this gives.
    fn connected(&self, token: u64) -> u64 {
        token
    }

    /// The first message of a streamed answer is there; [`done`](Self::done) follows when the stream has ended, with the
    /// token that this gives.
    fn answered(&self, token: u64) -> u64 {
        token
    }

    /// The id of the node that this is about, for the errors of its calls.
    fn node(&self) -> Option<&str> {
        None
    }
}

/// The choice of one node for one call. Whoever made it learns the outcome, exactly once: dropped without one, it
/// reports [`Outcome::Cancelled`].
#[must_use]
pub struct Pick {
    feedback: Option<Arc<dyn Feedback>>,
    token: u64,
    index: u32,
}

impl Pick {
    /// The choice of node number `index`, whose outcome goes to `feedback` with `token`.
    pub fn new(index: u32, feedback: Arc<dyn Feedback>, token: u64) -> Self {
        Self { feedback: Some(feedback), token, index }
    }

    /// The choice of node number `index`, about which nobody wants to learn.
    pub fn silent(index: u32) -> Self {
        Self { feedback: None, token: 0, index }
    }

    /// Which node of the snapshot it is.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index as usize
    }

    /// Reports that the call failed, and says in its error which node that was.
    pub(crate) fn failed(self, error: Error) -> Error {
        let outcome = Outcome::from(&error);
        self.answerer(outcome).name(error)
    }

    /// Reports how the call ended, and keeps who it was sent to.
    pub(crate) fn answerer(mut self, outcome: Outcome) -> Answerer {
        let answerer = Answerer(self.feedback.take());
        if let Some(feedback) = &answerer.0 {
            feedback.done(self.token, outcome);
        }
        answerer
    }

    /// Who the call was sent to, while it goes on.
    pub(crate) fn streams(&self) -> Answerer {
        Answerer(self.feedback.clone())
    }

    /// Says that a connection had to be made for the call, and now is there: the time for that is none of the node's.
    pub fn connected(mut self) -> Self {
        if let Some(feedback) = &self.feedback {
            self.token = feedback.connected(self.token);
        }
        self
    }

    /// Reports that a streamed answer has begun.
    pub(crate) fn answered(mut self) -> Self {
        if let Some(feedback) = &self.feedback {
            self.token = feedback.answered(self.token);
        }
        self
    }

    /// Reports how the call ended.
    pub fn done(self, outcome: Outcome) {
        let _ = self.answerer(outcome);
    }
}

/// Who a call was sent to, for errors that are found after it has ended: an answer that cannot be read.
#[derive(Clone, Default)]
pub(crate) struct Answerer(Option<Arc<dyn Feedback>>);

impl Answerer {
    /// This one, or the one that has signed the answer where the call says nothing of it.
    pub(crate) fn or_of(self, response: &Response) -> Self {
        match (&self.0, response.answerer()) {
            (None, Some(signed)) => signed.clone(),
            _ => self,
        }
    }

    /// Says in an error which node it is about.
    pub(crate) fn name(&self, error: Error) -> Error {
        match self.0.as_ref().and_then(|feedback| feedback.node()) {
            Some(node) => error.with_node(node),
            None => error,
        }
    }
}

// === impl Pick ===

impl Drop for Pick {
    fn drop(&mut self) {
        if let Some(feedback) = self.feedback.take() {
            feedback.done(self.token, Outcome::Cancelled);
        }
    }
}

impl Debug for Answerer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answerer").field(&self.0.as_ref().and_then(|feedback| feedback.node())).finish()
    }
}

impl Debug for Pick {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pick").field("index", &self.index).field("token", &self.token).finish_non_exhaustive()
    }
}
