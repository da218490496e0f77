//! What the checks of a plan expect of its account: secrets, networks, databases and metrics, as members of a world.

use holdpoint_plan::kinds::{
    MetricsExpect, NetworkExpect, RdsExpect, SchemaCheck, SchemaExpect, SecretsCheck, SecretsExpect,
    SubnetType,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What checks name, gathered.
#[derive(Default)]
pub(super) struct Account {
    /// Keys by the secret's name.
    secrets: BTreeMap<String, BTreeSet<String>>,
    parameters: BTreeSet<String>,
    subnets: BTreeMap<String, Value>,
    routes: Vec<Value>,
    groups: BTreeMap<String, Vec<Value>>,
    endpoints: BTreeSet<String>,
    vpc: Option<String>,
    databases: BTreeMap<String, Value>,
    metrics: Vec<Value>,
}

impl Account {
    /// Takes what one check names.
    pub(super) fn look(&mut self, uses: &str, with: &Value, expect: &Value) {
        match uses {
            "secrets.check" => self.secrets(with, expect),
            "network.check" => self.network(with, expect),
            "rds.check" => self.database(with, expect),
            "schema.check" => self.schema(with, expect),
            "metrics.check" => self.metric(with, expect),
            _ => {}
        }
    }

    /// Puts it into a world. What is not named is left to the simulator.
    pub(super) fn into_world(self, world: &mut Map<String, Value>) {
        if !self.secrets.is_empty() {
            let secrets = self.secrets.into_iter().map(|(name, keys)| match keys.is_empty() {
                true => json!({"name": name}),
                false => json!({"name": name, "keys": keys}),
            });
            world.insert("secrets".into(), secrets.collect());
        }
        if !self.parameters.is_empty() {
            let parameters = self.parameters.into_iter().map(|name| json!({"name": name}));
            world.insert("parameters".into(), parameters.collect());
        }
        if !self.subnets.is_empty() || !self.groups.is_empty() || self.vpc.is_some() {
            let vpc = self.vpc.unwrap_or_else(|| VPC.to_owned());
            let of_vpc = |mut member: Value| {
                member["vpc"] = json!(vpc);
                member
            };
            let groups = self
                .groups
                .into_iter()
                .map(|(id, ingress)| json!({"id": id, "name": id, "ingress": ingress}));
            let endpoints =
                self.endpoints.iter().map(|service| json!({"service": service, "state": "available"}));
            world.insert(
                "network".into(),
                json!({
                    "vpcs": [{"id": vpc, "cidr": "10.1.0.0/16"}],
                    "subnets": self.subnets.into_values().map(of_vpc).collect::<Vec<_>>(),
                    "route_tables": self.routes.into_iter().map(of_vpc).collect::<Vec<_>>(),
                    "security_groups": groups.map(of_vpc).collect::<Vec<_>>(),
                    "endpoints": endpoints.map(of_vpc).collect::<Vec<_>>(),
                }),
            );
        }
        if !self.databases.is_empty() {
            world.insert("databases".into(), self.databases.into_values().collect());
        }
        if !self.metrics.is_empty() {
            world.insert("metrics".into(), Value::Array(self.metrics));
        }
    }

    fn secrets(&mut self, with: &Value, expect: &Value) {
        let Ok(with) = holdpoint_plan::typed::<SecretsCheck>(with) else { return };
        let expect: SecretsExpect = holdpoint_plan::typed(expect).unwrap_or_default();
        if expect.exist == Some(false) {
            return;
        }
        let (of_parameters, secrets): (Vec<String>, Vec<String>) =
            with.secrets.into_iter().partition(|name| name.starts_with("arn:") && name.contains(":ssm:"));
        self.parameters.extend(with.parameters.iter().chain(&of_parameters).map(|name| parameter(name)));
        for name in secrets {
            let keys = with.keys.get(&name).cloned().unwrap_or_default();
            // A check may name it by its ARN, whose end has six characters of AWS's own.
            if !name.starts_with("arn:") {
                self.secrets.entry(name).or_default().extend(keys);
            }
        }
    }

    fn network(&mut self, with: &Value, expect: &Value) {
        let expect: NetworkExpect = holdpoint_plan::typed(expect).unwrap_or_default();
        if let Some(vpc) = with["vpc"].as_str() {
            self.vpc.get_or_insert_with(|| vpc.to_owned());
        }
        let ids = with["subnets"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let ids: BTreeSet<&str> = ids.chain(expect.subnets.iter().map(|subnet| subnet.id.as_str())).collect();
        for id in ids {
            if self.subnets.contains_key(id) {
                continue;
            }
            let number = self.subnets.len();
            let wanted = expect.subnets.iter().find(|subnet| subnet.id == id);
            let cidr = format!("10.1.{}.0/24", number % 256);
            let mut subnet = json!({"id": id, "cidr": cidr});
            if let Some(zone) = wanted.and_then(|wanted| wanted.zone.as_ref()) {
                subnet["zone"] = json!(zone);
            }
            if let Some(name) = wanted.and_then(|wanted| wanted.name.as_ref()) {
                subnet["name"] = json!(name);
            }
            self.subnets.insert(id.to_owned(), subnet);
            let way = match wanted.and_then(|wanted| wanted.kind) {
                Some(SubnetType::Public) => json!({"0.0.0.0/0": "igw-practice"}),
                Some(SubnetType::Private) => json!({"0.0.0.0/0": "nat-practice"}),
                Some(SubnetType::Isolated) | None => json!({}),
            };
            self.routes.push(json!({"subnets": [id], "routes": way}));
        }
        for group in with["security_groups"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.groups.entry(group.to_owned()).or_default();
        }
        for rule in expect.rules {
            let rules = self.groups.entry(rule.group).or_default();
            if rule.present.unwrap_or(true) {
                let list = if rule.from.contains('/') { "cidrs" } else { "groups" };
                rules.push(json!({"protocol": "tcp", "from": rule.port, "to": rule.port, list: [rule.from]}));
            }
        }
        self.endpoints.extend(expect.endpoints.present);
    }

    fn database(&mut self, with: &Value, expect: &Value) {
        let expect: RdsExpect = holdpoint_plan::typed(expect).unwrap_or_default();
        let (database, cluster) = (with["database"].as_str(), with["cluster"].as_str());
        let Some(id) = database.map(str::to_owned).or_else(|| cluster.map(|cluster| format!("{cluster}-1")))
        else {
            return;
        };
        let data_api = expect.data_api == Some(true);
        let engine = expect.engine.unwrap_or_else(|| {
            if cluster.is_some() || data_api { "aurora-postgresql".to_owned() } else { "postgres".to_owned() }
        });
        // `15.*` is met by any of them; AWS has no version that ends with a star.
        let version = expect.version.or(expect.at_least).unwrap_or_else(|| "16.4".into());
        let version = version.strip_suffix(".*").map_or(version.clone(), |major| format!("{major}.4"));
        let mut made = json!({
            "id": id, "engine": engine, "version": version, "public": expect.public.unwrap_or(false), "data_api": data_api,
        });
        if cluster.is_some() || data_api {
            made["cluster"] = json!(cluster.map_or_else(|| format!("{id}-cluster"), str::to_owned));
        }
        match self.databases.get_mut(&id) {
            None => {
                self.databases.insert(id, made);
            }
            // A check of its schema knows the tables and the Data API; what another one made stands.
            Some(known) if known.get("tables").is_some() => {
                for member in ["engine", "version", "public"] {
                    known[member] = made[member].clone();
                }
            }
            Some(_) => {}
        }
    }

    /// A cluster with every table and column that some step expects to be there. What is expected to be away is, unless
    /// another step expects it: a world that is made has one state.
    fn schema(&mut self, with: &Value, expect: &Value) {
        let Ok(with) = holdpoint_plan::typed::<SchemaCheck>(with) else { return };
        let expect: SchemaExpect = holdpoint_plan::typed(expect).unwrap_or_default();
        let (Some(cluster), Some(secret)) = (&with.cluster, &with.secret) else { return };
        if !secret.starts_with("arn:") {
            self.secrets.entry(secret.clone()).or_default().extend(["username".into(), "password".into()]);
        }
        let id = format!("{cluster}-1");
        let made = self.databases.entry(id.clone()).or_insert_with(|| {
            json!({"id": id, "engine": "aurora-postgresql", "version": "16.4", "public": false, "cluster": cluster})
        });
        made["data_api"] = json!(true);
        if let Some(name) = &with.database {
            made["name"] = json!(name);
        }
        let schema = with.schema.clone().unwrap_or_else(|| "public".to_owned());
        let mut wanted: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        for (name, table) in expect.tables.iter().filter(|(_, table)| table.exists != Some(false)) {
            // A table without a column is none: it gets one that nobody asked about.
            let columns = table.columns.iter().map(|(column, kind)| (column.clone(), kind_of(kind)));
            let columns: Map<String, Value> = columns.collect();
            wanted.entry(name.clone()).or_default().extend(if columns.is_empty() {
                Map::from_iter([("id".to_owned(), json!("bigint not null"))])
            } else {
                columns
            });
        }
        let mut rows: Vec<Value> = Vec::new();
        if let Some(migrations) = &with.migrations {
            let column = Map::from_iter([(migrations.column.clone(), json!("varchar(255) not null"))]);
            wanted.entry(migrations.table.clone()).or_default().extend(column);
            let applied = expect.applied.iter().chain(&expect.migration);
            rows.extend(applied.map(|name| json!({&migrations.column: name})));
        }
        if !made["tables"].is_array() {
            made["tables"] = json!([]);
        }
        let Some(tables) = made["tables"].as_array_mut() else { return };
        for (name, columns) in wanted {
            let own = with.migrations.as_ref().is_some_and(|of| of.table == name);
            let known = tables.iter_mut().find(|table| table["name"] == name && table["schema"] == schema);
            match known {
                Some(table) => {
                    let all = table["columns"].as_object_mut();
                    all.into_iter().for_each(|all| all.extend(columns.clone()));
                    if own && !rows.is_empty() {
                        table["rows"] = json!(rows);
                    }
                }
                None => tables.push(json!({
                    "name": name, "schema": schema, "columns": columns, "rows": if own { rows.clone() } else { Vec::new() },
                })),
            }
        }
    }

    fn metric(&mut self, with: &Value, expect: &Value) {
        let expect: MetricsExpect = holdpoint_plan::typed(expect).unwrap_or_default();
        let (Some(namespace), Some(metric)) = (with["namespace"].as_str(), with["metric"].as_str()) else {
            return;
        };
        let value = expect.at_least.or(expect.at_most).unwrap_or(0.0);
        self.metrics.push(json!({
            "namespace": namespace, "metric": metric, "dimensions": with.get("dimensions").cloned().unwrap_or_else(|| json!({})),
            "values": [value], "period": 60,
        }));
    }
}

/// A column's type as a database has one.
fn kind_of(expected: &str) -> Value {
    let lower = expected.trim().to_lowercase();
    let kind = lower.strip_prefix("any").unwrap_or(&lower).trim();
    match kind {
        "" | "null" => json!("text"),
        "not null" => json!("text not null"),
        kind => json!(kind),
    }
}

/// The VPC of a plan that names none.
const VPC: &str = "vpc-practice";

/// A parameter's name out of what a plan says. Within an ARN a path has lost its slash.
fn parameter(reference: &str) -> String {
    match reference.split_once(":parameter/") {
        Some((_, name)) if name.contains('/') => format!("/{name}"),
        Some((_, name)) => name.to_owned(),
        None => reference.to_owned(),
    }
}
