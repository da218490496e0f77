//! Elastic Load Balancing on the wire, as far as targets and what leads to them are looked at: the Query protocol,
//! API version 2015-12-01. Who the targets are is for ECS to say.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::Micros;
use crate::ecs::addresses::{target_groups, targets};
use crate::protocol::query::{items, moment, number, texts};
use crate::seeded::{digest, hex};
use crate::world::{Env, Estate};

/// Load balancers and target groups of one account and region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Balancing {
    groups: Vec<TargetGroup>,
    balancers: Vec<LoadBalancer>,
    created_at: Micros,
}

/// A target group of a world.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetGroup {
    pub(crate) name: String,
    /// Made from the name unless given.
    #[serde(default)]
    pub(crate) arn: String,
    #[serde(default = "port")]
    pub(crate) port: u16,
    #[serde(default = "http")]
    pub(crate) protocol: String,
    #[serde(default)]
    pub(crate) vpc: Option<String>,
    #[serde(default = "path")]
    pub(crate) health_path: String,
    #[serde(default = "matcher")]
    pub(crate) matcher: String,
}

/// A load balancer of a world.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoadBalancer {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) arn: String,
    /// `internet-facing` or `internal`.
    #[serde(default = "facing")]
    pub(crate) scheme: String,
    #[serde(default)]
    pub(crate) dns_name: String,
    #[serde(default)]
    pub(crate) vpc: Option<String>,
    #[serde(default)]
    pub(crate) subnets: Vec<String>,
    #[serde(default)]
    pub(crate) security_groups: Vec<String>,
    #[serde(default)]
    pub(crate) listeners: Vec<Listener>,
}

/// A listener, and where it leads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    #[serde(default = "port")]
    pub(crate) port: u16,
    #[serde(default = "http")]
    pub(crate) protocol: String,
    /// The name of the target group of its default rule.
    pub(crate) target_group: String,
    #[serde(default)]
    pub(crate) rules: Vec<Rule>,
}

/// A rule before a listener's default one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) priority: u32,
    #[serde(default)]
    pub(crate) path: Option<String>,
    #[serde(default)]
    pub(crate) host: Option<String>,
    pub(crate) target_group: String,
}

fn port() -> u16 {
    80
}

fn http() -> String {
    "HTTP".to_owned()
}

fn path() -> String {
    "/".to_owned()
}

fn matcher() -> String {
    "200".to_owned()
}

fn facing() -> String {
    "internet-facing".to_owned()
}

/// Answers one call.
pub(crate) fn serve(estate: &Estate, operation: &str, input: &Value) -> Result<Value, AwsError> {
    let balancing = &estate.balancing;
    match operation {
        "DescribeTargetGroups" => balancing.describe_groups(estate, input),
        "DescribeTargetHealth" => balancing.describe_health(estate, input),
        "DescribeLoadBalancers" => balancing.describe_balancers(input),
        "DescribeListeners" => balancing.describe_listeners(input),
        "DescribeRules" => balancing.describe_rules(input),
        other => Err(AwsError::not_implemented("elasticloadbalancing", other)),
    }
}

impl Balancing {
    /// Puts a world's groups and balancers there, unless they are there.
    pub(crate) fn stand(
        &mut self,
        env: &Env,
        groups: &[TargetGroup],
        balancers: &[LoadBalancer],
    ) -> Result<(), String> {
        if self.created_at == 0 {
            self.created_at = env.now();
        }
        for group in groups {
            if self.groups.iter().any(|known| known.name == group.name) {
                continue;
            }
            let mut group = group.clone();
            if group.arn.is_empty() {
                group.arn = arn(env, "targetgroup", &group.name);
            }
            self.groups.push(group);
        }
        for balancer in balancers {
            if self.balancers.iter().any(|known| known.name == balancer.name) {
                continue;
            }
            let mut balancer = balancer.clone();
            if balancer.arn.is_empty() {
                balancer.arn = arn(env, "loadbalancer/app", &balancer.name);
            }
            if balancer.dns_name.is_empty() {
                let number = &hex(&digest(&[balancer.arn.as_bytes()]))[..10];
                balancer.dns_name = format!("{}-{number}.{}.elb.amazonaws.com", balancer.name, env.region);
            }
            let rules = balancer.listeners.iter().flat_map(|l| l.rules.iter().map(|r| &r.target_group));
            let named = balancer.listeners.iter().map(|l| &l.target_group).chain(rules);
            for name in named {
                if !self.groups.iter().any(|g| g.name == *name) {
                    return Err(format!("load_balancers: {}: no target group {name}", balancer.name));
                }
            }
            self.balancers.push(balancer);
        }
        Ok(())
    }

