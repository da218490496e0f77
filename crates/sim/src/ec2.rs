//! EC2 on the wire, as far as a deployment looks at its network: the EC2 form of the Query protocol, API version 2016-11-15.

mod filter;
mod groups;
mod interfaces;
mod places;
mod rules;

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::protocol::query::{is_true, number};
use crate::world::{Env, Estate};

/// Answers one call.
pub(crate) fn serve(
    estate: &mut Estate,
    env: &mut Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    let network = &mut estate.network;
    let answer = match operation {
        "DescribeVpcs" => places::vpcs(network, env, input),
        "DescribeSubnets" => places::subnets(network, env, input),
        "DescribeRouteTables" => places::route_tables(network, env, input),
        "DescribeVpcEndpoints" => places::endpoints(network, env, input),
        "DescribeSecurityGroups" => groups::describe(network, env, input),
        "DescribeSecurityGroupRules" => groups::rules(network, env, input),
        "DescribeNetworkInterfaces" => interfaces::describe(network, &estate.ecs, env, input),
        "AuthorizeSecurityGroupIngress" | "AuthorizeSecurityGroupEgress" if is_true(&input["DryRun"]) => {
            Ok(json!({}))
        }
        "RevokeSecurityGroupIngress" | "RevokeSecurityGroupEgress" if is_true(&input["DryRun"]) => {
            Ok(json!({}))
        }
        "AuthorizeSecurityGroupIngress" => rules::authorize(network, env, input, false),
        "AuthorizeSecurityGroupEgress" => rules::authorize(network, env, input, true),
        "RevokeSecurityGroupIngress" => rules::revoke(network, input, false),
        "RevokeSecurityGroupEgress" => rules::revoke(network, input, true),
        other => Err(AwsError::not_implemented("ec2", other)),
    }?;
    if is_true(&input["DryRun"]) {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(AwsError::with_status("DryRunOperation", 412, message));
    }
    Ok(answer)
}

/// One page of a list: `MaxResults` is 5 to 1000.
fn page(all: Vec<Value>, input: &Value, set: &str) -> Result<Value, AwsError> {
    let size = match number(&input["MaxResults"]) {
        None => all.len(),
        Some(size) if (5.0..=1000.0).contains(&size) => size as usize,
        Some(size) => {
            let message = format!(
                "Value ( {size} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000."
            );
            return Err(AwsError::new("InvalidParameterValue", message));
        }
    };
    let from: usize = match input["NextToken"].as_str() {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| AwsError::new("InvalidNextToken", "The token is not valid."))?,
    };
    let more = all.len() > from + size;
    let mut body = json!({ set: {"item": all.into_iter().skip(from).take(size).collect::<Vec<_>>()} });
    if more {
        body["nextToken"] = json!(format!("page-{}", from + size));
    }
    Ok(body)
}

/// The tags of something with a name.
fn tags(name: Option<&str>) -> Value {
    let tags: Vec<Value> = name.map(|name| json!({"key": "Name", "value": name})).into_iter().collect();
    json!({ "item": tags })
}

fn missing(code: &str, message: String) -> AwsError {
    AwsError::new(code, message)
}
