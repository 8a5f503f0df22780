use super::fields::Fields;
use super::metadata::Entries;
use super::{HEADER, Violation, header, kind};

const ERROR: u8 = 0x01;
const TRAILERS: u8 = 0x02;

const SHORT: Violation = Violation::new("an END without its flags");
const FLAGS: Violation = Violation::new("an END with flags that are not known, or not in this combination");
const LONG: Violation = Violation::new("an END with bytes that no flag announces");
const TEXT: Violation = Violation::new("an END with an error that is no UTF-8");

/// How one side of a call ended. `M` is metadata: as bytes when it is read, as entries when it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End<'a, M = &'a [u8]> {
    /// There is nothing more to say.
    Done,
    /// But for this.
    Trailers(M),
    /// It failed: the error as JSON.
    Error(&'a str),
}

/// Writes an END.
pub(crate) fn put_end<M: Entries>(out: &mut Vec<u8>, id: u32, end: &End<'_, M>) {
    let (flags, length) = match end {
        End::Done => (0, 0),
        End::Trailers(entries) => (TRAILERS, entries.length()),
        End::Error(json) => (ERROR, json.len()),
    };
    out.reserve(HEADER + 1 + length);
    let mut fixed = [flags; HEADER + 1];
    fixed[..8].copy_from_slice(&header(1 + length, kind::END, id));
    out.extend_from_slice(&fixed);
    match end {
        End::Done => {}
        End::Trailers(entries) => entries.put(out),
        End::Error(json) => out.extend_from_slice(json.as_bytes()),
    }
}

/// Reads an END.
pub(super) fn read(payload: &[u8]) -> Result<End<'_>, Violation> {
    let mut fields = Fields(payload);
    match *fields.fixed().ok_or(SHORT)? {
        [0] if fields.0.is_empty() => Ok(End::Done),
        [0] => Err(LONG),
        [TRAILERS] => Ok(End::Trailers(fields.0)),
        [ERROR] => std::str::from_utf8(fields.0).map(End::Error).map_err(|_| TEXT),
        [_] => Err(FLAGS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_has_nothing_or_trailers_or_an_error() {
        let entries: &[u8] = &[2, 0, 0, 0, 1, b'x'];
        for end in [End::Done, End::Trailers(entries), End::Error("{}")] {
            let mut out = Vec::new();
            put_end(&mut out, 7, &end);
            assert_eq!(read(&out[HEADER..]), Ok(end));
        }
        assert_eq!(read(&[]), Err(SHORT));
        assert_eq!(read(&[ERROR | TRAILERS]), Err(FLAGS));
        assert_eq!(read(&[4]), Err(FLAGS));
        assert_eq!(read(&[0, 0]), Err(LONG));
        assert_eq!(read(&[ERROR, 0xff]), Err(TEXT));
    }
}
