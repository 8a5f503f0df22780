use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;

use super::KeyRef;
use super::pairs::{self, Found};
use crate::{Error, Result};

/// The name of a metadata entry: lower case, of the characters that an HTTP header name may have.
///
/// A name that ends in `-bin` holds bytes, every other one text. Names that `micro` itself reads are constants of
/// this module's parent: comparing those compares a number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// An index of [`KNOWN`].
    Known(u8),
    /// Nearly every other name: it is made and cloned without an allocation.
    Short(Short),
    /// A name that is longer.
    Long(Arc<str>),
}

/// The letters of a short name, and zeros behind them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Short {
    length: u8,
    letters: [u8; SHORT],
}

/// The longest name that is short: a key is three words then.
const SHORT: usize = 22;

/// Declares the well-known keys. Their order is their number, and the numbers are a wire format (see [`Key::number`]):
/// new ones go to the end, and none is ever taken out.
macro_rules! known {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// The names with a number of their own.
        pub mod key {
            use super::{Key, Repr};
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            enum Number { $($name,)* }
            $($(#[$doc])* pub const $name: Key = Key(Repr::Known(Number::$name as u8));)*
        }
        const KNOWN: &[&str] = &[$($text,)*];
    };
}

known! {
    /// Credentials of the caller: `Bearer ...`.
    AUTHORIZATION = "authorization";
    /// W3C trace context: the trace and the caller's span.
    TRACEPARENT = "traceparent";
    /// W3C trace context: what vendors add.
    TRACESTATE = "tracestate";
    /// W3C baggage: pairs that follow a trace through all services.
    BAGGAGE = "baggage";
    /// go-micro: the number of a request, or the id of a message.
    MICRO_ID = "micro-id";
    /// go-micro: the name of the service that calls.
    MICRO_FROM_SERVICE = "micro-from-service";
    /// go-micro: the namespace of the platform that a call belongs to.
    MICRO_NAMESPACE = "micro-namespace";
    /// go-micro: the topic of a message.
    MICRO_TOPIC = "micro-topic";
    /// Who calls, as text that programs write for people.
    USER_AGENT = "user-agent";
    /// Which of several attempts of one call this is, from 1.
    MICRO_ATTEMPT = "micro-attempt";
}

impl Key {
    /// The longest name, in bytes.
    pub const MAX: usize = 256;

    /// The key of a name, whatever its case.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) for a name that is empty, longer than [`Key::MAX`], or
    /// has a character that no HTTP header name may have.
    pub fn new(name: &str) -> Result<Self> {
        if let Some(number) = KNOWN.iter().position(|known| known.eq_ignore_ascii_case(name)) {
            // There are fewer than 256 known names.
            return Ok(Self(Repr::Known(number as u8)));
        }
        if name.is_empty() || name.len() > Self::MAX || !name.bytes().all(is_token) {
            return Err(Error::invalid_argument(format!(
                "`{}` is no metadata key: 1 to {} letters, digits and !#$%&'*+-.^_`|~",
                name.escape_debug().take(64).collect::<String>(),
                Self::MAX
            )));
        }
        if name.len() > SHORT {
            return Ok(Self(Repr::Long(name.to_ascii_lowercase().into())));
        }
        let mut short = Short::new(name.as_bytes());
        short.letters.make_ascii_lowercase();
        Ok(Self(Repr::Short(short)))
    }

    /// The key of a name that is written in the program, for a constant: what is read or sent with many calls is looked
    /// up and checked once, when it is compiled.
    ///
    /// ```
    /// use micro_core::{Key, Metadata};
    ///
    /// const TENANT: Key = Key::from_static("x-tenant");
    ///
    /// let mut metadata = Metadata::new();
    /// metadata.insert(TENANT, "acme")?;
    /// assert_eq!(metadata.get(TENANT), Some("acme"));
    /// # Ok::<(), micro_core::Error>(())
    /// ```
    ///
    /// # Panics
    /// When it is compiled, for what is no key, is not in lower case, or is longer than 22 letters: that takes
    /// [`Key::new`].
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        let name = name.as_bytes();
        assert!(!name.is_empty() && name.len() <= SHORT, "a constant key has 1 to 22 letters");
        let mut index = 0;
        while index < name.len() {
            assert!(
                is_token(name[index]) && !name[index].is_ascii_uppercase(),
                "no metadata key in lower case"
            );
            index += 1;
        }
        let mut number = 0;
        while number < KNOWN.len() {
            if same(KNOWN[number].as_bytes(), name) {
                return Self(Repr::Known(number as u8));
            }
            number += 1;
        }
        Self(Repr::Short(Short::new(name)))
    }

    /// The number of a well-known key, from 1, in the order in which the constants of [`key`] are declared. Transports
    /// send it in place of the name: it stays as it is for ever.
    #[must_use]
    pub const fn number(&self) -> Option<u8> {
        match self.0 {
            Repr::Known(index) => Some(index + 1),
            Repr::Short(_) | Repr::Long(_) => None,
        }
    }

    /// The well-known key of a number.
    #[must_use]
    pub const fn of_number(number: u8) -> Option<Self> {
        match number.checked_sub(1) {
            Some(index) if (index as usize) < KNOWN.len() => Some(Self(Repr::Known(index))),
            _ => None,
        }
    }

    /// The name of the well-known key of a number.
    pub(super) fn known(number: u8) -> Option<&'static str> {
        KNOWN.get(usize::from(number.checked_sub(1)?)).copied()
    }

    /// The name, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Known(number) => KNOWN[usize::from(*number)],
            // All letters of a key are ASCII.
            Repr::Short(short) => std::str::from_utf8(short.as_bytes()).unwrap_or_default(),
            Repr::Long(name) => name,
        }
    }

    /// The bytes of the name, which is quicker than its text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Known(number) => KNOWN[usize::from(*number)].as_bytes(),
            Repr::Short(short) => short.as_bytes(),
            Repr::Long(name) => name.as_bytes(),
        }
    }

    /// Whether the values of this key are bytes rather than text.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        match &self.0 {
            // All of them are texts.
            Repr::Known(_) => false,
            Repr::Short(short) => short.as_bytes().ends_with(b"-bin"),
            Repr::Long(name) => name.ends_with("-bin"),
        }
    }
}

