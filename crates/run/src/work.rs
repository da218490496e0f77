//! What an executor is asked, promises, receives and concludes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What will be done, written before it is done. Execution has no choices left.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Intent {
    /// One sentence for people.
    pub summary: String,
    /// The calls that change something, in order. Empty for a read, and when nothing is left to do.
    pub actions: Vec<ActionPlan>,
    /// What the world looked like, redacted.
    pub world: Value,
    /// What a person is asked before (for `actions`) or instead of (no actions) doing it.
    pub ask: Option<Ask>,
    /// Set when what was asked for is already so: why no action is needed.
    pub already: Option<String>,
    /// What is left for later when it succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<crate::Leaves>,
}

/// One call that changes something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionPlan {
    /// E.g. `ecs:UpdateService`, or `shell`.
    pub call: String,
    /// Its arguments, redacted.
    pub input: Value,
}

/// What came back of one action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// What now exists or goes on outside: a deployment's id, a task definition's ARN.
    pub external: Vec<External>,
    /// AWS's request id, to be found in CloudTrail.
    pub request_id: Option<String>,
    /// What the executor needs to follow it, redacted.
    pub body: Value,
}

/// A thing outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// E.g. `deployment`, `task_definition`.
    pub kind: String,
    /// Id or ARN.
    pub id: String,
}

/// How a receipt was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The call answered.
    Answered,
    /// The call's answer was lost; the world shows that it took effect.
    Observed,
    /// The operator decided so, shown the evidence.
    Operator,
}

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Ask {
    /// What to do or to decide, Markdown.
    pub instructions: String,
    /// Where to go.
    pub link: Option<String>,
    /// Texts to copy.
    pub copy: Vec<CopyText>,
    /// Values to bring back.
    pub fields: Vec<AskField>,
    /// Options to choose from.
    pub options: Vec<AskOption>,
    /// Phrase that must be typed exactly.
    pub phrase: Option<String>,
    /// Evidence that must be brought: `note`, `screenshot`, `file`.
    pub evidence: Option<String>,
    /// It is answered by ticking the step's items.
    pub items: bool,
}

/// What a person is asked while a step is followed. The step goes on being followed, and what is asked may be settled
/// elsewhere, or by time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Names what is asked about outside, e.g. a hook's id: asked again after a crash, it is the same question.
    pub key: String,
    /// What is asked: instructions and options.
    pub ask: Ask,
    /// What is sent for an option, by its id; an option without one sends nothing.
    pub actions: BTreeMap<String, ActionPlan>,
    /// Options that want a reason.
    pub reasons: Vec<String>,
    /// When it is settled without an answer.
    pub expires_at: Option<crate::At>,
    /// What happens then.
    pub if_unanswered: Option<String>,
}

impl Question {
    /// What a signature under one of the options covers.
    pub fn covers(&self, option: &str) -> Vec<crate::Covered> {
        let digest = serde_json::to_value(self).map(|value| json_digest(&value)).unwrap_or_default();
        vec![
            crate::Covered { name: "question".into(), digest, shown: self.key.clone() },
            crate::Covered {
                name: "option".into(),
                digest: json_digest(&Value::String(option.to_owned())),
                shown: option.to_owned(),
            },
        ]
    }
}

/// A text to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyText {
    /// What it is.
    pub label: String,
    /// The text.
    pub text: String,
}

/// A value to bring back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskField {
    /// Name of the output that it becomes.
    pub name: String,
    /// What to enter.
    pub prompt: String,
    /// In memory only.
    pub secret: bool,
    /// Regular expression that it must match as a whole.
    pub pattern: Option<String>,
    /// May be left empty.
    pub optional: bool,
}

/// An option to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskOption {
    /// Becomes `outputs.option`.
    pub id: String,
    /// One line.
    pub title: String,
    /// What may go wrong.
    pub risk: Option<String>,
    /// More.
    pub details: Option<String>,
    /// The author's advice.
    pub recommended: bool,
}

/// What a person answered. Secret fields are named with a null value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Values of the fields.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
    /// The option chosen.
    #[serde(default)]
    pub option: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// The phrase as typed.
    #[serde(default)]
    pub phrase: Option<String>,
    /// Digests of evidence files, or a note.
    #[serde(default)]
    pub evidence: Option<String>,
}

