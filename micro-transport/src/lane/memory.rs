//! The limits that `docs/lane.md` promises are those that there are.

use super::{buffer, frame, inbox, limits, server, traffic};

const TEXT: &str = include_str!("../../../docs/lane.md");

#[test]
fn the_figures_are_those_of_the_code() {
    for (what, figure) in [
        ("frames that wait to be written at a server", format!("{} bytes", server::CLOGGED)),
        ("answers that wait to go out in parts", format!("{} bytes", server::CLOGGED_PARTS)),
        ("frames that wait to be written until streams wait", format!("{} bytes", traffic::ENOUGH)),
        ("what was read and is kept for the small messages of one stream", format!("{} bytes", kept())),
        ("frames in a row that no call needs", limits::IDLE_FRAMES.to_string()),
        ("answers to PINGs that wait to be written at a client", limits::IDLE_FRAMES.to_string()),
    ] {
        let row = format!("| {what} | {figure} |");
        assert!(TEXT.contains(&row), "docs/lane.md has no row that begins {row}");
    }
    let block = format!("of up to {} bytes", block());
    assert!(TEXT.contains(&block), "docs/lane.md does not say {block}");
    let rest = format!("idle for {} milliseconds", server::REST.as_millis());
    assert!(TEXT.contains(&rest), "docs/lane.md does not say {rest}");
}

/// The largest block of what was read, by what is taken by default: all but a byte of a frame, and room for more.
fn block() -> usize {
    let longest = limits::Limits::default().max_frame + limits::FIXED;
    longest as usize + frame::HEADER + buffer::LARGE
}

/// What the small messages of one stream keep: those that wait, and as many again that their reader has taken. What is
/// within reach of the first one counts as its block, and two may reach beyond that.
fn kept() -> usize {
    2 * inbox::KEPT * (2 * inbox::BLOCK + 2 * block())
}
