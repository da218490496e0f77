//! Every code fence of a guide: which are commands, what their statements become, and what the operator is told of it.

use super::alternatives::{self, Ways};
use super::blocks::{Asks, Block, Owner, Walked, is_torn, makes_state, walk};
use super::compose::{Composer, FenceDraft, Piece};
use super::site::FenceSite;
use super::{Outcome, Proposal, unfenced};
use crate::document::{Fence, Part};
use crate::kinds::ShellName;
use crate::lift::{Context, Verdict};
use crate::shell::{Reach, Script, Shape, Statement, Word, WordPart, parse, reach, unwrap_command};
use crate::{Role, Span, draft, rules};
use serde_json::{Map, Value, json};
use std::ops::Range;
use std::sync::Arc;

const TORN: &str =
    "Other commands of this fence hang together with it by variables, functions or options of one shell.";
const FULL: &str = "a plan has at most 2,000 steps, and those before it are as many";

/// A script and its text.
type Told = (Arc<Script>, String);

/// What a section's commands are for, as far as a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// They are walked.
    Walked,
    /// They undo what was walked.
    Rollback,
    /// They are looked up.
    Reference,
}

impl Composer<'_> {
    /// Goes through all fences in order of the file.
    pub(super) fn fences(&mut self, parts: &[Part], context: &mut Context) {
        let mut owned = false;
        let chapters = chapters_that_go_anew(parts);
        let (starts, scripts) = self.scripts_with_images(parts);
        for part in parts {
            let Part::Fence(fence) = part else {
                if let (Part::Heading(heading), Some(level)) = (part, chapters)
                    && heading.level <= level
                {
                    context.lose_folder();
                }
                owned = false;
                continue;
            };
            let mine = std::mem::replace(&mut owned, fence.role() == Some("step"));
            if mine || matches!(fence.role(), Some("step" | "stage")) {
                continue;
            }
            if draft::is_file(fence) {
                self.leave(
                    fence.span,
                    "a code fence",
                    "it shows the content of a file (`#!`), which is run where that file is",
                );
                continue;
            }
            if draft::is_warning(fence) {
                self.leave(fence.span, "a code fence", "its first line says that it is not to be done");
                continue;
            }
            let script = fence.script();
            if !is_commands(fence, script) {
                let asks = |line: &str| line.split("$(").skip(1).any(unfenced::is_command);
                if fence.body.text.lines().any(|line| unfenced::is_command(line.trim()) || asks(line)) {
                    let broken = script.statements.iter().find_map(|statement| match &statement.shape {
                        Shape::NotUnderstood(why) => Some(why),
                        Shape::Simple(_)
                        | Shape::Pipeline(_)
                        | Shape::List(_)
                        | Shape::Compound { .. }
                        | Shape::Assignments(_) => None,
                    });
                    let why = match (fence.language(), broken) {
                        ("", Some(why)) => format!("not all of it can be read: {why}"),
                        ("", None) => {
                            "not all of it are commands, and nothing says that it is a script".to_owned()
                        }
                        (language, _) => format!("it is marked as `{language}`, which no shell runs"),
                    };
                    self.leave(fence.span, "a code fence", &why);
                }
                continue;
            }
            match FenceSite::new(self.text, fence) {
                Ok(site) => {
                    context.begin_fence();
                    context
                        .expect_later(&scripts, starts.partition_point(|start| *start <= fence.span.start));
                    context.expect_after(self.said_after(fence));
                    self.fence(fence, site, script, context);
                }
                Err(no) => self.leave(fence.span, "a code fence", no.why()),
            }
        }
        self.settle_ways_back();
    }

    /// The scripts of a file that has to do with images, and where each begins: a build must know what comes after it.
    fn scripts_with_images(&self, parts: &[Part]) -> (Vec<usize>, Arc<Vec<Told>>) {
        if !["docker", "podman"].iter().any(|program| self.text.contains(program)) {
            return (Vec::new(), Arc::default());
        }
        let fences = parts.iter().filter_map(|part| match part {
            Part::Fence(fence) if !draft::is_file(fence) => Some(fence),
            Part::Fence(_) | Part::Heading(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
        });
        let read = fences.filter_map(|fence| {
            let script = fence.script();
            is_commands(fence, script)
                .then(|| (fence.span.start, (Arc::clone(script), fence.body.text.clone())))
        });
        let (starts, scripts): (Vec<usize>, Vec<Told>) = read.unzip();
        (starts, Arc::new(scripts))
    }

    fn fence(&mut self, fence: &Fence, site: FenceSite, script: &Script, context: &mut Context) {
        let text = fence.body.text.as_str();
        if script.statements.is_empty() {
            return self.leave(
                fence.span,
                "a code fence",
                "it has no command, only comments or what one printed",
            );
        }
        let purpose = self.purpose(fence.span.start);
        if purpose != Purpose::Reference && self.room == 0 {
            return self.leave(fence.span, "a code fence", FULL);
        }
        // By statement, so that an id stays the same whatever is refused.
        let ids: Vec<String> =
            (0..script.statements.len()).map(|at| self.id(&command(script, text, &(at..at + 1)))).collect();
        let ways = alternatives::of(script, text);
        let by_hand =
            ways.as_ref().filter(|ways| purpose == Purpose::Rollback || matches!(ways, Ways::Unclear(_)));
        let mut by_hand = by_hand.map(Ways::told);
        let cuts = ways.as_ref().map(Ways::cuts).unwrap_or_default();
        let before = ways.as_ref().map(|_| (context.clone(), self.names.mark()));
        let mut walked = self.walked(script, text, &ids, purpose, context, &cuts, by_hand.as_deref());
        let never_walked = "It stands in a section to look things up; a run does not walk it.";
        let looked_up_but_changes = "It stands in a section to look things up, and changes something. A run does not walk it: \
             should it, give the section a title that says what is done.";
        let first = self.made.proposals.len();
        let mut steps = self.steps(fence, &site, script, &walked, purpose, by_hand.as_deref());
        if let (Some(ways @ Ways::Clear(list)), None) = (&ways, &by_hand)
            && purpose == Purpose::Walked
        {
            let id = self.names.free("choose".to_owned());
            let question = "Which way?";
            if !alternatives::choose(list, &walked, question, &id, &mut steps) {
                // Their commands hang together: a person runs those of the way that is chosen.
                let told = ways.told();
                if let Some((earlier, mark)) = before {
                    *context = earlier;
                    self.names.back(mark);
                }
                walked = self.walked(script, text, &ids, purpose, context, &[], Some(told.as_str()));
                by_hand = Some(told);
                steps = self.steps(fence, &site, script, &walked, purpose, by_hand.as_deref());
            }
        }
        let pieces: Vec<Piece> =
            walked.blocks.iter().zip(steps).map(|(block, steps)| Piece { line: block.line, steps }).collect();
        for fate in &walked.fates {
            let lines = lines_of(script, &fate.statements);
            let span = site.span(lines);
            let command = command(script, text, &fate.statements);
            let block = fate.block.min(walked.blocks.len().saturating_sub(1));
            let step = pieces.get(block).and_then(|piece| piece.steps.last());
            let id = walked.blocks.get(block).map_or("", |block| block.id.as_str());
            let outcome = match purpose {
                Purpose::Reference => Outcome::Absorbed {
                    why: if changes(&fate.verdict) { looked_up_but_changes } else { never_walked }.to_owned(),
                },
                Purpose::Walked | Purpose::Rollback => self.outcome(fate.refused, &fate.verdict, id, step),
            };
            let proposal = Proposal {
                id: ids.get(fate.statements.start).cloned().unwrap_or_default(),
                span: Span { start: span.start, end: span.end },
                line: self.lines.line(span.start),
                command,
                outcome,
            };
            if let Outcome::Lifted { step, .. } = &proposal.outcome {
                self.shown.insert(step.clone(), self.made.proposals.len());
            }
            self.made.proposals.push(proposal);
        }
        self.room = self.room.saturating_sub(pieces.len());
        if purpose == Purpose::Rollback {
            self.note_way_back(fence, script, &walked, first);
        }
        if !pieces.is_empty() {
            self.made.fences.push(FenceDraft { site, span: fence.span, pieces });
        }
    }

    /// The steps of each block, as they will be written; none in a section to look things up.
    fn steps(
        &mut self,
        fence: &Fence,
        site: &FenceSite,
        script: &Script,
        walked: &Walked,
        purpose: Purpose,
        by_hand: Option<&str>,
    ) -> Vec<Vec<Map<String, Value>>> {
        if purpose == Purpose::Reference {
            return Vec::new();
        }
        let text = fence.body.text.as_str();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut all = Vec::new();
        for (number, block) in walked.blocks.iter().enumerate() {
            let end = walked.blocks.get(number + 1).map_or(site.len(), |next| next.line).min(lines.len());
            let script_text = lines.get(block.line..end).unwrap_or_default().concat();
            let mut step = self.step(fence, script, text, block, &script_text, purpose, by_hand);
            if let Owner::Kept(_) = block.owner {
                let last = number + 1 == walked.blocks.len();
                self.expect_of_script(fence, script, block, &script_text, last, &mut step);
            }
            all.push(vec![step]);
        }
        all
    }

    /// Walks a fence; where lifting would tear what hangs together, or make more steps than a plan may have, nothing of it
    /// is lifted.
    #[expect(clippy::too_many_arguments, reason = "what a fence is, and how it is gone through")]
    fn walked(
        &mut self,
        script: &Script,
        text: &str,
        ids: &[String],
        purpose: Purpose,
        context: &mut Context,
        cuts: &[usize],
        never: Option<&str>,
    ) -> Walked {
        let room = if purpose == Purpose::Reference { usize::MAX } else { self.room };
        let state = makes_state(script);
        let before = (state || script.statements.len() > room).then(|| context.clone());
        let mark = self.names.mark();
        let walked = walk(script, text, context, &mut Asking { composer: self, ids }, never, cuts, room);
        let why = match walked {
            Some(walked) if !state || !is_torn(script, text, &walked) => return walked,
            Some(_) => TORN,
            None => FULL,
        };
        self.names.back(mark);
        if let Some(before) = before {
            *context = before;
        }
        let mut asking = Asking { composer: self, ids };
        walk(script, text, context, &mut asking, Some(never.unwrap_or(why)), &[], usize::MAX)
            .unwrap_or_default()
    }

    fn outcome(
        &self,
        refused: bool,
        verdict: &Verdict,
        id: &str,
        step: Option<&Map<String, Value>>,
    ) -> Outcome {
        match verdict {
            Verdict::Lifted(lifted) => Outcome::Lifted {
                uses: lifted.uses.clone(),
                step: id.to_owned(),
                yaml: step
                    .map(|step| super::written::mapping(step, self.made.ascii).join("\n"))
                    .unwrap_or_default(),
                guessed: lifted.guessed.clone(),
            },
            Verdict::Kept(kept) => Outcome::Kept {
                uses: step
                    .and_then(|step| step.get("uses"))
                    .and_then(Value::as_str)
                    .unwrap_or("shell")
                    .to_owned(),
                step: id.to_owned(),
                effect: kept.effect,
                why: kept.why.clone(),
                refused,
            },
            Verdict::Absorbed { why } => Outcome::Absorbed { why: why.clone() },
        }
    }

    /// A step for a block, as it will be written.
    #[expect(clippy::too_many_arguments, reason = "all that a step is made of")]
    fn step(
        &mut self,
        fence: &Fence,
        script: &Script,
        text: &str,
        block: &Block,
        script_text: &str,
        purpose: Purpose,
        by_hand: Option<&str>,
    ) -> Map<String, Value> {
        let mut step = Map::new();
        step.insert("id".to_owned(), block.id.clone().into());
        let changes;
        match &block.owner {
            Owner::Lifted(lifted) => {
                step.insert("uses".to_owned(), lifted.uses.clone().into());
                if !lifted.with.is_empty() {
                    step.insert("with".to_owned(), Value::Object(lifted.with.clone()));
                }
                let kinds = crate::kind(&lifted.uses).map(|kind| kind.effect);
                if let Some(effect) = lifted.effect {
                    step.insert("effect".to_owned(), rules::word(effect).into());
                }
                changes = lifted.effect.or(kinds).is_none_or(crate::Effect::changes);
                if let Some(expect) = &lifted.expect {
                    step.insert("expect".to_owned(), expect.clone());
                }
                if !lifted.after.is_empty() {
                    step.insert("after".to_owned(), lifted.after.clone().into());
                }
                if let Some(undo) = &lifted.undo {
                    step.insert("undo".to_owned(), undo.clone());
                }
                if changes
                    && purpose == Purpose::Walked
                    && let Some(subject) = crate::lift::subject(lifted)
                {
                    self.changed.insert(subject, block.id.clone());
                }
            }
            Owner::Kept(kept) => {
                changes = kept.effect.changes();
                let typed = !script.prompts.is_empty() || !script.output.is_empty();
                if typed || by_hand.is_some() {
                    step.insert("uses".to_owned(), "manual".into());
                    let copied = command(script, text, &block.statements);
                    let prompted = "Run this in a terminal; in the plan it stands behind a prompt, with what it printed.";
                    let said = by_hand.unwrap_or(prompted);
                    step.insert(
                        "with".to_owned(),
                        json!({ "instructions": said, "copy": [{ "text": copied }] }),
                    );
                } else {
                    step.insert("uses".to_owned(), "shell".into());
                    let with = with_of_shell(fence, block, &kept.env, script_text);
                    if !with.is_empty() {
                        step.insert("with".to_owned(), Value::Object(with));
                    }
                }
                if kept.effect != crate::Effect::Once {
                    step.insert("effect".to_owned(), rules::word(kept.effect).into());
                }
            }
        }
        if purpose == Purpose::Walked {
            self.conditions(&mut step, fence.span.start, changes);
        }
        step
    }

    /// What the sections around a place say of its commands, the outermost first. The title of the file says nothing.
    pub(super) fn purpose(&self, at: usize) -> Purpose {
        let mut purpose = Purpose::Walked;
        for section in self.sections_around(at) {
            purpose = match section.role {
                Some(Role::Rollback) => Purpose::Rollback,
                Some(Role::Reference) if purpose == Purpose::Walked => Purpose::Reference,
                Some(_) if section.is_stage => Purpose::Walked,
                _ => purpose,
            };
        }
        purpose
    }

    /// What the prose and the block directly after a fence say should come of it.
    fn said_after(&self, fence: &Fence) -> Vec<String> {
        let numbers = self.said.get(&fence.span.start).map(Vec::as_slice).unwrap_or_default();
        let said = numbers.iter().filter_map(|number| self.understood.expectations.get(*number));
        said.flat_map(|one| one.text.lines().map(str::to_owned)).collect()
    }
}

