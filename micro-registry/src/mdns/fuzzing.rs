//! What the fuzz targets call: that which reads bytes, without a network. No part of the interface.

use super::txt::{self, Said};

/// The keys and values of a TXT record.
pub type Properties = Vec<(String, Vec<u8>)>;

/// What a node says in a TXT record, as text, and the record that we would write of it, where it has room for it.
///
/// # Errors
/// Why it is no record of ours.
pub fn txt(properties: &[(&str, &[u8])]) -> Result<(String, Option<Properties>), String> {
    let said = txt::read(properties)?;
    let written = match &said {
        Said::Here(announcement) => txt::write(announcement).ok(),
        Said::Gone(_) => None,
    };
    Ok((format!("{said:?}"), written))
}
