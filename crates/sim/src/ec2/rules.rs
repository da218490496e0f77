//! Rules of security groups that calls add and take away.

use serde_json::{Value, json};

use super::groups::{absent, of_group, one, one_by_one, render};
use crate::aws_error::AwsError;
use crate::network::{Network, Rule, SecurityGroup};
use crate::protocol::query::{items, number, texts};
use crate::world::Env;

/// AuthorizeSecurityGroupIngress and …Egress.
pub(crate) fn authorize(
    network: &mut Network,
    env: &Env,
    input: &Value,
    egress: bool,
) -> Result<Value, AwsError> {
    let wanted = asked(input)?;
    if wanted.is_empty() {
        return Err(AwsError::new(
            "MissingParameter",
            "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.",
        ));
    }
    let known: Vec<String> = network.security_groups.iter().map(|g| g.id.clone()).collect();
    if let Some(group) = wanted.iter().flat_map(|r| &r.groups).find(|id| !known.contains(id)) {
        return Err(absent(group));
    }
    let group = group_mut(network, input)?;
    let standing = of_group(group);
    for rule in &wanted {
        if standing.iter().any(|s| s.egress == egress && s.rule.opens_as(rule)) {
            return Err(AwsError::new(
                "InvalidPermission.Duplicate",
                format!("the specified rule \"{}\" already exists", described(rule)),
            ));
        }
    }
    let id = group.id.clone();
    let place = if egress { group.egress.get_or_insert_with(Rule::everything) } else { &mut group.ingress };
    place.extend(wanted.iter().cloned());
    let made: Vec<Value> = wanted.into_iter().map(|rule| render(env, &one(&id, egress, rule))).collect();
    Ok(json!({"return": true, "securityGroupRuleSet": {"item": made}}))
}

/// RevokeSecurityGroupIngress and …Egress.
pub(crate) fn revoke(network: &mut Network, input: &Value, egress: bool) -> Result<Value, AwsError> {
    let ids: Vec<String> = texts(&input["SecurityGroupRuleId"]).into_iter().map(str::to_owned).collect();
    let wanted = asked(input)?;
    let group = group_mut(network, input)?;
    let mut left: Vec<_> = of_group(group).into_iter().filter(|s| s.egress == egress).collect();
    for id in &ids {
        let place = left.iter().position(|s| s.id == *id).ok_or_else(|| {
            AwsError::new(
                "InvalidSecurityGroupRuleId.NotFound",
                format!("The security group rule ID '{id}' does not exist"),
            )
        })?;
        left.remove(place);
    }
    for rule in &wanted {
        let place = left.iter().position(|s| s.rule.opens_as(rule)).ok_or_else(|| {
            AwsError::new(
                "InvalidPermission.NotFound",
                "The specified rule does not exist in this security group.",
            )
        })?;
        left.remove(place);
    }
    let rules: Vec<Rule> = left.into_iter().map(|s| s.rule).collect();
    if egress {
        group.egress = Some(rules);
    } else {
        group.ingress = rules;
    }
    Ok(json!({"return": true}))
}

fn group_mut<'a>(network: &'a mut Network, input: &Value) -> Result<&'a mut SecurityGroup, AwsError> {
    let id = input["GroupId"].as_str().unwrap_or_default();
    if id.is_empty() {
        return Err(AwsError::new(
            "MissingParameter",
            "The request must contain the parameter groupName or groupId",
        ));
    }
    network.security_groups.iter_mut().find(|g| g.id == id).ok_or_else(|| absent(id))
}

/// The rules of a request, one for each peer: of `IpPermissions`, or of the members beside it.
fn asked(input: &Value) -> Result<Vec<Rule>, AwsError> {
    let mut rules = Vec::new();
    for permission in items(&input["IpPermissions"]) {
        let ranges = items(&permission["IpRanges"]);
        let six = items(&permission["Ipv6Ranges"]);
        let groups = items(&permission["Groups"]);
        for (peers, member) in [(ranges, "CidrIp"), (six, "CidrIpv6"), (groups, "GroupId")] {
            for peer in peers {
                let text = peer[member].as_str().unwrap_or_default().to_owned();
                rules.push(rule(permission, member, text, peer["Description"].as_str())?);
            }
        }
    }
    if let Some(cidr) = input["CidrIp"].as_str() {
        rules.push(rule(input, "CidrIp", cidr.to_owned(), None)?);
    }
    Ok(rules.iter().flat_map(one_by_one).collect())
}

fn rule(ports: &Value, member: &str, peer: String, description: Option<&str>) -> Result<Rule, AwsError> {
    let is_group = member == "GroupId";
    if !is_group && !is_cidr(&peer) {
        return Err(AwsError::new("InvalidParameterValue", format!("CIDR block {peer} is malformed")));
    }
    let protocol = ports["IpProtocol"].as_str().unwrap_or("-1").to_owned();
    let port = |name: &str| number(&ports[name]).map(|n| n as i32);
    let (from, to) = (port("FromPort"), port("ToPort"));
    let is_range = |n: Option<i32>| n.is_some_and(|n| (0..=65_535).contains(&n));
    if ["tcp", "udp"].contains(&protocol.as_str()) && (!is_range(from) || !is_range(to) || from > to) {
        return Err(AwsError::new(
            "InvalidParameterValue",
            format!(
                "Invalid value for portRange. Must specify both from and to ports with TCP/UDP: {from:?} to {to:?}"
            ),
        ));
    }
    Ok(Rule {
        protocol,
        from,
        to,
        cidrs: if is_group { Vec::new() } else { vec![peer.clone()] },
        groups: if is_group { vec![peer] } else { Vec::new() },
        description: description.map(str::to_owned),
    })
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let most = match address.parse() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|n| n <= most)
}

fn described(rule: &Rule) -> String {
    let peer = rule.cidrs.iter().chain(&rule.groups).cloned().collect::<Vec<_>>().join(", ");
    let port = |n: Option<i32>| n.map_or_else(|| "-1".to_owned(), |n| n.to_string());
    format!(
        "peer: {peer}, {}, from port: {}, to port: {}, ALLOW",
        rule.protocol.to_uppercase(),
        port(rule.from),
        port(rule.to)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_are_blocks() {
        for (text, is) in [
            ("10.0.0.0/8", true),
            ("::/0", true),
            ("10.0.0.0", false),
            ("10.0.0.0/33", false),
            ("x/8", false),
        ] {
            assert_eq!(is_cidr(text), is, "{text}");
        }
    }
}