struct Asking<'c, 't, 's> {
    composer: &'c mut Composer<'t>,
    ids: &'s [String],
}

impl Asks for Asking<'_, '_, '_> {
    fn id(&mut self, name: &str) -> String {
        self.composer.names.free(name.to_owned())
    }

    fn is_refused(&mut self, at: usize) -> bool {
        self.ids.get(at).is_some_and(|id| self.composer.options.refused.contains(id))
    }
}

/// Whether what a statement became, or would become, changes something.
fn changes(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Lifted(lifted) => lifted
            .effect
            .or(crate::kind(&lifted.uses).map(|kind| kind.effect))
            .is_none_or(crate::Effect::changes),
        Verdict::Kept(kept) => kept.effect.changes(),
        Verdict::Absorbed { .. } => false,
    }
}

/// The text of statements as it is written, without prompts and what was printed.
fn command(script: &Script, text: &str, statements: &Range<usize>) -> String {
    let spans = script.statements.get(statements.clone()).unwrap_or_default().iter().map(|one| one.span);
    let texts: Vec<&str> = spans.filter_map(|span| text.get(span.start..span.end)).map(str::trim).collect();
    texts.join("\n")
}

/// Commands for a shell: a fence whose language says so, or one without a language whose text is nothing else.
/// The level of the plan's main headings, where its fences go to their folders anew: where two fences begin with the same
/// `cd`, the second one does not stand in that folder.
fn chapters_that_go_anew(parts: &[Part]) -> Option<u8> {
    let mut folders: Vec<String> = Vec::new();
    let mut levels: Vec<u8> = Vec::new();
    for part in parts {
        match part {
            Part::Heading(heading) => levels.push(heading.level),
            Part::Fence(fence) if draft::is_command(fence) => folders.extend(goes_to(&fence.body.text)),
            Part::Fence(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => {}
        }
    }
    folders.sort_unstable();
    let anew = folders.windows(2).any(|pair| pair.first() == pair.last());
    let main = (1..=6).find(|level| levels.iter().filter(|one| *one == level).count() > 1);
    main.filter(|_| anew)
}

/// The folder of the first `cd` that begins a line, if that leads down.
fn goes_to(script: &str) -> Option<String> {
    let to = script.lines().find_map(|line| line.trim_start().strip_prefix("cd "))?;
    let to = to.split([' ', ';', '&', '#']).next()?.trim_end_matches('/');
    (!to.is_empty() && !to.starts_with(['.', '/', '~', '-', '$'])).then(|| to.to_owned())
}

fn is_commands(fence: &Fence, script: &Script) -> bool {
    if draft::is_command(fence) {
        return true;
    }
    let unsaid = matches!(fence.language(), "" | "text" | "txt" | "plaintext");
    unsaid
        && script.problems.is_empty()
        && !script.statements.is_empty()
        && script.statements.iter().all(|statement| match &statement.shape {
            Shape::NotUnderstood(_) | Shape::Compound { .. } => false,
            Shape::Assignments(list) => list.iter().all(|one| asks_a_program(&one.value)),
            Shape::Simple(_) | Shape::Pipeline(_) | Shape::List(_) => {
                statement.commands().iter().all(|command| {
                    let words = unwrap_command(command).words;
                    words.len() > 1 && !matches!(reach(&words).reach, Reach::Unknown)
                })
            }
        })
}

/// `$(aws …)`, and nothing else.
fn asks_a_program(value: &Word) -> bool {
    let [WordPart::Command(inner)] = value.parts.as_slice() else { return false };
    let script = parse(inner);
    !script.statements.is_empty()
        && script.statements.iter().flat_map(Statement::commands).all(|command| {
            let words = unwrap_command(command).words;
            words.len() > 1 && !matches!(reach(&words).reach, Reach::Unknown)
        })
}

fn with_of_shell(
    fence: &Fence,
    block: &Block,
    env: &std::collections::BTreeMap<String, String>,
    script: &str,
) -> Map<String, Value> {
    let mut with = Map::new();
    if ShellName::from_language(fence.language()).is_none() {
        with.insert("shell".to_owned(), "bash".into());
    }
    let read: Map<String, Value> = env
        .iter()
        .filter(|(name, _)| script.contains(name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    if !read.is_empty() {
        with.insert("env".to_owned(), Value::Object(read));
    }
    if let Some(dir) = &block.dir {
        with.insert("dir".to_owned(), dir.clone().into());
    }
    with
}

pub(super) fn named(step: &Map<String, Value>) -> Option<&str> {
    step.get("id").and_then(Value::as_str)
}

fn lines_of(script: &Script, statements: &Range<usize>) -> Range<usize> {
    let all = script.statements.get(statements.clone()).unwrap_or_default();
    let start = all.first().map_or(0, |one| one.lines.start);
    start..all.last().map_or(start, |one| one.lines.end)
}
