//! `#[endpoint(..)]`, and what becomes of one method.

use proc_macro2::{Ident, Span, TokenStream};
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

/// What generated code says of the user's: its variables, and where to blame what.
pub(super) struct Site {
    /// Of what the generated code has of its own.
    pub(super) span: Span,
    /// The handler, an `Arc`.
    pub(super) handler: Ident,
}

/// The body of `Handler::endpoints`. `owner` is the type that the user made a handler of; `target` is the path of a
/// method, and what it is called on.
pub(super) fn endpoints(
    handler: &str,
    owner: &impl Spanned,
    methods: &[Method],
    internal: bool,
    target: impl Fn(&Method, &Site) -> (TokenStream, TokenStream),
) -> TokenStream {
    let checks = methods.iter().map(check);
    // What it is not (shared between threads, for one) is told once, at the block, and not of each method.
    let ty = Ident::new("Self", Span::call_site().located_at(owner.span()));
    let endpoints = methods.iter().map(|method| {
        let span = blamed(&method.ident);
        let site = Site { span, handler: Ident::new("handler", span) };
        let target = target(method, &site);
        endpoint(handler, method, internal, &site, &ty, target)
    });
    quote! {
        // Never called. What is no message is told here, at the user's type, rather than of the calls below.
        let _ = || { #(#checks)* };
        ::std::vec::Vec::from([#(#endpoints),*])
    }
}

/// Asks the compiler whether the messages of an endpoint are some.
fn check(method: &Method) -> TokenStream {
    let Method { conditions, request, response, .. } = method;
    let messages = [request, response].map(|message| {
        let check = quote_spanned!(blamed(message)=> ::micro::private::message);
        quote!(#(#conditions)* #check::<#message>();)
    });
    quote!(#(#messages)*)
}

fn endpoint(
    handler: &str,
    method: &Method,
    internal: bool,
    site: &Site,
    ty: &Ident,
    (function, receiver): (TokenStream, TokenStream),
) -> TokenStream {
    let Method { conditions, docs, request, response, options, .. } = method;
    let (span, given_handler) = (site.span, &site.handler);
    let name = format!("{handler}.{}", method.name);
    let glue = method.kind.glue(span);
    let place = if options.spawn { quote!(Spawned) } else { quote!(Here) };
    let context = method.context.then(|| quote_spanned!(span=> &context,));
    let message = method.takes.then(|| quote_spanned!(span=> message,));
    let sender = method.kind.sends().then(|| quote_spanned!(span=> sender));
    // What the method does not want comes in any case, and goes at once.
    let unless = |wanted: bool, name: TokenStream| if wanted { name } else { quote!(_) };
    let given_context = unless(method.context, quote_spanned!(span=> context));
    let given_message = unless(method.takes, quote_spanned!(span=> message));
    let failed = quote_spanned!(blamed(&method.failure)=> ::micro::private::failed(error));
    let error = Ident::new("error", blamed(&method.failure));
    let described = (!docs.is_empty()).then(|| quote!(.described(#docs)));
    let idempotent = options.idempotent.then(|| quote!(.idempotent()));
    let internal = (internal || options.internal).then(|| quote!(.internal()));
    // The one of the function around it, which has no span of the user's.
    let this = Ident::new("self", Span::call_site());
    let call = quote_spanned! {span=>
        ::micro::private::glue::#glue::<#ty, #request, #response, _, _>(
            #name,
            ::micro::private::glue::Place::#place,
            &#this,
            |#given_handler, #given_context, #given_message, #sender| async move {
                match #function(#receiver, #context #message #sender).await {
                    ::core::result::Result::Ok(answer) => ::core::result::Result::Ok(answer),
                    ::core::result::Result::Err(#error) => ::core::result::Result::Err(#failed),
                }
            }
        )
    };
    quote!(#(#conditions)* #call #described #idempotent #internal)
}
