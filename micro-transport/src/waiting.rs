//! What calls wait for.

use std::fmt::{self, Display, Formatter};

use micro_core::Route;

/// What a call does whose time is up.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) what: &'static str,
    pub(crate) route: Route,
}

impl Display for Waiting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "waiting for the {} of {}", self.what, self.route)
    }
}
