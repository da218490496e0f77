//! Security groups and their rules, as they are described.

use serde_json::{Value, json};

use super::filter::{asked, of_tag};
use super::{missing, page, tags};
use crate::aws_error::AwsError;
use crate::network::{Network, Rule, SecurityGroup};
use crate::protocol::query::texts;
use crate::seeded::{digest, hex};
use crate::world::Env;

/// DescribeSecurityGroups.
pub(crate) fn describe(network: &Network, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let mut ids = texts(&input["GroupId"]);
    for name in texts(&input["GroupName"]) {
        // Names are those of the default VPC's groups.
        let is_default = |g: &&SecurityGroup| network.vpcs.iter().any(|v| v.id == g.vpc && v.default);
        let named = network.security_groups.iter().filter(is_default).find(|g| g.name == name);
        let absent = || {
            missing(
                "InvalidGroup.NotFound",
                format!("The security group '{name}' does not exist in default VPC"),
            )
        };
        ids.push(&named.ok_or_else(absent)?.id);
    }
    let cidrs = |rules: &[Rule]| rules.iter().flat_map(|r| r.cidrs.clone()).collect();
    let field = |group: &SecurityGroup, filter: &str| match filter {
        "group-id" => Some(vec![group.id.clone()]),
        "group-name" => Some(vec![group.name.clone()]),
        "vpc-id" => Some(vec![group.vpc.clone()]),
        "description" => Some(vec![group.description.clone()]),
        "owner-id" => Some(vec![env.account.clone()]),
        "ip-permission.cidr" => Some(cidrs(&group.ingress)),
        "ip-permission.from-port" => {
            Some(group.ingress.iter().filter_map(|r| Some(r.from?.to_string())).collect())
        }
        "ip-permission.to-port" => {
            Some(group.ingress.iter().filter_map(|r| Some(r.to?.to_string())).collect())
        }
        "ip-permission.protocol" => Some(group.ingress.iter().map(|r| r.protocol.clone()).collect()),
        "ip-permission.group-id" => Some(group.ingress.iter().flat_map(|r| r.groups.clone()).collect()),
        other => of_tag(None, other),
    };
    let found = asked(&network.security_groups, input, &ids, |g| &g.id, absent, field)?;
    let all = found
        .into_iter()
        .map(|group| {
            json!({
                "groupId": group.id,
                "groupName": group.name,
                "groupDescription": group.description,
                "vpcId": group.vpc,
                "ownerId": env.account,
                "securityGroupArn": env.arn("ec2", &format!("security-group/{}", group.id)),
                "ipPermissions": {"item": permissions(env, &group.ingress)},
                "ipPermissionsEgress": {"item": permissions(env, &group.egress())},
                "tagSet": tags(None),
            })
        })
        .collect();
    page(all, input, "securityGroupInfo")
}

/// DescribeSecurityGroupRules: one for each peer.
pub(crate) fn rules(network: &Network, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let ids = texts(&input["SecurityGroupRuleId"]);
    let all: Vec<OneRule> = network.security_groups.iter().flat_map(of_group).collect();
    let absent = |id: &str| {
        missing(
            "InvalidSecurityGroupRuleId.NotFound",
            format!("The security group rule ID '{id}' does not exist"),
        )
    };
    let field = |rule: &OneRule, filter: &str| match filter {
        "group-id" => Some(vec![rule.group.clone()]),
        "security-group-rule-id" => Some(vec![rule.id.clone()]),
        other => of_tag(None, other),
    };
    let found = asked(&all, input, &ids, |r| &r.id, absent, field)?;
    let all = found.into_iter().map(|rule| render(env, rule)).collect();
    page(all, input, "securityGroupRuleSet")
}

/// A rule with one peer.
#[derive(Debug, Clone)]
pub(crate) struct OneRule {
    pub(crate) id: String,
    pub(crate) group: String,
    pub(crate) egress: bool,
    pub(crate) rule: Rule,
}

/// A group's rules, one for each peer.
pub(crate) fn of_group(group: &SecurityGroup) -> Vec<OneRule> {
    let egress = group.egress();
    let both = group.ingress.iter().map(|r| (false, r)).chain(egress.iter().map(|r| (true, r)));
    both.flat_map(|(egress, rule)| one_by_one(rule).into_iter().map(move |rule| one(&group.id, egress, rule)))
        .collect()
}

/// A rule for each of its peers.
pub(crate) fn one_by_one(rule: &Rule) -> Vec<Rule> {
    let bare = Rule { cidrs: Vec::new(), groups: Vec::new(), ..rule.clone() };
    let cidrs = rule.cidrs.iter().map(|cidr| Rule { cidrs: vec![cidr.clone()], ..bare.clone() });
    let groups = rule.groups.iter().map(|group| Rule { groups: vec![group.clone()], ..bare.clone() });
    cidrs.chain(groups).collect()
}

/// A rule of a group with its id, which follows from what it says.
pub(crate) fn one(group: &str, egress: bool, rule: Rule) -> OneRule {
    let said = format!(
        "{group} {egress} {} {:?} {:?} {:?} {:?}",
        rule.protocol, rule.from, rule.to, rule.cidrs, rule.groups
    );
    let id = format!("sgr-{}", &hex(&digest(&[said.as_bytes()]))[..17]);
    OneRule { id, group: group.to_owned(), egress, rule }
}

/// SecurityGroupRule.
pub(crate) fn render(env: &Env, of: &OneRule) -> Value {
    let rule = &of.rule;
    let mut body = json!({
        "securityGroupRuleId": of.id,
        "securityGroupRuleArn": env.arn("ec2", &format!("security-group-rule/{}", of.id)),
        "groupId": of.group,
        "groupOwnerId": env.account,
        "isEgress": of.egress,
        "ipProtocol": rule.protocol,
        "fromPort": rule.from.unwrap_or(-1),
        "toPort": rule.to.unwrap_or(-1),
        "description": rule.description,
        "tagSet": "",
    });
    if let Some(cidr) = rule.cidrs.first() {
        body[if cidr.contains(':') { "cidrIpv6" } else { "cidrIpv4" }] = json!(cidr);
    }
    if let Some(group) = rule.groups.first() {
        body["referencedGroupInfo"] = json!({"groupId": group, "userId": env.account});
    }
    body
}

/// The refusal of a group that is not there.
pub(crate) fn absent(id: &str) -> AwsError {
    missing("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"))
}

fn permissions(env: &Env, rules: &[Rule]) -> Vec<Value> {
    rules
        .iter()
        .map(|rule| {
            let said = |body: Value| {
                let mut body = body;
                body["description"] = json!(rule.description);
                body
            };
            let (six, four): (Vec<&String>, Vec<&String>) = rule.cidrs.iter().partition(|c| c.contains(':'));
            json!({
                "ipProtocol": rule.protocol,
                "fromPort": rule.from,
                "toPort": rule.to,
                "groups": {"item": rule.groups.iter()
                    .map(|id| said(json!({"groupId": id, "userId": env.account}))).collect::<Vec<_>>()},
                "ipRanges": {"item": four.iter().map(|c| said(json!({"cidrIp": c}))).collect::<Vec<_>>()},
                "ipv6Ranges": {"item": six.iter().map(|c| said(json!({"cidrIpv6": c}))).collect::<Vec<_>>()},
                "prefixListIds": "",
            })
        })
        .collect()
}
