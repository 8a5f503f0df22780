//! The calls of one connection: from frames to handlers, and back.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use micro_core::{Body, BodyStream, Deadline, Error, Head, Origin, Peer, Request, Response, Result};
use tokio::time::Instant;

use super::First;
use super::batch::Batch;
use super::connection::{CLOGGED, CLOGGED_PARTS};
use super::line::Line;
use super::place::Place;
use super::reply::{self, Rest};
use super::run::{Begun, run};
use super::tables::Tables;
use super::taken::{Coming, Life, Running, Taken};
use crate::Placement;
use crate::http::{Permit, Serving, too_many};
use crate::lane::frame::{self, CallHead, Frame, Frames, Message, Violation};
use crate::lane::inbox::{Inbox, Key, Reader};
use crate::lane::limits::{FIXED, IDLE_FRAMES, Limits};
use crate::lane::outbox::Outbox;
use crate::lane::partial::{Came, Partials};
use crate::lane::room::Room;

/// What a connection knows of its calls.
pub(super) struct Calls {
    pub(super) serving: Arc<Serving>,
    pub(super) line: Arc<Line>,
    pub(super) peer: Arc<Peer>,
    /// The same, as it is told to handlers.
    origin: Arc<Origin>,
    pub(super) own: Limits,
    pub(super) theirs: Limits,
    pub(super) tables: Tables,
    pub(super) partials: Partials,
    pub(super) room: Room,
    /// The calls that are not over, by their number less one.
    pub(super) places: Vec<Taken>,
    pub(super) running: usize,
    /// Answers of this task, which need no lock.
    pub(super) answers: Outbox,
    /// The earliest deadline of a call that runs, or an earlier moment.
    pub(super) due: Option<Deadline>,
    pub(super) late: Vec<u32>,
    /// Calls that are over, until they are let go.
    pub(super) over: Vec<Running>,
    pub(super) idle: usize,
    pub(super) peer_left: bool,
    /// How many bytes of the answers of tasks waited when calls were settled last, in frames and in parts.
    pub(super) waiting: (usize, usize),
}

impl Calls {
    pub(super) fn new(serving: Arc<Serving>, line: Arc<Line>, peer: Arc<Peer>, own: Limits) -> Self {
        let tables = Tables::new(&own, &serving.options.formats);
        let partials = Partials::new(own.max_partial, own.max_message);
        let theirs = line.lock().traffic.peer;
        Self {
            serving,
            line,
            origin: Arc::new(Origin::from(peer.clone())),
            peer,
            own,
            theirs,
            tables,
            partials,
            room: Room::new(&own),
            places: Vec::new(),
            running: 0,
            answers: Outbox::default(),
            due: None,
            late: Vec::new(),
            over: Vec::new(),
            idle: 0,
            peer_left: false,
            waiting: (0, 0),
        }
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The longest frame that may come.
    pub(super) fn longest(&self) -> usize {
        (self.own.max_frame + FIXED) as usize
    }

    /// How many calls are not answered.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// How many bytes of answers wait: in frames, and in parts that are no frames yet.
    pub(super) fn pending(&self) -> (usize, usize) {
        let state = self.line.lock();
        (self.answers.pending() + state.traffic.outbox.pending(), state.traffic.parts.pending())
    }

    /// Whether so much of the answers waits, with what is being written, that no more calls are to be looked at.
    pub(super) fn is_clogged(&self, written: usize) -> bool {
        let (frames, parts) = self.waiting;
        written + self.answers.pending() + frames >= CLOGGED || parts >= CLOGGED_PARTS
    }

    /// Whether the peer has said that it makes no calls any more.
    pub(super) fn has_peer_left(&self) -> bool {
        self.peer_left
    }

    /// When the next call is late, as far as is known.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.map(|due| Instant::from_std(due.instant()))
    }

    /// Where this task's own frames go.
    pub(super) fn answers(&mut self) -> &mut Vec<u8> {
        self.answers.frames()
    }

    /// Moves the answers of this task to what is written. Says whether there are any.
    pub(super) fn take_answers(&mut self, batch: &mut Outbox) -> bool {
        let any = !self.answers.is_empty();
        if any {
            batch.take(&mut self.answers);
        }
        any
    }

    /// Reads frames, and answers or runs the calls in them, as long as there is room for their answers. Says which are
    /// left.
    ///
    /// # Errors
    /// What the peer did wrong.
    pub(super) fn receive(
        &mut self,
        batch: &mut Batch,
        cx: &mut Context<'_>,
    ) -> std::result::Result<Bytes, Violation> {
        self.settle_all();
        let mut frames = Frames::new(batch.bytes.clone(), self.own.max_frame);
        let most = self.own.max_message as usize;
        loop {
            if let Some(run) = frames.run(most) {
                self.messages(run)?;
            } else if let Some(frame) = frames.next()? {
                self.handle(frame, batch, cx)?;
            } else {
                break;
            }
            // What is answered in place is over at once, so that nothing else bounds the answers to what has come.
            if self.is_clogged(0) {
                break;
            }
        }
        Ok(frames.rest())
    }

