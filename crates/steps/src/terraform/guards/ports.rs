//! Security group rules that would open a database to everybody.

use super::{Finding, One};
use holdpoint_plan::kinds::GuardName;
use serde_json::Value;

/// Ports of databases and caches, with their names.
const PORTS: [(u64, &str); 12] = [
    (5432, "PostgreSQL"),
    (3306, "MySQL"),
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (27017, "MongoDB"),
    (6379, "Redis"),
    (11211, "Memcached"),
    (5439, "Redshift"),
    (9200, "OpenSearch"),
    (8182, "Neptune"),
    (9042, "Cassandra"),
    (50000, "Db2"),
];

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
    let open = lists.chain(singles).filter_map(Value::as_str).find(|range| is_everywhere(range))?;
    let protocol = rule["protocol"].as_str().or(rule["ip_protocol"].as_str()).unwrap_or("-1");
    let all = matches!(protocol, "-1" | "all");
    if !all && !matches!(protocol, "tcp" | "6") {
        return None;
    }
    let (from, to) = (rule["from_port"].as_i64(), rule["to_port"].as_i64());
    let inside = |port: u64| {
        let port = i64::try_from(port).unwrap_or(i64::MAX);
        all || from.zip(to).is_some_and(|(from, to)| (from..=to).contains(&port))
    };
    let hit: Vec<&str> = PORTS.iter().filter(|(port, _)| inside(*port)).map(|(_, name)| *name).collect();
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

/// Everything, also as two halves.
fn is_everywhere(range: &str) -> bool {
    matches!(range, "0.0.0.0/0" | "::/0" | "0.0.0.0/1" | "128.0.0.0/1" | "::/1" | "8000::/1")
}
