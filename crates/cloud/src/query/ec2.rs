//! Amazon EC2: what a network is made of.

use super::{Form, Service, Tree, filters};
use crate::{CallError, Cloud};
use serde::Serialize;

/// Where a page of EC2 says that there is another one, and how it is asked for.
const PAGES: (&str, &str) = ("nextToken", "NextToken");
/// Values that one filter may have (EC2's documented limit).
const VALUES: usize = 200;

/// A network interface: a Fargate task has one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct NetworkInterface {
    /// `eni-…`.
    pub id: String,
    /// `available`, `in-use`, ….
    pub status: String,
    /// Its VPC.
    pub vpc: String,
    /// Its subnet.
    pub subnet: String,
    /// Its primary private address.
    pub private_ip: Option<String>,
    /// Its public address, where it has one.
    pub public_ip: Option<String>,
    /// Its IPv6 addresses.
    pub ipv6: Vec<String>,
    /// Its security groups.
    pub groups: Vec<String>,
    /// What AWS wrote into its description.
    pub description: String,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// Availability zone by name, e.g. `eu-west-1a`.
    pub zone: String,
    /// Addresses.
    pub cidr: String,
    /// Its tag `Name`.
    pub name: Option<String>,
    /// Whether an instance gets a public address by itself.
    pub public_addresses: bool,
    /// Addresses that are free.
    pub free: Option<u32>,
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Addresses.
    pub cidr: String,
    /// Its tag `Name`.
    pub name: Option<String>,
    /// Whether it is the region's default one.
    pub default: bool,
}

/// A VPC endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VpcEndpoint {
    /// `vpce-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// E.g. `com.amazonaws.eu-west-1.s3`.
    pub service: String,
    /// `Gateway`, `Interface`, ….
    pub kind: String,
    /// `available`, `pending`, ….
    pub state: String,
    /// Its tag `Name`.
    pub name: Option<String>,
    /// Subnets of an interface.
    pub subnets: Vec<String>,
    /// Route tables of a gateway.
    pub route_tables: Vec<String>,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its VPC.
    pub vpc: String,
    /// What it is for.
    pub description: String,
    /// What it lets in; one entry a source.
    pub inbound: Vec<Opening>,
    /// What it lets out; one entry a destination.
    pub outbound: Vec<Opening>,
}

/// Ports that are open for one source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Opening {
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    pub protocol: String,
    /// First port; `None` is all of them.
    pub from: Option<u16>,
    /// Last port.
    pub to: Option<u16>,
    /// A range of addresses, a group, or a prefix list.
    pub source: String,
    /// What it is for.
    pub description: Option<String>,
}

/// A route table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// Whether it is for every subnet that has no other.
    pub main: bool,
    /// The subnets that it is for by name.
    pub subnets: Vec<String>,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Route {
    /// Addresses or a prefix list.
    pub to: String,
    /// `igw-…`, `nat-…`, `local`, ….
    pub by: String,
    /// `active` or `blackhole`.
    pub state: String,
}

impl Cloud {
    /// Network interfaces by id; those that do not exist, or no longer, are left out.
    pub async fn network_interfaces(&self, ids: &[String]) -> Result<Vec<NetworkInterface>, CallError> {
        self.by_ids("DescribeNetworkInterfaces", "network-interface-id", ids, |tree| {
            tree.items("networkInterfaceSet").map(interface).collect()
        })
        .await
    }

    /// Subnets by id; those that do not exist are left out.
    pub async fn subnets(&self, ids: &[String]) -> Result<Vec<Subnet>, CallError> {
        self.by_ids("DescribeSubnets", "subnet-id", ids, |tree| tree.items("subnetSet").map(subnet).collect())
            .await
    }

    /// Every subnet of a VPC.
    pub async fn subnets_of(&self, vpc: &str) -> Result<Vec<Subnet>, CallError> {
        self.by_ids("DescribeSubnets", "vpc-id", &[vpc.to_owned()], |tree| {
            tree.items("subnetSet").map(subnet).collect()
        })
        .await
    }

    /// A VPC; `None` when there is none of that id.
    pub async fn vpc(&self, id: &str) -> Result<Option<Vpc>, CallError> {
        let found = self
            .by_ids("DescribeVpcs", "vpc-id", &[id.to_owned()], |tree| {
                tree.items("vpcSet").map(vpc).collect::<Vec<_>>()
            })
            .await?;
        Ok(found.into_iter().next())
    }

    /// The endpoints of a VPC that are not deleted.
    pub async fn vpc_endpoints(&self, vpc: &str) -> Result<Vec<VpcEndpoint>, CallError> {
        let mut found = self
            .by_ids("DescribeVpcEndpoints", "vpc-id", &[vpc.to_owned()], |tree| {
                tree.items("vpcEndpointSet").map(endpoint).collect::<Vec<_>>()
            })
            .await?;
        found.retain(|endpoint| !endpoint.state.eq_ignore_ascii_case("deleted"));
        Ok(found)
    }

    /// Security groups by id; those that do not exist are left out.
    pub async fn security_groups(&self, ids: &[String]) -> Result<Vec<SecurityGroup>, CallError> {
        self.by_ids("DescribeSecurityGroups", "group-id", ids, |tree| {
            tree.items("securityGroupInfo").map(group).collect()
        })
        .await
    }

