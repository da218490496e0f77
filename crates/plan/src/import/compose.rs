//! What is to be inserted where: front matter, stages, steps. Nothing is written yet.

use super::fences::named;
use super::names::Names;
use super::site::FenceSite;
use super::source::Source;
use super::splice::Part as Piecewise;
use super::ways_back::WayBack;
use super::{ImportOptions, LeftAlone, Proposal};
use crate::beside::task_run;
use crate::document::{self, Again, Heading, Part};
use crate::findings::Lines;
use crate::kinds::Dur;
use crate::lift::{Context, Facts};
use crate::read::MOST_STEPS;
use crate::sections::Outline;
use crate::understand::{self, FactKey, SectionMeaning, Understanding, Written};
use crate::{Estimate, Reading, Role, Span};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

/// What is to be inserted.
#[derive(Debug, Default)]
pub(super) struct Composition {
    /// What stands under `holdpoint:`.
    pub(super) front: Map<String, Value>,
    pub(super) stages: Vec<NewStage>,
    pub(super) free: Vec<FreeStep>,
    pub(super) fences: Vec<FenceDraft>,
    pub(super) proposals: Vec<Proposal>,
    pub(super) left: Vec<LeftAlone>,
    /// Whether insertions must be ASCII.
    pub(super) ascii: bool,
}

/// A `yaml stage` fence after a heading.
#[derive(Debug)]
pub(super) struct NewStage {
    pub(super) heading: Heading,
    pub(super) id: String,
    pub(super) yaml: Map<String, Value>,
}

/// Steps that stand by themselves, after a line.
#[derive(Debug)]
pub(super) struct FreeStep {
    /// A byte of that line.
    pub(super) inside: usize,
    pub(super) lead: String,
    pub(super) steps: Vec<Map<String, Value>>,
    /// The script of the last of them, in a fence that comes with it.
    pub(super) script: Option<String>,
}

/// A code fence and the steps that come to own its lines.
#[derive(Debug)]
pub(super) struct FenceDraft {
    pub(super) site: FenceSite,
    pub(super) span: Span,
    /// By line; the first begins with line 0.
    pub(super) pieces: Vec<Piece>,
}

/// Lines of a fence and the steps before them, of which the last one owns them.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) line: usize,
    pub(super) steps: Vec<Map<String, Value>>,
}

impl Composition {
    /// Looks through a guide.
    pub(super) fn of(
        reading: &Reading,
        parts: &[Part],
        written: Option<&Written>,
        source: &Source<'_>,
        options: &ImportOptions,
        again: &mut Again,
    ) -> Self {
        let text = &reading.text;
        let headings: Vec<&Heading> = parts.iter().filter_map(heading).collect();
        let outline = Outline::new(headings, text.len(), &reading.plan.title).with_commands(parts);
        let understood = match written {
            Some(written) => understand::of_sound(text, parts, written),
            None => understand::understand_again(text, again),
        };
        let mut composer = Composer {
            text,
            lines: Lines::new(text),
            names: Names::of(parts),
            seen: HashMap::new(),
            options,
            said: said_of(&understood),
            around: around(&understood.sections),
            understood,
            changed: HashMap::new(),
            shown: HashMap::new(),
            ways_back: Vec::new(),
            choices: Vec::new(),
            room: 0,
            checkpoints: 0,
            made: Self { ascii: source.ascii(), ..Self::default() },
        };
        composer.by_people(parts);
        composer.stages(parts, &outline);
        composer.made.free.sort_by_key(|free| free.inside);
        let mut context = Context::new(composer.facts());
        composer.room = MOST_STEPS.saturating_sub(checklists(parts) + composer.made.free.len());
        composer.fences(parts, &mut context);
        composer.hoist(&mut context);
        composer.outside(parts, &mut context);
        composer.inline();
        composer.made.left.sort_by_key(|left| left.span.start);
        composer.front(&context);
        composer.made
    }

    /// The step of that id, the last ones first.
    pub(super) fn step(&mut self, id: &str) -> Option<&mut Map<String, Value>> {
        let pieces = self.fences.iter_mut().rev().flat_map(|fence| &mut fence.pieces);
        pieces.flat_map(|piece| &mut piece.steps).find(|step| named(step) == Some(id))
    }

    /// Whether there is nothing that a run could walk.
    pub(super) fn is_empty(&self) -> bool {
        self.stages.is_empty() && self.free.is_empty() && self.fences.is_empty()
    }

    /// Takes parts out that are not read as they were meant; false when nothing is left to take out.
    pub(super) fn without(&mut self, faults: &BTreeSet<Piecewise>, text: &str) -> bool {
        if faults.contains(&Piecewise::Front) {
            return false;
        }
        let lines = Lines::new(text);
        let mut number = 0;
        let mut gone = Vec::new();
        self.fences.retain(|fence| {
            number += 1;
            let stays = !faults.contains(&Piecewise::Fence(number - 1));
            if !stays {
                gone.push(fence.span);
            }
            stays
        });
        for span in &gone {
            self.proposals
                .retain(|proposal| proposal.span.start < span.start || proposal.span.start >= span.end);
            self.left.push(LeftAlone {
                span: *span,
                line: lines.line(span.start),
                what: "a code fence".to_owned(),
                why: "a step before it would not be read as one here".to_owned(),
            });
        }
        retain_numbered(&mut self.stages, |at| !faults.contains(&Piecewise::Stage(at)));
        retain_numbered(&mut self.free, |at| !faults.contains(&Piecewise::Free(at)));
        !self.is_empty()
    }
}

