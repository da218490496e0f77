//! What the fences before a statement have said: variables, folder, region, profile, and the steps that they became.

use super::assigned;
use super::docker_later::Later;
use super::layers::Layers;
use super::marks::{filled, gap, gaps_of_variables};
use super::verdict::{Lifted, NewVar, Verdict};
use crate::shell::{Script, Shape, Statement, Word, unwrap_command};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a plan says of where it goes to; what it does not say is learned from its commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Account of the target, 12 digits.
    pub account: Option<String>,
    /// Region of the target.
    pub region: Option<String>,
    /// Profile by which the author reaches it.
    pub profile: Option<String>,
}

/// What is known when a statement is looked at. Fences are gone through in the order of the file:
/// [`begin_fence`](Self::begin_fence), then for each statement [`lift`](super::lift) and [`enter`](Self::enter).
#[derive(Debug, Clone, Default)]
pub struct Context {
    pub(crate) facts: Facts,
    pub(crate) variables: Layers<Known>,
    /// What every later program sees, by `export`.
    pub(crate) exported: Layers<String>,
    /// What may be seen by programs: names that they read by themselves, exported or not.
    pub(crate) felt: BTreeMap<String, String>,
    /// The last fence that reads a file of variables.
    pub(crate) sourced: Option<usize>,
    /// The plan variables that were needed so far, each with its number.
    vars: Layers<(usize, NewVar)>,
    /// How many they are.
    needed: usize,
    /// Names that values have got, by what they would be called and the value.
    names: Layers<String>,
    /// By what values would be called, the first number that may be free.
    numbers: Layers<usize>,
    pub(crate) dir: Dir,
    /// Why it is not sure that a command still runs there.
    lost: Option<String>,
    pub(crate) steps: Vec<Arc<Before>>,
    pub(crate) foreign: Option<String>,
    pub(crate) workspace: Option<String>,
    /// Profiles that sign-ins of the text set up, which Holdpoint's own sign-in does not.
    pub(crate) set_up: BTreeSet<String>,
    pub(crate) said_after: Vec<String>,
    pub(crate) fence: usize,
    moved: bool,
    later: Later,
}

/// What a variable of the shell is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// A text, which may have gaps.
    Text(String),
    /// Nobody knows before the script runs.
    Computed {
        /// Why, as it follows on the variable's name.
        why: String,
        /// The fence that computes it.
        fence: usize,
    },
}

/// The folder that commands run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dir {
    /// Relative to the plan's folder; empty for that folder itself.
    At(String),
    /// It cannot be told; why.
    Unknown(String),
}

impl Default for Dir {
    fn default() -> Self {
        Self::At(String::new())
    }
}

/// A step that an earlier statement became.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    pub(crate) id: String,
    pub(crate) lifted: Option<Lifted>,
    /// Whether it may change something.
    pub(crate) changes: bool,
    /// What it names, for steps that stayed `shell`.
    pub(crate) text: String,
}

impl Context {
    /// At the beginning of a file.
    pub fn new(facts: Facts) -> Self {
        Self { facts, ..Self::default() }
    }

    /// A code fence begins.
    pub fn begin_fence(&mut self) {
        self.fence += 1;
        self.moved = false;
        self.said_after.clear();
    }

    /// Scripts of the file with their texts, of which those from a number on come after this fence: what a command leaves
    /// on this machine, one of them may take.
    pub fn expect_later(&mut self, scripts: &Arc<Vec<(Arc<Script>, String)>>, from: usize) {
        self.later.see(scripts, from);
    }

    /// The same without what comes in later fences.
    pub(crate) fn by_itself(&self) -> Self {
        Self { later: Later::default(), ..self.clone() }
    }

    /// What comes in later fences.
    pub(crate) fn later(&self) -> &Later {
        &self.later
    }

    /// A section of the plan begins, in a plan whose fences go to their folders anew: where its first fence stands cannot be
    /// told, but for Terraform, which works in its folder alone.
    pub fn lose_folder(&mut self) {
        self.lost = match &self.dir {
            Dir::At(here) if !here.is_empty() => Some(format!(
                "the section before works in `{here}`, and this one does not say whether it does: write `cd` before it"
            )),
            Dir::At(_) | Dir::Unknown(_) => None,
        };
    }

