//! `network.check`: subnets, VPC endpoints, security groups, and that no database is open to the world.

mod openings;

use super::assuming;
use crate::failure::{arguments, failed};
use crate::look::{Found, Look, equal, judged, list};
use async_trait::async_trait;
use holdpoint_cloud::{CallError, Cloud, RouteTable, SecurityGroup, Subnet, VpcConnector, VpcEndpoint};
use holdpoint_engine::Task;
use holdpoint_plan::kinds::{NetworkCheck, NetworkExpect, SubnetExpect, SubnetType};
use holdpoint_run::{Diagnosis, Judgement};
use openings::{WHY, dangers, opens};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The kind `network.check`.
pub(crate) struct Network {
    pub(crate) cloud: Cloud,
    pub(crate) assumed: bool,
}

#[async_trait]
impl Look for Network {
    fn kind(&self) -> &'static str {
        "network.check"
    }

    fn summary(&self, task: &Task) -> Result<String, Diagnosis> {
        let with: NetworkCheck = arguments(&task.with)?;
        if with.subnets.is_empty() && with.vpc.is_none() && with.security_groups.is_empty() {
            return Err(Diagnosis::of("`network.check` names neither subnets nor a VPC nor security groups")
                .hint("Subnets are never chosen for you: write their ids in `subnets`."));
        }
        if with.vpc.is_none() && with.subnets.is_empty() && !with.endpoints.is_empty() {
            return Err(
                Diagnosis::of("`endpoints` are those of a VPC, and none is named").hint("Write `vpc`.")
            );
        }
        Ok("Look at the network".into())
    }

    async fn look(&self, task: &Task) -> Result<Found, Diagnosis> {
        let with: NetworkCheck = arguments(&task.with)?;
        let expect: NetworkExpect = arguments(&task.expect)?;
        let mut found = Found::default();
        let mut ids: Vec<String> = with.subnets.clone();
        ids.extend(expect.subnets.iter().map(|subnet| subnet.id.clone()));
        ids.sort();
        ids.dedup();
        let subnets = read("The subnets", self.cloud.subnets(&ids).await)?;
        let vpcs: BTreeSet<&str> = with
            .vpc
            .iter()
            .map(String::as_str)
            .chain(subnets.iter().map(|subnet| subnet.vpc.as_str()))
            .collect();
        let tables = self.tables(&vpcs).await?;
        found.judgements.extend(exist("subnet", &ids, subnets.iter().map(|subnet| subnet.id.as_str())));
        if let Some(vpc) = &with.vpc {
            let there = read("The VPC", self.cloud.vpc(vpc).await)?.is_some();
            found.judgements.push(equal(
                format!("VPC {vpc}"),
                "exists",
                if there { "exists" } else { "does not exist" },
            ));
            for subnet in &subnets {
                found.judgements.push(equal(format!("VPC of {}", subnet.id), vpc, &subnet.vpc));
            }
        }
        for wanted in &expect.subnets {
            if let Some(subnet) = subnets.iter().find(|subnet| subnet.id == wanted.id) {
                found.judgements.extend(judge_subnet(wanted, subnet, kind(subnet, &tables)));
            }
        }
        if let Some(connector) = &with.connector {
            found.judgements.push(self.connector(connector, &with.subnets).await?);
        }
        let endpoints = self.endpoints(&vpcs).await?;
        found.judgements.extend(judge_endpoints(&expect, &endpoints, &task.region));
        let existing: Vec<Value> = with
            .endpoints
            .iter()
            .filter_map(|service| {
                let endpoint = endpoints.iter().find(|endpoint| is_of(endpoint, service, &task.region))?;
                Some(json!({"service": service, "id": endpoint.id, "vpc": endpoint.vpc, "state": endpoint.state}))
            })
            .collect();
        if !existing.is_empty() {
            let names: Vec<String> = existing
                .iter()
                .map(|one| format!("{} ({})", text(&one["service"]), text(&one["id"])))
                .collect();
            found.note = Some(format!(
                "exists already: {}. Import it (`terraform import`), or switch its creation off; do not create it again",
                names.join(", ")
            ));
        }
        let groups = self.groups(&with, &expect, &vpcs).await?;
        found.judgements.extend(exist(
            "security group",
            &with.security_groups,
            groups.iter().map(|group| group.id.as_str()),
        ));
        if expect.no_public_database.unwrap_or(true) {
            let dangers = dangers(&groups);
            let told = if dangers.is_empty() {
                format!("none of {} groups opens one", groups.len())
            } else {
                dangers.join("; ")
            };
            found.judgements.push(judged(
                "databases are closed to the internet",
                WHY,
                told,
                dangers.is_empty(),
            ));
        }
        for rule in &expect.rules {
            let group = groups.iter().find(|group| group.id == rule.group);
            let open = group.is_some_and(|group| {
                group.inbound.iter().any(|opening| opening.source == rule.from && opens(opening, rule.port))
            });
            let words = |there: bool| if there { "open" } else { "not open" };
            let told = if group.is_some() { words(open) } else { "the security group does not exist" };
            let expected = rule.present.unwrap_or(true);
            let what = format!("{} port {} from {}", rule.group, rule.port, rule.from);
            found.judgements.push(judged(what, words(expected), told, group.is_some() && open == expected));
        }
        assuming(&mut found.judgements, self.assumed);
        let shown = subnets.iter().map(|subnet| {
            json!({
                "id": subnet.id, "name": subnet.name, "zone": subnet.zone, "cidr": subnet.cidr, "vpc": subnet.vpc,
                "type": kind(subnet, &tables).as_str(), "free_addresses": subnet.free,
            })
        });
        found.outputs = vec![
            ("subnets", shown.collect()),
            ("endpoints", json!(endpoints)),
            ("security_groups", json!(groups)),
            ("existing", json!(existing)),
        ];
        Ok(found)
    }
}

