//! What exists: the practice account as whoever writes a plan wants to look at it. Never a secret's value.

use serde_json::{Map, Value, json};

use crate::clock::iso8601;
use crate::ecs::model::Cluster;
use crate::world::{Estate, World};

/// Everything, by account and region.
pub(crate) fn overview(world: &World) -> Value {
    let places: Vec<Value> = world
        .estates
        .iter()
        .map(|((account, region), estate)| {
            let mut body = of_estate(estate);
            let alarms = world.env.alarms_of(account, region);
            let alarms = alarms.map(|(name, state)| json!({"name": name, "state": state}));
            body.insert("alarms".to_owned(), alarms.collect());
            body.insert("account".to_owned(), json!(account));
            body.insert("region".to_owned(), json!(region));
            Value::Object(body)
        })
        .collect();
    let hosts: Vec<Value> = world
        .hosts
        .all()
        .map(|(host, cluster, service)| json!({"host": host, "cluster": cluster, "service": service}))
        .collect();
    let repositories: Vec<Value> = world
        .env
        .images
        .registries
        .hosts
        .iter()
        .flat_map(|(host, registry)| registry.repositories.iter().map(move |(name, of)| (host, name, of)))
        .map(|(host, name, of)| {
            json!({"registry": host, "name": name, "tags": of.tags, "images": of.manifests.len(), "immutable": of.immutable})
        })
        .collect();
    json!({"places": places, "hosts": hosts, "repositories": repositories})
}

fn of_estate(estate: &Estate) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("clusters".to_owned(), estate.ecs.clusters.values().map(of_cluster).collect());
    let families = estate
        .ecs
        .families
        .iter()
        .map(|(family, revisions)| json!({"family": family, "revisions": revisions.len()}));
    body.insert("task_definitions".to_owned(), families.collect());
    let services = estate.apprunner.services.iter().map(|s| {
        json!({
            "name": s.name,
            "arn": s.arn,
            "status": s.status.name(),
            "url": s.url,
            "image": s.settings.image(),
            "running": s.serving.as_ref().map(|i| &i.digest),
            "public": s.is_public(),
            "auto_deploy": s.settings.deploys_by_itself(),
            "operations": s.operations.iter().rev().map(|o| json!({
                "id": o.id, "type": o.kind.name(), "status": o.status.name(), "started": iso8601(o.started_at),
                "ended": o.ended_at.map(iso8601),
            })).collect::<Vec<_>>(),
        })
    });
    body.insert("app_runner".to_owned(), services.collect());
    body.insert("secrets".to_owned(), estate.secrets.overview().collect());
    body.insert("parameters".to_owned(), estate.parameters.overview().collect());
    body.insert("network".to_owned(), estate.network.overview());
    body.insert("databases".to_owned(), json!(estate.databases.overview()));
    body.insert("balancing".to_owned(), estate.balancing.overview());
    body.insert("metrics".to_owned(), json!(estate.metrics.overview()));
    body.insert("log_groups".to_owned(), estate.logs.names().collect());
    body
}

fn of_cluster(cluster: &Cluster) -> Value {
    let services: Vec<Value> = cluster
        .services
        .values()
        .map(|s| {
            let tasks = cluster.tasks.iter().filter(|t| t.service.as_ref() == Some(&s.name));
            let running = tasks.filter(|t| t.healthy).count();
            json!({"name": s.name, "task_definition": s.task_definition, "desired": s.desired, "healthy": running})
        })
        .collect();
    let tasks: Vec<Value> = cluster
        .tasks
        .iter()
        .map(|t| {
            json!({
                "id": t.id,
                "service": t.service,
                "revision": t.task_definition.short(),
                "image": t.containers.first().map(|c| &c.image),
                "stopped": t.stop.as_ref().map(|s| &s.reason),
            })
        })
        .collect();
    json!({"name": cluster.name, "services": services, "tasks": tasks})
}
