//! HTTP/2 out of bytes that know little of it, so that a fuzzer gets behind the framing.
//!
//! Each frame is a byte of its kind, its flags, its stream, the length of its payload, and that. Kinds 0 to 9 are the
//! frame's own with the payload as it is; 10 is HEADERS with a sound header block, 11 is DATA with an envelope in it. The
//! highest bit repeats the payload, so that a few bytes make a large frame.

/// The beginning of a client's connection.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// SETTINGS without any.
pub(crate) const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PING: u8 = 6;
const ACK: u8 = 1;
/// The size of a frame without what is in it.
const HEAD: usize = 9;
const END_HEADERS: u8 = 4;
/// The largest frame without being asked for larger ones.
const LARGEST: usize = 16 * 1024;
/// How often a payload is repeated.
const REPEATED: usize = 100;

/// A header of a message.
pub(crate) type Field = (&'static str, &'static str);

/// Writes the frames; a header block begins with one of `heads`, and goes on with the lines `name:value` of the payload.
pub(crate) fn frames(mut bytes: &[u8], heads: &[&[Field]], out: &mut Vec<u8>) {
    while let [kind, flags, stream, length, rest @ ..] = bytes {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        bytes = rest;
        let mut payload = if kind & 0x80 == 0 { payload.to_vec() } else { payload.repeat(REPEATED) };
        let (mut kind, mut flags) = (kind & 0x7f, *flags);
        match kind % 12 {
            10 => {
                payload = block(&payload, heads);
                // Neither padding nor priority: they would be in front of the block.
                flags = flags & !0x28 | END_HEADERS;
                kind = HEADERS;
            }
            11 => {
                let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
                payload = [&[0][..], &length, &payload].concat();
                flags &= !0x08;
                kind = DATA;
            }
            own => kind = own,
        }
        payload.truncate(LARGEST);
        let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
        out.extend_from_slice(&length[1..]);
        out.extend_from_slice(&[kind, flags, 0, 0, 0, *stream]);
        out.extend_from_slice(&payload);
    }
}

/// A header block in the plainest form of HPACK (RFC 7541, section 6.2.2). The first byte says which head it begins with.
fn block(payload: &[u8], heads: &[&[Field]]) -> Vec<u8> {
    let (first, lines) = payload.split_first().unwrap_or((&0, &[]));
    let mut out = Vec::new();
    for (name, value) in heads[usize::from(*first) % heads.len()] {
        literal(name.as_bytes(), value.as_bytes(), &mut out);
    }
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let colon = line.iter().skip(1).position(|byte| *byte == b':').map_or(line.len(), |at| at + 1);
        let (name, value) = line.split_at(colon);
        literal(name, value.get(1..).unwrap_or_default(), &mut out);
    }
    out
}

fn literal(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.push(0);
    for text in [name, value] {
        integer(text.len(), out);
        out.extend_from_slice(text);
    }
}

/// A number with a prefix of seven bits (RFC 7541, section 5.1).
fn integer(number: usize, out: &mut Vec<u8>) {
    let Some(mut rest) = number.checked_sub(0x7f) else {
        out.push(number as u8);
        return;
    };
    out.push(0x7f);
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Reads the frames of a peer from the place `seen` on, answers its pings, and tells whether it has opened a stream.
pub(crate) fn until_head(received: &[u8], seen: &mut usize, out: &mut Vec<u8>) -> bool {
    while let Some([a, b, c, kind, flags, ..]) = received.get(*seen..) {
        if *kind == HEADERS {
            return true;
        }
        let end = *seen + HEAD + u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some(payload) = received.get(*seen + HEAD..end) else { return false };
        if *kind == PING && flags & ACK == 0 {
            out.extend_from_slice(&[0, 0, 8, PING, ACK, 0, 0, 0, 0]);
            out.extend_from_slice(payload);
        }
        *seen = end;
    }
    false
}
