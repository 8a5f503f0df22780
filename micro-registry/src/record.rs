//! The records of the registry, in the JSON that go-micro writes.

use std::collections::BTreeMap;

use micro_core::Address;
use serde::{Deserialize, Deserializer, Serialize};

/// A version of a service, and the nodes that run it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Service {
    /// The name it is called by.
    pub name: String,
    /// Its version; `latest` unless somebody said otherwise.
    #[serde(default, deserialize_with = "null_as_default")]
    pub version: String,
    /// Facts about this version.
    #[serde(default, deserialize_with = "null_as_default")]
    pub metadata: BTreeMap<String, String>,
    /// What can be called.
    #[serde(default, deserialize_with = "null_as_default")]
    pub endpoints: Vec<Endpoint>,
    /// Where it runs.
    #[serde(default, deserialize_with = "null_as_default")]
    pub nodes: Vec<Node>,
}

/// One running instance of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Node {
    /// Unique among all nodes: `<name>-<uuid>`.
    pub id: String,
    /// Where it listens.
    #[serde(with = "address")]
    pub address: Address,
    /// Facts about this node: `transport`, `protocol`, `registry`, `micro`, and the user's own.
    #[serde(default, deserialize_with = "null_as_default")]
    pub metadata: BTreeMap<String, String>,
}

/// One thing that can be called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Endpoint {
    /// Its name: `Helloworld.Call`.
    pub name: String,
    /// What it is sent.
    #[serde(default)]
    pub request: Option<Value>,
    /// What it answers.
    #[serde(default)]
    pub response: Option<Value>,
    /// `stream`, `description`, `idempotent`, and schemas.
    #[serde(default, deserialize_with = "null_as_default")]
    pub metadata: BTreeMap<String, String>,
}

/// A field of a message, or a message, as go-micro describes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Value {
    /// The name of the field, or of the message.
    pub name: String,
    /// Its type, in Go's words: `string`, `int64`, `[]string`, a message's name.
    #[serde(rename = "type")]
    pub kind: String,
    /// The fields of a message; none for other types.
    #[serde(default, deserialize_with = "null_as_default")]
    pub values: Vec<Value>,
}

impl Service {
    /// A version of a service without endpoints and nodes.
    #[must_use]
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), version: version.into(), ..Self::default() }
    }

    /// The same with a node.
    #[must_use]
    pub fn with_node(mut self, node: Node) -> Self {
        self.nodes.push(node);
        self
    }

    /// The same with an endpoint.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }
}

impl Node {
    /// A node of that id at that address.
    #[must_use]
    pub fn new(id: impl Into<String>, address: Address) -> Self {
        Self { id: id.into(), address, metadata: BTreeMap::new() }
    }

    /// The same with one more fact.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

impl Endpoint {
    /// An endpoint of that name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl Value {
    /// A value by name and type.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { name: name.into(), kind: kind.into(), values: Vec::new() }
    }
}

/// Go writes `null` for an empty map or list.
fn null_as_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

mod address {
    use micro_core::Address;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(address: &Address, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(address.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Address, D::Error> {
        Address::new(&String::deserialize(from)?).map_err(|error| D::Error::custom(error.detail()))
    }
}
