//! Questions about the user's types.

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    GenericArgument, Lifetime, PathArguments, PathSegment, Type, TypeImplTrait, TypeReference, TypeSlice,
    parse_quote,
};

/// A piece of code as people write it, for error texts.
pub(crate) fn shown(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, written) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ,", ","),
        ("[ ", "["),
        (" ]", "]"),
        (" ;", ";"),
        ("( ", "("),
        (" )", ")"),
    ] {
        text = text.replace(spaced, written);
    }
    text
}

/// The type without the parentheses, and the invisible groups that macros leave around it.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

/// The last part of a path: `Sender<R>` of `micro::Sender<R>`.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Its type arguments: `A` and `B` of `Result<A, B>`.
pub(crate) fn type_arguments(segment: &PathSegment) -> Vec<&Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether the type is `()`.
pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(bare(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// What keeps a type from being a message, however deep it stands in it.
pub(crate) enum Unfit<'a> {
    Reference,
    Lifetime(&'a Lifetime),
    Impl,
}

/// The first thing in a type that keeps it from being a message, whatever it implements.
pub(crate) fn unfit(ty: &Type) -> Option<Unfit<'_>> {
    struct Search<'a>(Option<Unfit<'a>>);
    impl<'a> Visit<'a> for Search<'a> {
        fn visit_type_reference(&mut self, _: &'a TypeReference) {
            self.0.get_or_insert(Unfit::Reference);
        }
        fn visit_lifetime(&mut self, lifetime: &'a Lifetime) {
            if lifetime.ident != "static" {
                self.0.get_or_insert(Unfit::Lifetime(lifetime));
            }
        }
        fn visit_type_impl_trait(&mut self, _: &'a TypeImplTrait) {
            self.0.get_or_insert(Unfit::Impl);
        }
        fn visit_type_bare_fn(&mut self, _: &'a syn::TypeBareFn) {}
    }
    let mut search = Search(None);
    visit::visit_type(&mut search, ty);
    search.0
}

/// Whether `Self` stands somewhere in a type.
pub(crate) fn names_self(ty: &Type) -> bool {
    struct Search(bool);
    impl Visit<'_> for Search {
        fn visit_path_segment(&mut self, segment: &PathSegment) {
            self.0 |= segment.ident == "Self";
            visit::visit_path_segment(self, segment);
        }
    }
    let mut search = Search(false);
    search.visit_type(ty);
    search.0
}

/// The type with what is borrowed in it owned: `Option<String>` of `Option<&str>`.
pub(crate) fn owned(ty: &Type) -> Type {
    struct Own;
    impl VisitMut for Own {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            while let Type::Reference(reference) = bare(ty) {
                *ty = match bare(&reference.elem) {
                    Type::Slice(slice) if shown(&slice.elem) == "u8" => parse_quote!(Bytes),
                    Type::Slice(TypeSlice { elem, .. }) => parse_quote!(Vec<#elem>),
                    other if shown(other) == "str" => parse_quote!(String),
                    other => other.clone(),
                };
            }
            visit_mut::visit_type_mut(self, ty);
        }
    }
    let mut ty = ty.clone();
    Own.visit_type_mut(&mut ty);
    ty
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_as_written() {
        for text in ["&str", "Option<&str>", "std::result::Result<A, B>", "[u8; 4]", "(A, B)", "&[u8]"] {
            let ty: Type = syn::parse_str(text).unwrap();
            assert_eq!(shown(ty), text);
        }
    }

    #[test]
    fn unfit_types_are_found_inside() {
        assert!(matches!(unfit(&parse_quote!(Option<Vec<&str>>)), Some(Unfit::Reference)));
        assert!(matches!(unfit(&parse_quote!(Cow<'_, str>)), Some(Unfit::Lifetime(_))));
        assert!(matches!(unfit(&parse_quote!(Vec<impl Copy>)), Some(Unfit::Impl)));
        assert!(unfit(&parse_quote!(Cow<'static, str>)).is_none());
        assert!(names_self(&parse_quote!(Vec<Self::Item>)) && !names_self(&parse_quote!(Vec<u8>)));
    }

    #[test]
    fn owned_types() {
        for (borrowed, expected) in [
            ("&str", "String"),
            ("&[u8]", "Bytes"),
            ("&[&u32]", "Vec<u32>"),
            ("&'a mut Foo", "Foo"),
            ("Option<&'static str>", "Option<String>"),
            ("(&&A, B)", "(A, B)"),
        ] {
            let ty: Type = syn::parse_str(borrowed).unwrap();
            assert_eq!(shown(owned(&ty)), expected);
        }
    }
}
