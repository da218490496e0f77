//! What the rules look at: the text, its fences of commands with the programs that they call, the typed steps.

use super::Known;
use super::calls::{Call, Variables};
use crate::document::{Fence, Heading, Part};
use crate::draft::{self, Draft};
use crate::read::StageDraft;
use crate::{Level, Role, Span, Target, Var, shell};
use serde_json::Value;
use std::sync::Arc;

/// A plan as the rules see it.
pub(crate) struct Scene<'p> {
    pub(crate) text: &'p str,
    pub(crate) level: Level,
    pub(crate) target: Option<&'p Target>,
    pub(crate) vars: &'p [Var],
    /// Whether the plan says how long the whole of it takes.
    pub(crate) estimated: bool,
    pub(crate) stages: &'p [StageDraft],
    /// Every fence that is no step or stage of ours, in order.
    pub(crate) fences: Vec<&'p Fence>,
    /// Fences of commands that somebody runs, in order.
    pub(crate) listings: Vec<Listing<'p>>,
    /// Programs that they call, in order.
    pub(crate) calls: Vec<Call>,
    /// Fences whose commands a typed step does instead: nobody runs them, and the reader of the plan goes by them.
    pub(crate) told: Vec<Listing<'p>>,
    /// Programs that those call; their listings are those of `told`.
    pub(crate) told_calls: Vec<Call>,
    headings: Vec<&'p Heading>,
    /// The heading that each stands under.
    above: Vec<Option<usize>>,
    /// The text in lower case, of the same length.
    lower: String,
}

/// A fence of commands.
pub(crate) struct Listing<'p> {
    pub(crate) fence: &'p Fence,
    pub(crate) script: Arc<shell::Script>,
    pub(crate) role: Option<Role>,
    /// The `shell` step that it is the script of.
    pub(crate) owner: Option<&'p Draft>,
}

impl Listing<'_> {
    /// Where a range of the script stands in the plan.
    pub(crate) fn place(&self, span: Span) -> Span {
        self.fence.body.span(span.start..span.end)
    }

    /// Whether the fence stands at the margin, so that a line put into it needs no indentation.
    pub(crate) fn is_flush(&self, text: &str) -> bool {
        let start = self.fence.body.place(0);
        text.get(..start).is_none_or(|before| before.is_empty() || before.ends_with('\n'))
    }
}

