//! What this machine must have: `local.check`.

use super::table::{KindSpec, OutputSpec, PracticeMode, spec};
use crate::Effect;
use crate::kinds::account::NothingMore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `with` of `local.check`. The environment is the console's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalCheck {
    /// Programs that must be on the PATH.
    pub programs: Vec<LocalProgram>,
    /// Files and folders that must exist: absolute, or `~/…`. Files of the plan's folder are for `file.assert`.
    pub files: Vec<String>,
    /// Names of environment variables that must be set and not empty. Their values are never read out.
    pub environment: Vec<String>,
}

/// A program that must be on the PATH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalProgram {
    /// Its name, without folders.
    pub name: String,
    /// The lowest version that will do, e.g. `"1.5"`.
    pub at_least: Option<String>,
    /// The first version that is too new.
    pub below: Option<String>,
}

pub(super) fn list() -> [KindSpec; 1] {
    [KindSpec {
        practice: PracticeMode::Local,
        outputs: &[
            OutputSpec {
                name: "programs",
                doc: "Path and version of each program that is there, by its name; the version is null where it was not asked for.",
            },
            OutputSpec { name: "missing", doc: "What is not there: `{what, name}` each." },
        ],
        ..spec::<LocalCheck, NothingMore>(
            "local.check",
            "checks",
            "What this machine must have before a run begins: programs and their versions, files, variables.",
            Effect::Read,
        )
    }]
}
