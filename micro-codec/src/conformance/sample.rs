//! Messages of every kind of field. They are written out where users have `#[message]`.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use micro_core::{Format, Message, Result, Schema};
use serde::{Deserialize, Serialize};

use crate::message;

/// A message with a field of every kind that formats treat differently.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// Text.
    pub text: String,
    /// A flag.
    pub flag: bool,
    /// A signed number.
    pub signed: i64,
    /// A number.
    pub unsigned: u64,
    /// A fraction.
    pub fraction: f64,
    /// What may be absent.
    pub optional: Option<String>,
    /// Several.
    pub list: Vec<u32>,
    /// By name.
    pub map: BTreeMap<String, i64>,
    /// Messages within.
    pub nested: Vec<Sample>,
    /// One of several kinds.
    pub variant: Option<Variant>,
}

/// One of several kinds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Variant {
    /// Nothing.
    Nothing,
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

/// What a sender has who knows a field that [`Older`] has not.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Newer {
    /// Before the unknown fields.
    pub first: String,
    /// Not known to `Older`.
    pub added: Sample,
    /// Not known to `Older`.
    pub number: u64,
    /// After the unknown fields.
    pub last: u32,
}

/// What a reader has who does not know all of [`Newer`].
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Older {
    /// Before the unknown fields.
    pub first: String,
    /// After the unknown fields.
    pub last: u32,
}

impl Sample {
    /// The samples: empty, ordinary, and at the ends of what the types hold.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let ordinary = Self {
            text: "Jane \u{1f980} \"quoted\" \\ <&> \n\u{0}".to_owned(),
            flag: true,
            signed: -1,
            unsigned: 300,
            fraction: 0.1,
            optional: Some(String::new()),
            list: vec![0, 1, 127, 128, u32::MAX],
            map: [("", 0), ("a", -1), ("b c", i64::MAX)].map(|(key, value)| (key.to_owned(), value)).into(),
            nested: vec![Self::default(), Self { text: "inner".to_owned(), ..Self::default() }],
            variant: Some(Variant::Text("x".to_owned())),
        };
        let extreme = Self {
            text: "x".repeat(70_000),
            signed: i64::MIN,
            unsigned: u64::MAX,
            fraction: f64::MIN_POSITIVE,
            list: (0..1_000).collect(),
            variant: Some(Variant::Number(u64::MAX)),
            ..Self::default()
        };
        let nothing = Self { variant: Some(Variant::Nothing), fraction: f64::MAX, ..Self::default() };
        let deep = (0..20).fold(Self::default(), |inner, _| Self { nested: vec![inner], ..Self::default() });
        vec![Self::default(), ordinary, extreme, nothing, deep]
    }
}

macro_rules! messages {
    ($($type:ty),*) => {$(
        impl Message for $type {
            fn schema() -> &'static Schema {
                message::unknown_schema::<Self>()
            }

            fn speaks(format: Format) -> bool {
                message::all_speaks(format)
            }

            fn encode(&self, format: Format, out: &mut BytesMut) -> Result<()> {
                message::encode_all(self, format, out)
            }

            fn decode(format: Format, bytes: Bytes) -> Result<Self> {
                message::decode_all(format, bytes)
            }
        }
    )*};
}

messages!(Sample, Newer, Older);

#[cfg(feature = "protobuf")]
mod numbered {
    use crate::Absent;
    use crate::proto::{
        Buf, BufMut, DecodeContext, DecodeError, Field, Item, Numbered, Plain, WireType, skip_field,
    };

    use super::{Newer, Older, Sample, Variant};

    /// A message by the numbers of its fields.
    macro_rules! numbered {
        ($type:ty { $($field:ident = $tag:literal),* }) => {
            impl Absent for $type {
                fn absent() -> Self {
                    Self::default()
                }
            }

            impl Numbered for $type {
                fn encode_raw(&self, buf: &mut impl BufMut) {
                    $(Field::<Plain>::encode(&self.$field, $tag, buf);)*
                }

                fn encoded_len(&self) -> usize {
                    0 $(+ Field::<Plain>::encoded_len(&self.$field, $tag))*
                }

                fn merge_field(
                    into: &mut Option<Self>,
                    tag: u32,
                    wire: WireType,
                    buf: &mut impl Buf,
                    ctx: DecodeContext,
                ) -> Result<(), DecodeError> {
                    let message = into.get_or_insert_default();
                    match tag {
                        $($tag => Field::<Plain>::merge(&mut message.$field, wire, buf, ctx),)*
                        _ => skip_field(wire, tag, buf, ctx),
                    }
                }

                fn absent() -> Option<Self> {
                    Some(Self::default())
                }
            }

            crate::__numbered!([] $type []);
            crate::__numbered_field!([] $type []);
        };
    }

    numbered!(Sample {
        text = 1, flag = 2, signed = 3, unsigned = 4, fraction = 5, optional = 6, list = 7, map = 8, nested = 9,
        variant = 10
    });
    numbered!(Newer { first = 1, added = 2, number = 3, last = 4 });
    numbered!(Older { first = 1, last = 4 });

    impl Numbered for Variant {
        fn encode_raw(&self, buf: &mut impl BufMut) {
            match self {
                Self::Nothing => Item::<Plain>::encode(&(), 1, buf),
                Self::Number(number) => Item::<Plain>::encode(number, 2, buf),
                Self::Text(text) => Item::<Plain>::encode(text, 3, buf),
            }
        }

        fn encoded_len(&self) -> usize {
            match self {
                Self::Nothing => Item::<Plain>::encoded_len(&(), 1),
                Self::Number(number) => Item::<Plain>::encoded_len(number, 2),
                Self::Text(text) => Item::<Plain>::encoded_len(text, 3),
            }
        }

        fn merge_field(
            into: &mut Option<Self>,
            tag: u32,
            wire: WireType,
            buf: &mut impl Buf,
            ctx: DecodeContext,
        ) -> Result<(), DecodeError> {
            let (mut nothing, mut number, mut text) = (None::<()>, None::<u64>, None::<String>);
            match tag {
                1 => Item::<Plain>::merge(&mut nothing, wire, buf, ctx)?,
                2 => Item::<Plain>::merge(&mut number, wire, buf, ctx)?,
                3 => Item::<Plain>::merge(&mut text, wire, buf, ctx)?,
                _ => skip_field(wire, tag, buf, ctx)?,
            }
            let read = nothing.map(|()| Self::Nothing);
            let read = read.or(number.map(Self::Number)).or(text.map(Self::Text));
            if read.is_some() {
                *into = read;
            }
            Ok(())
        }

        fn absent() -> Option<Self> {
            None
        }
    }

    crate::__numbered!([] Variant []);
}
