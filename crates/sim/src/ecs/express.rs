//! ECS Express Mode: a service for the web made from an image and two roles, with everything around it. Behind it are a task
//! definition, a service with a canary deployment and alarms, a log group and a public name, as the developer guide lists them
//! ("Resources created by Amazon ECS Express Mode services").

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::behaviour::Origin;
use crate::clock::epoch_seconds;
use crate::ecs::model::{Cluster, Ecs, Service, ServiceStatus, TaskDefinition};
use crate::ecs::{
    clusters, configuration, deployments, given, includes, last, placement, scheduler, services, tags,
    task_definitions, validate,
};
use crate::hosts::Host;
use crate::people::Caller;
use crate::seeded::{digest, hex};
use crate::world::{Env, Estate};

/// The container that takes the traffic.
const MAIN: &str = "Main";
/// Members that a task definition of one's own takes the place of.
const OWN: [&str; 6] =
    ["primaryContainer", "executionRoleArn", "taskRoleArn", "cpu", "memory", "cpuArchitecture"];
const METRICS: [&str; 3] = ["AVERAGE_CPU", "AVERAGE_MEMORY", "REQUEST_COUNT_PER_TARGET"];

/// CreateExpressGatewayService.
pub(crate) fn create(
    estate: &mut Estate,
    env: &mut Env,
    caller: &Caller,
    input: &Value,
) -> Result<Value, AwsError> {
    role(input, "infrastructureRoleArn", true)?;
    let own = given(input, "taskDefinitionArn").is_some();
    if !own {
        role(input, "executionRoleArn", true)?;
        if input["primaryContainer"]["image"].as_str().unwrap_or_default().is_empty() {
            return Err(AwsError::invalid_parameter("primaryContainer.image must be specified."));
        }
    }
    let cluster_name = last(input["cluster"].as_str().unwrap_or("default")).to_owned();
    if !estate.ecs.clusters.contains_key(&cluster_name) {
        if given(input, "cluster").is_some() {
            return Err(super::cluster_not_found());
        }
        clusters::create(&mut estate.ecs, env, &json!({"clusterName": "default"}))?;
    }
    let name = match input["serviceName"].as_str() {
        Some(name) => name.to_owned(),
        None => format!("express-{}", env.ids.hex(8)),
    };
    let known = estate.ecs.clusters[&cluster_name].services.get(&name);
    if known.is_some_and(|service| service.status != ServiceStatus::Inactive) {
        return Err(AwsError::invalid_parameter("Creation of service was not idempotent."));
    }
    let mut asked = json!({
        "healthCheckPath": "/ping",
        "cpu": "256",
        "memory": "512",
        "scalingTarget": {
            "minTaskCount": 1, "maxTaskCount": 20, "autoScalingMetric": "AVERAGE_CPU", "autoScalingTargetValue": 60
        },
    });
    lay(&mut asked, input)?;
    let mark = hex(&digest(&[env.account.as_bytes(), cluster_name.as_bytes(), name.as_bytes()]));
    // The form of the name that AWS gives is to be confirmed; only that it is under on.aws is known.
    let host = format!("{name}-{}.ecs.{}.on.aws", &mark[..12], env.region);
    asked["endpoint"] = json!(host);
    asked["infrastructureRoleArn"] = input["infrastructureRoleArn"].clone();
    if asked["networkConfiguration"]["subnets"].as_array().is_none_or(Vec::is_empty) {
        asked["networkConfiguration"]["subnets"] =
            json!(["subnet-0default00000000a", "subnet-0default00000000b"]);
    }
    if asked["networkConfiguration"]["securityGroups"].as_array().is_none_or(Vec::is_empty) {
        asked["networkConfiguration"]["securityGroups"] = json!([format!("sg-{}", &mark[..17])]);
    }
    if !own && asked["primaryContainer"]["awsLogsConfiguration"].is_null() {
        asked["primaryContainer"]["awsLogsConfiguration"] = json!({"logGroup": format!("/aws/ecs/{cluster_name}/{name}-{}", &mark[..4]), "logStreamPrefix": "ecs"});
    }
    let definition = definition(estate, env, &caller.arn, &cluster_name, &name, &asked)?;
    let service = json!({
        "cluster": cluster_name,
        "serviceName": name,
        "taskDefinition": definition.arn,
        "desiredCount": asked["scalingTarget"]["minTaskCount"],
        "launchType": "FARGATE",
        "tags": input["tags"],
        "networkConfiguration": network(&asked),
        "loadBalancers": [balancer(env, &asked, &definition, &mark)],
        "deploymentConfiguration": {
            "strategy": "CANARY",
            "bakeTimeInMinutes": 3,
            "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 3},
            "alarms": {"alarmNames": [format!("{cluster_name}/{name}/RollbackAlarm")], "enable": true, "rollback": true},
        },
    });
    asked["taskDefinitionArn"] = json!(definition.arn);
    let name = services::insert(&mut estate.ecs, env, &caller.arn, &service, Origin::Create)?;
    if let Some(service) = find(&mut estate.ecs, &cluster_name, &name) {
        service.express = Some(asked.clone());
        if let Some(revision) = service.revisions.last_mut() {
            revision.express = Some(asked);
        }
    }
    env.named.push(Host { host, cluster: cluster_name.clone(), service: name.clone(), test: false });
    scheduler::reconcile(estate, env, &cluster_name, &name);
    let cluster = &estate.ecs.clusters[&cluster_name];
    Ok(json!({"service": render(cluster, &cluster.services[&name], &estate.ecs, true)}))
}

