//! The attributes that the user wrote below `#[message]`.

use std::collections::BTreeSet;

use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Path, Token};

/// The names of what is derived, without their paths.
pub(super) fn derived(attributes: &[Attribute]) -> BTreeSet<String> {
    let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    let paths = derives.filter_map(|attribute| {
        // What does not parse the compiler complains of itself.
        attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok()
    });
    paths.flatten().filter_map(|path| path.segments.last().map(|last| last.ident.to_string())).collect()
}

/// What the user's own `#[serde(..)]` say about one field, variant or type.
#[derive(Default)]
pub(super) struct Serde {
    words: BTreeSet<String>,
    /// The names that it is known by: `rename` and `alias`.
    pub(super) names: BTreeSet<String>,
}

impl Serde {
    pub(super) fn of(attributes: &[Attribute]) -> Self {
        let mut serde = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            // What does not parse is left to serde, whose errors are better.
            let _ = attribute.parse_nested_meta(|meta| serde.read(&meta));
        }
        serde
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let is_name = matches!(word.as_str(), "rename" | "alias" | "serialize" | "deserialize");
        self.words.insert(word);
        if meta.input.peek(Token![=]) {
            let value: Expr = meta.value()?.parse()?;
            if let (true, Expr::Lit(ExprLit { lit: Lit::Str(name), .. })) = (is_name, value) {
                self.names.insert(name.value());
            }
        } else if meta.input.peek(syn::token::Paren) {
            meta.parse_nested_meta(|inner| self.read(&inner))?;
        }
        Ok(())
    }

    pub(super) fn says(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Whether the user decided how the value is read.
    pub(super) fn reads_itself(&self) -> bool {
        ["with", "deserialize_with", "skip", "skip_deserializing", "flatten"]
            .iter()
            .any(|word| self.says(word))
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn derives_and_serde() {
        let item: syn::ItemStruct = parse_quote! {
            #[derive(Clone, ::prost::Message)]
            #[derive(serde::Serialize)]
            #[serde(rename(serialize = "a", deserialize = "b"), alias = "c", default, bound = "T: X")]
            struct S;
        };
        assert_eq!(derived(&item.attrs), ["Clone", "Message", "Serialize"].map(str::to_owned).into());
        let serde = Serde::of(&item.attrs);
        assert_eq!(serde.names, ["a", "b", "c"].map(str::to_owned).into());
        assert!(serde.says("default") && serde.says("bound") && !serde.says("flatten"));
    }
}