impl<'p> Scene<'p> {
    pub(crate) fn new(text: &'p str, stages: &'p [StageDraft], known: &Known<'p>) -> Self {
        let headings = known.parts.iter().filter_map(|part| match part {
            Part::Heading(heading) => Some(heading),
            Part::Fence(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
        });
        let fences = known.parts.iter().filter_map(|part| match part {
            Part::Fence(fence) if !matches!(fence.role(), Some("step" | "stage")) => Some(fence),
            Part::Fence(_) | Part::Heading(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
        });
        let mut scene = Self {
            text,
            level: known.level,
            target: known.target,
            vars: known.vars,
            estimated: known.estimated,
            stages,
            fences: fences.collect(),
            listings: Vec::new(),
            calls: Vec::new(),
            told: Vec::new(),
            told_calls: Vec::new(),
            headings: headings.collect(),
            above: Vec::new(),
            lower: text.to_ascii_lowercase(),
        };
        scene.above = above(&scene.headings);
        scene.listings = scene.fences.iter().filter_map(|fence| scene.listing(fence)).collect();
        let mut variables = Variables::default();
        for (at, listing) in scene.listings.iter().enumerate() {
            super::calls::gather(at, listing, &mut variables, &mut scene.calls);
        }
        scene.told = scene.fences.iter().filter_map(|fence| scene.told(fence)).collect();
        for (at, listing) in scene.told.iter().enumerate() {
            super::calls::gather(at, listing, &mut variables, &mut scene.told_calls);
        }
        scene
    }

    /// A fence whose commands are run: in a checked plan those of `shell` steps, and those that are shown for a rollback.
    fn listing(&self, fence: &'p Fence) -> Option<Listing<'p>> {
        let owner = self.owner(fence);
        if owner.is_some_and(|draft| draft.kind.is_none_or(|kind| !kind.takes_script))
            || (owner.is_none() && !draft::is_command(fence))
        {
            return None;
        }
        let script = fence.commands();
        let role = self.role(fence.span.start);
        Some(Listing { fence, script, role, owner })
    }

    /// A fence of commands that a typed step does.
    fn told(&self, fence: &'p Fence) -> Option<Listing<'p>> {
        let owner = self.owner(fence)?;
        let typed = owner.kind.is_some_and(|kind| !kind.takes_script && kind.name != "manual");
        if !typed || !draft::is_command(fence) {
            return None;
        }
        let script = fence.commands();
        Some(Listing { fence, script, role: self.role(fence.span.start), owner: Some(owner) })
    }

    /// What is called anywhere in the plan, by a script or in the words of a typed step, each with what its section is for.
    pub(crate) fn said_calls(&self) -> impl Iterator<Item = (Option<Role>, &Call)> {
        let told = self
            .told_calls
            .iter()
            .map(|call| (self.told.get(call.listing).and_then(|listing| listing.role), call));
        self.calls.iter().map(|call| (self.role_of(call), call)).chain(told)
    }

    fn owner(&self, fence: &Fence) -> Option<&'p Draft> {
        let at = fence.span.start;
        let stage = self.stage(at)?;
        let index = stage.steps.partition_point(|draft| draft.step.span.start <= at).checked_sub(1)?;
        stage
            .steps
            .get(index)
            .filter(|draft| draft.step.span.end >= fence.span.end && draft.step.action.script.is_some())
    }

    fn stage(&self, at: usize) -> Option<&'p StageDraft> {
        let index = self.stages.partition_point(|stage| stage.stage.span.start <= at).checked_sub(1)?;
        self.stages.get(index).filter(|stage| at < stage.stage.span.end)
    }

    /// What the section that a place stands in is for.
    pub(crate) fn role(&self, at: usize) -> Option<Role> {
        match self.stage(at) {
            Some(stage) => Some(stage.stage.role),
            None => self.heading(at).and_then(Heading::named).map(|named| named.role),
        }
    }

    /// The innermost heading above a place.
    pub(crate) fn heading(&self, at: usize) -> Option<&'p Heading> {
        let index = self.headings.partition_point(|heading| heading.span.start <= at);
        self.headings.get(index.checked_sub(1)?).copied()
    }

    /// The heading that ends the section of a place.
    pub(crate) fn heading_after(&self, at: usize) -> Option<&'p Heading> {
        let index = self.headings.partition_point(|heading| heading.span.start <= at);
        self.headings.get(index).copied()
    }

