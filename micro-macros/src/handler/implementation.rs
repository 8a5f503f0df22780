//! `#[handler]` on an `impl` block.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{GenericParam, ImplItem, ItemImpl, LitStr, Type, parse_quote};

use super::HandlerOptions;
use super::endpoint::{self, EndpointOptions, is_endpoint};
use super::method::{self, Method};
use crate::errors::Errors;
use crate::names::is_plain;
use crate::types::{bare, last_segment};

pub(super) fn expand(options: &HandlerOptions, mut item: ItemImpl, mut errors: Errors) -> TokenStream {
    let methods = methods(&mut item, &mut errors);
    let sound = check_block(options, &item, &mut errors);
    let name = name(options, &item, &mut errors);
    method::check_names(&name, &methods, &mut errors);
    let generated = sound.then(|| handler(&name, &item, &methods, options.internal));
    errors.finish(item, generated)
}

/// The methods that are endpoints; takes the helper attributes away.
fn methods(item: &mut ItemImpl, errors: &mut Errors) -> Vec<Method> {
    let mut methods = Vec::new();
    let mut meant = 0;
    for part in &mut item.items {
        let ImplItem::Fn(function) = part else {
            refuse_attribute(part, errors);
            continue;
        };
        let marked = function.attrs.iter().any(is_endpoint);
        let options = EndpointOptions::take(&mut function.attrs, errors);
        if options.skip {
            continue;
        }
        if function.sig.asyncness.is_none() {
            if marked {
                meant += 1;
                errors.at(
                    &function.sig.ident,
                    "an endpoint is an `async fn`: make it one, or remove `#[endpoint]`",
                );
            }
            continue;
        }
        meant += 1;
        methods.extend(Method::parse(&function.attrs, options, &function.sig, errors));
        // An endpoint is async and has `&self`, whether it needs them or not.
        function.attrs.push(parse_quote!(#[allow(clippy::unused_async, clippy::unused_self)]));
    }
    if meant == 0 {
        errors.at(
            &item.self_ty,
            "a handler without endpoints: each `async fn` with `&self` in this block becomes one",
        );
    }
    methods
}

/// `#[endpoint]` on what is no method. It goes, as it would be one more error.
fn refuse_attribute(part: &mut ImplItem, errors: &mut Errors) {
    let attributes = match part {
        ImplItem::Const(part) => &mut part.attrs,
        ImplItem::Type(part) => &mut part.attrs,
        ImplItem::Macro(part) => &mut part.attrs,
        _ => return,
    };
    attributes.retain(|attribute| {
        if is_endpoint(attribute) {
            errors.at(attribute, "`#[endpoint]` goes on an `async fn`");
        }
        !is_endpoint(attribute)
    });
}

/// Whether `Handler` can be implemented for what the block is of.
fn check_block(options: &HandlerOptions, item: &ItemImpl, errors: &mut Errors) -> bool {
    let mut sound = true;
    if let Some((_, path, _)) = &item.trait_ {
        errors.at(
            path,
            "`#[handler]` goes on an `impl` of the type itself, without a trait; for a contract that several types \
             implement, put it on the trait",
        );
        sound = false;
    }
    if let Some(service) = &options.service {
        errors.at(service, "`service` is for typed clients, so it goes on a trait: a service gets its name in `Service::new`");
    }
    for lifetime in item.generics.lifetimes() {
        errors.at(
            lifetime,
            "a handler lives as long as its service: own what it borrows, or share it by an `Arc`",
        );
        sound = false;
    }
    let generic = item.generics.params.iter().any(|param| !matches!(param, GenericParam::Lifetime(_)));
    if generic && options.name.is_none() {
        errors.at(
            &item.generics.params,
            "a generic handler says what it is called, whatever its parameters are: `#[handler(name = \"..\")]`",
        );
    }
    if !matches!(bare(&item.self_ty), Type::Path(_)) {
        errors.at(&item.self_ty, "`#[handler]` goes on an `impl` of a struct or an enum");
        sound = false;
    }
    sound
}

/// The first part of the endpoints' names.
fn name(options: &HandlerOptions, item: &ItemImpl, errors: &mut Errors) -> String {
    if let Some(name) = &options.name {
        return LitStr::value(name);
    }
    let Some(segment) = last_segment(&item.self_ty) else { return String::new() };
    let name = segment.ident.to_string();
    if !is_plain(&name) {
        errors.at(
            &segment.ident,
            format!(
                "`{name}` cannot be in an endpoint's name on every wire: use `#[handler(name = \"..\")]`"
            ),
        );
    }
    name
}

fn handler(name: &str, item: &ItemImpl, methods: &[Method], internal: bool) -> TokenStream {
    let (generics, _, clause) = item.generics.split_for_impl();
    let ty = &item.self_ty;
    let endpoints = endpoint::endpoints(name, ty, methods, internal, |method, site| {
        let mut ident = method.ident.clone();
        ident.set_span(site.span);
        let handler = &site.handler;
        (quote_spanned!(site.span=> Self::#ident), quote_spanned!(site.span=> &#handler))
    });
    let conditions = endpoint::conditions(&item.attrs);
    let self_ty = ty.to_token_stream();
    quote! {
        #(#conditions)*
        #[automatically_derived]
        #[allow(deprecated)]
        impl #generics ::micro::Handler for #self_ty #clause {
            const NAME: &'static ::core::primitive::str = #name;

            fn endpoints(self: ::std::sync::Arc<Self>) -> ::std::vec::Vec<::micro::Endpoint> {
                #endpoints
            }
        }
    }
}
