use std::borrow::Cow;
use std::error::Error as StdError;

use crate::{Code, Error, Result};

/// Makes `?` work on errors that are not ours.
///
/// What a foreign error says may be nobody's business (paths, statements, passwords), so it is kept as the source and
/// logged under the error's [`id`](Error::id), while callers read only what these methods say.
///
/// ```
/// use micro_core::{Code, Result, ResultExt};
///
/// fn port(text: &str) -> Result<u16> {
///     text.parse().context("the port is not a number")
/// }
///
/// let error = port("none").unwrap_err();
/// assert_eq!(error.detail(), "the port is not a number");
/// assert_eq!(error.code(), Code::Internal);
/// ```
pub trait ResultExt<T>: Sized {
    /// Makes any error [`Code::Internal`] with the text "internal error".
    ///
    /// # Errors
    /// [`Code::Internal`], where `self` is an error.
    fn internal(self) -> Result<T> {
        self.code(Code::Internal)
    }

    /// Says to the caller what was being done. An [`Error`] of ours keeps its code, id and reason and gets `doing` in
    /// front of its detail; a foreign one becomes [`Code::Internal`] with `doing` as its detail.
    ///
    /// # Errors
    /// The error in `self`, with `doing` added.
    fn context(self, doing: impl Into<Cow<'static, str>>) -> Result<T>;

    /// Gives the error a code; its text is masked.
    ///
    /// # Errors
    /// `code`, where `self` is an error.
    fn code(self, code: Code) -> Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> ResultExt<T> for std::result::Result<T, E> {
    fn context(self, doing: impl Into<Cow<'static, str>>) -> Result<T> {
        self.map_err(|error| {
            let doing = doing.into();
            match error.into().downcast::<Error>() {
                Ok(ours) => {
                    let detail = format!("{doing}: {}", ours.detail());
                    ours.with_detail(detail)
                }
                Err(foreign) => Error::masked(Code::Internal, foreign).with_detail(doing),
            }
        })
    }

    fn code(self, code: Code) -> Result<T> {
        self.map_err(|error| Error::masked(code, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_errors_are_masked() {
        let result: Result<()> = Err(std::io::Error::other("/etc/secret")).internal();
        let error = result.unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(StdError::source(&error).is_some());
    }

    #[test]
    fn our_errors_keep_their_code() {
        let result: Result<()> = Err(Error::not_found("no row").with_reason("ROW"));
        let error = result.context("loading the user").unwrap_err();
        assert_eq!((error.code(), error.detail()), (Code::NotFound, "loading the user: no row"));
        assert_eq!(error.reason(), "ROW");
    }

    #[test]
    fn code_masks() {
        let error = "x".parse::<u8>().code(Code::InvalidArgument).unwrap_err();
        assert_eq!((error.code(), error.detail()), (Code::InvalidArgument, "invalid_argument"));
    }
}
