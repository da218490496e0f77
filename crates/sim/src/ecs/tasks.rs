//! Tasks on the wire: list, describe, run, stop.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::behaviour::Origin;
use crate::ecs::model::Ecs;
use crate::ecs::task_life::{self, Launch, Outcome};
use crate::ecs::{
    cluster, cluster_mut, given, includes, last, page, scheduler, services, strings, tags, wire,
};
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

/// RunTask. A repeated client token answers the tasks that it started.
pub(crate) fn run(ecs: &mut Ecs, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let cluster_name = cluster(ecs, input)?.name.clone();
    let (arn, mode, _) =
        services::usable_definition(ecs, input["taskDefinition"].as_str()).map_err(|error| {
            if error.message == "TaskDefinition is inactive" {
                AwsError::invalid_parameter(error.message)
            } else {
                error
            }
        })?;
    let subnets = &input["networkConfiguration"]["awsvpcConfiguration"]["subnets"];
    if mode == "awsvpc" && subnets.as_array().is_none_or(Vec::is_empty) {
        return Err(AwsError::invalid_parameter(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    let count = input["count"].as_u64().unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(AwsError::invalid_parameter("count must be between 1 and 10."));
    }
    let token = input["clientToken"].as_str().map(|token| format!("token/{token}"));
    let images = scheduler::resolve(env, &ecs.families, &arn);
    let Some(definition) = scheduler::find_definition(&ecs.families, &arn).cloned() else {
        return Err(AwsError::client("TaskDefinition not found."));
    };
    let overrides = given(input, "overrides")
        .cloned()
        .unwrap_or_else(|| json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []}));
    let cluster = cluster_mut(ecs, input)?;
    // Tasks outside a service belong to no deployment: the token stands in its place.
    let known: Vec<usize> = (0..cluster.tasks.len())
        .filter(|index| token.is_some() && cluster.tasks[*index].deployment == token)
        .collect();
    if !known.is_empty() {
        env.no_effect = true;
        let tasks: Vec<Value> =
            known.iter().map(|index| wire::task(cluster, &cluster.tasks[*index], true)).collect();
        return Ok(json!({"tasks": tasks, "failures": []}));
    }
    let launch = Launch {
        cluster: &cluster_name,
        service: None,
        group: input["group"].as_str().map_or_else(|| format!("family:{}", definition.family), str::to_owned),
        started_by: input["startedBy"].as_str().map(str::to_owned),
        deployment: token,
        task_definition: &definition,
        images: &images,
        origin: Origin::RunTask,
        is_new: true,
        launch_type: input["launchType"].as_str().unwrap_or("FARGATE").to_owned(),
        subnet: subnets[0].as_str().unwrap_or("subnet-0sim0000000000000").to_owned(),
        target_group: None,
        tags: tags::read(&input["tags"]),
        overrides,
    };
    let ids: Vec<String> = (0..count).map(|_| task_life::launch(env, &mut cluster.tasks, &launch)).collect();
    let tasks: Vec<Value> =
        cluster.tasks.iter().filter(|t| ids.contains(&t.id)).map(|t| wire::task(cluster, t, true)).collect();
    Ok(json!({"tasks": tasks, "failures": []}))
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
