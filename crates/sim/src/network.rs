//! The network of an account in a region as the world describes it: VPCs, subnets, route tables, security groups, endpoints.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::Env;

/// The member `network` of a world, and what calls make of it. Nothing said: any id exists.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) vpcs: Vec<Vpc>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) subnets: Vec<Subnet>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) security_groups: Vec<SecurityGroup>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) endpoints: Vec<Endpoint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) route_tables: Vec<RouteTable>,
}

/// A VPC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vpc {
    pub(crate) id: String,
    #[serde(default = "cidr")]
    pub(crate) cidr: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) default: bool,
}

/// A subnet. Whether it is public, private or isolated is for its route table to say.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    /// Availability zone; without one the region's first.
    #[serde(default)]
    pub(crate) zone: Option<String>,
    #[serde(default = "subnet_cidr")]
    pub(crate) cidr: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) map_public_ip: bool,
    #[serde(default = "free")]
    pub(crate) free_addresses: u32,
}

/// A security group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecurityGroup {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) ingress: Vec<Rule>,
    /// Without any: everything, as a new group has it.
    #[serde(default)]
    pub(crate) egress: Option<Vec<Rule>>,
}

/// A rule of a security group: who may reach which ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// `tcp`, `udp`, `icmp` or `-1` for all.
    #[serde(default = "tcp")]
    pub(crate) protocol: String,
    #[serde(default)]
    pub(crate) from: Option<i32>,
    #[serde(default)]
    pub(crate) to: Option<i32>,
    #[serde(default)]
    pub(crate) cidrs: Vec<String>,
    /// Ids of groups.
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    #[serde(default)]
    pub(crate) description: Option<String>,
}

/// A VPC endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endpoint {
    /// Made up unless given.
    #[serde(default)]
    pub(crate) id: String,
    pub(crate) vpc: String,
    /// `ecr.api` or the whole `com.amazonaws.<region>.ecr.api`.
    pub(crate) service: String,
    /// `Interface` or `Gateway`; without it what that service has.
    #[serde(default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) subnets: Vec<String>,
    #[serde(default)]
    pub(crate) security_groups: Vec<String>,
    #[serde(default = "available")]
    pub(crate) state: String,
}

/// A route table and the subnets that it is for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteTable {
    /// Made up unless given.
    #[serde(default)]
    pub(crate) id: String,
    pub(crate) vpc: String,
    /// For all subnets of the VPC that no other table is for.
    #[serde(default)]
    pub(crate) main: bool,
    #[serde(default)]
    pub(crate) subnets: Vec<String>,
    /// Destination to target: `{"0.0.0.0/0": "igw-…"}`.
    #[serde(default)]
    pub(crate) routes: std::collections::BTreeMap<String, String>,
}

fn cidr() -> String {
    "10.0.0.0/16".to_owned()
}

fn subnet_cidr() -> String {
    "10.0.0.0/20".to_owned()
}

fn free() -> u32 {
    4091
}

fn tcp() -> String {
    "tcp".to_owned()
}

fn available() -> String {
    "available".to_owned()
}

impl Network {
    /// Whether subnets and groups can be used together: they exist and are of one VPC. Says what is wrong, in EC2's words.
    pub(crate) fn check_use(&self, subnets: &[String], groups: &[String]) -> Result<(), String> {
        if self.subnets.is_empty() && self.vpcs.is_empty() {
            return Ok(());
        }
        let mut vpc: Option<&str> = None;
        for id in subnets {
            let Some(subnet) = self.subnets.iter().find(|s| s.id == *id) else {
                return Err(format!("The subnet ID '{id}' does not exist"));
            };
            if *vpc.get_or_insert(&subnet.vpc) != subnet.vpc {
                return Err("The subnets must be of the same VPC.".to_owned());
            }
        }
        for id in groups {
            let Some(group) = self.security_groups.iter().find(|g| g.id == *id) else {
                return Err(format!("The security group '{id}' does not exist"));
            };
            if vpc.is_some_and(|vpc| vpc != group.vpc) {
                return Err(format!("The security group '{id}' is of another VPC than the subnets."));
            }
        }
        Ok(())
    }

    /// The default group of the VPC that the subnets are of.
    pub(crate) fn default_group(&self, subnets: &[String]) -> Option<String> {
        let vpc = &self.subnets.iter().find(|s| subnets.contains(&s.id))?.vpc;
        self.security_groups.iter().find(|g| g.vpc == *vpc && g.name == "default").map(|g| g.id.clone())
    }