    /// As a world has them.
    pub(crate) fn overview(&self) -> Value {
        json!({"target_groups": self.groups, "load_balancers": self.balancers})
    }

    /// The world's groups, and those that ECS registered targets with though no world described them.
    fn all_groups(&self, estate: &Estate) -> Vec<TargetGroup> {
        let mut all = self.groups.clone();
        for arn in target_groups(&estate.ecs) {
            if !all.iter().any(|g| g.arn == arn) {
                let name = arn.split('/').nth(1).unwrap_or_default().to_owned();
                all.push(TargetGroup {
                    name,
                    arn,
                    port: port(),
                    protocol: http(),
                    vpc: None,
                    health_path: path(),
                    matcher: matcher(),
                });
            }
        }
        all
    }

    fn describe_groups(&self, estate: &Estate, input: &Value) -> Result<Value, AwsError> {
        let (arns, names) = (texts(&input["TargetGroupArns"]), texts(&input["Names"]));
        let all = self.all_groups(estate);
        let is_known = |wanted: &&&str| !all.iter().any(|g| g.arn == **wanted || g.name == **wanted);
        if arns.iter().chain(&names).any(|wanted| is_known(&wanted)) {
            return Err(no_group());
        }
        let balancer = input["LoadBalancerArn"].as_str();
        let found = all
            .iter()
            .filter(|g| arns.is_empty() || arns.contains(&g.arn.as_str()))
            .filter(|g| names.is_empty() || names.contains(&g.name.as_str()))
            .filter(|g| balancer.is_none_or(|arn| self.leading_to(g).contains(&arn)))
            .map(|g| {
                json!({
                    "TargetGroupArn": g.arn,
                    "TargetGroupName": g.name,
                    "Protocol": g.protocol,
                    "ProtocolVersion": "HTTP1",
                    "Port": g.port,
                    "VpcId": g.vpc,
                    "HealthCheckProtocol": g.protocol,
                    "HealthCheckPort": "traffic-port",
                    "HealthCheckEnabled": true,
                    "HealthCheckIntervalSeconds": 30,
                    "HealthCheckTimeoutSeconds": 5,
                    "HealthyThresholdCount": 5,
                    "UnhealthyThresholdCount": 2,
                    "HealthCheckPath": g.health_path,
                    "Matcher": {"HttpCode": g.matcher},
                    "LoadBalancerArns": self.leading_to(g),
                    "TargetType": "ip",
                    "IpAddressType": "ipv4",
                })
            })
            .collect();
        page(found, input, "TargetGroups")
    }

