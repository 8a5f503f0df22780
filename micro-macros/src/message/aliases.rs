//! The names that a reader of JSON answers to besides those that it writes.

use std::collections::BTreeSet;

/// What a field or variant is called.
pub(super) struct Called {
    /// In Rust.
    pub(super) name: String,
    /// In `rename` and `alias` of the user.
    pub(super) given: BTreeSet<String>,
    /// Whether it is written under another name than Rust's.
    pub(super) renamed: bool,
}

/// The aliases of each name, of which none may be the name or alias of another one: then the sender could mean either.
/// What is written under another name is read under Rust's too.
pub(super) fn aliases(all: &[Called], spell: impl Fn(&str) -> Vec<String>) -> Vec<Vec<String>> {
    let written = |called: &Called| (!called.renamed).then(|| called.name.clone());
    let mut taken: BTreeSet<String> =
        all.iter().flat_map(|called| called.given.iter().cloned().chain(written(called))).collect();
    let spelled = all.iter().map(|called| {
        let names = called.renamed.then(|| called.name.clone()).into_iter().chain(spell(&called.name));
        names.filter(|alias| !alias.is_empty() && taken.insert(alias.clone())).collect()
    });
    spelled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::camel_case;

    fn called(name: &str, given: &[&str], renamed: bool) -> Called {
        let given = given.iter().map(|name| (*name).to_owned()).collect();
        Called { name: name.to_owned(), given, renamed }
    }

    fn camel(all: &[Called]) -> Vec<Vec<String>> {
        aliases(all, |name| vec![camel_case(name)])
    }

    #[test]
    fn an_alias_is_of_one_only() {
        let none = Vec::<String>::new();
        assert_eq!(
            camel(&[called("user_id", &[], false), called("userId", &[], false)]),
            [none.clone(), none]
        );
        assert_eq!(camel(&[called("user_id", &["x"], false)]), [vec!["userId".to_owned()]]);
    }

    #[test]
    fn what_is_renamed_is_read_under_its_own_name_too() {
        let both = ["user_id".to_owned(), "userId".to_owned()];
        assert_eq!(camel(&[called("user_id", &["userID"], true)]), [both.to_vec()]);
        // But for the name of another one.
        let all = [called("user_id", &["x"], true), called("other", &["user_id"], true)];
        assert_eq!(camel(&all)[0], ["userId"]);
    }
}
