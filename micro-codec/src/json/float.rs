//! Floats that JSON has no number for: they have the names that the canonical JSON of protobuf gives them. `serde_json`
//! writes `null`, which reads as zero.

use std::fmt::{self, Formatter};

use serde::de::{Error, MapAccess, Unexpected, Visitor};

use crate::number;

const NAN: &str = "NaN";
const INFINITY: &str = "Infinity";
const NEG_INFINITY: &str = "-Infinity";

/// The name of a float that is not finite.
pub(super) fn name(value: f64) -> &'static str {
    if value.is_nan() {
        NAN
    } else if value > 0.0 {
        INFINITY
    } else {
        NEG_INFINITY
    }
}

/// The visitor of a float, who takes names too.
pub(super) struct Float<V> {
    visitor: V,
    /// The largest number that it can hold.
    max: f64,
}

impl<V> Float<V> {
    /// Of an `f32`.
    pub(super) fn single(visitor: V) -> Self {
        Self { visitor, max: f32::MAX.into() }
    }

    /// Of an `f64`.
    pub(super) fn double(visitor: V) -> Self {
        Self { visitor, max: f64::MAX }
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Float<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    #[inline]
    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.visitor.visit_u64(value)
    }

    #[inline]
    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.visitor.visit_i64(value)
    }

    #[inline]
    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        // Serde would make infinity of it.
        if value.abs() > self.max {
            return Err(E::invalid_value(Unexpected::Float(value), &self));
        }
        self.visitor.visit_f64(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<V::Value, E> {
        let value = match value {
            NAN => f64::NAN,
            INFINITY => f64::INFINITY,
            NEG_INFINITY => f64::NEG_INFINITY,
            _ => return Err(E::invalid_value(Unexpected::Str(value), &self)),
        };
        self.visitor.visit_f64(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        match number::of_map(map)?.as_f64() {
            Some(value) => self.visit_f64(value),
            None => Err(A::Error::invalid_value(Unexpected::Other("number"), &self)),
        }
    }
}
