//! The limits that `docs/lane.md` promises are those that there are.

use super::{inbox, limits, server, traffic};

const TEXT: &str = include_str!("../../../docs/lane.md");

#[test]
fn the_figures_are_those_of_the_code() {
    for (what, figure) in [
        ("frames that wait to be written at a server", format!("{} bytes", server::CLOGGED)),
        ("answers that wait to go out in parts", format!("{} bytes", server::CLOGGED_PARTS)),
        ("frames that wait to be written until streams wait", format!("{} bytes", traffic::ENOUGH)),
        (
            "blocks of what was read that the small messages of one stream keep",
            format!("{} of {} bytes", inbox::KEPT, inbox::BLOCK),
        ),
        ("frames in a row that no call needs", limits::IDLE_FRAMES.to_string()),
        ("answers to PINGs that wait to be written at a client", limits::IDLE_FRAMES.to_string()),
    ] {
        let row = format!("| {what} | {figure} |");
        assert!(TEXT.contains(&row), "docs/lane.md has no row that begins {row}");
    }
    let rest = format!("idle for {} milliseconds", server::REST.as_millis());
    assert!(TEXT.contains(&rest), "docs/lane.md does not say {rest}");
}
