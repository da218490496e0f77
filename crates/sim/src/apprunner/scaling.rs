//! Auto scaling configurations and their revisions.

use serde_json::{Value, json};

use crate::apprunner::model::{AppRunner, Scaling, Status};
use crate::apprunner::validate::{
    Path, Violations, arn_path, invalid, not_found, over_quota, page, revision, seconds,
};
use crate::apprunner::{services, tags};
use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::world::Env;

/// Names and revisions of a name that an account may have in a region (App Runner developer guide, quotas).
const NAMES: usize = 10;
const REVISIONS: usize = 5;

/// CreateAutoScalingConfiguration: the first of a name, or its next revision.
pub(crate) fn create(estate: &mut AppRunner, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let mut violations = Violations::default();
    violations.name(&input["AutoScalingConfigurationName"], "autoScalingConfigurationName", 32);
    violations.number(&input["MaxConcurrency"], "maxConcurrency", 1, 200);
    violations.number(&input["MinSize"], "minSize", 1, 25);
    violations.number(&input["MaxSize"], "maxSize", 1, u64::from(u32::MAX));
    violations.done()?;
    let given = |member: &str, default: u64| input[member].as_u64().unwrap_or(default);
    let (min_size, max_size) = (given("MinSize", 1), given("MaxSize", 25));
    if min_size > max_size || max_size > 25 {
        // 25 is the quota unless AWS raised it.
        return Err(invalid(format!("MinSize {min_size} and MaxSize {max_size} are not valid.")));
    }
    ensure_default(estate, env);
    let name = input["AutoScalingConfigurationName"].as_str().unwrap_or_default().to_owned();
    let active = |s: &&Scaling| s.deleted_at.is_none();
    let mut names: Vec<&str> = estate.scaling.iter().filter(active).map(|s| s.name.as_str()).collect();
    names.dedup();
    if !names.contains(&name.as_str()) && names.len() >= NAMES {
        return Err(over_quota("auto scaling configurations", NAMES));
    }
    if estate.scaling.iter().filter(active).filter(|s| s.name == name).count() >= REVISIONS {
        return Err(over_quota("revisions of an auto scaling configuration", REVISIONS));
    }
    let number = estate.scaling.iter().filter(|s| s.name == name).map(|s| s.revision).max().unwrap_or(0) + 1;
    let id = env.ids.hex(32);
    let scaling = Scaling {
        arn: env.arn("apprunner", &format!("autoscalingconfiguration/{name}/{number}/{id}")),
        name,
        revision: number,
        max_concurrency: given("MaxConcurrency", 100),
        min_size,
        max_size,
        created_at: env.now(),
        deleted_at: None,
        is_default: false,
    };
    tags::put(estate, &scaling.arn, &input["Tags"])?;
    estate.scaling.push(scaling.clone());
    Ok(json!({"AutoScalingConfiguration": render(estate, &scaling)}))
}

/// DescribeAutoScalingConfiguration.
pub(crate) fn describe(estate: &AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let scaling = named(estate, env, input)?;
    Ok(json!({"AutoScalingConfiguration": render(estate, &scaling)}))
}

/// ListAutoScalingConfigurations: the active ones, the latest revision of each name unless told otherwise.
pub(crate) fn list(estate: &AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let latest_only = input["LatestOnly"].as_bool().unwrap_or(true);
    let name = input["AutoScalingConfigurationName"].as_str();
    let mut all = estate.scaling.clone();
    if !all.iter().any(|s| s.name == DEFAULT) {
        all.insert(0, birthright(env));
    }
    let all: Vec<Value> = all
        .iter()
        .filter(|s| s.deleted_at.is_none())
        .filter(|s| name.is_none_or(|name| s.name == name))
        .filter(|s| !latest_only || is_latest(estate, s))
        .map(|s| summary(estate, s))
        .collect();
    page(all, input, "AutoScalingConfigurationSummaryList", 100)
}

/// ListServicesForAutoScalingConfiguration.
pub(crate) fn users(estate: &AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let scaling = named(estate, env, input)?;
    let all = estate
        .services
        .iter()
        .filter(|s| s.status != Status::Deleted && s.settings.scaling == scaling.arn)
        .map(|s| json!(s.arn))
        .collect();
    page(all, input, "ServiceArnList", 100)
}

/// DeleteAutoScalingConfiguration: a revision, or all of a name.
pub(crate) fn delete(estate: &mut AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let path =
        arn_path(&input["AutoScalingConfigurationArn"], "autoScalingConfigurationArn", KIND, env.place())?;
    let all = input["DeleteAllRevisions"].as_bool().unwrap_or(false);
    let found = named(estate, env, input)?;
    let doomed: Vec<String> = estate
        .scaling
        .iter()
        .filter(|s| s.deleted_at.is_none() && s.name == path.name && (all || s.arn == found.arn))
        .map(|s| s.arn.clone())
        .collect();
    let default = estate.scaling.iter().any(|s| s.is_default && doomed.contains(&s.arn));
    if default || (found.name == DEFAULT && doomed.is_empty()) {
        return Err(invalid("The default auto scaling configuration can't be deleted."));
    }
    if estate.services.iter().any(|s| s.status != Status::Deleted && doomed.contains(&s.settings.scaling)) {
        // The wording is to be confirmed.
        return Err(invalid("The auto scaling configuration is associated with one or more services."));
    }
    for scaling in estate.scaling.iter_mut().filter(|s| doomed.contains(&s.arn)) {
        scaling.deleted_at = Some(env.now());
    }
    let gone = estate.scaling.iter().find(|s| s.arn == found.arn).cloned().unwrap_or(found);
    Ok(json!({"AutoScalingConfiguration": render(estate, &gone)}))
}

