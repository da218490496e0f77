//! VPCs, subnets, route tables and endpoints.

use serde_json::{Value, json};

use super::filter::{asked, of_tag};
use super::{missing, page, tags};
use crate::aws_error::AwsError;
use crate::network::{Endpoint, Network, RouteTable, Subnet, Vpc};
use crate::protocol::query::{moment, texts};
use crate::world::Env;

/// DescribeVpcs.
pub(crate) fn vpcs(network: &Network, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let ids = texts(&input["VpcId"]);
    let absent = |id: &str| missing("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist"));
    let field = |vpc: &Vpc, filter: &str| match filter {
        "vpc-id" => Some(vec![vpc.id.clone()]),
        "cidr" | "cidr-block" | "cidr-block-association.cidr-block" => Some(vec![vpc.cidr.clone()]),
        "is-default" | "isDefault" => Some(vec![vpc.default.to_string()]),
        "state" => Some(vec!["available".to_owned()]),
        "owner-id" => Some(vec![env.account.clone()]),
        other => of_tag(vpc.name.as_deref(), other),
    };
    let found = asked(&network.vpcs, input, &ids, |v| &v.id, absent, field)?;
    let all = found
        .into_iter()
        .map(|vpc| {
            json!({
                "vpcId": vpc.id,
                "ownerId": env.account,
                "state": "available",
                "cidrBlock": vpc.cidr,
                "cidrBlockAssociationSet": {"item": [{
                    "cidrBlock": vpc.cidr,
                    "associationId": format!("vpc-cidr-assoc-{}", bare(&vpc.id)),
                    "cidrBlockState": {"state": "associated"},
                }]},
                "dhcpOptionsId": "default",
                "instanceTenancy": "default",
                "isDefault": vpc.default,
                "tagSet": tags(vpc.name.as_deref()),
            })
        })
        .collect();
    page(all, input, "vpcSet")
}

/// DescribeSubnets.
pub(crate) fn subnets(network: &Network, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let ids = texts(&input["SubnetId"]);
    let absent =
        |id: &str| missing("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist"));
    let field = |subnet: &Subnet, filter: &str| match filter {
        "subnet-id" => Some(vec![subnet.id.clone()]),
        "vpc-id" => Some(vec![subnet.vpc.clone()]),
        "availability-zone" | "availabilityZone" => Some(vec![subnet.zone(env)]),
        "availability-zone-id" => Some(vec![zone_id(&subnet.zone(env))]),
        "cidr" | "cidr-block" | "cidrBlock" => Some(vec![subnet.cidr.clone()]),
        "state" => Some(vec!["available".to_owned()]),
        "map-public-ip-on-launch" => Some(vec![subnet.map_public_ip.to_string()]),
        "default-for-az" | "defaultForAz" => Some(vec![is_default(network, subnet).to_string()]),
        "owner-id" => Some(vec![env.account.clone()]),
        other => of_tag(subnet.name.as_deref(), other),
    };
    let found = asked(&network.subnets, input, &ids, |s| &s.id, absent, field)?;
    let all = found
        .into_iter()
        .map(|subnet| {
            let zone = subnet.zone(env);
            json!({
                "subnetId": subnet.id,
                "subnetArn": env.arn("ec2", &format!("subnet/{}", subnet.id)),
                "state": "available",
                "ownerId": env.account,
                "vpcId": subnet.vpc,
                "cidrBlock": subnet.cidr,
                "ipv6CidrBlockAssociationSet": "",
                "assignIpv6AddressOnCreation": false,
                "availableIpAddressCount": subnet.free_addresses,
                "availabilityZone": zone,
                "availabilityZoneId": zone_id(&zone),
                "defaultForAz": is_default(network, subnet),
                "mapPublicIpOnLaunch": subnet.map_public_ip,
                "ipv6Native": false,
                "tagSet": tags(subnet.name.as_deref()),
            })
        })
        .collect();
    page(all, input, "subnetSet")
}

/// DescribeRouteTables.
pub(crate) fn route_tables(network: &Network, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let ids = texts(&input["RouteTableId"]);
    let absent = |id: &str| {
        missing("InvalidRouteTableID.NotFound", format!("The routeTable ID '{id}' does not exist"))
    };
    let field = |table: &RouteTable, filter: &str| match filter {
        "route-table-id" | "association.route-table-id" => Some(vec![table.id.clone()]),
        "vpc-id" => Some(vec![table.vpc.clone()]),
        "association.subnet-id" => Some(table.subnets.clone()),
        "association.main" => Some(vec![table.main.to_string()]),
        "route.destination-cidr-block" => Some(table.routes.keys().cloned().collect()),
        "route.gateway-id" => Some(targets(table, &["igw-", "vgw-", "local"])),
        "route.nat-gateway-id" => Some(targets(table, &["nat-"])),
        "owner-id" => Some(vec![env.account.clone()]),
        other => of_tag(None, other),
    };
    let found = asked(&network.route_tables, input, &ids, |t| &t.id, absent, field)?;
    let all = found.into_iter().map(|table| route_table(network, env, table)).collect();
    page(all, input, "routeTableSet")
}

