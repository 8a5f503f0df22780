use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

/// Why a peer is told to go away: it has sent what no peer may send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Violation {
    /// What that was.
    pub(crate) why: Cow<'static, str>,
    /// Whether it is only that there was too much of it.
    pub(crate) flood: bool,
}

impl Violation {
    pub(crate) const fn new(why: &'static str) -> Self {
        Self { why: Cow::Borrowed(why), flood: false }
    }

    /// Too much of what costs its sender nothing.
    pub(crate) const fn flood(why: &'static str) -> Self {
        Self { why: Cow::Borrowed(why), flood: true }
    }
}

impl From<String> for Violation {
    fn from(why: String) -> Self {
        Self { why: Cow::Owned(why), flood: false }
    }
}

impl Display for Violation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}
