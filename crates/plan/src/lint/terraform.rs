//! Terraform: plans that nobody reviewed are applied, and what its plans show is taken for something else.

use super::calls::{Arg, Call};
use super::configuration::kept_revision;
use super::hcl;
use super::scene::Scene;
use crate::findings::{Findings, short};
use crate::{Edit, Fix, Severity, Span};
use serde_json::Value;

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for (at, call) in scene.calls.iter().enumerate() {
        unreviewed(scene, at, call, findings);
    }
    in_place(scene, findings);
    in_place_of_steps(scene, findings);
    skip_destroy(scene, findings);
}

/// `apply` without a saved plan makes a new plan, which nobody has read.
fn unreviewed(scene: &Scene<'_>, at: usize, call: &Call, findings: &mut Findings<'_>) {
    if !call.is_terraform("apply")
        || saved_plan(call).is_some()
        || call.has("-refresh-only")
        || call.has("-help")
    {
        return;
    }
    let forced = call.has("-auto-approve") || call.has("--auto-approve");
    let (message, severity) = if forced {
        (
            format!("`{} apply -auto-approve` makes a new plan and applies it unseen", call.program),
            Severity::Warning,
        )
    } else {
        (
            format!(
                "`{} apply` without a plan file makes a new plan: what was reviewed before is not what is applied",
                call.program
            ),
            Severity::Warning,
        )
    };
    findings.add(
        severity,
        "unreviewed-apply",
        call.span,
        message,
        Some("Save the reviewed plan by `plan -out=tfplan` and write `apply tfplan`; variables belong to the plan.".to_owned()),
        fix(scene, at, call),
    );
}

/// The file that `apply` is given.
fn saved_plan(call: &Call) -> Option<&Arg> {
    let mut args = call.args.iter().skip_while(|arg| arg.text != "apply").skip(1);
    while let Some(arg) = args.next() {
        if matches!(
            arg.text.as_str(),
            "-var" | "-var-file" | "-target" | "-replace" | "-state" | "-parallelism" | "-lock-timeout"
        ) {
            args.next();
        } else if !arg.text.starts_with('-') {
            return Some(arg);
        }
    }
    None
}

/// Applies the plan that the same script makes before.
fn fix(scene: &Scene<'_>, at: usize, apply: &Call) -> Option<Fix> {
    let earlier =
        scene.calls.get(..at)?.iter().rev().filter(|call| call.listing == apply.listing && !call.nested);
    let plan = earlier
        .take_while(|call| !call.is_terraform("apply"))
        .find(|call| call.is_terraform("plan") && call.program == apply.program)?;
    let verb = apply.args.iter().find(|arg| arg.text == "apply")?;
    let same_line =
        |from: usize, to: usize| scene.text.get(from..to).is_some_and(|text| !text.contains('\n'));
    if !same_line(verb.span.end, apply.end()) || apply.nested {
        return None;
    }
    let out = plan.value("-out").or_else(|| plan.value("--out"));
    let file = out.unwrap_or("tfplan").to_owned();
    if !file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) {
        return None;
    }
    let mut edits = Vec::new();
    if out.is_none() {
        edits.push(Edit::insert(plan.end(), format!(" -out={file}")));
    }
    edits.push(Edit::replace(verb.span.end..apply.end(), format!(" {file}")));
    Some(Fix { title: format!("Apply the plan file `{file}`"), edits })
}

/// A comment or a printed plan that expects a task definition to be changed in place.
fn in_place(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    const NAME: &str = "aws_ecs_task_definition.";
    for (at, _) in scene.text.match_indices(NAME) {
        let line = super::deploys::line_of(scene, at);
        let Some(before) = scene.text.get(line.start..at) else { continue };
        let Some(mark) = before.trim_end().strip_suffix('~') else { continue };
        // `-/+` is a replacement; only a lone `~` is a change in place.
        if mark.ends_with(['+', '/', '-', '~']) {
            continue;
        }
        let tilde = line.start + mark.len();
        findings.add(
            Severity::Warning,
            "task-definition-in-place",
            Span { start: tilde, end: line.end },
            "a task definition is never changed in place: Terraform will say that it must be replaced (`-/+`)",
            Some("Expect `-/+` for the task definition, see that the service itself is changed (`~ aws_ecs_service`), and still let no service be destroyed.".to_owned()),
            Some(Fix { title: "Write `-/+`".to_owned(), edits: vec![Edit::replace(tilde..tilde + 1, "-/+")] }),
        );
    }
}

/// The same in `expect` of a step.
fn in_place_of_steps(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for (_, draft) in scene.typed().filter(|(_, draft)| draft.step.action.uses == "terraform.plan") {
        let expect = &draft.step.action.expect;
        let update = expect.get("update").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for address in update.iter().filter_map(Value::as_str) {
            if is_task_definition(address) {
                findings.add(
                    Severity::Warning,
                    "task-definition-in-place",
                    scene.place(draft, address),
                    format!("`{}` is never changed in place: Terraform replaces it, and this plan would be refused", short(address)),
                    Some("Move it to `replace`.".to_owned()),
                    None,
                );
            }
        }
    }
}

fn is_task_definition(address: &str) -> bool {
    address
        .rsplit_once("aws_ecs_task_definition.")
        .is_some_and(|(module, _)| module.is_empty() || module.ends_with('.'))
}

/// Task definitions that the plan shows.
fn skip_destroy(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for resource in hcl::resources(scene).iter().filter(|resource| resource.kind == "aws_ecs_task_definition")
    {
        kept_revision(resource, findings);
    }
}