/// DescribeExpressGatewayService.
pub(crate) fn describe(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    let found = place(input).and_then(|(cluster, name)| {
        let cluster = ecs.clusters.get(&cluster)?;
        Some((cluster, cluster.services.get(&name).filter(|s| s.express.is_some())?))
    });
    let (cluster, service) = found
        .ok_or_else(|| AwsError::new("ResourceNotFoundException", "The specified resource wasn't found."))?;
    Ok(json!({"service": render(cluster, service, ecs, includes(input, "TAGS"))}))
}

/// UpdateExpressGatewayService: a new revision when something of it changed.
pub(crate) fn update(
    estate: &mut Estate,
    env: &mut Env,
    caller: &Caller,
    input: &Value,
) -> Result<Value, AwsError> {
    let (cluster_name, name) = active(&mut estate.ecs, input)?;
    role(input, "executionRoleArn", false)?;
    let standing = find(&mut estate.ecs, &cluster_name, &name).and_then(|service| service.express.clone());
    let before = standing.unwrap_or_default();
    let mut asked = before.clone();
    lay(&mut asked, input)?;
    if given(input, "taskDefinitionArn").is_none() && OWN.iter().any(|m| asked[*m] != before[*m]) {
        asked["taskDefinitionArn"] = Value::Null;
    }
    let changed = ["taskDefinitionArn", "networkConfiguration", "healthCheckPath"]
        .iter()
        .any(|m| asked[*m] != before[*m]);
    env.no_effect = asked == before;
    let definition = definition(estate, env, &caller.arn, &cluster_name, &name, &asked)?;
    asked["taskDefinitionArn"] = json!(definition.arn);
    let Ecs { clusters, families, .. } = &mut estate.ecs;
    let service = clusters.get_mut(&cluster_name).and_then(|c| c.services.get_mut(&name));
    let Some(service) = service else { return Err(not_found()) };
    service.express = Some(asked.clone());
    let least = asked["scalingTarget"]["minTaskCount"].as_u64().and_then(|n| u32::try_from(n).ok());
    service.desired = service.desired.max(least.unwrap_or(1));
    if changed {
        service.task_definition.clone_from(&definition.arn);
        service.settings.insert("networkConfiguration".to_owned(), network(&asked));
        let port = placement::first_port(&definition);
        if let Some(balancer) = service.settings.get_mut("loadBalancers") {
            balancer[0]["containerPort"] = json!(port);
        }
        scheduler::deploy(env, families, &cluster_name, service, Origin::Update);
    } else if let Some(revision) = service.revisions.last_mut() {
        revision.express = Some(asked);
    }
    scheduler::reconcile(estate, env, &cluster_name, &name);
    let cluster = &estate.ecs.clusters[&cluster_name];
    let service = &cluster.services[&name];
    let all = render(cluster, service, &estate.ecs, false);
    Ok(json!({"service": {
        "serviceArn": all["serviceArn"],
        "cluster": all["cluster"],
        "serviceName": all["serviceName"],
        "status": all["status"],
        "targetConfiguration": all["activeConfigurations"][0],
        "createdAt": all["createdAt"],
        "updatedAt": all["updatedAt"],
    }}))
}

