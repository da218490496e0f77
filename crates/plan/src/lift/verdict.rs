//! What becomes of a statement of a script.

use crate::Effect;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What becomes of a statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A typed step does the same.
    Lifted(Box<Lifted>),
    /// It stays a `shell` step.
    Kept(Kept),
    /// It needs no step of its own, and joins a neighbour: an assignment, `cd`, a sign-in that Holdpoint does by itself.
    Absorbed {
        /// What became of it, a sentence.
        why: String,
    },
}

/// A statement that stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What repeating it would do.
    pub effect: Effect,
    /// Why it has no typed step, a sentence.
    pub why: String,
    /// What its script reads from outside: variable of the shell → value, with templates.
    pub env: BTreeMap<String, String>,
    /// Folder that it runs in, relative to the plan's; `None` for that folder itself.
    pub dir: Option<String>,
    /// Plan variables that `env` refers to.
    pub vars: Vec<NewVar>,
}

/// A typed step that does what one or several statements did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lifted {
    /// Statements that it stands for, from the one that was asked for on; at least 1.
    pub take: usize,
    /// Kind.
    pub uses: String,
    /// Arguments, in the order in which they are best read; texts may hold templates.
    pub with: Map<String, Value>,
    /// What must come of it.
    pub expect: Option<Value>,
    /// Checks that belong to it, each as it stands under `after`.
    pub after: Vec<Value>,
    /// What undoes it, where its kind has no way back of its own.
    pub undo: Option<Value>,
    /// Effect, where it is another than the kind's.
    pub effect: Option<Effect>,
    /// What the step is called: `deploy_api`.
    pub name: String,
    /// What was assumed, a sentence each.
    pub guessed: Vec<String>,
    /// Plan variables that it refers to.
    pub vars: Vec<NewVar>,
    /// The shell variable that one of its outputs is kept in: name → output.
    pub sets: Option<(String, String)>,
    /// The file that it makes for later commands, relative to the plan's folder: Terraform's plan.
    pub makes: Option<String>,
    /// Region and profile by which its commands reach the target, where the plan has not said which are the target's.
    pub reaches: Vec<(String, String)>,
}

/// A variable that the plan needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewVar {
    /// Name in the plan.
    pub name: String,
    /// Its value, when the text gives one; else the operator is asked.
    pub default: Option<String>,
    /// In memory only.
    pub secret: bool,
    /// Where it comes from, a few words.
    pub description: Option<String>,
}

/// Why a command stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keep(pub(crate) String);

/// What a family of commands answers.
#[derive(Debug)]
pub(crate) enum Answer {
    Step(Box<Draft>),
    Absorb(String),
}

/// Refuses a lift.
pub(crate) fn keep<T>(why: impl Into<String>) -> Result<T, Keep> {
    Err(Keep(why.into()))
}

/// A step on its way: texts still have their [marks](super::values).
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) take: usize,
    pub(crate) uses: &'static str,
    pub(crate) with: Map<String, Value>,
    pub(crate) expect: Map<String, Value>,
    pub(crate) name: String,
    pub(crate) sets: Option<(String, String)>,
    pub(crate) makes: Option<String>,
    pub(crate) effect: Option<Effect>,
}

impl Draft {
    /// A step of a kind, standing for one statement.
    pub(crate) fn of(uses: &'static str, name: impl Into<String>) -> Self {
        Self { take: 1, uses, name: name.into(), ..Self::default() }
    }

    /// With an argument.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.with.insert(name.to_owned(), value.into());
        self
    }

    /// With an argument that may be absent.
    pub(crate) fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With an expectation that may be absent.
    pub(crate) fn expects(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.expect.insert(name.to_owned(), value.into());
        }
        self
    }
}

impl From<Draft> for Answer {
    fn from(draft: Draft) -> Self {
        Self::Step(Box::new(draft))
    }
}
