use micro_core::{Code, Error};

use super::BoxError;

/// The error of a layer as one of ours: tower's own have codes, those of others are masked.
pub(super) fn ours(error: BoxError) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(ours) => return *ours,
        Err(error) => error,
    };
    if error.is::<tower::timeout::error::Elapsed>() {
        return Error::deadline_exceeded("the time that a layer allows is up").with_source(error);
    }
    if error.is::<tower::load_shed::error::Overloaded>() {
        return Error::resource_exhausted("overloaded: the call was shed").with_source(error).not_reached();
    }
    Error::masked(Code::Internal, error)
}
