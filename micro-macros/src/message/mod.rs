//! `#[message]`: what travels, of a struct or an enum.
//!
//! The type gets the derives of serde and schemars, attributes that make its readers [tolerant], and an implementation
//! of `Message`. With numbers on its fields it also becomes a message of [protobuf](numbered); a type of [prost]
//! is one already. All that is emitted is named by `::micro::private`, and nothing of it is logic.
//!
//! [prost]: foreign

mod aliases;
mod arguments;
mod attributes;
mod enums;
mod foreign;
mod number;
mod numbered;
mod rename;
mod tolerant;

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{Data, DeriveInput, Fields, parse_quote};

use self::attributes::{Serde, derived};
use crate::errors::Errors;

/// In which formats a message travels.
#[derive(Clone, Copy, PartialEq)]
enum Speaks {
    /// In those of serde.
    Serde,
    /// In all.
    All,
    /// In protobuf.
    Proto,
}

pub(crate) fn expand(arguments: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let private = arguments::private(arguments, &mut errors);
    let Ok(mut item) = syn::parse2::<DeriveInput>(tokens.clone()) else {
        errors.at(&tokens, "`#[message]` goes on a struct or an enum: the type of what travels");
        return errors.finish(tokens, TokenStream::new());
    };
    if foreign::is(&item) {
        return foreign::expand(item, &private, errors);
    }
    check(&item, &mut errors);
    let protobuf = match &mut item.data {
        Data::Struct(_) => numbered::of_struct(&mut item, &private, &mut errors),
        Data::Enum(_) => enums::expand(&mut item, &private, &mut errors),
        Data::Union(_) => None,
    };
    let speaks = if protobuf.as_ref().is_some_and(|protobuf| protobuf.is_message) {
        Speaks::All
    } else {
        Speaks::Serde
    };
    if matches!(item.data, Data::Union(_)) || item.generics.lifetimes().next().is_some() {
        return errors.finish(item, TokenStream::new());
    }
    let mut generated = message(&item, speaks, &private, true);
    generated.extend(protobuf.map(|protobuf| protobuf.tokens));
    tolerant::add(&mut item, speaks == Speaks::All, &private);
    derive(&mut item, speaks, &private);
    errors.finish(item, generated)
}

/// Tells of types that no format can hold.
fn check(item: &DeriveInput, errors: &mut Errors) {
    for lifetime in item.generics.lifetimes() {
        errors.at(
            lifetime,
            "a message owns its data, as it outlives the bytes it was read from: write `String` for `&str` and `Vec<T>` for `&[T]`",
        );
    }
    let name = &item.ident;
    match &item.data {
        Data::Union(data) => {
            errors.at(data.union_token, "nobody could tell what is in a `union`: write an `enum`");
        }
        Data::Enum(data) if data.variants.is_empty() => {
            errors.at(name, format!("`{name}` has no variants, so no message could be made: give it one"));
        }
        Data::Struct(data) if matches!(data.fields, Fields::Unit) => {
            errors.at(
                name,
                format!(
                    "write `struct {name} {{}}`, which is `{{}}` in JSON: a struct without braces is `null`"
                ),
            );
        }
        _ => {}
    }
}

