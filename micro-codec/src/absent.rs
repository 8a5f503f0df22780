use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use bytes::Bytes;
use serde::{Deserialize, Deserializer};

/// What a field with a number is when nobody sent it: zero, empty, `None`, as in protobuf.
///
/// Not [`Default`]: that of a type may say what a new value looks like (`limit: 100`), and a writer of protobuf leaves
/// zeros out, so that a reader who filled in anything else would read another message than was written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no value for when it was not sent",
    label = "cannot be a field with a number",
    note = "for a struct of yours, put `#[message]` on its definition, with `#[field(..)]` on its fields",
    note = "for an enum with data, write `Option<{Self}>`",
    note = "for a type of another crate, write what it is made of, e.g. its milliseconds as `u64`"
)]
pub trait Absent: Sized {
    /// The value of a field that was not sent.
    fn absent() -> Self;

    /// Reads a field: in formats that people read, `null` is the same as not sent. Go writes it for an empty slice.
    ///
    /// # Errors
    /// What the deserializer says.
    fn read_field<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>
    where
        Self: Deserialize<'de>,
    {
        if from.is_human_readable() {
            Ok(Option::<Self>::deserialize(from)?.unwrap_or_else(Self::absent))
        } else {
            Self::deserialize(from)
        }
    }
}

/// As [`Absent::absent`], for where the type is known.
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
