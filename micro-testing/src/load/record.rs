use std::time::Duration;

use micro::{Error, Result};

/// What became of one call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Record {
    /// Its number.
    pub call: u64,
    /// When it was due, from the start of the run.
    pub due: Duration,
    /// How long it took from when it was due; zero without an answer.
    pub took: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a call ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// With an answer, of the node that it names if it names one.
    Answered(Option<String>),
    /// With an error.
    Failed(Error),
    /// Not at all: it was still open when the generator's patience ended.
    Unanswered,
    /// It was never sent: too many calls were open when it was due.
    HeldBack,
}

impl Record {
    pub(super) const fn new(call: u64, due: Duration) -> Self {
        Self { call, due, took: Duration::ZERO, outcome: Outcome::Unanswered }
    }

    /// The node that answered, or that the call was sent to when it failed.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Answered(node) => node.as_deref(),
            Outcome::Failed(error) => error.node(),
            Outcome::Unanswered | Outcome::HeldBack => None,
        }
    }

    /// Its error, if it failed.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        if let Outcome::Failed(error) = &self.outcome { Some(error) } else { None }
    }

    /// Whether it was answered.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        matches!(self.outcome, Outcome::Answered(_))
    }

    /// Whether it was sent.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        !matches!(self.outcome, Outcome::HeldBack)
    }
}

impl Outcome {
    pub(super) fn of(answer: Result<Option<String>>) -> Self {
        match answer {
            Ok(node) => Self::Answered(node),
            Err(error) => Self::Failed(error),
        }
    }
}