/// DescribeVpcEndpoints.
pub(crate) fn endpoints(network: &Network, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let ids = texts(&input["VpcEndpointId"]);
    let absent = |id: &str| {
        missing("InvalidVpcEndpointId.NotFound", format!("The Vpc Endpoint Id '{id}' does not exist"))
    };
    let field = |endpoint: &Endpoint, filter: &str| match filter {
        "vpc-endpoint-id" => Some(vec![endpoint.id.clone()]),
        "vpc-id" => Some(vec![endpoint.vpc.clone()]),
        "service-name" => Some(vec![endpoint.service(env)]),
        "vpc-endpoint-type" => Some(vec![endpoint.kind().to_owned()]),
        "vpc-endpoint-state" => Some(vec![endpoint.state.clone()]),
        other => of_tag(None, other),
    };
    let found = asked(&network.endpoints, input, &ids, |e| &e.id, absent, field)?;
    let all = found
        .into_iter()
        .map(|endpoint| {
            let groups: Vec<Value> = endpoint
                .security_groups
                .iter()
                .map(|id| json!({"groupId": id, "groupName": network.group_name(id)}))
                .collect();
            let tables: Vec<&String> = network
                .route_tables
                .iter()
                .filter(|t| endpoint.kind() == "Gateway" && t.vpc == endpoint.vpc)
                .map(|t| &t.id)
                .collect();
            json!({
                "vpcEndpointId": endpoint.id,
                "vpcEndpointType": endpoint.kind(),
                "vpcId": endpoint.vpc,
                "serviceName": endpoint.service(env),
                "state": endpoint.state,
                "routeTableIdSet": {"item": tables},
                "subnetIdSet": {"item": endpoint.subnets},
                "groupSet": {"item": groups},
                "ipAddressType": "ipv4",
                "privateDnsEnabled": endpoint.kind() == "Interface",
                "requesterManaged": false,
                "networkInterfaceIdSet": "",
                "dnsEntrySet": "",
                "creationTimestamp": moment(env.epoch.wall(0)),
                "tagSet": "",
                "ownerId": env.account,
            })
        })
        .collect();
    page(all, input, "vpcEndpointSet")
}

fn route_table(network: &Network, env: &Env, table: &RouteTable) -> Value {
    let mut associations: Vec<Value> = table
        .subnets
        .iter()
        .map(|subnet| {
            json!({
                "routeTableAssociationId": format!("rtbassoc-{}", bare(subnet)),
                "routeTableId": table.id,
                "subnetId": subnet,
                "main": false,
                "associationState": {"state": "associated"},
            })
        })
        .collect();
    if table.main {
        associations.push(json!({
            "routeTableAssociationId": format!("rtbassoc-{}", bare(&table.id)),
            "routeTableId": table.id,
            "main": true,
            "associationState": {"state": "associated"},
        }));
    }
    let local = network.vpcs.iter().find(|v| v.id == table.vpc).map(|vpc| {
        json!({
            "destinationCidrBlock": vpc.cidr, "gatewayId": "local", "state": "active", "origin": "CreateRouteTable"
        })
    });
    let others = table.routes.iter().map(|(destination, target)| {
        let key =
            if destination.contains("::") { "destinationIpv6CidrBlock" } else { "destinationCidrBlock" };
        json!({ key: destination, target_member(target): target, "state": "active", "origin": "CreateRoute" })
    });
    json!({
        "routeTableId": table.id,
        "vpcId": table.vpc,
        "ownerId": env.account,
        "routeSet": {"item": local.into_iter().chain(others).collect::<Vec<_>>()},
        "associationSet": {"item": associations},
        "propagatingVgwSet": "",
        "tagSet": "",
    })
}

/// By the prefix of its id, the member that names a route's target.
fn target_member(target: &str) -> &'static str {
    match target.split('-').next() {
        Some("nat") => "natGatewayId",
        Some("tgw") => "transitGatewayId",
        Some("pcx") => "vpcPeeringConnectionId",
        Some("eni") => "networkInterfaceId",
        Some("eigw") => "egressOnlyInternetGatewayId",
        Some("i") => "instanceId",
        _ => "gatewayId",
    }
}

fn targets(table: &RouteTable, prefixes: &[&str]) -> Vec<String> {
    let local = "local".to_owned();
    let all = table.routes.values().chain(std::iter::once(&local));
    all.filter(|target| prefixes.iter().any(|p| target.starts_with(p))).cloned().collect()
}

fn is_default(network: &Network, subnet: &Subnet) -> bool {
    network.vpcs.iter().any(|v| v.id == subnet.vpc && v.default)
}

fn bare(id: &str) -> &str {
    id.split_once('-').map_or(id, |(_, rest)| rest)
}

/// `eu-west-1a` → `euw1-az1`.
fn zone_id(zone: &str) -> String {
    let (region, letter) = zone.split_at(zone.len().saturating_sub(1));
    let mut parts = region.split('-');
    let area = parts.next().unwrap_or_default();
    let direction = parts.next().unwrap_or_default();
    let short: String = ["north", "south", "east", "west", "central"]
        .iter()
        .filter(|word| direction.contains(*word))
        .filter_map(|word| word.chars().next())
        .collect();
    let number = parts.next().unwrap_or_default();
    let place = letter.bytes().next().map_or(1, |b| b.saturating_sub(b'a') + 1);
    format!("{area}{short}{number}-az{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_ids() {
        for (zone, id) in
            [("eu-west-1a", "euw1-az1"), ("ap-southeast-2c", "apse2-az3"), ("us-east-1f", "use1-az6")]
        {
            assert_eq!(zone_id(zone), id);
        }
    }
}
