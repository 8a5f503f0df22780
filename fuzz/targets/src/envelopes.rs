use micro_transport::fuzzing;

/// The largest message.
const MAX: usize = 4096;

/// A stream of envelopes: however it is cut into pieces, it is the same messages or the same error. The first byte says
/// how long the pieces are.
pub fn envelopes(bytes: &[u8]) {
    let Some((size, stream)) = bytes.split_first() else { return };
    let whole = fuzzing::envelopes([stream], MAX);
    let pieces = fuzzing::envelopes(stream.chunks(usize::from(*size).max(1)), MAX);
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
        (Err(whole), Err(pieces)) => assert_eq!(whole.to_json(), pieces.to_json()),
        (whole, pieces) => panic!("whole: {whole:?}, in pieces: {pieces:?}"),
    }
}
