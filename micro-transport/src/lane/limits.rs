use super::frame::MAX_LENGTH;
use crate::{DialOptions, ListenOptions};

/// The least `max_frame` that anybody may say.
pub(crate) const LEAST_FRAME: u32 = 16 * 1024;
/// The greatest one: with the fixed part of its frame it is as long as a length can say.
pub(crate) const GREATEST_FRAME: u32 = MAX_LENGTH as u32 - FIXED;
/// What a frame may have above `max_frame`, for the fields that are not metadata, names, or a message.
pub(crate) const FIXED: u32 = 64;
/// The most credit that anybody may have.
pub(crate) const GREATEST_CREDIT: u32 = i32::MAX as u32;

/// How many frames in a row may be of no call, or take back one that was not answered yet: pings, credit for all streams,
/// what is not known. No more answers to pings wait to be written.
pub(crate) const IDLE_FRAMES: usize = 10_000;

/// What one side of a lane takes; the other one keeps to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Limits {
    /// The greatest id of a call, so the most calls at a time.
    pub(crate) max_calls: u32,
    /// The largest message, in bytes.
    pub(crate) max_message: u32,
    /// The largest frame, in bytes, without its fixed part.
    pub(crate) max_frame: u32,
    /// The credit that each stream begins with.
    pub(crate) stream_window: u32,
    /// The credit that all streams together begin with.
    pub(crate) connection_window: u32,
    /// The greatest number of a route.
    pub(crate) max_routes: u16,
    /// The greatest number of a block of metadata.
    pub(crate) max_blocks: u16,
    /// The most messages in parts that may be unfinished at a time.
    pub(crate) max_partial: u16,
    /// The most bytes of metadata and names in one frame.
    pub(crate) max_header: u32,
}

/// What holds where a HELLO says nothing else.
impl Default for Limits {
    fn default() -> Self {
        Self {
            max_calls: 1_000,
            max_message: 4 * 1024 * 1024,
            max_frame: 128 * 1024,
            stream_window: 256 * 1024,
            connection_window: 16 * 1024 * 1024,
            max_routes: 256,
            max_blocks: 64,
            max_partial: 8,
            max_header: 64 * 1024,
        }
    }
}

impl Limits {
    /// What a server takes.
    pub(crate) fn of(options: &ListenOptions) -> Self {
        let base = Self::default();
        let max_header = saturated(options.max_header).min(GREATEST_FRAME);
        Self {
            max_calls: options.max_streams,
            max_message: saturated(options.max_message),
            // The metadata of a call has to fit into one frame.
            max_frame: base.max_frame.max(max_header),
            max_header,
            ..base
        }
    }

    /// What a client takes: no calls, nor what belongs to them.
    pub(crate) fn of_client(options: &DialOptions) -> Self {
        Self {
            max_calls: 0,
            max_message: saturated(options.max_message),
            max_routes: 0,
            max_blocks: 0,
            ..Self::default()
        }
    }
}

fn saturated(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_limits() {
        let mut options = ListenOptions::default();
        assert_eq!(Limits::of(&options), Limits::default());
        (options.max_streams, options.max_message, options.max_header) = (7, usize::MAX, 1024 * 1024);
        let limits = Limits::of(&options);
        assert_eq!((limits.max_calls, limits.max_message), (7, u32::MAX));
        assert_eq!((limits.max_header, limits.max_frame), (1024 * 1024, 1024 * 1024));
        options.max_header = usize::MAX;
        assert_eq!(Limits::of(&options).max_frame, GREATEST_FRAME);
        let client = Limits::of_client(&DialOptions::default());
        assert_eq!((client.max_calls, client.max_message), (0, 4 * 1024 * 1024));
    }
}
