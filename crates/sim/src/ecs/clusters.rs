//! Clusters.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::ecs::model::{Cluster, Ecs, ServiceStatus, TaskStatus};
use crate::ecs::{cluster_mut, given, includes, last, page, strings, tags};
use crate::world::Env;

/// CreateCluster: idempotent by name.
pub(crate) fn create(ecs: &mut Ecs, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let name = input["clusterName"].as_str().unwrap_or("default");
    if name.is_empty()
        || name.len() > 255
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    {
        return Err(AwsError::invalid_parameter("Invalid cluster name."));
    }
    env.no_effect = ecs.clusters.contains_key(name);
    let arn = env.arn("ecs", &format!("cluster/{name}"));
    let cluster = ecs.clusters.entry(name.to_owned()).or_insert_with(|| Cluster {
        name: name.to_owned(),
        arn,
        settings: given(input, "settings")
            .cloned()
            .unwrap_or_else(|| json!([{"name": "containerInsights", "value": "disabled"}])),
        tags: tags::read(&input["tags"]),
        services: Default::default(),
        tasks: Vec::new(),
        tokens: Default::default(),
    });
    Ok(json!({ "cluster": render(cluster, true) }))
}

/// DescribeClusters.
pub(crate) fn describe(ecs: &Ecs, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let mut names = strings(input, "clusters");
    if names.is_empty() {
        names.push("default");
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match ecs.clusters.get(last(name)) {
            Some(cluster) => {
                let mut rendered = render(cluster, includes(input, "TAGS"));
                if !includes(input, "SETTINGS") {
                    rendered["settings"] = json!([]);
                }
                found.push(rendered);
            }
            None => failures.push(json!({
                "arn": env.arn("ecs", &format!("cluster/{}", last(name))), "reason": "MISSING"
            })),
        }
    }
    Ok(json!({"clusters": found, "failures": failures}))
}

/// ListClusters.
pub(crate) fn list(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    page(ecs.clusters.values().map(|c| json!(c.arn)).collect(), input, "clusterArns")
}

/// DeleteCluster: an empty one only.
pub(crate) fn delete(ecs: &mut Ecs, input: &Value) -> Result<Value, AwsError> {
    let cluster = cluster_mut(ecs, input)?;
    if cluster.services.values().any(|s| s.status != ServiceStatus::Inactive) {
        return Err(AwsError::new(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        ));
    }
    if cluster.tasks.iter().any(|t| t.status != TaskStatus::Stopped) {
        return Err(AwsError::new(
            "ClusterContainsTasksException",
            "The Cluster cannot be deleted while Tasks are active.",
        ));
    }
    let mut rendered = render(cluster, true);
    rendered["status"] = json!("INACTIVE");
    let name = cluster.name.clone();
    ecs.clusters.remove(&name);
    Ok(json!({ "cluster": rendered }))
}

fn render(cluster: &Cluster, with_tags: bool) -> Value {
    let count = |f: fn(TaskStatus) -> bool| cluster.tasks.iter().filter(|t| t.wanted && f(t.status)).count();
    json!({
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": count(|s| s == TaskStatus::Running),
        "pendingTasksCount": count(|s| s < TaskStatus::Running),
        "activeServicesCount": cluster.services.values().filter(|s| s.status == ServiceStatus::Active).count(),
        "statistics": [],
        "tags": if with_tags { tags::render(&cluster.tags) } else { json!([]) },
        "settings": cluster.settings,
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    })
}
