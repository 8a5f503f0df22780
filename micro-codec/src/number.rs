//! Numbers of JSON that come as a map. So does every number where a crate of the program has switched on the feature
//! `arbitrary_precision` of `serde_json`, and nobody knew of the type what it expects.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, MapAccess};
use serde_json::Number;

/// The number that a map is.
pub(crate) fn of_map<'de, A: MapAccess<'de>>(map: A) -> Result<Number, A::Error> {
    Number::deserialize(MapAccessDeserializer::new(map))
}