fn retain_numbered<T>(list: &mut Vec<T>, keep: impl Fn(usize) -> bool) {
    let mut at = 0;
    list.retain(|_| {
        at += 1;
        keep(at - 1)
    });
}

fn heading(part: &Part) -> Option<&Heading> {
    match part {
        Part::Heading(heading) => Some(heading),
        Part::Fence(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
    }
}

/// What is known while a guide is gone through.
pub(super) struct Composer<'t> {
    pub(super) text: &'t str,
    pub(super) lines: Lines<'t>,
    pub(super) names: Names,
    /// How often a command's text came already.
    seen: HashMap<String, usize>,
    pub(super) options: &'t ImportOptions,
    pub(super) understood: Understanding,
    /// For each section the number of the one that it begins in.
    around: Vec<Option<usize>>,
    /// What steps change: subject, and the last step that does.
    pub(super) changed: HashMap<String, String>,
    /// Where the proposal of each lifted step is.
    pub(super) shown: HashMap<String, usize>,
    /// Fences of rollback sections so far.
    pub(super) ways_back: Vec<WayBack>,
    /// What is said after fences should come of them: start of the fence, numbers of what is said.
    pub(super) said: HashMap<usize, Vec<usize>>,
    /// Sections that are options of a decision, and the condition of their steps.
    pub(super) choices: Vec<(Span, String)>,
    /// How many more steps a plan may have.
    pub(super) room: usize,
    /// How many checkpoints have got their hold.
    checkpoints: usize,
    pub(super) made: Composition,
}

impl Composer<'_> {
    fn stages(&mut self, parts: &[Part], outline: &Outline<'_>) {
        let fenced =
            parts.iter().any(|part| matches!(part, Part::Fence(fence) if fence.role() == Some("stage")));
        if fenced {
            return;
        }
        let headings: HashMap<usize, &Heading> =
            parts.iter().filter_map(heading).map(|heading| (heading.span.start, heading)).collect();
        let estimates: HashMap<usize, Estimate> = self
            .understood
            .sections
            .iter()
            .filter_map(|section| Some((section.heading.start, section.estimate?)))
            .collect();
        for section in outline.guessed() {
            let walked = matches!(section.role, Role::Before | Role::Deploy | Role::Verify | Role::After);
            let Some(heading) = headings.get(&section.span.start).filter(|_| walked) else { continue };
            if !has_work(parts, section.span) && !self.stage_by_hand(section.span) {
                continue;
            }
            let fallback = format!("stage_{}", self.made.stages.len() + 1);
            let id = self.names.near(&section.title, &fallback);
            let mut yaml = Map::new();
            yaml.insert("id".to_owned(), id.clone().into());
            yaml.insert("role".to_owned(), role_word(section.role).into());
            if let Some(estimate) = estimates.get(&section.span.start) {
                yaml.insert("estimate".to_owned(), estimate_word(estimate).into());
            }
            self.made.stages.push(NewStage { heading: (*heading).clone(), id, yaml });
        }
    }

    /// Sections around a place, the outermost first, without the title of the file.
    pub(super) fn sections_around(&self, at: usize) -> impl Iterator<Item = &SectionMeaning> {
        let sections = &self.understood.sections;
        let last = sections.partition_point(|one| one.heading.start <= at).checked_sub(1);
        let outwards = std::iter::successors(last, |index| {
            crate::work::spend(1);
            self.around.get(*index).copied().flatten()
        });
        let mut around: Vec<&SectionMeaning> = outwards.filter_map(|index| sections.get(index)).collect();
        around.retain(|one| at < one.span.end && (one.level > 1 || one.is_stage));
        around.into_iter().rev()
    }

    /// What else stands in a step: the choice that it hangs on, and the hold of a checkpoint before it.
    pub(super) fn conditions(&mut self, step: &mut Map<String, Value>, at: usize, changes: bool) {
        let choice = self.choices.iter().find(|(span, _)| span.start <= at && at < span.end);
        if let Some((_, when)) = choice {
            step.insert("when".to_owned(), when.clone().into());
        }
        let passed = self.understood.checkpoints.partition_point(|one| one.span.start < at);
        if changes && passed > self.checkpoints {
            self.checkpoints = passed;
            step.insert("hold".to_owned(), json!({ "signatures": 1 }));
        }
    }

    pub(super) fn leave(&mut self, span: Span, what: &str, why: &str) {
        let line = self.lines.line(span.start);
        self.made.left.push(LeftAlone { span, line, what: what.to_owned(), why: why.to_owned() });
    }

    /// The id of a proposal: the hash of its text, numbered from its second occurrence on.
    pub(super) fn id(&mut self, command: &str) -> String {
        let digest = Sha256::digest(document::words(command).as_bytes());
        let hash: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        let count = self.seen.entry(hash.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { hash } else { format!("{hash}_{count}") }
    }

    /// Account, region and profile as the text states them, where it states one.
    pub(super) fn facts(&self) -> Facts {
        // What is stated counts; where nothing is, what is merely seen, in ARNs and hosts, if it is always the same.
        let stated = |key: FactKey| {
            let of_key = || self.understood.facts.iter().filter(move |fact| fact.key == key);
            let stated = of_key().any(|fact| fact.stated);
            let mut values: Vec<&str> =
                of_key().filter(|fact| fact.stated == stated).map(|fact| fact.value.as_str()).collect();
            values.sort_unstable();
            values.dedup();
            match values.as_slice() {
                [one] => Some((*one).to_owned()),
                _ => None,
            }
        };
        let account = self.options.account.clone().or_else(|| stated(FactKey::Account));
        // Where nothing says which account it is, a profile that only commands name is theirs: others may go elsewhere.
        let sure = account.is_some()
            || self.understood.facts.iter().any(|fact| fact.key == FactKey::Profile && fact.stated);
        Facts {
            account,
            region: self.options.region.clone().or_else(|| stated(FactKey::Region)),
            profile: stated(FactKey::Profile).filter(|_| sure),
        }
    }

    fn front(&mut self, context: &Context) {
        let mut ours = Map::new();
        ours.insert("version".to_owned(), 1.into());
        let facts = context.facts();
        if let (Some(account), Some(region)) = (&facts.account, &facts.region) {
            ours.insert("target".to_owned(), json!({ "account": account, "region": region }));
        }
        let mut vars = Map::new();
        for var in context.vars() {
            let mut one = Map::new();
            if var.secret {
                one.insert("secret".to_owned(), true.into());
            } else if let Some(default) = &var.default {
                one.insert("default".to_owned(), default.clone().into());
            }
            if let Some(description) = &var.description {
                one.insert("description".to_owned(), description.clone().into());
            }
            vars.insert(var.name.clone(), Value::Object(one));
        }
        if !vars.is_empty() {
            ours.insert("vars".to_owned(), Value::Object(vars));
        }
        let whole = self.understood.facts.iter().find(|fact| fact.key == FactKey::Estimate && fact.stated);
        if let Some(estimate) = whole.and_then(|fact| fact.estimate) {
            ours.insert("estimate".to_owned(), estimate_word(&estimate).into());
        }
        self.made.front = ours;
    }
}

