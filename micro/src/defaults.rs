//! Every default, in one place.
//!
//! What limits a connection or a message is a default of `micro-transport`'s options, and is repeated here so that
//! nobody has to look further; a test holds the two together.

use std::time::Duration;

/// A call's time over all its attempts. Streams have none.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a call is tried that provably did not reach a handler, or that is declared idempotent.
pub const ATTEMPTS: u32 = 3;
/// The share of the calls to a service that may be tried again: a tenth.
pub const RETRY_BUDGET: f64 = 0.1;
/// How long a connection may take to be made.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(2);
/// The most sockets to one node, where its protocol carries one call on each.
pub const POOL_SIZE: usize = 100;
/// How long a connection that is not used is kept.
pub const POOL_TTL: Duration = Duration::from_secs(60);
/// The most connections to one node, where its protocol carries many calls on each.
pub const CONNECTIONS: usize = 4;
/// How long a client's connection with calls waiting may be silent before it is asked whether it lives.
pub const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How long it has to answer that, before its calls fail with `Unavailable`.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);

/// The version of a service that names none.
pub const VERSION: &str = "latest";
/// Where a server listens: any port of every interface.
pub const ADDRESS: &str = ":0";
/// How long a registration lasts.
pub const REGISTER_TTL: Duration = Duration::from_secs(90);
/// How often it is made again.
pub const REGISTER_INTERVAL: Duration = Duration::from_secs(30);

/// The largest message, in bytes: 4 MiB.
pub const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// The largest head of a request, in bytes: 64 KiB.
pub const MAX_HEADER: usize = 64 * 1024;
/// The most calls that a server runs at a time.
pub const MAX_CALLS: usize = 100_000;
/// The most calls and streams at a time on one connection of a server.
pub const MAX_STREAMS: u32 = 1_000;
/// The most calls that wait before each limit on how many run.
pub const MAX_WAITING: usize = 1_000;
/// How long they wait there at most.
pub const MAX_WAIT: Duration = Duration::from_secs(1);
/// How long calls may have to wait for the processor, all the time, before some are refused. A hundred callers of a call
/// of 1 ms that wait for their answers are no overload.
pub const MAX_DELAY: Duration = Duration::from_millis(100);
/// The most connections to a server at a time.
pub const MAX_CONNECTIONS: usize = 20_000;
/// How long the head of a request may take, from its first byte.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a message may be on its way to or from a server.
pub const MESSAGE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection may be idle at a server. Clients of go-micro keep theirs for 60 s.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// How long a server that has left the registry still takes calls of those who have not heard of it.
pub const LAME_DUCK: Duration = Duration::from_secs(2);
/// How long calls that run have to end, before they are cancelled.
pub const DRAIN: Duration = Duration::from_secs(30);
/// How long each hook may take.
pub const HOOK: Duration = Duration::from_secs(10);
/// How long a service that stops tries to leave its registry. One that it does not leave forgets it after the TTL.
pub const DEREGISTER: Duration = Duration::from_secs(3);
/// How long it takes at most, after the drain, to tell the callers of what still runs that it was cancelled.
pub const CANCEL: Duration = Duration::from_secs(1);
/// How long it takes at most, after that, to close the connections of those who could not be told.
pub const CLOSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use micro_transport::{DialOptions, ListenOptions};

    use super::*;

    #[test]
    fn are_those_of_the_transports() {
        let dial = DialOptions::default();
        assert_eq!((dial.timeout, dial.pool_size, dial.pool_ttl), (DIAL_TIMEOUT, POOL_SIZE, POOL_TTL));
        assert_eq!(dial.connections, CONNECTIONS);
        assert_eq!((dial.keep_alive, dial.keep_alive_timeout), (KEEP_ALIVE, KEEP_ALIVE_TIMEOUT));
        assert_eq!(dial.max_message, MAX_MESSAGE);
        let listen = ListenOptions::default();
        assert_eq!((listen.max_message, listen.max_header), (MAX_MESSAGE, MAX_HEADER));
        assert_eq!((listen.max_calls, listen.max_streams), (MAX_CALLS, MAX_STREAMS));
        assert_eq!(listen.max_connections, MAX_CONNECTIONS);
        assert_eq!((listen.header_timeout, listen.idle_timeout), (HEADER_TIMEOUT, IDLE_TIMEOUT));
        assert_eq!(listen.message_timeout, MESSAGE_TIMEOUT);
    }
}