    /// The folder in which a command runs that is none of Terraform's.
    pub(crate) fn folder(&self) -> Dir {
        self.lost.clone().map_or_else(|| self.dir.clone(), Dir::Unknown)
    }

    /// The folder in which a statement runs.
    pub(crate) fn folder_for(&self, statement: &Statement) -> Dir {
        let terraform = statement.commands().iter().any(|command| {
            let words = unwrap_command(command).words;
            words
                .first()
                .and_then(Word::literal)
                .is_some_and(|word| matches!(word.as_ref(), "terraform" | "tofu"))
        });
        if terraform { self.dir.clone() } else { self.folder() }
    }

    /// What the prose directly after the fence says should come of its last command, a line each.
    pub fn expect_after(&mut self, lines: impl IntoIterator<Item = String>) {
        self.said_after = lines.into_iter().collect();
    }

    /// The target as far as it is known by now.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The plan variables that were needed so far.
    pub fn vars(&self) -> Vec<NewVar> {
        in_order(self.vars.all().map(|(_, var)| var))
    }

    /// The plan variable of that name.
    pub(crate) fn var(&self, name: &str) -> Option<&NewVar> {
        self.vars.get(name).map(|(_, var)| var)
    }

    /// Those of the names that were needed so far, in the order in which they came to be.
    pub(crate) fn vars_named<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<NewVar> {
        in_order(names.into_iter().filter_map(|name| self.vars.get(name)))
    }

    /// The plan variables that fill the gaps of a text.
    pub(crate) fn vars_of(&self, text: &str) -> Vec<NewVar> {
        self.vars_named(gaps_of_variables(text))
    }

    /// A statement has got its verdict. `id` is the step that it became, `None` when it became none.
    /// With a lifted one that takes several statements, this is called for the first of them only.
    pub fn enter(&mut self, script: &Script, text: &str, at: usize, verdict: &Verdict, id: Option<&str>) {
        let take = match verdict {
            Verdict::Lifted(lifted) => lifted.take.max(1),
            Verdict::Kept(_) | Verdict::Absorbed { .. } => 1,
        };
        let statements = script.statements.get(at..at.saturating_add(take)).unwrap_or_default();
        for statement in statements {
            assigned::learn(self, statement, text);
        }
        let vars = match verdict {
            Verdict::Lifted(lifted) => lifted.vars.clone(),
            Verdict::Kept(kept) => kept.vars.clone(),
            Verdict::Absorbed { .. } => Vec::new(),
        };
        for var in vars {
            if self.var(&var.name).is_none() {
                self.later.asks_for(&var.name);
            }
            self.remember(var);
        }
        let Some(id) = id else { return };
        let (lifted, changes) = match verdict {
            Verdict::Lifted(lifted) => {
                let changes = crate::kind(&lifted.uses).is_none_or(|kind| kind.effect.changes());
                (Some((**lifted).clone()), changes)
            }
            Verdict::Kept(kept) => (None, kept.effect.changes()),
            Verdict::Absorbed { .. } => (None, false),
        };
        for (what, name) in lifted.iter().flat_map(|lifted| &lifted.reaches) {
            let fact = if what == "region" { &mut self.facts.region } else { &mut self.facts.profile };
            if fact.is_none() {
                self.later.reaches();
                *fact = Some(name.clone());
            }
        }
        if let Some((variable, output)) = lifted.as_ref().and_then(|lifted| lifted.sets.clone()) {
            let value = gap(&format!("steps.{id}.outputs.{output}"));
            self.later.sets(&variable);
            self.variables.insert(variable, Known::Text(value));
        }
        let span = statements.first().zip(statements.last());
        let text = span.and_then(|(first, last)| text.get(first.span.start..last.span.end));
        // Shared, since a walk that is given up goes back to a copy of what was known.
        self.steps.push(Arc::new(Before {
            id: id.to_owned(),
            lifted,
            changes,
            text: text.unwrap_or_default().to_owned(),
        }));
    }

