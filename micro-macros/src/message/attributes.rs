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
    /// `rename = "a"` as `rename` and `a`, `rename(deserialize = "a")` as `rename.deserialize` and `a`.
    texts: Vec<(String, String)>,
}

impl Serde {
    pub(super) fn of(attributes: &[Attribute]) -> Self {
        let mut serde = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            // What does not parse is left to serde, whose errors are better.
            let _ = attribute.parse_nested_meta(|meta| serde.read(&meta, ""));
        }
        serde
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>, within: &str) -> syn::Result<()> {
        let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let path = format!("{within}{word}");
        self.words.insert(word);
        if meta.input.peek(Token![=]) {
            let value: Expr = meta.value()?.parse()?;
            if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value {
                self.texts.push((path, text.value()));
            }
        } else if meta.input.peek(syn::token::Paren) {
            let within = format!("{path}.");
            meta.parse_nested_meta(|inner| self.read(&inner, &within))?;
        }
        Ok(())
    }

    /// What a word says of reading: `rename = "a"` and `rename(deserialize = "a")`.
    pub(super) fn text(&self, word: &str) -> Option<&str> {
        self.texts_of(word).next()
    }

    fn texts_of(&self, word: &str) -> impl Iterator<Item = &str> {
        let of_word = move |path: &str| {
            path.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest == ".deserialize")
        };
        self.texts.iter().filter(move |(path, _)| of_word(path)).map(|(_, text)| text.as_str())
    }

    /// The names that it is read by. `unless_renamed` is the one that it has without a name of its own.
    pub(super) fn known(&self, unless_renamed: String) -> BTreeSet<String> {
        let name = self.text("rename").map_or(unless_renamed, str::to_owned);
        self.texts_of("alias").map(str::to_owned).chain([name]).collect()
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
            #[serde(alias = "d", rename_all = "camelCase")]
            struct S;
        };
        assert_eq!(derived(&item.attrs), ["Clone", "Message", "Serialize"].map(str::to_owned).into());
        let serde = Serde::of(&item.attrs);
        assert_eq!(serde.known("S".to_owned()), ["b", "c", "d"].map(str::to_owned).into());
        assert_eq!((serde.text("rename_all"), serde.text("tag")), (Some("camelCase"), None));
        assert_eq!(Serde::default().known("S".to_owned()), ["S".to_owned()].into());
        assert!(serde.says("default") && serde.says("bound") && !serde.says("flatten"));
    }
}
