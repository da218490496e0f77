//! A step as written, on its way to a [`Step`]: its values, and the places of every name it uses.

use crate::document::Fence;
use crate::fields::Fields;
use crate::findings::{Findings, near, short};
use crate::kinds::{KNOWN_LATER, KindSpec, ShellName, kind, kinds};
use crate::template::is_template;
use crate::yaml::{self, Kind, Node};
use crate::{
    Action, Check, Effect, Hold, OldVersion, Output, Practice, SchemaChange, Script, Span, Step, StepId,
    rules,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A step and what the checks across steps need.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) step: Step,
    pub(crate) id_span: Span,
    /// Names in `needs`, not yet known to be steps or stages.
    pub(crate) needs: Vec<(String, Span)>,
    /// Texts that use names.
    pub(crate) sites: Vec<Site>,
    /// Values of `since`, which name steps.
    pub(crate) since: Vec<(String, Span, bool)>,
    pub(crate) kind: Option<&'static KindSpec>,
    /// Whether its own fence says so; checklists and guide commands come from the text.
    pub(crate) written: bool,
    /// It has an estimate, if perhaps a wrong one.
    pub(crate) estimated: bool,
}

/// A text with names in it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) text: String,
    pub(crate) span: Span,
    pub(crate) expression: bool,
    /// Judged after the step has acted, so that its own outputs are there.
    pub(crate) after: bool,
}

const STEP_KEYS: [&str; 16] = [
    "id", "uses", "with", "when", "needs", "effect", "expect", "outputs", "hold", "estimate", "timeout",
    "retry", "after", "undo", "schema", "practice",
];
const HOLD_KEYS: [&str; 6] = ["signatures", "by_someone_else", "by", "covers", "valid", "break_glass"];
const SCHEMA_KEYS: [&str; 2] = ["old_version", "why"];
const OLD_VERSIONS: [(&str, OldVersion); 3] =
    [("works", OldVersion::Works), ("breaks", OldVersion::Breaks), ("unknown", OldVersion::Unknown)];
const EFFECTS: [(&str, Effect); 4] = [
    ("read", Effect::Read),
    ("idempotent", Effect::Idempotent),
    ("once", Effect::Once),
    ("destructive", Effect::Destructive),
];

/// Reads a `yaml step` fence. `script` is the code fence directly after it.
pub(crate) fn step(
    fence: &Fence,
    script: Option<&Fence>,
    fallback_id: &str,
    title: &str,
    findings: &mut Findings<'_>,
) -> Option<Draft> {
    let node = yaml::parse(&fence.body, findings)?;
    let fields = Fields::open(&node, "step", &STEP_KEYS, findings)?;
    let (id, id_span) = id(&fields, "step", fence.span, fallback_id, findings)?;
    let mut sites = Vec::new();
    let mut since = Vec::new();
    let mut parts = Parts { sites: &mut sites, since: &mut since, place: fence.span };
    let (mut action, spec) = parts.action(&fields, false, findings);
    action.script = script.map(owned);
    if let Some(spec) = spec {
        rules::script(spec, &action, fence.span, findings);
    }
    let when = fields.text("when", findings);
    if let (Some(when), Some(node)) = (&when, fields.node("when")) {
        parts.sites.push(Site { text: when.clone(), span: node.span, expression: true, after: false });
    }
    let stated = fields.word("effect", &EFFECTS, findings);
    let effect = stated.or(spec.map(|spec| spec.effect)).unwrap_or(Effect::Once);
    let retry = fields.count("retry", findings).unwrap_or(0);
    let hold = fields.node("hold").and_then(|node| hold(node, parts.sites, findings));
    let after = parts.after(&fields, findings);
    let undo = fields.node("undo").and_then(|node| parts.undo(node, findings));
    let timeout = fields.duration("timeout", findings);
    if let (Some(spec), Some(node)) = (spec, fields.node("effect")) {
        rules::effect(spec, effect, node.span, findings);
    }
    if let Some(node) = fields.node("retry") {
        rules::retry(effect, retry, node.span, findings);
    }
    let outputs = outputs(&fields, spec, findings);
    let practice = fields.node("practice").and_then(|node| practice(node, findings));
    let schema = fields.node("schema").and_then(|node| schema(node, findings));
    let step = Step {
        title: if title.is_empty() { words_of(&id) } else { title.to_owned() },
        id,
        action,
        when,
        needs: Vec::new(),
        effect,
        outputs,
        hold,
        estimate: fields.estimate("estimate", findings),
        timeout,
        retry,
        after,
        undo,
        schema,
        practice,
        items: Vec::new(),
        prose: None,
        span: Span { start: fence.span.start, end: script.map_or(fence.span.end, |script| script.span.end) },
    };
    let needs = fields.texts("needs", findings);
    Some(Draft {
        step,
        id_span,
        needs,
        sites,
        since,
        kind: spec,
        written: true,
        estimated: fields.node("estimate").is_some(),
    })
}

