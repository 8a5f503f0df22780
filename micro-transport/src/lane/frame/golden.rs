//! The frames of `docs/lane.golden.txt`: our writers make these bytes, our reader reads them as these values, and so
//! does a program that knows the specification only.

use std::path::{Path, PathBuf};
use std::process::Command;

use micro_core::{Key, Metadata, key};

use super::*;
use crate::lane::PREFACE;
use crate::lane::limits::{FIXED, GREATEST_FRAME, LEAST_FRAME, Limits};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What the file says of a frame.
struct Golden {
    name: String,
    bytes: Vec<u8>,
    means: String,
}

fn golden() -> Vec<Golden> {
    let path = root().join("docs/lane.golden.txt");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let field =
        |line: &str, word| line.strip_prefix(word).unwrap_or_else(|| panic!("no {word}: {line}")).to_owned();
    let (three, rest) = lines.as_chunks();
    assert!(rest.is_empty(), "{rest:?}");
    let read = |[name, bytes, means]: &[&str; 3]| Golden {
        name: field(name, "name  "),
        bytes: hex(&field(bytes, "bytes ")),
        means: field(means, "means "),
    };
    three.iter().map(read).collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16).expect("hex")).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn metadata(entries: &[(&str, &str)]) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in entries {
        metadata.append(*key, *value).unwrap();
    }
    metadata
}

/// What our writers make, by the names in the file.
fn written() -> Vec<(&'static str, Vec<u8>)> {
    let with = |put: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        put(&mut out);
        out
    };
    let none = Metadata::new();
    let id = metadata(&[("micro-id", "7")]);
    let mut own = metadata(&[("micro-attempt", "2"), ("tenant", "Grün\t& Co")]);
    own.append("sig-bin", vec![0, 159, 255]).unwrap();
    let standing = metadata(&[("authorization", "Bearer x"), ("tenant", "acme")]);
    let (third, names) = (Named::Number(3), Named::Names { service: "greeter", endpoint: "Greeter.Hello" });
    let call = CallHead { stream: false, format: 2, route: third, block: 1, time: 1_000_000_000, own: &none };
    let reply = ReplyHead { stream: false, metadata: &none, trailers: &none };
    let first = Some(Carried { len: 2, total: 5 });
    let error = r#"{"id":"greeter","code":404,"detail":"no such endpoint","status":"Not Found"}"#;
    let goaway = |code, retry_after, text| GoAway { code, retry_after, text };
    vec![
        ("preface", PREFACE.to_vec()),
        ("hello", with(&|out| Limits::default().put_hello(out))),
        ("route", with(&|out| put_route(out, 3, "greeter", "Greeter.Hello"))),
        ("block", with(&|out| put_block(out, 1, &standing))),
        ("format", with(&|out| put_format(out, 16, "application/cbor"))),
        ("call", with(&|out| put_call(out, 7, &call, b"hi"))),
        (
            "call-named",
            with(&|out| {
                put_call(
                    out,
                    1,
                    &CallHead { format: 1, route: names, block: 0, time: 0, own: &own, ..call },
                    b"{}",
                );
            }),
        ),
        ("call-empty", with(&|out| put_call_head(out, 1, &call, None))),
        ("call-empty-message", with(&|out| put_call(out, 1, &call, b""))),
        (
            "call-stream",
            with(&|out| put_call_head(out, 1000, &CallHead { stream: true, own: &id, ..call }, None)),
        ),
        (
            "call-first-part",
            with(&|out| {
                put_call_head(out, 8, &CallHead { own: &id, ..call }, first);
                out.extend_from_slice(b"he");
            }),
        ),
        ("reply", with(&|out| put_reply(out, 7, &reply, b"hi"))),
        ("reply-empty", with(&|out| put_reply_head(out, 7, &reply, None))),
        (
            "reply-metadata-trailers",
            with(&|out| put_reply(out, 7, &ReplyHead { metadata: &id, trailers: &own, ..reply }, b"hi")),
        ),
        (
            "reply-first-part",
            with(&|out| {
                put_reply_head(out, 8, &ReplyHead { metadata: &id, ..reply }, first);
                out.extend_from_slice(b"he");
            }),
        ),
        ("reply-stream", with(&|out| put_reply_head(out, 9, &ReplyHead { stream: true, ..reply }, None))),
        ("data", with(&|out| put_data(out, 9, Part::Whole, b"hello"))),
        ("data-empty", with(&|out| put_data(out, 9, Part::Whole, b""))),
        ("data-first", with(&|out| put_data(out, 9, Part::First { total: 5 }, b"he"))),
        ("data-middle", with(&|out| put_data(out, 9, Part::Middle, b"ll"))),
        ("data-last", with(&|out| put_data(out, 9, Part::Last, b"o"))),
        ("end", with(&|out| put_end(out, 9, &End::<&Metadata>::Done))),
        ("end-trailers", with(&|out| put_end(out, 9, &End::Trailers(&id)))),
        ("end-error", with(&|out| put_end(out, 9, &End::<&Metadata>::Error(error)))),
        ("cancel", with(&|out| put_cancel(out, 9))),
        ("credit-stream", with(&|out| put_credit(out, 9, 65536))),
        ("credit-connection", with(&|out| put_credit(out, 0, 0x7fff_ffff))),
        ("ping", with(&|out| put_ping(out, *b"\x01\x02\x03\x04\x05\x06\x07\x08"))),
        ("pong", with(&|out| put_pong(out, *b"\x01\x02\x03\x04\x05\x06\x07\x08"))),
        ("goaway", with(&|out| put_goaway(out, &goaway(GoAway::NONE, 0, "")))),
        ("goaway-flood", with(&|out| put_goaway(out, &goaway(GoAway::FLOOD, 1500, "too many pings: 1,001")))),
    ]
}

