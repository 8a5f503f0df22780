//! Visitors: what is inside of a value is read in the same way.

use std::fmt::{self, Formatter};

use serde::de::{Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use super::Reader;

/// The visitor of a struct, who is not told of arrays.
pub(super) struct Object<V>(pub(super) V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Object<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Reader(map))
    }
}

macro_rules! scalars {
    ($($method:ident($($name:ident: $type:ty)?))*) => {$(
        #[inline]
        fn $method<E: Error>(self, $($name: $type)?) -> Result<V::Value, E> {
            self.0.$method($($name)?)
        }
    )*};
}

macro_rules! containers {
    ($($method:ident: $trait:ident)*) => {$(
        #[inline]
        fn $method<A: $trait<'de>>(self, from: A) -> Result<V::Value, A::Error> {
            self.0.$method(Reader(from))
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Reader<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    scalars! {
        visit_bool(value: bool)
        visit_i8(value: i8) visit_i16(value: i16) visit_i32(value: i32) visit_i64(value: i64) visit_i128(value: i128)
        visit_u8(value: u8) visit_u16(value: u16) visit_u32(value: u32) visit_u64(value: u64) visit_u128(value: u128)
        visit_f32(value: f32) visit_f64(value: f64)
        visit_char(value: char) visit_str(value: &str) visit_borrowed_str(value: &'de str) visit_string(value: String)
        visit_bytes(value: &[u8]) visit_borrowed_bytes(value: &'de [u8]) visit_byte_buf(value: Vec<u8>)
        visit_none() visit_unit()
    }

    containers! {
        visit_some: Deserializer
        visit_newtype_struct: Deserializer
        visit_seq: SeqAccess
        visit_map: MapAccess
        visit_enum: EnumAccess
    }
}
