//! `#[handler]`: endpoints of methods.

mod arguments;
mod client;
mod contract;
mod endpoint;
mod implementation;
mod method;
mod output;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Item, LitStr};

use crate::errors::Errors;
use crate::names::is_plain;
use crate::options::Options;

/// The options of `#[handler(..)]`.
#[derive(Default)]
struct HandlerOptions {
    name: Option<LitStr>,
    service: Option<LitStr>,
    internal: bool,
}

pub(crate) fn expand(arguments: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let options = HandlerOptions::parse(arguments, &mut errors);
    match syn::parse2::<Item>(tokens.clone()) {
        Ok(Item::Impl(item)) => implementation::expand(&options, item, errors),
        Ok(Item::Trait(item)) => contract::expand(&options, item, errors),
        Ok(other) => {
            let (what, name) = described(&other);
            errors.at(
                name,
                format!(
                    "`#[handler]` goes on an `impl` block, or on a trait, not on {what}: the endpoints are its methods"
                ),
            );
            errors.finish(tokens, TokenStream::new())
        }
        Err(error) => {
            errors.push(error);
            errors.finish(tokens, TokenStream::new())
        }
    }
}

impl HandlerOptions {
    fn parse(arguments: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Options::parse("#[handler]", arguments, errors);
        let all = Self {
            name: options.text("name", errors),
            service: options.text("service", errors),
            internal: options.flag("internal", errors),
        };
        options.end(&["name = \"..\"", "service = \"..\"", "internal"], errors);
        if let Some(name) = &all.name {
            check_name(name, errors);
        }
        all
    }
}

/// Refuses a name that not every transport and tool can write.
fn check_name(name: &LitStr, errors: &mut Errors) {
    if !is_plain(&name.value()) {
        errors.at(name, format!("`{}` is no name: a letter, then letters, digits and `_`", name.value()));
    }
}

/// What an item is, and what of it to underline.
fn described(item: &Item) -> (&'static str, TokenStream) {
    match item {
        Item::Struct(item) => ("a struct", item.ident.to_token_stream()),
        Item::Enum(item) => ("an enum", item.ident.to_token_stream()),
        Item::Union(item) => ("a union", item.ident.to_token_stream()),
        Item::Fn(item) => ("a function", item.sig.ident.to_token_stream()),
        Item::Mod(item) => ("a module", item.ident.to_token_stream()),
        Item::Type(item) => ("a type alias", item.ident.to_token_stream()),
        other => ("this", other.to_token_stream()),
    }
}
