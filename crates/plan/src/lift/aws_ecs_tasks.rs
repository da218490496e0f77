//! ECS: tasks outside of services.

use super::aws::{Aws, Operation, own};
use super::aws_deployment::network;
use super::aws_ecs::{cluster, short_name};
use super::flags::Takes::{Nothing, One};
use super::shorthand::{Members, structure};
use super::values::number;
use super::verdict::{Answer, Draft, Keep, keep};
use serde_json::{Map, Value};

pub(crate) const ALL: &[Operation] = &[Operation {
    service: "ecs",
    name: "run-task",
    flags: &[
        ("--cluster", One),
        ("--task-definition", One),
        ("--count", One),
        ("--launch-type", One),
        ("--platform-version", One),
        ("--network-configuration", One),
        ("--overrides", One),
        ("--started-by", One),
        ("--enable-execute-command", Nothing),
    ],
    lift: run,
}];

fn run(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    let options = &aws.options;
    let Some(launch_type) = options.one("--launch-type") else {
        return keep("without `--launch-type` AWS chooses by the cluster");
    };
    if !["FARGATE", "EC2", "EXTERNAL"].contains(&launch_type) {
        return keep(format!("the launch type `{}` is not known", super::assigned::shown(launch_type)));
    }
    let task_definition = options.needed("--task-definition")?;
    own(aws.call, &task_definition)?;
    let family = short_name(&task_definition);
    let family = family.split(':').next().unwrap_or(&family).to_owned();
    let draft = Draft::of("ecs.run_task", format!("run_{family}"))
        .with("cluster", cluster(aws)?)
        .with("task_definition", task_definition)
        .maybe("count", options.one("--count").map(|text| number("--count", text)).transpose()?)
        .with("launch_type", launch_type)
        .maybe("platform_version", options.one("--platform-version"))
        .maybe("network", options.one("--network-configuration").map(network).transpose()?)
        .maybe("started_by", options.one("--started-by"))
        .maybe("enable_execute_command", options.has("--enable-execute-command").then_some(true));
    let mut draft = match options.one("--overrides") {
        Some(text) => overridden(draft, text)?,
        None => draft,
    };
    if draft.with.get("count").and_then(Value::as_u64).is_some_and(|count| !(1..=10).contains(&count)) {
        return keep("AWS runs 1 to 10 tasks at once");
    }
    match aws.captured(&[("tasks[0].taskArn", "task"), ("tasks[].taskArn", "task")])? {
        Some(sets) => draft.sets = Some(sets),
        None => aws.shown_only()?,
    }
    Ok(draft.into())
}

/// `--overrides`: of one container, and the task's size.
fn overridden(draft: Draft, text: &str) -> Result<Draft, Keep> {
    const FLAG: &str = "--overrides";
    let mut from = Members::of(FLAG, structure(FLAG, text)?)?;
    let containers = match from.value("containerOverrides") {
        None => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => return keep("`containerOverrides` is no list"),
    };
    let mut draft = draft.maybe("cpu", from.text("cpu")?).maybe("memory", from.text("memory")?);
    from.done()?;
    let mut containers = containers.into_iter();
    if let Some(one) = containers.next() {
        let mut container = Members::of(FLAG, one)?;
        draft =
            draft.maybe("container", container.text("name")?).maybe("command", container.list("command")?);
        if let Some(value) = container.value("environment") {
            let Value::Array(list) = value else { return keep("`environment` is no list") };
            let mut map = Map::new();
            for pair in list {
                let mut pair = Members::of(FLAG, pair)?;
                let (Some(name), Some(text)) = (pair.text("name")?, pair.text("value")?) else {
                    return keep("a variable of the container has no name or no value");
                };
                if super::values::is_secret(&name) && !super::marks::has_gap(&text) {
                    return keep(format!("`{name}` is a secret that stands in the text"));
                }
                pair.done()?;
                map.insert(name, text.into());
            }
            draft = draft.with("environment", map);
        }
        container.done()?;
    }
    if containers.next().is_some() {
        return keep("it changes several containers");
    }
    Ok(draft)
}
