//! Enums without data: what the [`Item`](super::Item) of an [`Enumeration`] does.

use prost::encoding::int32;

use super::{Buf, BufMut, DecodeContext, DecodeError, WireType};

/// An enum without data.
pub trait Enumeration: Sized {
    /// The number of the variant.
    fn number(&self) -> i32;

    /// The variant of a number.
    fn of_number(number: i32) -> Option<Self>;
}

/// One value.
pub fn encode(value: &impl Enumeration, tag: u32, buf: &mut impl BufMut) {
    int32::encode(tag, &value.number(), buf);
}

/// Its bytes.
pub fn encoded_len(value: &impl Enumeration, tag: u32) -> usize {
    int32::encoded_len(tag, &value.number())
}

/// One value; a number of no variant changes nothing.
///
/// # Errors
/// Bytes that are no number.
pub fn merge<T: Enumeration>(
    into: &mut Option<T>,
    wire: WireType,
    buf: &mut impl Buf,
    ctx: DecodeContext,
) -> Result<(), DecodeError> {
    let mut number = 0;
    int32::merge(wire, &mut number, buf, ctx)?;
    if let Some(value) = T::of_number(number) {
        *into = Some(value);
    }
    Ok(())
}

/// A packed field.
pub fn encode_all(values: &[impl Enumeration], tag: u32, buf: &mut impl BufMut) {
    int32::encode_packed(tag, &numbers(values), buf);
}

/// Its bytes.
pub fn encoded_len_all(values: &[impl Enumeration], tag: u32) -> usize {
    int32::encoded_len_packed(tag, &numbers(values))
}

/// A repeated field, packed or not.
///
/// # Errors
/// Bytes that are no numbers.
pub fn merge_all<T: Enumeration>(
    values: &mut Vec<T>,
    wire: WireType,
    buf: &mut impl Buf,
    ctx: DecodeContext,
) -> Result<(), DecodeError> {
    let mut numbers = Vec::new();
    int32::merge_repeated(wire, &mut numbers, buf, ctx)?;
    values.extend(numbers.into_iter().filter_map(T::of_number));
    Ok(())
}

fn numbers(values: &[impl Enumeration]) -> Vec<i32> {
    values.iter().map(Enumeration::number).collect()
}
