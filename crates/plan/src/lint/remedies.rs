//! Repairs of what is wanting: a way back, a signature, an estimate. Each is a beginning that the author corrects.

use super::amend;
use super::scene::Scene;
use crate::draft::Draft;
use crate::shell::{Shape, Statement, Word, parse, unwrap_command};
use crate::{Effect, Fix};
use serde_json::Value;

/// `hold: { signatures: 1 }`.
pub(crate) fn hold(scene: &Scene<'_>, draft: &Draft) -> Option<Fix> {
    amend::add_keys(scene, draft, "Write `hold: { signatures: 1 }`", &["hold: { signatures: 1 }".to_owned()])
}

/// An estimate of one step, as long as such steps mostly take.
pub(crate) fn estimate(scene: &Scene<'_>, draft: &Draft) -> Option<Fix> {
    let written = format!("estimate: {}", usual(draft));
    amend::add_keys(scene, draft, format!("Write `{written}`, to be corrected"), &[written])
}

/// One for the whole plan: the sum of what its steps mostly take.
pub(crate) fn estimate_of_all(scene: &Scene<'_>, drafts: &[&Draft]) -> Option<Fix> {
    let minutes = |text: &str| text.trim_end_matches('m').parse::<u32>().unwrap_or_default();
    let (mut from, mut to) = (0_u32, 0_u32);
    for draft in drafts {
        let (least, most) = usual(draft).split_once("..").unwrap_or(("1m", "1m"));
        from = from.saturating_add(minutes(least));
        to = to.saturating_add(minutes(most));
    }
    let line = format!("estimate: {from}m..{to}m");
    let edit = amend::in_front(scene, &line)?;
    Some(Fix { title: format!("Write `{line}` for the whole plan, to be corrected"), edits: vec![edit] })
}

/// How long steps of a kind mostly take: a deployment waits for its tasks, an apply for its resources.
fn usual(draft: &Draft) -> &'static str {
    let uses = draft.step.action.uses.as_str();
    match uses {
        "ecs.deploy" | "ecs.create" | "ecs.rollback" | "express.deploy" | "terraform.apply" => "3m..10m",
        "image.build" | "image.mirror" => "2m..10m",
        _ if uses.starts_with("apprunner.") && draft.step.effect.changes() => "4m..10m",
        "manual" | "decision" | "checklist" => "2m..15m",
        _ if draft.step.effect == Effect::Read => "1m..2m",
        _ => "1m..5m",
    }
}

/// A way back: the command that takes back the one of the script, where one is known, else a person's task.
pub(crate) fn undo(scene: &Scene<'_>, draft: &Draft) -> Option<Fix> {
    let action = &draft.step.action;
    let inverse =
        action.script.as_ref().filter(|_| action.uses == "shell").and_then(|script| inverse(&script.text));
    let quoted = |text: &str| Value::String(text.to_owned()).to_string();
    let (title, told) = match &inverse {
        Some(command) => ("Write the command that takes it back".to_owned(), format!("Run `{command}`.")),
        None => ("Write an `undo` for a person, to be completed".to_owned(), by_hand(draft)),
    };
    let told = told.replace("{{", "{ {");
    let mut with = format!("instructions: {}", quoted(&told));
    if let Some(command) = inverse {
        with.push_str(&format!(", copy: [{{ text: {} }}]", quoted(&command)));
    }
    amend::add_keys(scene, draft, title, &[format!("undo: {{ uses: manual, with: {{ {with} }} }}")])
}

/// What a person does to take a step of this kind back.
fn by_hand(draft: &Draft) -> String {
    let id = draft.step.id.as_str();
    match draft.step.action.uses.as_str() {
        "terraform.apply" => "Put the configuration back to the commit that was applied before, plan it, read the plan, and apply that.".to_owned(),
        uses if uses.starts_with("image.") => {
            "Nothing runs the image by itself. Deploy the one before; delete this tag only when no task definition names it.".to_owned()
        }
        "ecs.run_task" => format!("Look at what the task of `{id}` changed, and put it back from what was there before it ran."),
        "manual" => format!("Put back by hand what `{id}` changed, as it was before."),
        _ => format!("Put back what `{id}` changed, as it was before."),
    }
}

