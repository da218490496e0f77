//! What a service of Express Mode is, what is asked of it, and what was pinned of it.

use crate::ecs::{MARK, World, already_says, by_digest, digests};
use crate::failure::failed;
use holdpoint_cloud::{Cloud, ExpressService, Service};
use holdpoint_engine::Task;
use holdpoint_plan::Action;
use holdpoint_plan::kinds::{ExpressDeploy, ExpressMetric};
use holdpoint_run::{Diagnosis, json_digest};
use serde_json::{Map, Value, json};

/// Creates.
pub(super) const CREATE: &str = "ecs:CreateExpressGatewayService";
/// Changes.
pub(super) const UPDATE: &str = "ecs:UpdateExpressGatewayService";
/// Deletes.
pub(super) const DELETE: &str = "ecs:DeleteExpressGatewayService";
/// The cluster that AWS takes, and makes, where none is named.
pub(super) const CLUSTER: &str = "default";

/// Members of a configuration that can be asked for again.
const SETTINGS: [&str; 8] = [
    "executionRoleArn",
    "taskRoleArn",
    "cpu",
    "memory",
    "healthCheckPath",
    "networkConfiguration",
    "primaryContainer",
    "scalingTarget",
];

/// A service of Express Mode as it stands.
pub(super) struct Standing {
    pub(super) express: ExpressService,
    pub(super) service: Service,
}

impl Standing {
    /// Its newest configuration.
    pub(super) fn newest(&self) -> Value {
        self.express.newest().cloned().unwrap_or_default()
    }
}

/// Looks at a service. `None` where there is none; one that Express Mode did not make is refused.
pub(super) async fn look(
    cloud: &Cloud,
    cluster: &str,
    name: &str,
) -> Result<(World, Option<Standing>), Diagnosis> {
    let empty = World { cluster: cluster.to_owned(), service: name.to_owned(), ..World::default() };
    if cluster == CLUSTER
        && let Err(error) = cloud.service(cluster, name).await
        && error.code() == Some("ClusterNotFoundException")
    {
        // AWS makes the default cluster with the first service.
        return Ok((empty, None));
    }
    let (world, found) = World::of(cloud, cluster, name).await?;
    let Some(service) = found else { return Ok((world, None)) };
    let express = cloud.express_service(&service.service_arn).await;
    match express
        .map_err(|error| failed(&format!("The Express Mode service {name} cannot be read"), &error))?
    {
        Some(express) => Ok((world, Some(Standing { express, service }))),
        None => Err(Diagnosis::of(format!(
            "There is a service {name} in {cluster}, and Express Mode did not make it"
        ))
        .hint("Use `ecs.deploy` for it, or give the new service another name.")),
    }
}

/// The input of CreateExpressGatewayService.
pub(super) fn create(task: &Task, with: &ExpressDeploy) -> Result<Value, Diagnosis> {
    let wanted = |what: &str| {
        Diagnosis::of(format!("{} does not exist, and `{what}` is wanted to create it", with.name))
            .hint("Name the role in the plan; the migration page says which rights it needs.")
    };
    let execution = with.execution_role.as_ref().ok_or_else(|| wanted("execution_role"))?;
    let infrastructure = with.infrastructure_role.as_ref().ok_or_else(|| wanted("infrastructure_role"))?;
    let mut input = settings(with, &Value::Null);
    input.insert("serviceName".into(), json!(with.name));
    if let Some(cluster) = &with.cluster {
        input.insert("cluster".into(), json!(cluster));
    }
    input.insert("executionRoleArn".into(), json!(execution));
    input.insert("infrastructureRoleArn".into(), json!(infrastructure));
    let own = with.tags.iter().filter(|(key, _)| *key != MARK);
    let mut tags: Vec<Value> = own.map(|(key, value)| json!({"key": key, "value": value})).collect();
    tags.push(json!({"key": MARK, "value": task.mark()}));
    input.insert("tags".into(), json!(tags));
    Ok(Value::Object(input))
}

/// The input of UpdateExpressGatewayService. The container is sent whole: what the step does not name stays as it is,
/// whether AWS would keep it or not (to be confirmed).
pub(super) fn update(with: &ExpressDeploy, standing: &Standing) -> Value {
    let mut input = settings(with, &standing.newest()["primaryContainer"]);
    if let Some(role) = &with.execution_role {
        input.insert("executionRoleArn".into(), json!(role));
    }
    input.insert("serviceArn".into(), json!(standing.service.service_arn));
    Value::Object(input)
}

/// The input that brings a pinned configuration back.
pub(super) fn back(configuration: &Value, arn: &str) -> Value {
    let mut input = again(configuration);
    input.insert("serviceArn".into(), json!(arn));
    Value::Object(input)
}

fn again(configuration: &Value) -> Map<String, Value> {
    let kept = |name: &&str| Some(((*name).to_owned(), configuration.get(*name)?.clone()));
    SETTINGS.iter().filter_map(kept).collect()
}