impl Short {
    /// The name of these letters, of which there are not too many.
    const fn new(name: &[u8]) -> Self {
        let mut letters = [0; SHORT];
        let (room, _) = letters.split_at_mut(name.len());
        room.copy_from_slice(name);
        Self { length: name.len() as u8, letters }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.letters[..usize::from(self.length)]
    }
}

/// Equality, where it has to be constant.
const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

/// The characters of a `token` of RFC 9110, section 5.6.2.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

impl Debug for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.as_str(), f)
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can name a metadata entry: a [`Key`], or its name in any case.
pub trait AsKey: sealed::Sealed {
    #[doc(hidden)]
    fn names(&self, key: KeyRef<'_>) -> bool;
    #[doc(hidden)]
    fn is(&self, key: &Key) -> bool {
        self.names(key.into())
    }
    #[doc(hidden)]
    fn to_key(&self) -> Result<Key>;
    /// The first entry of it in a block.
    #[doc(hidden)]
    fn find<'a>(&self, bytes: &'a [u8]) -> Option<Found<'a>> {
        pairs::find(bytes, |key| self.names(key))
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Key {}
    impl Sealed for super::KeyRef<'_> {}
    impl Sealed for str {}
    impl Sealed for String {}
    impl<T: Sealed + ?Sized> Sealed for &T {}
}

