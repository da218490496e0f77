//! VPC ingress connections: the way from a VPC to a service that is not public.

use serde_json::{Value, json};

use crate::apprunner::model::{AppRunner, Due, Ingress, IngressStatus};
use crate::apprunner::validate::{
    Violations, arn_path, invalid, not_found, over_quota, page, seconds, wrong_state,
};
use crate::apprunner::{services, tags};
use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::schedule::What;
use crate::world::Env;

const KIND: &str = "vpcingressconnection";
/// VPC ingress connections of an account in a region (App Runner developer guide, quotas).
const INGRESSES: usize = 10;
const SETTLES: f64 = 20.0;

/// CreateVpcIngressConnection.
pub(crate) fn create(estate: &mut AppRunner, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let mut violations = Violations::default();
    violations.name(&input["VpcIngressConnectionName"], "vpcIngressConnectionName", 40);
    if input["IngressVpcConfiguration"].is_null() {
        violations.missing("ingressVpcConfiguration");
    }
    violations.done()?;
    let service = services::find(estate, env, input)?;
    // The wordings are to be confirmed.
    if service.is_public() {
        return Err(invalid("The service must not be publicly accessible to have a VPC ingress connection."));
    }
    let arn = service.arn.clone();
    let active = |i: &&Ingress| i.deleted_at.is_none();
    let name = input["VpcIngressConnectionName"].as_str().unwrap_or_default().to_owned();
    if estate.ingresses.iter().filter(active).any(|i| i.name == name) {
        return Err(invalid(format!(
            "VPC ingress connection with the provided name already exists: {name}."
        )));
    }
    if estate.ingresses.iter().filter(active).count() >= INGRESSES {
        return Err(over_quota("VPC ingress connections", INGRESSES));
    }
    let text =
        |member: &str| input["IngressVpcConfiguration"][member].as_str().unwrap_or_default().to_owned();
    let (id, label) = (env.ids.hex(32), env.ids.letters(10, b"abcdefghijkmnpqrstuvwxyz23456789"));
    let ingress = Ingress {
        arn: env.arn("apprunner", &format!("{KIND}/{name}/{id}")),
        name,
        service: arn,
        vpc: text("VpcId"),
        endpoint: text("VpcEndpointId"),
        domain: format!("{label}.{}.awsapprunner.com", env.region),
        status: IngressStatus::PendingCreation,
        created_at: env.now(),
        deleted_at: None,
    };
    tags::put(estate, &ingress.arn, &input["Tags"])?;
    env.after(SETTLES, What::AppRunner(Due::Ingress { arn: ingress.arn.clone() }));
    let answer = json!({"VpcIngressConnection": render(env, &ingress)});
    estate.ingresses.push(ingress);
    Ok(answer)
}

/// DescribeVpcIngressConnection.
pub(crate) fn describe(estate: &AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let arn = named(estate, env, input)?;
    let found = estate.ingresses.iter().find(|i| i.arn == arn);
    Ok(json!({"VpcIngressConnection": found.map(|i| render(env, i))}))
}

/// ListVpcIngressConnections, by service or endpoint.
pub(crate) fn list(estate: &AppRunner, input: &Value) -> Result<Value, AwsError> {
    let wanted = |member: &str, is: &str| input["Filter"][member].as_str().is_none_or(|w| w == is);
    let all = estate
        .ingresses
        .iter()
        .filter(|i| i.deleted_at.is_none())
        .filter(|i| wanted("ServiceArn", &i.service) && wanted("VpcEndpointId", &i.endpoint))
        .map(|i| json!({"VpcIngressConnectionArn": i.arn, "ServiceArn": i.service}))
        .collect();
    page(all, input, "VpcIngressConnectionSummaryList", 100)
}

/// UpdateVpcIngressConnection.
pub(crate) fn update(estate: &mut AppRunner, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let text = |member: &str| input["IngressVpcConfiguration"][member].as_str().map(str::to_owned);
    change(estate, env, input, IngressStatus::PendingUpdate, |ingress| {
        ingress.vpc = text("VpcId").unwrap_or_else(|| ingress.vpc.clone());
        ingress.endpoint = text("VpcEndpointId").unwrap_or_else(|| ingress.endpoint.clone());
    })
}

/// DeleteVpcIngressConnection.
pub(crate) fn delete(estate: &mut AppRunner, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    change(estate, env, input, IngressStatus::PendingDeletion, |_| ())
}

/// A pending connection becomes what it was becoming.
pub(crate) fn settle(estate: &mut AppRunner, env: &Env, arn: &str) {
    for ingress in estate.ingresses.iter_mut().filter(|i| i.arn == arn) {
        match ingress.status {
            IngressStatus::PendingCreation | IngressStatus::PendingUpdate | IngressStatus::Available => {
                ingress.status = IngressStatus::Available;
            }
            IngressStatus::PendingDeletion | IngressStatus::Deleted => {
                ingress.status = IngressStatus::Deleted;
                ingress.deleted_at = Some(env.now());
            }
        }
    }
}

fn change(
    estate: &mut AppRunner,
    env: &mut Env,
    input: &Value,
    becomes: IngressStatus,
    alter: impl Fn(&mut Ingress),
) -> Result<Value, AwsError> {
    let arn = named(estate, env, input)?;
    let Some(ingress) = estate.ingresses.iter_mut().find(|i| i.arn == arn) else {
        return Err(not_found("A VPC ingress connection", &arn));
    };
    if ingress.status != IngressStatus::Available {
        return Err(wrong_state(format!(
            "The VPC ingress connection cannot be changed in the current state: {}.",
            ingress.status.name()
        )));
    }
    alter(ingress);
    ingress.status = becomes;
    env.after(SETTLES, What::AppRunner(Due::Ingress { arn }));
    Ok(json!({"VpcIngressConnection": render(env, ingress)}))
}

fn named(estate: &AppRunner, env: &Env, input: &Value) -> Result<String, AwsError> {
    let arn = &input["VpcIngressConnectionArn"];
    arn_path(arn, "vpcIngressConnectionArn", KIND, env.place())?;
    let arn = arn.as_str().unwrap_or_default();
    let known = estate.ingresses.iter().any(|i| i.arn == arn);
    if known { Ok(arn.to_owned()) } else { Err(not_found("A VPC ingress connection", arn)) }
}

fn render(env: &Env, ingress: &Ingress) -> Value {
    let mut body = json!({
        "VpcIngressConnectionArn": ingress.arn,
        "VpcIngressConnectionName": ingress.name,
        "ServiceArn": ingress.service,
        "Status": ingress.status.name(),
        "AccountId": env.account,
        "DomainName": ingress.domain,
        "IngressVpcConfiguration": {"VpcId": ingress.vpc, "VpcEndpointId": ingress.endpoint},
        "CreatedAt": epoch_seconds(ingress.created_at),
    });
    if ingress.deleted_at.is_some() {
        body["DeletedAt"] = seconds(ingress.deleted_at);
    }
    body
}