/// How a step truly ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Outcome {
    /// What was asked for is what runs now.
    Succeeded {
        /// Outputs by name.
        outputs: BTreeMap<String, OutputValue>,
        /// What was expected and what was found.
        judgements: Vec<Judgement>,
        /// Worth knowing, e.g. "already running".
        note: Option<String>,
    },
    /// It is not.
    Failed(Diagnosis),
    /// AWS put back what ran before: a failed deployment, a safe service.
    RolledBackByAws(Diagnosis),
    /// Somebody else's deployment took its place.
    Superseded(Diagnosis),
    /// Nobody knows whether it took effect: shown with evidence, decided by the operator.
    Unknown(Diagnosis),
    /// Practice cannot do it, and does not pretend.
    NotPractised {
        /// Why.
        why: String,
    },
}

/// An output's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputValue {
    /// The value; `None` for a secret, which is never stored.
    pub value: Option<Value>,
    /// SHA-256 of the value's JSON, hex; empty for a secret.
    pub digest: String,
}

impl OutputValue {
    /// An output that may be seen.
    pub fn plain(value: Value) -> Self {
        Self { digest: json_digest(&value), value: Some(value) }
    }

    /// An output that may not.
    pub fn secret() -> Self {
        Self { value: None, digest: String::new() }
    }

    /// Whether it is one that may not be seen. A value that is nothing has a digest all the same.
    pub fn is_secret(&self) -> bool {
        self.value.is_none() && self.digest.is_empty()
    }

    /// The value that may be seen; `None` for a secret.
    pub fn seen(&self) -> Option<Value> {
        (!self.is_secret()).then(|| self.value.clone().unwrap_or(Value::Null))
    }
}

/// SHA-256 of a value's JSON, hex.
pub fn json_digest(value: &Value) -> String {
    crate::chain::hex(&Sha256::digest(value.to_string().as_bytes()))
}

/// One expectation and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What was judged, e.g. `status`.
    pub what: String,
    /// What the plan says.
    pub expected: String,
    /// What is.
    pub found: String,
    /// Whether it holds.
    pub holds: bool,
    /// The answer came from the plan's own expectation, in practice.
    pub assumed: bool,
}

/// Why something did not go as asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Diagnosis {
    /// One sentence that says what is true now.
    pub headline: String,
    /// Facts, each with who says so, in order of importance: "What AWS says", "The tasks", "Last words".
    pub says: Vec<Said>,
    /// The last lines of the log.
    pub last_log: Vec<String>,
    /// Known problems that match.
    pub known: Vec<KnownProblem>,
    /// What to do now.
    pub hints: Vec<String>,
}

impl Diagnosis {
    /// A diagnosis of one sentence.
    pub fn of(headline: impl Into<String>) -> Self {
        Self { headline: headline.into(), ..Self::default() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn says(mut self, who: impl Into<String>, what: impl Into<String>) -> Self {
        self.says.push(Said { who: who.into(), what: what.into() });
        self
    }

    /// Adds facts.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = Said>) -> Self {
        self.says.extend(more);
        self
    }

    /// Adds what to do now.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// A fact with its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who says it.
    pub who: String,
    /// What.
    pub what: String,
}

/// A known problem that matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownProblem {
    /// Id in the catalogue.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it means.
    pub meaning: String,
    /// What mends it, first things first.
    pub repairs: Vec<String>,
}

/// A file kept as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is called.
    pub name: String,
    /// SHA-256, hex; the file's name in the run's folder.
    pub digest: String,
    /// Media type.
    pub media: String,
    /// Length.
    pub bytes: u64,
}

/// What was before the run changed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    /// E.g. `ecs/<cluster>/<service>`.
    pub key: String,
    /// Content, redacted; `None` when it did not exist.
    pub content: Option<Value>,
    /// Digest of the sealed original in the run's folder, where one is needed.
    pub sealed: Option<String>,
}

/// One undo of the rollback set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UndoItem {
    /// The step that is undone.
    pub step: holdpoint_plan::StepId,
    /// What undoes it.
    pub action: holdpoint_plan::Action,
    /// One sentence for people.
    pub summary: String,
}
