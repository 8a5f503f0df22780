//! The part of `cargo metadata` that the commands read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Packages and how they depend on each other.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_root: PathBuf,
    pub(crate) target_directory: PathBuf,
    /// Absent with `--no-deps`.
    pub(crate) resolve: Option<Resolve>,
}

/// A package: one of ours when it has no source.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) source: Option<String>,
    /// The native library that its build script links.
    pub(crate) links: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    /// The registries it may be published to; absent means all, empty none.
    pub(crate) publish: Option<Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A line of a manifest's dependencies.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Option<Kind>,
    /// Set when it is a package of this tree.
    pub(crate) path: Option<PathBuf>,
    pub(crate) uses_default_features: bool,
}

/// When a dependency is needed; a normal one has no kind.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Build,
    Dev,
}

/// The resolved graph.
#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
    pub(crate) root: Option<String>,
}

/// A package in the resolved graph.
#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Edge>,
}

/// A resolved dependency.
#[derive(Debug, Deserialize)]
pub(crate) struct Edge {
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<EdgeKind>,
}

/// One reason for a resolved dependency.
#[derive(Debug, Deserialize)]
pub(crate) struct EdgeKind {
    pub(crate) kind: Option<Kind>,
}

impl Metadata {
    /// The packages whose folder is directly inside `folder` of the workspace.
    pub(crate) fn in_folder<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a Package> {
        let folder = self.workspace_root.join(folder);
        self.packages.iter().filter(move |package| package.folder().parent() == Some(&folder))
    }
}

impl Package {
    /// Where the package is.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// Whether it may be published anywhere.
    pub(crate) fn is_publishable(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }
}

impl Edge {
    /// Whether it is more than a dev-dependency.
    pub(crate) fn is_built(&self) -> bool {
        self.dep_kinds.iter().any(|reason| reason.kind != Some(Kind::Dev))
    }
}
