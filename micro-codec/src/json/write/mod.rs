//! How JSON is written: as `serde_json` does, but that a float that is no number has a [name](super::float). Types pass
//! through here as they are, so that nothing of it is left in what is compiled.

mod compound;

use std::fmt::Display;

use serde::ser::{Serialize, Serializer};

use super::float;

/// A part of writing (a serializer, or a value that one gets), with this module around it.
pub(super) struct Writer<T>(pub(super) T);

impl<T: Serialize + ?Sized> Serialize for Writer<&T> {
    #[inline]
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Writer(to))
    }
}

macro_rules! scalars {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        #[inline]
        fn $method(self, $($name: $type),*) -> Result<S::Ok, S::Error> {
            self.0.$method($($name),*)
        }
    )*};
}

macro_rules! wrappers {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        #[inline]
        fn $method<T: Serialize + ?Sized>(self, $($name: $type,)* value: &T) -> Result<S::Ok, S::Error> {
            self.0.$method($($name,)* &Writer(value))
        }
    )*};
}

macro_rules! containers {
    ($($method:ident($($name:ident: $type:ty),*): $compound:ident)*) => {$(
        #[inline]
        fn $method(self, $($name: $type),*) -> Result<Writer<S::$compound>, S::Error> {
            self.0.$method($($name),*).map(Writer)
        }
    )*};
}

impl<S: Serializer> Serializer for Writer<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Writer<S::SerializeSeq>;
    type SerializeTuple = Writer<S::SerializeTuple>;
    type SerializeTupleStruct = Writer<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Writer<S::SerializeTupleVariant>;
    type SerializeMap = Writer<S::SerializeMap>;
    type SerializeStruct = Writer<S::SerializeStruct>;
    type SerializeStructVariant = Writer<S::SerializeStructVariant>;

    scalars! {
        serialize_bool(value: bool)
        serialize_i8(value: i8) serialize_i16(value: i16) serialize_i32(value: i32) serialize_i64(value: i64)
        serialize_i128(value: i128)
        serialize_u8(value: u8) serialize_u16(value: u16) serialize_u32(value: u32) serialize_u64(value: u64)
        serialize_u128(value: u128)
        serialize_char(value: char) serialize_str(value: &str) serialize_bytes(value: &[u8])
        serialize_none() serialize_unit() serialize_unit_struct(name: &'static str)
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str)
    }

    wrappers! {
        serialize_some()
        serialize_newtype_struct(name: &'static str)
        serialize_newtype_variant(name: &'static str, index: u32, variant: &'static str)
    }

    containers! {
        serialize_seq(len: Option<usize>): SerializeSeq
        serialize_tuple(len: usize): SerializeTuple
        serialize_tuple_struct(name: &'static str, len: usize): SerializeTupleStruct
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize): SerializeTupleVariant
        serialize_map(len: Option<usize>): SerializeMap
        serialize_struct(name: &'static str, len: usize): SerializeStruct
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize): SerializeStructVariant
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            self.0.serialize_f32(value)
        } else {
            self.0.serialize_str(float::name(value.into()))
        }
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        if value.is_finite() { self.0.serialize_f64(value) } else { self.0.serialize_str(float::name(value)) }
    }

    #[inline]
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}
