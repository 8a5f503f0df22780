//! What a fresh crate gets that adds `micro` and changes nothing.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::error::{Doing, Error, Result};
use crate::metadata::{Metadata, Package};
use crate::{cargo, process};

/// The most foreign packages in its lock file, all platforms counted.
const LIMIT: usize = 90;

/// The platform whose build is looked at for C.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Crates that build C, or look for a C library on the machine.
const C_BUILDERS: &[&str] = &["cc", "cmake", "bindgen", "pkg-config", "vcpkg", "autotools", "nasm-rs"];

/// Packages that use `links` to be in a build only once, and link nothing.
const LINKS_NOTHING: &[&str] = &["rayon-core", "wasm-bindgen-shared", "prettyplease"];

/// Makes the crate and returns what is wrong with what it gets.
pub(super) fn check(workspace: &Metadata) -> Result<Vec<String>> {
    let user = Folder::new(&workspace.target_directory)?;
    write_crate(&user.path, &workspace.workspace_root)?;
    in_crate(&user.path, &["generate-lockfile"])?;
    let lock = std::fs::read_to_string(user.path.join("Cargo.lock")).doing("reading the fresh Cargo.lock")?;
    let foreign = foreign_in_lock(&lock);

    let graph = in_crate(&user.path, &["metadata", "--format-version=1", "--filter-platform", PLATFORM])?;
    let graph: Metadata = serde_json::from_str(&graph).doing("reading what `cargo metadata` says")?;
    let built = built_foreign(&graph)?;

    println!(
        "foreign packages of a fresh crate: {foreign} on all platforms (limit {LIMIT}), {} built on Linux",
        built.len()
    );
    let mut failures: Vec<_> = built.iter().filter_map(|package| builds_c(package)).collect();
    println!("of these build or link C: {}", failures.len());
    if foreign > LIMIT {
        failures
            .push(format!("a fresh crate with micro has {foreign} foreign packages, the limit is {LIMIT}"));
    }
    Ok(failures)
}

/// A folder that goes when it is dropped.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new(target: &Path) -> Result<Self> {
        let path = target.join("tmp").join(format!("xtask-deps-{}", std::process::id()));
        std::fs::create_dir_all(path.join("src")).doing(path.display())?;
        Ok(Self { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it any more, and it is in the target directory.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Writes a crate that is no member of our workspace, so that neither our lock file nor our dev-dependencies count.
fn write_crate(folder: &Path, root: &Path) -> Result {
    let micro = root.join("micro");
    let manifest = format!(
        "[package]\nname = \"fresh\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nmicro = {{ path = {micro:?} }}\n\n[workspace]\n"
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).doing("writing a fresh crate")?;
    std::fs::write(folder.join("src/main.rs"), "fn main() {}\n").doing("writing a fresh crate")
}

/// Runs cargo in the crate: without the network when what is on this machine is enough, else with it.
fn in_crate(folder: &Path, arguments: &[&str]) -> Result<String> {
    let run = |offline: &[&str]| {
        let mut command = cargo::cargo([])?;
        process::output(command.current_dir(folder).args(arguments).args(offline))
    };
    run(&["--offline"]).or_else(|_| run(&[]))
}

/// Counts the packages that come from elsewhere: ours have no source.
fn foreign_in_lock(lock: &str) -> usize {
    lock.lines().filter(|line| line.starts_with("source = ")).count()
}

/// The foreign packages that are reached from the root without dev-dependencies, build scripts' included.
fn built_foreign(graph: &Metadata) -> Result<Vec<&Package>> {
    let resolve = graph.resolve.as_ref().ok_or_else(|| Error::new("`cargo metadata` resolved nothing"))?;
    let root = resolve.root.as_ref().ok_or_else(|| Error::new("`cargo metadata` names no root package"))?;
    let nodes: HashMap<_, _> = resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut seen = BTreeSet::new();
    let mut open = vec![root.as_str()];
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            let edges = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            open.extend(edges.filter(|edge| edge.is_built()).map(|edge| edge.pkg.as_str()));
        }
    }
    let reached = graph.packages.iter().filter(|package| seen.contains(package.id.as_str()));
    Ok(reached.filter(|package| package.source.is_some()).collect())
}

/// Why a package is taken to build or link C, if it is.
fn builds_c(package: &Package) -> Option<String> {
    let Package { name, version, links, .. } = package;
    if C_BUILDERS.contains(&name.as_str()) {
        return Some(format!(
            "{name} {version} is in the default build, so something builds C: see `cargo tree -i {name}`"
        ));
    }
    let library = links.as_ref().filter(|_| !LINKS_NOTHING.contains(&name.as_str()))?;
    Some(format!("{name} {version} is in the default build and links the native library `{library}`"))
}

#[cfg(test)]
mod tests {
    use super::{builds_c, built_foreign, foreign_in_lock};
    use crate::metadata::Metadata;

    fn package(id: &str, source: &str, links: &str) -> String {
        format!(
            r#"{{"id": "{id}", "name": "{id}", "version": "1.0.0", "source": {source}, "links": {links},
                "manifest_path": "/w/{id}/Cargo.toml", "features": {{}}, "dependencies": []}}"#
        )
    }

    fn node(id: &str, edges: &[(&str, &str)]) -> String {
        let edges =
            edges.iter().map(|(to, kind)| format!(r#"{{"pkg": "{to}", "dep_kinds": [{{"kind": {kind}}}]}}"#));
        format!(r#"{{"id": "{id}", "deps": [{}]}}"#, edges.collect::<Vec<_>>().join(","))
    }

    fn graph() -> Metadata {
        let packages = [
            package("fresh", "null", "null"),
            package("plain", "\"registry\"", "null"),
            package("cc", "\"registry\"", "null"),
            package("z-sys", "\"registry\"", "\"z\""),
            package("only-in-tests", "\"registry\"", "\"y\""),
        ];
        let nodes = [
            node("fresh", &[("plain", "null"), ("only-in-tests", "\"dev\"")]),
            node("plain", &[("cc", "\"build\""), ("z-sys", "null")]),
            node("cc", &[]),
            node("z-sys", &[]),
            node("only-in-tests", &[]),
        ];
        let text = format!(
            r#"{{"workspace_root": "/w", "target_directory": "/w/target", "packages": [{}],
                "resolve": {{"root": "fresh", "nodes": [{}]}}}}"#,
            packages.join(","),
            nodes.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_builds_c_is_found_through_build_scripts_but_not_through_tests() {
        let graph = graph();
        let built = built_foreign(&graph).unwrap();
        let names: Vec<_> = built.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["plain", "cc", "z-sys"]);
        let faults: Vec<_> = built.iter().filter_map(|package| builds_c(package)).collect();
        assert_eq!(faults.len(), 2);
        assert!(faults[0].starts_with("cc 1.0.0 is in the default build"), "{faults:?}");
        assert!(faults[1].ends_with("links the native library `z`"), "{faults:?}");
    }

    #[test]
    fn counts_packages_with_a_source() {
        let lock = "[[package]]\nname = \"a\"\n\n[[package]]\nname = \"b\"\nsource = \"registry+x\"\n";
        assert_eq!(foreign_in_lock(lock), 1);
    }
}