    /// Takes a plan variable in; the first one of a name stays.
    pub(crate) fn remember(&mut self, var: NewVar) {
        if self.vars.get(&var.name).is_some() {
            return;
        }
        if let Some((base, number)) = numbered(&var.name) {
            if number == self.numbers.get(base).copied().unwrap_or(FIRST_NUMBER) {
                self.numbers.insert(base.to_owned(), number + 1);
            }
            if let Some(value) = &var.default {
                self.names.insert(called(base, value), var.name.clone());
            }
        }
        self.vars.insert(var.name.clone(), (self.needed, var));
        self.needed += 1;
    }

    /// What a plan variable of that value is called: as the one that has it already, or by a name that is free.
    pub(crate) fn name_for(&self, base: &str, value: &str) -> String {
        let fits = |name: &str| self.var(name).is_none_or(|var| var.default.as_deref() == Some(value));
        if fits(base) {
            return base.to_owned();
        }
        if let Some(name) = self.names.get(&called(base, value)) {
            return name.clone();
        }
        let mut number = self.numbers.get(base).copied().unwrap_or(FIRST_NUMBER);
        loop {
            let name = format!("{base}_{number}");
            if fits(&name) {
                return name;
            }
            number += 1;
        }
    }

    /// What a text with gaps is when all variables have their defaults; `None` where one has none.
    pub(crate) fn settled(&self, text: &str) -> Option<String> {
        filled(text, |expression| self.var(expression.strip_prefix("vars.")?)?.default.as_deref())
    }

    /// The folder in which a script begins whose first statement this is, relative to the plan's; `None` is that folder
    /// itself. The first `cd` of a fence begins there, unless it goes up.
    pub fn folder_of(&self, statement: &Statement) -> Option<String> {
        let word = |at: usize| match &statement.shape {
            Shape::Simple(command) => command.words.get(at).and_then(Word::literal),
            Shape::Assignments(_)
            | Shape::Pipeline(_)
            | Shape::List(_)
            | Shape::Compound { .. }
            | Shape::NotUnderstood(_) => None,
        };
        let moves = word(0).is_some_and(|word| word == "cd");
        if moves && !self.moved && !word(1).is_some_and(|to| to.starts_with("..")) {
            return None;
        }
        match self.folder_for(statement) {
            Dir::At(dir) if !dir.is_empty() => Some(dir),
            Dir::At(_) | Dir::Unknown(_) => None,
        }
    }

    /// Goes to a folder, as `cd` does.
    pub(crate) fn go(&mut self, to: &str) {
        let first = !std::mem::replace(&mut self.moved, true);
        self.lost = None;
        self.dir = match &self.dir {
            _ if to == "-" || to.is_empty() => {
                Dir::Unknown("an earlier line goes to one that only the shell knows".to_owned())
            }
            _ if to.starts_with(['/', '~']) || to.contains('\\') => {
                Dir::Unknown(format!("`cd {to}` leaves the plan's folder"))
            }
            // Fences are mostly written to be pasted one by one: a `cd` at their beginning starts in the plan's folder.
            Dir::At(here) if !first || to.starts_with("..") => joined(here, to),
            Dir::At(_) => joined("", to),
            Dir::Unknown(_) if first && !to.starts_with("..") => joined("", to),
            Dir::Unknown(why) => Dir::Unknown(why.clone()),
        };
    }
}

/// The number of the second variable of a name.
const FIRST_NUMBER: usize = 2;

/// `tag` and 2 of `tag_2`.
fn numbered(name: &str) -> Option<(&str, usize)> {
    let (base, number) = name.rsplit_once('_')?;
    Some((base, number.parse().ok()?))
}

fn called(base: &str, value: &str) -> String {
    format!("{base}\0{value}")
}

/// Each once, by its number.
fn in_order<'v>(vars: impl Iterator<Item = &'v (usize, NewVar)>) -> Vec<NewVar> {
    let by_number: BTreeMap<usize, &NewVar> = vars.map(|(number, var)| (*number, var)).collect();
    by_number.into_values().cloned().collect()
}

/// `cd` in a folder.
fn joined(here: &str, to: &str) -> Dir {
    let mut parts: Vec<&str> = here.split('/').filter(|part| !part.is_empty()).collect();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Dir::Unknown(format!("`cd {to}` leaves the plan's folder"));
                }
            }
            other => parts.push(other),
        }
    }
    Dir::At(parts.join("/"))
}
