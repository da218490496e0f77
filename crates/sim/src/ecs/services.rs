//! Services: create, update, delete, describe, list.

use serde_json::{Map, Value, json};

use crate::aws_error::AwsError;
use crate::behaviour::Origin;
use crate::ecs::interface::Network;
use crate::ecs::model::{Cluster, Ecs, Service, ServiceStatus};
use crate::ecs::{
    breaker, cluster, cluster_mut, cluster_name, configuration, given, includes, last, page, placement,
    scheduler, strings, tags, task_definitions, wire,
};
use crate::people::Caller;
use crate::record::content_digest;
use crate::world::{Env, Estate};

/// Members kept as they were given.
const KEPT: [&str; 19] = [
    "availabilityZoneRebalancing",
    "loadBalancers",
    "serviceRegistries",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "deploymentConfiguration",
    "placementConstraints",
    "placementStrategy",
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    "schedulingStrategy",
    "deploymentController",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// Members whose change begins a new deployment (UpdateService, API reference).
const DEPLOYING: [&str; 7] = [
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// CreateService. A repeated client token with the same content answers the service that it made.
pub(crate) fn create(
    estate: &mut Estate,
    env: &mut Env,
    caller: &Caller,
    input: &Value,
) -> Result<Value, AwsError> {
    network_exists(estate, input)?;
    let name = insert(&mut estate.ecs, env, &caller.arn, input, Origin::Create)?;
    let cluster_name = cluster_name(input).to_owned();
    if !env.no_effect {
        scheduler::reconcile(estate, env, &cluster_name, &name);
    }
    let cluster = cluster(&estate.ecs, input)?;
    Ok(json!({"service": wire::service(cluster, &cluster.services[&name], true)}))
}

/// Makes a service and its first deployment, without starting anything; answers its name.
pub(crate) fn insert(
    ecs: &mut Ecs,
    env: &mut Env,
    by: &str,
    input: &Value,
    origin: Origin,
) -> Result<String, AwsError> {
    let name = input["serviceName"].as_str().unwrap_or_default().to_owned();
    if name.is_empty()
        || name.len() > 255
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    {
        return Err(AwsError::invalid_parameter(
            "Invalid service name. Service names can contain only letters, numbers, hyphens and underscores.",
        ));
    }
    let cluster_name = cluster(ecs, input)?.name.clone();
    let token = input["clientToken"].as_str().map(|token| (token.to_owned(), content_digest(input)));
    if token.as_ref().is_some_and(|(token, _)| token.len() > 36) {
        return Err(AwsError::invalid_parameter("clientToken must be at most 36 characters."));
    }
    if let Some(existing) = cluster(ecs, input)?.services.get(&name) {
        match existing.status {
            ServiceStatus::Active if token.is_some() && existing.client_token == token => {
                env.no_effect = true;
                return Ok(name);
            }
            ServiceStatus::Active => {
                return Err(AwsError::invalid_parameter("Creation of service was not idempotent."));
            }
            ServiceStatus::Draining => {
                return Err(AwsError::invalid_parameter("Unable to Start a service that is still Draining."));
            }
            ServiceStatus::Inactive => {}
        }
    }
    let definition = usable_definition(ecs, input["taskDefinition"].as_str())?;
    configuration::check(input, &Map::new(), placement::find_definition(&ecs.families, &definition.0))?;
    let replica = input["schedulingStrategy"].as_str().unwrap_or("REPLICA") == "REPLICA";
    let desired = match count(input)? {
        Some(desired) => desired,
        None if replica => {
            return Err(AwsError::invalid_parameter("The desired count parameter must be specified."));
        }
        None => 0,
    };
    if definition.1 == "awsvpc"
        && input["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
            .as_array()
            .is_none_or(Vec::is_empty)
    {
        return Err(AwsError::invalid_parameter(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    if input["launchType"] == "FARGATE" && !definition.2 {
        return Err(AwsError::invalid_parameter("Task definition does not support launch_type FARGATE."));
    }
    let mut settings: Map<String, Value> = KEPT
        .iter()
        .filter_map(|member| Some(((*member).to_owned(), given(input, member)?.clone())))
        .collect();
    if !settings.contains_key("launchType") && !settings.contains_key("capacityProviderStrategy") {
        settings.insert("launchType".into(), json!(if definition.2 { "FARGATE" } else { "EC2" }));
    }
    normalise(&mut settings);
    let mut service = Service {
        arn: env.arn("ecs", &format!("service/{cluster_name}/{name}")),
        name: name.clone(),
        status: ServiceStatus::Active,
        desired,
        task_definition: definition.0,
        settings,
        tags: tags::read(&input["tags"]),
        client_token: token,
        created_at: env.now(),
        created_by: by.to_owned(),
        deployments: Vec::new(),
        service_deployments: Vec::new(),
        revisions: Vec::new(),
        events: Default::default(),
        completed: None,
        proven: Vec::new(),
        steady: false,
        unplaced: None,
        express: None,
        gone_at: None,
    };
    scheduler::deploy(env, &ecs.families, &cluster_name, &mut service, origin);
    cluster_mut(ecs, input)?.services.insert(name.clone(), service);
    Ok(name)
}

/// UpdateService. A new deployment begins only when something that tasks are made from changes, or by force.
pub(crate) fn update(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let name = last(input["service"].as_str().unwrap_or_default()).to_owned();
    let cluster_name = cluster(&estate.ecs, input)?.name.clone();
    let definition = match input["taskDefinition"].as_str() {
        Some(reference) => Some(usable_definition(&estate.ecs, Some(reference))?.0),
        None => None,
    };
    let desired = count(input)?;
    network_exists(estate, input)?;
    let Ecs { clusters, families, .. } = &mut estate.ecs;
    let service = clusters
        .get_mut(&cluster_name)
        .and_then(|c| c.services.get_mut(&name))
        .ok_or_else(|| AwsError::new("ServiceNotFoundException", "Service not found."))?;
    if service.status != ServiceStatus::Active {
        return Err(AwsError::new("ServiceNotActiveException", "Service was not ACTIVE."));
    }
    let next = definition.as_ref().unwrap_or(&service.task_definition);
    configuration::check(input, &service.settings, placement::find_definition(families, next))?;
    let before = (service.desired, service.settings.clone(), service.task_definition.clone());
    if let Some(definition) = definition {
        service.task_definition = definition;
    }
    if let Some(desired) = desired {
        service.desired = desired;
    }
    for member in KEPT {
        if let Some(value) = given(input, member) {
            if member == "deploymentConfiguration" {
                // Whether members that are not given stay or go back to their defaults is to be confirmed.
                configuration::merge(service.settings.entry(member).or_insert(json!({})), value);
            } else {
                service.settings.insert(member.to_owned(), value.clone());
            }
        }
    }
    normalise(&mut service.settings);
    let deploys = input["forceNewDeployment"].as_bool().unwrap_or(false)
        || before.2 != service.task_definition
        || DEPLOYING.iter().any(|member| before.1.get(*member) != service.settings.get(*member));
    env.no_effect = !deploys && before.0 == service.desired && before.1 == service.settings;
    if before.0 != service.desired {
        service.steady = false;
    }
    if deploys {
        scheduler::deploy(env, families, &cluster_name, service, Origin::Update);
    }
    scheduler::reconcile(estate, env, &cluster_name, &name);
    let cluster = cluster(&estate.ecs, input)?;
    Ok(json!({"service": wire::service(cluster, &cluster.services[&name], true)}))
}

/// DeleteService: at zero, or by force. DRAINING until its tasks have ended, then INACTIVE.
pub(crate) fn delete(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let name = last(input["service"].as_str().unwrap_or_default()).to_owned();
    let cluster_name = cluster(&estate.ecs, input)?.name.clone();
    let service = cluster_mut(&mut estate.ecs, input)?
        .services
        .get_mut(&name)
        .ok_or_else(|| AwsError::new("ServiceNotFoundException", "Service not found."))?;
    if service.status == ServiceStatus::Inactive {
        return Err(AwsError::new("ServiceNotActiveException", "Service was not ACTIVE."));
    }
    if service.desired > 0 && !input["force"].as_bool().unwrap_or(false) {
        return Err(AwsError::invalid_parameter("The service cannot be stopped while it is scaled above 0."));
    }
    env.no_effect = service.status == ServiceStatus::Draining;
    wind_down(env, service);
    let answer = {
        let cluster = cluster(&estate.ecs, input)?;
        json!({"service": wire::service(cluster, &cluster.services[&name], false)})
    };
    scheduler::reconcile(estate, env, &cluster_name, &name);
    Ok(answer)
}

/// A service that somebody deletes: what is in flight stops, and its tasks drain.
pub(crate) fn wind_down(env: &mut Env, service: &mut Service) {
    service.status = ServiceStatus::Draining;
    service.desired = 0;
    breaker::abandon(env, service);
}

/// DescribeServices, at most ten at once.
pub(crate) fn describe(ecs: &Ecs, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let names = strings(input, "services");
    if names.is_empty() {
        return Err(AwsError::invalid_parameter("Services cannot be empty."));
    }
    if names.len() > 10 {
        return Err(AwsError::invalid_parameter("Services cannot be more than 10."));
    }
    let cluster = cluster(ecs, input)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names.into_iter().map(last) {
        match cluster.services.get(name) {
            Some(service) => found.push(wire::service(cluster, service, includes(input, "TAGS"))),
            None => failures.push(json!({
                "arn": env.arn("ecs", &format!("service/{}/{name}", cluster.name)), "reason": "MISSING"
            })),
        }
    }
    Ok(json!({"services": found, "failures": failures}))
}

/// ListServices.
pub(crate) fn list(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    let mut input = input.clone();
    if input["maxResults"].is_null() {
        input["maxResults"] = json!(10);
    }
    let cluster: &Cluster = cluster(ecs, &input)?;
    let launch_type = input["launchType"].as_str().map(str::to_owned);
    let arns = cluster
        .services
        .values()
        .filter(|s| s.status != ServiceStatus::Inactive)
        .filter(|s| {
            launch_type.is_none()
                || s.settings.get("launchType").and_then(Value::as_str) == launch_type.as_deref()
        })
        .map(|s| json!(s.arn))
        .collect();
    page(arns, &input, "serviceArns")
}

/// Whether the subnets and security groups that are named exist, where a world says which there are.
pub(crate) fn network_exists(estate: &Estate, input: &Value) -> Result<(), AwsError> {
    let Network { subnets, security_groups, .. } = Network::of(&input["networkConfiguration"]);
    estate.network.check_use(&subnets, &security_groups).map_err(|said| {
        let (what, of, code) = if said.contains("security group") {
            ("security group", &security_groups, "InvalidGroup.NotFound")
        } else {
            ("subnet", &subnets, "InvalidSubnetID.NotFound")
        };
        AwsError::invalid_parameter(format!(
            "Error retrieving {what} information for [{}]: {said} (ErrorCode: {code})",
            of.join(", ")
        ))
    })
}

/// A task definition that can be deployed: its ARN, network mode, and whether it is for Fargate.
pub(crate) fn usable_definition(
    ecs: &Ecs,
    reference: Option<&str>,
) -> Result<(String, String, bool), AwsError> {
    let reference =
        reference.ok_or_else(|| AwsError::invalid_parameter("TaskDefinition can not be blank."))?;
    let definition = task_definitions::find(ecs, reference)
        .ok_or_else(|| AwsError::client("TaskDefinition not found."))?;
    if !definition.active {
        return Err(AwsError::client("TaskDefinition is inactive"));
    }
    let mode = definition.body.get("networkMode").and_then(Value::as_str).unwrap_or("bridge").to_owned();
    let fargate = definition
        .body
        .get("compatibilities")
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().any(|c| c == "FARGATE"));
    Ok((definition.arn.clone(), mode, fargate))
}

fn count(input: &Value) -> Result<Option<u32>, AwsError> {
    given(input, "desiredCount")
        .map(|count| {
            count
                .as_u64()
                .and_then(|n| u32::try_from(n).ok())
                .filter(|n| *n <= 5000)
                .ok_or_else(|| AwsError::invalid_parameter("desiredCount must be between 0 and 5000."))
        })
        .transpose()
}

/// Fills in what ECS answers when it was not given.
fn normalise(settings: &mut Map<String, Value>) {
    configuration::fill(settings.entry("deploymentConfiguration").or_insert_with(|| json!({})));
    for (member, default) in [
        ("schedulingStrategy", json!("REPLICA")),
        ("deploymentController", json!({"type": "ECS"})),
        ("enableECSManagedTags", json!(false)),
        ("enableExecuteCommand", json!(false)),
        ("propagateTags", json!("NONE")),
        ("availabilityZoneRebalancing", json!("DISABLED")),
    ] {
        settings.entry(member).or_insert(default);
    }
    if settings.get("launchType").is_some_and(|l| l == "FARGATE") {
        settings.entry("platformVersion").or_insert(json!("LATEST"));
    }
    let network = settings.get_mut("networkConfiguration").map(|n| &mut n["awsvpcConfiguration"]);
    if let Some(network) = network.filter(|n| n.is_object()) {
        if network["assignPublicIp"].is_null() {
            network["assignPublicIp"] = json!("DISABLED");
        }
        if network["securityGroups"].is_null() {
            network["securityGroups"] = json!([]);
        }
    }
}
