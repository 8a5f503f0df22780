//! `std::error::Error` of an error: what caused it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::ErrorType;

pub(super) fn expand(error: &ErrorType) -> TokenStream {
    let ident = &error.ident;
    let arms = error.cases.iter().filter_map(|case| {
        let source = case.source()?;
        let (path, member) = (&case.path, &source.member);
        let site = proc_macro2::Span::mixed_site().located_at(source.ty.span());
        let cause = if source.is_option() {
            quote_spanned!(site=> ::core::option::Option::as_ref(source).map(|source| source.as_cause()))
        } else {
            quote_spanned!(site=> ::core::option::Option::Some(source.as_cause()))
        };
        let source = quote_spanned!(site=> source);
        Some(quote!(#path { #member: #source, .. } => #cause,))
    });
    let arms = arms.collect::<Vec<_>>();
    let none = (arms.len() < error.cases.len()).then(|| quote!(_ => ::core::option::Option::None,));
    let body = if arms.is_empty() {
        quote!(::core::option::Option::None)
    } else {
        quote! {
            // The method of this trait is asked for by name, so that it is found behind a box too.
            use ::micro::private::Cause as _;
            match self { #(#arms)* #none }
        }
    };
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl ::std::error::Error for #ident {
            fn source(&self) -> ::core::option::Option<&(dyn ::std::error::Error + 'static)> {
                #body
            }
        }
    }
}
