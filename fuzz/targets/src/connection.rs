use micro_transport::fuzzing;

use crate::echo::World;

/// A connection to a server: the look at its first bytes, then HTTP/1.1 or whatever else that is.
pub fn connection(bytes: &[u8]) {
    thread_local!(static WORLD: World = World::new());
    sniffed(bytes);
    WORLD.with(|world| world.survives(bytes));
}

/// What is seen in the first bytes does not change with more of them, and enough of them are enough.
fn sniffed(bytes: &[u8]) {
    let first = &bytes[..bytes.len().min(fuzzing::ENOUGH)];
    let mut seen = None;
    for end in 0..=first.len() {
        let now = fuzzing::sniff(&first[..end]);
        assert!(seen.is_none() || seen == now, "first {seen:?}, then {now:?}");
        seen = now;
    }
    assert!(seen.is_some() || first.len() < fuzzing::ENOUGH, "{first:x?}");
    assert!(seen.is_none() || fuzzing::sniff(bytes) == seen);
}
