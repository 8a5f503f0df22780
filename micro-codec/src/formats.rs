use micro_core::Formats;

/// All formats that are compiled in, best known first: JSON, protobuf, MessagePack, raw bytes.
///
/// ```
/// let formats = micro_codec::formats();
/// assert_eq!(formats.find("application/json; charset=utf-8"), Some(micro_codec::JSON));
/// assert_eq!(formats.find("text/csv"), None);
/// ```
#[must_use]
pub fn formats() -> Formats {
    let formats = Formats::new();
    #[cfg(feature = "json")]
    let formats = formats.with(crate::JSON);
    #[cfg(feature = "protobuf")]
    let formats = formats.with(crate::PROTOBUF);
    #[cfg(feature = "msgpack")]
    let formats = formats.with(crate::MSGPACK);
    formats.with(crate::RAW)
}
