//! What is to be inserted where: front matter, stages, steps. Nothing is written yet.

use super::names::Names;
use super::site::FenceSite;
use super::source::Source;
use super::splice::Part as Piecewise;
use super::{ImportOptions, LeftAlone, Outcome, Proposal};
use crate::document::{self, Fence, Heading, Part};
use crate::findings::Lines;
use crate::sections::Outline;
use crate::{Effect, Reading, Role, Span, draft, front};
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
    pub(super) fn of(reading: &Reading, source: &Source<'_>, options: &ImportOptions) -> Self {
        let text = &reading.text;
        let parts = document::parts(text, front::cut(text).body);
        let headings: Vec<&Heading> = parts.iter().filter_map(heading).collect();
        let outline = Outline::new(headings, text.len(), &reading.plan.title).with_commands(&parts);
        let mut composer = Composer {
            text,
            lines: Lines::new(text),
            names: Names::of(&parts),
            seen: HashMap::new(),
            options,
            made: Self { ascii: source.ascii(), ..Self::default() },
        };
        composer.stages(&parts, &outline);
        composer.fences(&parts, &outline);
        composer.front();
        composer.made
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

struct Composer<'t> {
    text: &'t str,
    lines: Lines<'t>,
    names: Names,
    /// How often a command's text came already.
    seen: HashMap<String, usize>,
    options: &'t ImportOptions,
    made: Composition,
}

impl Composer<'_> {
    fn stages(&mut self, parts: &[Part], outline: &Outline<'_>) {
        let fenced =
            parts.iter().any(|part| matches!(part, Part::Fence(fence) if fence.role() == Some("stage")));
        if fenced {
            return;
        }
        for section in outline.guessed() {
            let Some(heading) = parts
                .iter()
                .filter_map(heading)
                .find(|heading| heading.span.start == section.span.start)
                .filter(|_| matches!(section.role, Role::Before | Role::Deploy | Role::Verify | Role::After))
            else {
                continue;
            };
            let fallback = format!("stage_{}", self.made.stages.len() + 1);
            let id = self.names.near(&section.title, &fallback);
            let mut yaml = Map::new();
            yaml.insert("id".to_owned(), id.clone().into());
            yaml.insert("role".to_owned(), role_word(section.role).into());
            self.made.stages.push(NewStage { heading: heading.clone(), id, yaml });
        }
    }

    fn fences(&mut self, parts: &[Part], outline: &Outline<'_>) {
        let mut owned = false;
        for part in parts {
            let Part::Fence(fence) = part else {
                owned = false;
                continue;
            };
            let mine = std::mem::replace(&mut owned, fence.role() == Some("step"));
            if mine || !draft::is_command(fence) {
                continue;
            }
            match FenceSite::new(self.text, fence) {
                Ok(site) => self.fence(fence, site, outline),
                Err(no) => self.leave(fence.span, "a code fence", no.why()),
            }
        }
    }

    fn fence(&mut self, fence: &Fence, site: FenceSite, outline: &Outline<'_>) {
        if fence.body.text.trim().is_empty() {
            return self.leave(fence.span, "a code fence", "it is empty");
        }
        let title = outline.heading(fence.span.start).map_or("", |heading| heading.title.as_str());
        let id = self.names.near(title, "command");
        let mut step = Map::new();
        step.insert("id".to_owned(), id.clone().into());
        step.insert("uses".to_owned(), "shell".into());
        let span = site.span(0..site.len());
        let command = fence.body.text.trim().to_owned();
        let proposal = Proposal {
            id: self.id(&command),
            span: Span { start: span.start, end: span.end },
            line: self.lines.line(span.start),
            command,
            outcome: Outcome::Kept {
                uses: "shell".to_owned(),
                step: id,
                effect: Effect::Once,
                why: "nothing is known of it".to_owned(),
                refused: false,
            },
        };
        self.made.proposals.push(proposal);
        self.made.fences.push(FenceDraft {
            site,
            span: fence.span,
            pieces: vec![Piece { line: 0, steps: vec![step] }],
        });
    }

    fn leave(&mut self, span: Span, what: &str, why: &str) {
        let line = self.lines.line(span.start);
        self.made.left.push(LeftAlone { span, line, what: what.to_owned(), why: why.to_owned() });
    }

    /// The id of a proposal: the hash of its text, numbered from its second occurrence on.
    fn id(&mut self, command: &str) -> String {
        let digest = Sha256::digest(command.split_whitespace().collect::<Vec<_>>().join(" ").as_bytes());
        let hash: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        let count = self.seen.entry(hash.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { hash } else { format!("{hash}_{count}") }
    }

    fn front(&mut self) {
        let mut ours = Map::new();
        ours.insert("version".to_owned(), 1.into());
        if let (Some(account), Some(region)) = (&self.options.account, &self.options.region) {
            ours.insert("target".to_owned(), json!({ "account": account, "region": region }));
        }
        self.made.front = ours;
    }
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
