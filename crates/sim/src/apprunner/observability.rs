//! Observability configurations and their revisions.

use serde_json::{Value, json};

use crate::apprunner::model::{AppRunner, Observability, Status};
use crate::apprunner::tags;
use crate::apprunner::validate::{
    Violations, arn_path, invalid, not_found, over_quota, page, revision, seconds,
};
use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::world::Env;

const KIND: &str = "observabilityconfiguration";
/// Names, and revisions of a name (App Runner developer guide, quotas).
const NAMES: usize = 10;
const REVISIONS: usize = 10;

/// CreateObservabilityConfiguration: the first of a name, or its next revision.
pub(crate) fn create(estate: &mut AppRunner, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let mut violations = Violations::default();
    violations.name(&input["ObservabilityConfigurationName"], "observabilityConfigurationName", 32);
    violations.one_of(&input["TraceConfiguration"]["Vendor"], "traceConfiguration.vendor", &["AWSXRAY"]);
    violations.done()?;
    let name = input["ObservabilityConfigurationName"].as_str().unwrap_or_default().to_owned();
    let active: Vec<&Observability> =
        estate.observability.iter().filter(|o| o.deleted_at.is_none()).collect();
    let revisions = active.iter().filter(|o| o.name == name).count();
    let mut names: Vec<&str> = active.iter().map(|o| o.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if revisions == 0 && names.len() >= NAMES {
        return Err(over_quota("observability configurations", NAMES));
    }
    if revisions >= REVISIONS {
        return Err(over_quota("revisions of an observability configuration", REVISIONS));
    }
    let number =
        estate.observability.iter().filter(|o| o.name == name).map(|o| o.revision).max().unwrap_or(0) + 1;
    let id = env.ids.hex(32);
    let made = Observability {
        arn: env.arn("apprunner", &format!("{KIND}/{name}/{number}/{id}")),
        name,
        revision: number,
        traced: !input["TraceConfiguration"].is_null(),
        created_at: env.now(),
        deleted_at: None,
    };
    tags::put(estate, &made.arn, &input["Tags"])?;
    estate.observability.push(made.clone());
    Ok(json!({"ObservabilityConfiguration": render(estate, &made)}))
}

/// DescribeObservabilityConfiguration.
pub(crate) fn describe(estate: &AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let found = named(estate, env, input)?;
    Ok(json!({"ObservabilityConfiguration": render(estate, found)}))
}

/// ListObservabilityConfigurations: the active ones.
pub(crate) fn list(estate: &AppRunner, input: &Value) -> Result<Value, AwsError> {
    let latest_only = input["LatestOnly"].as_bool().unwrap_or(true);
    let name = input["ObservabilityConfigurationName"].as_str();
    let all = estate
        .observability
        .iter()
        .filter(|o| o.deleted_at.is_none() && name.is_none_or(|name| o.name == name))
        .filter(|o| !latest_only || is_latest(estate, o))
        .map(|o| {
            json!({
                "ObservabilityConfigurationArn": o.arn,
                "ObservabilityConfigurationName": o.name,
                "ObservabilityConfigurationRevision": o.revision,
            })
        })
        .collect();
    page(all, input, "ObservabilityConfigurationSummaryList", 100)
}

/// DeleteObservabilityConfiguration: one that no service uses.
pub(crate) fn delete(estate: &mut AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let arn = named(estate, env, input)?.arn.clone();
    let used = estate.services.iter().any(|s| {
        s.status != Status::Deleted
            && s.settings.at("/ObservabilityConfiguration/ObservabilityConfigurationArn") == &json!(arn)
    });
    if used {
        return Err(invalid("The observability configuration is used by one or more services."));
    }
    for one in estate.observability.iter_mut().filter(|o| o.arn == arn) {
        one.deleted_at = Some(env.now());
    }
    let gone = estate.observability.iter().find(|o| o.arn == arn);
    Ok(json!({"ObservabilityConfiguration": gone.map(|o| render(estate, o))}))
}

fn named<'a>(estate: &'a AppRunner, env: &Env, input: &Value) -> Result<&'a Observability, AwsError> {
    let arn = &input["ObservabilityConfigurationArn"];
    let path = arn_path(arn, "observabilityConfigurationArn", KIND, env.place())?;
    let number = revision(&path);
    estate
        .observability
        .iter()
        .filter(|o| o.deleted_at.is_none() && o.name == path.name)
        .filter(|o| number.is_none_or(|number| o.revision == number))
        .max_by_key(|o| o.revision)
        .ok_or_else(|| not_found("An observability configuration", arn.as_str().unwrap_or_default()))
}

fn is_latest(estate: &AppRunner, one: &Observability) -> bool {
    !estate
        .observability
        .iter()
        .any(|o| o.name == one.name && o.deleted_at.is_none() && o.revision > one.revision)
}

fn render(estate: &AppRunner, one: &Observability) -> Value {
    let mut body = json!({
        "ObservabilityConfigurationArn": one.arn,
        "ObservabilityConfigurationName": one.name,
        "ObservabilityConfigurationRevision": one.revision,
        "Latest": is_latest(estate, one),
        "Status": if one.deleted_at.is_some() { "INACTIVE" } else { "ACTIVE" },
        "CreatedAt": epoch_seconds(one.created_at),
    });
    if one.traced {
        body["TraceConfiguration"] = json!({"Vendor": "AWSXRAY"});
    }
    if one.deleted_at.is_some() {
        body["DeletedAt"] = seconds(one.deleted_at);
    }
    body
}
