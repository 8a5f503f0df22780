//! What `#[message]` writes in protobuf is what prost writes for the same definition, byte for byte, and each reads the
//! other.

use std::collections::BTreeMap;

use micro_codec::PROTOBUF;
use micro_core::Message;
use micro_macros::message;

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
struct Ours {
    // Not in the order of the numbers: the bytes are.
    #[field(2000)]
    last: String,
    #[field(1)]
    flag: bool,
    #[field(2)]
    int32: i32,
    #[field(3)]
    int64: i64,
    #[field(4)]
    uint32: u32,
    #[field(5)]
    uint64: u64,
    #[field(6, sint)]
    sint32: i32,
    #[field(7, sint)]
    sint64: i64,
    #[field(8, fixed)]
    fixed32: u32,
    #[field(9, fixed)]
    fixed64: u64,
    #[field(10, fixed)]
    sfixed32: i32,
    #[field(11, fixed)]
    sfixed64: i64,
    #[field(12)]
    float: f32,
    #[field(13)]
    double: f64,
    #[field(14)]
    text: String,
    #[field(15)]
    blob: Vec<u8>,
    #[field(16)]
    inner: Inner,
    #[field(17)]
    maybe_inner: Option<Inner>,
    #[field(18)]
    maybe_text: Option<String>,
    #[field(19, sint)]
    maybe_sint: Option<i64>,
    #[field(20)]
    flags: Vec<bool>,
    #[field(21)]
    ints: Vec<i64>,
    #[field(22, sint)]
    sints: Vec<i32>,
    #[field(23, fixed)]
    fixeds: Vec<u64>,
    #[field(24)]
    doubles: Vec<f64>,
    #[field(25)]
    texts: Vec<String>,
    #[field(26)]
    blobs: Vec<Vec<u8>>,
    #[field(27)]
    inners: Vec<Inner>,
    #[field(28)]
    by_name: BTreeMap<String, i64>,
    #[field(29)]
    by_number: BTreeMap<i32, Inner>,
    #[field(30)]
    by_flag: BTreeMap<bool, Vec<u8>>,
    #[field(31)]
    color: Color,
    #[field(32)]
    colors: Vec<Color>,
    #[field(33)]
    maybe_color: Option<Color>,
    #[field(34)]
    choice: Option<Choice>,
    #[field(35)]
    choices: Vec<Choice>,
    #[field(36)]
    boxed: Option<Box<Ours>>,
    #[field(37)]
    nothing: Option<()>,
    #[field(38)]
    by_color: BTreeMap<u64, Color>,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
struct Inner {
    #[field(1)]
    text: String,
    #[field(2)]
    number: u64,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Copy, Debug, PartialEq)]
