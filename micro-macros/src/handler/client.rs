//! The typed client of a contract.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{ItemTrait, LitStr};

use super::endpoint::{blamed, conditions};
use super::method::{Kind, Method};
use crate::errors::Errors;

/// The methods that every typed client has.
const OWN: [&str; 2] = ["new", "with"];

/// Tells of endpoints whose method a typed client cannot have.
pub(super) fn check_names(methods: &[Method], errors: &mut Errors) {
    for method in methods.iter().filter(|method| OWN.iter().any(|own| method.ident == own)) {
        errors.at(
            &method.ident,
            format!(
                "every typed client has a method `{}` of its own: call this one otherwise, and keep the endpoint's name \
                 with `#[endpoint(name = \"{}\")]`",
                method.ident, method.name
            ),
        );
    }
}

pub(super) fn expand(
    handler: &str,
    item: &ItemTrait,
    methods: &[Method],
    service: Option<&LitStr>,
) -> TokenStream {
    let contract = &item.ident;
    let visibility = &item.vis;
    let conditions = conditions(&item.attrs);
    let client = format_ident!("{}Client", contract, span = blamed(contract));
    let calls = methods.iter().map(|method| call(handler, item, method));
    let fields = methods.iter().map(field);
    let each = |with: fn(&Method, &Ident, &str) -> TokenStream| -> Vec<_> {
        let given = |method: &Method| {
            let (conditions, field) = (&method.conditions, field(method));
            let value = with(method, &field, &format!("{handler}.{}", method.name));
            quote!(#(#conditions)* #field: #value)
        };
        methods.iter().map(given).collect()
    };
    let routes = each(|_, _, name| quote!(::micro::Route::new(service, #name)));
    let shared = each(|_, field, _| quote!(::core::clone::Clone::clone(&self.#field)));
    let field_conditions = methods.iter().map(|method| &method.conditions);
    let docs = format!(
        "Calls the endpoints of a [`{contract}`], wherever it is. A cheap handle, like the client in it."
    );
    let of_service = service.map(|service| of_service(&client, item, service, &conditions));
    quote! {
        #(#conditions)*
        #[doc = #docs]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #[allow(dead_code)]
        #visibility struct #client {
            client: ::micro::Client,
            /// The same, for endpoints that may be called twice for one call.
            idempotent: ::micro::Client,
            #(#(#field_conditions)* #fields: ::micro::Route,)*
        }

        #(#conditions)*
        #[allow(dead_code, deprecated)]
        impl #client {
            /// Calls the service that is registered as `service`, by `client`.
            #[must_use]
            #visibility fn new(client: ::micro::Client, service: &::core::primitive::str) -> Self {
                Self { idempotent: client.idempotent(), client, #(#routes,)* }
            }

            /// The same service, called by a client that is a little different:
            /// `client.with(|client| client.with_timeout(timeout))`.
            #[must_use]
            #visibility fn with(
                &self,
                change: impl ::core::ops::FnOnce(&::micro::Client) -> ::micro::Client,
            ) -> Self {
                let client = change(&self.client);
                Self { idempotent: client.idempotent(), client, #(#shared,)* }
            }

            #(#calls)*
        }

        #of_service
    }
}

/// The name of the field that holds the route to an endpoint.
fn field(method: &Method) -> Ident {
    format_ident!("route_{}", method.ident.unraw(), span = blamed(&method.ident))
}

/// What a client has whose contract says which service it is of.
fn of_service(
    client: &Ident,
    item: &ItemTrait,
    service: &LitStr,
    conditions: &[syn::Attribute],
) -> TokenStream {
    let visibility = &item.vis;
    quote! {
        #(#conditions)*
        #[allow(dead_code)]
        impl #client {
            /// The name of the service that the contract is of.
            #visibility const SERVICE: &'static ::core::primitive::str = #service;
        }

        #(#conditions)*
        /// Calls the service that the contract is of.
        impl ::core::convert::From<::micro::Client> for #client {
            fn from(client: ::micro::Client) -> Self {
                Self::new(client, Self::SERVICE)
            }
        }
    }
}

/// The method that calls one endpoint.
fn call(handler: &str, item: &ItemTrait, method: &Method) -> TokenStream {
    let Method { conditions, docs, kind, request, response, .. } = method;
    let visibility = &item.vis;
    let site = blamed(&method.ident);
    let mut ident = method.ident.clone();
    ident.set_span(site);
    let field = field(method);
    let client = Ident::new(if method.options.idempotent { "idempotent" } else { "client" }, site);
    let docs = if docs.is_empty() { format!("Calls `{handler}.{}`.", method.name) } else { docs.clone() };
    let docs = match kind {
        Kind::Unary | Kind::ServerStream => format!(
            "{docs}\n\n# Errors\nWhat the endpoint fails with, and what [`Client::call`](::micro::Client::call) does."
        ),
        Kind::ClientStream | Kind::Bidirectional => docs,
    };
    let route = quote_spanned!(site=> &self.#field);
    let function = match kind {
        Kind::Unary => Ident::new("call", site),
        other => other.glue(site),
    };
    let call = quote_spanned!(site=> self.#client.#function::<#request, #response>);
    let streamed = matches!(kind, Kind::ClientStream | Kind::Bidirectional);
    let answer = match kind {
        Kind::Unary => quote!(#response),
        Kind::ClientStream => quote!(::micro::Answer<#response>),
        Kind::ServerStream | Kind::Bidirectional => quote!(::micro::Receiver<#response>),
    };
    let must_use = streamed.then(|| quote!(#[must_use = "dropping the answer cancels the call"]));
    let function = if streamed {
        quote_spanned! {site=>
            fn #ident(&self) -> (::micro::Sender<#request>, #answer) { #call(#route) }
        }
    } else {
        let argument = method.takes.then(|| quote_spanned!(site=> request: #request));
        let message = if method.takes { quote_spanned!(site=> request) } else { quote!(()) };
        quote_spanned! {site=>
            async fn #ident(&self, #argument) -> ::micro::Result<#answer> {
                #call(#route, #message).await
            }
        }
    };
    quote! {
        #(#conditions)*
        #[doc = #docs]
        #must_use
        #visibility #function
    }
}
