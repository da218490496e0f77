//! ECS: what looks at services, and waits for them.

use super::aws::{Aws, Operation, own, read_of};
use super::aws_ecs::{cluster, short_name};
use super::flags::Takes::{Many, One};
use super::said::Said;
use super::verdict::{Answer, Draft, Keep, keep};
use super::{Call, Output};
use serde_json::Value;

pub(crate) const ALL: &[Operation] = &[
    Operation {
        service: "ecs",
        name: "wait",
        flags: &[("--cluster", One), ("--services", Many), ("--tasks", Many), ("--include", Many)],
        lift: wait,
    },
    Operation {
        service: "ecs",
        name: "describe-services",
        flags: &[("--cluster", One), ("--services", Many), ("--include", Many)],
        lift: describe,
    },
];

/// Whether a command waits for exactly this service to be stable.
pub(crate) fn waits_for(call: &Call<'_, '_>, cluster: &str, service: &str) -> bool {
    let Ok(Some(options)) = read_of(call, "ecs", "wait") else { return false };
    options.rest.as_slice() == ["services-stable"]
        && options.one("--cluster").unwrap_or("default") == cluster
        && options.all("--services").as_slice() == [service]
        && call.output == Output::Screen
        && !call.unwrapped.repeats
}

fn wait(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.shown_only()?;
    let cluster = cluster(aws)?;
    match aws.options.rest.as_slice() {
        [what] if what == "services-stable" => stable(aws, &cluster),
        [what] if what == "tasks-stopped" => {
            let tasks = aws.options.all("--tasks");
            let run = aws.call.context().steps.iter().rev().find(|before| {
                before.lifted.as_ref().is_some_and(|lifted| lifted.uses == "ecs.run_task")
                    && tasks.as_slice() == [super::marks::gap(&format!("steps.{}.outputs.task", before.id))]
            });
            match run {
                Some(run) => Ok(Answer::Absorb(format!("`{}` follows its task to the end", run.id))),
                None => keep("no step before it runs that task"),
            }
        }
        [what] => keep(format!("`aws ecs wait {}` has no typed step", super::assigned::shown(what))),
        _ => keep("it does not say what it waits for"),
    }
}

fn stable(aws: &Aws<'_, '_, '_>, cluster: &str) -> Result<Answer, Keep> {
    let services = aws.options.all("--services");
    let mut followed = Vec::new();
    for service in &services {
        own(aws.call, service)?;
        match started(aws, cluster, service) {
            Started::Followed(id) => followed.push(format!("`{id}`")),
            Started::By(id) if services.len() == 1 => {
                return Ok(Draft::of("ecs.wait", format!("wait_for_{}", short_name(service)))
                    .with("cluster", cluster)
                    .with("service", service.as_str())
                    .with("since", id)
                    .into());
            }
            Started::By(_) => return keep("it waits for several services at once"),
            Started::Unknown => {
                let name = super::assigned::shown(service);
                return keep(format!(
                    "no step directly before it surely starts a deployment of `{name}`, and `stable` proves nothing then"
                ));
            }
        }
    }
    followed.dedup();
    match followed.as_slice() {
        [] => keep("it names no service"),
        [one] => Ok(Answer::Absorb(format!("{one} follows its own deployment to the end"))),
        many => Ok(Answer::Absorb(format!("{} follow their own deployments to the end", many.join(", ")))),
    }
}

/// What the last deployment of a service came from.
enum Started {
    /// A step that follows it to its end.
    Followed(String),
    /// A step that does not.
    By(String),
    /// Nobody knows.
    Unknown,
}

fn started(aws: &Aws<'_, '_, '_>, cluster: &str, service: &str) -> Started {
    let context = aws.call.context();
    let names = |value: Option<&Value>, wanted: &str| {
        value.and_then(Value::as_str) == Some(super::marks::written(wanted).as_str())
    };
    for before in context.steps.iter().rev().filter(|before| before.changes) {
        match &before.lifted {
            // Steps of these kinds change the one service that they name.
            Some(lifted) if lifted.uses.starts_with("ecs.") => {
                if names(lifted.with.get("cluster"), cluster) && names(lifted.with.get("service"), service) {
                    return Started::Followed(before.id.clone());
                }
            }
            Some(lifted) if lifted.uses == "terraform.apply" => return Started::Unknown,
            Some(_) => {}
            None => {
                let starts = before.text.contains("update-service")
                    && (before.text.contains("--force-new-deployment")
                        || before.text.contains("--task-definition"));
                let same = context.settled(service).is_some_and(|name| {
                    before.text.split_whitespace().any(|word| word.trim_matches(['"', '\'']) == name)
                });
                return if starts && same { Started::By(before.id.clone()) } else { Started::Unknown };
            }
        }
    }
    Started::Unknown
}

fn describe(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    let options = &aws.options;
    options.refuse(&["--include"], "asks for what a check does not show")?;
    let cluster = cluster(aws)?;
    let services = options.all("--services");
    let [service] = services.as_slice() else { return keep("it looks at several services at once") };
    own(aws.call, service)?;
    let draft = Draft::of("ecs.check", format!("check_{}", short_name(service)))
        .with("cluster", cluster)
        .with("service", service.as_str());
    if let Some(sets) = aws.captured(&[
        ("services[0].taskDefinition", "task_definition"),
        ("services[].taskDefinition", "task_definition"),
        ("services[0].runningCount", "running_count"),
        ("services[0].desiredCount", "desired_count"),
        ("services[0].deployments[0].taskDefinition", "task_definition"),
        ("services[0].deployments[0].id", "deployment"),
    ])? {
        let mut draft = draft;
        draft.name = super::values::var_name(&sets.0);
        draft.sets = Some(sets);
        return Ok(draft.into());
    }
    aws.shown_only()?;
    let said = aws.call.scene.said(1);
    let draft = expected(draft, &said);
    if draft.expect.is_empty() {
        if !said.is_empty() {
            return keep("what should come of it is said in words that no check knows");
        }
        let query = aws.query().unwrap_or_default();
        if query.contains("events") {
            return keep("it shows events, which a check does not");
        }
    } else {
        let known = [
            "runningCount",
            "desiredCount",
            "rolloutState",
            "status",
            "pendingCount",
            "expected",
            "Expected",
        ];
        let others: Vec<&String> = said
            .lines
            .iter()
            .filter(|line| line.len() > 3 && !known.iter().any(|word| line.contains(word)))
            .collect();
        for line in others {
            aws.call.values().guess(format!("“{}” is not compared", super::said::short(line)));
        }
    }
    Ok(draft.into())
}

/// What a text says of a service's tasks.
fn expected(draft: Draft, said: &Said) -> Draft {
    let rollout = said.word_after("rolloutState").map(|state| state.to_lowercase());
    draft
        .expects("running", said.number_after("runningCount").or_else(|| said.number_after("Running count")))
        .expects("desired", said.number_after("desiredCount").or_else(|| said.number_after("Desired count")))
        .expects(
            "rollout",
            rollout.filter(|state| ["completed", "in_progress", "failed"].contains(&state.as_str())),
        )
}
