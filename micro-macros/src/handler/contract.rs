//! `#[handler]` on a trait: a contract that services implement and callers have a typed client for.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    FnArg, ItemTrait, LitStr, ReturnType, TraitItem, TraitItemFn, Type, parse_quote, parse_quote_spanned,
};

use super::HandlerOptions;
use super::client;
use super::endpoint::{self, EndpointOptions, blamed, is_endpoint};
use super::method::{self, Method};
use crate::errors::Errors;
use crate::names::snake_case;
use crate::types::names_self;

pub(super) fn expand(options: &HandlerOptions, mut item: ItemTrait, mut errors: Errors) -> TokenStream {
    check_trait(&item, &mut errors);
    let methods = methods(&mut item, &mut errors);
    let name = options.name.as_ref().map_or_else(|| item.ident.to_string(), LitStr::value);
    method::check_names(&name, &methods, &mut errors);
    client::check_names(&methods, &mut errors);
    for bound in ["Send", "Sync"] {
        let bound = Ident::new(bound, Span::call_site());
        item.supertraits.push(parse_quote!(::core::marker::#bound));
    }
    item.supertraits.push(parse_quote!('static));
    item.colon_token.get_or_insert_default();
    // What is wrong with a contract is wrong at each of its ends: only the trait is left of it.
    let generated = errors.is_empty().then(|| {
        let function = function(&name, &item, &methods, options.internal);
        let client = client::expand(&name, &item, &methods, options.service.as_ref());
        quote!(#function #client)
    });
    errors.finish(item, generated)
}

fn check_trait(item: &ItemTrait, errors: &mut Errors) {
    if !item.generics.params.is_empty() {
        errors.at(
            &item.generics.params,
            "a contract is the same for all who know it: no parameters on the trait",
        );
    }
    if let Some(clause) = &item.generics.where_clause {
        errors.at(clause, "a contract has no `where` clause");
    }
    if let Some(token) = &item.unsafety {
        errors.at(token, "a contract cannot be `unsafe`: its callers are on the network and promise nothing");
    }
}

/// The methods that are endpoints; takes the helper attributes away, and makes the methods' futures `Send`.
fn methods(item: &mut ItemTrait, errors: &mut Errors) -> Vec<Method> {
    let mut methods = Vec::new();
    let mut meant = 0;
    for part in &mut item.items {
        let function = match part {
            TraitItem::Fn(function) => function,
            TraitItem::Type(part) => {
                errors.at(&part.ident, "a contract names its messages: no associated types");
                continue;
            }
            _ => continue,
        };
        let marked = function.attrs.iter().any(is_endpoint);
        let options = EndpointOptions::take(&mut function.attrs, errors);
        let asynchronous = function.sig.asyncness.is_some();
        if asynchronous && !options.skip {
            meant += 1;
            let method = Method::parse(&function.attrs, options, &function.sig, errors);
            methods.extend(method.filter(|_| !check_types(function, errors)));
        } else if marked && !options.skip {
            meant += 1;
            errors.at(
                &function.sig.ident,
                "an endpoint is an `async fn`: make it one, or remove `#[endpoint]`",
            );
        }
        if asynchronous {
            send(function);
        }
    }
    if meant == 0 {
        errors.at(
            &item.ident,
            "a contract without endpoints: each `async fn` with `&self` in this trait becomes one",
        );
    }
    methods
}

/// Refuses messages that depend on who implements the contract; says whether there are any.
fn check_types(function: &TraitItemFn, errors: &mut Errors) -> bool {
    let mut arguments = function.sig.inputs.iter().filter_map(|argument| match argument {
        FnArg::Typed(argument) => Some(&*argument.ty),
        FnArg::Receiver(_) => None,
    });
    let output = match &function.sig.output {
        ReturnType::Type(_, ty) => Some(&**ty),
        ReturnType::Default => None,
    };
    let found: Option<&Type> = arguments.find(|ty| names_self(ty)).or(output.filter(|ty| names_self(ty)));
    if let Some(ty) = found {
        errors.at(ty, "a contract is the same for all who implement it: name the type, without `Self`");
    }
    found.is_some()
}

/// Writes `async fn f() -> T` as `fn f() -> impl Future<Output = T> + Send`, which implementations still write as an
/// `async fn`, and which handlers can be run with on any thread.
fn send(function: &mut TraitItemFn) {
    function.sig.asyncness = None;
    let output: Type = match &function.sig.output {
        ReturnType::Type(_, ty) => (**ty).clone(),
        ReturnType::Default => parse_quote!(()),
    };
    let site = blamed(&output);
    function.sig.output = parse_quote_spanned! {site=>
        -> impl ::core::future::Future<Output = #output> + ::core::marker::Send
    };
    if let Some(body) = &mut function.default {
        *body = parse_quote!({ async move #body });
    }
}

/// The function that makes a handler of what implements the contract.
fn function(name: &str, item: &ItemTrait, methods: &[Method], internal: bool) -> TokenStream {
    let contract = &item.ident;
    let visibility = &item.vis;
    let conditions = endpoint::conditions(&item.attrs);
    let function = format_ident!("{}", snake_case(&contract.to_string()), span = blamed(contract));
    let endpoints = endpoint::endpoints(name, contract, methods, internal, |method, site| {
        let mut ident = method.ident.clone();
        ident.set_span(site.span);
        let handler = &site.handler;
        (
            quote_spanned!(site.span=> <__Handler as #contract>::#ident),
            quote_spanned!(site.span=> &#handler.0),
        )
    });
    let docs = format!("The handler of a [`{contract}`]: its methods as endpoints, for `Service::handle`.");
    quote! {
        #(#conditions)*
        #[doc = #docs]
        #[allow(dead_code)]
        #visibility fn #function(handler: impl #contract) -> impl ::micro::Handler {
            // Names that no message of the contract has.
            struct __Contract<__Handler>(__Handler);

            #[automatically_derived]
            #[allow(deprecated)]
            impl<__Handler: #contract> ::micro::Handler for __Contract<__Handler> {
                const NAME: &'static ::core::primitive::str = #name;

                fn endpoints(self: ::std::sync::Arc<Self>) -> ::std::vec::Vec<::micro::Endpoint> {
                    #endpoints
                }
            }

            __Contract(handler)
        }
    }
}
