//! [`Message`]: what travels.

mod builtin;

use bytes::{Bytes, BytesMut};

use crate::{Format, Result, Schema};

/// What travels: a request, a response, one item of a stream, an event.
///
/// Put `#[message]` of `micro` on a struct or enum to implement it. `()`, [`String`], [`Bytes`] and
/// [`serde_json::Value`] are messages too; `Proto<T>` and `Json<T>` of `micro` make messages of other people's types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "cannot travel in a call",
    note = "put `#[micro::message]` on the definition of `{Self}`",
    note = "for a type of another crate, wrap it: `micro::Json<{Self}>` (serde) or `micro::Proto<{Self}>` (prost)"
)]
pub trait Message: Sized + Send + 'static {
    /// What it looks like.
    fn schema() -> &'static Schema;

    /// Whether it is bytes that are passed on as they are.
    #[doc(hidden)]
    const IS_BYTES: bool = false;

    /// Whether it can be written and read in this format.
    fn speaks(format: Format) -> bool;

    /// Appends the message to `out`; on an error the caller throws away what was written.
    ///
    /// # Errors
    /// [`Code::Internal`](crate::Code::Internal) for what the format cannot hold, and the error of
    /// [`Error::unsupported_format`](crate::Error::unsupported_format) for a format it does not speak.
    fn encode(&self, format: Format, out: &mut BytesMut) -> Result<()>;

    /// Reads one message.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) for bytes that are no such message, and the error of
    /// [`Error::unsupported_format`](crate::Error::unsupported_format) for a format it does not speak.
    fn decode(format: Format, bytes: Bytes) -> Result<Self>;

    /// Reads a small message where it lies among others, which costs less than to give it bytes of its own.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    #[doc(hidden)]
    fn decode_small(format: Format, bytes: &[u8]) -> Result<Self> {
        Self::decode(format, Bytes::copy_from_slice(bytes))
    }

    /// The message as bytes of its own.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn to_bytes(&self, format: Format) -> Result<Bytes> {
        fn taken(written: Written<'_>) -> Bytes {
            written.into_bytes()
        }
        self.written(format, taken)
    }

    /// Does something with the message as it is written: what copies small ones together allocates nothing.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    #[doc(hidden)]
    fn written<R>(&self, format: Format, take: impl FnOnce(Written<'_>) -> R) -> Result<R> {
        thread_local! {
            /// Messages are written into one buffer per thread and cut off, so that small ones cost no allocation.
            static BUFFER: std::cell::RefCell<BytesMut> = std::cell::RefCell::default();
        }
        BUFFER.with(|buffer| match buffer.try_borrow_mut() {
            Ok(mut buffer) => {
                // One that was copied is still there, and so is what was written when one panicked.
                buffer.clear();
                if buffer.capacity() < 512 {
                    *buffer = BytesMut::with_capacity(16 * 1024);
                }
                if let Err(error) = self.encode(format, &mut buffer) {
                    drop(buffer.split());
                    return Err(error);
                }
                Ok(take(Written::Buffer(&mut buffer)))
            }
            // A message that encodes another one while it is encoded.
            Err(_) => {
                let mut buffer = BytesMut::new();
                self.encode(format, &mut buffer)?;
                Ok(take(Written::Buffer(&mut buffer)))
            }
        })
    }
}

/// A message that was written, until it is copied or taken.
#[doc(hidden)]
#[derive(Debug)]
pub enum Written<'a> {
    /// All that is in a buffer which is used again.
    Buffer(&'a mut BytesMut),
    /// What is bytes of its own.
    Bytes(Bytes),
}

impl Written<'_> {
    /// How many bytes the message has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Buffer(buffer) => buffer.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// The message as bytes of its own.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Buffer(buffer) => buffer.split().freeze(),
            Self::Bytes(bytes) => bytes,
        }
    }
}
