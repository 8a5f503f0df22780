//! Laws 1 to 3 and 5, and what is not promised.

use bytes::{Bytes, BytesMut};
use micro_core::{Error, Format, Message, Place, Result, Value};
use serde::de::DeserializeOwned;

use super::{Newer, Older, Promises, Sample};

/// The format answers to its content type in any case and with parameters, to its other ones, and has a short name.
pub fn names_itself(format: Format, _: Promises) {
    let (name, content_type) = (format.name(), format.content_type());
    assert!(
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
        "the name `{name}` is not made of small letters and digits"
    );
    assert!(content_type.contains('/'), "`{content_type}` is no content type");
    assert!(!content_type.contains(';'), "a content type is compared without parameters: `{content_type}`");
    for known in format.codec().aliases().iter().chain([&content_type]) {
        assert!(format.is(known) && format.is(&known.to_uppercase()), "does not answer to `{known}`");
        assert!(
            format.is(&format!("{known}; charset=utf-8")),
            "does not answer to `{known}` with parameters"
        );
    }
    assert!(!format.is("application/x-something-else"), "answers to what it is not");
}

/// Law 1: what was encoded decodes to an equal message.
pub fn round_trip(format: Format, promises: Promises) {
    for text in ["", "Jane", "\u{1f980}\u{0}\n"] {
        // Text and nothing travel in every format.
        let bytes = written(&text.to_owned(), format);
        assert_eq!(read::<String>(format, &bytes), text, "a text changed");
    }
    let bytes = written(&(), format);
    <() as Message>::decode(format, bytes).unwrap_or_else(|error| panic!("`()` is not read: {error}"));
    if promises.numbered {
        for sample in Sample::all() {
            let bytes = written(&sample, format);
            assert_eq!(read::<Sample>(format, &bytes), sample, "the message changed");
        }
    }
    if promises.values {
        for sample in Sample::all() {
            let bytes = encoded(&sample, format);
            let value = decoded::<Sample>(format, &bytes);
            assert_eq!(value.unwrap_or_else(|error| panic!("{error}")), sample, "the value changed");
        }
    }
}

/// Law 2: `encode` appends to what is in the buffer.
pub fn encode_appends(format: Format, promises: Promises) {
    for sample in Sample::all().into_iter().filter(|_| promises.numbered) {
        let mut out = BytesMut::from("before");
        sample.encode(format, &mut out).unwrap_or_else(|error| panic!("{sample:?} is not written: {error}"));
        assert_eq!(&out[..6], b"before", "what was in the buffer is gone");
        assert_eq!(read::<Sample>(format, &out[6..]), sample, "the message is not what was appended");
    }
    let mut out = BytesMut::from("before");
    "after"
        .to_owned()
        .encode(format, &mut out)
        .unwrap_or_else(|error| panic!("a text is not written: {error}"));
    assert_eq!(read::<String>(format, out.strip_prefix(b"before").unwrap_or_default()), "after");
}

/// Law 3: fields that the reader does not know are skipped.
pub fn unknown_fields_are_skipped(format: Format, promises: Promises) {
    for sample in Sample::all().into_iter().filter(|_| promises.numbered) {
        let newer = Newer { first: "a".to_owned(), added: sample, number: u64::MAX, last: 7 };
        let older = Older { first: "a".to_owned(), last: 7 };
        assert_eq!(read::<Older>(format, &written(&newer, format)), older, "the known fields changed");
    }
}

/// Law 5: bytes after the end of a message are an error. Formats whose messages end where the bytes end (protobuf, raw)
/// read them as more of the message.
pub fn trailing_bytes_are_refused(format: Format, promises: Promises) {
    for sample in Sample::all().into_iter().filter(|_| promises.values) {
        let mut bytes = written(&sample, format).to_vec();
        bytes.extend_from_within(..);
        let error = Sample::decode(format, bytes.into()).err();
        is_invalid(error.as_ref(), "two messages in one body");
    }
}

/// What a codec does not promise it refuses with the error of content types, which says what else there is.
pub fn refuses_the_rest(format: Format, promises: Promises) {
    let sample = Sample::default();
    if !promises.values {
        let error = format.codec().encode(Value::new(&sample), &mut BytesMut::new()).err();
        is_unsupported(error.as_ref(), format, "a value is written");
        is_unsupported(decoded::<Sample>(format, b"").err().as_ref(), format, "a value is read");
    }
    if !promises.numbered {
        is_unsupported(sample.to_bytes(format).err().as_ref(), format, "a message is written");
        is_unsupported(Sample::decode(format, Bytes::new()).err().as_ref(), format, "a message is read");
    }
    assert_eq!(Sample::speaks(format), promises.numbered, "what messages say they speak");
}

/// An error of bytes that are no message.
pub(super) fn is_invalid(error: Option<&Error>, what: &str) {
    let Some(error) = error else { panic!("{what}: not refused") };
    assert_eq!(error.code(), micro_core::Code::InvalidArgument, "{what}: {error}");
    assert!(!error.detail().is_empty(), "{what}: the error does not say what is wrong");
}

fn is_unsupported(error: Option<&Error>, format: Format, what: &str) {
    let Some(error) = error else { panic!("{what}, which was not promised") };
    assert_eq!(error.http(), 415, "{what}: {error}");
    assert!(
        error.detail().contains(format.content_type()),
        "{what}: {error} does not say what was asked for"
    );
    assert!(!error.reached(), "{what}: nothing has seen the call");
}

pub(super) fn written(message: &impl Message, format: Format) -> Bytes {
    message.to_bytes(format).unwrap_or_else(|error| panic!("a message is not written: {error}"))
}

fn read<T: Message>(format: Format, bytes: &[u8]) -> T {
    T::decode(format, Bytes::copy_from_slice(bytes)).unwrap_or_else(|error| panic!("not read again: {error}"))
}

fn encoded(sample: &Sample, format: Format) -> BytesMut {
    let mut out = BytesMut::new();
    let result = format.codec().encode(Value::new(sample), &mut out);
    result.unwrap_or_else(|error| panic!("a value is not written: {error}"));
    out
}

/// By the codec itself.
fn decoded<T: DeserializeOwned>(format: Format, bytes: &[u8]) -> Result<T> {
    let mut place = None;
    format.codec().decode(bytes, Place::new(&mut place))?;
    Ok(place.unwrap_or_else(|| panic!("`decode` succeeded, and did not fill its place")))
}
