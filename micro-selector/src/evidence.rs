use micro_core::{Code, Outcome};

use crate::estimate::Grade;

/// What the outcome of a call says about whether its node works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It works: errors of the business are answers too.
    Answer,
    /// Nobody is there.
    Unreachable,
    /// Somebody is there, but lost the call or did not answer in time.
    Broken,
    /// It is there, and turned the call away as it has too many: nobody else has seen the call.
    Overloaded,
    Nothing,
}

impl Evidence {
    pub(crate) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ok => Self::Answer,
            Outcome::Failed { code: Code::Unavailable, reached: false } => Self::Unreachable,
            // A process that is stopped makes calls time out, also those that wait for a connection to it.
            Outcome::Failed { code: Code::Unavailable | Code::DeadlineExceeded, .. } => Self::Broken,
            // From a handler it is a quota of the business.
            Outcome::Failed { code: Code::ResourceExhausted, reached: false } => Self::Overloaded,
            Outcome::Failed { code: Code::Cancelled, .. } | Outcome::Cancelled => Self::Nothing,
            Outcome::Failed { reached: true, .. } => Self::Answer,
            // A call that was never sent.
            Outcome::Failed { reached: false, .. } => Self::Nothing,
        }
    }
}

impl Grade {
    /// What an outcome says about how well a node does beside others; `None`: nothing.
    ///
    /// Here a broken node counts, too, whose handlers fail on their own account: where all do so alike, nothing changes.
    pub(crate) fn of(outcome: Outcome) -> Option<Self> {
        match (Evidence::of(outcome), outcome) {
            (Evidence::Nothing, _) => None,
            (_, Outcome::Ok) => Some(Self::Good),
            (Evidence::Unreachable | Evidence::Broken | Evidence::Overloaded, _) => Some(Self::Fault),
            (_, Outcome::Failed { code: Code::Internal | Code::Unknown | Code::DataLoss, .. }) => {
                Some(Self::Fault)
            }
            (Evidence::Answer, _) => Some(Self::Refusal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outcomes_say() {
        let of = |code, reached| {
            let outcome = Outcome::Failed { code, reached };
            (Evidence::of(outcome), Grade::of(outcome))
        };
        for code in [Code::NotFound, Code::PermissionDenied, Code::Unimplemented, Code::ResourceExhausted] {
            assert_eq!(of(code, true), (Evidence::Answer, Some(Grade::Refusal)), "{code:?}");
        }
        assert_eq!(of(Code::Internal, true), (Evidence::Answer, Some(Grade::Fault)));
        assert_eq!(of(Code::Unavailable, false), (Evidence::Unreachable, Some(Grade::Fault)));
        assert_eq!(of(Code::Unavailable, true), (Evidence::Broken, Some(Grade::Fault)));
        for reached in [true, false] {
            assert_eq!(of(Code::DeadlineExceeded, reached), (Evidence::Broken, Some(Grade::Fault)));
            assert_eq!(of(Code::Cancelled, reached), (Evidence::Nothing, None));
        }
        assert_eq!(of(Code::ResourceExhausted, false), (Evidence::Overloaded, Some(Grade::Fault)));
        assert_eq!(of(Code::InvalidArgument, false), (Evidence::Nothing, None));
        assert_eq!(Evidence::of(Outcome::Cancelled), Evidence::Nothing);
        assert_eq!(
            (Evidence::of(Outcome::Ok), Grade::of(Outcome::Ok)),
            (Evidence::Answer, Some(Grade::Good))
        );
    }
}
