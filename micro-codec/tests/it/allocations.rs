//! Law 4 of `Codec`: what hostile input costs is in proportion to its size, whatever lengths it declares.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::HashMap;

use bytes::Bytes;
use micro_codec::{JSON, Json, MSGPACK, PROTOBUF, RAW};
use micro_core::{Code, Format, Message};

use crate::tree::{Color, FIELDS, Shape, Tree};

thread_local! {
    /// Bytes, of this thread, as other tests run beside this one. Constant, so that reading it allocates nothing.
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all is left to the system's allocator; the counter is a plain cell of the thread, without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get() + layout.size());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract, which is the same, and the pointer is from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The longest input of the tables.
const INPUT: usize = 48;

/// What reading one of them may allocate, of all that it takes and gives back.
const LIMIT: usize = 64 * 1024;

/// Reads an input as one type.
fn read<T: Message>(format: Format, input: &Bytes) {
    assert!(input.len() <= INPUT, "no small input: {input:x?}");
    let input = input.clone();
    let before = ALLOCATED.get();
    let result = T::decode(format, input.clone());
    let allocated = ALLOCATED.get() - before;
    let of = std::any::type_name::<T>();
    assert!(allocated < LIMIT, "{format} {of} {input:x?} takes {allocated} bytes");
    if let Err(error) = result {
        assert_eq!(error.code(), Code::InvalidArgument, "{format} {of} {input:x?}: {error}");
    }
}

/// As every type that speaks the format and reserves memory in a way of its own.
fn read_as_all(format: Format, input: impl Into<Bytes>) {
    let input = &input.into();
    read::<Tree>(format, input);
    read::<Shape>(format, input);
    read::<String>(format, input);
    read::<Bytes>(format, input);
    read::<()>(format, input);
    if format == PROTOBUF {
        return;
    }
    read::<Color>(format, input);
    read::<serde_json::Value>(format, input);
    read::<Json<Vec<Tree>>>(format, input);
    read::<Json<Vec<[u64; 32]>>>(format, input);
    read::<Json<Vec<u8>>>(format, input);
    read::<Json<Vec<()>>>(format, input);
    read::<Json<Vec<Vec<Vec<String>>>>>(format, input);
    read::<Json<HashMap<String, Tree>>>(format, input);
    read::<Json<HashMap<u64, [u64; 32]>>>(format, input);
    read::<Json<Option<Bytes>>>(format, input);
}

#[test]
fn json() {
    let values = [
        "[".repeat(24),
        "{\"a\":".repeat(4),
        "[[[[[[[[[[]]]]]]]]]]".to_owned(),
        "1e999999999".to_owned(),
        "-1E+99999999999999999999".to_owned(),
        "1e-999999999".to_owned(),
        format!("0.{}1", "0".repeat(20)),
        "9".repeat(24),
        format!("\"{}", "\\u0000".repeat(3)),
        "\"\\ud800\"".to_owned(),
        "[9999999999,9999999999]".to_owned(),
        "{\"4294967295\":{}}".to_owned(),
    ];
    for value in &values {
        read_as_all(JSON, value.clone());
        for field in FIELDS {
            read_as_all(JSON, format!("{{\"{field}\":{value}}}"));
        }
    }
}

#[test]
fn msgpack() {
    let declared: [&[u8]; 12] = [
        &[0xd9, 0xff],
        &[0xda, 0xff, 0xff],
        &[0xdb, 0xff, 0xff, 0xff, 0xff],
        &[0xc4, 0xff],
        &[0xc6, 0x7f, 0xff, 0xff, 0xff],
        &[0xdc, 0xff, 0xff],
        &[0xdd, 0xff, 0xff, 0xff, 0xff],
        &[0xde, 0xff, 0xff],
        &[0xdf, 0xff, 0xff, 0xff, 0xff],
        &[0xdf, 0x80, 0x00, 0x00, 0x00],
        &[0xc7, 0xff, 0x01],
        &[0xc9, 0xff, 0xff, 0xff, 0xff, 0x01],
    ];
    let mut values: Vec<Vec<u8>> = declared.map(<[u8]>::to_vec).into();
    // In one another, and with something behind them.
    values.extend(declared.map(|value| [&[0xdd, 0, 0, 0, 2][..], value, value].concat()));
    values.extend(declared.map(|value| [&[0x81, 0xa1, b'a'][..], value].concat()));
    values.extend(declared.map(|value| [value, &[0xc0; 20]].concat()));
    // Lengths that are just possible, level after level.
    values.push(vec![0x9f; 24]);
    values.push([&[0xdc, 0, 20][..], &[0x90; 20]].concat());
    values.push([&[0xdc, 0, 21][..], &[0xdc, 0, 18], &[0xdc, 0, 15], &[0xc0; 14]].concat());
    values.push([&[0xde, 0, 10][..], &[0xc0; 20]].concat());
    values.push([&[0xc5, 0, 20][..], &[0; 20]].concat());
    values.push([&[0xd8, 1][..], &[0; 16]].concat());
    for value in &values {
        read_as_all(MSGPACK, value.clone());
        for (at, field) in (0..).zip(FIELDS) {
            let name = [&[0x81, 0xa0 | field.len() as u8], field.as_bytes()].concat();
            read_as_all(MSGPACK, [&name, &value[..]].concat());
            // A struct by position: those before it, which are absent, and it.
            let before = vec![0xc0; at];
            read_as_all(MSGPACK, [&[0x91 + at as u8], &before[..], value].concat());
        }
    }
}

#[test]
fn protobuf() {
    let lengths: [&[u8]; 8] = [
        &[0x7f],
        &[0xff, 0x7f],
        // 2^31 - 1, 2^31, 2^32 - 1.
        &[0xff, 0xff, 0xff, 0xff, 0x07],
        &[0x80, 0x80, 0x80, 0x80, 0x08],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        // 2^63 - 1, 2^63, 2^64 - 1.
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ];
    for number in 1..=FIELDS.len() as u8 + 1 {
        // As a length before bytes, and as where a group begins.
        for tag in [number << 3 | 2, number << 3 | 3] {
            for length in lengths {
                let lie = [&[tag], length].concat();
                read_as_all(PROTOBUF, lie.clone());
                read_as_all(PROTOBUF, [&lie, &[0; 16][..]].concat());
                // In a message of a list, of a map, in a box, in a variant.
                for outer in [0x1a, 0x5a, 0x6a, 0x72] {
                    let inner = [&[outer, lie.len() as u8 + 2, 0x12, lie.len() as u8], &lie[..]].concat();
                    read_as_all(PROTOBUF, inner);
                    read_as_all(PROTOBUF, [&[outer, lie.len() as u8], &lie[..]].concat());
                }
            }
        }
        // Numbers of a byte each, and messages of nothing, one after the other.
        read_as_all(PROTOBUF, [&[number << 3 | 2, 20][..], &[1; 20]].concat());
        read_as_all(PROTOBUF, [number << 3 | 2, 0].repeat(12));
        read_as_all(PROTOBUF, [number << 3].repeat(24));
    }
}

#[test]
fn raw() {
    for input in [&[0xff; 24][..], &[0; 24]] {
        read::<String>(RAW, &Bytes::from_static(input));
        read::<Bytes>(RAW, &Bytes::from_static(input));
        read::<()>(RAW, &Bytes::from_static(input));
    }
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATED.get();
    drop(std::hint::black_box(Vec::<u8>::with_capacity(1_000)));
    assert_eq!(ALLOCATED.get() - before, 1_000);
}
