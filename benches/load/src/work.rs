//! What is asked for, in all peers alike.

use std::fmt;
use std::str::FromStr;

use crate::peer::{Error, Result};

/// The letters of a small request; its answer has eight more.
const SMALL: usize = 16;
/// The letters of a large one.
const LARGE: usize = 64 * 1024;
/// How long the computing handler beside the small calls takes, in microseconds.
const BESIDE: u64 = 50_000;

/// An endpoint that answers one text with another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Answers at once.
    Echo,
    /// Answers after it was polled twice.
    Yield,
    /// Computes for as many microseconds as the text says.
    Compute,
}

/// The work of a measurement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// Small messages, answered at once.
    Echo,
    /// 64 KiB there and back.
    Large,
    /// The handler yields once.
    Yield,
    /// The handler computes for so many microseconds.
    Compute(u64),
    /// One call at a time computes for 50 ms; the others are small, and only they are counted.
    Beside,
    /// Each call is answered with a stream of so many messages, and these are counted.
    Numbers(u64),
    /// Small messages with two pairs of metadata of the handle and two of the call, all read by the handler.
    Metadata,
}

impl Work {
    /// What the call in place `index` asks for, and with which text; `None` for a stream.
    pub(crate) fn of(self, index: usize) -> (Option<Ask>, String) {
        let small = || "x".repeat(SMALL);
        match self {
            Self::Echo | Self::Metadata => (Some(Ask::Echo), small()),
            Self::Large => (Some(Ask::Echo), "x".repeat(LARGE)),
            Self::Yield => (Some(Ask::Yield), small()),
            Self::Compute(micros) => (Some(Ask::Compute), padded(micros)),
            Self::Beside if index == 0 => (Some(Ask::Compute), padded(BESIDE)),
            Self::Beside => (Some(Ask::Echo), small()),
            Self::Numbers(count) => (None, padded(count)),
        }
    }

    /// Whether what is done in place `index` counts.
    pub(crate) fn counts(self, index: usize) -> bool {
        self != Self::Beside || index > 0
    }
}

/// A number in as many letters as every small request has.
fn padded(number: u64) -> String {
    format!("{number:0SMALL$}")
}

/// The answer to a request with this text.
#[must_use]
pub fn answer(text: &str) -> String {
    let mut answer = String::with_capacity(8 + text.len());
    answer.push_str("answers ");
    answer.push_str(text);
    answer
}

/// The number that a text says: the microseconds to compute for, or the messages to stream.
#[must_use]
pub fn micros(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

impl FromStr for Work {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, number) = text.split_once(':').unwrap_or((text, ""));
        Ok(match (name, number) {
            ("echo", "") => Self::Echo,
            ("large", "") => Self::Large,
            ("yield", "") => Self::Yield,
            ("beside", "") => Self::Beside,
            ("metadata", "") => Self::Metadata,
            ("compute", micros) => Self::Compute(micros.parse()?),
            ("numbers", count) => Self::Numbers(count.parse()?),
            _ => return Err(format!("there is no work `{text}`").into()),
        })
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Echo => f.write_str("echo"),
            Self::Large => f.write_str("large"),
            Self::Yield => f.write_str("yield"),
            Self::Beside => f.write_str("beside"),
            Self::Metadata => f.write_str("metadata"),
            Self::Compute(micros) => write!(f, "compute:{micros}"),
            Self::Numbers(count) => write!(f, "numbers:{count}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, Work, answer, micros};

    #[test]
    fn reads_what_it_prints() {
        for text in ["echo", "large", "yield", "beside", "metadata", "compute:100", "numbers:64"] {
            assert_eq!(text.parse::<Work>().unwrap().to_string(), text);
        }
        for text in ["", "echo:1", "compute", "compute:x", "numbers:-1"] {
            assert!(text.parse::<Work>().is_err(), "{text}");
        }
    }

    #[test]
    fn small_texts_have_16_letters_and_answers_24() {
        for work in [Work::Echo, Work::Yield, Work::Compute(1000), Work::Numbers(7), Work::Metadata] {
            let (_, text) = work.of(3);
            assert_eq!((text.len(), answer(&text).len()), (16, 24), "{work}");
        }
        assert_eq!(micros(&Work::Compute(1000).of(0).1), 1000);
    }

    #[test]
    fn the_first_beside_computes_and_does_not_count() {
        assert_eq!(Work::Beside.of(0).0, Some(Ask::Compute));
        assert_eq!(Work::Beside.of(1).0, Some(Ask::Echo));
        assert!(!Work::Beside.counts(0) && Work::Beside.counts(1) && Work::Echo.counts(0));
    }
}
