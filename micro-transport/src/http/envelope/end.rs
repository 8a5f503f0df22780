//! The end of a streamed answer, as JSON.

use std::collections::BTreeMap;

use micro_core::{Code, Error, Metadata, Result};
use serde::{Deserialize, Serialize};

use crate::http::base64;

/// How a stream ended.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// What went wrong.
    pub(crate) error: Option<Error>,
    /// What is said after the last message.
    pub(crate) trailers: Metadata,
}

/// The end of a stream with an error, if there is one, and trailers.
pub(super) fn json(error: Option<&Error>, trailers: &Metadata) -> Vec<u8> {
    let end = EndJson { error: error.map(ErrorJson::of), metadata: texts(trailers) };
    // Strings, and maps of strings: there is nothing in it that JSON cannot write.
    serde_json::to_vec(&end).unwrap_or_default()
}

#[derive(Serialize, Deserialize)]
struct EndJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct ErrorJson {
    #[serde(default)]
    code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    micro: Option<serde_json::Value>,
}

impl End {
    pub(super) fn read(json: &[u8]) -> Result<Self> {
        let end = serde_json::from_slice::<EndJson>(json).map_err(|error| {
            Error::invalid_argument(format!("the end of a stream is not the JSON it should be: {error}"))
        })?;
        let mut trailers = Metadata::new();
        for (key, values) in end.metadata {
            for value in values {
                // What is no metadata was not written by us, and nobody here could read it.
                let _ = if key.ends_with("-bin") {
                    base64::decode(&value).map_or(Ok(()), |bytes| trailers.append(key.as_str(), bytes))
                } else {
                    trailers.append(key.as_str(), value)
                };
            }
        }
        Ok(Self { error: end.error.map(ErrorJson::into_error), trailers })
    }
}

impl ErrorJson {
    fn of(error: &Error) -> Self {
        Self {
            code: connect_name(error.code()).to_owned(),
            message: error.detail().to_owned(),
            micro: serde_json::from_str(&error.to_json()).ok(),
        }
    }

    fn into_error(self) -> Error {
        match self.micro {
            Some(micro) => Error::from_json(&micro.to_string()),
            None => {
                let code = Code::all().iter().find(|code| connect_name(**code) == self.code);
                Error::new(code.copied().unwrap_or(Code::Unknown), self.message)
            }
        }
    }
}

/// The name of a code in the Connect protocol, which spells one differently.
fn connect_name(code: Code) -> &'static str {
    if code == Code::Cancelled { "canceled" } else { code.name() }
}

fn texts(metadata: &Metadata) -> BTreeMap<String, Vec<String>> {
    let mut texts = BTreeMap::<String, Vec<String>>::new();
    for (key, value) in metadata {
        let text = value.as_str().map_or_else(|| base64::encode(value.as_bytes()), str::to_owned);
        texts.entry(key.as_str().to_owned()).or_default().push(text);
    }
    texts
}