/// Pairs of which one takes back the other.
const PAIRS: [(&[&str], &str, &str); 14] = [
    (&["systemctl"], "stop", "start"),
    (&["systemctl"], "disable", "enable"),
    (&["service"], "stop", "start"),
    (&["docker", "podman"], "stop", "start"),
    (&["docker", "podman"], "pause", "unpause"),
    (&["kubectl"], "cordon", "uncordon"),
    (&["aws"], "stop-instances", "start-instances"),
    (&["aws"], "stop-db-instance", "start-db-instance"),
    (&["aws"], "stop-db-cluster", "start-db-cluster"),
    (&["aws"], "disable-rule", "enable-rule"),
    (&["aws"], "disable-alarm-actions", "enable-alarm-actions"),
    (&["aws"], "pause-service", "resume-service"),
    (&["aws"], "disable-key", "enable-key"),
    (&["aws"], "detach-role-policy", "attach-role-policy"),
];

/// The command that takes back a script of one command, as it would be typed; what names only what is there by then.
fn inverse(script: &str) -> Option<String> {
    let read = parse(script);
    let [Statement { shape: Shape::Simple(command), background: false, .. }] = read.statements.as_slice()
    else {
        return None;
    };
    if !command.redirects.is_empty() || !command.assignments.is_empty() {
        return None;
    }
    let words: Vec<String> = unwrap_command(command)
        .words
        .iter()
        .map(|word| word.literal().map(|text| text.into_owned()))
        .collect::<Option<_>>()?;
    let program = words.first()?.as_str();
    let written = |word: &Word| word.raw(script).to_owned();
    let raw: Vec<String> = command.words.iter().map(written).collect();
    if program == "kubectl" && words.get(1)? == "set" && words.get(2)? == "image" {
        let target = words.get(3).filter(|target| target.contains('/'))?;
        let place: Vec<&str> = raw
            .iter()
            .zip(raw.iter().skip(1))
            .filter(|(flag, _)| *flag == "-n" || *flag == "--namespace")
            .flat_map(|(flag, name)| [flag.as_str(), name.as_str()])
            .collect();
        return Some(
            ["kubectl rollout undo", target.as_str()].into_iter().chain(place).collect::<Vec<_>>().join(" "),
        );
    }
    // Either of a pair takes back the other.
    let both =
        PAIRS.iter().flat_map(|(programs, one, other)| [(programs, one, other), (programs, other, one)]);
    let verbs = words.iter().skip(1).take(2);
    let (verb, other) = both
        .filter(|(programs, _, _)| programs.contains(&program))
        .find_map(|(_, one, other)| verbs.clone().any(|word| word == one).then_some((*one, *other)))?;
    let at = raw.iter().position(|word| word == verb)?;
    let mut raw = raw;
    *raw.get_mut(at)? = other.to_owned();
    // The options of one are not always those of the other.
    let plain = !raw.iter().any(|word| {
        word.starts_with("--skip") || word.starts_with("--force") || word == "-f" || word == "-t"
    });
    plain.then(|| raw.join(" "))
}

#[cfg(test)]
mod tests {
    use super::inverse;

    #[test]
    fn commands_that_take_back_others_are_known() {
        for (script, back) in [
            ("sudo systemctl stop shop-worker\n", Some("sudo systemctl start shop-worker")),
            ("aws events disable-rule --name nightly\n", Some("aws events enable-rule --name nightly")),
            ("docker start 'shop api'", Some("docker stop 'shop api'")),
            (
                "kubectl set image deployment/api api=shop/api:2 -n shop",
                Some("kubectl rollout undo deployment/api -n shop"),
            ),
            ("systemctl stop $UNIT", None),
            ("systemctl stop a && systemctl stop b", None),
            ("aws ecs update-service --cluster a --service b --desired-count 3", None),
            ("docker stop -t 3 api", None),
            ("echo stop", None),
        ] {
            assert_eq!(inverse(script).as_deref(), back, "{script}");
        }
    }
}
