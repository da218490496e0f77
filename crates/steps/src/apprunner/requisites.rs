//! The auto scaling configuration and the VPC connector of a service: used when they exist, else made, each by an action
//! of its own.

use crate::ecs::{MARK, confirmed, is_marked};
use crate::failure::{act_failed, failed, strange};
use holdpoint_cloud::{Cloud, VpcConnector};
use holdpoint_engine::{ActError, Observation, Task};
use holdpoint_plan::kinds::{AutoScaling, Connector, ConnectorPlace, ScalingSizes};
use holdpoint_run::{ActionPlan, Diagnosis, External, Receipt};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Makes an auto scaling configuration.
const SCALING: &str = "apprunner:CreateAutoScalingConfiguration";
/// Makes a VPC connector.
const CONNECTOR: &str = "apprunner:CreateVpcConnector";
/// Stands in an intent for the ARN that making one gives.
const SCALING_MADE: &str = "the auto scaling configuration that is made first";
/// The same of a connector.
const CONNECTOR_MADE: &str = "the VPC connector that is made first";

/// What a service is given.
#[derive(Debug, Default)]
pub(crate) struct Requisites {
    /// ARN of the auto scaling configuration, or what stands for one that is made first.
    pub(crate) scaling: Option<String>,
    /// ARN of the connector, `none`, or what stands for one that is made first.
    pub(crate) connector: Option<String>,
    /// What makes them.
    pub(crate) actions: Vec<ActionPlan>,
}

impl Requisites {
    /// Looks for them.
    pub(crate) async fn find(
        cloud: &Cloud,
        task: &Task,
        scaling: Option<&AutoScaling>,
        connector: Option<&Connector>,
    ) -> Result<Self, Diagnosis> {
        let mut found = Self::default();
        match scaling {
            None => {}
            Some(AutoScaling::Arn(arn)) => found.scaling = Some(arn.clone()),
            Some(AutoScaling::Of(sizes)) => match same_scaling(cloud, sizes).await? {
                Some(arn) => found.scaling = Some(arn),
                None => {
                    found.actions.push(ActionPlan { call: SCALING.into(), input: make_scaling(task, sizes) });
                    found.scaling = Some(SCALING_MADE.to_owned());
                }
            },
        }
        match connector {
            None => {}
            Some(Connector::Arn(arn)) => found.connector = Some(arn.clone()),
            Some(Connector::Of(place)) => match same_connector(cloud, place).await? {
                Some(arn) => found.connector = Some(arn),
                None => {
                    found
                        .actions
                        .push(ActionPlan { call: CONNECTOR.into(), input: make_connector(task, place) });
                    found.connector = Some(CONNECTOR_MADE.to_owned());
                }
            },
        }
        Ok(found)
    }

    /// As an intent keeps them.
    pub(crate) fn value(&self) -> Value {
        json!({"scaling": self.scaling, "connector": self.connector})
    }

    /// From an intent, without the actions.
    pub(crate) fn from_intent(value: &Value) -> Self {
        let text = |member: &str| value[member].as_str().map(str::to_owned);
        Self { scaling: text("scaling"), connector: text("connector"), actions: Vec::new() }
    }
}

/// Whether a call makes one of them.
pub(crate) fn is_one(call: &str) -> bool {
    matches!(call, SCALING | CONNECTOR)
}

/// Puts the ARNs that were received where the intent says what stands for them.
pub(crate) fn with_made(input: &Value, receipts: &[Receipt]) -> Value {
    match input {
        Value::String(text) if matches!(text.as_str(), SCALING_MADE | CONNECTOR_MADE) => {
            let call = if text == SCALING_MADE { SCALING } else { CONNECTOR };
            let made = receipts.iter().find(|receipt| receipt.body["call"] == call);
            made.map(|receipt| receipt.body["arn"].clone()).unwrap_or_default()
        }
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), with_made(member, receipts))).collect()
        }
        Value::Array(items) => items.iter().map(|item| with_made(item, receipts)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => input.clone(),
    }
}

/// Makes one, by the call of an intent.
pub(crate) async fn make(cloud: &Cloud, planned: &ActionPlan) -> Result<Receipt, ActError> {
    let what = match planned.call.as_str() {
        SCALING => "The auto scaling configuration was not made",
        _ => "The VPC connector was not made",
    };
    let answer =
        cloud.change(&planned.call, &planned.input).await.map_err(|error| act_failed(what, &error))?;
    let arn = match planned.call.as_str() {
        SCALING => &answer.body["AutoScalingConfiguration"]["AutoScalingConfigurationArn"],
        _ => &answer.body["VpcConnector"]["VpcConnectorArn"],
    };
    match arn.as_str() {
        Some(arn) => Ok(receipt(&planned.call, arn, answer.request_id)),
        None => Err(ActError::Ambiguous(Diagnosis::of("AWS's answer names no ARN of what was made"))),
    }
}