impl AsKey for Key {
    #[inline]
    fn names(&self, key: KeyRef<'_>) -> bool {
        KeyRef::from(self) == key
    }
    #[inline]
    fn is(&self, key: &Key) -> bool {
        self == key
    }
    fn to_key(&self) -> Result<Key> {
        Ok(self.clone())
    }
    fn find<'a>(&self, bytes: &'a [u8]) -> Option<Found<'a>> {
        KeyRef::from(self).find(bytes)
    }
}

impl AsKey for str {
    fn names(&self, key: KeyRef<'_>) -> bool {
        key.as_bytes().eq_ignore_ascii_case(self.as_bytes())
    }
    fn to_key(&self) -> Result<Key> {
        Key::new(self)
    }
}

impl AsKey for String {
    fn names(&self, key: KeyRef<'_>) -> bool {
        self.as_str().names(key)
    }
    fn to_key(&self) -> Result<Key> {
        Key::new(self)
    }
}

impl<T: AsKey + ?Sized> AsKey for &T {
    #[inline]
    fn names(&self, key: KeyRef<'_>) -> bool {
        (**self).names(key)
    }
    #[inline]
    fn is(&self, key: &Key) -> bool {
        (**self).is(key)
    }
    fn to_key(&self) -> Result<Key> {
        (**self).to_key()
    }
    #[inline]
    fn find<'a>(&self, bytes: &'a [u8]) -> Option<Found<'a>> {
        (**self).find(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_names_are_numbers() {
        assert_eq!(Key::new("TraceParent").unwrap(), key::TRACEPARENT);
        assert_eq!(key::MICRO_ATTEMPT.as_str(), "micro-attempt");
        assert!(KNOWN.len() < 255 && KNOWN.iter().all(|name| name.bytes().all(is_token)));
        assert!(!KNOWN.iter().any(|name| name.ends_with("-bin")));
    }

    #[test]
    fn numbers_are_a_wire_format() {
        let numbered: Vec<_> = (1..).map_while(Key::of_number).map(|key| key.as_str().to_owned()).collect();
        let first = [
            "authorization",
            "traceparent",
            "tracestate",
            "baggage",
            "micro-id",
            "micro-from-service",
            "micro-namespace",
            "micro-topic",
            "user-agent",
            "micro-attempt",
        ];
        assert_eq!(numbered[..first.len()], first);
        assert_eq!(Key::of_number(2), Some(key::TRACEPARENT));
        assert_eq!(key::TRACEPARENT.number(), Some(2));
        assert_eq!(Key::new("tenant").unwrap().number(), None);
        assert_eq!((Key::of_number(0), Key::of_number(255)), (None, None));
    }

    #[test]
    fn bad_names_are_refused() {
        for bad in ["", "a b", "a:b", "a\r\nb", "ä", "a(b", "a/b", &"x".repeat(257)] {
            assert!(Key::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Key::new("X-Tenant").unwrap().as_str(), "x-tenant");
    }

    #[test]
    fn a_key_is_the_same_however_it_is_made() {
        const TENANT: Key = Key::from_static("x-tenant");
        assert_eq!((Key::new("X-Tenant").unwrap(), TENANT.as_bytes()), (TENANT, &b"x-tenant"[..]));
        assert_eq!(const { Key::from_static("traceparent") }, key::TRACEPARENT);
        assert_eq!(size_of::<Key>(), 24);
        for length in [SHORT, SHORT + 1, Key::MAX] {
            let name = format!("{}-bin", "X".repeat(length - 4));
            let key = Key::new(&name).unwrap();
            assert_eq!((key.as_str(), key.is_binary()), (&*name.to_lowercase(), true));
            assert_eq!(key, Key::new(&name.to_lowercase()).unwrap());
            let there = KeyRef::from(&key);
            assert_eq!((there.as_str(), there.is_binary()), (key.as_str(), true));
            assert!(name.as_str().names(there) && key.names(there) && there.names(there));
            assert!(!TENANT.names(there) && there == key && there.to_key().unwrap() == key);
        }
    }
}