impl Network {
    async fn tables(&self, vpcs: &BTreeSet<&str>) -> Result<Vec<RouteTable>, Diagnosis> {
        let mut found = Vec::new();
        for vpc in vpcs {
            found.extend(read("The route tables", self.cloud.route_tables(vpc).await)?);
        }
        Ok(found)
    }

    async fn endpoints(&self, vpcs: &BTreeSet<&str>) -> Result<Vec<VpcEndpoint>, Diagnosis> {
        let mut found = Vec::new();
        for vpc in vpcs {
            found.extend(read("The VPC endpoints", self.cloud.vpc_endpoints(vpc).await)?);
        }
        Ok(found)
    }

    /// Whether an active connector uses exactly these subnets.
    async fn connector(&self, wanted: &str, subnets: &[String]) -> Result<Judgement, Diagnosis> {
        let all = read("The VPC connectors", self.cloud.vpc_connectors().await)?;
        let is_it = |connector: &&VpcConnector| {
            connector.vpc_connector_arn == wanted || connector.vpc_connector_name == wanted
        };
        let sorted = |ids: &[String]| {
            let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
            list(ids)
        };
        let what = format!("subnets of the connector {wanted}");
        Ok(match all.iter().find(is_it) {
            Some(connector) => equal(what, sorted(subnets), sorted(&connector.subnets)),
            None => judged(what, sorted(subnets), "there is no such connector", false),
        })
    }

    /// The groups that are named, with those of the rules; all of the VPCs where none is named.
    async fn groups(
        &self,
        with: &NetworkCheck,
        expect: &NetworkExpect,
        vpcs: &BTreeSet<&str>,
    ) -> Result<Vec<SecurityGroup>, Diagnosis> {
        let mut ids = with.security_groups.clone();
        ids.extend(expect.rules.iter().map(|rule| rule.group.clone()));
        ids.sort();
        ids.dedup();
        let mut found = Vec::new();
        if with.security_groups.is_empty() {
            for vpc in vpcs {
                found.extend(read("The security groups", self.cloud.security_groups_of(vpc).await)?);
            }
            ids.retain(|id| !found.iter().any(|group| group.id == *id));
        }
        found.extend(read("The security groups", self.cloud.security_groups(&ids).await)?);
        Ok(found)
    }
}

