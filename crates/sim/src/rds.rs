//! RDS on the wire, as far as its databases are looked at: the Query protocol, API version 2014-10-31, and statements for them.

mod catalogue;
pub(crate) mod data;
mod sql;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::Micros;
use crate::protocol::query::{items, moment, number, texts};
use crate::world::Env;

/// Databases of one account and region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Databases {
    instances: Vec<Instance>,
}

#[derive(Debug, Clone)]
struct Instance {
    of: Furnishing,
    /// What makes the endpoints of an account its own.
    label: String,
    created_at: Micros,
}

/// A database of a world: an instance, and its cluster where it names one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Furnishing {
    pub(crate) id: String,
    #[serde(default = "postgres")]
    pub(crate) engine: String,
    pub(crate) version: String,
    /// Reachable from outside of its VPC.
    #[serde(default)]
    pub(crate) public: bool,
    /// The cluster's Data API (`HttpEndpointEnabled`).
    #[serde(default)]
    pub(crate) data_api: bool,
    #[serde(default)]
    pub(crate) cluster: Option<String>,
    #[serde(default = "available")]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) port: Option<u16>,
    #[serde(default = "class")]
    pub(crate) class: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) vpc: Option<String>,
    #[serde(default)]
    pub(crate) subnets: Vec<String>,
    #[serde(default)]
    pub(crate) security_groups: Vec<String>,
    #[serde(default)]
    pub(crate) multi_az: bool,
    /// What statements of the Data API find; of a cluster those of its first instance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tables: Vec<catalogue::Table>,
}

/// Other tables of a database, while it runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Migrated {
    pub(crate) id: String,
    pub(crate) tables: Vec<catalogue::Table>,
}

fn postgres() -> String {
    "postgres".to_owned()
}

fn available() -> String {
    "available".to_owned()
}

fn class() -> String {
    "db.t4g.medium".to_owned()
}

/// Answers one call.
pub(crate) fn serve(
    databases: &Databases,
    env: &Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "DescribeDBInstances" => databases.describe_instances(env, input),
        "DescribeDBClusters" => databases.describe_clusters(env, input),
        "DescribeDBEngineVersions" => databases.describe_versions(input),
        other => Err(AwsError::not_implemented("rds", other)),
    }
}

impl Databases {
    /// Puts a world's database there, unless it is there.
    pub(crate) fn stand(&mut self, env: &mut Env, of: &Furnishing) -> Result<(), String> {
        if of.engine.starts_with("aurora") && of.cluster.is_none() {
            return Err(format!("databases: {}: an instance of {} is in a cluster", of.id, of.engine));
        }
        if of.data_api && of.cluster.is_none() {
            return Err(format!("databases: {}: only a cluster has the Data API", of.id));
        }
        of.tables
            .iter()
            .try_for_each(|table| table.check())
            .map_err(|why| format!("databases: {}: {why}", of.id))?;
        if !self.instances.iter().any(|i| i.of.id == of.id) {
            let label = env.ids.letters(12, b"abcdefghijklmnopqrstuvwxyz0123456789");
            self.instances.push(Instance { of: of.clone(), label, created_at: env.now() });
        }
        Ok(())
    }

    /// Puts other tables in the place of those that a database has; one that is not there is passed over.
    pub(crate) fn migrate(&mut self, to: &Migrated) {
        if let Some(instance) = self.instances.iter_mut().find(|i| i.of.id == to.id) {
            instance.of.tables.clone_from(&to.tables);
        }
    }

    /// As a world has them.
    pub(crate) fn overview(&self) -> Vec<Value> {
        self.instances.iter().map(|i| json!(i.of)).collect()
    }

    fn describe_instances(&self, env: &Env, input: &Value) -> Result<Value, AwsError> {
        let wanted = input["DBInstanceIdentifier"].as_str().map(bare);
        let found: Vec<&Instance> = self
            .instances
            .iter()
            .filter(|i| wanted.is_none_or(|w| i.of.id.eq_ignore_ascii_case(w)))
            .collect();
        if let Some(wanted) = wanted.filter(|_| found.is_empty()) {
            return Err(AwsError::with_status(
                "DBInstanceNotFound",
                404,
                format!("DBInstance {wanted} not found."),
            ));
        }
        let all = filtered(found, input, |i, filter| match filter {
            "db-instance-id" => Some(vec![i.of.id.clone(), instance_arn(env, i)]),
            "db-cluster-id" => Some(i.of.cluster.iter().cloned().collect()),
            "engine" => Some(vec![i.of.engine.clone()]),
            _ => None,
        })?;
        let all = all.into_iter().map(|i| instance(env, i)).collect();
        page(all, input, "DBInstances", "DBInstance")
    }

