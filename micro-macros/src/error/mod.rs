//! `#[derive(Error)]`: error types that travel.

mod case;
mod codes;
mod display;
mod field;
mod source;
mod travel;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Fields};

use self::case::{Case, Common};
use crate::errors::Errors;
use crate::options::Options;

/// An error type: a struct is an enum of one case.
struct ErrorType {
    ident: Ident,
    visibility: syn::Visibility,
    domain: String,
    cases: Vec<Case>,
}

pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let parsed = errors.take(syn::parse2(tokens)).and_then(|input| ErrorType::parse(&input, &mut errors));
    let generated = parsed.map(|parsed| {
        let (display, source, travel) =
            (display::expand(&parsed), source::expand(&parsed), travel::expand(&parsed));
        quote!(#display #source #travel)
    });
    errors.finish(TokenStream::new(), generated)
}

impl ErrorType {
    fn parse(input: &DeriveInput, errors: &mut Errors) -> Option<Self> {
        if !input.generics.params.is_empty() {
            errors.at(
                &input.generics.params,
                "an error that travels has no parameters: name the types of its fields",
            );
            return None;
        }
        let variants: Vec<(&Ident, &[Attribute], &Fields)> = match &input.data {
            Data::Struct(data) => vec![(&input.ident, &[], &data.fields)],
            Data::Enum(data) => data.variants.iter().map(|v| (&v.ident, &*v.attrs, &v.fields)).collect(),
            Data::Union(data) => {
                errors.at(data.union_token, "an error is a struct or an enum, not a union");
                return None;
            }
        };
        let is_enum = matches!(input.data, Data::Enum(_));
        if variants.is_empty() {
            errors.at(&input.ident, "an error without variants never happens: give it one");
            return None;
        }
        let before = errors.count();
        let mut options = Options::of("#[error]", "error", &input.attrs, errors);
        let domain = options.text("domain", errors);
        let mut common = Common { code: codes::option(&mut options, errors), ..Common::default() };
        if is_enum {
            options.end(&["code = ..", "domain = \"..\""], errors);
        } else {
            common.reason = options.text("reason", errors);
            common.message = options.text("message", errors);
            options.end(&["code = ..", "reason = \"..\"", "message = \"..\"", "domain = \"..\""], errors);
        }
        if let Some(domain) = domain.as_ref().filter(|domain| domain.value().is_empty()) {
            errors.at(domain, "an empty domain: leave it out to have the type's name");
        }
        let cases = variants
            .into_iter()
            .filter_map(|(ident, attributes, fields)| {
                let whole = &input.ident;
                let path = if is_enum { quote!(#whole::#ident) } else { quote!(#whole) };
                Case::parse(ident, path, attributes, fields, &common, errors)
            })
            .collect::<Vec<_>>();
        case::check_reasons(&cases, errors);
        let domain = domain.map_or_else(|| input.ident.to_string(), |domain| domain.value());
        (errors.count() == before).then(|| Self {
            ident: input.ident.clone(),
            visibility: input.vis.clone(),
            domain,
            cases,
        })
    }
}
