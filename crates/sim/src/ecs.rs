//! ECS on the wire: JSON 1.1, `X-Amz-Target: AmazonEC2ContainerServiceV20141113.<Operation>`.

pub(crate) mod addresses;
mod alarms;
mod breaker;
mod clusters;
pub(crate) mod configuration;
mod deployments;
mod express;
mod hooks;
pub(crate) mod incidents;
mod interface;
mod log_driver;
pub(crate) mod model;
mod placement;
mod reasons;
mod run_task;
mod scheduler;
mod services;
pub(crate) mod stages;
mod stand;
mod strategy;
mod tags;
mod task_definitions;
mod task_life;
mod tasks;
mod validate;
mod wire;

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::behaviour::Rule;
use crate::ecs::model::{Cluster, Ecs};
use crate::people::Caller;
use crate::schedule::{Step, What};
use crate::world::{Env, Estate};

pub(crate) use stand::{stand_cluster, stand_service, stand_task_definition};

/// Answers one call.
pub(crate) fn serve(
    estate: &mut Estate,
    env: &mut Env,
    caller: &Caller,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "CreateCluster" => clusters::create(&mut estate.ecs, env, input),
        "DescribeClusters" => clusters::describe(&estate.ecs, env, input),
        "ListClusters" => clusters::list(&estate.ecs, input),
        "DeleteCluster" => clusters::delete(&mut estate.ecs, input),
        "RegisterTaskDefinition" => task_definitions::register(&mut estate.ecs, env, caller, input),
        "DescribeTaskDefinition" => task_definitions::describe(&estate.ecs, input),
        "DeregisterTaskDefinition" => task_definitions::deregister(&mut estate.ecs, env, input),
        "ListTaskDefinitions" => task_definitions::list(&estate.ecs, input),
        "ListTaskDefinitionFamilies" => task_definitions::list_families(&estate.ecs, input),
        "CreateService" => services::create(estate, env, caller, input),
        "UpdateService" => services::update(estate, env, input),
        "DeleteService" => services::delete(estate, env, input),
        "DescribeServices" => services::describe(&estate.ecs, env, input),
        "ListServices" => services::list(&estate.ecs, input),
        "ListTasks" => tasks::list(&estate.ecs, input),
        "DescribeTasks" => tasks::describe(&estate.ecs, env, input),
        "RunTask" => run_task::run(estate, env, input),
        "StartTask" => run_task::start(&estate.ecs, env, input),
        "StopTask" => tasks::stop(estate, env, input),
        "ListServiceDeployments" => deployments::list(&estate.ecs, input),
        "DescribeServiceDeployments" => deployments::describe(&estate.ecs, input),
        "DescribeServiceRevisions" => deployments::describe_revisions(&estate.ecs, input),
        "StopServiceDeployment" => deployments::stop(&mut estate.ecs, env, input),
        "ContinueServiceDeployment" => hooks::go_on(estate, env, input),
        "CreateExpressGatewayService" => express::create(estate, env, caller, input),
        "DescribeExpressGatewayService" => express::describe(&estate.ecs, input),
        "UpdateExpressGatewayService" => express::update(estate, env, caller, input),
        "DeleteExpressGatewayService" => express::delete(estate, env, input),
        "TagResource" => tags::tag(&mut estate.ecs, input),
        "UntagResource" => tags::untag(&mut estate.ecs, input),
        "ListTagsForResource" => tags::list(&estate.ecs, input),
        other => Err(AwsError::not_implemented("ecs", other)),
    }
}