    /// Takes in what a world says; what is there already stays. Every VPC has a main route table and a default group,
    /// whether the world names them or not.
    pub(crate) fn add(&mut self, env: &mut Env, of: &Self) {
        fn missing<T: Clone>(into: &mut Vec<T>, from: &[T], id: impl Fn(&T) -> String) {
            for one in from {
                if !into.iter().any(|known| id(known) == id(one)) {
                    into.push(one.clone());
                }
            }
        }
        missing(&mut self.vpcs, &of.vpcs, |v| v.id.clone());
        missing(&mut self.subnets, &of.subnets, |s| s.id.clone());
        missing(&mut self.security_groups, &of.security_groups, |g| g.id.clone());
        missing(&mut self.endpoints, &of.endpoints, |e| format!("{} {}", e.vpc, e.service));
        missing(&mut self.route_tables, &of.route_tables, |r| {
            format!("{} {} {:?}", r.vpc, r.main, r.subnets)
        });
        for subnet in &self.subnets {
            if !self.vpcs.iter().any(|v| v.id == subnet.vpc) {
                self.vpcs.push(Vpc { id: subnet.vpc.clone(), cidr: cidr(), name: None, default: false });
            }
        }
        for vpc in &self.vpcs {
            if !self.route_tables.iter().any(|t| t.vpc == vpc.id && t.main) {
                let (id, vpc) = (String::new(), vpc.id.clone());
                self.route_tables.push(RouteTable { id, vpc, main: true, ..RouteTable::default() });
            }
            if !self.security_groups.iter().any(|g| g.vpc == vpc.id && g.name == "default") {
                let id = format!("sg-{}", env.ids.hex(17));
                let own = Rule { protocol: "-1".to_owned(), groups: vec![id.clone()], ..Rule::default() };
                self.security_groups.push(SecurityGroup {
                    id,
                    vpc: vpc.id.clone(),
                    name: "default".to_owned(),
                    description: "default VPC security group".to_owned(),
                    ingress: vec![own],
                    egress: None,
                });
            }
        }
        for endpoint in self.endpoints.iter_mut().filter(|e| e.id.is_empty()) {
            endpoint.id = format!("vpce-{}", env.ids.hex(17));
        }
        for table in self.route_tables.iter_mut().filter(|t| t.id.is_empty()) {
            table.id = format!("rtb-{}", env.ids.hex(17));
        }
    }

    /// The name of a group.
    pub(crate) fn group_name(&self, id: &str) -> Option<&str> {
        self.security_groups.iter().find(|g| g.id == id).map(|g| g.name.as_str())
    }

    /// All of it, as a world has it.
    pub(crate) fn overview(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
}

impl Subnet {
    /// Its availability zone.
    pub(crate) fn zone(&self, env: &Env) -> String {
        self.zone.clone().unwrap_or_else(|| format!("{}a", env.region))
    }
}

impl SecurityGroup {
    /// Its rules of egress; everything unless it says something.
    pub(crate) fn egress(&self) -> Vec<Rule> {
        self.egress.clone().unwrap_or_else(Rule::everything)
    }
}

impl Rule {
    /// What a new group lets out.
    pub(crate) fn everything() -> Vec<Self> {
        vec![Self { protocol: "-1".to_owned(), cidrs: vec!["0.0.0.0/0".to_owned()], ..Self::default() }]
    }

    /// Whether two open the same to the same peers, whatever they are described as.
    pub(crate) fn opens_as(&self, other: &Self) -> bool {
        (&self.protocol, self.from, self.to, &self.cidrs, &self.groups)
            == (&other.protocol, other.from, other.to, &other.cidrs, &other.groups)
    }
}

impl Endpoint {
    /// The whole name of its service.
    pub(crate) fn service(&self, env: &Env) -> String {
        if self.service.starts_with("com.amazonaws.") {
            self.service.clone()
        } else {
            format!("com.amazonaws.{}.{}", env.region, self.service)
        }
    }

    /// Gateways are for S3 and DynamoDB, unless the world says otherwise.
    pub(crate) fn kind(&self) -> &str {
        let gateway = self.service.ends_with("s3") || self.service.ends_with("dynamodb");
        self.kind.as_deref().unwrap_or(if gateway { "Gateway" } else { "Interface" })
    }
}
