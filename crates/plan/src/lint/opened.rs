//! Databases that a command or a resource of Terraform opens to the world, or to anybody beyond the VPC.

use super::calls::Call;
use super::hcl::{self, Attribute};
use super::scene::Scene;
use crate::findings::{Findings, short};
use crate::openings::{Breadth, breadth, databases};
use crate::{Severity, Span};
use serde_json::Value;

/// What asks a server on the internet for one's own address.
const ASKS_OWN: [&str; 6] = ["checkip", "ifconfig", "ipify", "icanhazip", "ipinfo", "myip"];

const HINT: &str = "Allow the security group of who needs it (`--source-group`, `referenced_security_group_id`), or do the work \
                    inside of the VPC (`ecs.run_task`); let `network.check` show that it is closed.";

/// A rule of a security group, as far as it can be told.
#[derive(Debug, Default)]
struct Rule {
    protocol: String,
    from: Option<u16>,
    to: Option<u16>,
    sources: Vec<String>,
}

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for (_, call) in scene.said_calls() {
        command(call, findings);
    }
    for shown in hcl::resources(scene) {
        resource(&shown, findings);
    }
}

/// A resource of Terraform that opens one.
pub(crate) fn resource(shown: &hcl::Resource, findings: &mut Findings<'_>) {
    let is = |name: &str, value: &str| value_of(&shown.attributes, name) == Some(value);
    match shown.kind.as_str() {
        "aws_security_group" | "aws_default_security_group" => {
            for block in shown.blocks.iter().filter(|block| block.name == "ingress") {
                tell(&written(&block.attributes), block.span, findings);
            }
        }
        "aws_security_group_rule" if is("type", "\"ingress\"") => {
            tell(&written(&shown.attributes), shown.span, findings);
        }
        "aws_vpc_security_group_ingress_rule" => tell(&written(&shown.attributes), shown.span, findings),
        "aws_db_instance" | "aws_rds_cluster_instance" if is("publicly_accessible", "true") => {
            let of = shown.attributes.iter().find(|attribute| attribute.name == "publicly_accessible");
            public(of.map_or(shown.span, |attribute| attribute.span), findings);
        }
        _ => {}
    }
}

/// A command that opens one.
fn command(call: &Call, findings: &mut Findings<'_>) {
    match call.aws() {
        Some(("ec2", "authorize-security-group-ingress" | "modify-security-group-rules")) => {
            let mut rules = permissions(call, "--ip-permissions");
            rules.extend(permissions(call, "--security-group-rules"));
            rules.extend(plain(call));
            for rule in rules {
                tell(&rule, call.span, findings);
            }
        }
        Some(("rds", "create-db-instance" | "modify-db-instance")) if call.has("--publicly-accessible") => {
            public(call.span, findings);
        }
        _ => {}
    }
}

fn tell(rule: &Rule, span: Span, findings: &mut Findings<'_>) {
    let opened = databases(&rule.protocol, rule.from, rule.to);
    let what = match opened.as_slice() {
        [] => return,
        [(port, name)] => format!("port {port} ({name})"),
        [(port, name), ..] => format!("the ports of {} databases, {port} ({name}) among them,", opened.len()),
    };
    let widest =
        rule.sources.iter().map(|source| (reach(source), source)).max_by_key(|(breadth, _)| *breadth);
    let Some((breadth, source)) = widest else { return };
    let (severity, whom) = match breadth {
        Breadth::Inside => return,
        Breadth::Site => (Severity::Note, format!("{}, which is outside of the VPC", short(source))),
        Breadth::Wide => (Severity::Warning, format!("{}, which is more than one site", short(source))),
        Breadth::World => (Severity::Warning, format!("the whole internet ({})", short(source))),
    };
    let message = format!("this opens {what} to {whom}");
    findings.add(severity, "database-open", span, message, Some(HINT.to_owned()), None);
}

fn public(span: Span, findings: &mut Findings<'_>) {
    findings.add(
        Severity::Warning,
        "database-open",
        span,
        "this gives the database an address on the internet: only its security group stands before it then",
        Some(
            "Leave it private, and reach it from inside of the VPC (`ecs.run_task`, the Data API)."
                .to_owned(),
        ),
        None,
    );
}

