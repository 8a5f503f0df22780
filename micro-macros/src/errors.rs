//! [`Errors`]: all that is wrong with the user's code, told in one run.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Collects faults, so that the user sees all of them at once and not one per build.
///
/// A macro goes on after a fault as well as it can, and ends with [`finish`](Self::finish), which emits the user's item
/// in any case: without it every use of the item would be one more error, and hide those that matter.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a fault of a piece of the user's code, which the compiler underlines.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Adds a fault of a place in the user's code.
    #[allow(dead_code, reason = "for faults of what is not a piece of syntax")]
    pub(crate) fn at_span(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Adds a fault that a parser found.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    /// The value, or nothing and a fault more.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// How many there are: more than before means that what was looked at in between is faulty.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The user's `item`, a `compile_error!` for each fault, and what was `generated`. Where there are faults that is
    /// best only what keeps uses of the item from failing too.
    pub(crate) fn finish(self, item: impl ToTokens, generated: impl ToTokens) -> TokenStream {
        let mut tokens = item.into_token_stream();
        tokens.extend(self.0.iter().map(syn::Error::to_compile_error));
        generated.to_tokens(&mut tokens);
        tokens
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn the_item_stays_and_all_faults_are_told() {
        let mut errors = Errors::new();
        assert!(errors.is_empty());
        errors.at(quote!(a), "first");
        assert_eq!(errors.take::<()>(Err(syn::Error::new(Span::call_site(), "second"))), None);
        assert_eq!(errors.take(Ok(3)), Some(3));
        let text = errors
            .finish(
                quote!(
                    struct S;
                ),
                quote!(impl S {}),
            )
            .to_string();
        assert!(text.starts_with("struct S ;"), "{text}");
        assert!(text.ends_with("impl S { }"), "{text}");
        assert!(text.contains("\"first\"") && text.contains("\"second\""), "{text}");
    }
}