/// A text in quotes, as JSON has it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn list(bytes: &[u8]) -> Result<String, Violation> {
    let metadata = entries(bytes)?;
    let shown = metadata.iter().map(|(key, value)| {
        let value = value.as_str().map_or_else(|| digits(value.as_bytes()), quoted);
        format!("{key}={value}")
    });
    Ok(format!("[{}]", shown.collect::<Vec<_>>().join(" ")))
}

fn message(message: &Message) -> String {
    let bytes = digits(&message.bytes);
    match message.part {
        Part::Whole => format!(" message={bytes}"),
        Part::First { total } => format!(" first={bytes} total={total}"),
        Part::Middle => format!(" middle={bytes}"),
        Part::Last => format!(" last={bytes}"),
    }
}

fn hello(payload: &[u8]) -> Result<String, Violation> {
    Limits::read_hello(payload)?;
    let names = "max_calls max_message max_frame stream_window connection_window max_routes max_blocks max_partial max_header";
    let shown = payload.as_chunks::<10>().0.iter().map(|[k0, k1, value @ ..]| {
        let key = u16::from_be_bytes([*k0, *k1]);
        let name = usize::from(key).checked_sub(1).and_then(|at| names.split(' ').nth(at));
        let name = name.map_or_else(|| key.to_string(), str::to_owned);
        format!(" {name}={}", u64::from_be_bytes(*value))
    });
    Ok(format!("HELLO id=0{}", shown.collect::<String>()))
}

/// A frame in the words of the file.
fn shown(frame: &Frame<'_>) -> Result<String, Violation> {
    let said = |flag| if flag { "yes" } else { "no" };
    let optional = |carried: &Option<Message>| carried.as_ref().map(message).unwrap_or_default();
    Ok(match frame {
        Frame::Hello(payload) => hello(payload)?,
        Frame::Call { id, call, message } => {
            let to = match call.route {
                Named::Number(number) => format!("route={number}"),
                Named::Names { service, endpoint } => {
                    format!("service={} endpoint={}", quoted(service), quoted(endpoint))
                }
            };
            format!(
                "CALL id={id} stream={} format={} {to} block={} time={} own={}{}",
                said(call.stream),
                call.format,
                call.block,
                call.time,
                list(call.own)?,
                optional(message)
            )
        }
        Frame::Reply { id, reply, message } => format!(
            "REPLY id={id} stream={} metadata={} trailers={}{}",
            said(reply.stream),
            list(reply.metadata)?,
            list(reply.trailers)?,
            optional(message)
        ),
        Frame::Data { id, message: carried } => format!("DATA id={id}{}", message(carried)),
        Frame::End { id, end: End::Done } => format!("END id={id}"),
        Frame::End { id, end: End::Trailers(entries) } => format!("END id={id} trailers={}", list(entries)?),
        Frame::End { id, end: End::Error(json) } => format!("END id={id} error={}", quoted(json)),
        Frame::Cancel { id } => format!("CANCEL id={id}"),
        Frame::Credit { id, bytes } => format!("CREDIT id={id} bytes={bytes}"),
        Frame::Ping(bytes) => format!("PING id=0 bytes={}", digits(bytes)),
        Frame::Pong(bytes) => format!("PONG id=0 bytes={}", digits(bytes)),
        Frame::GoAway(GoAway { code, retry_after, text }) => {
            format!("GOAWAY id=0 code={code} retry_after={retry_after} text={}", quoted(text))
        }
        Frame::Route { number, service, endpoint } => {
            format!("ROUTE number={number} service={} endpoint={}", quoted(service), quoted(endpoint))
        }
        Frame::Block { number, entries } => format!("BLOCK number={number} entries={}", list(entries)?),
        Frame::Format { number, content_type } => {
            format!("FORMAT number={number} content_type={}", quoted(content_type))
        }
        Frame::Unknown(kind) => format!("UNKNOWN kind={kind}"),
    })
}

