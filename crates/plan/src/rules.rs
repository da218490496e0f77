//! What the types of a kind cannot say: which keys go together, which values make sense.

use crate::draft::known_kind;
use crate::fields::Fields;
use crate::findings::{Findings, short};
use crate::kinds::{Dur, KindSpec, ShellName};
use crate::shape;
use crate::template::is_template;
use crate::yaml::{Kind, Node};
use crate::{Action, Effect, Hold, Span, StepId};

/// Checks `with` and `expect` of a kind, the schema first.
pub(crate) fn action(
    spec: &KindSpec,
    with: Option<&Node>,
    expect: Option<&Node>,
    place: Span,
    findings: &mut Findings<'_>,
) {
    shape::check(with, spec.with_schema(), &format!("`with` of `{}`", spec.name), place, findings);
    shape::check(expect, spec.expect_schema(), &format!("`expect` of `{}`", spec.name), place, findings);
    let span = with.map_or(place, |with| with.span);
    let has = |key: &str| with.and_then(|with| with.get(key)).is_some();
    let expects = |key: &str| expect.and_then(|expect| expect.get(key));
    match spec.name {
        "ecs.register" if ["definition", "file", "from"].iter().filter(|key| has(key)).count() != 1 => {
            let message = "`ecs.register` takes exactly one of `definition`, `file` and `from`";
            let hint =
                "`definition` is written here, `file` is a JSON file beside the plan, `from` copies one.";
            findings.error_hint("one-of", span, message, hint.to_owned());
        }
        "ecs.deploy" => {
            let keys = [
                "task_definition",
                "desired_count",
                "force",
                "deployment",
                "platform_version",
                "network",
                "health_check_grace",
            ];
            if with.is_some() && !keys.iter().any(|key| has(key)) {
                findings.error_hint(
                    "changes-nothing",
                    span,
                    "this `ecs.deploy` changes nothing: ECS would start no deployment",
                    "Name a `task_definition`, or write `force: true` to replace the tasks as they are."
                        .to_owned(),
                );
            }
        }
        "http.check" | "http.request" => http(with, expect, findings),
        "logs.expect" => {
            if has("service") != has("cluster") {
                findings.error("one-of", span, "`service` and `cluster` of `logs.expect` go together");
            }
            if !has("group") && !has("groups") && !has("service") {
                findings.error_hint(
                    "one-of",
                    span,
                    "this `logs.expect` names no log",
                    "Write `group`, several `groups`, or `service` with `cluster`.".to_owned(),
                );
            }
            let any = ["contains", "in_order", "lacks", "errors_at_most", "warnings_at_most"];
            if any.iter().all(|member| expects(member).is_none()) {
                findings.error_hint(
                    "expects-nothing",
                    expect.map_or(place, |expect| expect.span),
                    "this `logs.expect` expects nothing",
                    "Write `expect: { contains: [\"…\"], lacks: [\"…\"] }`.".to_owned(),
                );
            }
        }
        "soak" => soak(with, findings),
        "decision" => decision(with, findings),
        "manual" => manual(with, findings),
        _ => {}
    }
}

/// A kind that runs a script needs one; the language must be a shell's.
pub(crate) fn script(spec: &KindSpec, action: &Action, place: Span, findings: &mut Findings<'_>) {
    if !spec.takes_script {
        return;
    }
    match &action.script {
        None => findings.error_hint(
            "missing-script",
            place,
            "this `shell` step has no script: no code fence stands directly after it",
            "Put ```bash … ``` right after the step's fence.".to_owned(),
        ),
        Some(script) if script.text.trim().is_empty() => {
            findings.error("missing-script", script.span, "the script of this `shell` step is empty");
        }
        Some(script) => {
            let named = action.with.get("shell").is_some();
            if !named && ShellName::from_language(&script.language).is_none() {
                findings.error_hint(
                    "script-language",
                    place,
                    format!(
                        "the fence after this `shell` step is `{}`, which is no shell",
                        short(&script.language)
                    ),
                    "Write the language after the ticks (```bash), or `with: { shell: bash }`.".to_owned(),
                );
            }
        }
    }
}