enum Color {
    #[field(5)]
    Blue,
    #[field(0)]
    Red,
    #[field(-1)]
    Infrared,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
enum Choice {
    #[field(3)]
    Nothing,
    #[field(1)]
    Text(String),
    #[field(2, sint)]
    Number(i64),
    #[field(100)]
    Inner(Inner),
}

/// As `prost-build` writes them for the same definitions.
mod theirs {
    use std::collections::BTreeMap;

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Theirs {
        #[prost(bool, tag = "1")]
        pub(super) flag: bool,
        #[prost(int32, tag = "2")]
        pub(super) int32: i32,
        #[prost(int64, tag = "3")]
        pub(super) int64: i64,
        #[prost(uint32, tag = "4")]
        pub(super) uint32: u32,
        #[prost(uint64, tag = "5")]
        pub(super) uint64: u64,
        #[prost(sint32, tag = "6")]
        pub(super) sint32: i32,
        #[prost(sint64, tag = "7")]
        pub(super) sint64: i64,
        #[prost(fixed32, tag = "8")]
        pub(super) fixed32: u32,
        #[prost(fixed64, tag = "9")]
        pub(super) fixed64: u64,
        #[prost(sfixed32, tag = "10")]
        pub(super) sfixed32: i32,
        #[prost(sfixed64, tag = "11")]
        pub(super) sfixed64: i64,
        #[prost(float, tag = "12")]
        pub(super) float: f32,
        #[prost(double, tag = "13")]
        pub(super) double: f64,
        #[prost(string, tag = "14")]
        pub(super) text: String,
        #[prost(bytes = "vec", tag = "15")]
        pub(super) blob: Vec<u8>,
        #[prost(message, required, tag = "16")]
        pub(super) inner: Inner,
        #[prost(message, optional, tag = "17")]
        pub(super) maybe_inner: Option<Inner>,
        #[prost(string, optional, tag = "18")]
        pub(super) maybe_text: Option<String>,
        #[prost(sint64, optional, tag = "19")]
        pub(super) maybe_sint: Option<i64>,
        #[prost(bool, repeated, tag = "20")]
        pub(super) flags: Vec<bool>,
        #[prost(int64, repeated, tag = "21")]
        pub(super) ints: Vec<i64>,
        #[prost(sint32, repeated, tag = "22")]
        pub(super) sints: Vec<i32>,
        #[prost(fixed64, repeated, tag = "23")]
        pub(super) fixeds: Vec<u64>,
        #[prost(double, repeated, tag = "24")]
        pub(super) doubles: Vec<f64>,
        #[prost(string, repeated, tag = "25")]
        pub(super) texts: Vec<String>,
        #[prost(bytes = "vec", repeated, tag = "26")]
        pub(super) blobs: Vec<Vec<u8>>,
        #[prost(message, repeated, tag = "27")]
        pub(super) inners: Vec<Inner>,
        #[prost(btree_map = "string, int64", tag = "28")]
        pub(super) by_name: BTreeMap<String, i64>,
        #[prost(btree_map = "int32, message", tag = "29")]
        pub(super) by_number: BTreeMap<i32, Inner>,
        #[prost(btree_map = "bool, bytes", tag = "30")]
        pub(super) by_flag: BTreeMap<bool, Vec<u8>>,
        #[prost(enumeration = "Color", tag = "31")]
        pub(super) color: i32,
        #[prost(enumeration = "Color", repeated, tag = "32")]
        pub(super) colors: Vec<i32>,
        #[prost(enumeration = "Color", optional, tag = "33")]
        pub(super) maybe_color: Option<i32>,
        #[prost(message, optional, tag = "34")]
        pub(super) choice: Option<Choice>,
        #[prost(message, repeated, tag = "35")]
        pub(super) choices: Vec<Choice>,
        #[prost(message, optional, boxed, tag = "36")]
        pub(super) boxed: Option<Box<Theirs>>,
        #[prost(message, optional, tag = "37")]
        pub(super) nothing: Option<()>,
        #[prost(btree_map = "uint64, enumeration(Color)", tag = "38")]
        pub(super) by_color: BTreeMap<u64, i32>,
        #[prost(string, tag = "2000")]
        pub(super) last: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Inner {
        #[prost(string, tag = "1")]
        pub(super) text: String,
        #[prost(uint64, tag = "2")]
        pub(super) number: u64,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
    #[repr(i32)]
    pub(super) enum Color {
        Red = 0,
        Blue = 5,
        Infrared = -1,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Choice {
        #[prost(oneof = "Kind", tags = "1, 2, 3, 100")]
        pub(super) kind: Option<Kind>,
    }

    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(super) enum Kind {
        #[prost(string, tag = "1")]
        Text(String),
        #[prost(sint64, tag = "2")]
        Number(i64),
        #[prost(message, tag = "3")]
        Nothing(()),
        #[prost(message, tag = "100")]
        Inner(Inner),
    }
}

/// Random values, of which many are the default and the ends of their types.
struct Random(fastrand::Rng);

impl Random {
    fn bits(&mut self) -> u64 {
        let bits = self.0.u64(..);
        match self.0.u8(..6) {
            0 | 1 => 0,
            2 => u64::MAX,
            3 => bits >> 57,
            4 => i64::MAX as u64,
            _ => bits,
        }
    }

    /// Zero or not, and neither `-0.0`, which prost takes for zero, nor what is not equal to itself.
    fn float(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * 0.3
    }

    fn text(&mut self) -> String {
        let length = [0, 0, 3, 127, 128, 300][self.0.usize(..6)];
        (0..length).map(|_| self.0.char('a'..='\u{ff}')).collect()
    }

    fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.0.bool().then(|| make(self))
    }

    fn several<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.0.usize(..4)).map(|_| make(self)).collect()
    }

