//! `read`: bytes → plan and findings. The as-written parts become stages and steps; checks across steps come last.

use crate::beside::{checklist_name, owned_fence, prose, stage_fence, task_run, unowned};
use crate::decode::decode;
use crate::document::{self, Again, Fence, Heading, Part, Task, words};
use crate::draft::{self, Draft, Site};
use crate::fields::Fields;
use crate::findings::Findings;
use crate::front::{self, Front};
use crate::sections::{Outline, Section, Taken, slug};
use crate::tasks::{self, DraftItem};
use crate::together::joined;
use crate::understand::Written;
use crate::{
    Level, Plan, Reading, Role, Severity, Span, Stage, StageId, StepId, Together, lint, repair, yaml,
};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// Most steps of a plan; a run with more cannot be watched by anybody.
pub(crate) const MOST_STEPS: usize = 2_000;
/// Most checklist items of a plan.
const MOST_ITEMS: usize = 10_000;

/// Reads a plan. Any bytes give a [`Reading`]: at worst an empty guide with a finding that says why. Time is linear in
/// the bytes; files over [`LARGEST`](crate::LARGEST) bytes are refused.
pub fn read(bytes: &[u8]) -> Reading {
    read_again(bytes, &mut Again::default())
}

/// The same for bytes of which much may have been read before.
pub(crate) fn read_again(bytes: &[u8], again: &mut Again) -> Reading {
    looked(bytes, true, again).reading
}

/// A reading as far as the parts of the text: its plan has a level, a title and what the front matter says, and no stages.
/// For who goes on to change the text, and reads the result.
pub(crate) fn taken_apart(bytes: &[u8], again: &mut Again) -> Looked {
    looked(bytes, false, again)
}

/// A reading and what it was made of.
pub(crate) struct Looked {
    pub(crate) reading: Reading,
    pub(crate) parts: Vec<Part>,
    /// The text as written, for its meaning: of one that was only taken apart, and is not damaged.
    pub(crate) written: Option<Written>,
    /// The bytes are no text at all.
    pub(crate) refused: bool,
}

fn looked(bytes: &[u8], whole: bool, again: &mut Again) -> Looked {
    let decoded = decode(bytes);
    let text = decoded.text;
    let mut findings = Findings::new(&text);
    let mut fatal = false;
    for remark in decoded.remarks {
        fatal |= remark.fatal;
        let span = Span { start: remark.at, end: remark.at };
        if remark.fatal {
            findings.error_hint(remark.code, span, remark.message, remark.hint.to_owned());
        } else {
            findings.warning(remark.code, span, remark.message, remark.hint.to_owned());
        }
    }
    if !fatal && text.trim().is_empty() {
        findings.warning(
            "empty",
            Span::default(),
            "the file is empty",
            "A plan is Markdown: headings, text, `- [ ]` items, code fences.".to_owned(),
        );
    }
    turned(&text, &mut findings);
    let repaired = repair::repair(&text);
    if let Some(repaired) = &repaired {
        findings.warning(
            "mojibake",
            Span::default(),
            format!("the text is damaged: {}", repaired.damage),
            "It is repaired for viewing only; the file stays as it is.".to_owned(),
        );
    }
    // Who goes on to change the text has no use for what identifies it.
    let digest = if whole { hex(bytes) } else { String::new() };
    let (written, parts) = match whole || repaired.is_some() {
        true => (None, document::parts_again(&text, front::cut(&text).body, again)),
        false => {
            let (written, parts) = Written::with_parts(&text, again);
            (Some(written), parts)
        }
    };
    let plan = Reader::new(&text, repaired.is_some()).plan(digest, whole, &parts, &mut findings);
    let diagnostics = findings.sorted();
    Looked { reading: Reading { text, plan, diagnostics, repaired }, parts, written, refused: fatal }
}