/// UpdateDefaultAutoScalingConfiguration.
pub(crate) fn make_default(estate: &mut AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    ensure_default(estate, env);
    let found = named(estate, env, input)?;
    for scaling in &mut estate.scaling {
        scaling.is_default = scaling.arn == found.arn;
    }
    Ok(json!({"AutoScalingConfiguration": render(estate, &Scaling { is_default: true, ..found })}))
}

/// The revision that a service without one gets.
pub(crate) fn default_of(estate: &AppRunner, env: &Env) -> Scaling {
    estate.scaling.iter().find(|s| s.is_default).cloned().unwrap_or_else(|| birthright(env))
}

/// The revision that an ARN leads to: the one it names, or the latest active one of its name.
pub(crate) fn find(estate: &AppRunner, env: &Env, path: &Path<'_>) -> Option<Scaling> {
    let wanted = revision(path);
    let given = birthright(env);
    let own = estate.scaling.iter().any(|s| s.name == DEFAULT);
    estate
        .scaling
        .iter()
        .chain(std::iter::once(&given).filter(|_| !own))
        .filter(|s| s.deleted_at.is_none() && s.name == path.name)
        .filter(|s| wanted.is_none_or(|number| s.revision == number))
        .filter(|s| path.rest.get(1).is_none_or(|id| s.arn.ends_with(id)))
        .max_by_key(|s| s.revision)
        .cloned()
}

/// AutoScalingConfigurationSummary.
pub(crate) fn summary(estate: &AppRunner, scaling: &Scaling) -> Value {
    json!({
        "AutoScalingConfigurationArn": scaling.arn,
        "AutoScalingConfigurationName": scaling.name,
        "AutoScalingConfigurationRevision": scaling.revision,
        "Status": status(scaling),
        "CreatedAt": epoch_seconds(scaling.created_at),
        "HasAssociatedService": services::uses_scaling(estate, &scaling.arn),
        "IsDefault": scaling.is_default,
    })
}

/// The revision of an ARN that a service has; also one that was deleted since.
pub(crate) fn of_service(estate: &AppRunner, env: &Env, arn: &str) -> Scaling {
    estate.scaling.iter().find(|s| s.arn == arn).cloned().unwrap_or_else(|| birthright(env))
}

const KIND: &str = "autoscalingconfiguration";
const DEFAULT: &str = "DefaultConfiguration";

fn named(estate: &AppRunner, env: &Env, input: &Value) -> Result<Scaling, AwsError> {
    let arn = &input["AutoScalingConfigurationArn"];
    let path = arn_path(arn, "autoScalingConfigurationArn", KIND, env.place())?;
    find(estate, env, &path)
        .ok_or_else(|| not_found("An auto scaling configuration", arn.as_str().unwrap_or_default()))
}

/// The one that every account has from the beginning.
fn birthright(env: &Env) -> Scaling {
    let id = format!("{:032}", 1);
    Scaling {
        arn: env.arn("apprunner", &format!("{KIND}/{DEFAULT}/1/{id}")),
        name: DEFAULT.to_owned(),
        revision: 1,
        max_concurrency: 100,
        min_size: 1,
        max_size: 25,
        // The day App Runner began: it is as old as the service.
        created_at: 1_621_296_000_000_000,
        deleted_at: None,
        is_default: true,
    }
}

/// Puts the account's first configuration beside those that it makes.
fn ensure_default(estate: &mut AppRunner, env: &Env) {
    if !estate.scaling.iter().any(|s| s.name == DEFAULT) {
        estate.scaling.insert(0, birthright(env));
    }
}

fn is_latest(estate: &AppRunner, scaling: &Scaling) -> bool {
    !estate
        .scaling
        .iter()
        .any(|s| s.name == scaling.name && s.deleted_at.is_none() && s.revision > scaling.revision)
}

fn status(scaling: &Scaling) -> &'static str {
    if scaling.deleted_at.is_some() { "INACTIVE" } else { "ACTIVE" }
}

fn render(estate: &AppRunner, scaling: &Scaling) -> Value {
    let mut body = summary(estate, scaling);
    body["Latest"] = json!(is_latest(estate, scaling));
    body["MaxConcurrency"] = json!(scaling.max_concurrency);
    body["MinSize"] = json!(scaling.min_size);
    body["MaxSize"] = json!(scaling.max_size);
    if scaling.deleted_at.is_some() {
        body["DeletedAt"] = seconds(scaling.deleted_at);
    }
    body
}