    fn describe_clusters(&self, env: &Env, input: &Value) -> Result<Value, AwsError> {
        let wanted = input["DBClusterIdentifier"].as_str().map(bare);
        let mut names: Vec<&str> = Vec::new();
        for name in self.instances.iter().filter_map(|i| i.of.cluster.as_deref()) {
            if !names.contains(&name) && wanted.is_none_or(|w| name.eq_ignore_ascii_case(w)) {
                names.push(name);
            }
        }
        if let Some(wanted) = wanted.filter(|_| names.is_empty()) {
            let message = format!("DBCluster {wanted} not found.");
            return Err(AwsError::with_status("DBClusterNotFoundFault", 404, message));
        }
        let firsts: Vec<&Instance> = names.iter().filter_map(|name| self.members(name).next()).collect();
        let all = filtered(firsts, input, |i, filter| match filter {
            "db-cluster-id" => Some(i.of.cluster.iter().cloned().collect()),
            "engine" => Some(vec![i.of.engine.clone()]),
            _ => None,
        })?;
        let all = all.into_iter().map(|i| self.cluster(env, i)).collect();
        page(all, input, "DBClusters", "DBCluster")
    }

    /// The versions that the world's databases have: of others the simulator knows nothing.
    fn describe_versions(&self, input: &Value) -> Result<Value, AwsError> {
        let wanted = |member: &str, is: &str| {
            input[member].as_str().is_none_or(|w| is == w || is.starts_with(&format!("{w}.")))
        };
        let mut seen = Vec::new();
        let mut all = Vec::new();
        for Instance { of, .. } in &self.instances {
            let key = (&of.engine, &of.version);
            if seen.contains(&key)
                || input["Engine"].as_str().is_some_and(|w| w != of.engine)
                || !wanted("EngineVersion", &of.version)
            {
                continue;
            }
            seen.push(key);
            let major = of.version.split('.').next().unwrap_or_default();
            all.push(json!({
                "Engine": of.engine,
                "EngineVersion": of.version,
                "MajorEngineVersion": major,
                "DBParameterGroupFamily": format!("{}{major}", of.engine),
                "DBEngineDescription": of.engine,
                "DBEngineVersionDescription": format!("{} {}", of.engine, of.version),
                "Status": "available",
            }));
        }
        page(all, input, "DBEngineVersions", "DBEngineVersion")
    }

    fn members<'a>(&'a self, cluster: &'a str) -> impl Iterator<Item = &'a Instance> {
        self.instances.iter().filter(move |i| i.of.cluster.as_deref() == Some(cluster))
    }

    fn cluster(&self, env: &Env, first: &Instance) -> Value {
        let of = &first.of;
        let name = of.cluster.clone().unwrap_or_default();
        let members: Vec<Value> = self
            .members(&name)
            .enumerate()
            .map(|(index, i)| {
                json!({
                    "DBInstanceIdentifier": i.of.id,
                    "IsClusterWriter": index == 0,
                    "DBClusterParameterGroupStatus": "in-sync",
                    "PromotionTier": 1,
                })
            })
            .collect();
        let endpoint = |kind: &str| format!("{name}.{kind}-{}.{}.rds.amazonaws.com", first.label, env.region);
        json!({
            "DBClusterIdentifier": name,
            "DBClusterArn": env.arn("rds", &format!("cluster:{name}")),
            "DbClusterResourceId": format!("cluster-{}", first.label.to_uppercase()),
            "Status": of.status,
            "Engine": of.engine,
            "EngineVersion": of.version,
            "EngineMode": "provisioned",
            "Endpoint": endpoint("cluster"),
            "ReaderEndpoint": endpoint("cluster-ro"),
            "Port": port(of),
            "DatabaseName": of.name,
            "MasterUsername": "postgres",
            "MultiAZ": of.multi_az,
            "DBSubnetGroup": format!("{name}-subnets"),
            "HttpEndpointEnabled": self.members(&name).any(|i| i.of.data_api),
            "DBClusterMembers": {"DBClusterMember": members},
            "VpcSecurityGroups": {"VpcSecurityGroupMembership": groups(of)},
            "StorageEncrypted": true,
            "IAMDatabaseAuthenticationEnabled": false,
            "DeletionProtection": false,
            "ClusterCreateTime": moment(first.created_at),
        })
    }
}