/// Something that was scheduled happens.
pub(crate) fn happen(estate: &mut Estate, env: &mut Env, what: What) {
    match what {
        What::Task { cluster, task, step: Step::Forgotten } => {
            if let Some(cluster) = estate.ecs.clusters.get_mut(&cluster) {
                cluster.tasks.retain(|t| t.id != task);
            }
        }
        What::Task { cluster, task, step } => {
            let Estate { ecs, logs, secrets, parameters, .. } = estate;
            let Some(in_cluster) = ecs.clusters.get_mut(&cluster) else { return };
            let Some(of) = in_cluster.tasks.iter_mut().find(|t| t.id == task) else { return };
            let grace = of.service.as_ref().and_then(|name| {
                in_cluster.services.get(name)?.settings.get("healthCheckGracePeriodSeconds")?.as_f64()
            });
            let outcome =
                task_life::step(env, (logs, secrets, parameters), &cluster, of, &step, grace.unwrap_or(0.0));
            scheduler::task_moved(estate, env, &cluster, &task, outcome);
        }
        What::Reconcile { cluster, service } => scheduler::reconcile(estate, env, &cluster, &service),
        What::StopDeployment { cluster, service, deployment } => {
            deployments::stop_now(estate, env, &cluster, &service, &deployment);
        }
        What::Hook { cluster, service, deployment, hook, expires } => {
            hooks::happen(estate, env, (&cluster, &service), &deployment, &hook, expires);
        }
        What::Incident { cluster, service, deployment, incident } => {
            incidents::happen(estate, env, (&cluster, &service), &deployment, &incident);
        }
        What::Log { group, stream, at, message } => estate.logs.write(env, &group, &stream, at, &message),
        // Dispatched before it comes here.
        What::AppRunner(due) => crate::apprunner::happen(estate, env, due),
        What::Alarm { name, again } => crate::cloudwatch::happen(estate, env, &name, again),
        What::Forget { cluster, service } => {
            if let Some(cluster) = estate.ecs.clusters.get_mut(&cluster) {
                // A service created again under the name stays.
                if cluster.services.get(&service).is_some_and(|s| s.gone_at.is_some()) {
                    cluster.services.remove(&service);
                }
            }
        }
    }
}

/// Tasks that run take on new behaviours.
pub(crate) fn behave_now(estate: &mut Estate, env: &mut Env, rules: &[Rule]) {
    for cluster in estate.ecs.clusters.values_mut() {
        for task in &mut cluster.tasks {
            task_life::behave_now(env, &cluster.name, task, rules);
        }
    }
}

/// Alarms went off, or recovered.
pub(crate) fn alarms_changed(estate: &mut Estate, env: &mut Env) {
    alarms::look(estate, env);
}

/// A cluster by name or ARN; `default` when none is named.
fn cluster<'a>(ecs: &'a Ecs, input: &Value) -> Result<&'a Cluster, AwsError> {
    ecs.clusters.get(cluster_name(input)).ok_or_else(cluster_not_found)
}

fn cluster_mut<'a>(ecs: &'a mut Ecs, input: &Value) -> Result<&'a mut Cluster, AwsError> {
    ecs.clusters.get_mut(cluster_name(input)).ok_or_else(cluster_not_found)
}

fn cluster_name(input: &Value) -> &str {
    last(input["cluster"].as_str().unwrap_or("default"))
}

fn cluster_not_found() -> AwsError {
    AwsError::new("ClusterNotFoundException", "Cluster not found.")
}

/// What follows the last slash: the name in an ARN or a name itself.
fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// The strings of a list member.
fn strings<'a>(input: &'a Value, member: &str) -> Vec<&'a str> {
    input[member].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A member that was given: absent and null are the same on the wire.
fn given<'a>(input: &'a Value, member: &str) -> Option<&'a Value> {
    input.get(member).filter(|value| !value.is_null())
}

fn includes(input: &Value, what: &str) -> bool {
    strings(input, "include").contains(&what)
}

/// One page of a list of ARNs: `maxResults` is 1 to 100.
fn page(all: Vec<Value>, input: &Value, member: &str) -> Result<Value, AwsError> {
    let size = match given(input, "maxResults") {
        None => 100,
        Some(size) => size
            .as_u64()
            .filter(|n| (1..=100).contains(n))
            .ok_or_else(|| AwsError::invalid_parameter("maxResults must be between 1 and 100."))?
            as usize,
    };
    let from = match input["nextToken"].as_str() {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|n| n.parse::<usize>().ok())
            .ok_or_else(|| AwsError::invalid_parameter("Invalid token"))?,
    };
    let more = all.len() > from + size;
    let items: Vec<Value> = all.into_iter().skip(from).take(size).collect();
    let mut answer = json!({ member: items });
    if more {
        answer["nextToken"] = json!(format!("page-{}", from + size));
    }
    Ok(answer)
}
