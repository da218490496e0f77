//! Checks of what runs: `logs.expect`, `soak`.

use super::Dur;
use super::table::{KindSpec, OutputSpec, PracticeMode, spec};
use crate::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `with` of `logs.expect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogsExpect {
    /// Name of the log group; without it and `groups` those of `service`'s containers are read.
    pub group: Option<String>,
    /// Names of several log groups, read as one log.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Names of log streams; all when absent.
    #[serde(default)]
    pub streams: Vec<String>,
    /// Only streams whose names begin so.
    pub stream_prefix: Option<String>,
    /// With `cluster`: only tasks of the service's running deployment.
    pub service: Option<String>,
    /// Cluster of `service`.
    pub cluster: Option<String>,
    /// From when on: a step (from its intent) or a length of time back from now; the run's start when absent.
    pub since: Option<String>,
    /// How long to wait for the lines that must come; the step's timeout when absent.
    pub within: Option<Dur>,
}

/// `expect` of `logs.expect`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogsExpectation {
    /// Texts, each of which some line must contain.
    pub contains: Vec<String>,
    /// Texts whose lines must come in this order: in every log stream that has one of them, the first line with each, all of them.
    pub in_order: Vec<String>,
    /// Texts that no line may contain.
    pub lacks: Vec<String>,
    /// How many lines may look like an error: they have a word of one, are of no lower level, and do not say that there is none.
    pub errors_at_most: Option<u32>,
    /// How many lines may look like a warning.
    pub warnings_at_most: Option<u32>,
}

impl LogsExpectation {
    /// Whether the whole time must pass, since a line that is not there yet is not absent.
    pub fn watches(&self) -> bool {
        !self.lacks.is_empty() || self.errors_at_most.is_some() || self.warnings_at_most.is_some()
    }
}

/// `with` of `soak`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Soak {
    /// How long to watch, in plan time.
    #[serde(rename = "for")]
    pub length: Dur,
    /// Time between two rounds, in plan time.
    pub every: Dur,
    /// What is checked in every round, by kinds whose effect is `read`.
    pub checks: Vec<SoakCheck>,
    /// How many failed checks in all are let pass; 0 when absent.
    #[serde(default)]
    pub allow_failures: u32,
}

/// One check of a soak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SoakCheck {
    /// What to call it; its kind when absent.
    pub name: Option<String>,
    /// Kind, whose effect is `read`.
    pub uses: String,
    /// Arguments of that kind.
    #[serde(default)]
    pub with: Map<String, Value>,
    /// Expectation of that kind.
    #[serde(default)]
    pub expect: Map<String, Value>,
}

/// `expect` of `soak`: nothing, its checks say it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SoakExpect {}

pub(super) fn list() -> [KindSpec; 2] {
    [
        KindSpec {
            outputs: &[
                OutputSpec { name: "lines", doc: "How many lines were read." },
                OutputSpec { name: "errors", doc: "How many of them look like an error." },
                OutputSpec { name: "warnings", doc: "How many of them look like a warning." },
                OutputSpec {
                    name: "first_match",
                    doc: "The first line that contained a wanted text, or null.",
                },
            ],
            ..spec::<LogsExpect, LogsExpectation>(
                "logs.expect",
                "checks",
                "Lines that CloudWatch Logs must, and must not, show.",
                Effect::Read,
            )
        },
        KindSpec {
            outputs: &[
                OutputSpec { name: "samples", doc: "How many checks were made." },
                OutputSpec { name: "failures", doc: "How many of them failed." },
            ],
            practice: PracticeMode::Sim,
            ..spec::<Soak, SoakExpect>(
                "soak",
                "checks",
                "The same checks again and again for a while.",
                Effect::Read,
            )
        },
    ]
}
