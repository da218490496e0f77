//! RunTask and StartTask: tasks that belong to no service.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::behaviour::Origin;
use crate::clock::SECOND;
use crate::ecs::interface::Network;
use crate::ecs::model::{Cluster, Ecs, Ran, TaskDefinition};
use crate::ecs::placement::{self, Asking, NO_INSTANCES};
use crate::ecs::task_life::{self, Launch, overridden};
use crate::ecs::{cluster, cluster_mut, given, services, strings, tags, validate, wire};
use crate::record::content_digest;
use crate::world::{Env, Estate};

/// A client token counts for 24 hours (RunTask, API reference).
const TOKEN: u64 = 24 * 3600 * SECOND;

/// RunTask. A repeated client token answers the tasks that it started; with another content it is a conflict.
pub(crate) fn run(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    services::network_exists(estate, input)?;
    let ecs = &mut estate.ecs;
    let cluster_name = cluster(ecs, input)?.name.clone();
    let definition = definition(ecs, input)?;
    let count = match given(input, "count") {
        None => 1,
        Some(count) => count
            .as_u64()
            .filter(|n| (1..=10).contains(n))
            .ok_or_else(|| AwsError::invalid_parameter("count must be between 1 and 10."))?,
    };
    let overrides = overrides(input, &definition)?;
    let launch_type = launch_type(input, &definition)?;
    let text = |member: &str, most: usize| match input[member].as_str() {
        Some(text) if text.len() > most => {
            Err(AwsError::invalid_parameter(format!("{member} must be at most {most} characters.")))
        }
        text => Ok(text.map(str::to_owned)),
    };
    let (token, started_by, group) = (text("clientToken", 64)?, text("startedBy", 128)?, text("group", 255)?);
    let images = placement::resolve(env, &ecs.families, &definition.arn);
    let t = env.t;
    let cluster = cluster_mut(ecs, input)?;
    cluster.tokens.retain(|_, ran| ran.until > t);
    let content = content_digest(input);
    if let Some(ran) = token.as_ref().and_then(|token| cluster.tokens.get(token)) {
        return repeated(env, cluster, ran, &content);
    }
    let main = &definition.containers()[definition.main_container()];
    let command = overridden(&overrides, main["name"].as_str().unwrap_or_default(), "command");
    let command = command
        .map(|c| c.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
    let asking = Asking {
        cluster: &cluster_name,
        service: None,
        definition: &definition,
        origin: Origin::RunTask,
        is_new: true,
        launch_type: &launch_type,
        command: command.as_deref(),
    };
    if let Some(reason) = placement::full(env, &asking) {
        env.no_effect = true;
        let failures = vec![json!({"reason": reason}); count as usize];
        return Ok(json!({"tasks": [], "failures": failures}));
    }
    let tags = match input["propagateTags"].as_str() {
        Some("TASK_DEFINITION") => {
            let mut tags = definition.tags.clone();
            let own = tags::read(&input["tags"]);
            tags.retain(|(key, _)| !own.iter().any(|(known, _)| known == key));
            tags.extend(own);
            tags
        }
        Some("SERVICE") => {
            return Err(AwsError::invalid_parameter("propagateTags SERVICE is for services only."));
        }
        Some(_) | None => tags::read(&input["tags"]),
    };
    let launch = Launch {
        cluster: &cluster_name,
        service: None,
        group: group.unwrap_or_else(|| format!("family:{}", definition.family)),
        started_by,
        deployment: None,
        task_definition: &definition,
        images: &images,
        origin: Origin::RunTask,
        is_new: true,
        launch_type,
        network: Network::of(&input["networkConfiguration"]),
        target_group: None,
        tags,
        overrides,
        exec: input["enableExecuteCommand"] == true,
    };
    let ids: Vec<String> = (0..count).map(|_| task_life::launch(env, &mut cluster.tasks, &launch)).collect();
    let started: Vec<(String, Value)> = cluster
        .tasks
        .iter()
        .filter(|t| ids.contains(&t.id))
        .map(|t| (t.id.clone(), wire::task(cluster, t, true)))
        .collect();
    let tasks: Vec<Value> = started.iter().map(|(_, body)| body.clone()).collect();
    if let Some(token) = token {
        cluster.tokens.insert(token, Ran { content, until: t + TOKEN, tasks: started });
    }
    Ok(json!({"tasks": tasks, "failures": []}))
}

/// StartTask places on instances that are named; the simulator has none.
pub(crate) fn start(ecs: &Ecs, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let name = cluster(ecs, input)?.name.clone();
    let definition = definition(ecs, input)?;
    overrides(input, &definition)?;
    let instances = strings(input, "containerInstances");
    if instances.is_empty() || instances.len() > 10 {
        return Err(AwsError::invalid_parameter("containerInstances must have 1 to 10 members."));
    }
    env.no_effect = true;
    let missing = |instance: &str| {
        let id = super::last(instance);
        json!({"arn": env.arn("ecs", &format!("container-instance/{name}/{id}")), "reason": "MISSING"})
    };
    let failures: Vec<Value> = instances.into_iter().map(missing).collect();
    Ok(json!({"tasks": [], "failures": failures}))
}

fn repeated(env: &mut Env, cluster: &Cluster, ran: &Ran, content: &str) -> Result<Value, AwsError> {
    if ran.content != content {
        // The code is of the API's model; the wording is to be confirmed.
        return Err(AwsError::new(
            "ConflictException",
            "The clientToken was used with other parameters before.",
        ));
    }
    env.no_effect = true;
    let now = |(id, then): &(String, Value)| {
        let known = cluster.tasks.iter().find(|t| t.id == *id);
        known.map_or_else(|| then.clone(), |task| wire::task(cluster, task, true))
    };
    Ok(json!({"tasks": ran.tasks.iter().map(now).collect::<Vec<_>>(), "failures": []}))
}

fn definition(ecs: &Ecs, input: &Value) -> Result<TaskDefinition, AwsError> {
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
    placement::find_definition(&ecs.families, &arn)
        .cloned()
        .ok_or_else(|| AwsError::client("TaskDefinition not found."))
}

fn launch_type(input: &Value, definition: &TaskDefinition) -> Result<String, AwsError> {
    let strategy = input["capacityProviderStrategy"].as_array().is_some_and(|s| !s.is_empty());
    let fargate =
        definition.body["compatibilities"].as_array().is_some_and(|c| c.contains(&json!("FARGATE")));
    match input["launchType"].as_str() {
        Some(_) if strategy => Err(AwsError::invalid_parameter(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        )),
        Some("FARGATE") if !fargate => {
            Err(AwsError::invalid_parameter("Task definition does not support launch_type FARGATE."))
        }
        Some("EC2") => Err(AwsError::invalid_parameter(NO_INSTANCES)),
        Some(launch_type) => Ok(launch_type.to_owned()),
        None => Ok("FARGATE".to_owned()),
    }
}

/// Overrides name containers of the task definition, and sizes that there are.
fn overrides(input: &Value, definition: &TaskDefinition) -> Result<Value, AwsError> {
    let mut overrides = given(input, "overrides").cloned().unwrap_or_else(|| json!({}));
    for member in ["containerOverrides", "inferenceAcceleratorOverrides"] {
        if overrides[member].is_null() {
            overrides[member] = json!([]);
        }
    }
    for of in overrides["containerOverrides"].as_array().into_iter().flatten() {
        let Some(name) = of["name"].as_str() else {
            if of.as_object().is_some_and(|members| !members.is_empty()) {
                return Err(AwsError::invalid_parameter("Container name must be specified for an override."));
            }
            continue;
        };
        if !definition.containers().iter().any(|c| c["name"] == name) {
            return Err(AwsError::invalid_parameter(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        }
    }
    if !overrides["cpu"].is_null() || !overrides["memory"].is_null() {
        let pick = |member: &str| {
            let over = given(&overrides, member).or_else(|| definition.body.get(member));
            over.cloned().unwrap_or(Value::Null)
        };
        validate::fargate_size(&pick("cpu"), &pick("memory"))
            .map_err(|error| AwsError::invalid_parameter(error.message))?;
    }
    Ok(overrides)
}
