//! The calls of services and operations.

use serde_json::{Value, json};

use crate::apprunner::model::{AppRunner, Instance, Kind, Operation, Phase, Service, Settings, Status};
use crate::apprunner::validate::{
    Violations, arn_path, invalid, not_found, over_quota, page, seconds, wrong_state,
};
use crate::apprunner::{operations, scaling, settings, tags};
use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::world::{Env, Estate};

/// Services of an account in a region (App Runner developer guide, quotas).
const SERVICES: usize = 30;

/// CreateService.
pub(crate) fn create(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let service = build(&estate.apprunner, env, input)?;
    tags::put(&mut estate.apprunner, &service.arn, &input["Tags"])?;
    let id = service.id.clone();
    estate.apprunner.services.push(service);
    begin(estate, env, &id, Kind::Create)
}

/// UpdateService.
pub(crate) fn update(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let service = find(&estate.apprunner, env, input)?;
    let id = service.id.clone();
    match service.status {
        Status::Running | Status::Paused | Status::CreateFailed => {}
        Status::Deleted | Status::DeleteFailed | Status::OperationInProgress => {
            return Err(in_state("updated", service));
        }
    }
    let before = service.settings.clone();
    let wanted = settings::read(&estate.apprunner, env, input, Some(&before))?;
    if let Some(service) = service_mut(&mut estate.apprunner, &id) {
        service.settings = wanted;
    }
    let answer = begin(estate, env, &id, Kind::Update)?;
    let service = service_mut(&mut estate.apprunner, &id);
    if let Some(operation) = service.and_then(|s| s.operations.last_mut()) {
        operation.before = before;
    }
    Ok(answer)
}

/// StartDeployment. It refuses with InvalidRequestException, as its model lists no other.
pub(crate) fn start_deployment(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let service = find(&estate.apprunner, env, input)?;
    if service.status != Status::Running {
        return Err(invalid(
            "Can't start a deployment on the specified service, because it isn't in RUNNING state.",
        ));
    }
    let id = service.id.clone();
    let answer = begin(estate, env, &id, Kind::Deploy)?;
    Ok(json!({"OperationId": answer["OperationId"]}))
}

/// PauseService.
pub(crate) fn pause(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let service = find(&estate.apprunner, env, input)?;
    if service.status != Status::Running {
        return Err(in_state("paused", service));
    }
    let id = service.id.clone();
    begin(estate, env, &id, Kind::Pause)
}

/// ResumeService.
pub(crate) fn resume(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let service = find(&estate.apprunner, env, input)?;
    if service.status != Status::Paused {
        return Err(in_state("resumed", service));
    }
    let id = service.id.clone();
    begin(estate, env, &id, Kind::Resume)
}

/// DeleteService.
pub(crate) fn delete(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let service = find(&estate.apprunner, env, input)?;
    match service.status {
        Status::Running | Status::Paused | Status::CreateFailed | Status::DeleteFailed => {}
        Status::Deleted | Status::OperationInProgress => return Err(in_state("deleted", service)),
    }
    let id = service.id.clone();
    begin(estate, env, &id, Kind::Delete)
}

/// DescribeService, of deleted ones too.
pub(crate) fn describe(estate: &AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    find(estate, env, input).map(|service| json!({"Service": render(estate, env, service)}))
}

/// ListServices: all but the deleted ones.
pub(crate) fn list(estate: &AppRunner, input: &Value) -> Result<Value, AwsError> {
    let all = estate
        .services
        .iter()
        .filter(|s| s.status != Status::Deleted)
        .map(|s| {
            json!({
                "ServiceName": s.name,
                "ServiceId": s.id,
                "ServiceArn": s.arn,
                "ServiceUrl": s.url,
                "CreatedAt": epoch_seconds(s.created_at),
                "UpdatedAt": epoch_seconds(s.updated_at),
                "Status": s.status.name(),
            })
        })
        .collect();
    page(all, input, "ServiceSummaryList", 20)
}

/// ListOperations, the latest first.
pub(crate) fn list_operations(estate: &AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let service = find(estate, env, input)?;
    let all = service
        .operations
        .iter()
        .rev()
        .map(|o| {
            let mut body = json!({
                "Id": o.id,
                "Type": o.kind.name(),
                "Status": o.status.name(),
                "TargetArn": service.arn,
                "StartedAt": epoch_seconds(o.started_at),
                "UpdatedAt": epoch_seconds(o.updated_at),
            });
            if o.ended_at.is_some() {
                body["EndedAt"] = seconds(o.ended_at);
            }
            body
        })
        .collect();
    page(all, input, "OperationSummaryList", 20)
}

