//! A service's record in the registry: made of its endpoints, and what it says of its nodes.

use std::collections::BTreeMap;

use micro_core::{Endpoint, Schema};
use micro_registry::{Endpoint as Record, Node, Service, Value};
use serde_json::Value as Json;

/// go-micro describes three levels of a message, and no more.
const LEVELS: usize = 3;
/// The key of an endpoint's metadata that says that it may be called twice for one call.
const IDEMPOTENT: &str = "idempotent";

/// The record of an endpoint: its messages as go-micro describes them, and as JSON Schema in its metadata.
pub(crate) fn endpoint(endpoint: &Endpoint) -> Record {
    let mut record = Record::new(endpoint.name.as_ref());
    record.request = Some(message(endpoint.request));
    record.response = Some(message(endpoint.response));
    let mut metadata = BTreeMap::new();
    if endpoint.kind.is_stream() {
        metadata.insert("stream".to_owned(), "true".to_owned());
        metadata.insert("kind".to_owned(), endpoint.kind.name().to_owned());
    }
    if endpoint.idempotent {
        metadata.insert(IDEMPOTENT.to_owned(), "true".to_owned());
    }
    if !endpoint.description.is_empty() {
        metadata.insert("description".to_owned(), endpoint.description.clone().into_owned());
    }
    for (key, schema) in [("request-schema", endpoint.request), ("response-schema", endpoint.response)] {
        metadata.insert(key.to_owned(), schema.json.to_string());
    }
    record.metadata = metadata;
    record
}

/// Whether an endpoint is declared idempotent in every version of its service that has it: nobody knows yet which one will
/// answer.
pub(crate) fn is_idempotent(services: &[Service], endpoint: &str) -> bool {
    let mut declared = services
        .iter()
        .flat_map(|service| &service.endpoints)
        .filter(|known| known.name == endpoint)
        .map(|known| known.metadata.get(IDEMPOTENT).is_some_and(|value| value == "true"))
        .peekable();
    declared.peek().is_some() && declared.all(|declared| declared)
}

/// What a node speaks, best first. One that does not say is of go-micro, and speaks what that does.
pub(crate) fn protocols(node: &Node) -> Vec<String> {
    let spoken = node.metadata.get("micro").map_or("", String::as_str);
    let mut spoken: Vec<_> = spoken.split_whitespace().map(str::to_owned).collect();
    if spoken.is_empty() {
        spoken.push("mucp".to_owned());
    }
    spoken
}

fn message(schema: &Schema) -> Value {
    let mut value = Value::new(schema.name.clone(), schema.name.clone());
    value.values = fields(&schema.json, &schema.json, LEVELS);
    value
}

/// The fields of an object; none of anything else, or below the last level.
fn fields(root: &Json, schema: &Json, levels: usize) -> Vec<Value> {
    let schema = resolved(root, schema);
    let Some(properties) = schema.get("properties").and_then(Json::as_object).filter(|_| levels > 0) else {
        return Vec::new();
    };
    let field = |(name, schema): (&String, &Json)| {
        let mut value = Value::new(name.clone(), go_type(root, schema));
        value.values = fields(root, schema, levels - 1);
        value
    };
    properties.iter().map(field).collect()
}

/// The type in Go's words.
fn go_type(root: &Json, schema: &Json) -> String {
    let named = reference(schema).map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
    let schema = resolved(root, schema);
    let kind = match schema.get("type") {
        Some(Json::String(kind)) => kind.as_str(),
        // An optional value is `["string", "null"]`.
        Some(Json::Array(kinds)) => {
            kinds.iter().filter_map(Json::as_str).find(|kind| *kind != "null").unwrap_or("")
        }
        _ => "",
    };
    match (kind, schema.get("format").and_then(Json::as_str)) {
        ("string", _) => "string".to_owned(),
        ("boolean", _) => "bool".to_owned(),
        ("number", Some("float")) => "float32".to_owned(),
        ("number", _) => "float64".to_owned(),
        (
            "integer",
            Some(format @ ("int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64")),
        ) => format.to_owned(),
        ("integer", Some("uint")) => "uint64".to_owned(),
        ("integer", _) => "int64".to_owned(),
        ("array", _) => {
            let items = schema.get("items").map(|items| go_type(root, items)).unwrap_or_default();
            format!("[]{items}")
        }
        _ => named.unwrap_or_default(),
    }
}

fn reference(schema: &Json) -> Option<&str> {
    let direct = schema.get("$ref").and_then(Json::as_str);
    // An optional message is `anyOf [message, null]`.
    let optional = || {
        let any = schema.get("anyOf")?.as_array()?;
        any.iter().find_map(|schema| schema.get("$ref").and_then(Json::as_str))
    };
    direct.or_else(optional)
}

/// What a reference within the schema points to, or the schema itself.
fn resolved<'a>(root: &'a Json, schema: &'a Json) -> &'a Json {
    reference(schema)
        .and_then(|path| path.strip_prefix('#'))
        .and_then(|path| root.pointer(path))
        .unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nodes_speak() {
        let node = Node::new("greeter-1", micro_core::Address::new("127.0.0.1:9").unwrap());
        assert_eq!(protocols(&node), ["mucp"]);
        let node = node.with_metadata("protocol", "mucp");
        assert_eq!(protocols(&node), ["mucp"]);
        assert_eq!(protocols(&node.clone().with_metadata("micro", "")), ["mucp"]);
        assert_eq!(protocols(&node.with_metadata("micro", "h2 other")), ["h2", "other"]);
    }

    #[test]
    fn idempotent_is_what_all_versions_say_is() {
        let with = |declared: bool| {
            let mut record = Record::new("A.Read");
            if declared {
                record.metadata.insert(IDEMPOTENT.to_owned(), "true".to_owned());
            }
            Service::new("a", "1").with_endpoint(record)
        };
        assert!(is_idempotent(&[with(true), with(true), Service::new("a", "2")], "A.Read"));
        assert!(!is_idempotent(&[with(true), with(false)], "A.Read"));
        assert!(!is_idempotent(&[with(true)], "A.Book"));
        assert!(!is_idempotent(&[], "A.Read"));
    }

    #[test]
    fn as_go_micro_describes_messages() {
        let schema = Schema::new(
            "Order",
            json!({
                "type": "object",
                "properties": {
                    "count": { "type": "integer", "format": "uint32" },
                    "name": { "type": ["string", "null"] },
                    "tags": { "type": "array", "items": { "type": "string" } },
                    "to": { "anyOf": [{ "$ref": "#/$defs/Address" }, { "type": "null" }] },
                },
                "$defs": { "Address": { "type": "object", "properties": {
                    "next": { "$ref": "#/$defs/Address" },
                    "street": { "type": "string" },
                } } },
            }),
        );
        let value = message(&schema);
        assert_eq!((value.name.as_str(), value.kind.as_str()), ("Order", "Order"));
        let kinds: Vec<_> =
            value.values.iter().map(|value| (value.name.as_str(), value.kind.as_str())).collect();
        assert_eq!(kinds, [("count", "uint32"), ("name", "string"), ("tags", "[]string"), ("to", "Address")]);
        // A message that holds itself ends at the third level.
        let to = &value.values[3];
        assert_eq!(to.values[0].values[0].values, []);
    }
}