    fn describe_health(&self, estate: &Estate, input: &Value) -> Result<Value, AwsError> {
        let wanted = input["TargetGroupArn"].as_str().unwrap_or_default();
        let group = self.all_groups(estate).into_iter().find(|g| g.arn == wanted).ok_or_else(no_group)?;
        // One that no listener leads to is not used; a group that no world described is taken to be.
        let unused = self.groups.iter().any(|g| g.arn == wanted)
            && !self.balancers.is_empty()
            && self.leading_to(&group).is_empty();
        let registered = targets(&estate.ecs, wanted);
        let asked = items(&input["Targets"]);
        let mut all: Vec<Value> = registered
            .iter()
            .filter(|t| {
                asked.is_empty() || asked.iter().any(|a| a["Id"] == json!(t.ip) && fits_port(a, t.port))
            })
            .map(|t| {
                let mut health = json!({"State": t.state, "Reason": t.reason, "Description": t.description});
                if unused {
                    health = json!({
                        "State": "unused",
                        "Reason": "Target.NotInUse",
                        "Description": "Target group is not configured to receive traffic from the load balancer",
                    });
                }
                json!({
                    "Target": {"Id": t.ip, "Port": t.port, "AvailabilityZone": t.zone},
                    "HealthCheckPort": t.port.to_string(),
                    "TargetHealth": health,
                })
            })
            .collect();
        for target in asked {
            let is_there =
                registered.iter().any(|t| target["Id"] == json!(t.ip) && fits_port(target, t.port));
            if !is_there {
                all.push(json!({
                    "Target": {"Id": target["Id"], "Port": number(&target["Port"]).map(|n| n as u64)},
                    "TargetHealth": {
                        "State": "unused",
                        "Reason": "Target.NotRegistered",
                        "Description": "Target is not registered to the target group",
                    },
                }));
            }
        }
        Ok(json!({"TargetHealthDescriptions": all}))
    }

    fn describe_balancers(&self, input: &Value) -> Result<Value, AwsError> {
        let (arns, names) = (texts(&input["LoadBalancerArns"]), texts(&input["Names"]));
        let wanted = arns.iter().chain(&names);
        if let Some(unknown) =
            wanted.into_iter().find(|w| !self.balancers.iter().any(|b| b.arn == ***w || b.name == ***w))
        {
            let message = format!("Load balancers '[{unknown}]' not found");
            return Err(AwsError::new("LoadBalancerNotFound", message));
        }
        let found = self
            .balancers
            .iter()
            .filter(|b| arns.is_empty() || arns.contains(&b.arn.as_str()))
            .filter(|b| names.is_empty() || names.contains(&b.name.as_str()))
            .map(|b| {
                let zones: Vec<Value> = b.subnets.iter().map(|id| json!({"SubnetId": id})).collect();
                json!({
                    "LoadBalancerArn": b.arn,
                    "LoadBalancerName": b.name,
                    "DNSName": b.dns_name,
                    "CanonicalHostedZoneId": "Z0000000000PRACTICE",
                    "CreatedTime": moment(self.created_at),
                    "Scheme": b.scheme,
                    "VpcId": b.vpc,
                    "State": {"Code": "active"},
                    "Type": "application",
                    "AvailabilityZones": zones,
                    "SecurityGroups": b.security_groups,
                    "IpAddressType": "ipv4",
                })
            })
            .collect();
        page(found, input, "LoadBalancers")
    }

    fn describe_listeners(&self, input: &Value) -> Result<Value, AwsError> {
        let (arns, balancer) = (texts(&input["ListenerArns"]), input["LoadBalancerArn"].as_str());
        if balancer.is_some_and(|arn| !self.balancers.iter().any(|b| b.arn == arn)) {
            let message = format!("Load balancer '{}' not found", balancer.unwrap_or_default());
            return Err(AwsError::new("LoadBalancerNotFound", message));
        }
        let mut found = Vec::new();
        for of in self.balancers.iter().filter(|b| balancer.is_none_or(|arn| b.arn == arn)) {
            for listener in &of.listeners {
                let arn = listener_arn(of, listener);
                if arns.is_empty() || arns.contains(&arn.as_str()) {
                    found.push(json!({
                        "ListenerArn": arn,
                        "LoadBalancerArn": of.arn,
                        "Port": listener.port,
                        "Protocol": listener.protocol,
                        "DefaultActions": [self.forward(&listener.target_group)],
                    }));
                }
            }
        }
        if !arns.is_empty() && found.is_empty() {
            return Err(AwsError::new("ListenerNotFound", "One or more listeners not found"));
        }
        page(found, input, "Listeners")
    }

