//! Hostile bytes: what nobody should send, over real sockets.
//!
//! Every case is a test of its own, by its name. In each a client that behaves well calls on another connection all the
//! while (`siege`), and afterwards no handler, connection or task of the attack is left; what floods runs in a process of
//! its own (`alone`), whose memory and file descriptors are measured.
//!
//! | file | what is sent |
//! |---|---|
//! | `heads` | heads of HTTP/1.1: garbage, floods, shapes of request smuggling |
//! | `bodies` | bodies of HTTP/1.1, and what is around chunks |
//! | `rules` | frames of HTTP/2 that break its rules; `frames` writes them |
//! | `floods` | frames of HTTP/2 without end, and small ones that are large unpacked |
//! | `slow` | what takes too long: heads, bodies, readers, windows |
//! | `crowds` | connections: 10,000 that say nothing, 50,000 that come and go, too many |
//! | `envelopes` | streams whose envelopes are none, and what breaks off in the middle |
//! | `messages` | messages that are none, in each format |
//! | `protocols` | protocols that are off or not spoken; noise |

/// Makes a test of each case, which is reported by its name.
macro_rules! cases {
    ($run:path: $($name:ident => $case:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            $run($case).await;
        }
    )+};
}

pub(crate) mod alone;
mod bodies;
mod crowds;
mod envelopes;
mod floods;
mod frames;
mod heads;
mod messages;
mod protocols;
mod rules;
pub(crate) mod siege;
mod slow;