/// Characters that turn the direction of text can make a command read as another one.
fn turned(text: &str, findings: &mut Findings<'_>) {
    if text.is_ascii() {
        return;
    }
    // U+202A to U+202E and U+2066 to U+2069, looked for by their bytes: every text is looked through, and few have one.
    let turning = |bytes: &[u8]| matches!(bytes, [0xe2, 0x80, 0xaa..=0xae] | [0xe2, 0x81, 0xa6..=0xa9]);
    let found = text.as_bytes().windows(3).position(turning);
    if let Some((at, c)) = found.and_then(|at| Some((at, text.get(at..)?.chars().next()?))) {
        let span = Span { start: at, end: at + c.len_utf8() };
        let message = format!(
            "the character U+{:04X} turns the direction of text: what is seen is not what is run",
            u32::from(c)
        );
        findings.warning(
            "hidden-direction",
            span,
            message,
            "Delete it, unless you know why it is there.".to_owned(),
        );
    }
}

/// A stage on its way.
pub(crate) struct StageDraft {
    pub(crate) stage: Stage,
    pub(crate) id_span: Span,
    pub(crate) needs: Vec<(String, Span)>,
    pub(crate) sites: Vec<Site>,
    pub(crate) steps: Vec<Draft>,
    pub(crate) items: Vec<Vec<DraftItem>>,
    pub(crate) fenced: bool,
}

