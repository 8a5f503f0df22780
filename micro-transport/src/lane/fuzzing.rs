//! What the fuzz targets call. No part of the interface.

use bytes::Bytes;

use super::frame::{Frame, Frames, HEADER};

/// The frames in these pieces of what a peer sent, shown as text; the last one is the violation, if there is one.
///
/// # Panics
/// When what was read and is written again reads otherwise, or when a reader that has nothing to read says that it
/// needs no more.
pub fn lane_frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, max_frame: u32) -> Vec<String> {
    let mut read = Vec::new();
    let mut left = Bytes::new();
    for piece in pieces {
        let mut frames = Frames::new(Bytes::from([&left, piece].concat()), max_frame);
        loop {
            match frames.next() {
                Ok(Some(frame)) => read.push(shown(&frame, max_frame)),
                Ok(None) => break,
                Err(violation) => {
                    read.push(violation.to_string());
                    return read;
                }
            }
        }
        let wanted = frames.wanted().unwrap_or(HEADER);
        left = frames.rest();
        assert!(left.len() < wanted, "{} bytes of {wanted} are a frame", left.len());
    }
    read
}

/// A frame as text, after it was written and read again.
fn shown(frame: &Frame<'_>, max_frame: u32) -> String {
    let mut out = Vec::new();
    frame.put(&mut out);
    let mut again = Frames::new(out.into(), max_frame);
    assert_eq!(again.next().as_ref(), Ok(&Some(frame.clone())), "written and read again");
    assert!(again.rest().is_empty(), "{frame:?} and more");
    match frame.check() {
        Ok(()) => format!("{frame:?}"),
        Err(violation) => format!("{frame:?}: {violation}"),
    }
}
