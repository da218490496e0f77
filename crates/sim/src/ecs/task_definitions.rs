//! Task definitions: families of revisions that are never altered.

use serde_json::{Map, Value, json};

use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::ecs::model::{Ecs, TaskDefinition};
use crate::ecs::{given, includes, page, tags, validate};
use crate::people::Caller;
use crate::world::Env;

/// RegisterTaskDefinition: a new revision each time, also of the same content.
pub(crate) fn register(
    ecs: &mut Ecs,
    env: &mut Env,
    caller: &Caller,
    input: &Value,
) -> Result<Value, AwsError> {
    validate::task_definition(input)?;
    let definition = build(ecs, env, &caller.arn, input);
    Ok(json!({"taskDefinition": render(definition), "tags": tags::render(&definition.tags)}))
}

/// Adds a revision from a valid input.
pub(crate) fn build<'a>(ecs: &'a mut Ecs, env: &Env, by: &str, input: &Value) -> &'a TaskDefinition {
    let family = input["family"].as_str().unwrap_or_default().to_owned();
    let revisions = ecs.families.entry(family.clone()).or_default();
    let revision = revisions.last().map_or(1, |last| last.revision + 1);
    let arn = env.arn("ecs", &format!("task-definition/{family}:{revision}"));
    let mut body = Map::new();
    body.insert("taskDefinitionArn".into(), json!(arn));
    body.insert(
        "containerDefinitions".into(),
        input["containerDefinitions"].as_array().into_iter().flatten().map(filled).collect(),
    );
    body.insert("family".into(), json!(family));
    for member in ["taskRoleArn", "executionRoleArn", "networkMode"] {
        if let Some(value) = given(input, member) {
            body.insert(member.into(), value.clone());
        }
    }
    body.insert("revision".into(), json!(revision));
    for member in ["volumes", "placementConstraints"] {
        body.insert(member.into(), given(input, member).cloned().unwrap_or_else(|| json!([])));
    }
    let fargate = validate::asks_fargate(input);
    body.insert("compatibilities".into(), if fargate { json!(["EC2", "FARGATE"]) } else { json!(["EC2"]) });
    for member in [
        "requiresCompatibilities",
        "cpu",
        "memory",
        "inferenceAccelerators",
        "pidMode",
        "ipcMode",
        "proxyConfiguration",
        "ephemeralStorage",
        "runtimePlatform",
        "enableFaultInjection",
    ] {
        if let Some(value) = given(input, member) {
            body.insert(member.into(), value.clone());
        }
    }
    body.insert("registeredAt".into(), json!(epoch_seconds(env.now())));
    body.insert("registeredBy".into(), json!(by));
    revisions.push(TaskDefinition {
        family,
        revision,
        arn,
        active: true,
        body,
        tags: tags::read(&input["tags"]),
    });
    &revisions[revisions.len() - 1]
}

/// DescribeTaskDefinition by family (its latest ACTIVE revision), `family:revision` or ARN.
pub(crate) fn describe(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    let definition = find(ecs, input["taskDefinition"].as_str().unwrap_or_default())
        .ok_or_else(|| AwsError::client("Unable to describe task definition."))?;
    let mut answer = json!({"taskDefinition": render(definition)});
    if includes(input, "TAGS") {
        answer["tags"] = tags::render(&definition.tags);
    }
    Ok(answer)
}

/// DeregisterTaskDefinition: INACTIVE, yet still described.
pub(crate) fn deregister(ecs: &mut Ecs, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let reference = input["taskDefinition"].as_str().unwrap_or_default();
    if !reference.rsplit('/').next().is_some_and(|short| short.contains(':')) {
        return Err(AwsError::client("Task definition revision must be specified."));
    }
    let arn = find(ecs, reference)
        .filter(|definition| definition.active)
        .map(|definition| definition.arn.clone())
        .ok_or_else(|| AwsError::client("The specified task definition does not exist."))?;
    let definition = ecs.families.values_mut().flatten().find(|d| d.arn == arn);
    let Some(definition) = definition else {
        return Err(AwsError::client("The specified task definition does not exist."));
    };
    definition.active = false;
    definition.body.insert("deregisteredAt".into(), json!(epoch_seconds(env.now())));
    Ok(json!({"taskDefinition": render(definition)}))
}

/// ListTaskDefinitions: `familyPrefix` is a whole family's name.
pub(crate) fn list(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    let family = input["familyPrefix"].as_str();
    let active = match input["status"].as_str() {
        None | Some("ACTIVE") => true,
        Some("INACTIVE") => false,
        Some(other) => return Err(AwsError::invalid_parameter(format!("Invalid status: {other}"))),
    };
    let mut arns: Vec<Value> = ecs
        .families
        .iter()
        .filter(|(name, _)| family.is_none_or(|f| f == name.as_str()))
        .flat_map(|(_, revisions)| revisions)
        .filter(|d| d.active == active)
        .map(|d| json!(d.arn))
        .collect();
    if input["sort"] == "DESC" {
        arns.reverse();
    }
    page(arns, input, "taskDefinitionArns")
}

/// ListTaskDefinitionFamilies.
pub(crate) fn list_families(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    let prefix = input["familyPrefix"].as_str().unwrap_or_default();
    let wanted = input["status"].as_str().unwrap_or("ALL");
    let names = ecs
        .families
        .iter()
        .filter(|(name, revisions)| {
            let any_active = revisions.iter().any(|d| d.active);
            name.starts_with(prefix)
                && match wanted {
                    "ACTIVE" => any_active,
                    "INACTIVE" => !any_active,
                    _ => true,
                }
        })
        .map(|(name, _)| json!(name))
        .collect();
    page(names, input, "families")
}

/// A revision by family, `family:revision` or ARN.
pub(crate) fn find<'a>(ecs: &'a Ecs, reference: &str) -> Option<&'a TaskDefinition> {
    if reference.starts_with("arn:") {
        return ecs.families.values().flatten().find(|d| d.arn == reference);
    }
    match reference.split_once(':') {
        None => ecs.families.get(reference)?.iter().rev().find(|d| d.active),
        Some((family, revision)) => {
            let revision: u32 = revision.parse().ok()?;
            ecs.families.get(family)?.iter().find(|d| d.revision == revision)
        }
    }
}

fn render(definition: &TaskDefinition) -> Value {
    let mut body = Value::Object(definition.body.clone());
    body["status"] = json!(if definition.active { "ACTIVE" } else { "INACTIVE" });
    body
}

/// A container definition with the members that ECS adds when they are not given.
fn filled(container: &Value) -> Value {
    let mut container = container.clone();
    for (member, default) in [
        ("cpu", json!(0)),
        ("portMappings", json!([])),
        ("essential", json!(true)),
        ("environment", json!([])),
        ("mountPoints", json!([])),
        ("volumesFrom", json!([])),
        ("systemControls", json!([])),
    ] {
        if container[member].is_null() {
            container[member] = default;
        }
    }
    for mapping in container["portMappings"].as_array_mut().into_iter().flatten() {
        if mapping["hostPort"].is_null() {
            mapping["hostPort"] = mapping["containerPort"].clone();
        }
        if mapping["protocol"].is_null() {
            mapping["protocol"] = json!("tcp");
        }
    }
    if !container["healthCheck"].is_null() {
        for (member, default) in [("interval", 30), ("timeout", 5), ("retries", 3)] {
            if container["healthCheck"][member].is_null() {
                container["healthCheck"][member] = json!(default);
            }
        }
    }
    container
}
