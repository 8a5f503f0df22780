//! The names that a reader of JSON answers to besides those that it writes.

use std::collections::BTreeSet;

/// A field or a variant.
pub(super) struct Named {
    /// What Rust calls it.
    pub(super) rust: String,
    /// What serde reads it by.
    pub(super) known: BTreeSet<String>,
}

/// The aliases of each name, of which none may be a name or alias of another one: then the sender could mean either.
/// The name in Rust goes first, as it is told to be read whatever `#[serde(rename)]` says, so that no other spelling
/// may take it. `taken` is what no alias may be.
pub(super) fn aliases(
    names: &[Named],
    mut taken: BTreeSet<String>,
    spell: impl Fn(&str) -> Vec<String>,
) -> Vec<Vec<String>> {
    taken.extend(names.iter().flat_map(|name| &name.known).cloned());
    let mut aliases = vec![Vec::new(); names.len()];
    let mut offer = |index: usize, alias: String| {
        if !alias.is_empty() && taken.insert(alias.clone()) {
            aliases[index].push(alias);
        }
    };
    for (index, name) in names.iter().enumerate() {
        offer(index, name.rust.clone());
    }
    for (index, name) in names.iter().enumerate() {
        spell(&name.rust).into_iter().for_each(|alias| offer(index, alias));
    }
    aliases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::camel_case;

    fn camel(names: &[(&str, &[&str])], taken: &[&str]) -> Vec<Vec<String>> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let names: Vec<_> = names
            .iter()
            .map(|(rust, known)| Named { rust: (*rust).to_owned(), known: owned(known) })
            .collect();
        aliases(&names, owned(taken), |name| vec![camel_case(name)])
    }

    #[test]
    fn an_alias_is_of_one_only() {
        let none = Vec::<String>::new();
        assert_eq!(
            camel(&[("user_id", &["user_id"]), ("userId", &["userId"])], &[]),
            [none.clone(), none.clone()]
        );
        assert_eq!(camel(&[("user_id", &["user_id", "userId"])], &[]), vec![none.clone()]);
        assert_eq!(camel(&[("a", &["b"]), ("b", &["a"])], &[]), [none.clone(), none]);
        // The name in Rust before the spelling of another one.
        assert_eq!(camel(&[("user_id", &["x"]), ("userId", &["y"])], &[]), [vec!["user_id"], vec!["userId"]]);
        assert_eq!(camel(&[("user_id", &["x"])], &["userId"]), [vec!["user_id"]]);
    }

    #[test]
    fn what_is_renamed_is_read_by_its_name_in_rust() {
        assert_eq!(camel(&[("user_id", &["userID"])], &[]), [vec!["user_id", "userId"]]);
        assert_eq!(camel(&[("user_id", &["userId"])], &[]), [vec!["user_id"]]);
    }
}