/// Adds the derives that the user has not, and tells them where their crates are.
fn derive(item: &mut DeriveInput, speaks: Speaks, private: &TokenStream) {
    let known = derived(&item.attrs);
    let missing = |name: &str| !known.contains(name);
    let mut derives = Vec::new();
    if missing("Serialize") {
        derives.push(quote!(#private::serde::Serialize));
    }
    if missing("Deserialize") {
        derives.push(quote!(#private::serde::Deserialize));
    }
    if missing("JsonSchema") {
        derives.push(quote!(#private::schemars::JsonSchema));
    }
    if !derives.is_empty() {
        // Before the attributes that are theirs.
        item.attrs.insert(0, parse_quote!(#[derive(#(#derives),*)]));
    }
    let serde = Serde::of(&item.attrs);
    if !serde.says("crate") {
        let path = tolerant::path("serde", private);
        item.attrs.push(parse_quote!(#[serde(crate = #path)]));
    }
    let schemars = tolerant::path("schemars", private);
    item.attrs.push(parse_quote!(#[schemars(crate = #schemars)]));
    // With a reader of its own for each field serde asks nothing of the generics, but those readers do.
    let generic = tolerant::generic_types(item);
    if speaks == Speaks::All && !generic.is_empty() && !serde.says("bound") {
        let deserialize =
            generic.iter().map(|ty| quote!(#ty: #private::serde::Deserialize<'de> + #private::Absent));
        let bound = quote!(#(#deserialize),*).to_string();
        item.attrs.push(parse_quote!(#[serde(bound(deserialize = #bound))]));
        let parameters = item.generics.type_params().map(|parameter| &parameter.ident);
        let bound = quote!(
            #(#parameters: #private::schemars::JsonSchema,)* #(#generic: #private::Absent),*
        );
        let bound = bound.to_string();
        item.attrs.push(parse_quote!(#[schemars(bound = #bound)]));
    }
}

/// The implementation of `Message`. `described` types have a JSON Schema.
fn message(item: &DeriveInput, speaks: Speaks, private: &TokenStream, described: bool) -> TokenStream {
    let name = &item.ident;
    let mut generics = item.generics.clone();
    if !generics.params.is_empty() {
        let clause = generics.make_where_clause();
        clause.predicates.push(parse_quote!(Self: ::core::marker::Send + 'static));
        if speaks != Speaks::Proto {
            clause
                .predicates
                .push(parse_quote!(Self: #private::serde::Serialize + #private::serde::de::DeserializeOwned));
        }
        if speaks != Speaks::Serde {
            clause.predicates.push(parse_quote!(Self: #private::encoding::Numbered));
        }
        if described {
            clause.predicates.push(parse_quote!(Self: #private::schemars::JsonSchema));
        }
    }
    let (impl_generics, type_generics, bounds) = generics.split_for_impl();
    let schema = if described { quote!(schema) } else { quote!(unknown_schema) };
    let (speaks, encode, decode, bytes, decode_small) = match speaks {
        Speaks::Serde => (
            quote!(serde_speaks),
            quote!(encode_serde),
            quote!(decode_serde),
            quote!(&bytes),
            quote!(decode_serde),
        ),
        Speaks::All => (
            quote!(all_speaks),
            quote!(encode_all),
            quote!(decode_all),
            quote!(bytes),
            quote!(decode_all_small),
        ),
        Speaks::Proto => (
            quote!(proto_speaks),
            quote!(encode_proto),
            quote!(decode_proto),
            quote!(bytes),
            quote!(decode_proto_small),
        ),
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::Message for #name #type_generics #bounds {
            fn schema() -> &'static #private::Schema {
                #private::encoding::#schema::<Self>()
            }

            fn speaks(format: #private::Format) -> bool {
                #private::encoding::#speaks(format)
            }

            fn encode(&self, format: #private::Format, out: &mut #private::BytesMut) -> #private::Result<()> {
                #private::encoding::#encode(self, format, out)
            }

            fn decode(format: #private::Format, bytes: #private::Bytes) -> #private::Result<Self> {
                #private::encoding::#decode(format, #bytes)
            }

            fn decode_small(format: #private::Format, bytes: &[u8]) -> #private::Result<Self> {
                #private::encoding::#decode_small(format, bytes)
            }
        }
    }
}

/// Tokens that are found where `span` is, and mean what those of a macro mean. What is wrong with the type of a field
/// is told at that type, and once: the compiler does not repeat itself at one place.
fn located(tokens: &TokenStream, span: Span) -> TokenStream {
    let span = Span::call_site().located_at(span);
    let located = tokens.clone().into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            let mut inner = Group::new(group.delimiter(), located(&group.stream(), span));
            inner.set_span(span);
            return TokenTree::Group(inner);
        }
        token.set_span(span);
        token
    });
    located.collect()
}
