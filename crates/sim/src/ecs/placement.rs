//! Tasks of a service are placed and taken away.

use serde_json::{Value, json};

use crate::behaviour::{Origin, Subject};
use crate::ecs::interface::Network;
use crate::ecs::model::{Deployment, Families, Service, Task, TaskDefinition};
use crate::ecs::scheduler::say;
use crate::ecs::task_life::{self, Launch};
use crate::ecs::{breaker, strings};
use crate::world::Env;

/// Seconds after which a place is looked for again. AWS names no number; to be confirmed.
const LOOKS_AGAIN: f64 = 15.0;
/// The cluster of a service with launch type EC2 has no instances: the simulator has none anywhere.
pub(crate) const NO_INSTANCES: &str = "No Container Instances were found in your cluster.";

/// Launches tasks of a service; answers their ids.
pub(crate) fn start_tasks(
    env: &mut Env,
    families: &Families,
    cluster_name: &str,
    service: &mut Service,
    tasks: &mut Vec<Task>,
    deployment: &Deployment,
    count: u32,
) -> Vec<String> {
    let Some(definition) = find_definition(families, &deployment.task_definition) else { return Vec::new() };
    let Some(revision) = service.revisions.iter().find(|r| r.arn == deployment.revision) else {
        return Vec::new();
    };
    let settings = &revision.settings;
    let text = |path: &str| settings.get(path).and_then(Value::as_str).unwrap_or("FARGATE").to_owned();
    let launch_type = text("launchType");
    let full = full(
        env,
        &Asking {
            cluster: cluster_name,
            service: Some(&service.name),
            definition,
            origin: deployment.origin,
            is_new: deployment.is_new,
            launch_type: &launch_type,
            command: None,
        },
    );
    if let Some(reason) = full {
        let id = deployment.id.clone();
        unplaced(env, service, &id, &launch_type, reason);
        return Vec::new();
    }
    let none = Value::Null;
    let network = Network::of(settings.get("networkConfiguration").unwrap_or(&none));
    let balancer = &settings.get("loadBalancers").unwrap_or(&none)[0];
    let target_group = if deployment.alternate {
        balancer["advancedConfiguration"]["alternateTargetGroupArn"].as_str()
    } else {
        None
    };
    let target_group = target_group.or_else(|| balancer["targetGroupArn"].as_str());
    let propagated = settings.get("propagateTags").and_then(Value::as_str);
    let tags = match propagated {
        Some("SERVICE") => service.tags.clone(),
        Some("TASK_DEFINITION") => definition.tags.clone(),
        _ => Vec::new(),
    };
    let launch = Launch {
        cluster: cluster_name,
        service: Some(&service.name),
        group: format!("service:{}", service.name),
        started_by: Some(deployment.id.clone()),
        deployment: Some(deployment.id.clone()),
        task_definition: definition,
        images: &revision.images,
        origin: deployment.origin,
        is_new: deployment.is_new,
        launch_type,
        network,
        target_group: target_group.map(str::to_owned),
        tags,
        overrides: json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []}),
        exec: settings.get("enableExecuteCommand").is_some_and(|e| *e == json!(true)),
    };
    let ids: Vec<String> = (0..count).map(|_| task_life::launch(env, tasks, &launch)).collect();
    say(env, service, &format!("has started {count} tasks: {}.", listed(&ids)));
    service.steady = false;
    service.unplaced = None;
    ids
}

/// Somebody looks for a place.
pub(crate) struct Asking<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) service: Option<&'a str>,
    pub(crate) definition: &'a TaskDefinition,
    pub(crate) origin: Origin,
    pub(crate) is_new: bool,
    pub(crate) launch_type: &'a str,
    /// In place of the first essential container's own.
    pub(crate) command: Option<&'a str>,
}

/// Why there is no place, if there is none.
pub(crate) fn full(env: &Env, asking: &Asking<'_>) -> Option<String> {
    if asking.launch_type == "EC2" && asking.origin != Origin::Furnish {
        return Some(NO_INSTANCES.to_owned());
    }
    let container = &asking.definition.containers()[asking.definition.main_container()];
    let own = strings(container, "command").join(" ");
    let subject = Subject {
        cluster: asking.cluster,
        service: asking.service,
        family: &asking.definition.family,
        image: container["image"].as_str().unwrap_or_default(),
        container: container["name"].as_str().unwrap_or_default(),
        command: asking.command.unwrap_or(&own),
        is_main: true,
        origin: asking.origin,
        is_new: asking.is_new,
    };
    env.behaviour(&subject).no_capacity.filter(|reason| !reason.is_empty())
}

/// The digests that a task definition's images have now.
pub(crate) fn resolve(
    env: &Env,
    families: &Families,
    task_definition: &str,
) -> Vec<(String, String, String)> {
    find_definition(families, task_definition).map_or_else(Vec::new, |definition| {
        definition
            .containers()
            .iter()
            .map(|c| {
                let image = c["image"].as_str().unwrap_or_default();
                (
                    c["name"].as_str().unwrap_or_default().to_owned(),
                    image.to_owned(),
                    env.images.resolve(image),
                )
            })
            .collect()
    })
}

pub(crate) fn find_definition<'a>(families: &'a Families, arn: &str) -> Option<&'a TaskDefinition> {
    families.values().flatten().find(|definition| definition.arn == arn)
}

/// Tasks of a service, ended.
pub(crate) fn stop_tasks(
    env: &mut Env,
    cluster_name: &str,
    service: &mut Service,
    tasks: &mut [Task],
    ids: &[String],
    reason: &str,
) {
    if ids.is_empty() {
        return;
    }
    let mut draining: Vec<(String, u32)> = Vec::new();
    for task in tasks.iter_mut().filter(|t| ids.contains(&t.id)) {
        if let Some(group) = task.target_group.clone().filter(|_| task.registered) {
            match draining.iter_mut().find(|(known, _)| *known == group) {
                Some((_, count)) => *count += 1,
                None => draining.push((group, 1)),
            }
        }
        task_life::stop(env, cluster_name, task, "ServiceSchedulerInitiated", reason);
    }
    for (group, count) in draining {
        say(env, service, &format!("has begun draining connections on {count} tasks."));
        say(env, service, &format!("deregistered {count} targets in (target-group {group})"));
    }
    say(env, service, &format!("has stopped {} running tasks: {}.", ids.len(), listed(ids)));
    service.steady = false;
}

pub(crate) fn first_port(definition: &TaskDefinition) -> u64 {
    definition.containers().iter().find_map(|c| c["portMappings"][0]["containerPort"].as_u64()).unwrap_or(80)
}

/// No place: it counts as a failure of the deployment, is said once for as long as the reason stays the same
/// (developer guide, "Service event messages"), and is tried again later.
fn unplaced(env: &mut Env, service: &mut Service, deployment: &str, launch_type: &str, reason: String) {
    if service.unplaced.as_deref() != Some(&reason) {
        let because = if launch_type == "EC2" {
            format!("because no container instance met all of its requirements. Reason: {reason}")
        } else {
            format!("Reason: {reason}.")
        };
        let gap = if launch_type == "EC2" { " " } else { ". " };
        say(
            env,
            service,
            &format!(
                "was unable to place a task{gap}{because} For more information, see the Troubleshooting section of the \
                 Amazon ECS Developer Guide."
            ),
        );
        service.unplaced = Some(reason);
    }
    breaker::count(env, service, deployment, LOOKS_AGAIN);
}

fn listed(ids: &[String]) -> String {
    ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ")
}
