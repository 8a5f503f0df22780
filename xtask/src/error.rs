//! The error of all commands.

use std::fmt;

/// What a command returns.
pub(crate) type Result<T = ()> = std::result::Result<T, Error>;

/// Why a command failed, in words for the person who started it.
#[derive(Debug)]
pub(crate) struct Error {
    text: Option<String>,
}

impl Error {
    /// A failure that is still to be told.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()) }
    }

    /// A failure whose reasons are printed already, so that nothing follows a command's closing line.
    pub(crate) fn told() -> Self {
        Self { text: None }
    }

    /// A failure made of many, one a line; success when there are none.
    pub(crate) fn unless_empty(failures: &[String]) -> Result {
        if failures.is_empty() { Ok(()) } else { Err(Self::new(failures.join("\n       "))) }
    }

    /// Prints the reason, unless it is printed already.
    pub(crate) fn report(&self) {
        if self.text.is_some() {
            eprintln!("error: {self}");
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.as_deref().unwrap_or("failed, as told above"))
    }
}

impl std::error::Error for Error {}

/// Says what was being done when something failed.
pub(crate) trait Doing<T> {
    /// Turns a failure into one that starts with `what`.
    fn doing(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Error::new(format!("{what}: {error}")))
    }
}
