use bytes::Bytes;

use super::fields::Fields;
use super::violation::Violation;

/// A message, or a part of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    pub(crate) part: Part,
}

impl Message {
    /// How long the message is that begins here, if one does.
    pub(crate) fn begins(&self) -> Option<usize> {
        match self.part {
            Part::Whole => Some(self.bytes.len()),
            Part::First { total } => Some(total as usize),
            Part::Middle | Part::Last => None,
        }
    }
}

/// Which part of its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// The first one, which is shorter than `total`: others follow.
    First {
        /// The size of the message, in bytes.
        total: u32,
    },
    /// One that others follow.
    Middle,
    /// The last one.
    Last,
}

/// How much of a message a CALL or a REPLY carries: the first `len` bytes of `total`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Carried {
    pub(crate) len: usize,
    pub(crate) total: usize,
}

impl Carried {
    /// All of a message.
    pub(crate) const fn whole(len: usize) -> Self {
        Self { len, total: len }
    }

    /// Whether DATA frames with the other parts follow.
    pub(super) const fn is_part(self) -> bool {
        self.len < self.total
    }
}

/// The end of a payload that is a message or a part of one: how many bytes, and which part.
pub(super) type Tail = (usize, Part);

const NO_PART: Violation =
    Violation::new("a part of a message that is empty, or no smaller than the message");

/// The rest of a payload as a message or, behind the size of the whole, its first part; `None` when the size is cut off.
pub(super) fn begun(fields: &mut Fields<'_>, first: bool) -> Option<Result<Tail, Violation>> {
    if !first {
        return Some(Ok((fields.0.len(), Part::Whole)));
    }
    let total = fields.u32()?;
    let len = fields.0.len();
    let is_part = len != 0 && len < total as usize;
    Some(if is_part { Ok((len, Part::First { total })) } else { Err(NO_PART) })
}

/// The rest of a payload as a part that is not the first one.
pub(super) fn continued(fields: Fields<'_>, part: Part) -> Result<Tail, Violation> {
    if fields.0.is_empty() { Err(NO_PART) } else { Ok((fields.0.len(), part)) }
}
