//! Terraform and OpenTofu: plan, apply exactly that plan, outputs, variables files.

use super::Dur;
use super::table::{KindSpec, OutputSpec, PracticeMode, spec};
use crate::Effect;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// `with` of `terraform.plan`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TerraformPlan {
    /// Folder of the configuration, relative to the plan's folder; that folder itself when absent.
    pub dir: Option<String>,
    /// Variables files, relative to `dir`; the last one wins.
    pub var_file: TextList,
    /// Variables by name, of any type. They win over `var_file`, and reach Terraform in a private file, never on its
    /// command line.
    pub vars: Map<String, Value>,
    /// Plan only these addresses and what they need.
    pub targets: Vec<String>,
    /// Workspace; the one that is selected when absent. It must exist.
    pub workspace: Option<String>,
    /// Settings of the backend, as for `-backend-config`; they reach Terraform in a private file.
    pub backend_config: BTreeMap<String, String>,
    /// Plan only to take into the state what has drifted.
    pub refresh_only: bool,
    /// Addresses to replace though nothing about them changes.
    pub replace: Vec<String>,
    /// Plan to destroy everything.
    pub destroy: bool,
    /// Which program; `terraform` when absent, or `tofu` where only that is installed.
    pub program: Option<TerraformProgram>,
    /// Whether to initialise first; `true` (when absent) does it where it is needed.
    pub init: Option<TerraformInit>,
    /// How many things Terraform does at once; its own 10 when absent.
    pub parallelism: Option<u32>,
    /// How long to wait for the state's lock; not at all when absent.
    pub lock_timeout: Option<Dur>,
    /// Guards.
    pub guards: Guards,
}

/// Which guards look at a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Guards {
    /// Guards that are switched off, by name: see docs/terraform.md.
    pub off: Vec<GuardName>,
}

/// A guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardName {
    /// A database engine would go to a lower version.
    EngineDowngrade,
    /// A VPC endpoint would be created for a service that the VPC has one for.
    DuplicateEndpoint,
    /// A name would be too long or too short for AWS.
    NameLength,
    /// `docker pull` in a `local-exec` without `--platform`.
    DockerPullPlatform,
    /// The provider's region or accounts are not those of the run.
    ProviderPin,
    /// The backend's region is not that of the run.
    BackendPin,
    /// A database's port would be open to the whole internet.
    OpenDatabase,
    /// Something that holds data would be deleted or replaced.
    StatefulDelete,
    /// A task definition would be deregistered, so that a rollback has nothing to go back to.
    SkipDestroy,
}

/// A text, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TextList(pub Vec<String>);

impl<'de> Deserialize<'de> for TextList {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wrong = || de::Error::custom("a text or a list of texts is wanted");
        match Value::deserialize(from)? {
            Value::Null => Ok(Self::default()),
            Value::String(one) => Ok(Self(vec![one])),
            Value::Array(many) => {
                let texts = many.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong));
                Ok(Self(texts.collect::<Result<_, _>>()?))
            }
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => Err(wrong()),
        }
    }
}

impl JsonSchema for TextList {
    fn schema_name() -> Cow<'static, str> {
        "TextList".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

/// A program that speaks Terraform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TerraformProgram {
    /// HashiCorp Terraform.
    Terraform,
    /// OpenTofu.
    Tofu,
}

/// Whether to initialise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerraformInit {
    /// Where it is needed.
    Needed,
    /// Never.
    No,
    /// Always, and take newer modules and providers.
    Upgrade,
}

impl Serialize for TerraformInit {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Needed => to.serialize_bool(true),
            Self::No => to.serialize_bool(false),
            Self::Upgrade => to.serialize_str("upgrade"),
        }
    }
}

impl<'de> Deserialize<'de> for TerraformInit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        match (&value, value.as_str()) {
            (Value::Bool(true), _) => Ok(Self::Needed),
            (Value::Bool(false), _) => Ok(Self::No),
            (_, Some("upgrade")) => Ok(Self::Upgrade),
            _ => Err(de::Error::custom("`init` is true, false or upgrade")),
        }
    }
}

impl JsonSchema for TerraformInit {
    fn schema_name() -> Cow<'static, str> {
        "TerraformInit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "boolean" }, { "const": "upgrade" }] })
    }
}

/// `expect` of `terraform.plan`. In addresses `*` stands for anything, `["…"]` is a key and `[0]` a number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TerraformPlanExpect {
    /// Exactly these are created.
    pub create: Option<Vec<String>>,
    /// Exactly these are updated in place.
    pub update: Option<Vec<String>>,
    /// Exactly these are replaced: destroyed and created anew.
    pub replace: Option<Vec<String>>,
    /// Exactly these are deleted.
    pub delete: Option<Vec<String>>,
    /// How many, by action.
    pub counts: PlanCounts,
    /// Nothing but these happens: actions (`create`, `update`, `replace`, `delete`), addresses, or `action address`.
    pub allow: Option<Vec<String>>,
    /// None of these happens: actions, addresses, or `action address`.
    pub forbid: Vec<String>,
    /// Nothing changes (`true`), or something does.
    pub no_changes: Option<bool>,
    /// Whether reality may differ from the state: `none`, or `any` (when absent).
    pub drift: Option<DriftRule>,
}