/// What our reader says of some bytes.
fn read(bytes: &[u8]) -> String {
    if let Some(version) = bytes.strip_prefix(&PREFACE[..7]) {
        return format!("PREFACE version={}", version[0]);
    }
    let mut frames = Frames::new(bytes.to_vec().into(), Limits::default().max_frame);
    let shown = match frames.next() {
        Ok(Some(frame)) => shown(&frame),
        Ok(None) => return "half a frame".to_owned(),
        Err(violation) => Err(violation),
    };
    shown.unwrap_or_else(|_| "VIOLATION".to_owned())
}

#[test]
fn our_writers_make_these_bytes() {
    let golden = golden();
    for (name, bytes) in written() {
        let there = golden.iter().find(|golden| golden.name == name).map(|golden| digits(&golden.bytes));
        assert_eq!(there, Some(digits(&bytes)), "{name}");
    }
}

#[test]
fn our_reader_reads_these_values() {
    let golden = golden();
    assert!(golden.len() >= 60, "{}", golden.len());
    for Golden { name, bytes, means } in &golden {
        assert_eq!(&read(bytes), means, "{name}");
    }
    // Every kind is there.
    for word in
        "HELLO CALL REPLY DATA END CANCEL CREDIT PING PONG GOAWAY ROUTE BLOCK FORMAT UNKNOWN VIOLATION"
            .split(' ')
    {
        assert!(golden.iter().any(|golden| golden.means.starts_with(word)), "{word}");
    }
    assert_eq!(key::MICRO_ATTEMPT.number(), Some(10), "a later key has to be agreed on in a HELLO");
}

/// A program that was written from `docs/lane.md`.
#[test]
fn another_reader_reads_the_same() {
    let root = root();
    let output = Command::new("python3")
        .arg(root.join("interop/lane/read.py"))
        .arg("--golden")
        .arg(root.join("docs/lane.golden.txt"))
        .output()
        .expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<_> = said.lines().collect();
    let golden = golden();
    for (Golden { name, means, .. }, said) in golden.iter().zip(&said) {
        assert_eq!(*said, format!("means {means}"), "{name}");
    }
    assert_eq!(said.len(), golden.len());
}

/// The rows of `docs/lane.md` whose cells begin with these.
fn row(text: &str, cells: &[String]) -> bool {
    text.lines().filter(|line| line.starts_with('|')).any(|line| {
        let there: Vec<_> = line.split('|').skip(1).map(str::trim).collect();
        there.len() > cells.len() && cells.iter().zip(there).all(|(cell, there)| cell == there)
    })
}

#[test]
fn the_tables_of_the_specification_are_those_of_the_code() {
    let text = std::fs::read_to_string(root().join("docs/lane.md")).unwrap();
    let mut rows = Vec::new();
    for (at, name) in
        "HELLO CALL REPLY DATA END CANCEL CREDIT PING PONG GOAWAY ROUTE BLOCK FORMAT".split(' ').enumerate()
    {
        let place = match name {
            "PING" | "PONG" => "ping-and-pong".to_owned(),
            "ROUTE" | "BLOCK" | "FORMAT" => "route-block-and-format".to_owned(),
            name => name.to_lowercase(),
        };
        rows.push(vec![format!("`{:02X}`", at + 1), format!("[{name}](#{place})")]);
    }
    let mut hello = Vec::new();
    Limits::default().put_hello(&mut hello);
    let said = self::hello(&hello[HEADER..]).unwrap();
    for (at, field) in said.split(' ').skip(2).enumerate() {
        let (name, value) = field.split_once('=').unwrap();
        rows.push(vec![(at + 1).to_string(), format!("`{name}`"), value.to_owned()]);
    }
    let key = |number| format!("`{}`", Key::of_number(number).unwrap());
    for (left, right) in (1..=5).zip(6..=10) {
        rows.push(vec![left.to_string(), key(left), right.to_string(), key(right)]);
    }
    for (code, name) in [
        (GoAway::NONE, "NONE"),
        (GoAway::PROTOCOL, "PROTOCOL"),
        (GoAway::VERSION, "VERSION"),
        (GoAway::FLOOD, "FLOOD"),
        (GoAway::IDLE, "IDLE"),
        (GoAway::INTERNAL, "INTERNAL"),
        (GoAway::TOO_MANY_CONNECTIONS, "TOO_MANY_CONNECTIONS"),
    ] {
        rows.push(vec![code.to_string(), name.to_owned()]);
    }
    assert_eq!(rows.len(), 13 + 9 + 5 + 7);
    for cells in rows {
        assert!(row(&text, &cells), "docs/lane.md has no row {cells:?}");
    }
    for number in
        [micro_core::metadata::Block::MAX, FIXED as usize, GREATEST_FRAME as usize, LEAST_FRAME as usize]
    {
        assert!(text.contains(&number.to_string()), "{number}");
    }
}