/// Whether one whose answer was lost was made: it carries this attempt's mark.
pub(crate) async fn observe(
    cloud: &Cloud,
    task: &Task,
    planned: &ActionPlan,
) -> Result<Observation, Diagnosis> {
    let mark = task.mark();
    let found = confirmed(task, || marked(cloud, planned, &mark)).await?;
    Ok(match found {
        Some(arn) => Observation::TookEffect(receipt(&planned.call, &arn, None)),
        None => Observation::TookNoEffect { why: format!("none carries the mark {mark}") },
    })
}

async fn marked(cloud: &Cloud, planned: &ActionPlan, mark: &str) -> Result<Option<String>, Diagnosis> {
    let arns: Vec<String> = if planned.call == SCALING {
        let name = planned.input["AutoScalingConfigurationName"].as_str();
        let name = name.ok_or_else(|| strange("it names no auto scaling configuration"))?;
        let all = cloud.app_scalings(name).await.map_err(|error| unread(name, &error))?;
        all.into_iter().map(|found| found.auto_scaling_configuration_arn).collect()
    } else {
        let all = cloud.vpc_connectors().await.map_err(|error| unread("the VPC connectors", &error))?;
        let own = all
            .into_iter()
            .filter(|found| planned.input["VpcConnectorName"] == found.vpc_connector_name.as_str());
        own.map(|found| found.vpc_connector_arn).collect()
    };
    for arn in arns {
        let found = cloud.app_tag(&arn, MARK).await.map_err(|error| unread(&arn, &error))?;
        if found.is_some_and(|found| is_marked(&found, mark)) {
            return Ok(Some(arn));
        }
    }
    Ok(None)
}

/// The newest active revision of that name that says exactly this. App Runner's own numbers stand where none are given.
async fn same_scaling(cloud: &Cloud, sizes: &ScalingSizes) -> Result<Option<String>, Diagnosis> {
    let all = cloud.app_scalings(&sizes.name).await.map_err(|error| unread(&sizes.name, &error))?;
    let (min, max, concurrency) =
        (sizes.min.unwrap_or(1), sizes.max.unwrap_or(25), sizes.concurrency.unwrap_or(100));
    let same = all.into_iter().find(|found| {
        (found.min_size, found.max_size, found.max_concurrency) == (Some(min), Some(max), Some(concurrency))
    });
    Ok(same.map(|found| found.auto_scaling_configuration_arn))
}

async fn same_connector(cloud: &Cloud, place: &ConnectorPlace) -> Result<Option<String>, Diagnosis> {
    let all = cloud.vpc_connectors().await.map_err(|error| unread("the VPC connectors", &error))?;
    let Some(found) = all.into_iter().find(|found| found.vpc_connector_name == place.name) else {
        return Ok(None);
    };
    if is_there(&found, place) {
        return Ok(Some(found.vpc_connector_arn));
    }
    // App Runner supports one revision of a connector (CreateVpcConnector, VpcConnectorRevision): another place needs
    // another name.
    Err(Diagnosis::of(format!("There is a VPC connector {} already, and it is somewhere else", place.name))
        .says("Its subnets", found.subnets.join(", "))
        .says("The plan's subnets", place.subnets.join(", "))
        .says("Its security groups", found.security_groups.join(", "))
        .says("The plan's security groups", place.security_groups.join(", "))
        .hint("Give the new connector another name; a connector's subnets cannot be changed."))
}

fn is_there(found: &VpcConnector, place: &ConnectorPlace) -> bool {
    let set = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    set(&found.subnets) == set(&place.subnets)
        && (place.security_groups.is_empty() || set(&found.security_groups) == set(&place.security_groups))
}

fn make_scaling(task: &Task, sizes: &ScalingSizes) -> Value {
    let mut input = json!({
        "AutoScalingConfigurationName": sizes.name, "Tags": [{"Key": MARK, "Value": task.mark()}],
    });
    for (member, number) in
        [("MinSize", sizes.min), ("MaxSize", sizes.max), ("MaxConcurrency", sizes.concurrency)]
    {
        if let Some(number) = number {
            input[member] = json!(number);
        }
    }
    input
}

fn make_connector(task: &Task, place: &ConnectorPlace) -> Value {
    let mut input = json!({
        "VpcConnectorName": place.name, "Subnets": place.subnets, "Tags": [{"Key": MARK, "Value": task.mark()}],
    });
    if !place.security_groups.is_empty() {
        input["SecurityGroups"] = json!(place.security_groups);
    }
    input
}

fn receipt(call: &str, arn: &str, request_id: Option<String>) -> Receipt {
    let kind = if call == SCALING { "auto_scaling_configuration" } else { "vpc_connector" };
    Receipt {
        external: vec![External { kind: kind.into(), id: arn.to_owned() }],
        request_id,
        body: json!({"call": call, "arn": arn}),
    }
}

fn unread(what: &str, error: &holdpoint_cloud::CallError) -> Diagnosis {
    failed(&format!("{what} cannot be read"), error)
}
