//! What an error says: its message, with its fields in it.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::LitStr;

use super::ErrorType;
use super::case::Case;
use crate::errors::Errors;
use crate::names::in_words;

/// A message with the names of variables in the place of those of fields.
type Rewritten = Result<String, String>;

/// Tells of a message that names what is no field; says whether there is none of that.
pub(super) fn check(case: &Case, errors: &mut Errors) -> bool {
    let Some(message) = &case.message else { return true };
    rewritten(message, case).map_err(|fault| errors.at(message, fault)).is_ok()
}

pub(super) fn expand(error: &ErrorType) -> TokenStream {
    let ident = &error.ident;
    let arms = error.cases.iter().map(|case| {
        let pattern = case.with(|field| {
            let binding = &field.binding;
            quote!(#binding)
        });
        let Some(message) = &case.message else {
            let words = in_words(&case.ident.to_string());
            return quote!(#pattern => f.write_str(#words),);
        };
        let text = rewritten(message, case).unwrap_or_default();
        let text = LitStr::new(&text, Span::mixed_site().located_at(message.span()));
        quote!(#pattern => ::core::write!(f, #text),)
    });
    quote! {
        #[automatically_derived]
        #[allow(unused_variables, deprecated)]
        impl ::core::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#arms)* }
            }
        }
    }
}

/// Replaces `{id}`, `{0}` and `{}` (the next one), with or without a format after a colon.
fn rewritten(message: &LitStr, case: &Case) -> Rewritten {
    let text = message.value();
    let mut out = String::new();
    let mut rest = text.as_str();
    let mut next = 0;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        if found.starts_with("{{") || found.starts_with("}}") {
            out.push_str(&found[..2]);
            rest = &found[2..];
            continue;
        }
        let Some(inside) = found.strip_prefix('{') else {
            return Err("a `}` without a `{`: write `}}` for the character".to_owned());
        };
        let Some((hole, after)) = inside.split_once('}') else {
            return Err("a `{` without a `}`: write `{{` for the character".to_owned());
        };
        let (name, format) = hole.split_once(':').map_or((hole, None), |(name, format)| (name, Some(format)));
        let name = match name.trim() {
            "" => {
                next += 1;
                (next - 1).to_string()
            }
            name => name.to_owned(),
        };
        let field =
            case.fields.iter().find(|field| field.name() == name).ok_or_else(|| unknown(&name, case))?;
        out.push_str(&format!("{{{}", field.binding));
        if let Some(format) = format {
            out.push_str(&format!(":{format}"));
        }
        out.push('}');
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn unknown(name: &str, case: &Case) -> String {
    let fields = case.fields.iter().map(|field| format!("`{}`", field.name())).collect::<Vec<_>>();
    let fields = if fields.is_empty() { "none".to_owned() } else { fields.join(", ") };
    format!("`{}` has no field `{name}` (its fields: {fields})", case.ident)
}
