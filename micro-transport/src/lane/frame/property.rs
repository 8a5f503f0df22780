//! Frames of every kind with whatever is in them, one behind the other, cut into pieces anywhere.

use bytes::Bytes;

use super::*;
use crate::lane::random::Random;

const MAX_FRAME: u32 = 128 * 1024;
/// Texts are cut out of it anywhere.
const TEXT: &str = "Greeter.Hello greeter application/json {\"code\":404,\"detail\":\"none\"} 0123456789";
const BYTES: &[u8] = &[0x5a; 4096];
const ENTRIES: &[&[u8]] = &[
    &[],
    &[5, 0, 0, 0, 1, b'7'],
    &[1, 0, 0, 0, 0, 0, 0, 5, b'x', b'-', b'b', b'i', b'n', 0, 0, 0, 2, 0, 255],
];

impl Random {
    fn flag(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Any number but 0, small ones as often as large ones.
    fn number(&mut self) -> u32 {
        (self.next() as u32 >> self.below(32)).max(1)
    }

    fn text(&mut self) -> &'static str {
        let from = self.below(TEXT.len());
        &TEXT[from..from + self.below(TEXT.len() - from + 1)]
    }

    fn entries(&mut self) -> &'static [u8] {
        ENTRIES[self.below(ENTRIES.len())]
    }

    fn message(&mut self, part: Part) -> Message {
        let least = usize::from(part != Part::Whole);
        let most = if self.below(4) == 0 { BYTES.len() } else { 32 };
        let bytes = &BYTES[..least + self.below(most)];
        let part = match part {
            Part::First { .. } => Part::First { total: (bytes.len() as u32).saturating_add(self.number()) },
            other => other,
        };
        Message { bytes: Bytes::from_static(bytes), part }
    }

    /// What a CALL or a REPLY that is no stream carries.
    fn carried(&mut self) -> Option<Message> {
        match self.below(4) {
            0 => None,
            1 => Some(self.message(Part::First { total: 0 })),
            _ => Some(self.message(Part::Whole)),
        }
    }

    fn frame(&mut self) -> Frame<'static> {
        let (id, stream) = (self.number(), self.below(4) == 0);
        match self.below(14) {
            0 => Frame::Hello(&BYTES[..10 * self.below(65)]),
            1 => {
                let named = Named::Names { service: self.text(), endpoint: self.text() };
                let route = if self.flag() { named } else { Named::Number(id.min(0xffff) as u16) };
                let (format, block) = (self.next() as u8 | 1, self.next() as u16);
                let call = CallHead { stream, format, route, block, time: self.next(), own: self.entries() };
                Frame::Call { id, call, message: if stream { None } else { self.carried() } }
            }
            2 => {
                let trailers = if stream { &[] } else { self.entries() };
                let reply = ReplyHead { stream, metadata: self.entries(), trailers };
                Frame::Reply { id, reply, message: if stream { None } else { self.carried() } }
            }
            3 => {
                let part = [Part::Whole, Part::First { total: 0 }, Part::Middle, Part::Last][self.below(4)];
                Frame::Data { id, message: self.message(part) }
            }
            4 => {
                let end = [End::Done, End::Trailers(self.entries()), End::Error(self.text())][self.below(3)];
                Frame::End { id, end }
            }
            5 => Frame::Cancel { id },
            6 => Frame::Credit { id: if self.flag() { id } else { 0 }, bytes: (id >> 1).max(1) },
            7 => Frame::Ping(self.next().to_be_bytes()),
            8 => Frame::Pong(self.next().to_be_bytes()),
            9 => Frame::GoAway(GoAway { code: self.next() as u8, retry_after: id, text: self.text() }),
            10 => Frame::Route { number: id.min(0xffff) as u16, service: self.text(), endpoint: self.text() },
            11 => Frame::Block { number: id.min(0xffff) as u16, entries: self.entries() },
            12 => Frame::Format { number: id.clamp(16, 255) as u8, content_type: self.text() },
            _ => Frame::Unknown(self.next() as u8 | 0x80),
        }
    }
}

#[test]
fn frames_in_pieces_are_the_same_frames() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let sent: Vec<_> = (0..1 + random.below(60)).map(|_| random.frame()).collect();
        let mut stream = Vec::new();
        for frame in &sent {
            frame.put(&mut stream);
        }
        let longest = [1, 9, 100, 5000][random.below(4)];
        let (mut read, mut left, mut stream) = (0, Bytes::new(), &stream[..]);
        while !stream.is_empty() {
            let (piece, rest) = stream.split_at((1 + random.below(longest)).min(stream.len()));
            stream = rest;
            let mut frames = Frames::new([&left, piece].concat().into(), MAX_FRAME);
            while let Some(frame) = frames.next().unwrap() {
                assert_eq!(Some(&frame), sent.get(read), "frame {read} of seed {seed}");
                read += 1;
            }
            left = frames.rest();
        }
        assert!(left.is_empty() && read == sent.len(), "{read} of {} frames of seed {seed}", sent.len());
    }
}

/// One byte that is wrong makes other frames or a violation, and nothing else.
#[test]
fn a_wrong_byte_is_survived() {
    for seed in 0..2000 {
        let mut random = Random::new(seed);
        let mut stream = Vec::new();
        for _ in 0..4 {
            random.frame().put(&mut stream);
        }
        let at = random.below(stream.len());
        stream[at] ^= 1 << random.below(8);
        let mut frames = Frames::new(stream.into(), MAX_FRAME);
        while let Ok(Some(frame)) = frames.next() {
            let _ = frame.check();
        }
    }
}