/// A step that a guide's text makes: a command or a checklist.
pub(crate) fn from_text(
    id: StepId,
    title: String,
    uses: &'static str,
    script: Option<Script>,
    span: Span,
) -> Draft {
    let spec = kind(uses);
    let object = || Value::Object(Map::new());
    Draft {
        id_span: span,
        needs: Vec::new(),
        sites: Vec::new(),
        since: Vec::new(),
        kind: spec,
        written: false,
        estimated: false,
        step: Step {
            title,
            id,
            action: Action { uses: uses.to_owned(), with: object(), expect: object(), script },
            when: None,
            needs: Vec::new(),
            effect: spec.map_or(Effect::Once, |spec| spec.effect),
            outputs: BTreeMap::new(),
            hold: None,
            estimate: None,
            timeout: None,
            retry: 0,
            after: Vec::new(),
            undo: None,
            schema: None,
            practice: None,
            items: Vec::new(),
            prose: None,
            span,
        },
    }
}

/// The `id` of a step or stage: missing and malformed ones are reported, and replaced so that reading goes on.
pub(crate) fn id(
    fields: &Fields<'_>,
    what: &str,
    place: Span,
    fallback: &str,
    findings: &mut Findings<'_>,
) -> Option<(StepId, Span)> {
    let fallback = StepId::new(fallback).ok()?;
    let Some(node) = fields.node("id") else {
        findings.error_hint(
            "missing-key",
            place,
            format!("this {what} has no `id`"),
            format!("Write `id: {fallback}`."),
        );
        return Some((fallback, place));
    };
    let text = fields.text("id", findings).unwrap_or_default();
    match StepId::new(text.clone()) {
        Ok(id) => Some((id, node.span)),
        Err(bad) => {
            if node.text().is_some() {
                let better = crate::sections::slug(&text);
                findings.error_hint(
                    "bad-id",
                    node.span,
                    bad.to_string(),
                    (!better.is_empty()).then(|| format!("Write `{better}`.")),
                );
            }
            Some((fallback, node.span))
        }
    }
}

/// Reads a `hold`; what nobody could satisfy is an error.
pub(crate) fn hold(node: &Node, sites: &mut Vec<Site>, findings: &mut Findings<'_>) -> Option<Hold> {
    let fields = Fields::open(node, "hold", &HOLD_KEYS, findings)?;
    let by = fields.texts("by", findings);
    let hold = Hold {
        signatures: fields.count("signatures", findings).unwrap_or(1),
        by_someone_else: fields.flag("by_someone_else", findings).unwrap_or(false),
        by: by.iter().map(|(name, _)| name.clone()).collect(),
        covers: fields
            .texts("covers", findings)
            .into_iter()
            .map(|(text, span)| {
                sites.push(Site { text: text.clone(), span, expression: true, after: false });
                text
            })
            .collect(),
        valid: fields.duration("valid", findings).unwrap_or(Hold::VALID),
        break_glass: fields.flag("break_glass", findings).unwrap_or(true),
        span: fields.span(),
    };
    rules::hold(&hold, &fields, &by, findings);
    Some(hold)
}

/// Reads a `schema`: without a word on the old version nobody knows.
fn schema(node: &Node, findings: &mut Findings<'_>) -> Option<SchemaChange> {
    let fields = Fields::open(node, "schema change", &SCHEMA_KEYS, findings)?;
    if fields.node("why").is_none() {
        findings.error_hint(
            "missing-key",
            node.span,
            "a schema change has no `why`",
            "Write what changes: who rolls back must know.".to_owned(),
        );
    }
    Some(SchemaChange {
        old_version: fields.word("old_version", &OLD_VERSIONS, findings).unwrap_or(OldVersion::Unknown),
        why: fields.text("why", findings).unwrap_or_default(),
    })
}

/// The script of a code fence.
pub(crate) fn owned(fence: &Fence) -> Script {
    Script { language: fence.language().to_owned(), text: fence.body.text.clone(), span: fence.body.whole() }
}

/// Whether a fence is commands for a shell, and so something that could be executed.
pub(crate) fn is_command(fence: &Fence) -> bool {
    ShellName::from_language(fence.language()).is_some() && !is_file(fence) && !is_warning(fence)
}