fn instance(env: &Env, of: &Instance) -> Value {
    let Instance { of, label, created_at } = of;
    let subnets: Vec<Value> =
        of.subnets.iter().map(|id| json!({"SubnetIdentifier": id, "SubnetStatus": "Active"})).collect();
    json!({
        "DBInstanceIdentifier": of.id,
        "DBInstanceArn": env.arn("rds", &format!("db:{}", of.id)),
        "DbiResourceId": format!("db-{}", label.to_uppercase()),
        "DBInstanceClass": of.class,
        "DBInstanceStatus": of.status,
        "Engine": of.engine,
        "EngineVersion": of.version,
        "DBName": of.name,
        "MasterUsername": "postgres",
        "Endpoint": {
            "Address": format!("{}.{label}.{}.rds.amazonaws.com", of.id, env.region),
            "Port": port(of),
            "HostedZoneId": "Z0000000000PRACTICE",
        },
        "AllocatedStorage": 20,
        "InstanceCreateTime": moment(*created_at),
        "MultiAZ": of.multi_az,
        "AvailabilityZone": format!("{}a", env.region),
        "PubliclyAccessible": of.public,
        "DBClusterIdentifier": of.cluster,
        "VpcSecurityGroups": {"VpcSecurityGroupMembership": groups(of)},
        "DBSubnetGroup": {
            "DBSubnetGroupName": format!("{}-subnets", of.cluster.as_ref().unwrap_or(&of.id)),
            "VpcId": of.vpc,
            "SubnetGroupStatus": "Complete",
            "Subnets": {"Subnet": subnets},
        },
        "StorageEncrypted": true,
        "DeletionProtection": false,
        "IAMDatabaseAuthenticationEnabled": false,
    })
}

fn instance_arn(env: &Env, of: &Instance) -> String {
    env.arn("rds", &format!("db:{}", of.of.id))
}

fn groups(of: &Furnishing) -> Vec<Value> {
    of.security_groups.iter().map(|id| json!({"VpcSecurityGroupId": id, "Status": "active"})).collect()
}

/// The engine's own port unless another was chosen.
fn port(of: &Furnishing) -> u16 {
    of.port.unwrap_or(match of.engine.as_str() {
        engine if engine.contains("mysql") || engine.contains("mariadb") => 3306,
        engine if engine.starts_with("oracle") => 1521,
        engine if engine.starts_with("sqlserver") => 1433,
        _ => 5432,
    })
}

/// The identifier in an ARN, or itself.
fn bare(reference: &str) -> &str {
    reference.rsplit(':').next().unwrap_or(reference)
}

fn filtered<'a>(
    all: Vec<&'a Instance>,
    input: &Value,
    field: impl Fn(&Instance, &str) -> Option<Vec<String>>,
) -> Result<Vec<&'a Instance>, AwsError> {
    let mut fitting = all;
    for filter in items(&input["Filters"]) {
        let name = filter["Name"].as_str().unwrap_or_default();
        let values = texts(&filter["Values"]);
        let unknown = || AwsError::new("InvalidParameterValue", format!("Unrecognized filter name: {name}"));
        if fitting.iter().any(|one| field(one, name).is_none()) {
            return Err(unknown());
        }
        fitting
            .retain(|one| field(one, name).is_some_and(|is| is.iter().any(|v| values.contains(&v.as_str()))));
    }
    Ok(fitting)
}

/// One page: `MaxRecords` is 20 to 100.
fn page(all: Vec<Value>, input: &Value, member: &str, item: &str) -> Result<Value, AwsError> {
    let size = number(&input["MaxRecords"]).unwrap_or(100.0);
    if !(20.0..=100.0).contains(&size) {
        return Err(AwsError::new(
            "InvalidParameterValue",
            format!("Invalid value {size} for MaxRecords. Must be between 20 and 100"),
        ));
    }
    let (size, from) =
        (size as usize, input["Marker"].as_str().and_then(|m| m.parse::<usize>().ok()).unwrap_or(0));
    let more = all.len() > from + size;
    let mut body = json!({ member: {item: all.into_iter().skip(from).take(size).collect::<Vec<_>>()} });
    if more {
        body["Marker"] = json!((from + size).to_string());
    }
    Ok(body)
}
