//! Reads bytes as a message in each format; what could be read is written, and reads as the same again.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use micro::{Message, message};

#[message]
#[derive(Debug, PartialEq)]
pub struct Everything {
    #[field(1)]
    pub text: String,
    #[field(2)]
    pub number: i64,
    #[field(3)]
    pub maybe: Option<u32>,
    #[field(4)]
    pub many: Vec<u64>,
    #[field(5)]
    pub inner: Option<Box<Everything>>,
    #[field(6)]
    pub table: BTreeMap<String, bool>,
    #[field(7)]
    pub bytes: Vec<u8>,
}

fuzz_target!(|bytes: &[u8]| {
    for format in micro::formats().iter().filter(|format| Everything::speaks(*format)) {
        let Ok(read) = Everything::decode(format, bytes.to_vec().into()) else { continue };
        let written = read.to_bytes(format).expect("what was read can be written");
        assert_eq!(Everything::decode(format, written).expect("and read again"), read, "{format}");
    }
});
