//! Arrows between our crates go one way only.

use crate::metadata::{Dependency, Kind, Metadata, Package};

/// Which crates of ours each crate may depend on. Dev-dependencies are not counted. What one seam needs of another at
/// run time comes in as a trait object; only the selector sees another trait crate, for the records it picks from.
const ARROWS: &[(&str, &[&str])] = &[
    ("micro-core", &[]),
    ("micro-macros", &[]),
    ("micro-net", &["micro-core"]),
    ("micro-codec", &["micro-core"]),
    ("micro-transport", &["micro-core", "micro-net"]),
    ("micro-registry", &["micro-core", "micro-net"]),
    ("micro-selector", &["micro-core", "micro-registry"]),
    (
        "micro",
        &[
            "micro-codec",
            "micro-core",
            "micro-macros",
            "micro-net",
            "micro-registry",
            "micro-selector",
            "micro-transport",
        ],
    ),
    ("micro-testing", &["micro"]),
    ("failures", &["micro", "micro-testing"]),
    // What the doors for fuzzing are in.
    ("fuzz-targets", &["micro", "micro-registry", "micro-transport"]),
    // It compiles files of others, and depends on none.
    ("models", &[]),
    ("xtask", &[]),
];

/// Folders whose crates are users of the library: they see `micro` and nothing below it.
const USERS: &[&str] = &["examples", "interop", "platform", "cli"];

/// Returns every arrow that may not be.
pub(super) fn check(workspace: &Metadata) -> Vec<String> {
    let mut failures = Vec::new();
    let mut count = 0;
    for package in &workspace.packages {
        let Some(allowed) = allowed(workspace, package) else {
            failures
                .push(format!("crate {} has no row in the table of xtask/src/deps/arrows.rs", package.name));
            continue;
        };
        for dependency in ours(package) {
            count += 1;
            failures.extend(fault(package, dependency, allowed));
        }
    }
    println!("arrows between crates: {count}, not allowed: {}", failures.len());
    failures
}

/// What a package may depend on; `None` when nobody has decided.
fn allowed(workspace: &Metadata, package: &Package) -> Option<&'static [&'static str]> {
    let folder = package.folder().strip_prefix(&workspace.workspace_root).ok()?;
    if USERS.iter().any(|users| folder.starts_with(users)) {
        return Some(&["micro"]);
    }
    ARROWS.iter().find(|(name, _)| *name == package.name).map(|(_, allowed)| *allowed)
}

/// The dependencies on packages of this tree that are more than dev-dependencies.
fn ours(package: &Package) -> impl Iterator<Item = &Dependency> {
    package.dependencies.iter().filter(|to| to.path.is_some() && to.kind != Some(Kind::Dev))
}

/// What is wrong with an arrow, if anything is.
fn fault(from: &Package, to: &Dependency, allowed: &[&str]) -> Option<String> {
    if !allowed.contains(&to.name.as_str()) {
        let allowed = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") };
        return Some(format!(
            "arrow {} -> {} is not allowed: it may depend on {allowed}",
            from.name, to.name
        ));
    }
    // With its default features the registry would bring mDNS into everything that only wants its records.
    if to.name == "micro-registry" && to.uses_default_features {
        return Some(format!("arrow {} -> {} needs `default-features = false`", from.name, to.name));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::metadata::Metadata;

    fn workspace(folder: &str, name: &str, dependency: &str) -> Metadata {
        let text = format!(
            r#"{{"workspace_root": "/w", "target_directory": "/w/target", "packages": [{{
                "id": "1", "name": "{name}", "version": "0.1.0", "manifest_path": "/w/{folder}/Cargo.toml",
                "features": {{}}, "dependencies": [{dependency}]}}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn dependency(name: &str, kind: &str, default_features: bool) -> String {
        format!(
            r#"{{"name": "{name}", "kind": {kind}, "path": "/w/{name}", "uses_default_features": {default_features}}}"#
        )
    }

    #[test]
    fn an_arrow_upwards_is_named() {
        let found = check(&workspace("micro-core", "micro-core", &dependency("micro-net", "null", true)));
        assert_eq!(found, ["arrow micro-core -> micro-net is not allowed: it may depend on nothing of ours"]);
        let found = check(&workspace("micro-net", "micro-net", &dependency("micro", "\"build\"", true)));
        assert_eq!(found, ["arrow micro-net -> micro is not allowed: it may depend on micro-core"]);
    }

    #[test]
    fn arrows_of_the_table_and_dev_dependencies_pass() {
        assert!(
            check(&workspace("micro-net", "micro-net", &dependency("micro-core", "null", true))).is_empty()
        );
        assert!(
            check(&workspace("micro-core", "micro-core", &dependency("micro", "\"dev\"", true))).is_empty()
        );
    }

    #[test]
    fn users_see_micro_only() {
        assert!(check(&workspace("examples/a", "a", &dependency("micro", "null", true))).is_empty());
        let found = check(&workspace("examples/a", "a", &dependency("micro-core", "null", true)));
        assert_eq!(found, ["arrow a -> micro-core is not allowed: it may depend on micro"]);
    }

    #[test]
    fn the_registry_comes_without_its_default_features() {
        let found = check(&workspace("s", "micro-selector", &dependency("micro-registry", "null", true)));
        assert_eq!(found, ["arrow micro-selector -> micro-registry needs `default-features = false`"]);
        let found = check(&workspace("s", "micro-selector", &dependency("micro-registry", "null", false)));
        assert!(found.is_empty());
    }

    #[test]
    fn a_crate_without_a_row_fails() {
        let found = check(&workspace("micro-new", "micro-new", ""));
        assert_eq!(found, ["crate micro-new has no row in the table of xtask/src/deps/arrows.rs"]);
    }
}
