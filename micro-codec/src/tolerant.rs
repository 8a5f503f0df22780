//! Readers that are more tolerant than serde's: 64-bit integers also as strings.
//!
//! JavaScript has no 64-bit integers, so the canonical JSON of protobuf writes them as strings. It holds for formats that
//! people read only ([`Deserializer::is_human_readable`]): the others have one way to write a number. `#[message]` names
//! these functions in `#[serde(deserialize_with = ..)]`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Formatter};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};

use crate::{Absent, number};

/// Reads 64-bit integers, alone or in containers.
///
/// # Errors
/// What the deserializer says.
pub fn integers<'de, T: Integers<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(from)
}

/// Reads a field with a number that is made of 64-bit integers.
///
/// # Errors
/// What the deserializer says.
pub fn integers_field<'de, T: Integers<'de> + Absent, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    if from.is_human_readable() {
        Ok(Option::<Tolerant<T>>::deserialize(from)?.map_or_else(T::absent, |tolerant| tolerant.0))
    } else {
        T::read(from)
    }
}

/// 64-bit integers, and what holds them.
pub trait Integers<'de>: Sized {
    /// Reads them, from strings too where people read the format.
    ///
    /// # Errors
    /// What the deserializer says.
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
}

/// What is read by [`Integers`] inside of a container.
struct Tolerant<T>(T);

impl<'de, T: Integers<'de>> Deserialize<'de> for Tolerant<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from).map(Self)
    }
}

struct Integer<T>(PhantomData<T>);

macro_rules! integers {
    ($($type:ty: $as_type:ident, $expected:literal;)*) => {$(
        impl<'de> Integers<'de> for $type {
            fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                if from.is_human_readable() {
                    from.deserialize_any(Integer::<$type>(PhantomData))
                } else {
                    Self::deserialize(from)
                }
            }
        }

        impl<'de> Visitor<'de> for Integer<$type> {
            type Value = $type;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str($expected)
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<$type, E> {
                value.try_into().map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<$type, E> {
                value.try_into().map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<$type, E> {
                value.parse().map_err(|_| E::invalid_value(Unexpected::Str(value), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$type, A::Error> {
                let value = number::of_map(map)?.$as_type();
                value.ok_or_else(|| A::Error::invalid_value(Unexpected::Other("number"), &self))
            }
        }
    )*};
}

integers! {
    i64: as_i64, "a 64-bit integer, as a number or a string";
    u64: as_u64, "a 64-bit integer that is not negative, as a number or a string";
}

impl<'de, T: Integers<'de>> Integers<'de> for Option<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::<Tolerant<T>>::deserialize(from)?.map(|tolerant| tolerant.0))
    }
}

impl<'de, T: Integers<'de>> Integers<'de> for Box<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from).map(Self::new)
    }
}

impl<'de, T: Integers<'de>> Integers<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Vec::<Tolerant<T>>::deserialize(from)?.into_iter().map(|tolerant| tolerant.0).collect())
    }
}

impl<'de, K, V, S> Integers<'de> for HashMap<K, V, S>
where
    K: Deserialize<'de> + Eq + Hash,
    V: Integers<'de>,
    S: BuildHasher + Default,
{
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = HashMap::<K, Tolerant<V>, S>::deserialize(from)?;
        Ok(read.into_iter().map(|(key, tolerant)| (key, tolerant.0)).collect())
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Integers<'de>> Integers<'de> for BTreeMap<K, V> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = BTreeMap::<K, Tolerant<V>>::deserialize(from)?;
        Ok(read.into_iter().map(|(key, tolerant)| (key, tolerant.0)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'de, T: Integers<'de>>(json: &'de str) -> Result<T, String> {
        T::read(&mut serde_json::Deserializer::from_str(json)).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_and_strings() {
        assert_eq!(read("-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(read("\"-9223372036854775808\""), Ok(i64::MIN));
        assert_eq!(read("\"18446744073709551615\""), Ok(u64::MAX));
        assert_eq!(read("null"), Ok(None::<u64>));
        assert_eq!(read("[1, \"2\"]"), Ok(vec![Some(1_u64), Some(2)]));
        assert_eq!(
            read("{\"a\": \"1\", \"b\": 2}"),
            Ok(BTreeMap::from([("a".to_owned(), 1_i64), ("b".to_owned(), 2)]))
        );
        assert_eq!(read("{\"7\": \"1\"}"), Ok(HashMap::from([(7_u64, Box::new(1_i64))])));
    }

    #[test]
    fn what_is_no_integer() {
        for json in ["-1", "\"-1\"", "\"\"", "\"1.5\"", "1.5", "\"18446744073709551616\"", "true", "[]"] {
            assert!(read::<u64>(json).is_err(), "{json}");
        }
        assert!(read::<i64>("9223372036854775808").is_err());
    }

    #[test]
    fn null_is_absent() {
        let read = |json| {
            String::read_field(&mut serde_json::Deserializer::from_str(json)).map_err(|e| e.to_string())
        };
        assert_eq!(read("null"), Ok(String::new()));
        assert_eq!(read("\"a\""), Ok("a".to_owned()));
        assert!(read("1").is_err());
        let read = |json| {
            integers_field::<Vec<u64>, _>(&mut serde_json::Deserializer::from_str(json))
                .map_err(|e| e.to_string())
        };
        assert_eq!(read("null"), Ok(Vec::new()));
        assert_eq!(read("[\"1\"]"), Ok(vec![1]));
    }
}
