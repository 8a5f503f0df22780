//! The lane, and peers on it that do what nobody should: frames by hand, over real sockets.
//!
//! Every case is a test of its own, by its name. In each others call the same server all the while, over HTTP and over a
//! lane, and afterwards no handler, task or place of a call is left (`attack`); what floods runs in a process of its own,
//! whose memory and file descriptors are measured.
//!
//! | file | what a peer does |
//! |---|---|
//! | `rules` | breaks a rule, of one frame or of their order |
//! | `life` | sends frames of calls that are over, ends connections anywhere, begins none |
//! | `messages` | sends messages that are too long, in parts, above its credit |
//! | `slow` | takes nothing, or takes too long |
//! | `halves` | asks much at a time |
//! | `floods` | sends what costs it nothing, without end |
//! | `crowd` | is one of very many |
//! | `servers` | is a server: answers what was not asked, floods, ends at any byte |

mod attack;
mod crowd;
mod floods;
mod halves;
mod life;
mod messages;
mod rules;
mod servers;
mod slow;
mod wire;

pub(crate) use self::attack::full;