/// DeleteExpressGatewayService: DRAINING until its tasks have ended, then INACTIVE.
pub(crate) fn delete(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let (cluster_name, name) = active(&mut estate.ecs, input)?;
    services::delete(estate, env, &json!({"cluster": cluster_name, "service": name, "force": true}))?;
    let cluster = &estate.ecs.clusters[&cluster_name];
    Ok(json!({"service": render(cluster, &cluster.services[&name], &estate.ecs, true)}))
}

/// Lays what was asked for over what stands, and checks it.
fn lay(under: &mut Value, input: &Value) -> Result<(), AwsError> {
    if given(input, "taskDefinitionArn").is_some() {
        if let Some(member) = OWN.iter().find(|member| given(input, member).is_some()) {
            return Err(AwsError::invalid_parameter(format!(
                "{member} cannot be specified together with taskDefinitionArn."
            )));
        }
        under["taskDefinitionArn"] = input["taskDefinitionArn"].clone();
    }
    for member in ["executionRoleArn", "taskRoleArn", "healthCheckPath", "cpu", "memory", "cpuArchitecture"] {
        if let Some(value) = given(input, member) {
            under[member] = value.clone();
        }
    }
    for member in ["primaryContainer", "scalingTarget", "networkConfiguration"] {
        if let Some(value) = given(input, member) {
            configuration::merge(&mut under[member], value);
        }
    }
    if !under["healthCheckPath"].as_str().is_some_and(|path| path.starts_with('/')) {
        return Err(AwsError::invalid_parameter("healthCheckPath must start with a forward slash."));
    }
    let scaling = &under["scalingTarget"];
    let (least, most) = (scaling["minTaskCount"].as_i64(), scaling["maxTaskCount"].as_i64());
    if least.is_none_or(|n| n < 1) || most < least {
        return Err(AwsError::invalid_parameter("minTaskCount must be at least 1 and at most maxTaskCount."));
    }
    if !scaling["autoScalingMetric"].as_str().is_some_and(|metric| METRICS.contains(&metric)) {
        return Err(AwsError::invalid_parameter("Invalid autoScalingMetric."));
    }
    validate::fargate_size(&under["cpu"], &under["memory"])
        .map_err(|e| AwsError::invalid_parameter(e.message))
}

