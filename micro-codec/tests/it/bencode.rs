//! A codec that `micro` does not know: bencode, with `t`, `f`, `n` and `r0.5;` for what bencode lacks.

use bytes::{BufMut, BytesMut};
use micro_core::codec::Codec;
use micro_core::{Error, Format, Place, Result, Value};
use serde_json::{Map, Number, Value as Tree};

#[derive(Debug)]
struct Bencode;

/// Leaked once per call: a format lives as long as the process.
pub(crate) fn bencode() -> Format {
    Format::foreign(Bencode)
}

const MAX_DEPTH: usize = 128;

impl Codec for Bencode {
    fn name(&self) -> &'static str {
        "bencode"
    }

    fn content_type(&self) -> &'static str {
        "application/x-bencode"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["application/bencode"]
    }

    fn encode(&self, value: Value<'_>, out: &mut BytesMut) -> Result<()> {
        let tree =
            serde_json::to_value(value).map_err(|error| Error::internal(format!("bencode: {error}")))?;
        write(&tree, out);
        Ok(())
    }

    fn decode(&self, bytes: &[u8], place: Place<'_>) -> Result<()> {
        let mut rest = bytes;
        let tree = read(&mut rest, MAX_DEPTH).filter(|_| rest.is_empty()).ok_or_else(|| {
            Error::invalid_argument(format!("bencode: not right {} bytes before the end", rest.len()))
        })?;
        place.fill(tree).map_err(|error| Error::invalid_argument(format!("bencode: {error}")))
    }
}

fn write(tree: &Tree, out: &mut BytesMut) {
    match tree {
        Tree::Null => out.put_u8(b'n'),
        Tree::Bool(flag) => out.put_u8(if *flag { b't' } else { b'f' }),
        Tree::Number(number) if number.is_f64() => out.put_slice(format!("r{number};").as_bytes()),
        Tree::Number(number) => out.put_slice(format!("i{number}e").as_bytes()),
        Tree::String(text) => string(text, out),
        Tree::Array(items) => {
            out.put_u8(b'l');
            items.iter().for_each(|item| write(item, out));
            out.put_u8(b'e');
        }
        Tree::Object(entries) => {
            out.put_u8(b'd');
            for (key, value) in entries {
                string(key, out);
                write(value, out);
            }
            out.put_u8(b'e');
        }
    }
}

fn string(text: &str, out: &mut BytesMut) {
    out.put_slice(format!("{}:{text}", text.len()).as_bytes());
}

fn read(rest: &mut &[u8], depth: usize) -> Option<Tree> {
    let depth = depth.checked_sub(1)?;
    let tag = *rest.first()?;
    if tag.is_ascii_digit() {
        return text(rest).map(Tree::String);
    }
    *rest = &rest[1..];
    Some(match tag {
        b'n' => Tree::Null,
        b't' => Tree::Bool(true),
        b'f' => Tree::Bool(false),
        b'i' => {
            let digits = until(rest, b'e')?;
            let number = digits.parse::<u64>().map(Number::from);
            Tree::Number(number.or_else(|_| digits.parse::<i64>().map(Number::from)).ok()?)
        }
        b'r' => Tree::Number(Number::from_f64(until(rest, b';')?.parse().ok()?)?),
        b'l' => {
            let mut items = Vec::new();
            while *rest.first()? != b'e' {
                items.push(read(rest, depth)?);
            }
            *rest = &rest[1..];
            Tree::Array(items)
        }
        b'd' => {
            let mut entries = Map::new();
            while *rest.first()? != b'e' {
                entries.insert(text(rest)?, read(rest, depth)?);
            }
            *rest = &rest[1..];
            Tree::Object(entries)
        }
        _ => return None,
    })
}

fn until<'a>(rest: &mut &'a [u8], end: u8) -> Option<&'a str> {
    let at = rest.iter().position(|byte| *byte == end)?;
    let found = std::str::from_utf8(&rest[..at]).ok();
    *rest = &rest[at + 1..];
    found
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let length = until(rest, b':')?.parse().ok()?;
    let text = rest.get(..length).map(<[u8]>::to_vec)?;
    *rest = &rest[length..];
    String::from_utf8(text).ok()
}
