//! The names that a reader of JSON answers to besides those that it writes.

use std::collections::BTreeSet;

/// The aliases of each name, of which none may be the name or alias of another one: then the sender could mean either.
pub(super) fn aliases(
    names: &[(String, BTreeSet<String>)],
    spell: impl Fn(&str) -> Vec<String>,
) -> Vec<Vec<String>> {
    let mut taken: BTreeSet<String> =
        names.iter().flat_map(|(name, given)| given.iter().chain([name])).cloned().collect();
    let spelled = names.iter().map(|(name, _)| {
        spell(name).into_iter().filter(|alias| !alias.is_empty() && taken.insert(alias.clone())).collect()
    });
    spelled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::camel_case;

    #[test]
    fn an_alias_is_of_one_only() {
        let names = [("user_id".to_owned(), BTreeSet::new()), ("userId".to_owned(), BTreeSet::new())];
        assert_eq!(aliases(&names, |name| vec![camel_case(name)]), [Vec::<String>::new(), vec![]]);
        let names = [("user_id".to_owned(), ["x".to_owned()].into())];
        assert_eq!(
            aliases(&names, |name| vec![camel_case(name), "x".to_owned()]),
            [vec!["userId".to_owned()]]
        );
    }
}
