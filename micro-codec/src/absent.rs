use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use bytes::Bytes;

/// What a field with a number is when nobody sent it: zero, empty, `None`, as in protobuf.
///
/// Not [`Default`]: that of a type may say what a new value looks like (`limit: 100`), and a writer of protobuf leaves
/// zeros out, so that a reader who filled in anything else would read another message than was written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no value for a field that was not sent",
    label = "may be absent from a message with `#[field(..)]`",
    note = "write `Option<{Self}>`, or put `#[message]` with `#[field(..)]` on the definition of `{Self}`"
)]
pub trait Absent: Sized {
    /// The value of a field that was not sent.
    fn absent() -> Self;
}

/// As [`Absent::absent`]: what `#[serde(default = ..)]` names.
#[doc(hidden)]
#[must_use]
pub fn absent<T: Absent>() -> T {
    T::absent()
}

macro_rules! by_default {
    ($($type:ty),*) => {$(
        impl Absent for $type {
            fn absent() -> Self {
                <$type>::default()
            }
        }
    )*};
}

by_default!(
    (),
    bool,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    f32,
    f64,
    String,
    Bytes
);

impl<T> Absent for Option<T> {
    fn absent() -> Self {
        None
    }
}

impl<T> Absent for Vec<T> {
    fn absent() -> Self {
        Self::new()
    }
}

impl<T: Absent> Absent for Box<T> {
    fn absent() -> Self {
        Self::new(T::absent())
    }
}

impl<K, V, S: BuildHasher + Default> Absent for HashMap<K, V, S> {
    fn absent() -> Self {
        Self::default()
    }
}

impl<K, V> Absent for BTreeMap<K, V> {
    fn absent() -> Self {
        Self::new()
    }
}
