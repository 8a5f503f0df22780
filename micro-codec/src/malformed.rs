//! Errors of bytes that are no such message. They say what was expected and where, and never repeat what was sent:
//! it may be a secret, and errors are logged.

use std::fmt::Display;

use micro_core::Error;

/// An error of a message that does not parse.
pub(crate) fn malformed(codec: &str, error: impl Display) -> Error {
    Error::invalid_argument(format!("{codec}: {}", without_values(&error.to_string())))
}

/// What serde says, without the value that it was said of: `invalid type: string "hunter2", expected u32` becomes
/// `invalid type: string, expected u32`.
fn without_values(text: &str) -> String {
    // The last one: what is expected is a fact of the type, so the value cannot reach behind it.
    let Some(expected) = text.rfind(", expected ") else { return text.to_owned() };
    let (said, expected) = text.split_at(expected);
    let value = said.find(['`', '"']).unwrap_or(said.len());
    format!("{}{expected}", said[..value].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_repeated() {
        for (text, told) in [
            (
                "invalid type: string \"hunter2\", expected u32 at line 1 column 9",
                "invalid type: string, expected u32 at line 1 column 9",
            ),
            ("invalid value: integer `-7`, expected u32", "invalid value: integer, expected u32"),
            ("invalid type: string \"a, expected `b\", expected i64", "invalid type: string, expected i64"),
            ("unknown variant `Hunter`, expected `A` or `B`", "unknown variant, expected `A` or `B`"),
            ("missing field `name` at line 1 column 2", "missing field `name` at line 1 column 2"),
            ("EOF while parsing a value at line 1 column 0", "EOF while parsing a value at line 1 column 0"),
        ] {
            assert_eq!(without_values(text), told);
        }
    }
}
