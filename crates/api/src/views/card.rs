//! What a step shows beside its words: a table of changes, a copy by layers, an operation of a service.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ValueChange {
    /// Where in the resource: `container_definitions`, `tags.Name`.
    pub path: String,
    /// As it is; absent where there is nothing yet, or where it is sensitive.
    pub before: Option<String>,
    /// As it will be; absent where nothing is left, where it is known only afterwards, or where it is sensitive.
    pub after: Option<String>,
    /// Its values are masked.
    pub sensitive: bool,
    /// It is known only after the change.
    pub unknown: bool,
    /// It makes the whole resource be replaced.
    pub forces: bool,
}

/// What happens to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ResourceChange {
    /// Its address.
    pub address: String,
    /// `create`, `update`, `replace`, `delete`, `read`, `import`, `forget`.
    pub action: String,
    /// Why, in Terraform's words.
    pub reason: Option<String>,
    /// Values that differ.
    pub values: Vec<ValueChange>,
}

/// How far one resource is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ResourceProgress {
    /// Its address.
    pub address: String,
    /// `create`, `update`, `replace`, `delete`.
    pub action: String,
    /// `waiting`, `going`, `done` or `failed`.
    pub state: String,
    /// Seconds that it has taken so far.
    pub seconds: Option<f64>,
}

/// How far one layer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LayerProgress {
    /// Digest.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Bytes copied so far.
    pub done: u64,
    /// `waiting`, `copying`, `mounted`, `present` or `done`.
    pub state: String,
}

/// What a step shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(rename = "Card")]
pub enum CardView {
    /// What Terraform would change.
    Changes {
        /// In one line.
        summary: String,
        /// Resources that would change.
        changes: Vec<ResourceChange>,
        /// What was changed outside of Terraform.
        drift: Vec<ResourceChange>,
    },
    /// What Terraform is doing.
    Apply {
        /// In one line.
        said: String,
        /// Resources, in the order in which they began.
        resources: Vec<ResourceProgress>,
    },
    /// An image on its way from registry to registry.
    Mirror {
        /// Where from.
        from: String,
        /// Where to.
        to: String,
        /// Layers.
        layers: Vec<LayerProgress>,
        /// Bytes copied so far.
        bytes: u64,
        /// Bytes in all.
        total: u64,
    },
    /// An operation of a service.
    Operation {
        /// The service.
        service: String,
        /// The operation's id.
        operation: String,
        /// What it does: `CREATE_SERVICE`, `START_DEPLOYMENT`, …
        kind: String,
        /// `PENDING`, `IN_PROGRESS`, `SUCCEEDED`, …
        status: String,
        /// Since when.
        since: Option<String>,
        /// Further facts, by name.
        facts: Vec<CardFact>,
    },
}

/// A fact beside an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CardFact {
    /// What.
    pub label: String,
    /// Its value.
    pub text: String,
}
