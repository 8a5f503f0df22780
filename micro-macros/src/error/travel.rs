//! The way out, into a `micro::Error`, and back.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::ErrorType;
use super::case::Case;
use super::field::{Field, Role};

pub(super) fn expand(error: &ErrorType) -> TokenStream {
    let ErrorType { ident, visibility, domain, cases } = error;
    let out = cases.iter().map(|case| out(case, domain));
    let back = cases.iter().filter_map(back);
    quote! {
        #[automatically_derived]
        #[allow(unused_variables, unused_mut, deprecated)]
        impl ::core::convert::From<#ident> for ::micro::Error {
            fn from(from: #ident) -> Self {
                let detail = ::std::string::ToString::to_string(&from);
                match from { #(#out)* }
            }
        }

        #[automatically_derived]
        #[allow(dead_code, deprecated)]
        impl #ident {
            /// The error that a service failed with, if it is one of these: what callers match on.
            #[must_use]
            #visibility fn from_error(error: &::micro::Error) -> ::core::option::Option<Self> {
                if error.domain() != #domain {
                    return ::core::option::Option::None;
                }
                match error.reason() {
                    #(#back)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        /// Gives the error back as it was where it is none of these.
        #[automatically_derived]
        impl<'a> ::core::convert::TryFrom<&'a ::micro::Error> for #ident {
            type Error = &'a ::micro::Error;

            fn try_from(error: &'a ::micro::Error) -> ::core::result::Result<Self, &'a ::micro::Error> {
                Self::from_error(error).ok_or(error)
            }
        }
    }
}

/// The arm that makes a `micro::Error` of a case.
fn out(case: &Case, domain: &str) -> TokenStream {
    let Case { code, reason, .. } = case;
    let pattern = case.with(|field| {
        let binding = &field.binding;
        quote!(#binding)
    });
    let error = error();
    let facts = case.fields.iter().map(|field| {
        let Field { binding, key, .. } = field;
        let ty = field.text_type();
        let site = site(field);
        let told = quote_spanned!(site=> ::micro::private::fact::<#ty>);
        match field.role {
            Role::Text => quote!(#told(&mut #error, #key, [&#binding]);),
            Role::Optional | Role::Many => quote!(#told(&mut #error, #key, &#binding);),
            Role::Source if field.is_option() => quote_spanned! {site=>
                if let ::core::option::Option::Some(source) = #binding {
                    #error = #error.with_source(source);
                }
            },
            Role::Source => quote_spanned!(site=> #error = #error.with_source(#binding);),
            Role::Local => quote!(),
        }
    });
    quote! {
        #pattern => {
            let mut #error = Self::new(::micro::Code::#code, detail).with_reason(#reason).with_domain(#domain);
            #(#facts)*
            #error
        }
    }
}

/// The arm that makes a case of a `micro::Error`; none where its source cannot be left out.
fn back(case: &Case) -> Option<TokenStream> {
    if case.source().is_some_and(|source| !source.is_option()) {
        return None;
    }
    let reason = &case.reason;
    let error = error();
    let value = case.with(|field| {
        let (key, ty, site) = (&field.key, field.text_type(), site(field));
        let read = match field.role {
            Role::Text => quote_spanned!(site=> one),
            Role::Optional => quote_spanned!(site=> optional),
            Role::Many => quote_spanned!(site=> all),
            Role::Local | Role::Source => return quote_spanned!(site=> ::core::default::Default::default()),
        };
        quote_spanned!(site=> ::micro::private::#read::<#ty>(#error, #key)?)
    });
    Some(quote!(#reason => ::core::option::Option::Some(#value),))
}

/// The variable of the error, which has no span of the user's, even where what is done with it has one.
fn error() -> Ident {
    Ident::new("error", Span::call_site())
}

/// Where the user wrote the field's type, as that is what does not travel.
fn site(field: &Field) -> Span {
    Span::mixed_site().located_at(field.ty.span())
}
