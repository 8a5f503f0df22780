//! What comes in on a lane.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use micro_core::{Body, BodyStream, Error, Response};
use tokio::time::Instant;

use super::session::{Line, Shared};
use super::task::{REST, Task};
use crate::lane::frame::{self, End, Frame, Frames, Message, Part, Run, Violation};
use crate::lane::inbox::{Delivered, Ended, Inbox, Reader};
use crate::lane::limits::{FIXED, IDLE_FRAMES};
use crate::lane::partial::Came;
use crate::standing::Phase;

impl Task {
    /// Reads all frames that have come.
    ///
    /// # Errors
    /// What the peer did wrong.
    pub(super) fn receive(&mut self) -> Result<(), Violation> {
        let now = Instant::now();
        self.pulse.hear(now);
        let rested = self.rest.replace(now + REST).is_none();
        let watched = self.shared.watched.load(Ordering::Relaxed);
        if rested || !watched {
            self.shared.watched.store(true, Ordering::Relaxed);
            self.set = false;
        }
        if self.shared.standing.phase() == Phase::Asked {
            self.shared.standing.change(Phase::Asked, Phase::Ready);
        }
        let max_frame = self.shared.own.max_frame;
        let shared = self.shared.clone();
        let mut frames = Frames::new(self.buffer.frames((max_frame + FIXED) as usize, usize::MAX), max_frame);
        let mut line = shared.line();
        let busy = line.slots.busy();
        let mut result = Ok(());
        let most = shared.own.max_message as usize;
        loop {
            if let Some(run) = frames.run(most) {
                if let Err(violation) = self.messages(&mut line, run) {
                    result = Err(violation);
                    break;
                }
                continue;
            }
            match frames.next() {
                Ok(Some(frame)) => {
                    if let Err(violation) = self.handle(&shared, &mut line, frame) {
                        result = Err(violation);
                        break;
                    }
                }
                Ok(None) => break,
                Err(violation) => {
                    result = Err(violation);
                    break;
                }
            }
        }
        shared.freed(&line, busy);
        drop(line);
        self.wakers.drain(..).for_each(std::task::Waker::wake);
        result
    }
}