    /// The security groups of a VPC.
    pub async fn security_groups_of(&self, vpc: &str) -> Result<Vec<SecurityGroup>, CallError> {
        self.by_ids("DescribeSecurityGroups", "vpc-id", &[vpc.to_owned()], |tree| {
            tree.items("securityGroupInfo").map(group).collect()
        })
        .await
    }

    /// The route tables of a VPC.
    pub async fn route_tables(&self, vpc: &str) -> Result<Vec<RouteTable>, CallError> {
        self.by_ids("DescribeRouteTables", "vpc-id", &[vpc.to_owned()], |tree| {
            tree.items("routeTableSet").map(route_table).collect()
        })
        .await
    }

    /// Filters rather than lists of ids: of the latter a single one that does not exist fails the whole call.
    async fn by_ids<T>(
        &self,
        operation: &'static str,
        filter: &str,
        ids: &[String],
        read: impl Fn(Tree<'_>) -> Vec<T>,
    ) -> Result<Vec<T>, CallError> {
        let mut found = Vec::new();
        for ids in ids.chunks(VALUES) {
            let fields: Form = filters(&[(filter, ids)]);
            found.extend(self.query_pages(Service::Ec2, operation, fields, PAGES, &read).await?);
        }
        Ok(found)
    }
}

fn interface(item: Tree<'_>) -> NetworkInterface {
    NetworkInterface {
        id: item.or_empty("networkInterfaceId"),
        status: item.or_empty("status"),
        vpc: item.or_empty("vpcId"),
        subnet: item.or_empty("subnetId"),
        private_ip: item.text("privateIpAddress").filter(|ip| !ip.is_empty()),
        public_ip: item
            .get("association")
            .and_then(|association| association.text("publicIp"))
            .filter(|ip| !ip.is_empty()),
        ipv6: item.texts("ipv6AddressesSet", "ipv6Address"),
        groups: item.texts("groupSet", "groupId"),
        description: item.or_empty("description"),
    }
}

fn subnet(item: Tree<'_>) -> Subnet {
    Subnet {
        id: item.or_empty("subnetId"),
        vpc: item.or_empty("vpcId"),
        zone: item.or_empty("availabilityZone"),
        cidr: item.or_empty("cidrBlock"),
        name: item.tag("Name"),
        public_addresses: item.is("mapPublicIpOnLaunch"),
        free: item.number("availableIpAddressCount"),
    }
}

fn vpc(item: Tree<'_>) -> Vpc {
    Vpc {
        id: item.or_empty("vpcId"),
        cidr: item.or_empty("cidrBlock"),
        name: item.tag("Name"),
        default: item.is("isDefault"),
    }
}

fn endpoint(item: Tree<'_>) -> VpcEndpoint {
    VpcEndpoint {
        id: item.or_empty("vpcEndpointId"),
        vpc: item.or_empty("vpcId"),
        service: item.or_empty("serviceName"),
        kind: item.or_empty("vpcEndpointType"),
        state: item.or_empty("state"),
        name: item.tag("Name"),
        subnets: item.words_of("subnetIdSet"),
        route_tables: item.words_of("routeTableIdSet"),
    }
}

fn group(item: Tree<'_>) -> SecurityGroup {
    SecurityGroup {
        id: item.or_empty("groupId"),
        name: item.or_empty("groupName"),
        vpc: item.or_empty("vpcId"),
        description: item.or_empty("groupDescription"),
        inbound: item.items("ipPermissions").flat_map(openings).collect(),
        outbound: item.items("ipPermissionsEgress").flat_map(openings).collect(),
    }
}

fn openings(permission: Tree<'_>) -> Vec<Opening> {
    let sources = [
        ("ipRanges", "cidrIp"),
        ("ipv6Ranges", "cidrIpv6"),
        ("groups", "groupId"),
        ("prefixListIds", "prefixListId"),
    ];
    let protocol = permission.or_empty("ipProtocol");
    // ICMP's "ports" are types and codes; −1 is any.
    let port = |name: &str| permission.number::<u16>(name);
    let mut found = Vec::new();
    for (list, member) in sources {
        for item in permission.items(list) {
            found.push(Opening {
                protocol: protocol.clone(),
                from: port("fromPort"),
                to: port("toPort"),
                source: item.or_empty(member),
                description: item.text("description").filter(|text| !text.is_empty()),
            });
        }
    }
    found
}

fn route_table(item: Tree<'_>) -> RouteTable {
    RouteTable {
        id: item.or_empty("routeTableId"),
        vpc: item.or_empty("vpcId"),
        main: item.items("associationSet").any(|association| association.is("main")),
        subnets: item.texts("associationSet", "subnetId"),
        routes: item.items("routeSet").map(route).collect(),
    }
}

fn route(item: Tree<'_>) -> Route {
    let first = |names: &[&str]| {
        names.iter().find_map(|name| item.text(name).filter(|text| !text.is_empty())).unwrap_or_default()
    };
    Route {
        to: first(&["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"]),
        by: first(&[
            "gatewayId",
            "natGatewayId",
            "transitGatewayId",
            "vpcPeeringConnectionId",
            "egressOnlyInternetGatewayId",
            "networkInterfaceId",
            "instanceId",
            "localGatewayId",
            "carrierGatewayId",
            "coreNetworkArn",
        ]),
        state: item.or_empty("state"),
    }
}