struct Reader<'t> {
    text: &'t str,
    damaged: bool,
    /// Names taken by stages and steps that say theirs, before names are made for the others.
    taken: HashSet<String>,
    /// The last number that was given to a name.
    numbers: HashMap<String, usize>,
    items_taken: tasks::Names,
    items: usize,
    steps: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, damaged: bool) -> Self {
        Self {
            text,
            damaged,
            taken: HashSet::new(),
            numbers: HashMap::new(),
            items_taken: tasks::Names::default(),
            items: 0,
            steps: 0,
        }
    }

    fn plan(mut self, digest: String, whole: bool, parts: &[Part], findings: &mut Findings<'_>) -> Plan {
        let cut = front::cut(self.text);
        let front = cut.yaml.as_ref().and_then(|yaml| front::read(yaml, findings));
        if cut.yaml.is_none()
            && self.text.starts_with("---")
            && self.text.lines().take(50).any(|line| line.starts_with("holdpoint:"))
        {
            let span = Span { start: 0, end: 3 };
            findings.error_hint(
                "front-matter",
                span,
                "the front matter is not closed",
                "End it with a line `---`.".to_owned(),
            );
        }
        let level = if front.is_some() { Level::Checked } else { Level::Guide };
        let front = front.unwrap_or_default();
        let title = self.title(&front, parts);
        let (stages, together) = match whole {
            true => self.walk(&front, parts, &cut, level, &title, findings),
            false => (Vec::new(), Vec::new()),
        };
        Plan {
            level,
            title,
            target: front.target,
            vars: front.vars,
            estimate: front.estimate,
            stages,
            together,
            digest,
        }
    }

    /// The stages with their steps, looked at for what their author did not see, and which of them go back together.
    fn walk(
        &mut self,
        front: &Front,
        parts: &[Part],
        cut: &front::Cut,
        level: Level,
        title: &str,
        findings: &mut Findings<'_>,
    ) -> (Vec<Stage>, Vec<Together>) {
        let headings: Vec<&Heading> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Heading(heading) => Some(heading),
                Part::Fence(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
            })
            .collect();
        let outline = Outline::new(headings, self.text.len(), title).with_commands(parts);
        self.reserve_names(parts);
        let stated = self.taken.clone();
        let mut stages = self.stages(parts, &outline, findings);
        self.fill(parts, &outline, &mut stages, level, cut.body, findings);
        stages.retain(|stage| {
            !stage.steps.is_empty()
                || stage.fenced
                || stage.stage.role == Role::Rollback
                || stage.stage.role == Role::Reference
        });
        if level == Level::Checked && !front.targeted {
            let asks = "A run will ask for the account and region, and journal them.";
            let hint = match front::region_named(self.text) {
                Some(region) => {
                    format!(
                        "{asks} Its commands name `{region}`: write `target: {{ account: \"…\", region: {region} }}`."
                    )
                }
                None => asks.to_owned(),
            };
            findings.note("no-target", front::start(cut), "the plan names no `target`", hint);
        }
        let known = lint::Known {
            parts,
            vars: &front.vars,
            stated: &stated,
            target: front.target.as_ref(),
            level,
            estimated: front.estimate.is_some(),
        };
        lint::check(self.text, &mut stages, &known, findings);
        let together = joined(&front.together, &stages, findings);
        (stages.into_iter().map(finished).collect(), together)
    }

    fn title(&self, front: &Front, parts: &[Part]) -> String {
        let heading = parts.iter().find_map(|part| match part {
            Part::Heading(heading) if !heading.title.is_empty() && !heading.bold => {
                Some(self.shown(&heading.title))
            }
            Part::Heading(_) | Part::Fence(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
        });
        front.title.clone().or(heading).unwrap_or_else(|| "Untitled plan".to_owned())
    }

    /// A title as it should have been, where the file is damaged.
    fn shown(&self, text: &str) -> String {
        if self.damaged { words(&repair::phrase(text)) } else { text.to_owned() }
    }

    /// Ids that fences state come first, so that a made name never takes one.
    fn reserve_names(&mut self, parts: &[Part]) {
        for part in parts {
            if let Part::Fence(fence) = part
                && matches!(fence.role(), Some("step" | "stage"))
            {
                for line in fence.body.text.lines() {
                    if let Some(id) = line.strip_prefix("id:") {
                        self.taken.insert(id.trim().trim_matches(['"', '\'']).to_owned());
                    }
                }
            }
        }
    }

    fn stages(
        &mut self,
        parts: &[Part],
        outline: &Outline<'_>,
        findings: &mut Findings<'_>,
    ) -> Vec<StageDraft> {
        let fences: Vec<&Fence> = parts.iter().filter_map(|part| stage_fence(part, findings)).collect();
        if fences.is_empty() {
            return outline.guessed().into_iter().filter_map(|section| self.stage(section)).collect();
        }
        let mut stages: Vec<StageDraft> = Vec::new();
        let mut taken = Taken::default();
        for fence in fences {
            let section = outline.section(fence.span.start, true);
            if let Some(last) = stages.last().filter(|last| section.span.start < last.stage.span.end) {
                if last.stage.span.start == section.span.start {
                    findings.error(
                        "second-stage",
                        fence.span,
                        "this section has a `yaml stage` fence already",
                    );
                } else {
                    findings.error_hint(
                        "nested-stage",
                        fence.span,
                        format!("this stage stands inside the stage `{}`", last.stage.id),
                        "Stages stand side by side: give both headings the same level.".to_owned(),
                    );
                }
                continue;
            }
            taken.add(section.span);
            if let Some(stage) = self.stage_of_fence(fence, section, findings) {
                stages.push(stage);
            }
        }
        let references = outline.references(&taken);
        stages.extend(references.into_iter().filter_map(|section| self.stage(section)));
        stages.sort_by_key(|stage| stage.stage.span.start);
        stages
    }

    fn stage(&mut self, section: Section) -> Option<StageDraft> {
        let id = StageId::new(self.name(&section.title, "stage")).ok()?;
        let title = self.shown(&section.title);
        Some(StageDraft {
            id_span: Span { start: section.span.start, end: section.span.start },
            needs: Vec::new(),
            sites: Vec::new(),
            steps: Vec::new(),
            items: Vec::new(),
            fenced: section.fenced,
            stage: Stage {
                id,
                title,
                role: section.role,
                needs: Vec::new(),
                estimate: None,
                hold: None,
                steps: Vec::new(),
                span: section.span,
            },
        })
    }

    fn stage_of_fence(
        &mut self,
        fence: &Fence,
        section: Section,
        findings: &mut Findings<'_>,
    ) -> Option<StageDraft> {
        let mut draft = self.stage(section)?;
        let Some(node) = yaml::parse(&fence.body, findings) else { return Some(draft) };
        let Some(fields) =
            Fields::open(&node, "stage", &["id", "role", "needs", "estimate", "hold"], findings)
        else {
            return Some(draft);
        };
        if let Some((id, span)) = draft::id(&fields, "stage", fence.span, draft.stage.id.as_str(), findings) {
            draft.id_span = span;
            draft.stage.id = StageId::new(id.as_str()).unwrap_or(draft.stage.id);
        }
        if let Some(role) = fields.word("role", &ROLES, findings) {
            draft.stage.role = role;
        }
        draft.needs = fields.texts("needs", findings);
        draft.stage.estimate = fields.estimate("estimate", findings);
        draft.stage.hold = fields.node("hold").and_then(|node| draft::hold(node, &mut draft.sites, findings));
        Some(draft)
    }

    /// Puts every step, command and checklist into its stage.
    fn fill(
        &mut self,
        parts: &[Part],
        outline: &Outline<'_>,
        stages: &mut Vec<StageDraft>,
        level: Level,
        body: usize,
        findings: &mut Findings<'_>,
    ) {
        let mut taken = Taken::default();
        stages.iter().for_each(|stage| taken.add(stage.stage.span));
        let mut prose_from = body;
        let mut index = 0;
        while let Some(part) = parts.get(index) {
            index += 1;
            match part {
                Part::Heading(heading) => prose_from = heading.span.end,
                Part::Comment(comment) => tasks::stray(comment, findings),
                Part::Row(_) if level == Level::Checked => {}
                Part::Task(task) | Part::Row(task) => {
                    let (run, next) = task_run(parts, index - 1);
                    index = next;
                    let span = Span {
                        start: task.span.start,
                        end: run.iter().map(|task| task.span.end).max().unwrap_or(task.span.end),
                    };
                    let items = self.items_of(&run, span, findings);
                    let title = self.title_at(outline, span.start);
                    if let Ok(id) = StepId::new(self.name(&checklist_name(&title), "checklist")) {
                        let step = draft::from_text(id, title, "checklist", None, span);
                        self.put(step, items, outline, stages, &mut taken, prose_from, findings);
                    }
                    prose_from = span.end;
                }
                Part::Fence(fence) if fence.role() == Some("stage") => prose_from = fence.span.end,
                Part::Fence(fence) if fence.role() == Some("step") => {
                    let script = owned_fence(self.text, fence, parts.get(index));
                    index += usize::from(script.is_some());
                    let title = self.title_at(outline, fence.span.start);
                    let fallback = self.name(&title, "step");
                    if let Some(mut step) = draft::step(fence, script, &fallback, &title, findings) {
                        let mut items = Vec::new();
                        if step.step.action.uses == "checklist" {
                            let (run, next) = if matches!(parts.get(index), Some(Part::Task(_))) {
                                task_run(parts, index)
                            } else {
                                (Vec::new(), index)
                            };
                            index = next;
                            if run.is_empty() {
                                findings.error_hint(
                                    "checklist-without-items",
                                    fence.span,
                                    format!("the checklist `{}` has no items", step.step.id),
                                    "Write `- [ ] …` items after its fence.".to_owned(),
                                );
                            }
                            step.step.span.end =
                                run.iter().map(|task| task.span.end).max().unwrap_or(step.step.span.end);
                            items = self.items_of(&run, step.step.span, findings);
                        }
                        let end = step.step.span.end;
                        self.put(step, items, outline, stages, &mut taken, prose_from, findings);
                        prose_from = end;
                    }
                }
                Part::Fence(fence) if draft::is_command(fence) => {
                    if level == Level::Checked {
                        unowned(fence, outline, stages, findings);
                    } else {
                        let title = self.title_at(outline, fence.span.start);
                        if let Ok(id) = StepId::new(self.name(&title, "command")) {
                            let step =
                                draft::from_text(id, title, "shell", Some(draft::owned(fence)), fence.span);
                            self.put(step, Vec::new(), outline, stages, &mut taken, prose_from, findings);
                        }
                        prose_from = fence.span.end;
                    }
                }
                Part::Fence(_) => {}
            }
        }
        stages.sort_by_key(|stage| stage.stage.span.start);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one place that knows where a step goes; its callers have the rest at hand"
    )]
    fn put(
        &mut self,
        mut step: Draft,
        items: Vec<DraftItem>,
        outline: &Outline<'_>,
        stages: &mut Vec<StageDraft>,
        taken: &mut Taken,
        prose_from: usize,
        findings: &mut Findings<'_>,
    ) {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            if self.steps == MOST_STEPS + 1 {
                findings.error(
                    "too-many-steps",
                    step.step.span,
                    format!("a plan has at most {MOST_STEPS} steps; from here on they are left out"),
                );
            }
            return;
        }
        let at = step.step.span.start;
        let found = stages.partition_point(|stage| stage.stage.span.start <= at).checked_sub(1);
        let index = match found
            .filter(|index| stages.get(*index).is_some_and(|stage| at < stage.stage.span.end))
        {
            Some(index) => index,
            None => {
                let section = outline.implied(at, taken);
                taken.add(section.span);
                let Some(stage) = self.stage(section) else { return };
                let index = stages.partition_point(|other| other.stage.span.start <= stage.stage.span.start);
                stages.insert(index, stage);
                index
            }
        };
        step.step.prose = prose(self.text, prose_from, at);
        if let Some(stage) = stages.get_mut(index) {
            stage.steps.push(step);
            stage.items.push(items);
        }
    }

    fn items_of(&mut self, run: &[&Task], span: Span, findings: &mut Findings<'_>) -> Vec<DraftItem> {
        let before = self.items;
        self.items += run.len();
        if self.items > MOST_ITEMS {
            if before <= MOST_ITEMS {
                findings.error(
                    "too-many-items",
                    span,
                    format!(
                        "a plan has at most {MOST_ITEMS} checklist items; from here on they are left out"
                    ),
                );
            }
            return Vec::new();
        }
        let mut items: Vec<DraftItem> =
            run.iter().filter_map(|task| tasks::item(task, &mut self.items_taken, findings)).collect();
        if self.damaged {
            items.iter_mut().for_each(|draft| draft.item.text = self.shown(&draft.item.text));
        }
        items
    }

    fn title_at(&self, outline: &Outline<'_>, at: usize) -> String {
        outline
            .heading(at)
            .map_or_else(String::new, |heading| self.shown(heading.title.trim_end_matches(':').trim()))
    }

    /// A name made of a title, free in this file.
    fn name(&mut self, title: &str, fallback: &str) -> String {
        let base = match slug(title) {
            empty if empty.is_empty() => fallback.to_owned(),
            base => base,
        };
        let number = self.numbers.entry(base.clone()).or_insert(1);
        let mut name = base.clone();
        // Numbers go on from the last one, or a thousand headings of one title would be compared a million times.
        while !self.taken.insert(name.clone()) {
            *number += 1;
            name = format!("{base}_{number}");
        }
        name
    }
}

const ROLES: [(&str, Role); 6] = [
    ("before", Role::Before),
    ("deploy", Role::Deploy),
    ("verify", Role::Verify),
    ("after", Role::After),
    ("rollback", Role::Rollback),
    ("reference", Role::Reference),
];

fn finished(draft: StageDraft) -> Stage {
    let mut stage = draft.stage;
    stage.steps = draft
        .steps
        .into_iter()
        .zip(draft.items)
        .map(|(draft, items)| {
            let mut step = draft.step;
            step.items = items.into_iter().map(|item| item.item).collect();
            step
        })
        .collect();
    stage
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Reading {
    /// Whether a run may start: no finding is an error.
    pub fn is_runnable(&self) -> bool {
        !self.diagnostics.iter().any(|finding| finding.severity == Severity::Error)
    }
}
