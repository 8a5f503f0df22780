//! `#[endpoint(..)]`, and what becomes of one method.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta};

use super::check_name;
use super::method::Method;
use crate::errors::Errors;
use crate::options::Options;

/// The options of `#[endpoint(..)]`.
#[derive(Default)]
pub(super) struct EndpointOptions {
    pub(super) name: Option<LitStr>,
    pub(super) idempotent: bool,
    pub(super) internal: bool,
    pub(super) spawn: bool,
    pub(super) skip: bool,
}

impl EndpointOptions {
    /// Reads the helper attributes of a method, and takes them away.
    pub(super) fn take(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Self {
        let mut options = Options::of("#[endpoint]", "endpoint", attributes, errors);
        let all = Self {
            name: options.text("name", errors),
            idempotent: options.flag("idempotent", errors),
            internal: options.flag("internal", errors),
            spawn: options.flag("spawn", errors),
            skip: options.flag("skip", errors),
        };
        options.end(&["name = \"..\"", "idempotent", "internal", "spawn", "skip"], errors);
        attributes.retain(|attribute| !is_endpoint(attribute));
        if let Some(name) = &all.name {
            check_name(name, errors);
        }
        all
    }
}

pub(super) fn is_endpoint(attribute: &Attribute) -> bool {
    attribute.path().is_ident("endpoint")
}

/// The text of doc comments.
pub(super) fn docs(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            lines.extend(
                text.value().lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()),
            );
            if text.value().is_empty() {
                lines.push(String::new());
            }
        }
    }
    lines.join("\n").trim().to_owned()
}

/// The conditions that an item stands under, which hold for what is generated for it too.
pub(super) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}

/// The position of a piece of the user's code, for generated code that fails because of it: the compiler underlines
/// the user's code, and takes the generated code for what it is otherwise.
pub(super) fn blamed(code: &impl Spanned) -> Span {
    Span::mixed_site().located_at(code.span())
}

/// The body of `Handler::endpoints`. `target` is the path of a method, and what it is called on, made of an `Arc` named
/// `handler`; its names have the span that it is given, as names of variables are known only to names of the same kind
/// of span.
pub(super) fn endpoints(
    handler: &str,
    methods: &[Method],
    internal: bool,
    target: impl Fn(&Method, Span) -> (TokenStream, TokenStream),
) -> TokenStream {
    let endpoints = methods.iter().map(|method| {
        let site = blamed(&method.ident);
        endpoint(handler, method, internal, site, target(method, site))
    });
    quote!(::std::vec::Vec::from([#(#endpoints),*]))
}

fn endpoint(
    handler: &str,
    method: &Method,
    internal: bool,
    site: Span,
    (function, receiver): (TokenStream, TokenStream),
) -> TokenStream {
    let Method { conditions, docs, request, response, options, .. } = method;
    let name = format!("{handler}.{}", method.name);
    let glue = method.kind.glue(site);
    let place = if options.spawn { quote!(Spawned) } else { quote!(Here) };
    let context = method.context.then(|| quote_spanned!(site=> &context,));
    let message = method.takes.then(|| quote_spanned!(site=> message,));
    let sender = method.kind.sends().then(|| quote_spanned!(site=> sender));
    // What the method does not want comes in any case, and goes at once.
    let unless = |wanted: bool, name: TokenStream| if wanted { name } else { quote!(_) };
    let given_context = unless(method.context, quote_spanned!(site=> context));
    let given_message = unless(method.takes, quote_spanned!(site=> message));
    let described = (!docs.is_empty()).then(|| quote!(.described(#docs)));
    let idempotent = options.idempotent.then(|| quote!(.idempotent()));
    let internal = (internal || options.internal).then(|| quote!(.internal()));
    let failed = quote_spanned!(blamed(&method.output)=> ::micro::private::failed);
    let invoke = quote_spanned! {site=>
        |handler, #given_context, #given_message, #sender| async move {
            #function(#receiver, #context #message #sender).await.map_err(#failed)
        }
    };
    quote! {
        #(#conditions)*
        ::micro::private::glue::#glue::<_, #request, #response, _, _>(
            #name, ::micro::private::glue::Place::#place, &self, #invoke
        ) #described #idempotent #internal
    }
}
