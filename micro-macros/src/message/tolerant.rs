//! The `#[serde(..)]` attributes that make readers tolerant.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Field, Fields, GenericArgument, Ident, LitStr, PathArguments, Token, Type, parse_quote,
};

use super::aliases::{Named, aliases};
use super::attributes::Serde;
use super::rename;
use crate::names::{camel_case, screaming_case, snake_case};

/// Adds them to the fields and variants of a type. `numbered` types fill in what is absent.
pub(super) fn add(item: &mut DeriveInput, numbered: bool, private: &TokenStream) {
    let container = Serde::of(&item.attrs);
    // What says which variant it is stands among the fields of that variant.
    let tag: BTreeSet<String> = container.text("tag").map(str::to_owned).into_iter().collect();
    match &mut item.data {
        Data::Struct(data) => {
            fields(&mut data.fields, container.text("rename_all"), &tag, numbered, private);
        }
        Data::Enum(data) => {
            let names: Vec<_> = data
                .variants
                .iter()
                .map(|variant| {
                    let rust = plain(&variant.ident);
                    let named = rename::variant(container.text("rename_all"), &rust);
                    Named { known: Serde::of(&variant.attrs).known(named), rust }
                })
                .collect();
            let without_data = data.variants.iter().all(|variant| variant.fields.is_empty());
            let aliases = aliases(&names, BTreeSet::new(), |name| {
                let mut spelled = vec![snake_case(name), camel_case(name)];
                // As protobuf names the values of its enums.
                spelled.extend(without_data.then(|| screaming_case(name)));
                spelled
            });
            for (variant, aliases) in data.variants.iter_mut().zip(aliases) {
                let serde = Serde::of(&variant.attrs);
                let rule = serde.text("rename_all").or_else(|| container.text("rename_all_fields"));
                for alias in aliases {
                    variant.attrs.push(parse_quote!(#[serde(alias = #alias)]));
                }
                fields(&mut variant.fields, rule, &tag, false, private);
            }
        }
        Data::Union(_) => {}
    }
}

/// A name without the `r#` of raw identifiers, as serde has it.
fn plain(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_owned()
}

/// `rule` is that of `rename_all`, `tag` the name that is no field's.
fn fields(
    fields: &mut Fields,
    rule: Option<&str>,
    tag: &BTreeSet<String>,
    numbered: bool,
    private: &TokenStream,
) {
    let mut names = Vec::new();
    let mut taken = tag.clone();
    for field in fields.iter().filter(|field| field.ident.is_some()) {
        let rust = field.ident.as_ref().map(plain).unwrap_or_default();
        names.push(Named { known: Serde::of(&field.attrs).known(rename::field(rule, &rust)), rust });
    }
    // Nobody knows here which names the fields of a flattened type have, so that what was renamed to make room for
    // one of them must not be read by it.
    if fields.iter().any(|field| Serde::of(&field.attrs).says("flatten")) {
        taken.extend(names.iter().map(|name| name.rust.clone()));
    }
    let mut aliases = aliases(&names, taken, |name| vec![snake_case(name), camel_case(name)]);
    aliases.resize(fields.len(), Vec::new());
    for (field, aliases) in fields.iter_mut().zip(aliases) {
        tolerate(field, &aliases, numbered, private);
    }
}

fn tolerate(field: &mut Field, aliases: &[String], numbered: bool, private: &TokenStream) {
    let serde = Serde::of(&field.attrs);
    let span = Span::call_site().located_at(field.ty.span());
    if !serde.says("flatten") && !serde.says("skip") && !serde.says("skip_deserializing") {
        for alias in aliases {
            field.attrs.push(parse_quote!(#[serde(alias = #alias)]));
        }
    }
    let integers = has_integers(&field.ty);
    let ty = &field.ty;
    let reader = match (numbered, integers) {
        (true, true) => Some(quote!(#private::tolerant::integers_field)),
        (true, false) => Some(quote!(<#ty as #private::Absent>::read_field)),
        (false, true) => Some(quote!(#private::tolerant::integers)),
        (false, false) => None,
    };
    // With the type, as schemars does not infer it.
    let absent = quote!(<#ty as #private::Absent>::absent);
    if let Some(reader) = reader.filter(|_| !serde.reads_itself()) {
        let reader = LitStr::new(&reader.to_string(), span);
        field.attrs.push(parse_quote!(#[serde(deserialize_with = #reader)]));
    }
    // An `Option` with a reader of its own is no longer one that serde lets be absent.
    let optional = integers && field.ident.is_some() && is_option(&field.ty) && !serde.reads_itself();
    if (numbered || optional) && !serde.says("default") && !serde.says("flatten") && !serde.says("skip") {
        let absent = LitStr::new(&absent.to_string(), span);
        field.attrs.push(parse_quote!(#[serde(default = #absent)]));
    }
}

/// A path of the private module, as serde takes it.
pub(super) fn path(of: &str, private: &TokenStream) -> String {
    format!("{private}::{of}").replace(' ', "")
}

/// Whether all there is in the end are 64-bit integers, in containers that [the reader] knows.
///
/// [the reader]: micro_codec::tolerant::Integers
fn has_integers(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let arguments = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => types(&arguments.args),
        _ => Vec::new(),
    };
    match (last.ident.to_string().as_str(), arguments.as_slice()) {
        ("i64" | "u64", []) => true,
        ("Option" | "Vec" | "Box", [inner]) => has_integers(inner),
        ("BTreeMap", [_, value]) | ("HashMap", [_, value] | [_, value, _]) => has_integers(value),
        _ => false,
    }
}

fn types(arguments: &Punctuated<GenericArgument, Token![,]>) -> Vec<&Type> {
    let types = arguments.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

/// The types of the fields that are not the same for all generics.
pub(super) fn generic_types(item: &DeriveInput) -> Vec<Type> {
    let parameters: BTreeSet<String> = item.generics.type_params().map(|p| p.ident.to_string()).collect();
    let Data::Struct(data) = &item.data else { return Vec::new() };
    let types = data.fields.iter().map(|field| &field.ty);
    types.filter(|ty| mentions(quote!(#ty), &parameters)).cloned().collect()
}

fn mentions(tokens: TokenStream, names: &BTreeSet<String>) -> bool {
    tokens.into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => names.contains(&ident.to_string()),
        proc_macro2::TokenTree::Group(group) => mentions(group.stream(), names),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_containers() {
        for (ty, yes) in [
            ("i64", true),
            ("Option<std::primitive::u64>", true),
            ("Vec<Option<u64>>", true),
            ("HashMap<String, i64>", true),
            ("std::collections::BTreeMap<u64, Box<i64>>", true),
            ("BTreeMap<u64, String>", false),
            ("i32", false),
            ("Page<i64>", false),
            ("&i64", false),
        ] {
            assert_eq!(has_integers(&syn::parse_str(ty).unwrap()), yes, "{ty}");
        }
    }
}