    fn describe_rules(&self, input: &Value) -> Result<Value, AwsError> {
        let wanted = input["ListenerArn"].as_str().unwrap_or_default();
        let found = self
            .balancers
            .iter()
            .flat_map(|b| b.listeners.iter().map(move |l| (listener_arn(b, l), l)))
            .find(|(arn, _)| arn == wanted);
        let Some((arn, listener)) = found else {
            return Err(AwsError::new("ListenerNotFound", "One or more listeners not found"));
        };
        let rule_arn = |name: &str| {
            let id = &hex(&digest(&[arn.as_bytes(), name.as_bytes()]))[..16];
            format!("{}/{id}", arn.replace(":listener/", ":listener-rule/"))
        };
        let mut all: Vec<Value> = listener
            .rules
            .iter()
            .map(|rule| {
                let condition = |field: &str, values: &Option<String>| {
                    values.as_ref().map(|value| json!({"Field": field, "Values": [value]}))
                };
                let conditions: Vec<Value> = condition("path-pattern", &rule.path)
                    .into_iter()
                    .chain(condition("host-header", &rule.host))
                    .collect();
                json!({
                    "RuleArn": rule_arn(&rule.priority.to_string()),
                    "Priority": rule.priority.to_string(),
                    "Conditions": conditions,
                    "Actions": [self.forward(&rule.target_group)],
                    "IsDefault": false,
                })
            })
            .collect();
        all.push(json!({
            "RuleArn": rule_arn("default"),
            "Priority": "default",
            "Conditions": [],
            "Actions": [self.forward(&listener.target_group)],
            "IsDefault": true,
        }));
        page(all, input, "Rules")
    }

    fn forward(&self, group: &str) -> Value {
        let arn = self.groups.iter().find(|g| g.name == group).map(|g| &g.arn);
        json!({"Type": "forward", "TargetGroupArn": arn})
    }

    /// The balancers with a listener or rule that leads to the group.
    fn leading_to(&self, group: &TargetGroup) -> Vec<&str> {
        let leads = |l: &Listener| {
            l.target_group == group.name || l.rules.iter().any(|r| r.target_group == group.name)
        };
        self.balancers.iter().filter(|b| b.listeners.iter().any(leads)).map(|b| b.arn.as_str()).collect()
    }
}

fn arn(env: &Env, kind: &str, name: &str) -> String {
    let id = &hex(&digest(&[env.account.as_bytes(), kind.as_bytes(), name.as_bytes()]))[..16];
    env.arn("elasticloadbalancing", &format!("{kind}/{name}/{id}"))
}

fn listener_arn(of: &LoadBalancer, listener: &Listener) -> String {
    let id = &hex(&digest(&[of.arn.as_bytes(), &listener.port.to_be_bytes()]))[..16];
    format!("{}/{id}", of.arn.replace(":loadbalancer/", ":listener/"))
}

fn fits_port(asked: &Value, port: u64) -> bool {
    number(&asked["Port"]).is_none_or(|wanted| wanted as u64 == port)
}

fn no_group() -> AwsError {
    AwsError::new("TargetGroupNotFound", "One or more target groups not found")
}

/// One page: `PageSize` is 1 to 400.
fn page(all: Vec<Value>, input: &Value, member: &str) -> Result<Value, AwsError> {
    let size = number(&input["PageSize"]).unwrap_or(400.0);
    if !(1.0..=400.0).contains(&size) {
        return Err(AwsError::new("ValidationError", "PageSize must be between 1 and 400"));
    }
    let (size, from) =
        (size as usize, input["Marker"].as_str().and_then(|m| m.parse::<usize>().ok()).unwrap_or(0));
    let more = all.len() > from + size;
    let mut body = json!({ member: all.into_iter().skip(from).take(size).collect::<Vec<_>>() });
    if more {
        body["NextMarker"] = json!((from + size).to_string());
    }
    Ok(body)
}
