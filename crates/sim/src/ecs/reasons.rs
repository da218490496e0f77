//! Why a task does not get as far as running, in the words that ECS has for it ("Stopped tasks error codes", developer guide).

use serde_json::Value;

use crate::ecs::log_driver;
use crate::ecs::model::{Container, Task};
use crate::parameters::Parameters;
use crate::secrets::{Lack, Secrets};
use crate::world::Env;

/// Why a task's resources cannot be set up: a behaviour says so, or a secret or a parameter cannot be had.
pub(crate) fn not_set_up(
    env: &Env,
    secrets: &Secrets,
    parameters: &Parameters,
    task: &Task,
) -> Option<String> {
    let told = task.containers.iter().find_map(|c| told(task, c));
    told.or_else(|| lacking(env, secrets, task)).or_else(|| without(env, parameters, task))
}

/// Why a container's image cannot be pulled.
pub(crate) fn not_pulled(env: &Env, container: &Container, platform: &str) -> Option<String> {
    match container.behaviour.pull_error.as_deref() {
        None => {}
        Some("") => return None,
        Some(error) => return Some(log_driver::filled(error, container)),
    }
    env.images.find(&container.image)?.pull_failure(&container.image, platform)
}

/// `${secret}` is the first secret that the container asks for, `${log_group}` the group that it writes to.
fn told(task: &Task, container: &Container) -> Option<String> {
    let error = container.behaviour.start_error.as_deref().filter(|error| !error.is_empty())?;
    let definition = task.task_definition.containers().iter().find(|d| d["name"] == container.name.as_str());
    let secret = definition.and_then(|d| d["secrets"][0]["valueFrom"].as_str());
    let group = container.log.as_ref().map_or("", |log| log.group.as_str());
    let filled = error.replace("${secret}", secret.unwrap_or("unknown")).replace("${log_group}", group);
    Some(log_driver::filled(&filled, container))
}

/// The first secret that cannot be had, of environment variables and of registries.
fn lacking(env: &Env, secrets: &Secrets, task: &Task) -> Option<String> {
    named(task).into_iter().find_map(|from| {
        let because = match secrets.lacks(env, &from)? {
            Lack::NotFound => format!(
                "failed to fetch secret {from} from secrets manager: ResourceNotFoundException: Secrets Manager can't find \
                 the specified secret."
            ),
            Lack::MarkedForDeletion => format!(
                "failed to fetch secret {from} from secrets manager: InvalidRequestException: You can't perform this \
                 operation on the secret because it was marked for deletion."
            ),
            Lack::NoKey(key) => format!("retrieved secret from Secrets Manager did not contain json key {key}"),
        };
        Some(format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
             unable to retrieve secret from asm: service call has been retried 1 time(s): {because}"
        ))
    })
}

/// The parameters that cannot be had: the agent asks for all at once, and names those that it did not get. The words are those that
/// users show of one; that several stand between commas is to be confirmed.
fn without(env: &Env, parameters: &Parameters, task: &Task) -> Option<String> {
    let lacks = |from: &String| parameters.has(env, from) == Some(false);
    let name = |from: String| match from.split_once(":parameter/") {
        // An ARN has lost the slash that a path begins with.
        Some((_, name)) if name.contains('/') => format!("/{name}"),
        Some((_, name)) => name.to_owned(),
        None => from,
    };
    let missing: Vec<String> = named(task).into_iter().filter(lacks).map(name).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
             unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: {}",
            missing.join(",")
        )
    })
}

/// What the containers of a task are given secretly, as their definitions name it.
fn named(task: &Task) -> Vec<String> {
    let of_container = |definition: &Value| -> Vec<String> {
        let named = definition["secrets"].as_array().into_iter().flatten().map(|s| &s["valueFrom"]);
        let login = &definition["repositoryCredentials"]["credentialsParameter"];
        named.chain([login]).filter_map(Value::as_str).map(str::to_owned).collect()
    };
    task.task_definition.containers().iter().flat_map(of_container).collect()
}