/// The task definition that is asked for: one's own, the one that stands, or a new revision.
fn definition(
    estate: &mut Estate,
    env: &mut Env,
    by: &str,
    cluster: &str,
    name: &str,
    asked: &Value,
) -> Result<TaskDefinition, AwsError> {
    if let Some(arn) = asked["taskDefinitionArn"].as_str() {
        let (arn, _, fargate) = services::usable_definition(&estate.ecs, Some(arn))?;
        let found = placement::find_definition(&estate.ecs.families, &arn).cloned();
        let found = found.ok_or_else(|| AwsError::client("TaskDefinition not found."))?;
        let main = found.containers().iter().find(|c| c["name"] == MAIN);
        let one_port =
            main.is_some_and(|c| c["portMappings"].as_array().is_some_and(|ports| ports.len() == 1));
        if !fargate || !one_port {
            return Err(AwsError::invalid_parameter(
                "The task definition must have FARGATE compatibility and a container named Main with a single TCP port mapping.",
            ));
        }
        return Ok(found);
    }
    let container = &asked["primaryContainer"];
    let logs = &container["awsLogsConfiguration"];
    let group = logs["logGroup"].as_str().unwrap_or_default();
    let mut main = json!({
        "name": MAIN,
        "image": container["image"],
        "essential": true,
        "portMappings": [{
            "name": "main", "containerPort": container["containerPort"].as_u64().unwrap_or(80), "protocol": "tcp"
        }],
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": group, "awslogs-region": env.region, "awslogs-stream-prefix": logs["logStreamPrefix"]
        }},
    });
    for member in ["command", "environment", "secrets", "repositoryCredentials"] {
        if let Some(value) = given(container, member) {
            main[member] = value.clone();
        }
    }
    let mut input = json!({
        "family": format!("{cluster}-{name}"),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": asked["cpu"],
        "memory": asked["memory"],
        "runtimePlatform": {
            "operatingSystemFamily": "LINUX",
            "cpuArchitecture": asked["cpuArchitecture"].as_str().unwrap_or("X86_64"),
        },
        "containerDefinitions": [main],
    });
    for member in ["executionRoleArn", "taskRoleArn"] {
        if let Some(value) = given(asked, member) {
            input[member] = value.clone();
        }
    }
    validate::task_definition(&input).map_err(|error| AwsError::invalid_parameter(error.message))?;
    // Its own group it makes itself; a group of somebody else's has to be there.
    if group.starts_with(&format!("/aws/ecs/{cluster}/{name}-")) {
        estate.logs.ensure_group(env, group);
    }
    Ok(task_definitions::build(&mut estate.ecs, env, by, &input).clone())
}

fn network(asked: &Value) -> Value {
    let of = &asked["networkConfiguration"];
    json!({"awsvpcConfiguration": {
        "subnets": of["subnets"], "securityGroups": of["securityGroups"], "assignPublicIp": "ENABLED"
    }})
}

fn balancer(env: &Env, asked: &Value, definition: &TaskDefinition, mark: &str) -> Value {
    let group = |side: &str| {
        env.arn(
            "elasticloadbalancing",
            &format!("targetgroup/ecs-gateway-tg-{}{side}/{}", &mark[..10], &mark[16..32]),
        )
    };
    let rule = format!(
        "listener-rule/app/ecs-express-gateway-alb-{}/{}/{}/{}",
        &mark[..8],
        &mark[..16],
        &mark[16..32],
        &mark[32..48]
    );
    json!({
        "targetGroupArn": group("a"),
        "containerName": MAIN,
        "containerPort": placement::first_port(definition),
        "advancedConfiguration": {
            "alternateTargetGroupArn": group("b"),
            "productionListenerRule": env.arn("elasticloadbalancing", &rule),
            "roleArn": asked["infrastructureRoleArn"],
        },
    })
}