impl Task {
    fn handle(&mut self, shared: &Arc<Shared>, line: &mut Line, frame: Frame<'_>) -> Result<(), Violation> {
        match frame {
            Frame::Reply { id, reply, message } => {
                self.idle = 0;
                let slot = line.slots.get(id).filter(|slot| slot.is_owed());
                let slot = slot.filter(|slot| slot.answers.is_none() && slot.begun.is_none());
                let Some(slot) = slot else { return Err(unasked(id)) };
                fits(shared, reply.metadata.len() + reply.trailers.len())?;
                let mut response = Response::default();
                if !reply.metadata.is_empty() {
                    *response.metadata_mut() = frame::entries(reply.metadata)?;
                }
                if !reply.trailers.is_empty() {
                    *response.trailers_mut() = frame::entries(reply.trailers)?;
                }
                if reply.stream {
                    let window = shared.own.stream_window;
                    let inbox = Inbox::new(window);
                    slot.answers = Some(inbox.clone());
                    if slot.is_awaited() {
                        let key = slot.key(id);
                        let reader = Reader::new(inbox, shared.clone(), key, window);
                        response.body = Body::Stream(BodyStream::new(reader));
                        self.wakers.extend(line.slots.answer(id, Ok(response)));
                    } else {
                        inbox.leave();
                    }
                    return Ok(());
                }
                match message {
                    None => self.answer(line, id, response),
                    Some(message) => {
                        let is_last = message.part == Part::Whole;
                        match self.partials.put(id, message)? {
                            Came::Whole(message) => {
                                response.body = Body::One(message);
                                self.answer(line, id, response);
                            }
                            Came::TooLong(size) => {
                                // What still comes of it is passed over.
                                slot.begun = Some(response);
                                self.too_long(shared, line, id, size);
                                if is_last {
                                    line.close(id);
                                }
                            }
                            Came::Part | Came::Nothing => slot.begun = Some(response),
                        }
                    }
                }
                Ok(())
            }
            Frame::Data { id, message } => {
                self.idle = 0;
                let Some(slot) = line.slots.get(id).filter(|slot| slot.is_owed()) else {
                    return Err(unasked(id));
                };
                let Some(inbox) = &slot.answers else {
                    return self.go_on(line, id, message);
                };
                self.room.begin(&message, || line.traffic.take_given())?;
                match inbox.deliver(id, message, &mut self.partials)? {
                    Delivered::Kept => {}
                    Delivered::Unread(cost) => {
                        line.traffic.give(None, cost);
                    }
                    Delivered::TooLong(size) => {
                        self.too_long(shared, line, id, size);
                        line.traffic.pass_over(usize::try_from(size).unwrap_or(usize::MAX));
                    }
                }
                Ok(())
            }
            Frame::End { id, end } => {
                self.idle = 0;
                let Some(slot) = line.slots.get(id).filter(|slot| slot.is_owed()) else {
                    return Err(unasked(id));
                };
                let cut = self.partials.remove(id).filter(|_| slot.answers.is_some());
                match (end, &slot.answers) {
                    (End::Error(text), Some(inbox)) => inbox.end(Ended::Failed(Error::from_json(text))),
                    (End::Error(text), None) => {
                        self.wakers.extend(line.slots.answer(id, Err(Error::from_json(text))));
                    }
                    (End::Done, Some(inbox)) => inbox.end(Ended::Done(None)),
                    (End::Trailers(trailers), Some(inbox)) => {
                        fits(shared, trailers.len())?;
                        inbox.end(Ended::Done(Some(frame::entries(trailers)?)));
                    }
                    (End::Done | End::Trailers(_), None) => {
                        return Err(Violation::from(format!("call {id} ends without an answer")));
                    }
                }
                line.close(id);
                if let Some(length) = cut {
                    line.traffic.pass_over(length);
                }
                Ok(())
            }
            Frame::Credit { id: 0, bytes } => {
                sound(line.traffic.add(bytes))?;
                self.count()
            }
            Frame::Credit { id, bytes } => match line.slots.get(id).and_then(|slot| slot.upload.as_mut()) {
                Some(upload) => sound(upload.flow.add(bytes)),
                None => self.count(),
            },
            Frame::Ping(bytes) => {
                frame::put_pong(line.traffic.outbox.frames(), bytes);
                self.pongs += 1;
                if self.pongs > IDLE_FRAMES {
                    return Err(Violation::flood("more pings than answers to them are read"));
                }
                self.count()
            }
            Frame::Pong(_) | Frame::Unknown(_) => self.count(),
            Frame::GoAway(goaway) => {
                let why = if goaway.text.is_empty() { "the peer wants no new ones" } else { goaway.text };
                self.left = Some(why.to_owned());
                shared.standing.drain();
                Ok(())
            }
            Frame::Hello(_)
            | Frame::Call { .. }
            | Frame::Cancel { .. }
            | Frame::Route { .. }
            | Frame::Block { .. }
            | Frame::Format { .. } => Err(Violation::new("a frame that a server does not send")),
        }
    }

    /// Messages of one stream.
    fn messages(&mut self, line: &mut Line, run: Run) -> Result<(), Violation> {
        self.idle = 0;
        let slot = line.slots.get(run.id).filter(|slot| slot.is_owed());
        let Some(inbox) = slot.and_then(|slot| slot.answers.as_ref()) else {
            self.partials.free(run.id)?;
            return Err(unasked(run.id));
        };
        self.room.begin_all(&run, || line.traffic.take_given())?;
        if let Delivered::Unread(cost) = inbox.deliver_all(run, &self.partials)? {
            line.traffic.give(None, cost);
        }
        Ok(())
    }

