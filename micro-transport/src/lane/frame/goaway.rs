use super::fields::Fields;
use super::{HEADER, Violation, cut, header, kind};

/// The longest text, in bytes.
const MAX_TEXT: usize = 1024;

const SHORT: Violation = Violation::new("a GOAWAY that is too short for its fields");
const TEXT: Violation = Violation::new("a GOAWAY whose text is no UTF-8, or longer than 1024 bytes");

/// Why no new calls are wanted, and since when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct GoAway<'a> {
    /// One of the codes here, or one that a later version has.
    pub(crate) code: u8,
    /// When to come back, in milliseconds; 0: nothing is said of that.
    pub(crate) retry_after: u32,
    /// The same for people.
    pub(crate) text: &'a str,
}

impl<'a> GoAway<'a> {
    /// No new calls are wanted.
    pub(crate) const fn done() -> Self {
        Self { code: Self::NONE, retry_after: 0, text: "" }
    }

    /// The lane is not spoken here, whatever its version.
    pub(crate) const fn off() -> Self {
        Self { code: Self::VERSION, retry_after: 0, text: "the lane is switched off here" }
    }

    /// There is no place for a connection, until so many milliseconds from now at least.
    pub(crate) const fn full(retry_after: u32) -> Self {
        let text = "there are too many connections here: see `max_connections`";
        Self { code: Self::TOO_MANY_CONNECTIONS, retry_after, text }
    }

    /// The peer has done what it may not.
    pub(crate) fn violated(violation: &'a Violation) -> Self {
        let code = if violation.flood { Self::FLOOD } else { Self::PROTOCOL };
        Self { code, retry_after: 0, text: &violation.why }
    }

    /// The calls that run are answered; new ones go elsewhere.
    pub(crate) const NONE: u8 = 0;
    /// The peer has sent what it may not.
    pub(crate) const PROTOCOL: u8 = 1;
    /// The version of its preface is not spoken.
    pub(crate) const VERSION: u8 = 2;
    /// It has sent too much of what costs it nothing.
    pub(crate) const FLOOD: u8 = 3;
    /// It was silent for too long.
    pub(crate) const IDLE: u8 = 4;
    /// The side that sends this is broken. This one never says so.
    #[cfg(test)]
    pub(crate) const INTERNAL: u8 = 5;
    /// No place for another connection.
    pub(crate) const TOO_MANY_CONNECTIONS: u8 = 6;
}

/// Writes a GOAWAY; a text that is too long is cut.
pub(crate) fn put_goaway(out: &mut Vec<u8>, goaway: &GoAway<'_>) {
    let text = cut(goaway.text, MAX_TEXT);
    out.reserve(HEADER + 5 + text.len());
    let mut fixed = [goaway.code; HEADER + 5];
    fixed[..8].copy_from_slice(&header(5 + text.len(), kind::GOAWAY, 0));
    fixed[9..].copy_from_slice(&goaway.retry_after.to_be_bytes());
    out.extend_from_slice(&fixed);
    out.extend_from_slice(text.as_bytes());
}

/// Reads a GOAWAY.
pub(super) fn read(payload: &[u8]) -> Result<GoAway<'_>, Violation> {
    let mut fields = Fields(payload);
    let [code, retry_after @ ..] = *fields.fixed::<5>().ok_or(SHORT)?;
    let text = Some(fields.0).filter(|text| text.len() <= MAX_TEXT).ok_or(TEXT)?;
    let text = std::str::from_utf8(text).map_err(|_| TEXT)?;
    Ok(GoAway { code, retry_after: u32::from_be_bytes(retry_after), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = format!("x{}", "ä".repeat(600));
        let mut out = Vec::new();
        put_goaway(&mut out, &GoAway { code: GoAway::FLOOD, retry_after: 1000, text: &text });
        let read = read(&out[HEADER..]).unwrap();
        assert_eq!((read.code, read.retry_after), (3, 1000));
        assert_eq!((read.text.len(), &read.text[..3]), (1023, "xä"));
    }

    #[test]
    fn what_is_wrong_with_a_goaway_is_said() {
        assert_eq!(read(&[0; 4]), Err(SHORT));
        assert_eq!(read(&[0, 0, 0, 0, 0, 0xff]), Err(TEXT));
        assert!(read(&[b'a'; 5 + MAX_TEXT]).is_ok());
        assert_eq!(read(&[b'a'; 6 + MAX_TEXT]), Err(TEXT));
    }
}