/// ECSExpressGatewayService on the wire: the newest configuration first.
fn render(cluster: &Cluster, service: &Service, ecs: &Ecs, with_tags: bool) -> Value {
    let none = Value::Null;
    let of = service.express.as_ref().unwrap_or(&none);
    let active: Vec<Value> = service
        .deployments
        .iter()
        .filter_map(|d| service.revisions.iter().find(|r| r.arn == d.revision))
        .map(|r| {
            let of = r.express.as_ref().unwrap_or(&none);
            let mut body = json!({
                "serviceRevisionArn": r.arn,
                "taskDefinitionArn": r.task_definition,
                "healthCheckPath": of["healthCheckPath"],
                "scalingTarget": of["scalingTarget"],
                "networkConfiguration": of["networkConfiguration"],
                "ingressPaths": [{
                    "accessType": "PUBLIC",
                    "endpoint": format!("https://{}/", of["endpoint"].as_str().unwrap_or_default()),
                }],
                "createdAt": epoch_seconds(r.created_at),
            });
            if let Some(definition) = placement::find_definition(&ecs.families, &r.task_definition) {
                for member in ["executionRoleArn", "taskRoleArn", "cpu", "memory"] {
                    if let Some(value) = definition.body.get(member) {
                        body[member] = value.clone();
                    }
                }
                if let Some(architecture) =
                    definition.body.get("runtimePlatform").map(|p| &p["cpuArchitecture"])
                {
                    body["cpuArchitecture"] = architecture.clone();
                }
                if let Some(main) = definition.containers().iter().find(|c| c["name"] == MAIN) {
                    body["primaryContainer"] = primary(main);
                }
            }
            body
        })
        .collect();
    let newest = service.service_deployments.last();
    let mut body = json!({
        "cluster": cluster.name,
        "serviceName": service.name,
        "serviceArn": service.arn,
        "infrastructureRoleArn": of["infrastructureRoleArn"],
        "status": {"statusCode": match service.status {
            ServiceStatus::Active => "ACTIVE",
            ServiceStatus::Draining => "DRAINING",
            ServiceStatus::Inactive => "INACTIVE",
        }},
        "activeConfigurations": active,
        "createdAt": epoch_seconds(service.created_at),
        "updatedAt": epoch_seconds(newest.map_or(service.created_at, |d| d.created_at)),
    });
    if let Some(current) = newest {
        body["currentDeployment"] = json!(current.arn);
    }
    if with_tags && !service.tags.is_empty() {
        body["tags"] = tags::render(&service.tags);
    }
    body
}

/// ExpressGatewayContainer out of a container definition.
fn primary(main: &Value) -> Value {
    let mut body = json!({"image": main["image"], "containerPort": main["portMappings"][0]["containerPort"]});
    let options = &main["logConfiguration"]["options"];
    if let Some(group) = options["awslogs-group"].as_str() {
        body["awsLogsConfiguration"] = json!({"logGroup": group, "logStreamPrefix": options["awslogs-stream-prefix"].as_str().unwrap_or("ecs")});
    }
    for member in ["command", "environment", "secrets", "repositoryCredentials"] {
        if let Some(value) = given(main, member) {
            body[member] = value.clone();
        }
    }
    body
}

fn role(input: &Value, member: &str, required: bool) -> Result<(), AwsError> {
    match input[member].as_str() {
        Some(arn) if arn.starts_with("arn:") && arn.contains(":iam::") && arn.contains(":role/") => Ok(()),
        None if !required => Ok(()),
        None => Err(AwsError::invalid_parameter(format!("{member} must be specified."))),
        Some(_) => Err(AwsError::invalid_parameter(format!("{member} is not the ARN of a role."))),
    }
}

fn place(input: &Value) -> Option<(String, String)> {
    deployments::place(input["serviceArn"].as_str()?)
}

fn find<'a>(ecs: &'a mut Ecs, cluster: &str, name: &str) -> Option<&'a mut Service> {
    ecs.clusters.get_mut(cluster)?.services.get_mut(name)
}

/// The place of an Express service that is ACTIVE.
fn active(ecs: &mut Ecs, input: &Value) -> Result<(String, String), AwsError> {
    let (cluster, name) = place(input).ok_or_else(not_found)?;
    let service = find(ecs, &cluster, &name).filter(|s| s.express.is_some()).ok_or_else(not_found)?;
    if service.status != ServiceStatus::Active {
        return Err(AwsError::new("ServiceNotActiveException", "Service was not ACTIVE."));
    }
    Ok((cluster, name))
}

fn not_found() -> AwsError {
    AwsError::new("ServiceNotFoundException", "Service not found.")
}
