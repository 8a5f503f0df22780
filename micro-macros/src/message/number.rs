//! `#[field(N)]`, `#[field(N, sint)]`, `#[field(N, fixed)]`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, LitInt, Token};

use crate::errors::Errors;

/// The number of a field or variant.
pub(super) struct Number {
    pub(super) value: i64,
    encoding: Encoding,
    /// What the user wrote, to point at.
    tokens: TokenStream,
}

#[derive(Clone, Copy, PartialEq)]
enum Encoding {
    Plain,
    Sint,
    Fixed,
}

/// A field or variant, with the number that it may have.
pub(super) struct Member {
    ident: Ident,
    /// What it is called in errors: "field `name`".
    name: String,
    /// `Err` when there is a number that is not right.
    number: Result<Option<Number>, ()>,
}

/// What numbers a place may have.
pub(super) enum Range {
    /// Those of fields.
    Field,
    /// Those of the variants of an enum without data.
    Enumeration,
}

const FIELDS: RangeInclusive<i64> = 1..=536_870_911;
const RESERVED: RangeInclusive<i64> = 19_000..=19_999;
const HOW: &str = "write the number of the field in protobuf: `#[field(1)]`, and where the encoding matters `#[field(1, sint)]` or `#[field(1, fixed)]`";

impl Parse for Number {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let minus: Option<Token![-]> = input.parse()?;
        let digits: LitInt = input.parse().map_err(|error| syn::Error::new(error.span(), HOW))?;
        let value: i64 = digits.base10_parse()?;
        let mut encoding = Encoding::Plain;
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            let word: Ident = input.parse().map_err(|error| syn::Error::new(error.span(), HOW))?;
            encoding = match word.to_string().as_str() {
                "sint" => Encoding::Sint,
                "fixed" => Encoding::Fixed,
                _ => return Err(syn::Error::new(word.span(), HOW)),
            };
        }
        if !input.is_empty() {
            return Err(input.error(HOW));
        }
        let tokens = quote!(#minus #digits);
        Ok(Self { value: if minus.is_some() { -value } else { value }, encoding, tokens })
    }
}

impl Number {
    /// Takes the number out of the attributes. `Err` when there is one that is not right, which has been told then.
    pub(super) fn take(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Result<Option<Self>, ()> {
        let mut found = None;
        let mut wrong = false;
        for attribute in attributes.extract_if(.., |attribute| attribute.path().is_ident("field")) {
            if found.is_some() {
                errors.at(&attribute, "a second number: a field has one");
                wrong = true;
                continue;
            }
            let list = attribute.meta.require_list().map_err(|_| syn::Error::new_spanned(&attribute, HOW));
            let number = list.and_then(|list| match list.tokens.is_empty() {
                true => Err(syn::Error::new_spanned(&attribute, HOW)),
                false => attribute.parse_args(),
            });
            found = errors.take(number);
            wrong |= found.is_none();
        }
        if wrong { Err(()) } else { Ok(found) }
    }

    /// The marker type of the encoding.
    pub(super) fn encoding(&self, private: &TokenStream) -> TokenStream {
        match self.encoding {
            Encoding::Plain => quote!(#private::proto::Plain),
            Encoding::Sint => quote!(#private::proto::Sint),
            Encoding::Fixed => quote!(#private::proto::Fixed),
        }
    }

    /// The number as a tag.
    pub(super) fn tag(&self) -> u32 {
        // In range: others were told of, and nothing is made of them.
        u32::try_from(self.value).unwrap_or(0)
    }
}

impl Range {
    fn check(&self, number: &Number, errors: &mut Errors) {
        let value = number.value;
        match self {
            Self::Field if RESERVED.contains(&value) => errors
                .at(number, format!("number {value} is not free: protobuf keeps 19000 to 19999 for itself")),
            Self::Field if !FIELDS.contains(&value) => {
                errors.at(number, format!("number {value} is out of range: fields have 1 to 536870911"));
            }
            Self::Enumeration if i32::try_from(value).is_err() => {
                errors.at(number, format!("number {value} is out of range: variants have 32 bits"));
            }
            Self::Enumeration if number.encoding != Encoding::Plain => {
                errors.at(number, "a variant of an enum without data has a number and no encoding");
            }
            _ => {}
        }
    }
}

impl Member {
    /// Takes the number of a field or variant out of its attributes.
    pub(super) fn take(
        what: &str,
        ident: &Ident,
        attributes: &mut Vec<Attribute>,
        errors: &mut Errors,
    ) -> Self {
        let number = Number::take(attributes, errors);
        Self { ident: ident.clone(), name: format!("{what} `{ident}`"), number }
    }

    pub(super) fn is_numbered(&self) -> bool {
        !matches!(self.number, Ok(None))
    }
}

/// Checks the numbers of a type against each other. `None` when there are none, or when something is wrong.
pub(super) fn all_or_none<'a>(
    members: &'a [Member],
    range: &Range,
    errors: &mut Errors,
) -> Option<Vec<&'a Number>> {
    let mut seen = BTreeMap::new();
    let mut numbers = Vec::new();
    let any = members.iter().any(Member::is_numbered);
    for Member { ident, name, number } in members {
        match number {
            Ok(Some(number)) => {
                range.check(number, errors);
                if let Some(first) = seen.insert(number.value, name) {
                    errors.at(
                        number,
                        format!("number {} is taken by {first}: give {name} another one", number.value),
                    );
                }
                numbers.push(number);
            }
            Ok(None) if any => errors.at(
                ident,
                format!(
                    "{name} has no number: put `#[field(N)]` on all of them, or on none for messages without protobuf"
                ),
            ),
            Ok(None) | Err(()) => {}
        }
    }
    // A type without any fields is the empty message.
    (errors.is_empty() && (any || members.is_empty())).then_some(numbers)
}

impl ToTokens for Number {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}