/// Whether a configuration already is what an update asks for.
pub(super) fn says(newest: &Value, input: &Value) -> bool {
    let mut wanted = input.clone();
    if let Some(members) = wanted.as_object_mut() {
        members.retain(|name, _| SETTINGS.contains(&name.as_str()));
    }
    already_says(newest, &wanted)
}

/// Digest of what is sent: a stored intent is redacted, so that it is made once more and compared.
pub(super) fn content(input: &Value) -> String {
    json_digest(input)
}

/// The key of a service in the rollback set: `express/<cluster>/<name>`.
pub(super) fn key(cluster: &str, name: &str) -> String {
    format!("express/{cluster}/{name}")
}

/// The key of a step's service, where its arguments are known.
pub(super) fn keys(with: &Value) -> Vec<String> {
    let cluster = with["cluster"].as_str().unwrap_or(CLUSTER);
    match with["name"].as_str() {
        Some(name) if !name.contains("{{") && !cluster.contains("{{") => vec![key(cluster, name)],
        Some(_) | None => Vec::new(),
    }
}

/// The default undo.
pub(super) fn undo(action: &Action) -> Action {
    let mut with = json!({"name": action.with["name"], "to": "pinned"});
    if let Some(cluster) = action.with["cluster"].as_str() {
        with["cluster"] = json!(cluster);
    }
    Action { uses: "express.rollback".into(), with, expect: json!({}), script: None }
}

/// Content of a pin: `{cluster, name, service_arn, configuration, images, image, desired_count, running_count,
/// deployment}`, the configuration's image by digest. `None` for a service that does not exist.
pub(super) async fn pinned(cloud: &Cloud, key: &str) -> Result<Option<Value>, Diagnosis> {
    let parts = key.strip_prefix("express/").and_then(|rest| rest.split_once('/'));
    let (cluster, name) =
        parts.ok_or_else(|| Diagnosis::of(format!("`{key}` is not the key of an Express Mode service")))?;
    let (world, Some(standing)) = look(cloud, cluster, name).await? else { return Ok(None) };
    // Only what can be asked for again: a revision's number and date are no content.
    let newest = standing.newest();
    let mut configuration = Value::Object(again(&newest));
    let definition =
        world.primary.as_ref().map(|primary| primary.task_definition.clone()).unwrap_or_default();
    let running = digests(cloud, cluster, name, None, &definition).await?;
    let image = configuration["primaryContainer"]["image"].as_str().unwrap_or_default().to_owned();
    // The service has one container for its traffic; with sidecars of its own definition the first digest is its.
    let image = running
        .get("Main")
        .or_else(|| running.values().next())
        .map_or(image.clone(), |digest| by_digest(&image, digest));
    configuration["primaryContainer"]["image"] = json!(image);
    Ok(Some(json!({
        "cluster": cluster,
        "name": name,
        "service_arn": standing.service.service_arn,
        "configuration": configuration,
        "images": running,
        "image": image,
        "desired_count": standing.service.desired_count,
        "running_count": standing.service.running_count,
        "deployment": world.primary.map(|primary| primary.id),
    })))
}

fn settings(with: &ExpressDeploy, container: &Value) -> Map<String, Value> {
    let mut container = container.as_object().cloned().unwrap_or_default();
    container.insert("image".into(), json!(with.image));
    if let Some(port) = with.port {
        container.insert("containerPort".into(), json!(port));
    }
    if let Some(command) = &with.command {
        container.insert("command".into(), json!(command));
    }
    if let Some(environment) = &with.environment {
        let pairs = environment.iter().map(|(name, value)| json!({"name": name, "value": value}));
        container.insert("environment".into(), pairs.collect());
    }
    if let Some(secrets) = &with.secrets {
        let pairs = secrets.iter().map(|(name, from)| json!({"name": name, "valueFrom": from}));
        container.insert("secrets".into(), pairs.collect());
    }
    let mut input = Map::from_iter([("primaryContainer".to_owned(), Value::Object(container))]);
    let texts = [
        ("cpu", &with.cpu),
        ("memory", &with.memory),
        ("healthCheckPath", &with.health_check_path),
        ("taskRoleArn", &with.task_role),
    ];
    input.extend(
        texts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?)))),
    );
    if let Some(network) = &with.network {
        input.insert(
            "networkConfiguration".into(),
            json!({"subnets": network.subnets, "securityGroups": network.security_groups}),
        );
    }
    if let Some(scaling) = &with.scaling {
        let metric = scaling.metric.map(|metric| match metric {
            ExpressMetric::AverageCpu => "AVERAGE_CPU",
            ExpressMetric::AverageMemory => "AVERAGE_MEMORY",
            ExpressMetric::RequestCountPerTarget => "REQUEST_COUNT_PER_TARGET",
        });
        let members = [
            ("minTaskCount", scaling.min.map(|count| json!(count))),
            ("maxTaskCount", scaling.max.map(|count| json!(count))),
            ("autoScalingMetric", metric.map(|metric| json!(metric))),
            ("autoScalingTargetValue", scaling.target.map(|value| json!(value))),
        ];
        let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        input.insert("scalingTarget".into(), Value::Object(members.collect()));
    }
    input
}
