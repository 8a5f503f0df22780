//! All frames, written and read.

use bytes::Bytes;

use super::*;
use crate::lane::limits::{FIXED, Limits};

const MAX_FRAME: u32 = 16 * 1024;

fn frames(bytes: &[u8]) -> Frames {
    Frames::new(Bytes::copy_from_slice(bytes), MAX_FRAME)
}

fn bytes(part: Part, bytes: &'static [u8]) -> Message {
    Message { bytes: Bytes::from_static(bytes), part }
}

/// One of each.
fn all() -> Vec<Frame<'static>> {
    let entries: &[u8] = &[5, 0, 0, 0, 1, b'7'];
    let call =
        CallHead { stream: false, format: 1, route: Named::Number(9), block: 2, time: 1 << 40, own: &[][..] };
    let names = Named::Names { service: "greeter", endpoint: "Greeter.Hello" };
    let reply = ReplyHead { stream: false, metadata: &[][..], trailers: &[][..] };
    let (whole, first) = (Part::Whole, Part::First { total: 9 });
    vec![
        Frame::Hello(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
        Frame::Call { id: 1, call, message: Some(bytes(whole, b"hello")) },
        Frame::Call { id: 1, call: CallHead { own: entries, ..call }, message: Some(bytes(whole, b"")) },
        Frame::Call {
            id: 2,
            call: CallHead { route: names, own: entries, ..call },
            message: Some(bytes(first, b"hi")),
        },
        Frame::Call { id: u32::MAX, call: CallHead { route: names, ..call }, message: None },
        Frame::Call { id: 4, call: CallHead { stream: true, own: entries, ..call }, message: None },
        Frame::Reply { id: 1, reply, message: Some(bytes(whole, b"hello")) },
        Frame::Reply { id: 1, reply, message: None },
        Frame::Reply {
            id: 1,
            reply: ReplyHead { metadata: entries, ..reply },
            message: Some(bytes(first, b"hi")),
        },
        Frame::Reply {
            id: 1,
            reply: ReplyHead { metadata: entries, trailers: entries, ..reply },
            message: Some(bytes(whole, b"hi")),
        },
        Frame::Reply { id: 1, reply: ReplyHead { stream: true, metadata: entries, ..reply }, message: None },
        Frame::Data { id: 1, message: bytes(whole, b"hello") },
        Frame::Data { id: 1, message: bytes(first, b"hello") },
        Frame::Data { id: 1, message: bytes(Part::Middle, b"hello") },
        Frame::Data { id: 1, message: bytes(Part::Last, b"hello") },
        Frame::End { id: 1, end: End::Done },
        Frame::End { id: 1, end: End::Trailers(entries) },
        Frame::End { id: 1, end: End::Error("{\"code\":404}") },
        Frame::Cancel { id: 1 },
        Frame::Credit { id: 0, bytes: 1 },
        Frame::Credit { id: 1, bytes: 1 << 20 },
        Frame::Ping([1, 2, 3, 4, 5, 6, 7, 8]),
        Frame::Pong([1, 2, 3, 4, 5, 6, 7, 8]),
        Frame::GoAway(GoAway { code: GoAway::NONE, retry_after: 250, text: "stopping" }),
        Frame::Route { number: 1, service: "greeter", endpoint: "Greeter.Hello" },
        Frame::Block { number: 1, entries },
        Frame::Format { number: 16, content_type: "application/x-own" },
        Frame::Unknown(0x80),
    ]
}

#[test]
fn every_frame_is_read_as_it_was_written() {
    let mut out = Vec::new();
    for frame in all() {
        frame.put(&mut out);
    }
    let mut read = frames(&out);
    for frame in all() {
        assert_eq!(read.next(), Ok(Some(frame)));
    }
    assert_eq!(read.next(), Ok(None));
    assert_eq!(read.wanted(), None);
    assert!(read.rest().is_empty());
}

#[test]
fn what_is_cut_off_is_waited_for() {
    for frame in all() {
        let mut out = Vec::new();
        frame.put(&mut out);
        for end in 0..out.len() {
            let mut read = frames(&out[..end]);
            assert_eq!(read.next(), Ok(None), "{frame:?} up to {end}");
            assert_eq!(read.wanted(), (end >= HEADER).then_some(out.len()));
            assert_eq!(read.rest(), out[..end]);
        }
    }
}

/// A frame whose payload ends too early is another frame or a violation.
#[test]
fn a_payload_that_ends_too_early_is_never_waited_for() {
    for frame in all() {
        let mut out = Vec::new();
        frame.put(&mut out);
        for length in 0..out.len() - HEADER {
            let mut short = out[..HEADER + length].to_vec();
            short[..3].copy_from_slice(&(length as u32).to_be_bytes()[1..]);
            match frames(&short).next() {
                Ok(Some(other)) => assert_ne!(other, frame),
                Ok(None) => panic!("{short:x?} is all there"),
                Err(violation) => assert!(violation.to_string().starts_with("a"), "{violation}"),
            }
        }
    }
}

