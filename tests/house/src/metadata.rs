//! `cargo metadata`, reduced to who depends on whom.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How a dependency is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Linked into the product, or run to build it.
    Product,
    /// Only by tests and examples.
    Tests,
}

/// A package of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// One of ours.
    pub ours: bool,
    /// Folder from the root, for ours.
    pub folder: String,
    /// Names that it uses directly.
    pub uses: BTreeSet<(Reach, String)>,
    /// Its package ids' direct successors in the product graph.
    successors: BTreeSet<String>,
}

/// The packages of the workspace and everything under them, by package id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    packages: BTreeMap<String, Package>,
}

/// Why the graph is not known.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// Cargo could not be started.
    #[error("failed to start cargo metadata: {0}; is cargo on PATH?")]
    Start(std::io::Error),
    /// Cargo refused.
    #[error("cargo metadata failed: {0}")]
    Refused(String),
    /// Cargo answered something else.
    #[error("failed to read cargo metadata's answer: {0}")]
    Unreadable(serde_json::Error),
}

impl Metadata {
    /// Asks cargo about the workspace at `root`.
    pub fn of(root: &Path) -> Result<Self, MetadataError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "cargo is the only one who knows its graph; no identity is involved"
        )]
        let output = std::process::Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1"])
            .current_dir(root)
            .output()
            .map_err(MetadataError::Start)?;
        if !output.status.success() {
            return Err(MetadataError::Refused(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let value = serde_json::from_slice(&output.stdout).map_err(MetadataError::Unreadable)?;
        Ok(Self::read(&value))
    }

    /// Reads what cargo answers.
    pub fn read(value: &Value) -> Self {
        let members: BTreeSet<&str> = strings(&value["workspace_members"]);
        let root = value["workspace_root"].as_str().unwrap_or_default();
        let mut packages = BTreeMap::new();
        for package in list(&value["packages"]) {
            let id = text(package, "id");
            let manifest = text(package, "manifest_path").replace('\\', "/");
            let folder =
                manifest.trim_start_matches(root).trim_end_matches("/Cargo.toml").trim_start_matches('/');
            let uses = list(&package["dependencies"]).map(|dependency| {
                let reach = if dependency["kind"] == "dev" { Reach::Tests } else { Reach::Product };
                (reach, text(dependency, "name").to_owned())
            });
            packages.insert(
                id.to_owned(),
                Package {
                    name: text(package, "name").to_owned(),
                    ours: members.contains(id),
                    folder: folder.to_owned(),
                    uses: uses.collect(),
                    successors: BTreeSet::new(),
                },
            );
        }
        for node in list(&value["resolve"]["nodes"]) {
            let linked =
                list(&node["deps"]).filter(|dep| list(&dep["dep_kinds"]).any(|kind| kind["kind"].is_null()));
            let successors = linked.map(|dep| text(dep, "pkg").to_owned()).collect();
            if let Some(package) = packages.get_mut(text(node, "id")) {
                package.successors = successors;
            }
        }
        Self { packages }
    }

    /// Our packages.
    pub fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.ours)
    }

    /// Names of everything that the product form of `name` links, itself left out.
    pub fn closure(&self, name: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> =
            self.ours().filter(|package| package.name == name).flat_map(Package::next).collect();
        while let Some(id) = open.pop() {
            if seen.insert(id)
                && let Some(package) = self.packages.get(id)
            {
                open.extend(package.next());
            }
        }
        seen.into_iter().filter_map(|id| self.packages.get(id)).map(|package| package.name.as_str()).collect()
    }
}

impl Package {
    fn next(&self) -> impl Iterator<Item = &str> {
        self.successors.iter().map(String::as_str)
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn strings(value: &Value) -> BTreeSet<&str> {
    list(value).filter_map(Value::as_str).collect()
}
