//! Tasks on the wire: list, describe, stop.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::ecs::model::Ecs;
use crate::ecs::task_life::{self, Outcome};
use crate::ecs::{cluster, cluster_mut, includes, last, page, scheduler, strings, wire};
use crate::world::{Env, Estate};

/// ListTasks. Without `desiredStatus` those that are to run.
pub(crate) fn list(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    let cluster = cluster(ecs, input)?;
    if let Some(name) = input["serviceName"].as_str() {
        if !cluster.services.contains_key(last(name)) {
            return Err(AwsError::new("ServiceNotFoundException", "Service not found."));
        }
        if !input["startedBy"].is_null() {
            return Err(AwsError::invalid_parameter("cannot specify startedBy and serviceName"));
        }
    }
    let wanted = match input["desiredStatus"].as_str() {
        None | Some("RUNNING") => true,
        Some("STOPPED") => false,
        // PENDING may be asked for; ECS never sets it.
        Some("PENDING") => return page(Vec::new(), input, "taskArns"),
        Some(other) => return Err(AwsError::invalid_parameter(format!("Invalid desired status: {other}"))),
    };
    let same = |member: &str, is: Option<&str>| input[member].as_str().is_none_or(|w| Some(last(w)) == is);
    let arns = cluster
        .tasks
        .iter()
        .filter(|t| t.wanted == wanted)
        .filter(|t| same("serviceName", t.service.as_deref()))
        .filter(|t| same("family", Some(&t.task_definition.family)))
        .filter(|t| input["startedBy"].as_str().is_none_or(|w| Some(w) == t.started_by.as_deref()))
        .filter(|t| same("launchType", Some(&t.launch_type)))
        .map(|t| json!(t.arn))
        .collect();
    page(arns, input, "taskArns")
}

/// DescribeTasks, at most 100 at once.
pub(crate) fn describe(ecs: &Ecs, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let asked = strings(input, "tasks");
    if asked.is_empty() {
        return Err(AwsError::invalid_parameter("Tasks cannot be empty."));
    }
    if asked.len() > 100 {
        return Err(AwsError::invalid_parameter("Tasks cannot be more than 100."));
    }
    let cluster = cluster(ecs, input)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for id in asked.into_iter().map(last) {
        match cluster.tasks.iter().find(|t| t.id == id) {
            Some(task) => found.push(wire::task(cluster, task, includes(input, "TAGS"))),
            None => failures.push(
                json!({"arn": env.arn("ecs", &format!("task/{}/{id}", cluster.name)), "reason": "MISSING"}),
            ),
        }
    }
    Ok(json!({"tasks": found, "failures": failures}))
}

/// StopTask. A service starts another in its place.
pub(crate) fn stop(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let cluster = cluster_mut(&mut estate.ecs, input)?;
    let name = cluster.name.clone();
    let id = last(input["task"].as_str().unwrap_or_default()).to_owned();
    let task = cluster
        .tasks
        .iter_mut()
        .find(|t| t.id == id)
        .ok_or_else(|| AwsError::invalid_parameter("The referenced task was not found."))?;
    env.no_effect = !task.wanted;
    let reason = input["reason"].as_str().unwrap_or("Task stopped by user");
    task_life::stop(env, &name, task, "UserInitiated", reason);
    scheduler::task_moved(estate, env, &name, &id, Outcome::Moved);
    let cluster = cluster_mut(&mut estate.ecs, input)?;
    let task = cluster.tasks.iter().find(|t| t.id == id).map(|t| wire::task(cluster, t, true));
    Ok(json!({ "task": task }))
}
