//! The messages that calls are sent: from frames to the handlers that read them.

use std::task::Context;

use bytes::Bytes;
use micro_core::{Body, Request};

use super::batch::Batch;
use super::calls::{Calls, too_long};
use super::taken::{Coming, Life, Running, Taken};
use crate::lane::frame::{self, End, Message, Run, Violation};
use crate::lane::inbox::{Delivered, Ended};
use crate::lane::partial::Came;
use crate::lane::traffic::{cost_of, cost_of_run};

impl Calls {
    /// A message of a call, or a part of one.
    pub(super) fn data(
        &mut self,
        id: u32,
        message: Message,
        batch: &mut Batch,
        cx: &mut Context<'_>,
    ) -> std::result::Result<(), Violation> {
        let index = (id as usize).wrapping_sub(1);
        match self.places.get(index) {
            Some(Taken::Coming(_)) => match self.partials.put(id, message)? {
                Came::Whole(message) => self.come(index, message, batch, cx),
                Came::TooLong(_) | Came::Part | Came::Nothing => {}
            },
            Some(Taken::Running(Running { life: Life { requests: Some(inbox), .. }, .. })) => {
                self.idle = 0;
                self.room.begin(&message, || self.line.lock().traffic.take_given())?;
                match inbox.deliver(id, message, &mut self.partials)? {
                    Delivered::Kept => {}
                    Delivered::Unread(cost) => self.pass_over(cost),
                    Delivered::TooLong(size) => {
                        inbox.end(Ended::Failed(too_long(&self.own, size)));
                        self.pass_over(cost_of(usize::try_from(size).unwrap_or(usize::MAX)));
                    }
                }
            }
            // Its call has ended without it.
            _ => {
                self.room.begin(&message, || self.line.lock().traffic.take_given())?;
                if let Some(length) = message.begins() {
                    self.pass_over(cost_of(length));
                }
                return self.count();
            }
        }
        Ok(())
    }

    /// Messages of one stream.
    pub(super) fn messages(&mut self, run: Run) -> std::result::Result<(), Violation> {
        let taken = self.places.get((run.id as usize).wrapping_sub(1));
        let inbox = match taken {
            Some(Taken::Running(Running { life: Life { requests: Some(inbox), .. }, .. })) => Some(inbox),
            Some(Taken::Coming(_)) => return self.partials.free(run.id),
            _ => None,
        };
        self.room.begin_all(&run, || self.line.lock().traffic.take_given())?;
        let (count, cost) = (run.count(), cost_of_run(&run));
        let delivered = match inbox {
            Some(inbox) => {
                self.idle = 0;
                inbox.deliver_all(run, &self.partials)?
            }
            // Its call has ended without it.
            None => {
                self.count_all(count)?;
                Delivered::Unread(cost)
            }
        };
        if let Delivered::Unread(cost) = delivered {
            self.pass_over(cost);
        }
        Ok(())
    }

    /// Messages of a stream that nobody reads.
    fn pass_over(&self, cost: i64) {
        self.line.lock().traffic.give(None, cost);
    }

    /// All of a call's message is there.
    fn come(&mut self, index: usize, message: Bytes, batch: &mut Batch, cx: &mut Context<'_>) {
        let Taken::Coming(coming) = std::mem::take(&mut self.places[index]) else { return };
        self.running -= 1;
        let Coming { head, place } = *coming;
        let id = index as u32 + 1;
        if let Some(permit) = self.permit(id) {
            let life = Life::of(&head, place);
            self.run(id, Request::new(head, Body::One(message)), life, permit, batch, cx);
        }
    }

    /// The stream of a request has ended.
    pub(super) fn half_closed(&mut self, id: u32, end: &End<'_>) -> std::result::Result<(), Violation> {
        let trailers = match end {
            End::Done => None,
            End::Trailers(trailers) => {
                self.fits(trailers.len())?;
                Some(frame::entries(trailers)?)
            }
            End::Error(_) => return Err(Violation::new("an END with an error, from a client")),
        };
        if let Some(Taken::Running(Running { life: Life { requests: Some(inbox), .. }, .. })) =
            self.places.get((id as usize).wrapping_sub(1))
        {
            inbox.end(Ended::Done(trailers));
            return Ok(());
        }
        self.count()
    }
}