fn read<T>(what: &str, found: Result<T, CallError>) -> Result<T, Diagnosis> {
    found.map_err(|error| failed(&format!("{what} cannot be read"), &error))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn exist<'a>(what: &str, wanted: &[String], found: impl Iterator<Item = &'a str>) -> Vec<Judgement> {
    let found: BTreeSet<&str> = found.collect();
    let judge = |id: &String| {
        let there = found.contains(id.as_str());
        equal(
            format!("{what} {id}"),
            "exists",
            if there { "exists" } else { "does not exist in this account and region" },
        )
    };
    wanted.iter().map(judge).collect()
}

/// By the route table that is the subnet's own, or else its VPC's main one.
fn kind(subnet: &Subnet, tables: &[RouteTable]) -> SubnetType {
    let own = tables.iter().find(|table| table.subnets.contains(&subnet.id));
    let table = own.or_else(|| tables.iter().find(|table| table.main && table.vpc == subnet.vpc));
    let ways = table.into_iter().flat_map(|table| &table.routes);
    let default = |to: &str| to == "0.0.0.0/0" || to == "::/0";
    let out: Vec<&str> = ways
        .filter(|route| default(&route.to) && route.state != "blackhole" && !route.by.is_empty())
        .map(|route| route.by.as_str())
        .collect();
    if out.iter().any(|by| by.starts_with("igw-")) {
        SubnetType::Public
    } else if out.is_empty() {
        SubnetType::Isolated
    } else {
        SubnetType::Private
    }
}

fn judge_subnet(wanted: &SubnetExpect, subnet: &Subnet, kind: SubnetType) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    if let Some(zone) = &wanted.zone {
        judgements.push(equal(format!("zone of {}", wanted.id), zone, &subnet.zone));
    }
    if let Some(name) = &wanted.name {
        judgements.push(equal(
            format!("name of {}", wanted.id),
            name,
            subnet.name.as_deref().unwrap_or("none"),
        ));
    }
    if let Some(wanted_kind) = wanted.kind {
        judgements.push(equal(format!("type of {}", wanted.id), wanted_kind.as_str(), kind.as_str()));
    }
    judgements
}

fn judge_endpoints(expect: &NetworkExpect, endpoints: &[VpcEndpoint], region: &str) -> Vec<Judgement> {
    let wanted = expect.endpoints.present.iter().map(|service| (service, true));
    let unwanted = expect.endpoints.absent.iter().map(|service| (service, false));
    let judge = |(service, should): (&String, bool)| {
        let found: Vec<&VpcEndpoint> =
            endpoints.iter().filter(|endpoint| is_of(endpoint, service, region)).collect();
        let usable = found.iter().any(|endpoint| endpoint.state.eq_ignore_ascii_case("available"));
        let told: Vec<String> =
            found.iter().map(|endpoint| format!("{} is {}", endpoint.id, endpoint.state)).collect();
        let expected = if should { "available" } else { "none" };
        let holds = if should { usable } else { found.is_empty() };
        judged(format!("VPC endpoint of {service}"), expected, list(told.iter().map(String::as_str)), holds)
    };
    wanted.chain(unwanted).map(judge).collect()
}

/// `s3` stands for `com.amazonaws.<region>.s3`.
fn is_of(endpoint: &VpcEndpoint, service: &str, region: &str) -> bool {
    endpoint.service == service
        || endpoint.service.ends_with(&format!(".{region}.{service}"))
            && endpoint.service.starts_with("com.amazonaws.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_cloud::Route;

    #[test]
    fn a_subnet_is_what_its_default_route_makes_of_it() {
        let table = |main: bool, subnets: &[&str], by: &str, state: &str| RouteTable {
            vpc: "vpc-1".into(),
            main,
            subnets: subnets.iter().map(ToString::to_string).collect(),
            routes: vec![Route { to: "0.0.0.0/0".into(), by: by.into(), state: state.into() }],
            ..RouteTable::default()
        };
        let tables = [
            table(true, &[], "nat-1", "active"),
            table(false, &["a"], "igw-1", "active"),
            table(false, &["b"], "nat-2", "blackhole"),
            RouteTable { subnets: vec!["c".into()], ..RouteTable::default() },
        ];
        for (id, expected) in [("a", "public"), ("b", "isolated"), ("c", "isolated"), ("d", "private")] {
            let subnet = Subnet { id: id.into(), vpc: "vpc-1".into(), ..Subnet::default() };
            assert_eq!(kind(&subnet, &tables).as_str(), expected, "{id}");
        }
    }
}
