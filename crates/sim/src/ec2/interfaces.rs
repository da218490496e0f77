//! Network interfaces: those of tasks, as ECS attaches them.

use serde_json::{Value, json};

use super::filter::{asked, of_tag};
use super::{missing, page};
use crate::aws_error::AwsError;
use crate::clock::Micros;
use crate::ecs::addresses;
use crate::ecs::model::Ecs;
use crate::network::Network;
use crate::protocol::query::{moment, texts};
use crate::world::Env;

/// A task's interface.
struct Interface {
    id: String,
    mac: String,
    private_ip: String,
    public_ip: Option<String>,
    subnet: String,
    security_groups: Vec<String>,
    zone: String,
    task: String,
    attachment: String,
    attached_at: Option<Micros>,
}

/// DescribeNetworkInterfaces.
pub(crate) fn describe(network: &Network, ecs: &Ecs, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let ids = texts(&input["NetworkInterfaceId"]);
    let absent = |id: &str| {
        missing(
            "InvalidNetworkInterfaceID.NotFound",
            format!("The networkInterface ID '{id}' does not exist"),
        )
    };
    let all: Vec<Interface> = interfaces(ecs).collect();
    let one = |text: Option<&str>| Some(text.map(str::to_owned).into_iter().collect::<Vec<_>>());
    let field = |of: &Interface, filter: &str| match filter {
        "network-interface-id" => one(Some(&of.id)),
        "subnet-id" => one(Some(&of.subnet)),
        "vpc-id" => one(vpc_of(network, of)),
        "availability-zone" => one(Some(&of.zone)),
        "group-id" => Some(of.security_groups.clone()),
        "group-name" => Some(
            of.security_groups.iter().filter_map(|id| network.group_name(id)).map(str::to_owned).collect(),
        ),
        "mac-address" => one(Some(&of.mac)),
        "private-ip-address" | "addresses.private-ip-address" => one(Some(&of.private_ip)),
        "association.public-ip" | "addresses.association.public-ip" => one(of.public_ip.as_deref()),
        "description" => one(Some(&description(env, of))),
        "status" => one(Some("in-use")),
        "interface-type" => one(Some("interface")),
        "requester-managed" => one(Some("true")),
        "owner-id" => one(Some(&env.account)),
        other => of_tag(None, other),
    };
    let found = asked(&all, input, &ids, |i| &i.id, absent, field)?;
    let all = found.into_iter().map(|of| render(network, env, of)).collect();
    page(all, input, "networkInterfaceSet")
}

/// As ECS has them.
fn interfaces(ecs: &Ecs) -> impl Iterator<Item = Interface> {
    addresses::interfaces(ecs).map(|i| Interface {
        id: i.id.to_owned(),
        mac: i.mac.to_owned(),
        private_ip: i.private_ip.to_owned(),
        public_ip: i.public_ip.map(str::to_owned),
        subnet: i.subnet.to_owned(),
        security_groups: i.security_groups.to_vec(),
        zone: i.zone.to_owned(),
        task: i.task.to_owned(),
        attachment: i.attachment.to_owned(),
        attached_at: i.attached_at,
    })
}

fn vpc_of<'a>(network: &'a Network, of: &Interface) -> Option<&'a str> {
    network.subnets.iter().find(|s| s.id == of.subnet).map(|s| s.vpc.as_str())
}

/// ECS writes the attachment into it.
fn description(env: &Env, of: &Interface) -> String {
    env.arn("ecs", &format!("attachment/{}", of.attachment))
}

fn render(network: &Network, env: &Env, of: &Interface) -> Value {
    let association = of.public_ip.as_ref().map(|ip| {
        let name = format!("ec2-{}.{}.compute.amazonaws.com", ip.replace('.', "-"), env.region);
        json!({"publicIp": ip, "publicDnsName": name, "ipOwnerId": "amazon"})
    });
    let dns = format!("ip-{}.{}.compute.internal", of.private_ip.replace('.', "-"), env.region);
    let groups: Vec<Value> = of
        .security_groups
        .iter()
        .map(|id| json!({"groupId": id, "groupName": network.group_name(id)}))
        .collect();
    let task = of.task.rsplit('/').next().unwrap_or_default();
    json!({
        "networkInterfaceId": of.id,
        "subnetId": of.subnet,
        "vpcId": vpc_of(network, of),
        "availabilityZone": of.zone,
        "description": description(env, of),
        "ownerId": env.account,
        "requesterId": format!("{}:{task}", env.account),
        "requesterManaged": true,
        "status": "in-use",
        "macAddress": of.mac,
        "privateIpAddress": of.private_ip,
        "privateDnsName": dns,
        "sourceDestCheck": true,
        "groupSet": {"item": groups},
        "attachment": {
            "attachmentId": format!("eni-attach-{}", of.id.trim_start_matches("eni-")),
            "instanceOwnerId": "amazon-ecs",
            "deviceIndex": 1,
            "status": "attached",
            "attachTime": of.attached_at.map(moment),
            "deleteOnTermination": false,
        },
        "association": association,
        "tagSet": "",
        "privateIpAddressesSet": {"item": [{
            "privateIpAddress": of.private_ip, "privateDnsName": dns, "primary": true, "association": association,
        }]},
        "ipv6AddressesSet": "",
        "interfaceType": "interface",
    })
}