    fn map<K: Ord, V>(
        &mut self,
        mut key: impl FnMut(&mut Self) -> K,
        mut value: impl FnMut(&mut Self) -> V,
    ) -> BTreeMap<K, V> {
        self.several(|random| (key(random), value(random))).into_iter().collect()
    }

    fn inner(&mut self) -> Inner {
        Inner { text: self.text(), number: self.bits() }
    }

    fn color(&mut self) -> Color {
        [Color::Red, Color::Red, Color::Blue, Color::Infrared][self.0.usize(..4)]
    }

    fn choice(&mut self) -> Choice {
        match self.0.u8(..4) {
            0 => Choice::Nothing,
            1 => Choice::Text(self.text()),
            2 => Choice::Number(self.bits() as i64),
            _ => Choice::Inner(self.inner()),
        }
    }

    fn ours(&mut self, depth: u8) -> Ours {
        Ours {
            last: self.text(),
            flag: self.0.bool(),
            int32: self.bits() as i32,
            int64: self.bits() as i64,
            uint32: self.bits() as u32,
            uint64: self.bits(),
            sint32: self.bits() as i32,
            sint64: self.bits() as i64,
            fixed32: self.bits() as u32,
            fixed64: self.bits(),
            sfixed32: self.bits() as i32,
            sfixed64: self.bits() as i64,
            float: self.float() as f32,
            double: self.float(),
            text: self.text(),
            blob: self.text().into_bytes(),
            inner: self.inner(),
            maybe_inner: self.some(Self::inner),
            maybe_text: self.some(Self::text),
            maybe_sint: self.some(|random| random.bits() as i64),
            flags: self.several(|random| random.0.bool()),
            ints: self.several(|random| random.bits() as i64),
            sints: self.several(|random| random.bits() as i32),
            fixeds: self.several(Self::bits),
            doubles: self.several(Self::float),
            texts: self.several(Self::text),
            blobs: self.several(|random| random.text().into_bytes()),
            inners: self.several(Self::inner),
            by_name: self.map(Self::text, |random| random.bits() as i64),
            by_number: self.map(|random| random.bits() as i32, Self::inner),
            by_flag: self.map(|random| random.0.bool(), |random| random.text().into_bytes()),
            color: self.color(),
            colors: self.several(Self::color),
            maybe_color: self.some(Self::color),
            choice: self.some(Self::choice),
            choices: self.several(Self::choice),
            boxed: (depth > 0 && self.0.bool()).then(|| Box::new(self.ours(depth - 1))),
            nothing: self.some(|_| ()),
            by_color: self.map(Self::bits, Self::color),
        }
    }
}

// === the same, as prost has it ===

impl From<Inner> for theirs::Inner {
    fn from(Inner { text, number }: Inner) -> Self {
        Self { text, number }
    }
}

impl From<Color> for i32 {
    fn from(color: Color) -> Self {
        match color {
            Color::Red => theirs::Color::Red as Self,
            Color::Blue => theirs::Color::Blue as Self,
            Color::Infrared => theirs::Color::Infrared as Self,
        }
    }
}

impl From<Choice> for theirs::Choice {
    fn from(choice: Choice) -> Self {
        let kind = match choice {
            Choice::Nothing => theirs::Kind::Nothing(()),
            Choice::Text(text) => theirs::Kind::Text(text),
            Choice::Number(number) => theirs::Kind::Number(number),
            Choice::Inner(inner) => theirs::Kind::Inner(inner.into()),
        };
        Self { kind: Some(kind) }
    }
}

fn all<T, U: From<T>>(values: Vec<T>) -> Vec<U> {
    values.into_iter().map(U::from).collect()
}

impl From<Ours> for theirs::Theirs {
    fn from(ours: Ours) -> Self {
        Self {
            flag: ours.flag,
            int32: ours.int32,
            int64: ours.int64,
            uint32: ours.uint32,
            uint64: ours.uint64,
            sint32: ours.sint32,
            sint64: ours.sint64,
            fixed32: ours.fixed32,
            fixed64: ours.fixed64,
            sfixed32: ours.sfixed32,
            sfixed64: ours.sfixed64,
            float: ours.float,
            double: ours.double,
            text: ours.text,
            blob: ours.blob,
            inner: ours.inner.into(),
            maybe_inner: ours.maybe_inner.map(Into::into),
            maybe_text: ours.maybe_text,
            maybe_sint: ours.maybe_sint,
            flags: ours.flags,
            ints: ours.ints,
            sints: ours.sints,
            fixeds: ours.fixeds,
            doubles: ours.doubles,
            texts: ours.texts,
            blobs: ours.blobs,
            inners: all(ours.inners),
            by_name: ours.by_name,
            by_number: ours.by_number.into_iter().map(|(key, value)| (key, value.into())).collect(),
            by_flag: ours.by_flag,
            color: ours.color.into(),
            colors: all(ours.colors),
            maybe_color: ours.maybe_color.map(Into::into),
            choice: ours.choice.map(Into::into),
            choices: all(ours.choices),
            boxed: ours.boxed.map(|boxed| Box::new((*boxed).into())),
            nothing: ours.nothing,
            by_color: ours.by_color.into_iter().map(|(key, value)| (key, value.into())).collect(),
            last: ours.last,
        }
    }
}

#[test]
fn bytes_are_the_same_and_each_reads_the_other() {
    let mut random = Random(fastrand::Rng::with_seed(7));
    for round in 0..2_000 {
        let ours = random.ours(3);
        let theirs = theirs::Theirs::from(ours.clone());
        let bytes = ours.to_bytes(PROTOBUF).unwrap();
        let expected = prost::Message::encode_to_vec(&theirs);
        assert_eq!(bytes, expected, "round {round}: {ours:?}");
        assert_eq!(<theirs::Theirs as prost::Message>::decode(bytes).unwrap(), theirs);
        assert_eq!(Ours::decode(PROTOBUF, expected.into()).unwrap(), ours);
    }
}

#[test]
fn parts_of_a_message_are_merged() {
    let mut random = Random(fastrand::Rng::with_seed(11));
    for round in 0..500 {
        // Two messages, one behind the other, are one: fields are replaced, repeated ones joined, messages merged.
        let (first, second) = (random.ours(2), random.ours(2));
        let bytes = [first, second].map(|part| part.to_bytes(PROTOBUF).unwrap()).concat();
        let theirs = <theirs::Theirs as prost::Message>::decode(bytes.as_slice()).unwrap();
        let ours = Ours::decode(PROTOBUF, bytes.into()).unwrap();
        assert_eq!(theirs::Theirs::from(ours), theirs, "round {round}");
    }
}

#[test]
fn numbers_may_come_one_by_one() {
    // `repeated int64 ints = 21`, not packed: each with its own tag.
    let unpacked = [0xa8, 0x01, 1, 0xa8, 0x01, 2];
    assert_eq!(Ours::decode(PROTOBUF, unpacked.to_vec().into()).unwrap().ints, [1, 2]);
    let colors = [0x80, 0x02, 5, 0x80, 0x02, 0];
    assert_eq!(Ours::decode(PROTOBUF, colors.to_vec().into()).unwrap().colors, [Color::Blue, Color::Red]);
}

#[test]
fn variants_that_are_not_known_count_as_not_sent() {
    let theirs = theirs::Theirs {
        color: 77,
        maybe_color: Some(77),
        colors: vec![5, 77, 0],
        by_color: [(1, 77), (2, 5)].into(),
        choice: Some(theirs::Choice { kind: None }),
        choices: vec![theirs::Choice { kind: None }, theirs::Choice { kind: Some(theirs::Kind::Number(1)) }],
        ..theirs::Theirs::default()
    };
    let ours = Ours::decode(PROTOBUF, prost::Message::encode_to_vec(&theirs).into()).unwrap();
    assert_eq!((ours.color, ours.maybe_color), (Color::Red, None));
    assert_eq!(ours.colors, [Color::Blue, Color::Red]);
    assert_eq!(ours.by_color, [(2, Color::Blue)].into());
    assert_eq!((ours.choice, ours.choices), (None, vec![Choice::Number(1)]));
    let error = Choice::decode(PROTOBUF, Vec::new().into()).unwrap_err();
    assert_eq!(error.detail(), "protobuf: none of the variants of the message is set");
}
