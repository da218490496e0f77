//! What a world has at its start: clusters, task definitions and services that have stood for long.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::behaviour::Origin;
use crate::ecs::model::{Cluster, Ecs, Event};
use crate::ecs::{
    clusters, configuration, placement, scheduler, services, task_definitions, task_life, validate,
};
use crate::world::{Env, Estate};

/// A cluster, unless it is there.
pub(crate) fn stand_cluster(estate: &mut Estate, env: &mut Env, name: &str) -> Result<(), AwsError> {
    if !estate.ecs.clusters.contains_key(name) {
        clusters::create(&mut estate.ecs, env, &json!({ "clusterName": name }))?;
    }
    Ok(())
}

/// A task definition, unless its family has a revision of the same content.
pub(crate) fn stand_task_definition(
    estate: &mut Estate,
    env: &mut Env,
    input: &Value,
) -> Result<(), AwsError> {
    validate::task_definition(input)?;
    let probe = task_definitions::build(&mut Ecs::default(), env, "", input).body.clone();
    let same = |member: &str, body: &serde_json::Map<String, Value>| body.get(member) == probe.get(member);
    let family = input["family"].as_str().unwrap_or_default();
    let known = estate.ecs.families.get(family).is_some_and(|revisions| {
        revisions.iter().any(|d| {
            [
                "containerDefinitions",
                "cpu",
                "memory",
                "networkMode",
                "runtimePlatform",
                "executionRoleArn",
                "taskRoleArn",
            ]
            .iter()
            .all(|member| same(member, &d.body))
        })
    });
    if !known {
        let by = format!("arn:aws:iam::{}:role/provisioning", env.account);
        task_definitions::build(&mut estate.ecs, env, &by, input);
    }
    Ok(())
}

/// A service whose first deployment completed long ago, unless it is there. `input` is CreateService's.
pub(crate) fn stand_service(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<(), AwsError> {
    let cluster_name = input["cluster"].as_str().unwrap_or("default");
    let name = input["serviceName"].as_str().unwrap_or_default();
    let Estate { ecs, logs, .. } = estate;
    if ecs.clusters.get(cluster_name).is_some_and(|c| c.services.contains_key(name)) {
        return Ok(());
    }
    let by = format!("arn:aws:iam::{}:role/provisioning", env.account);
    let mut input = input.clone();
    if let Some(standing) = &env.scenario.standing {
        configuration::merge(&mut input["deploymentConfiguration"], standing);
    }
    let name = services::insert(ecs, env, &by, &input, Origin::Furnish)?;
    let Ecs { clusters, families, .. } = ecs;
    let Some(Cluster { services, tasks, .. }) = clusters.get_mut(cluster_name) else { return Ok(()) };
    let Some(service) = services.get_mut(&name) else { return Ok(()) };
    let Some(deployment) = service.deployments.first().cloned() else { return Ok(()) };
    let ids = if service.desired > 0 {
        placement::start_tasks(env, families, cluster_name, service, tasks, &deployment, service.desired)
    } else {
        Vec::new()
    };
    for task in tasks.iter_mut().filter(|t| ids.contains(&t.id)) {
        task_life::stand(env, logs, cluster_name, task);
    }
    scheduler::complete(env, service);
    service.steady = true;
    let message = format!("(service {name}) has reached a steady state.");
    service.events.push_front(Event { id: env.ids.uuid(), at: env.now(), message });
    Ok(())
}