/// A step cannot claim to do less than its kind does.
pub(crate) fn effect(spec: &KindSpec, stated: Effect, span: Span, findings: &mut Findings<'_>) {
    let free = matches!(spec.name, "shell" | "manual" | "http.request");
    if !free && rank(stated) < rank(spec.effect) {
        findings.error_hint(
            "effect-too-small",
            span,
            format!("`{}` does more than that: its effect is `{}`", spec.name, word(spec.effect)),
            "Leave `effect` out.".to_owned(),
        );
    }
}

/// What happens twice when done twice is never repeated without asking.
pub(crate) fn retry(effect: Effect, retry: u32, span: Span, findings: &mut Findings<'_>) {
    match effect {
        Effect::Once | Effect::Destructive if retry > 0 => findings.error_hint(
            "retry",
            span,
            format!("a step whose effect is `{}` is never repeated without asking", word(effect)),
            "Leave `retry` out; the operator is asked when it fails.".to_owned(),
        ),
        Effect::Read | Effect::Idempotent if retry > 10 => {
            findings.error(
                "retry",
                span,
                format!("{retry} repetitions are more than the 10 that are let pass"),
            );
        }
        Effect::Read | Effect::Idempotent | Effect::Once | Effect::Destructive => {}
    }
}

/// A hold that nobody could satisfy.
pub(crate) fn hold(hold: &Hold, fields: &Fields<'_>, by: &[(String, Span)], findings: &mut Findings<'_>) {
    let span = fields.node("signatures").map_or(hold.span, |node| node.span);
    if hold.signatures == 0 {
        findings.error_hint(
            "hold",
            span,
            "a hold with no signatures holds nothing",
            "Write `signatures: 1`, or leave the hold out.".to_owned(),
        );
    }
    if let Some(node) = fields.node("valid").filter(|_| hold.valid.is_zero()) {
        findings.error_hint(
            "hold",
            node.span,
            "a signature that counts for no time holds for ever",
            "Write how long it counts, such as `8h`.".to_owned(),
        );
    }
    for (at, (name, span)) in by.iter().enumerate() {
        if name.trim().is_empty() {
            findings.error("hold", *span, "a name in `by` is empty");
        } else if by.iter().take(at).any(|(other, _)| other == name) {
            findings.error(
                "hold",
                *span,
                format!("`{}` stands in `by` twice, and one person signs once", short(name)),
            );
        }
    }
    let mut people: Vec<&str> = by.iter().map(|(name, _)| name.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        if hold.signatures > 10 {
            findings.error(
                "hold",
                span,
                format!("{} signatures are more than the 10 that a hold may want", hold.signatures),
            );
        }
        return;
    }
    if (people.len() as u64) < u64::from(hold.signatures) {
        findings.error_hint(
            "hold",
            span,
            format!(
                "{} signatures are wanted, and `by` names {}: nobody can satisfy this hold",
                hold.signatures,
                people_count(people.len())
            ),
            "Name more people, or want fewer signatures.".to_owned(),
        );
    } else if hold.by_someone_else && people.len() as u64 == u64::from(hold.signatures) {
        let all = match people.as_slice() {
            [only] => format!("only `{}` may sign this hold, and so may not start the run", short(only)),
            many => format!(
                "all {} in `by` must sign, and so none of them may start the run",
                people_count(many.len())
            ),
        };
        findings.warning("hold", hold.span, all, "If one of them may start it, name one more.".to_owned());
    }
}

