use crate::echo::World;
use crate::frames::{self, Field};

/// What requests begin with.
const HEADS: &[&[Field]] = &[
    &[
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "a"),
        (":path", "/"),
        ("micro-service", "echo"),
        ("micro-endpoint", "Echo.Say"),
        ("content-type", "application/json"),
    ],
    &[
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "a"),
        (":path", "/Echo/Say"),
        ("content-type", "application/protobuf"),
    ],
    &[
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "a"),
        (":path", "/"),
        ("micro-service", "echo"),
        ("micro-endpoint", "Echo.Repeat"),
        ("content-type", "application/connect+json"),
    ],
    &[
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "a"),
        (":path", "/Echo/Letters"),
        ("accept", "application/connect+json"),
        ("content-type", "application/json"),
    ],
    &[(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/Echo/Wait")],
    &[(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/healthz")],
    &[(":method", "POST"), (":scheme", "http")],
    &[],
];

/// A connection to a server that speaks HTTP/2: the bytes are its frames, see `frames.rs`.
pub fn http2(bytes: &[u8]) {
    thread_local!(static WORLD: World = World::new());
    let mut sent = [frames::PREFACE, frames::SETTINGS].concat();
    frames::frames(bytes, HEADS, &mut sent);
    WORLD.with(|world| world.survives(&sent));
}
