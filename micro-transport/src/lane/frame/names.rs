//! Names, and the numbers that a client gives them so as not to repeat them.

use micro_core::Route;

use super::fields::Fields;
use super::{HEADER, Violation, cut, header, kind};

/// The longest name, in bytes. One that is longer is cut when it is written: nobody has such a name.
const MAX_NAME: usize = u16::MAX as usize;
/// The first number of a format that a client may give.
const FIRST_FORMAT: u8 = 16;

const NO_UTF8: Violation = Violation::new("a name that is no UTF-8");
const ROUTE: Violation = Violation::new("a ROUTE that is too short for its names, or too long");
const NUMBER: Violation = Violation::new("a ROUTE, BLOCK or FORMAT with a number that it cannot have");

/// Whom a call is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Named<'a> {
    /// The number that a ROUTE has given to its names, not 0.
    Number(u16),
    /// The names themselves.
    Names { service: &'a str, endpoint: &'a str },
}

impl<'a> Named<'a> {
    /// The names of a route.
    pub(crate) fn of(route: &'a Route) -> Self {
        Self::Names { service: route.service(), endpoint: route.endpoint() }
    }

    /// Whether they are within a peer's `max_header`.
    pub(crate) fn fits(self, max_header: u32) -> bool {
        length(self) <= max_header as usize
    }
}

/// How many bytes the names take.
pub(super) fn length(named: Named<'_>) -> usize {
    match named {
        Named::Number(_) => 0,
        Named::Names { service, endpoint } => {
            4 + cut(service, MAX_NAME).len() + cut(endpoint, MAX_NAME).len()
        }
    }
}

/// Writes the names.
pub(super) fn put(out: &mut Vec<u8>, named: Named<'_>) {
    let Named::Names { service, endpoint } = named else { return };
    for name in [service, endpoint] {
        let name = cut(name, MAX_NAME);
        out.extend_from_slice(&(name.len() as u16).to_be_bytes());
        out.extend_from_slice(name.as_bytes());
    }
}

/// Reads a service and an endpoint; `None`: they are not all there.
pub(super) fn read<'a>(fields: &mut Fields<'a>) -> Option<Result<Named<'a>, Violation>> {
    let (service, endpoint) = (fields.short()?, fields.short()?);
    let (Ok(service), Ok(endpoint)) = (std::str::from_utf8(service), std::str::from_utf8(endpoint)) else {
        return Some(Err(NO_UTF8));
    };
    Some(Ok(Named::Names { service, endpoint }))
}

/// Says what route a number, not 0, means from here on.
pub(crate) fn put_route(out: &mut Vec<u8>, number: u16, service: &str, endpoint: &str) {
    let names = Named::Names { service, endpoint };
    let length = length(names);
    out.reserve(HEADER + length);
    out.extend_from_slice(&header(length, kind::ROUTE, number.into()));
    put(out, names);
}

/// Says what format a number, from 16 on, means from here on.
pub(crate) fn put_format(out: &mut Vec<u8>, number: u8, content_type: &str) {
    out.reserve(HEADER + content_type.len());
    out.extend_from_slice(&header(content_type.len(), kind::FORMAT, number.into()));
    out.extend_from_slice(content_type.as_bytes());
}

/// Reads the service and the endpoint of a ROUTE.
pub(super) fn read_route(payload: &[u8]) -> Result<(&str, &str), Violation> {
    let mut fields = Fields(payload);
    match read(&mut fields).ok_or(ROUTE)?? {
        Named::Names { service, endpoint } if fields.0.is_empty() => Ok((service, endpoint)),
        _ => Err(ROUTE),
    }
}

/// The content type of a FORMAT.
pub(super) fn read_format(payload: &[u8]) -> Result<&str, Violation> {
    std::str::from_utf8(payload).map_err(|_| NO_UTF8)
}

/// The number of a route or a block of metadata.
pub(super) fn number(id: u32) -> Result<u16, Violation> {
    u16::try_from(id).ok().filter(|number| *number != 0).ok_or(NUMBER)
}

/// The number of a format.
pub(super) fn format(id: u32) -> Result<u8, Violation> {
    u8::try_from(id).ok().filter(|number| *number >= FIRST_FORMAT).ok_or(NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_has_two_names_and_no_more() {
        let mut out = Vec::new();
        put_route(&mut out, 258, "grüße", "");
        assert_eq!(out[..HEADER], [0, 0, 11, 11, 0, 0, 1, 2]);
        assert_eq!(read_route(&out[HEADER..]), Ok(("grüße", "")));
        out.push(0);
        assert_eq!(read_route(&out[HEADER..]), Err(ROUTE));
        assert_eq!(read_route(&[0, 1, b'a', 0]), Err(ROUTE));
        assert_eq!(read_route(&[0, 1, 0xc3, 0, 0]), Err(NO_UTF8));
    }

    #[test]
    fn numbers_are_within_their_range() {
        assert_eq!((number(1), number(0xffff)), (Ok(1), Ok(0xffff)));
        assert_eq!((number(0), number(0x1_0000)), (Err(NUMBER), Err(NUMBER)));
        assert_eq!((format(16), format(255)), (Ok(16), Ok(255)));
        assert_eq!((format(15), format(256)), (Err(NUMBER), Err(NUMBER)));
    }

    #[test]
    fn no_name_breaks_the_framing() {
        let long = "ä".repeat(40_000);
        let mut out = Vec::new();
        put_route(&mut out, 1, &long, &long);
        let (service, endpoint) = read_route(&out[HEADER..]).unwrap();
        assert_eq!((service.len(), endpoint.len()), (65_534, 65_534));
    }
}
