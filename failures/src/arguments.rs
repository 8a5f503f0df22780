use micro::{Error, Result};

use crate::protocol::Protocol;
use crate::rows::ROWS;

/// What is to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Arguments {
    /// Numbers of rows, in their order; all when there is none.
    pub(crate) rows: Vec<usize>,
    pub(crate) protocols: Vec<Protocol>,
    /// This process is where rows are shown, and does not start another one.
    pub(crate) inside: bool,
}

impl Arguments {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut parsed = Self { rows: Vec::new(), protocols: Vec::new(), inside: false };
        while let Some(flag) = arguments.next() {
            let mut value =
                || arguments.next().ok_or_else(|| Error::invalid_argument(format!("`{flag}` needs a value")));
            match flag.as_str() {
                "--row" => {
                    let text = value()?;
                    let row = text.parse().ok().filter(|row| (1..=ROWS.len()).contains(row));
                    parsed.rows.push(row.ok_or_else(|| {
                        Error::invalid_argument(format!("`{text}` is no row: 1 to {}", ROWS.len()))
                    })?);
                }
                "--protocol" => parsed.protocols.push(value()?.parse()?),
                "--inside" => parsed.inside = true,
                _ => {
                    return Err(Error::invalid_argument(format!(
                        "`{flag}` is not known: --row N, --protocol http1|http2|lane"
                    )));
                }
            }
        }
        if parsed.protocols.is_empty() {
            parsed.protocols = Protocol::SHOWN.to_vec();
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Arguments> {
        Arguments::parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_is_to_be_shown() {
        let all = parsed("").unwrap();
        assert_eq!((all.rows.len(), all.protocols.len(), all.inside), (0, 2, false));
        let some = parsed("--row 2 --protocol http2 --row 1").unwrap();
        assert_eq!((some.rows, some.protocols), (vec![2, 1], vec![Protocol::Http2]));
        for wrong in ["--row", "--row 0", "--row 99", "--protocol h3", "--rows 1"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