/// How many of each action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlanCounts {
    /// Created.
    pub create: Option<u64>,
    /// Updated in place.
    pub update: Option<u64>,
    /// Replaced; each counts once, here alone.
    pub replace: Option<u64>,
    /// Deleted.
    pub delete: Option<u64>,
}

/// Whether drift is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriftRule {
    /// None.
    None,
    /// Any.
    Any,
}

/// `with` of `terraform.apply`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformApply {
    /// The `file` of a `terraform.plan` step of this run.
    pub plan: String,
    /// How many things Terraform does at once; its own 10 when absent.
    pub parallelism: Option<u32>,
    /// How long to wait for the state's lock; not at all when absent.
    pub lock_timeout: Option<Dur>,
}

/// `expect` of `terraform.apply`: nothing, applied is what the reviewed plan says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformNothing {}

/// `with` of `terraform.output`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TerraformOutput {
    /// Folder of the configuration, relative to the plan's folder; that folder itself when absent.
    pub dir: Option<String>,
    /// Workspace; the one that is selected when absent.
    pub workspace: Option<String>,
    /// Which program; `terraform` when absent, or `tofu` where only that is installed.
    pub program: Option<TerraformProgram>,
}

/// `expect` of `terraform.output`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TerraformOutputExpect {
    /// JSON that the outputs must contain: objects may have more keys, lists and scalars must be equal.
    pub values: Option<Map<String, Value>>,
}

/// `with` of `terraform.vars`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformVars {
    /// The variables file (`*.tfvars`), relative to the plan's folder. One that is not there is made.
    pub file: String,
    /// Variables to set, of any type; comments, order and layout of the others stay.
    #[serde(default)]
    pub set: Map<String, Value>,
    /// Variables to take away.
    #[serde(default)]
    pub unset: Vec<String>,
    /// `pinned` puts the file back as it was when the run began; nothing else is set then.
    pub restore: Option<String>,
}

const DIGEST: OutputSpec = OutputSpec {
    name: "sha256",
    doc: "Digest of the sealed plan: of its file together with folder, workspace, account, variables and commit.",
};

pub(super) fn list() -> [KindSpec; 4] {
    [
        KindSpec {
            practice: PracticeMode::StandIn,
            outputs: &[
                OutputSpec { name: "file", doc: "The sealed plan, for `terraform.apply`: `plan:<sha256>`." },
                DIGEST,
                OutputSpec { name: "summary", doc: "In one line." },
                OutputSpec { name: "create", doc: "How many are created." },
                OutputSpec { name: "update", doc: "How many are updated in place." },
                OutputSpec { name: "replace", doc: "How many are replaced." },
                OutputSpec { name: "delete", doc: "How many are deleted." },
                OutputSpec { name: "changes", doc: "The table of changes, sensitive values masked." },
                OutputSpec {
                    name: "others",
                    doc: "Changes behind the first thousand, each as `create aws_s3_bucket.logs`.",
                },
                OutputSpec { name: "drift", doc: "What has changed outside of Terraform, in the same form." },
                OutputSpec { name: "other_drift", doc: "The same behind the first thousand." },
                OutputSpec { name: "has_changes", doc: "Whether applying it would do anything." },
                OutputSpec { name: "findings", doc: "What the guards found." },
            ],
            ..spec::<TerraformPlan, TerraformPlanExpect>(
                "terraform.plan",
                "terraform",
                "Plans to a sealed file and reads it: what would change, value by value.",
                Effect::Read,
            )
        },
        KindSpec {
            practice: PracticeMode::StandIn,
            open_outputs: true,
            outputs: &[OutputSpec {
                name: "applied",
                doc: "How many were created, updated, replaced, deleted.",
            }],
            ..spec::<TerraformApply, TerraformNothing>(
                "terraform.apply",
                "terraform",
                "Applies exactly the plan that a step of this run has made, once.",
                Effect::Once,
            )
        },
        KindSpec {
            practice: PracticeMode::StandIn,
            open_outputs: true,
            ..spec::<TerraformOutput, TerraformOutputExpect>(
                "terraform.output",
                "terraform",
                "Reads the outputs of a state.",
                Effect::Read,
            )
        },
        KindSpec {
            practice: PracticeMode::StandIn,
            default_undo: Some("the file's bytes of before"),
            outputs: &[
                OutputSpec {
                    name: "diff",
                    doc: "What changed in the file, line by line, sensitive values masked.",
                },
                OutputSpec { name: "sha256", doc: "Digest of the file after it." },
            ],
            ..spec::<TerraformVars, TerraformNothing>(
                "terraform.vars",
                "terraform",
                "Sets variables in a variables file, shown as a diff.",
                Effect::Idempotent,
            )
        },
    ]
}
