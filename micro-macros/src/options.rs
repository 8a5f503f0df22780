//! [`Options`]: what stands between the parentheses of an attribute.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Token};

use crate::errors::Errors;

/// The options of an attribute. Take out those that there are; [`end`](Self::end) tells of all others.
pub(crate) struct Options {
    /// What the user reads: `#[endpoint]`.
    attribute: &'static str,
    metas: Vec<Meta>,
}

impl Options {
    /// Of what is between the parentheses.
    pub(crate) fn parse(attribute: &'static str, tokens: TokenStream, errors: &mut Errors) -> Self {
        let parsed = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens);
        Self { attribute, metas: errors.take(parsed).into_iter().flatten().collect() }
    }

    /// Of all attributes of this name.
    pub(crate) fn of(
        attribute: &'static str,
        name: &str,
        attributes: &[Attribute],
        errors: &mut Errors,
    ) -> Self {
        let mut all = Self { attribute, metas: Vec::new() };
        for found in attributes.iter().filter(|found| found.path().is_ident(name)) {
            match &found.meta {
                Meta::Path(_) => {}
                Meta::List(list) => {
                    all.metas.extend(Self::parse(attribute, list.tokens.clone(), errors).metas);
                }
                Meta::NameValue(_) => {
                    errors.at(found, format!("the options of `{attribute}` stand in parentheses"));
                }
            }
        }
        all
    }

    /// A word that is there or not: `idempotent`.
    pub(crate) fn flag(&mut self, name: &str, errors: &mut Errors) -> bool {
        match self.option(name, errors) {
            None => false,
            Some(Meta::Path(_)) => true,
            Some(other) => {
                errors.at(other, format!("`{name}` stands alone: it is said by being there"));
                true
            }
        }
    }

    /// A text: `name = "GetURL"`.
    pub(crate) fn text(&mut self, name: &str, errors: &mut Errors) -> Option<LitStr> {
        let option = self.option(name, errors)?;
        if let Meta::NameValue(pair) = &option
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            return Some(text.clone());
        }
        errors.at(option, format!("`{name}` takes a text: `{name} = \"..\"`"));
        None
    }

    /// A word: `code = not_found`.
    pub(crate) fn word(&mut self, name: &str, example: &str, errors: &mut Errors) -> Option<Ident> {
        let option = self.option(name, errors)?;
        if let Meta::NameValue(pair) = &option
            && let Expr::Path(path) = &pair.value
            && let Some(word) = path.path.get_ident()
        {
            return Some(word.clone());
        }
        errors.at(option, format!("`{name}` takes a word: `{name} = {example}`"));
        None
    }

    fn option(&mut self, name: &str, errors: &mut Errors) -> Option<Meta> {
        let index = self.metas.iter().position(|meta| meta.path().is_ident(name))?;
        let first = self.metas.remove(index);
        self.metas.retain(|meta| {
            let again = meta.path().is_ident(name);
            if again {
                errors.at(meta, format!("`{name}` is said twice"));
            }
            !again
        });
        Some(first)
    }

    /// Tells of options that nobody took. `known` is what there is, as the user would write it.
    pub(crate) fn end(self, known: &[&str], errors: &mut Errors) {
        let attribute = self.attribute;
        let known = known.iter().map(|option| format!("`{option}`")).collect::<Vec<_>>().join(", ");
        for meta in self.metas {
            let name = crate::types::shown(meta.path());
            errors.at(meta, format!("`{attribute}` has no option `{name}` (it has: {known})"));
        }
    }
}
