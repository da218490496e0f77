//! Steps that a person does: `manual`, `checklist`, `decision`.

use super::table::{KindSpec, OutputSpec, PracticeMode, spec};
use crate::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `with` of `manual`: something that only a person can do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Manual {
    /// What to do, in Markdown; the prose before the step is shown as well.
    pub instructions: Option<String>,
    /// Where to do it: an https address that is opened with a click.
    pub link: Option<String>,
    /// Texts to copy, in order, such as the SQL to run.
    pub copy: Vec<CopyText>,
    /// What the operator enters; each field becomes an output of that name.
    pub fields: BTreeMap<String, Field>,
    /// A phrase that must be typed before the step counts as done.
    pub confirm: Option<String>,
    /// Evidence that must be attached.
    pub evidence: Option<Evidence>,
}

/// A text to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyText {
    /// What it is, shown beside the button.
    pub label: Option<String>,
    /// The text, exactly.
    pub text: String,
}

/// A field that the operator fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What is asked.
    pub prompt: String,
    /// In memory only, redacted everywhere.
    #[serde(default)]
    pub secret: bool,
    /// Regular expression that the whole value must match.
    pub pattern: Option<String>,
    /// May be left empty; the output is then null.
    #[serde(default)]
    pub optional: bool,
}

/// What proves that a person did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A written note.
    Note,
    /// A picture of the screen.
    Screenshot,
    /// Any file.
    File,
}

/// `with` of `checklist`: nothing; its items are the `- [ ]` items after the step's fence.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checklist {}

/// `with` of `decision`: one choice among options, with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What is decided.
    pub question: String,
    /// Options by id; the chosen id becomes `outputs.option`.
    pub options: BTreeMap<String, Choice>,
}

/// An option of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What it is, in a few words.
    pub title: String,
    /// How risky it is, e.g. `low`.
    pub risk: Option<String>,
    /// What speaks for and against it.
    pub details: Option<String>,
    /// The author's advice.
    #[serde(default)]
    pub recommended: bool,
}

/// `expect` of the kinds that a person does: nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

pub(super) fn list() -> [KindSpec; 3] {
    [
        KindSpec {
            open_outputs: true,
            practice: PracticeMode::Local,
            ..spec::<Manual, Nothing>(
                "manual",
                "person",
                "Something that only a person can do, with its evidence.",
                Effect::Once,
            )
        },
        KindSpec {
            practice: PracticeMode::Local,
            ..spec::<Checklist, Nothing>(
                "checklist",
                "person",
                "Items that are signed one by one.",
                Effect::Read,
            )
        },
        KindSpec {
            practice: PracticeMode::Local,
            outputs: &[
                OutputSpec { name: "option", doc: "Id of the chosen option." },
                OutputSpec { name: "reason", doc: "Why it was chosen." },
            ],
            ..spec::<Decision, Nothing>(
                "decision",
                "person",
                "A choice among options, with a reason.",
                Effect::Read,
            )
        },
    ]
}
