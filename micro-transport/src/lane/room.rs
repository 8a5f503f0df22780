//! What a peer may send of the messages of all streams together.

use super::frame::{Message, Run, Violation};
use super::limits::Limits;
use super::traffic::{cost_of, cost_of_run};

/// The credit of a connection, as the side sees it that gave it.
#[derive(Debug)]
pub(super) struct Room(i64);

impl Room {
    pub(super) fn new(own: &Limits) -> Self {
        Self(i64::from(own.connection_window))
    }

    /// A message of a stream has begun, if one has. What the peer was given back since that was asked last is asked when
    /// it matters: it has been told of that by now.
    ///
    /// # Errors
    /// When the peer had no credit for it.
    pub(super) fn begin(&mut self, message: &Message, given: impl FnOnce() -> i64) -> Result<(), Violation> {
        match message.begins() {
            Some(length) => self.take(cost_of(length), cost_of(length), given),
            None => Ok(()),
        }
    }

    /// The same for several messages.
    ///
    /// # Errors
    /// When the peer had no credit for one of them.
    pub(super) fn begin_all(&mut self, run: &Run, given: impl FnOnce() -> i64) -> Result<(), Violation> {
        self.take(cost_of_run(run), cost_of(run.last()), given)
    }

    fn take(&mut self, cost: i64, last: i64, given: impl FnOnce() -> i64) -> Result<(), Violation> {
        let before = cost - last;
        if self.0 <= before {
            self.0 += given();
        }
        if self.0 <= before {
            return Err(Violation::new("a message beyond the credit of the connection"));
        }
        self.0 -= cost;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::lane::frame::Part;

    #[test]
    fn messages_begin_within_it() {
        let own = Limits { connection_window: 100, ..Limits::default() };
        let mut room = Room::new(&own);
        let message = |part| Message { bytes: Bytes::from_static(b"12345678"), part };
        room.begin(&message(Part::First { total: 500 }), || panic!("there is credit")).unwrap();
        room.begin(&message(Part::Last), || panic!("nothing begins")).unwrap();
        room.begin(&message(Part::Whole), || 432).unwrap_err();
        room.begin(&message(Part::Whole), || 1).unwrap();
        room.begin(&message(Part::Whole), || 39).unwrap_err();
    }
}
