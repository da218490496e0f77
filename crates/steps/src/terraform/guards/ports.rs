//! Security group rules that would open a database to everybody.

use super::{Finding, One};
use holdpoint_plan::kinds::GuardName;
use holdpoint_plan::openings::{Breadth, breadth, databases};
use serde_json::Value;

/// A rule that lets the whole internet reach a database's port.
pub(super) fn open(one: &One<'_>) -> Vec<Finding> {
    if !one.is_made() {
        return Vec::new();
    }
    let rules: Vec<&Value> = match one.kind {
        "aws_security_group" | "aws_default_security_group" => {
            one.after["ingress"].as_array().into_iter().flatten().collect()
        }
        "aws_security_group_rule" if one.after["type"] == "ingress" => vec![one.after],
        "aws_vpc_security_group_ingress_rule" => vec![one.after],
        _ => Vec::new(),
    };
    rules.into_iter().filter_map(|rule| finding(one, rule)).collect()
}

fn finding(one: &One<'_>, rule: &Value) -> Option<Finding> {
    let lists = ["cidr_blocks", "ipv6_cidr_blocks"]
        .into_iter()
        .flat_map(|name| rule[name].as_array().into_iter().flatten());
    let singles = ["cidr_ipv4", "cidr_ipv6"].into_iter().map(|name| &rule[name]);
    let open =
        lists.chain(singles).filter_map(Value::as_str).find(|range| breadth(range) == Breadth::World)?;
    let protocol = rule["protocol"].as_str().or(rule["ip_protocol"].as_str()).unwrap_or("-1");
    let all = matches!(protocol, "-1" | "all");
    if !all && !matches!(protocol, "tcp" | "6") {
        return None;
    }
    let (from, to) = (rule["from_port"].as_i64(), rule["to_port"].as_i64());
    let port = |port: i64| u16::try_from(port.clamp(0, 65_535)).unwrap_or(u16::MAX);
    if !all && from.zip(to).is_none() {
        return None;
    }
    let mut hit: Vec<&str> =
        databases(protocol, from.map(port), to.map(port)).into_iter().map(|(_, name)| name).collect();
    hit.dedup();
    let first = hit.first()?;
    let what = if hit.len() > 3 { "every database".to_owned() } else { hit.join(", ") };
    let ports = match (all, from, to) {
        (true, ..) => "all ports".to_owned(),
        (false, Some(from), Some(to)) if from == to => format!("port {from}"),
        (false, from, to) => format!("ports {} to {}", from.unwrap_or_default(), to.unwrap_or_default()),
    };
    Some(Finding {
        guard: GuardName::OpenDatabase,
        address: one.address.to_owned(),
        value: format!("{ports} from {open}"),
        reason: format!("it would let the whole internet try to reach {what}"),
        repair: format!(
            "Allow the security group of who needs {first} (`referenced_security_group_id`), or your own address as a /32 for the time of the work"
        ),
        stops: true,
    })
}
