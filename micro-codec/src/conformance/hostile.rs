//! Law 4: truncated and hostile input.

use bytes::Bytes;
use micro_core::{Code, Format, Message};

use super::laws::{is_invalid, written};
use super::{Promises, Sample};

/// How many mutations of each sample are read.
const MUTATIONS: usize = 5_000;

/// The samples that are short enough for thousands of variations.
fn short(format: Format) -> Vec<Bytes> {
    let samples = Sample::all().into_iter().filter(|sample| sample.text.len() < 1_000);
    samples.map(|sample| written(&sample, format)).collect()
}

/// Law 4: no beginning of a message is a message, where messages say where they end. No beginning of one is a panic.
pub fn truncation_is_refused(format: Format, promises: Promises) {
    if !promises.numbered {
        return;
    }
    for bytes in short(format) {
        for end in 0..bytes.len() {
            let result = Sample::decode(format, bytes.slice(..end));
            if promises.values {
                is_invalid(result.err().as_ref(), &format!("the first {end} of {} bytes", bytes.len()));
            } else if let Err(error) = result {
                is_invalid(Some(&error), "truncated");
            }
        }
    }
}

/// Law 4: changed bytes are another message or an error of the caller, and never a panic.
pub fn mutations_are_read_or_refused(format: Format, promises: Promises) {
    if !promises.numbered {
        return;
    }
    // Always the same ones: a failure can be repeated.
    let mut random = fastrand::Rng::with_seed(0x6d69_6372_6f21);
    for bytes in short(format) {
        for _ in 0..MUTATIONS {
            let bytes = mutated(&bytes, &mut random);
            if let Err(error) = Sample::decode(format, bytes.clone().into()) {
                assert_eq!(error.code(), Code::InvalidArgument, "{bytes:x?}: {error}");
            }
        }
    }
}

fn mutated(bytes: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..=bytes.len());
        match random.u8(..5) {
            0 if at < bytes.len() => bytes[at] = random.u8(..),
            1 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            // What lengths like to be.
            _ => bytes.insert(at, random.choice([0x00, 0x01, 0x7f, 0x80, 0xff, 0xdd, 0xdf]).unwrap_or(0)),
        }
    }
    bytes
}
