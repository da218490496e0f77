//! What a world says of registries and repositories, and what was made of it: files on disk, and these facts in the journal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::registry::model::{Auth, Place};

/// A registry of a world.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegistryOf {
    #[serde(default)]
    pub(crate) repositories: Vec<RepositoryOf>,
    #[serde(default)]
    pub(crate) auth: Auth,
    /// Name to password.
    #[serde(default)]
    pub(crate) users: BTreeMap<String, String>,
    /// Whether nobody in particular may pull; without it: when there are no users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public: Option<bool>,
}

/// A repository of a world.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepositoryOf {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, ImageOf>,
    /// Findings by severity; each image has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scan: Option<BTreeMap<String, u64>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) scan_on_push: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) immutable: bool,
}

/// An image of a world.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageOf {
    /// `os/architecture[/variant]`; several make an index.
    #[serde(default = "linux_amd64")]
    pub(crate) platforms: Vec<String>,
    /// An index even of one platform.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) index: bool,
    /// Bytes of each layer, compressed.
    #[serde(default)]
    pub(crate) layers: Vec<u64>,
    #[serde(default)]
    pub(crate) config: ConfigOf,
    /// Paths of files that the first layer has.
    #[serde(default)]
    pub(crate) files: Vec<String>,
    /// Docker's media types instead of OCI's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) docker: bool,
}

/// What an image starts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigOf {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entrypoint: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cmd: Option<Vec<String>>,
    /// `8080` or `"8080/tcp"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) exposed_ports: Vec<Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) env: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) working_dir: Option<String>,
    /// Docker's own form: `{"Test": ["CMD-SHELL", "…"], "Interval": nanoseconds}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) healthcheck: Option<Value>,
}

/// A registry, and one of its repositories, as they were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stocked {
    pub(crate) place: Place,
    /// What is said of the registry; ECR's are as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auth: Option<Auth>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) users: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) public: bool,
    /// What the repository holds; absent: only the registry is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) goods: Option<Goods>,
}

/// What a repository holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Goods {
    pub(crate) blobs: Vec<(String, u64)>,
    /// Media type, text, platform; what an index needs comes before it.
    pub(crate) manifests: Vec<(String, String, Option<String>)>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) immutable: bool,
    pub(crate) scan_on_push: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scan: Option<BTreeMap<String, u64>>,
}

fn linux_amd64() -> Vec<String> {
    vec!["linux/amd64".to_owned()]
}
