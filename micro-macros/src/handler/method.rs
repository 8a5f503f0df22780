//! [`Method`]: a method that is an endpoint.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Signature, Type};

use super::arguments::{self, Arguments};
use super::endpoint::{EndpointOptions, conditions, docs};
use super::output::{self, Output};
use crate::errors::Errors;
use crate::names::{is_plain, pascal_case};

/// A method that is an endpoint.
pub(super) struct Method {
    pub(super) ident: Ident,
    /// The second part of the endpoint's name: `GetUrl`.
    pub(super) name: String,
    pub(super) docs: String,
    pub(super) conditions: Vec<Attribute>,
    pub(super) options: EndpointOptions,
    pub(super) kind: Kind,
    /// Whether it takes a context.
    pub(super) context: bool,
    /// Whether it takes a request, or a receiver of them.
    pub(super) takes: bool,
    pub(super) request: Type,
    pub(super) response: Type,
    /// The type that it fails with; where an alias hides it, all that it returns.
    pub(super) failure: Type,
}

/// Which sides are streams.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Unary,
    ServerStream,
    ClientStream,
    Bidirectional,
}

impl Kind {
    /// The function of `glue`, and the method of `Client`.
    pub(super) fn glue(self, span: Span) -> Ident {
        let name = match self {
            Self::Unary => "unary",
            Self::ServerStream => "server_stream",
            Self::ClientStream => "client_stream",
            Self::Bidirectional => "bidirectional",
        };
        Ident::new(name, span)
    }

    /// Whether what it answers goes through a `Sender`.
    pub(super) fn sends(self) -> bool {
        matches!(self, Self::ServerStream | Self::Bidirectional)
    }
}

impl Method {
    /// The endpoint of an `async fn`, or faults.
    pub(super) fn parse(
        attributes: &[Attribute],
        options: EndpointOptions,
        signature: &Signature,
        errors: &mut Errors,
    ) -> Option<Self> {
        let before = errors.count();
        check_qualifiers(signature, errors);
        check_self(signature, errors);
        let name = name(&options, signature, errors);
        let Arguments { context, request, receives, response } = arguments::parse(signature, errors);
        let Output { answer, failure } = output::parse(signature, response.is_some(), errors)?;
        if errors.count() != before {
            return None;
        }
        let kind = match (receives, response.is_some()) {
            (false, false) => Kind::Unary,
            (false, true) => Kind::ServerStream,
            (true, false) => Kind::ClientStream,
            (true, true) => Kind::Bidirectional,
        };
        Some(Self {
            ident: signature.ident.clone(),
            name,
            docs: docs(attributes),
            conditions: conditions(attributes),
            options,
            kind,
            context,
            takes: request.is_some(),
            request: request.unwrap_or_else(|| syn::parse_quote!(())),
            response: response.unwrap_or(answer),
            failure,
        })
    }
}

/// Tells of two methods that make the same endpoint. Those under a condition may exclude each other.
pub(super) fn check_names(handler: &str, methods: &[Method], errors: &mut Errors) {
    for (index, method) in methods.iter().enumerate() {
        let clash = methods[..index].iter().find(|other| {
            other.name == method.name && other.conditions.is_empty() && method.conditions.is_empty()
        });
        if let Some(other) = clash {
            let text = format!(
                "`{}` and `{}` are both the endpoint `{handler}.{}`: give one another name with `#[endpoint(name = \"..\")]`",
                other.ident, method.ident, method.name
            );
            match &method.options.name {
                Some(name) => errors.at(name, text),
                None => errors.at(&method.ident, text),
            }
        }
    }
}

fn name(options: &EndpointOptions, signature: &Signature, errors: &mut Errors) -> String {
    if let Some(name) = &options.name {
        return name.value();
    }
    let name = pascal_case(&signature.ident.unraw().to_string());
    if !is_plain(&name) {
        errors.at(
            &signature.ident,
            format!("`{name}` cannot be an endpoint's name on every wire: give it one with `#[endpoint(name = \"..\")]`"),
        );
    }
    name
}

fn check_qualifiers(signature: &Signature, errors: &mut Errors) {
    if let Some(token) = &signature.unsafety {
        errors
            .at(token, "an endpoint cannot be `unsafe`: its callers are on the network and promise nothing");
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "an endpoint is a plain `async fn`, without `extern`");
    }
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics.params,
            "an endpoint has one type of request and one of answer: no parameters on the method",
        );
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.at(clause, "an endpoint has no `where` clause");
    }
}

fn check_self(signature: &Signature, errors: &mut Errors) {
    const SHARED: &str =
        "an endpoint takes `&self`: calls run at the same time. Keep what changes in a `Mutex` or an atomic";
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => match &receiver.reference {
            Some(_) if receiver.mutability.is_some() => errors.at(receiver, SHARED),
            Some((_, Some(lifetime))) => errors.at(lifetime, "an endpoint takes `&self`, without a lifetime"),
            Some(_) => {}
            None => errors.at(receiver, SHARED),
        },
        _ => errors.at(
            &signature.ident,
            format!(
                "an endpoint takes `&self`: add it, or say with `#[endpoint(skip)]` that `{}` is none",
                signature.ident
            ),
        ),
    }
}