/// A source, also where a command asks for one's own address.
fn reach(source: &str) -> Breadth {
    let own = source.contains("$(") && ASKS_OWN.iter().any(|word| source.contains(word));
    if own { Breadth::Site } else { breadth(source) }
}

/// `--protocol tcp --port 5432 --cidr 0.0.0.0/0`.
fn plain(call: &Call) -> Option<Rule> {
    let cidr = call.value("--cidr")?;
    let port = call.value("--port").unwrap_or("all");
    let (from, to) = match port.split_once('-').filter(|(from, _)| !from.is_empty()) {
        Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
        None if matches!(port, "all" | "-1") => (0, u16::MAX),
        None => (port.parse().ok()?, port.parse().ok()?),
    };
    Some(Rule {
        protocol: call.value("--protocol").unwrap_or("all").to_ascii_lowercase(),
        from: Some(from),
        to: Some(to),
        sources: vec![cidr.to_owned()],
    })
}

/// Rules in JSON, or in the AWS CLI's shorthand: `IpProtocol=tcp,FromPort=5432,ToPort=5432,IpRanges=[{CidrIp=0.0.0.0/0}]`.
fn permissions(call: &Call, option: &str) -> Vec<Rule> {
    let rule_of = |text: &str| match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(list)) => list.iter().map(of_json).collect(),
        Ok(value) => vec![of_json(&value)],
        Err(_) => vec![of_shorthand(text)],
    };
    call.values(option).into_iter().flat_map(rule_of).collect()
}

fn of_json(value: &Value) -> Rule {
    // ModifySecurityGroupRules has the rule one deeper.
    let rule = value.get("SecurityGroupRule").unwrap_or(value);
    let port =
        |member: &str| rule.get(member).and_then(Value::as_i64).and_then(|port| u16::try_from(port).ok());
    let ranges = ["IpRanges", "Ipv6Ranges"].into_iter().filter_map(|member| rule.get(member)?.as_array());
    let in_ranges = ranges.flatten().flat_map(|range| [range.get("CidrIp"), range.get("CidrIpv6")]);
    let own = [rule.get("CidrIpv4"), rule.get("CidrIpv6")];
    Rule {
        protocol: rule.get("IpProtocol").and_then(Value::as_str).unwrap_or_default().to_owned(),
        from: port("FromPort"),
        to: port("ToPort"),
        sources: in_ranges.chain(own).flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

fn of_shorthand(text: &str) -> Rule {
    let mut rule = Rule::default();
    for part in text.split([',', '{', '[', '}', ']']) {
        let Some((key, value)) = part.split_once('=') else { continue };
        let value = value.trim_matches(['"', '\'', ' ']);
        match key.trim() {
            "IpProtocol" => rule.protocol = value.to_owned(),
            "FromPort" => rule.from = value.parse().ok(),
            "ToPort" => rule.to = value.parse().ok(),
            "CidrIp" | "CidrIpv4" | "CidrIpv6" => rule.sources.push(value.to_owned()),
            _ => {}
        }
    }
    rule
}

/// A rule as Terraform writes it.
fn written(attributes: &[Attribute]) -> Rule {
    let number =
        |name: &str| value_of(attributes, name).and_then(|value| value.trim_matches('"').parse().ok());
    let protocol = value_of(attributes, "protocol").or_else(|| value_of(attributes, "ip_protocol"));
    let sources = ["cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"];
    let sources = sources.into_iter().filter_map(|name| value_of(attributes, name));
    let quoted = sources.flat_map(|value| value.split('"').skip(1).step_by(2)).map(str::to_owned);
    let protocol = protocol.unwrap_or_default().trim_matches('"').to_owned();
    // A port that is not written out may be any, and is none that is known.
    let ports = protocol == "-1" || number("from_port").is_some() && number("to_port").is_some();
    Rule {
        sources: if ports { quoted.collect() } else { Vec::new() },
        from: number("from_port"),
        to: number("to_port"),
        protocol,
    }
}

fn value_of<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
}
