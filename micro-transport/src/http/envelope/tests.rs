use micro_core::Code;

use super::*;

fn all(decoder: &mut Decoder, pieces: &[&[u8]]) -> Vec<String> {
    let mut read = Vec::new();
    for piece in pieces {
        decoder.push(Bytes::copy_from_slice(piece));
        while let Some(envelope) = decoder.next().unwrap() {
            read.push(match envelope {
                Envelope::Message(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Envelope::End(end) => format!("end {:?} {:?}", end.error.map(|e| e.code()), end.trailers),
            });
        }
    }
    read
}

fn stream() -> Vec<u8> {
    let mut trailers = Metadata::new();
    trailers.append("Count", "2").unwrap();
    [&*message(b"one").unwrap(), &message(b"").unwrap(), &message(b"three").unwrap(), &end(None, &trailers)]
        .concat()
}

#[test]
fn the_bytes_of_the_protocol() {
    assert_eq!(&*message(b"{}").unwrap(), b"\x00\x00\x00\x00\x02{}");
    assert_eq!(&*end(None, &Metadata::new()), b"\x02\x00\x00\x00\x02{}");
    let error = Error::cancelled("gone");
    let json = r#"{"error":{"code":"canceled","message":"gone","micro":{"code":499,"detail":"gone"}}}"#;
    assert_eq!(end(Some(&error), &Metadata::new())[5..], *json.as_bytes());
}

#[test]
fn whatever_the_pieces_the_stream_is_the_same() {
    let stream = stream();
    let expected = ["one", "", "three", "end None {\"count\": \"2\"}"];
    for size in 1..=stream.len() {
        let mut decoder = Decoder::new(5);
        let pieces = stream.chunks(size).collect::<Vec<_>>();
        assert_eq!(all(&mut decoder, &pieces), expected, "in pieces of {size}");
        assert!(decoder.is_between());
    }
}

#[test]
fn pieces_may_be_pushed_at_once() {
    let mut decoder = Decoder::new(5);
    for piece in stream().chunks(7) {
        decoder.push(Bytes::copy_from_slice(piece));
    }
    assert_eq!(all(&mut decoder, &[b""]).len(), 4);
}

#[test]
fn a_whole_message_is_not_copied() {
    let piece = message(b"payload").unwrap();
    let mut decoder = Decoder::new(10);
    decoder.push(piece.clone());
    let Some(Envelope::Message(bytes)) = decoder.next().unwrap() else { panic!() };
    assert_eq!(bytes.as_ptr(), piece[5..].as_ptr());
}

#[test]
fn a_cut_stream_is_noticed() {
    let stream = stream();
    let mut decoder = Decoder::new(5);
    decoder.push(Bytes::copy_from_slice(&stream[..10]));
    while decoder.next().unwrap().is_some() {}
    assert!(!decoder.is_between());
}

#[test]
fn limits_come_before_memory() {
    let mut decoder = Decoder::new(4);
    decoder.push(Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff]));
    let error = decoder.next().unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert!(error.detail().contains("4294967295") && error.detail().contains("max_message"), "{error}");
    assert!(decoder.next().is_err());

    let mut decoder = Decoder::new(usize::MAX);
    decoder.push(Bytes::from_static(&[2, 0x7f, 0xff, 0xff, 0xff]));
    assert_eq!(decoder.next().unwrap_err().code(), Code::ResourceExhausted);
}

#[test]
fn what_is_no_stream_is_an_error() {
    for (bytes, code) in [
        (&b"HTTP/1.1 200 OK"[..], Code::InvalidArgument),
        (b"\x01\x00\x00\x00\x01x", Code::Unimplemented),
        (b"\x04\x00\x00\x00\x01x", Code::InvalidArgument),
        (b"\x02\x00\x00\x00\x01x", Code::InvalidArgument),
        (b"\x02\x00\x00\x00\x02{}\x00\x00\x00\x00\x00", Code::InvalidArgument),
    ] {
        let mut decoder = Decoder::new(100);
        decoder.push(Bytes::copy_from_slice(bytes));
        let error = loop {
            match decoder.next() {
                Ok(envelope) => assert!(envelope.is_some(), "{bytes:?}"),
                Err(error) => break error,
            }
        };
        // `H` has flags of a compressed message or unknown ones; either way it is refused.
        assert!(error.code() == code || bytes[0] == b'H', "{bytes:?}: {error}");
    }
}

#[test]
fn random_bytes_never_panic() {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..2_000 {
        let bytes = (0..64)
            .map(|_| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                // Few values, so that heads are often sound.
                (random % 4) as u8
            })
            .collect::<Vec<_>>();
        let mut decoder = Decoder::new(1 << 20);
        'pieces: for piece in bytes.chunks(5) {
            decoder.push(Bytes::copy_from_slice(piece));
            loop {
                match decoder.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => break 'pieces,
                }
            }
        }
    }
}

#[test]
fn errors_and_trailers_survive() {
    let mut trailers = Metadata::new();
    trailers.append("a", "1").unwrap();
    trailers.append("a", "2").unwrap();
    trailers.append("raw-bin", vec![0_u8, 255]).unwrap();
    let mut error = Error::not_found("no such account")
        .with_id("accounts")
        .with_reason("ACCOUNT_MISSING")
        .with_domain("bank")
        .not_reached();
    error.metadata_mut().append("number", "7").unwrap();

    let mut decoder = Decoder::new(0);
    decoder.push(end(Some(&error), &trailers));
    let Some(Envelope::End(end)) = decoder.next().unwrap() else { panic!() };
    assert_eq!(end.trailers, trailers);
    let read = end.error.unwrap();
    assert_eq!(read.to_json(), error.to_json());
    assert_eq!((read.reached(), read.metadata()), (false, error.metadata()));
}

#[test]
fn the_errors_of_other_servers() {
    for (json, code) in [
        (r#"{"error":{"code":"canceled"}}"#, Code::Cancelled),
        (
            r#"{"error":{"code":"not_found","message":"x","details":[{"type":"a","value":"b"}]}}"#,
            Code::NotFound,
        ),
        (r#"{"error":{"code":"brand_new"}}"#, Code::Unknown),
        (r#"{"error":{}}"#, Code::Unknown),
    ] {
        assert_eq!(End::read(json.as_bytes()).unwrap().error.unwrap().code(), code, "{json}");
    }
}

#[test]
fn content_types() {
    assert_eq!(format_name("application/connect+json"), Some("json"));
    assert_eq!(format_name("Application/Connect+msgpack; charset=utf-8"), Some("msgpack"));
    assert_eq!(format_name("application/json"), None);
    assert_eq!(format_name("application/connec\u{e9}"), None);
}