fn people_count(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

fn http(with: Option<&Node>, expect: Option<&Node>, findings: &mut Findings<'_>) {
    let Some(with) = with else { return };
    if let Some(url) = with.get("url")
        && let Some(text) = url.text().filter(|text| !text.trim_start().starts_with("{{"))
        && !(text.starts_with("https://") || text.starts_with("http://"))
    {
        findings.error_hint(
            "url",
            url.span,
            format!("`{}` is no web address", short(text)),
            format!("Write `https://{}`.", short(text)),
        );
    }
    if with.get("body").is_some() && with.get("json").is_some() {
        findings.error("one-of", with.span, "a request has either a `body` or `json`");
    }
    let twice = matches!(with.get("twice").map(|node| &node.kind), Some(Kind::Bool(true)));
    if let Some(node) = expect.and_then(|expect| expect.get("second_faster_than"))
        && !twice
    {
        findings.error_hint(
            "expects-nothing",
            node.span,
            "there is no second answer to judge",
            "Write `twice: true` in `with`.".to_owned(),
        );
    }
}

fn soak(with: Option<&Node>, findings: &mut Findings<'_>) {
    let Some(with) = with else { return };
    let length = |key: &str| with.get(key).and_then(Node::text).and_then(|text| text.parse::<Dur>().ok());
    if let (Some(length), Some(every)) = (length("for"), length("every")) {
        if every.get().is_zero() {
            findings.error("out-of-range", with.span, "`every` of a soak must be longer than nothing");
        } else if every > length {
            findings.error(
                "out-of-range",
                with.span,
                format!("`every` ({every}) is longer than the soak itself ({length})"),
            );
        }
    }
    let Some(Node { kind: Kind::List(checks), span }) = with.get("checks") else { return };
    if checks.is_empty() {
        findings.error("expects-nothing", *span, "this soak checks nothing");
    }
    for check in checks {
        let Some(uses) = check.get("uses") else { continue };
        let Some(name) = uses.text() else { continue };
        let Some(spec) = known_kind(name, uses.span, findings) else { continue };
        if spec.effect.changes() || matches!(spec.name, "soak" | "checklist" | "decision" | "ecs.wait") {
            findings.error_hint(
                "after-changes",
                uses.span,
                format!(
                    "`{}` cannot be watched: a soak takes checks that only read and need nobody",
                    spec.name
                ),
                "Use `ecs.check`, `http.check` or `logs.expect`.".to_owned(),
            );
            continue;
        }
        action(spec, check.get("with"), check.get("expect"), check.span, findings);
    }
}

fn decision(with: Option<&Node>, findings: &mut Findings<'_>) {
    let Some(Node { kind: Kind::Map(options), span }) = with.and_then(|with| with.get("options")) else {
        return;
    };
    if options.len() < 2 {
        findings.error("expects-nothing", *span, "a decision needs at least two options");
    }
    for option in options {
        ids(&option.key, option.key_span, "an option", findings);
    }
    let recommended = options.iter().filter(|option| {
        matches!(option.value.get("recommended").map(|node| &node.kind), Some(Kind::Bool(true)))
    });
    if recommended.count() > 1 {
        findings.warning(
            "decision",
            *span,
            "more than one option is recommended",
            "Recommend one.".to_owned(),
        );
    }
}

fn manual(with: Option<&Node>, findings: &mut Findings<'_>) {
    let Some(with) = with else { return };
    if let Some(Node { kind: Kind::Map(fields), .. }) = with.get("fields") {
        for field in fields {
            ids(&field.key, field.key_span, "a field", findings);
        }
    }
    if let Some(link) = with.get("link")
        && let Some(text) = link.text().filter(|text| !is_template(text))
        && !(text.starts_with("https://") || text.starts_with("http://"))
    {
        findings.error("url", link.span, format!("`{}` is no web address", short(text)));
    }
    if let Some(node) =
        with.get("confirm").filter(|node| node.text().is_some_and(|text| text.trim().is_empty()))
    {
        findings.error("expects-nothing", node.span, "the phrase to type is empty");
    }
}

fn ids(key: &str, span: Span, what: &str, findings: &mut Findings<'_>) {
    if StepId::new(key).is_err() {
        findings.error(
            "bad-id",
            span,
            format!("`{}` is no id of {what}: lowercase letters, digits and `_`", short(key)),
        );
    }
}

fn rank(effect: Effect) -> u8 {
    match effect {
        Effect::Read => 0,
        Effect::Idempotent => 1,
        Effect::Once => 2,
        Effect::Destructive => 3,
    }
}

/// As written in a plan.
pub(crate) fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Idempotent => "idempotent",
        Effect::Once => "once",
        Effect::Destructive => "destructive",
    }
}
