use crate::Error;

/// What a handler may fail with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not turn into a `micro::Error`",
    label = "a handler cannot fail with this",
    note = "for a type of yours: `#[derive(micro::Error)]`, or `impl From<{Self}> for micro::Error`",
    note = "for one of another crate: return `micro::Result<R>`, and let `micro::ResultExt` turn it at the `?`, e.g. \
            `.internal()?` or `.context(\"reading the file\")?`"
)]
pub trait Failure {
    /// The error that travels.
    fn into_error(self) -> Error;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Error>> Failure for E {
    fn into_error(self) -> Error {
        self.into()
    }
}

/// Turns what a method failed with into what its caller reads.
pub fn failed<E: Failure>(error: E) -> Error {
    error.into_error()
}