    /// Runs the call that came before the lane began: number 1.
    pub(super) fn first(&mut self, first: First, cx: &mut Context<'_>) {
        let First { mut request, permit } = first;
        request.head.origin = Some(self.origin.clone());
        self.places.push(Taken::Free);
        let life = Life::of(&request.head, self.tables.unnumbered());
        let mut batch = Batch::new(Bytes::new(), Deadline::now());
        self.run(1, request, life, permit, &mut batch, cx);
    }

    #[inline(always)] // It has one caller, and a call of its own has the frame copied.
    fn handle(
        &mut self,
        frame: Frame<'_>,
        batch: &mut Batch,
        cx: &mut Context<'_>,
    ) -> std::result::Result<(), Violation> {
        match frame {
            Frame::Call { id, call, message } => {
                self.idle = 0;
                self.call(id, &call, message, batch, cx)
            }
            Frame::Data { id, message } => self.data(id, message, batch, cx),
            Frame::End { id, end } => self.half_closed(id, &end),
            Frame::Cancel { id } => {
                self.cancel(id);
                self.count()
            }
            Frame::Credit { id, bytes } => {
                let added = self.line.lock().add(id, bytes);
                match added {
                    Some(false) => Err(Violation::new("more credit than there can be")),
                    Some(true) if id != 0 => Ok(()),
                    Some(true) | None => self.count(),
                }
            }
            Frame::Ping(bytes) => {
                frame::put_pong(self.answers.frames(), bytes);
                self.count()
            }
            Frame::Pong(_) | Frame::Unknown(_) => self.count(),
            Frame::GoAway(_) => {
                self.peer_left = true;
                self.count()
            }
            Frame::Route { number, service, endpoint } => {
                self.fits(service.len() + endpoint.len() + 4)?;
                self.tables.route(number, service, endpoint)?;
                self.count()
            }
            Frame::Block { number, entries } => {
                self.fits(entries.len())?;
                self.tables.block(number, entries)?;
                self.count()
            }
            Frame::Format { number, content_type } => {
                self.fits(content_type.len())?;
                self.tables.format(number, content_type, &self.serving.options.formats);
                self.count()
            }
            Frame::Hello(_) | Frame::Reply { .. } => {
                Err(Violation::new("a frame that a client does not send"))
            }
        }
    }

    fn call(
        &mut self,
        id: u32,
        call: &CallHead<'_>,
        message: Option<Message>,
        batch: &mut Batch,
        cx: &mut Context<'_>,
    ) -> std::result::Result<(), Violation> {
        if self.peer_left {
            return Err(Violation::new("a CALL behind the good-bye of its client"));
        }
        self.open(id)?;
        if !call.fits(self.own.max_header) {
            return Err(Violation::new("a CALL with more metadata than was agreed on"));
        }
        let (route, place) = self.tables.find_route(&call.route)?;
        let format = match self.tables.find_format(call.format, &self.serving.options.formats) {
            Ok(format) => format,
            Err(error) => {
                self.answer(id, Err(error.not_reached()));
                return Ok(());
            }
        };
        let mut head = Head::new(route, format);
        // A stream may be open for long, and would keep all that was read together with its metadata.
        let kept = |own| if call.stream { Bytes::copy_from_slice(own) } else { batch.bytes.slice_ref(own) };
        let own = (!call.own.is_empty()).then(|| kept(call.own));
        head.metadata = self.tables.metadata(call.block, own)?;
        head.deadline = (call.time != 0).then(|| batch.came.later_by(Duration::from_nanos(call.time)));
        head.origin = Some(self.origin.clone());
        let body = match message {
            None if call.stream => {
                batch.spawned = true;
                return self.stream(id, head, place);
            }
            None => Body::Empty,
            Some(message) => match self.partials.put(id, message)? {
                Came::Whole(message) => Body::One(message),
                Came::Part => {
                    self.places[id as usize - 1] = Taken::Coming(Box::new(Coming { head, place }));
                    self.running += 1;
                    return Ok(());
                }
                Came::TooLong(size) => {
                    self.answer(id, Err(too_long(&self.own, size).not_reached()));
                    return Ok(());
                }
                Came::Nothing => Body::Empty,
            },
        };
        if let Some(permit) = self.permit(id) {
            let life = Life::of(&head, place);
            self.run(id, Request::new(head, body), life, permit, batch, cx);
        }
        Ok(())
    }

