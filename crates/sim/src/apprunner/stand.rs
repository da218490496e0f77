//! What a world has of App Runner at its start: services that have stood for long, and what they use.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::apprunner::model::{Kind, Operation, Phase, Service, Status};
use crate::apprunner::{connectors, containers, ingress, operations, scaling, services, tags};
use crate::behaviour::Origin;
use crate::world::{Env, Estate};

/// The member `apprunner` of a world.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Furnishing {
    #[serde(default)]
    pub(crate) services: Vec<StandingService>,
    /// CreateAutoScalingConfiguration's inputs.
    #[serde(default)]
    pub(crate) auto_scaling: Vec<Value>,
    /// CreateVpcConnector's inputs.
    #[serde(default)]
    pub(crate) vpc_connectors: Vec<Value>,
    /// CreateVpcIngressConnection's inputs. Their `ServiceArn` may be `service/<name>` of what the world has.
    #[serde(default)]
    pub(crate) vpc_ingress_connections: Vec<Value>,
}

/// A service that stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StandingService {
    pub(crate) name: String,
    /// CreateService's input. Its ARNs may be names of what the world has, as `autoscalingconfiguration/<name>`.
    #[serde(default)]
    pub(crate) create: Map<String, Value>,
    /// `RUNNING`, `PAUSED`, `CREATE_FAILED` or `DELETE_FAILED`.
    #[serde(default = "running")]
    pub(crate) status: String,
}

fn running() -> String {
    Status::Running.name().to_owned()
}

/// Puts all of it there; what is there already stays.
pub(crate) fn stand(estate: &mut Estate, env: &mut Env, of: &Furnishing) -> Result<(), String> {
    for input in &of.auto_scaling {
        let name = input["AutoScalingConfigurationName"].as_str().unwrap_or_default();
        if !estate.apprunner.scaling.iter().any(|s| s.name == name && s.deleted_at.is_none()) {
            scaling::create(&mut estate.apprunner, env, input)
                .map_err(|e| format!("apprunner: auto_scaling: {name}: {}", e.message))?;
        }
    }
    for input in &of.vpc_connectors {
        let name = input["VpcConnectorName"].as_str().unwrap_or_default();
        if !estate.apprunner.connectors.iter().any(|c| c.name == name && c.deleted_at.is_none()) {
            let Estate { apprunner, network, .. } = &mut *estate;
            connectors::create(apprunner, network, env, input)
                .map_err(|e| format!("apprunner: vpc_connectors: {name}: {}", e.message))?;
        }
    }
    for service in &of.services {
        stand_service(estate, env, service)
            .map_err(|reason| format!("apprunner: services: {}: {reason}", service.name))?;
    }
    for input in &of.vpc_ingress_connections {
        let name = input["VpcIngressConnectionName"].as_str().unwrap_or_default();
        if !estate.apprunner.ingresses.iter().any(|i| i.name == name && i.deleted_at.is_none()) {
            stand_ingress(estate, env, input)
                .map_err(|reason| format!("apprunner: vpc_ingress_connections: {name}: {reason}"))?;
        }
    }
    Ok(())
}

fn stand_ingress(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<(), String> {
    let mut input = input.clone();
    if let Some(name) = input["ServiceArn"].as_str().and_then(|arn| arn.strip_prefix("service/")) {
        let known = |s: &&Service| s.status != Status::Deleted && s.name == name;
        let service = estate.apprunner.services.iter().find(known);
        input["ServiceArn"] = json!(service.ok_or_else(|| format!("there is no service {name}"))?.arn);
    }
    ingress::create(&mut estate.apprunner, env, &input).map(drop).map_err(|error| error.message)
}

fn stand_service(estate: &mut Estate, env: &mut Env, of: &StandingService) -> Result<(), String> {
    let known = |s: &Service| s.status != Status::Deleted && s.name == of.name;
    if estate.apprunner.services.iter().any(known) {
        return Ok(());
    }
    let status = match Status::named(&of.status) {
        Some(status @ (Status::Running | Status::Paused | Status::CreateFailed | Status::DeleteFailed)) => {
            status
        }
        Some(Status::Deleted | Status::OperationInProgress) | None => {
            return Err(format!("status: {:?} is not one that a service can have stood in", of.status));
        }
    };
    let mut input = Value::Object(of.create.clone());
    input["ServiceName"] = json!(of.name);
    if let Some(auto) = env.scenario.auto_deploy {
        input["SourceConfiguration"]["AutoDeploymentsEnabled"] = json!(auto);
    }
    here(env, &mut input["AutoScalingConfigurationArn"]);
    if let Some(egress) = input.pointer_mut("/NetworkConfiguration/EgressConfiguration/VpcConnectorArn") {
        here(env, egress);
    }
    if input["AutoScalingConfigurationArn"].is_null()
        && let Some(members) = input.as_object_mut()
    {
        members.remove("AutoScalingConfigurationArn");
    }
    let mut service = services::build(&estate.apprunner, env, &input).map_err(|e| e.message)?;
    tags::put(&mut estate.apprunner, &service.arn, &input["Tags"]).map_err(|e| e.message)?;
    let stood = status != Status::CreateFailed;
    let now = env.now();
    service.operations.push(Operation {
        id: env.ids.uuid(),
        kind: Kind::Create,
        status: if stood { Phase::Succeeded } else { Phase::Failed },
        started_at: now,
        updated_at: now,
        ended_at: Some(now),
        deployment: env.ids.hex(32),
        was: Status::OperationInProgress,
        before: service.settings.clone(),
        attempt: None,
        failure: None,
        held: false,
    });
    service.status = status;
    if stood {
        containers::attempt(env, &mut service, 0);
        if let Some(mut instance) = service.operations[0].attempt.clone() {
            instance.origin = Origin::Furnish;
            instance.is_new = false;
            instance.behaviour = containers::furnished(env, &service.name, &instance);
            service.completed.push(containers::content(&instance.settings, &instance.digest));
            containers::stand(env, &mut estate.logs, &service, &instance);
            service.serving = Some(instance.clone()).filter(|_| status == Status::Running);
            service.last_good = Some(instance);
        }
    }
    operations::say(env, &mut estate.logs, &service, &format!("Service status is set to {}.", status.name()));
    estate.apprunner.services.push(service);
    Ok(())
}

/// A name in place of an ARN becomes the ARN here.
fn here(env: &Env, value: &mut Value) {
    if let Some(short) = value.as_str().filter(|text| !text.starts_with("arn:")) {
        *value = json!(env.arn("apprunner", short));
    }
}