    /// Headings around a place, the innermost first.
    fn headings_around(&self, at: usize) -> impl Iterator<Item = &'p Heading> {
        let index = self.headings.partition_point(|heading| heading.span.start <= at).checked_sub(1);
        std::iter::successors(index, |index| self.above.get(*index).copied().flatten())
            .filter_map(|index| self.headings.get(index).copied())
    }

    /// The paragraph directly above the fence that a place stands in, in lower case.
    fn said_above(&self, at: usize) -> &str {
        let fence = self.fences.partition_point(|fence| fence.span.start <= at).checked_sub(1);
        let start = fence.and_then(|index| self.fences.get(index)).filter(|fence| at < fence.span.end);
        let Some(start) = start.map(|fence| fence.span.start) else { return "" };
        let before = self.lower.get(..start).unwrap_or_default().trim_end();
        let from = before.rfind("\n\n").map_or(0, |end| end + 2);
        let last = before.get(from..).unwrap_or_default();
        // The end of another fence, a heading or a table says nothing about this one.
        if last.starts_with(['#', '|', '`', '~', '<']) || last.ends_with("```") { "" } else { last }
    }

    /// Whether a place is about somebody's own machine: a heading around it says so, or the sentence above its fence.
    pub(crate) fn is_local(&self, at: usize) -> bool {
        self.headings_around(at).any(|heading| is_at_home(&heading.title.to_lowercase(), true))
            || is_at_home(self.said_above(at), false)
    }

    /// All steps, each with its stage, in order.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&'p StageDraft, &'p Draft)> + use<'p> {
        self.stages.iter().flat_map(|stage| stage.steps.iter().map(move |draft| (stage, draft)))
    }

    /// Steps that a fence of ours writes, of stages that a run walks.
    pub(crate) fn typed(&self) -> impl Iterator<Item = (&'p StageDraft, &'p Draft)> + use<'p> {
        self.steps().filter(|(stage, draft)| {
            draft.written && !matches!(stage.stage.role, Role::Rollback | Role::Reference)
        })
    }

    /// Where a value of a step is written; its id where that cannot be said.
    pub(crate) fn place(&self, draft: &Draft, value: &str) -> Span {
        let Span { start, end } = draft.step.span;
        self.text
            .get(start..end)
            .filter(|_| !value.is_empty())
            .and_then(|text| text.find(value))
            .map_or(draft.id_span, |at| Span { start: start + at, end: start + at + value.len() })
    }

    /// The calls of a listing: they stand in the order of the listings.
    pub(crate) fn calls_of(&self, listing: usize) -> &[Call] {
        let first = self.calls.partition_point(|call| call.listing < listing);
        let end = self.calls.partition_point(|call| call.listing <= listing);
        self.calls.get(first..end).unwrap_or_default()
    }

    pub(crate) fn listing_of(&self, call: &Call) -> Option<&Listing<'p>> {
        self.listings.get(call.listing)
    }

    /// The role of the section that a call stands in.
    pub(crate) fn role_of(&self, call: &Call) -> Option<Role> {
        self.listing_of(call).and_then(|listing| listing.role)
    }

    /// The text in lower case, byte for byte.
    pub(crate) fn lower(&self) -> &str {
        &self.lower
    }

    /// Whether the plan's own words say so, in lower case.
    pub(crate) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.lower.contains(word))
    }
}

/// For each heading, the last one before it of a higher level.
fn above(headings: &[&Heading]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut found = Vec::with_capacity(headings.len());
    for (index, heading) in headings.iter().enumerate() {
        while open.last().and_then(|last| headings.get(*last)).is_some_and(|last| last.level >= heading.level)
        {
            open.pop();
        }
        found.push(open.last().copied());
        open.push(index);
    }
    found
}

/// Whether words speak of somebody's own machine. A title does it with one word, a sentence with more.
fn is_at_home(said: &str, title: bool) -> bool {
    const TITLES: [&str; 14] = [
        "local",
        "locally",
        "localhost",
        "development",
        "dev",
        "laptop",
        "developer",
        "workstation",
        "lokal",
        "lokale",
        "entwicklung",
        "localmente",
        "локально",
        "ローカル",
    ];
    const SENTENCES: [&str; 18] = [
        "locally",
        "local machine",
        "your machine",
        "own machine",
        "your laptop",
        "your workstation",
        "on localhost",
        "lokal ",
        "eigenen rechner",
        "deinem rechner",
        "en local",
        "sur votre poste",
        "localmente",
        "en local ",
        "na sua máquina",
        "локально",
        "ローカル",
        "本地",
    ];
    if !title {
        return SENTENCES.iter().any(|words| said.contains(words));
    }
    // "Development environment" may be an account of its own; "Local development" is none.
    let words = said.split(|c: char| !c.is_alphanumeric());
    let found: Vec<&str> = words.filter(|word| TITLES.contains(word)).collect();
    let account = ["environment", "account", "umgebung", "konto", "stage", "cluster"]
        .iter()
        .any(|word| said.contains(word));
    found.iter().any(|word| !matches!(*word, "dev" | "development" | "entwicklung"))
        || !found.is_empty() && !account
}

/// Whether a line contains a word, which is ASCII in lower case.
pub(crate) fn contains_ignoring_case(line: &str, word: &str) -> bool {
    line.to_ascii_lowercase().contains(word)
}

/// A text of a step's arguments, if it is there and no template.
pub(crate) fn plain<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.contains("{{"))
}