/// Whether a fence shows what is not to be done: `# ❌ Don't: …`, `# Wrong: …` above its first command.
pub(crate) fn is_warning(fence: &Fence) -> bool {
    const WRONG: [&str; 14] = [
        "bad:",
        "bad example",
        "bad practice",
        "wrong:",
        "wrong way",
        "incorrect:",
        "falsch:",
        "mauvais",
        "incorrecto:",
        "errado:",
        "неправильно",
        "错误示例",
        "悪い例",
        "잘못된 예",
    ];
    const AGAINST: [&str; 5] = ["don't", "don’t", "do not", "never", "avoid"];
    let text = fence.body.text.trim_start();
    let Some(comment) = text.lines().next().and_then(|line| line.strip_prefix('#')) else { return false };
    let crossed = comment.contains(['❌', '🚫', '⛔']);
    let said = comment.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let against = WRONG.iter().any(|word| said.starts_with(word))
        || crossed && WRONG.iter().chain(&AGAINST).any(|word| said.starts_with(word.trim_end_matches(':')));
    // With the right way below it, a person must look.
    against && !text.contains('✅')
}

/// Whether a fence shows what stands in a file, such as an image's entrypoint: run on the operator's machine it would do
/// there what is meant for elsewhere.
pub(crate) fn is_file(fence: &Fence) -> bool {
    fence.body.text.trim_start().starts_with("#!")
}

/// `deploy_api` → "Deploy api".
fn words_of(id: &StepId) -> String {
    let mut text = id.as_str().replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

struct Parts<'s> {
    sites: &'s mut Vec<Site>,
    since: &'s mut Vec<(String, Span, bool)>,
    place: Span,
}

impl Parts<'_> {
    /// `uses`, `with`, `expect` of a step, a check or an undo.
    fn action(
        &mut self,
        fields: &Fields<'_>,
        after: bool,
        findings: &mut Findings<'_>,
    ) -> (Action, Option<&'static KindSpec>) {
        let uses = fields.text("uses", findings);
        let place = fields.node("uses").map_or(self.place, |node| node.span);
        let spec = match &uses {
            Some(uses) => known_kind(uses, place, findings),
            None => {
                if fields.node("uses").is_none() {
                    findings.error_hint(
                        "missing-key",
                        place,
                        "`uses` is missing: it names the kind of step",
                        "Write `uses: manual`, `uses: shell`, …".to_owned(),
                    );
                }
                None
            }
        };
        let with = fields.node("with");
        let expect = fields.node("expect");
        for node in [with, expect].into_iter().flatten() {
            gather(node, after, self.sites);
        }
        if let Some(spec) = spec {
            rules::action(spec, with, expect, place, findings);
            if let Some(node) = with.and_then(|with| with.get("since"))
                && let Some(text) = node.text().filter(|text| !is_template(text))
            {
                let may_be_length = spec.name == "logs.expect";
                if !(may_be_length && text.parse::<crate::kinds::Dur>().is_ok()) {
                    self.since.push((text.to_owned(), node.span, after));
                }
            }
        }
        let object = |node: Option<&Node>| match node.map(Node::to_value) {
            Some(value @ Value::Object(_)) => value,
            _ => Value::Object(Map::new()),
        };
        (
            Action {
                uses: uses.unwrap_or_default(),
                with: object(with),
                expect: object(expect),
                script: None,
            },
            spec,
        )
    }

    fn after(&mut self, fields: &Fields<'_>, findings: &mut Findings<'_>) -> Vec<Check> {
        let Some(node) = fields.node("after") else { return Vec::new() };
        let Kind::List(items) = &node.kind else {
            findings.error_hint(
                "wrong-type",
                node.span,
                "`after` must be a list of checks",
                "Begin each check with `- uses: …`.".to_owned(),
            );
            return Vec::new();
        };
        let mut checks = Vec::new();
        for item in items {
            let Some(fields) = Fields::open(item, "check", &["uses", "with", "expect", "timeout"], findings)
            else {
                continue;
            };
            let place = std::mem::replace(&mut self.place, item.span);
            let (action, spec) = self.action(&fields, true, findings);
            self.place = place;
            if let Some(spec) = spec.filter(|spec| spec.effect.changes()) {
                findings.error_hint(
                    "after-changes",
                    fields.node("uses").map_or(item.span, |node| node.span),
                    format!("`{}` changes something; `after` is for checks that only read", spec.name),
                    "Make it a step of its own.".to_owned(),
                );
            } else if matches!(action.uses.as_str(), "checklist" | "decision") {
                findings.error_hint(
                    "after-changes",
                    fields.node("uses").map_or(item.span, |node| node.span),
                    format!("`{}` wants a person; `after` is for checks that need nobody", action.uses),
                    "Make it a step of its own.".to_owned(),
                );
            }
            checks.push(Check { action, timeout: fields.duration("timeout", findings), span: item.span });
        }
        checks
    }

    fn undo(&mut self, node: &Node, findings: &mut Findings<'_>) -> Option<Action> {
        let fields = Fields::open(node, "undo", &["uses", "with", "expect"], findings)?;
        let place = std::mem::replace(&mut self.place, node.span);
        let (action, spec) = self.action(&fields, true, findings);
        self.place = place;
        if let Some(spec) = spec {
            let span = fields.node("uses").map_or(node.span, |node| node.span);
            if !spec.effect.changes() {
                findings.error_hint(
                    "undo-reads",
                    span,
                    format!("`{}` changes nothing, so it undoes nothing", spec.name),
                    "Name the kind that brings the old state back, or `manual`.".to_owned(),
                );
            }
            if spec.takes_script {
                findings.error_hint(
                    "undo-script",
                    span,
                    "an undo has no code fence, so it cannot be a script",
                    "Use a typed kind or `manual`.".to_owned(),
                );
            }
        }
        Some(action)
    }
}