    /// Takes a number for a call.
    fn open(&mut self, id: u32) -> std::result::Result<(), Violation> {
        if id == 0 || id > self.own.max_calls {
            return Err(Violation::from(format!("call {id}, of numbers up to {}", self.own.max_calls)));
        }
        let index = id as usize - 1;
        if self.places.len() <= index {
            self.places.resize_with(index + 1, Taken::default);
        }
        if !matches!(self.places[index], Taken::Free) {
            return Err(Violation::from(format!("call {id}, which is not over")));
        }
        Ok(())
    }

    /// Whether names or metadata of this length may be in one frame.
    pub(super) fn fits(&self, length: usize) -> std::result::Result<(), Violation> {
        if length > self.own.max_header as usize {
            return Err(Violation::new("names or metadata that are longer than max_header allows"));
        }
        Ok(())
    }

    /// The right to run of a call, which is answered where there is none.
    pub(super) fn permit(&mut self, id: u32) -> Option<Permit> {
        let permit = self.serving.calls.take();
        if permit.is_none() {
            self.answer(id, Err(too_many(&self.serving.options)));
        }
        permit
    }

    /// Has a call answered, at once where that is soon done.
    pub(super) fn run(
        &mut self,
        id: u32,
        request: Request,
        life: Life,
        permit: Permit,
        batch: &mut Batch,
        cx: &mut Context<'_>,
    ) {
        let begun = if self.is_in_place(&life.place, batch) {
            let now = batch.begin(&life.place, life.deadline);
            let mut call = (*self.serving.app).dispatch_at(request, now);
            let polled = Pin::new(&mut call).poll(cx);
            batch.end(&life.place);
            match polled {
                Poll::Pending => Begun::Call(call),
                Poll::Ready(Ok(response)) if response.body.is_stream() => Begun::Answer(response),
                Poll::Ready(result) => return self.answer(id, result),
            }
        } else {
            Begun::Request(request)
        };
        let key = self.line.lock().begin(id, permit);
        self.start(key, begun, life);
        batch.spawned = true;
    }
}

impl Calls {
    /// Whether a handler is polled by this task.
    fn is_in_place(&self, place: &Place, batch: &Batch) -> bool {
        match self.serving.options.placement {
            Placement::Adaptive => place.is_short() && !batch.is_long(),
            Placement::InPlace => true,
            Placement::Spawned => false,
        }
    }

    /// A call whose request is a stream has a task from the start.
    fn stream(&mut self, id: u32, head: Head, place: Arc<Place>) -> std::result::Result<(), Violation> {
        let Some(permit) = self.permit(id) else { return Ok(()) };
        let mut life = Life::of(&head, place);
        let window = self.own.stream_window;
        let inbox = Inbox::new(window);
        let key = self.line.lock().begin(id, permit);
        let body = BodyStream::new(Reader::new(inbox.clone(), self.line.clone(), key, window));
        let request = Request::new(head, Body::Stream(body));
        life.requests = Some(inbox);
        self.start(key, Begun::Request(request), life);
        Ok(())
    }

    /// Gives a call a task.
    fn start(&mut self, key: Key, begun: Begun, life: Life) {
        let task = tokio::spawn(run(self.serving.clone(), self.line.clone(), key, begun, life.place.clone()))
            .abort_handle();
        if let Some(deadline) = life.deadline
            && self.due.is_none_or(|due| deadline < due)
        {
            self.due = Some(deadline);
        }
        self.places[key.id as usize - 1] = Taken::Running(Running { key, task, life });
        self.running += 1;
    }

    /// The answer of a call that had no task.
    pub(super) fn answer(&mut self, id: u32, result: Result<Response>) {
        let result = result.map_err(|error| error.or_id(&self.serving.options.service));
        if let Rest::Parts(parted) = reply::put(&mut self.answers, &self.theirs, id, &result) {
            let mut line = self.line.lock();
            line.traffic.parts.push(parted);
            self.waiting.1 = line.traffic.parts.pending();
        }
    }

    /// Frames that are of no call, or take calls back, and too many of them in a row.
    pub(super) fn count(&mut self) -> std::result::Result<(), Violation> {
        self.count_all(1)
    }

    /// The same for as many.
    pub(super) fn count_all(&mut self, frames: usize) -> std::result::Result<(), Violation> {
        self.idle += frames;
        if self.idle > IDLE_FRAMES {
            return Err(Violation::flood("more frames in a row that are of no call than anybody needs"));
        }
        Ok(())
    }
}

/// The error of a message that is longer than what is read.
pub(super) fn too_long(own: &Limits, size: u64) -> Error {
    Error::message_too_large(Some(size), u64::from(own.max_message), "max_message").maybe_reached()
}