/// A service of the world that was never deployed yet, its input checked.
pub(crate) fn build(estate: &AppRunner, env: &mut Env, input: &Value) -> Result<Service, AwsError> {
    let mut violations = Violations::default();
    violations.name(&input["ServiceName"], "serviceName", 40);
    violations.done()?;
    let settings = settings::read(estate, env, input, None)?;
    let name = input["ServiceName"].as_str().unwrap_or_default().to_owned();
    if estate.services.iter().any(|s| s.status != Status::Deleted && s.name == name) {
        return Err(invalid(format!("Service with the provided name already exists: {name}.")));
    }
    if estate.services.iter().filter(|s| s.status != Status::Deleted).count() >= SERVICES {
        return Err(over_quota("services", SERVICES));
    }
    let id = env.ids.hex(32);
    let label = env.ids.letters(10, b"abcdefghijkmnpqrstuvwxyz23456789");
    let now = env.now();
    Ok(Service {
        arn: env.arn("apprunner", &format!("service/{name}/{id}")),
        url: format!("{label}.{}.awsapprunner.com", env.region),
        name,
        id,
        created_at: now,
        updated_at: now,
        deleted_at: None,
        status: Status::OperationInProgress,
        settings,
        serving: None,
        last_good: None,
        operations: Vec::new(),
        completed: Vec::new(),
    })
}

/// Whether a service has the auto scaling configuration.
pub(crate) fn uses_scaling(estate: &AppRunner, arn: &str) -> bool {
    estate.services.iter().any(|s| s.status != Status::Deleted && s.settings.scaling == arn)
}

pub(crate) fn service_mut<'a>(estate: &'a mut AppRunner, id: &str) -> Option<&'a mut Service> {
    estate.services.iter_mut().find(|s| s.id == id)
}

/// Begins an operation and answers as its call does.
pub(crate) fn begin(estate: &mut Estate, env: &mut Env, id: &str, kind: Kind) -> Result<Value, AwsError> {
    let (operation, deployment) = (env.ids.uuid(), env.ids.hex(32));
    let now = env.now();
    let Some(service) = service_mut(&mut estate.apprunner, id) else {
        return Err(not_found("A service", id));
    };
    let was = service.status;
    service.status = Status::OperationInProgress;
    service.updated_at = now;
    service.operations.push(Operation {
        id: operation.clone(),
        kind,
        status: Phase::Pending,
        started_at: now,
        updated_at: now,
        ended_at: None,
        deployment,
        was,
        before: service.settings.clone(),
        attempt: None,
        failure: None,
        held: false,
    });
    operations::announce(estate, env, id, &operation);
    let service = estate.apprunner.services.iter().find(|s| s.id == id);
    let body = service.map(|s| render(&estate.apprunner, env, s));
    Ok(json!({"Service": body, "OperationId": operation}))
}

/// The service that `ServiceArn` names.
pub(crate) fn find<'a>(estate: &'a AppRunner, env: &Env, input: &Value) -> Result<&'a Service, AwsError> {
    let arn = &input["ServiceArn"];
    arn_path(arn, "serviceArn", "service", env.place())?;
    let arn = arn.as_str().unwrap_or_default();
    estate.services.iter().find(|s| s.arn == arn).ok_or_else(|| not_found("A service", arn))
}

/// The environment of a version's containers: its variables, never its secrets.
pub(crate) fn environment(instance: &Instance, name: &str) -> Option<String> {
    instance
        .settings
        .at("/SourceConfiguration/ImageRepository/ImageConfiguration/RuntimeEnvironmentVariables")
        .get(name)?
        .as_str()
        .map(str::to_owned)
}

fn in_state(what: &str, service: &Service) -> AwsError {
    wrong_state(format!("Service cannot be {what} in the current state: {}.", service.status.name()))
}

fn render(estate: &AppRunner, env: &Env, service: &Service) -> Value {
    let Settings { body: settings, scaling: arn } = &service.settings;
    let mut body = json!({
        "ServiceName": service.name,
        "ServiceId": service.id,
        "ServiceArn": service.arn,
        "ServiceUrl": service.url,
        "CreatedAt": epoch_seconds(service.created_at),
        "UpdatedAt": epoch_seconds(service.updated_at),
        "Status": service.status.name(),
        "AutoScalingConfigurationSummary": scaling::summary(estate, &scaling::of_service(estate, env, arn)),
    });
    for (member, value) in settings {
        body[member.as_str()] = value.clone();
    }
    if service.deleted_at.is_some() {
        body["DeletedAt"] = seconds(service.deleted_at);
    }
    body
}