/// The kind of that name; another is reported with what was probably meant.
pub(crate) fn known_kind(uses: &str, span: Span, findings: &mut Findings<'_>) -> Option<&'static KindSpec> {
    if let Some(spec) = kind(uses) {
        return Some(spec);
    }
    if KNOWN_LATER.contains(&uses) {
        findings.error_hint(
            "kind-later",
            span,
            format!("the kind `{uses}` is not in this version of Holdpoint"),
            "Do it with `shell` or `manual` for now.".to_owned(),
        );
        return None;
    }
    let names: Vec<&str> = kinds().iter().map(|spec| spec.name).collect();
    let hint = near(uses, names.iter().copied())
        .or_else(|| near(uses, KNOWN_LATER.iter().copied()))
        .map(|name| format!("Did you mean `{name}`?"))
        .unwrap_or_else(|| format!("There are: {}.", crate::findings::list(&names)));
    findings.error_hint("unknown-kind", span, format!("there is no kind `{}`", short(uses)), hint);
    None
}

/// Texts with templates in a node.
pub(crate) fn gather(node: &Node, after: bool, sites: &mut Vec<Site>) {
    match &node.kind {
        Kind::Text(text) if is_template(text) => {
            sites.push(Site { text: text.clone(), span: node.span, expression: false, after });
        }
        Kind::List(items) => items.iter().for_each(|item| gather(item, after, sites)),
        Kind::Map(entries) => entries.iter().for_each(|entry| gather(&entry.value, after, sites)),
        Kind::Null | Kind::Bool(_) | Kind::Number(..) | Kind::Text(_) => {}
    }
}

fn outputs(
    fields: &Fields<'_>,
    spec: Option<&KindSpec>,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, Output> {
    let mut outputs = BTreeMap::new();
    let Some(node) = fields.node("outputs") else { return outputs };
    let Kind::Map(entries) = &node.kind else {
        findings.error_hint(
            "wrong-type",
            node.span,
            "`outputs` must be a mapping",
            "Write `outputs: { name: {} }`.".to_owned(),
        );
        return outputs;
    };
    for entry in entries {
        if StepId::new(entry.key.clone()).is_err() {
            findings.error(
                "bad-id",
                entry.key_span,
                format!("`{}` is no name of an output: lowercase letters, digits and `_`", short(&entry.key)),
            );
        }
        if let Some(spec) = spec.filter(|spec| !spec.open_outputs && !spec.has_output(&entry.key)) {
            let names: Vec<&str> = spec.outputs.iter().map(|output| output.name).collect();
            findings.error_hint(
                "unknown-output",
                entry.key_span,
                format!("`{}` has no output `{}`", spec.name, short(&entry.key)),
                crate::findings::did_you_mean(&entry.key, &names),
            );
        }
        let Some(inner) = Fields::open(&entry.value, "output", &["secret", "pointer"], findings) else {
            continue;
        };
        let pointer = inner.text("pointer", findings);
        if let (Some(pointer), Some(node)) = (&pointer, inner.node("pointer"))
            && !pointer.is_empty()
            && !pointer.starts_with('/')
        {
            findings.error_hint(
                "wrong-type",
                node.span,
                format!("`{}` is no JSON pointer", short(pointer)),
                format!("Write `/{}`.", short(pointer)),
            );
        }
        outputs.insert(
            entry.key.clone(),
            Output { secret: inner.flag("secret", findings).unwrap_or(false), pointer },
        );
    }
    outputs
}

fn practice(node: &Node, findings: &mut Findings<'_>) -> Option<Practice> {
    let fields = Fields::open(node, "practice", &["command", "skip"], findings)?;
    let practice =
        Practice { command: fields.text("command", findings), skip: fields.text("skip", findings) };
    if practice.command.is_some() == practice.skip.is_some() {
        findings.error(
            "practice",
            node.span,
            "`practice` has either a `command` that stands in or a reason to `skip`",
        );
    }
    Some(practice)
}
