//! VPC connectors: how a service reaches into a VPC.

use serde_json::{Value, json};

use crate::apprunner::model::{AppRunner, Connector, Status};
use crate::apprunner::tags;
use crate::apprunner::validate::{
    Path, Violations, arn_path, invalid, not_found, over_quota, page, revision, seconds,
};
use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::network::Network;
use crate::world::Env;

/// VPC connectors of an account in a region (App Runner developer guide, quotas).
const CONNECTORS: usize = 10;
const KIND: &str = "vpcconnector";

/// CreateVpcConnector. Subnets and groups have to exist where the world says which do.
pub(crate) fn create(
    estate: &mut AppRunner,
    network: &Network,
    env: &mut Env,
    input: &Value,
) -> Result<Value, AwsError> {
    let mut violations = Violations::default();
    violations.name(&input["VpcConnectorName"], "vpcConnectorName", 40);
    if input["Subnets"].is_null() {
        violations.missing("subnets");
    }
    violations.done()?;
    let name = input["VpcConnectorName"].as_str().unwrap_or_default().to_owned();
    let list = |member: &str| -> Vec<String> {
        input[member].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (subnets, groups) = (list("Subnets"), list("SecurityGroups"));
    if subnets.is_empty() {
        return Err(invalid("At least one subnet must be specified."));
    }
    network.check_use(&subnets, &groups).map_err(invalid)?;
    // The wordings from here on are to be confirmed.
    if estate.connectors.iter().any(|c| c.deleted_at.is_none() && c.name == name) {
        return Err(invalid(format!("VPC connector with the provided name already exists: {name}.")));
    }
    if estate.connectors.iter().filter(|c| c.deleted_at.is_none()).count() >= CONNECTORS {
        return Err(over_quota("VPC connectors", CONNECTORS));
    }
    let number = estate.connectors.iter().filter(|c| c.name == name).count() as u64 + 1;
    let id = env.ids.hex(32);
    let groups =
        if groups.is_empty() { network.default_group(&subnets).into_iter().collect() } else { groups };
    let connector = Connector {
        arn: env.arn("apprunner", &format!("{KIND}/{name}/{number}/{id}")),
        name,
        revision: number,
        subnets,
        groups,
        created_at: env.now(),
        deleted_at: None,
    };
    tags::put(estate, &connector.arn, &input["Tags"])?;
    let answer = json!({"VpcConnector": render(&connector)});
    estate.connectors.push(connector);
    Ok(answer)
}

/// DescribeVpcConnector.
pub(crate) fn describe(estate: &AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    named(estate, env, input).map(|connector| json!({"VpcConnector": render(connector)}))
}

/// ListVpcConnectors: the active ones.
pub(crate) fn list(estate: &AppRunner, input: &Value) -> Result<Value, AwsError> {
    let all = estate.connectors.iter().filter(|c| c.deleted_at.is_none()).map(render).collect();
    page(all, input, "VpcConnectors", 100)
}

/// DeleteVpcConnector: one that no service uses.
pub(crate) fn delete(estate: &mut AppRunner, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let arn = named(estate, env, input)?.arn.clone();
    let used = estate.services.iter().any(|s| {
        s.status != Status::Deleted
            && s.settings.at("/NetworkConfiguration/EgressConfiguration/VpcConnectorArn") == &json!(arn)
    });
    if used {
        return Err(invalid("The VPC connector is used by one or more services and can't be deleted."));
    }
    let mut answer = json!({});
    for connector in estate.connectors.iter_mut().filter(|c| c.arn == arn) {
        connector.deleted_at = Some(env.now());
        answer = json!({"VpcConnector": render(connector)});
    }
    Ok(answer)
}

/// The active connector that an ARN leads to.
pub(crate) fn find<'a>(estate: &'a AppRunner, path: &Path<'_>) -> Option<&'a Connector> {
    let number = revision(path);
    estate
        .connectors
        .iter()
        .filter(|c| c.deleted_at.is_none() && c.name == path.name)
        .filter(|c| number.is_none_or(|number| c.revision == number))
        .filter(|c| path.rest.get(1).is_none_or(|id| c.arn.ends_with(id)))
        .max_by_key(|c| c.revision)
}

fn named<'a>(estate: &'a AppRunner, env: &Env, input: &Value) -> Result<&'a Connector, AwsError> {
    let arn = &input["VpcConnectorArn"];
    let path = arn_path(arn, "vpcConnectorArn", KIND, env.place())?;
    find(estate, &path).ok_or_else(|| not_found("A VPC connector", arn.as_str().unwrap_or_default()))
}

fn render(connector: &Connector) -> Value {
    let mut body = json!({
        "VpcConnectorName": connector.name,
        "VpcConnectorArn": connector.arn,
        "VpcConnectorRevision": connector.revision,
        "Subnets": connector.subnets,
        "SecurityGroups": connector.groups,
        "Status": if connector.deleted_at.is_some() { "INACTIVE" } else { "ACTIVE" },
        "CreatedAt": epoch_seconds(connector.created_at),
    });
    if connector.deleted_at.is_some() {
        body["DeletedAt"] = seconds(connector.deleted_at);
    }
    body
}
