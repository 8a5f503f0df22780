use micro_transport::fuzzing;

/// The least that a peer may be told, so that a few bytes are too many.
const MAX_FRAME: u32 = 16 * 1024;

/// What a peer sends behind the preface of a lane: however it is cut into pieces, it is the same frames and the same
/// violation, and what was read reads the same when it is written again. The first byte says how long the pieces are.
pub fn lane_frames(bytes: &[u8]) {
    let Some((size, stream)) = bytes.split_first() else { return };
    let whole = fuzzing::lane_frames([stream], MAX_FRAME);
    let pieces = fuzzing::lane_frames(stream.chunks(usize::from(*size).max(1)), MAX_FRAME);
    assert_eq!(whole, pieces);
    let halves = stream.split_at(stream.len() / 2);
    assert_eq!(whole, fuzzing::lane_frames([halves.0, halves.1], MAX_FRAME));
}
