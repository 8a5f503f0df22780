use super::{HEADER, Violation, header, kind};
use crate::lane::limits::{GREATEST_CREDIT, GREATEST_FRAME, LEAST_FRAME, Limits};

const MAX_CALLS: u16 = 1;
const MAX_MESSAGE: u16 = 2;
const MAX_FRAME: u16 = 3;
const STREAM_WINDOW: u16 = 4;
const CONNECTION_WINDOW: u16 = 5;
const MAX_ROUTES: u16 = 6;
const MAX_BLOCKS: u16 = 7;
const MAX_PARTIAL: u16 = 8;
const MAX_HEADER: u16 = 9;

/// The size of a field: its key and its value.
const FIELD: usize = 10;
/// The most fields.
const MAX_FIELDS: usize = 64;

const SIZE: Violation = Violation::new("a HELLO that is not 0 to 64 fields of 10 bytes");
const TWICE: Violation = Violation::new("a HELLO that says one thing twice");
const FRAME: Violation = Violation::new("a HELLO with a max_frame below 16384");
const WINDOW: Violation = Violation::new("a HELLO with a window above the greatest credit that there is");

impl Limits {
    /// Writes the HELLO that says them.
    pub(crate) fn put_hello(&self, out: &mut Vec<u8>) {
        let fields = [
            (MAX_CALLS, self.max_calls),
            (MAX_MESSAGE, self.max_message),
            (MAX_FRAME, self.max_frame),
            (STREAM_WINDOW, self.stream_window),
            (CONNECTION_WINDOW, self.connection_window),
            (MAX_ROUTES, self.max_routes.into()),
            (MAX_BLOCKS, self.max_blocks.into()),
            (MAX_PARTIAL, self.max_partial.into()),
            (MAX_HEADER, self.max_header),
        ];
        out.reserve(HEADER + fields.len() * FIELD);
        out.extend_from_slice(&header(fields.len() * FIELD, kind::HELLO, 0));
        for (key, value) in fields {
            out.extend_from_slice(&key.to_be_bytes());
            out.extend_from_slice(&u64::from(value).to_be_bytes());
        }
    }

    /// Reads what a HELLO says. A value above what can be used here is as good as the greatest that can.
    pub(crate) fn read_hello(payload: &[u8]) -> Result<Self, Violation> {
        let (fields, rest) = payload.as_chunks::<FIELD>();
        if !rest.is_empty() || fields.len() > MAX_FIELDS {
            return Err(SIZE);
        }
        let mut limits = Self::default();
        for (at, field) in fields.iter().enumerate() {
            if fields[..at].iter().any(|before| before[..2] == field[..2]) {
                return Err(TWICE);
            }
            limits.set(field)?;
        }
        // No frame has room for more.
        limits.max_header = limits.max_header.min(limits.max_frame);
        Ok(limits)
    }

    fn set(&mut self, [k0, k1, value @ ..]: &[u8; FIELD]) -> Result<(), Violation> {
        let value = u64::from_be_bytes(*value);
        let number = u32::try_from(value).unwrap_or(u32::MAX);
        let small = u16::try_from(value).unwrap_or(u16::MAX);
        match u16::from_be_bytes([*k0, *k1]) {
            MAX_CALLS => self.max_calls = number,
            MAX_MESSAGE => self.max_message = number,
            MAX_FRAME if number < LEAST_FRAME => return Err(FRAME),
            MAX_FRAME => self.max_frame = number.min(GREATEST_FRAME),
            STREAM_WINDOW | CONNECTION_WINDOW if number > GREATEST_CREDIT => return Err(WINDOW),
            STREAM_WINDOW => self.stream_window = number,
            CONNECTION_WINDOW => self.connection_window = number,
            MAX_ROUTES => self.max_routes = small,
            MAX_BLOCKS => self.max_blocks = small,
            MAX_PARTIAL => self.max_partial = small,
            MAX_HEADER => self.max_header = number,
            // A later version says it.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(key: u16, value: u64) -> Vec<u8> {
        [&key.to_be_bytes()[..], &value.to_be_bytes()].concat()
    }

    #[test]
    fn limits_go_both_ways() {
        let limits = Limits {
            max_calls: 1,
            max_message: u32::MAX,
            max_frame: LEAST_FRAME,
            stream_window: 0,
            connection_window: GREATEST_CREDIT,
            max_routes: u16::MAX,
            max_blocks: 7,
            max_partial: 0,
            max_header: 9,
        };
        let mut out = Vec::new();
        limits.put_hello(&mut out);
        assert_eq!(out[..HEADER], [0, 0, 90, 1, 0, 0, 0, 0]);
        assert_eq!(Limits::read_hello(&out[HEADER..]), Ok(limits));
        for end in HEADER..out.len() {
            assert_eq!(Limits::read_hello(&out[HEADER..end]).is_ok(), (end - HEADER).is_multiple_of(FIELD));
        }
    }

    #[test]
    fn what_is_not_said_or_not_known_is_as_it_was() {
        assert_eq!(Limits::read_hello(&[]), Ok(Limits::default()));
        let fields = [field(0, 1), field(10, u64::MAX), field(0xffff, 2)].concat();
        assert_eq!(Limits::read_hello(&fields), Ok(Limits::default()));
    }

    #[test]
    fn what_is_more_than_can_be_used_is_as_good_as_the_most() {
        let fields: Vec<u8> =
            [1, 2, 3, 6, 7, 8, 9].into_iter().flat_map(|key| field(key, u64::MAX)).collect();
        let limits = Limits::read_hello(&fields).unwrap();
        assert_eq!((limits.max_calls, limits.max_message), (u32::MAX, u32::MAX));
        assert_eq!((limits.max_frame, limits.max_header), (GREATEST_FRAME, GREATEST_FRAME));
        assert_eq!((limits.max_routes, limits.max_blocks, limits.max_partial), (0xffff, 0xffff, 0xffff));
        let small = [field(MAX_FRAME, 16384), field(MAX_HEADER, 65536)].concat();
        assert_eq!(Limits::read_hello(&small).unwrap().max_header, 16384);
    }

    #[test]
    fn what_is_wrong_with_a_hello_is_said() {
        assert_eq!(Limits::read_hello(&[0; 9]), Err(SIZE));
        let many: Vec<u8> = (100..=164).flat_map(|key| field(key, 0)).collect();
        assert!(Limits::read_hello(&many[FIELD..]).is_ok());
        assert_eq!(Limits::read_hello(&many), Err(SIZE));
        assert_eq!(Limits::read_hello(&[field(99, 1), field(99, 1)].concat()), Err(TWICE));
        assert_eq!(Limits::read_hello(&field(MAX_FRAME, 16383)), Err(FRAME));
        assert_eq!(Limits::read_hello(&field(STREAM_WINDOW, 1 << 31)), Err(WINDOW));
        assert_eq!(Limits::read_hello(&field(CONNECTION_WINDOW, u64::MAX)), Err(WINDOW));
    }
}