/// Checklists that are steps without any fence of ours.
fn checklists(parts: &[Part]) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < parts.len() {
        let (run, next) = task_run(parts, at);
        // In a checked plan the rows of a table are text.
        count += usize::from(matches!(parts.get(at), Some(Part::Task(_))));
        at = if run.is_empty() { at + 1 } else { next };
    }
    count
}

/// For each section, which are in order of place, the one that it begins in.
fn around(sections: &[SectionMeaning]) -> Vec<Option<usize>> {
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut found = Vec::with_capacity(sections.len());
    for (number, section) in sections.iter().enumerate() {
        while open.last().is_some_and(|(_, end)| *end <= section.span.start) {
            open.pop();
        }
        found.push(open.last().map(|(number, _)| *number));
        open.push((number, section.span.end));
    }
    found
}

/// Expectations by the fence that they are about, those outside of it alone: what is said in comments is the script's.
fn said_of(understood: &Understanding) -> HashMap<usize, Vec<usize>> {
    let mut found: HashMap<usize, Vec<usize>> = HashMap::new();
    for (number, one) in understood.expectations.iter().enumerate() {
        if one.span.start < one.of.start || one.span.end > one.of.end {
            found.entry(one.of.start).or_default().push(number);
        }
    }
    found
}

/// Whether something stands in a section that a person or a run would do.
fn has_work(parts: &[Part], section: Span) -> bool {
    let first = parts.partition_point(|part| part.span().start < section.start);
    let inside = parts.get(first..).unwrap_or_default().iter();
    inside.take_while(|part| part.span().start < section.end).any(|part| match part {
        Part::Task(_) => true,
        Part::Fence(fence) => !fence.info.is_empty() || !fence.body.text.trim().is_empty(),
        Part::Heading(_) | Part::Row(_) | Part::Comment(_) => false,
    })
}

/// `20m..40m`, or one length where both are the same.
fn estimate_word(estimate: &Estimate) -> String {
    let (from, to) = (Dur::new(estimate.from), Dur::new(estimate.to));
    if estimate.from == estimate.to { from.to_string() } else { format!("{from}..{to}") }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Before => "before",
        Role::Deploy => "deploy",
        Role::Verify => "verify",
        Role::After => "after",
        Role::Rollback => "rollback",
        Role::Reference => "reference",
    }
}
