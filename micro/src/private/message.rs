use crate::Message;

/// Does nothing: what it is asked for is whether `T` is a message.
pub fn message<T: Message>() {}