#[test]
fn messages_are_slices_of_what_was_read() {
    let mut out = Vec::new();
    put_data(&mut out, 7, Part::Whole, b"hello");
    let whole = Bytes::from(out);
    let mut read = Frames::new(whole.clone(), MAX_FRAME);
    let Ok(Some(Frame::Data { message, .. })) = read.next() else { panic!("a DATA") };
    assert_eq!(message.bytes.as_ptr(), whole[HEADER + 1..].as_ptr());
}

#[test]
fn a_frame_has_its_greatest_length() {
    let longest = (MAX_FRAME + FIXED) as usize;
    let mut out = vec![0; HEADER + longest];
    out[..HEADER].copy_from_slice(&header(longest, kind::DATA, 1));
    assert!(matches!(frames(&out).next(), Ok(Some(Frame::Data { .. }))));
    out[..HEADER].copy_from_slice(&header(longest + 1, kind::DATA, 1));
    // It is not waited for.
    let violation = frames(&out[..HEADER]).next().unwrap_err();
    assert!(violation.why.contains("max_frame"), "{violation}");
}

#[test]
fn ids_are_those_of_their_kind() {
    for frame in all() {
        let mut out = Vec::new();
        frame.put(&mut out);
        let id = u32::from_be_bytes([out[4], out[5], out[6], out[7]]);
        let other = if id == 0 { 1_u32 } else { 0 };
        out[4..8].copy_from_slice(&other.to_be_bytes());
        let read = frames(&out).next().map(|frame| format!("{frame:?}"));
        let either = matches!(frame, Frame::Credit { .. } | Frame::Unknown(_));
        assert_eq!(read.is_ok(), either, "{frame:?} with id {other} is {read:?}");
    }
}

#[test]
fn only_kinds_of_extensions_are_skipped() {
    for kind in [0, 0x0e, 0x7f] {
        let violation = frames(&header(0, kind, 0)).next().unwrap_err();
        assert_eq!(violation.why, format!("a frame of kind {kind:#04x}, which is not known"));
    }
    for kind in [0x80, 0xff] {
        assert_eq!(frames(&header(0, kind, 5)).next(), Ok(Some(Frame::Unknown(kind))));
    }
}

#[test]
fn entries_are_written_as_the_bytes_of_them() {
    let mut metadata = micro_core::Metadata::new();
    metadata.append("micro-id", "7").unwrap();
    metadata.append("tenant", "acme").unwrap();
    let metadata = metadata.with_base();
    let mut raw = Vec::new();
    put_entries(&metadata, &mut raw);

    let (mut ours, mut same) = (Vec::new(), Vec::new());
    let call = |own| CallHead { stream: false, format: 1, route: Named::Number(1), block: 0, time: 0, own };
    put_call(&mut ours, 1, &call(&metadata), b"x");
    put_reply(&mut ours, 1, &ReplyHead { stream: false, metadata: &metadata, trailers: &metadata }, b"x");
    put_end(&mut ours, 1, &End::Trailers(&metadata));
    put_block(&mut ours, 1, &metadata);
    let call =
        CallHead { stream: false, format: 1, route: Named::Number(1), block: 0, time: 0, own: &raw[..] };
    put_call(&mut same, 1, &call, b"x");
    put_reply(&mut same, 1, &ReplyHead { stream: false, metadata: &raw[..], trailers: &raw[..] }, b"x");
    put_end(&mut same, 1, &End::Trailers(&raw[..]));
    put_block(&mut same, 1, &raw[..]);
    assert_eq!(ours, same);

    let length = raw.len() as u32;
    assert!(call.fits(length) && !call.fits(length - 1));
    let named = CallHead { route: Named::Names { service: "ab", endpoint: "c" }, ..call };
    assert!(named.fits(length + 7) && !named.fits(length + 6));
    let reply = ReplyHead { stream: false, metadata: &raw[..], trailers: &raw[..] };
    assert!(reply.fits(2 * length) && !reply.fits(2 * length - 1));
}

#[test]
fn a_hello_is_read_in_two_steps() {
    let mut out = Vec::new();
    Limits::default().put_hello(&mut out);
    let mut read = frames(&out);
    let Ok(Some(Frame::Hello(fields))) = read.next() else { panic!("a HELLO") };
    assert_eq!(Limits::read_hello(fields), Ok(Limits::default()));
}
