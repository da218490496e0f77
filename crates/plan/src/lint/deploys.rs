//! Deployments that do not deploy what their author thinks, and checks that are true before anything has happened.

use super::calls::Call;
use super::scene::Scene;
use crate::findings::{Findings, short};
use crate::shell::{Shape, counts_down};
use crate::{Edit, Fix, Role, Severity, Span};
use std::collections::HashSet;

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    old_revision(scene, findings);
    previous_revision(scene, findings);
    counted_down(scene, findings);
}

/// What a new revision came from.
enum Registered<'c> {
    By(&'c Call),
    Terraform,
}

/// A forced deployment without a task definition starts the revision that the service has already.
fn old_revision(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let mut registered: Option<Registered<'_>> = None;
    let manages = scene.says(&["aws_ecs_task_definition"]);
    for call in &scene.calls {
        if matches!(scene.role_of(call), Some(Role::Rollback)) {
            continue;
        }
        if call.is_aws("ecs", "register-task-definition") {
            registered = Some(Registered::By(call));
        } else if call.is_terraform("apply") && manages {
            registered.get_or_insert(Registered::Terraform);
        } else if call.is_aws("ecs", "create-service") {
            registered = None;
        } else if call.is_aws("ecs", "update-service") {
            if call.has("--task-definition") {
                registered = None;
            } else if call.has("--force-new-deployment")
                && let Some(source) = &registered
            {
                say_old(call, source, findings);
            }
        }
    }
}

fn say_old(call: &Call, source: &Registered<'_>, findings: &mut Findings<'_>) {
    let service = call.value("--service").map_or_else(String::new, |name| format!(" of `{}`", short(name)));
    let (message, hint, fix) = match source {
        Registered::By(register) => {
            let family = register.option("--family").filter(|family| family.known && is_word(&family.text));
            (
                format!("this deployment{service} names no task definition, so ECS starts the old revision again and not the one that was registered"),
                "Add `--task-definition <family>` (its newest revision), or better the ARN that the registration printed.".to_owned(),
                family.filter(|_| !call.nested).map(|family| Fix {
                    title: format!("Add `--task-definition {}`", family.text),
                    edits: vec![Edit::insert(call.end(), format!(" --task-definition {}", family.text))],
                }),
            )
        }
        Registered::Terraform => (
            format!("this deployment{service} names no task definition: it starts the revision that the service has, whether Terraform moved the service or only registered a new one"),
            "See whether the plan changes the service itself (`aws_ecs_service`); else add `--task-definition` with the revision that Terraform registered.".to_owned(),
            None,
        ),
    };
    let severity = match source {
        Registered::By(_) => Severity::Warning,
        Registered::Terraform => Severity::Note,
    };
    findings.add(severity, "old-revision", call.span, message, Some(hint), fix);
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The newest revision of a family is not the one that ran before.
fn previous_revision(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for call in &scene.calls {
        let family = match call.aws() {
            Some(("ecs", "describe-task-definition")) => call.value("--task-definition"),
            Some(("ecs", "list-task-definitions")) => call.value("--family-prefix"),
            _ => continue,
        };
        let Some(family) = family.filter(|family| !family.contains(':')) else { continue };
        let back = scene.role_of(call) == Some(Role::Rollback) || meant_as_previous(scene, call);
        // A variable may well hold a whole revision.
        if !back || (family.starts_with("${") && !call.is_aws("ecs", "list-task-definitions")) {
            continue;
        }
        findings.add(
            Severity::Warning,
            "previous-revision",
            call.span,
            format!("this shows the newest revision of `{}` that is active, which is not the one that ran before", short(family)),
            Some("Before the first change, note what the service runs: `aws ecs describe-services … --query 'services[0].taskDefinition'`. A run of Holdpoint does (`to: pinned`).".to_owned()),
            None,
        );
    }
}

/// The revision with the number before is not the one that ran before: numbers are taken by registrations that were never
/// deployed, and a number may be deregistered.
fn counted_down(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let mut names: HashSet<&str> = HashSet::new();
    for listing in &scene.listings {
        for statement in &listing.script.statements {
            if let Shape::Assignments(list) = &statement.shape {
                for one in list {
                    if counts_down(&one.value) {
                        names.insert(one.name.as_str());
                    } else {
                        names.remove(one.name.as_str());
                    }
                }
            }
        }
    }
    for call in scene.calls.iter().filter(|call| call.is_aws("ecs", "update-service")) {
        let Some(option) = call.option("--task-definition") else { continue };
        let text = option.text.as_str();
        let named = text.match_indices("${").any(|(at, _)| {
            text.get(at + 2..)
                .and_then(|rest| rest.split('}').next())
                .is_some_and(|name| names.contains(name))
        });
        let inline = text.find("$((").and_then(|at| text.get(at..)).is_some_and(|sum| {
            let sum: String = sum.chars().filter(|c| !c.is_whitespace()).collect();
            sum.ends_with("-1))")
        });
        if !(named || inline) {
            continue;
        }
        findings.add(
            Severity::Warning,
            "previous-revision",
            option.span,
            "this is the revision with the number before, which need not be the one that ran: numbers go to revisions that were never deployed, too",
            Some("Before the first change, note what the service runs: `aws ecs describe-services … --query 'services[0].taskDefinition'`. A run of Holdpoint does (`to: pinned`).".to_owned()),
            None,
        );
    }
}

fn meant_as_previous(scene: &Scene<'_>, call: &Call) -> bool {
    const WORDS: [&str; 4] = ["previous", "prev_", "rollback", "roll back"];
    let says = |text: &str| {
        let lower = text.to_lowercase();
        WORDS.iter().any(|word| lower.contains(word)) || lower == "prev"
    };
    if call.captured.as_deref().is_some_and(says) {
        return true;
    }
    let Some(listing) = scene.listing_of(call) else { return false };
    let Some(statement) = listing.script.statements.get(call.statement) else { return false };
    listing.script.comments_above(statement).iter().any(|comment| says(&comment.text))
}

/// A place that a rule speaks of, as wide as one command.
pub(crate) fn line_of(scene: &Scene<'_>, at: usize) -> Span {
    let start = scene.text.get(..at).map_or(0, |head| head.rfind('\n').map_or(0, |end| end + 1));
    let end = scene.text.get(at..).map_or(at, |rest| at + rest.find('\n').unwrap_or(rest.len()));
    Span { start, end }
}
