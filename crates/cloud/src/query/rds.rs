//! Amazon RDS: databases and clusters.

use super::{Form, Service, Tree};
use crate::{CallError, Cloud};
use serde::Serialize;

/// Where a page of RDS says that there is another one, and how it is asked for.
const PAGES: (&str, &str) = ("Marker", "Marker");

/// A database instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Database {
    /// Its identifier.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The cluster that it belongs to.
    pub cluster: Option<String>,
    /// E.g. `postgres`, `aurora-postgresql`.
    pub engine: String,
    /// E.g. `15.12`.
    pub version: String,
    /// `available`, `creating`, ….
    pub status: String,
    /// Its host; none while it is created.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// Whether its host has a public address.
    pub public: bool,
    /// The VPC that it is in.
    pub vpc: Option<String>,
    /// Its subnets.
    pub subnets: Vec<String>,
    /// Its security groups.
    pub groups: Vec<String>,
}

/// A cluster of Aurora, or of several zones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DatabaseCluster {
    /// Its identifier.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// E.g. `aurora-postgresql`.
    pub engine: String,
    /// E.g. `15.12`.
    pub version: String,
    /// `available`, `creating`, ….
    pub status: String,
    /// The writer's host.
    pub host: Option<String>,
    /// The readers' host.
    pub reader: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// Whether the Data API is switched on.
    pub data_api: bool,
    /// Identifiers of its instances, the writer first.
    pub members: Vec<String>,
    /// Its security groups.
    pub groups: Vec<String>,
}

impl Cloud {
    /// A database; `None` when there is none of that identifier.
    pub async fn database(&self, id: &str) -> Result<Option<Database>, CallError> {
        let fields = vec![("DBInstanceIdentifier".to_owned(), id.to_owned())];
        let found = self.databases_by(fields).await;
        // The code stands without "Fault" on the wire; the shape of the model has it.
        absent(found, &["DBInstanceNotFound", "DBInstanceNotFoundFault"])
    }

    /// Every database of the account in the region.
    pub async fn databases(&self) -> Result<Vec<Database>, CallError> {
        self.databases_by(Form::new()).await
    }

    /// A cluster; `None` when there is none of that identifier.
    pub async fn database_cluster(&self, id: &str) -> Result<Option<DatabaseCluster>, CallError> {
        let fields = vec![("DBClusterIdentifier".to_owned(), id.to_owned())];
        let found = self.clusters_by(fields).await;
        absent(found, &["DBClusterNotFoundFault", "DBClusterNotFound"])
    }

    /// Every cluster of the account in the region.
    pub async fn database_clusters(&self) -> Result<Vec<DatabaseCluster>, CallError> {
        self.clusters_by(Form::new()).await
    }

    async fn databases_by(&self, fields: Form) -> Result<Vec<Database>, CallError> {
        self.query_pages(Service::Rds, "DescribeDBInstances", fields, PAGES, |tree| {
            tree.items("DBInstances").map(database).collect()
        })
        .await
    }

    async fn clusters_by(&self, fields: Form) -> Result<Vec<DatabaseCluster>, CallError> {
        self.query_pages(Service::Rds, "DescribeDBClusters", fields, PAGES, |tree| {
            tree.items("DBClusters").map(cluster).collect()
        })
        .await
    }
}

fn absent<T>(found: Result<Vec<T>, CallError>, codes: &[&str]) -> Result<Option<T>, CallError> {
    match found {
        Err(error) if error.code().is_some_and(|code| codes.contains(&code)) => Ok(None),
        found => Ok(found?.into_iter().next()),
    }
}

fn database(item: Tree<'_>) -> Database {
    let endpoint = item.get("Endpoint");
    let subnets = item.get("DBSubnetGroup");
    Database {
        id: item.or_empty("DBInstanceIdentifier"),
        arn: item.or_empty("DBInstanceArn"),
        cluster: item.text("DBClusterIdentifier").filter(|id| !id.is_empty()),
        engine: item.or_empty("Engine"),
        version: item.or_empty("EngineVersion"),
        status: item.or_empty("DBInstanceStatus"),
        host: endpoint.and_then(|endpoint| endpoint.text("Address")).filter(|host| !host.is_empty()),
        port: endpoint.and_then(|endpoint| endpoint.number("Port")),
        public: item.is("PubliclyAccessible"),
        vpc: subnets.and_then(|subnets| subnets.text("VpcId")).filter(|vpc| !vpc.is_empty()),
        subnets: subnets.map_or_else(Vec::new, |subnets| subnets.texts("Subnets", "SubnetIdentifier")),
        groups: item.texts("VpcSecurityGroups", "VpcSecurityGroupId"),
    }
}

fn cluster(item: Tree<'_>) -> DatabaseCluster {
    let mut members: Vec<(bool, String)> = item
        .items("DBClusterMembers")
        .map(|member| (!member.is("IsClusterWriter"), member.or_empty("DBInstanceIdentifier")))
        .collect();
    members.sort();
    DatabaseCluster {
        id: item.or_empty("DBClusterIdentifier"),
        arn: item.or_empty("DBClusterArn"),
        engine: item.or_empty("Engine"),
        version: item.or_empty("EngineVersion"),
        status: item.or_empty("Status"),
        host: item.text("Endpoint").filter(|host| !host.is_empty()),
        reader: item.text("ReaderEndpoint").filter(|host| !host.is_empty()),
        port: item.number("Port"),
        data_api: item.is("HttpEndpointEnabled"),
        members: members.into_iter().map(|(_, id)| id).collect(),
        groups: item.texts("VpcSecurityGroups", "VpcSecurityGroupId"),
    }
}