    /// A further part of an answer that is no stream.
    fn go_on(&mut self, line: &mut Line, id: u32, message: Message) -> Result<(), Violation> {
        let (begins, is_last) = (message.begins().is_some(), message.part == Part::Last);
        let came = self.partials.put(id, message)?;
        let slot = line.slots.get(id).filter(|slot| slot.begun.is_some() && !begins);
        let Some(slot) = slot else { return Err(unasked(id)) };
        match came {
            Came::Whole(message) => {
                let mut response = slot.begun.take().unwrap_or_default();
                response.body = Body::One(message);
                self.answer(line, id, response);
            }
            // The end of one that was passed over.
            Came::Nothing if is_last => line.close(id),
            Came::Part | Came::TooLong(_) | Came::Nothing => {}
        }
        Ok(())
    }

    /// The last frame of a call that is answered with one message.
    fn answer(&mut self, line: &mut Line, id: u32, response: Response) {
        self.wakers.extend(line.slots.finish(id, response));
        line.forget(id);
    }

    /// A message is longer than what is read: its call fails here. What is on its way of it is passed over.
    fn too_long(&mut self, shared: &Arc<Shared>, line: &mut Line, id: u32, size: u64) {
        let limit = u64::from(shared.own.max_message);
        let error = Error::message_too_large(Some(size), limit, "max_message").maybe_reached();
        self.wakers.extend(shared.fail(line, id, error));
    }

    /// Frames that say nothing of any call, and too many of them.
    fn count(&mut self) -> Result<(), Violation> {
        self.idle += 1;
        if self.idle > IDLE_FRAMES {
            return Err(Violation::flood("more frames in a row that are of no call than anybody needs"));
        }
        Ok(())
    }

    /// Fails the calls whose time is up, and looks when the next one's is.
    pub(super) fn expire(&mut self) {
        let shared = self.shared.clone();
        let mut line = shared.line();
        if line.due.is_none_or(|due| !due.is_past()) {
            return;
        }
        let mut next = None;
        self.expired.clear();
        for (id, slot) in line.slots.owed() {
            match slot.deadline {
                Some(deadline) if deadline.is_past() => self.expired.push(id),
                Some(deadline) => next = [next, Some(deadline)].into_iter().flatten().min(),
                None => {}
            }
        }
        line.due = next;
        self.due = next;
        let busy = line.slots.busy();
        for id in self.expired.drain(..) {
            self.wakers.extend(shared.fail(&mut line, id, shared.late()));
        }
        shared.freed(&line, busy);
        drop(line);
        self.wakers.drain(..).for_each(std::task::Waker::wake);
    }

    /// The connection is gone, and all calls on it.
    pub(super) fn fail_all(&mut self, cause: &str) {
        let shared = self.shared.clone();
        let mut line = shared.line();
        let busy = line.slots.busy();
        let written = line.turn.written();
        let lost: Vec<_> = line.slots.owed().map(|(id, slot)| (id, slot.sent <= written)).collect();
        for (id, sent) in lost {
            let error = shared.lost(cause, sent);
            if let Some(slot) = line.slots.get(id) {
                self.wakers.extend(slot.fail(error));
            }
            line.close(id);
        }
        shared.freed(&line, busy);
        line.traffic.go_on();
        drop(line);
        self.wakers.drain(..).for_each(std::task::Waker::wake);
    }
}

/// Whether metadata of this length may be in one frame.
fn fits(shared: &Shared, length: usize) -> Result<(), Violation> {
    if length > shared.own.max_header as usize {
        return Err(Violation::new("metadata that is longer than max_header allows"));
    }
    Ok(())
}

fn unasked(id: u32) -> Violation {
    Violation::from(format!("an answer to call {id}, which does not run"))
}

fn sound(credit: bool) -> Result<(), Violation> {
    if credit { Ok(()) } else { Err(Violation::new("more credit than there can be")) }
}
