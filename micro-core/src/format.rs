//! The content types that a process speaks: [`Format`] and [`Formats`].

use std::fmt::{self, Debug, Display, Formatter};

use crate::codec::Codec;

/// A content type that this process speaks: a [`Codec`], as one copyable word.
///
/// The built-in ones are constants of `micro-codec`. A codec of your own becomes one by [`Format::foreign`].
#[derive(Clone, Copy)]
pub struct Format(&'static FormatKind);

/// What a [`Format`] points to.
#[derive(Debug)]
pub struct FormatKind {
    kind: Kind,
    codec: &'static dyn Codec,
}

/// How messages meet a format: each built-in one by code made for the message's type, every other by serde.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// JSON, by serde.
    Json,
    /// Protobuf, for messages whose fields have numbers.
    Protobuf,
    /// MessagePack, by serde, with field names.
    MsgPack,
    /// BSON, by serde.
    Bson,
    /// The bytes as they are.
    Raw,
    /// A codec that `micro` does not know.
    Foreign,
}

impl FormatKind {
    /// For the constants of `micro-codec`.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(kind: Kind, codec: &'static dyn Codec) -> Self {
        Self { kind, codec }
    }
}

impl Format {
    /// The format of a static description.
    #[doc(hidden)]
    #[must_use]
    pub const fn of(kind: &'static FormatKind) -> Self {
        Self(kind)
    }

    /// The format of a codec of your own. It lives as long as the process: make it once, at start.
    #[must_use]
    pub fn foreign(codec: impl Codec) -> Self {
        let codec: &'static dyn Codec = Box::leak(Box::new(codec));
        Self(Box::leak(Box::new(FormatKind { kind: Kind::Foreign, codec })))
    }

    /// How messages meet this format.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.0.kind
    }

    /// Its codec.
    #[must_use]
    pub fn codec(self) -> &'static dyn Codec {
        self.0.codec
    }

    /// Its short name: `json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.codec.name()
    }

    /// The content type that is sent for it: `application/json`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        self.0.codec.content_type()
    }

    /// Whether a content type, without its parameters and in any case, names this format.
    #[must_use]
    pub fn is(self, content_type: &str) -> bool {
        let essence = essence(content_type);
        let codec = self.0.codec;
        codec.content_type().eq_ignore_ascii_case(essence)
            || codec.aliases().iter().any(|alias| alias.eq_ignore_ascii_case(essence))
    }
}

/// A content type without its parameters: `application/json` of `application/json; charset=utf-8`.
fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// The formats that a service or a client speaks, in order of preference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formats(Vec<Format>);

impl Formats {
    /// No formats.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a format, unless one of the same content type is there: what came first wins.
    #[must_use]
    pub fn with(mut self, format: Format) -> Self {
        if self.find(format.content_type()).is_none() {
            self.0.push(format);
        }
        self
    }

    /// The format that a `Content-Type` names.
    #[must_use]
    pub fn find(&self, content_type: &str) -> Option<Format> {
        self.0.iter().copied().find(|format| format.is(content_type))
    }

    /// The format with a short name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Format> {
        self.0.iter().copied().find(|format| format.name() == name)
    }

    /// The first one.
    #[must_use]
    pub fn preferred(&self) -> Option<Format> {
        self.0.first().copied()
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Format> + '_ {
        self.0.iter().copied()
    }

    /// Their content types.
    pub fn content_types(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.iter().map(Format::content_type)
    }
}

impl FromIterator<Format> for Formats {
    fn from_iter<I: IntoIterator<Item = Format>>(formats: I) -> Self {
        formats.into_iter().fold(Self::new(), Self::with)
    }
}

// === impl Format ===

/// Equal when they are the same object or name the same content type.
impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0) || self.content_type() == other.content_type()
    }
}

impl Eq for Format {}

impl Debug for Format {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Format({})", self.name())
    }
}

impl Display for Format {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.content_type())
    }
}
