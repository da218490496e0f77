//! Guards: what is known to go wrong, looked for in a plan before it is applied. Each can be switched off by its name.

mod names;
mod ports;
#[cfg(test)]
mod tests;

use super::expect::matches;
use super::show::{Looks, Shown};
use super::sources::{Found, pull_without_platform};
use super::table::Action;
use holdpoint_plan::kinds::{GuardName, TerraformPlanExpect};
use holdpoint_run::Judgement;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Something that a guard found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    pub(crate) guard: GuardName,
    pub(crate) address: String,
    /// The value that is wrong.
    pub(crate) value: String,
    /// Why it is.
    pub(crate) reason: String,
    /// What mends it.
    pub(crate) repair: String,
    /// It stops the step; others are only told.
    pub(crate) stops: bool,
}

impl Finding {
    /// As in outputs.
    pub(crate) fn view(&self) -> Value {
        json!({
            "guard": word(self.guard), "address": self.address, "value": self.value, "reason": self.reason,
            "repair": self.repair, "stops": self.stops,
        })
    }

    /// As an expectation that does not hold.
    pub(crate) fn judgement(&self) -> Judgement {
        Judgement {
            what: format!("guard {}", word(self.guard)),
            expected: "nothing of the kind".into(),
            found: format!("{} ({}): {}. {}", self.address, self.value, self.reason, self.repair),
            holds: !self.stops,
            assumed: false,
        }
    }
}

/// A guard's name as a plan writes it.
pub(crate) fn word(guard: GuardName) -> String {
    json!(guard).as_str().unwrap_or_default().to_owned()
}

/// What guards look for as a plan is read.
#[derive(Default)]
pub(crate) struct Watch {
    findings: Vec<Finding>,
    /// Endpoints that are there: VPC and service to address.
    endpoints: BTreeMap<(String, String), String>,
    wanted: Vec<(String, String, String)>,
    /// Ids of endpoints that the plan takes away: AWS still says that they are there.
    leaving: BTreeSet<String>,
    /// Databases that will be there with a version that is known.
    databases: Vec<Wanted>,
}

/// A database of a plan, and the version that it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    address: String,
    /// Its identifier at AWS.
    pub(crate) id: String,
    pub(crate) is_cluster: bool,
    version: String,
}

impl Looks for Watch {
    fn change(&mut self, entry: &Value) {
        let change = &entry["change"];
        let action = Action::of(change);
        let one = One {
            address: entry["address"].as_str().unwrap_or_default(),
            kind: entry["type"].as_str().unwrap_or_default(),
            action,
            before: &change["before"],
            after: &change["after"],
            before_sensitive: &change["before_sensitive"],
            after_sensitive: &change["after_sensitive"],
        };
        if entry["mode"] == "data" {
            return;
        }
        self.endpoint(&one);
        if matches!(action, Action::NoOp | Action::Read) {
            return;
        }
        self.findings.extend(downgrade(&one));
        self.database(&one);
        self.findings.extend(names::length(&one));
        self.findings.extend(ports::open(&one));
        self.findings.extend(stateful(&one));
        self.findings.extend(skip_destroy(&one));
    }
}

/// One resource as guards see it.
pub(super) struct One<'v> {
    pub(super) address: &'v str,
    pub(super) kind: &'v str,
    pub(super) action: Action,
    pub(super) before: &'v Value,
    pub(super) after: &'v Value,
    before_sensitive: &'v Value,
    after_sensitive: &'v Value,
}

impl One<'_> {
    /// Whether it will be there with new values.
    pub(super) fn is_made(&self) -> bool {
        matches!(self.action, Action::Create | Action::Update | Action::Replace)
    }

    /// A text of before, unless it is sensitive.
    fn was(&self, name: &str) -> Option<&str> {
        (self.before_sensitive[name] != true).then(|| self.before[name].as_str())?
    }

    /// A text of after, unless it is sensitive or not known yet.
    pub(super) fn is(&self, name: &str) -> Option<&str> {
        (self.after_sensitive[name] != true).then(|| self.after[name].as_str())?
    }
}

/// What a run is pinned to.
pub(crate) struct Pinned<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
}

impl Watch {
    fn endpoint(&mut self, one: &One<'_>) {
        if one.kind != "aws_vpc_endpoint" {
            return;
        }
        if one.action == Action::Delete {
            self.leaving.extend(one.was("id").map(str::to_owned));
        } else if let (Some(vpc), Some(service)) = (one.was("vpc_id"), one.was("service_name")) {
            self.endpoints.insert((vpc.to_owned(), service.to_owned()), one.address.to_owned());
        }
        if let (Some(vpc), Some(service), Action::Create) =
            (one.is("vpc_id"), one.is("service_name"), one.action)
        {
            self.wanted.push((vpc.to_owned(), service.to_owned(), one.address.to_owned()));
        }
    }

    fn database(&mut self, one: &One<'_>) {
        let (name, is_cluster) = match one.kind {
            "aws_db_instance" => ("identifier", false),
            "aws_rds_cluster" => ("cluster_identifier", true),
            _ => return,
        };
        if let (true, Some(id), Some(version)) = (one.is_made(), one.is(name), one.is("engine_version")) {
            self.databases.push(Wanted {
                address: one.address.to_owned(),
                id: id.to_owned(),
                is_cluster,
                version: version.to_owned(),
            });
        }
    }

    /// Databases whose versions the plan knows.
    pub(crate) fn wanted_databases(&self) -> Vec<Wanted> {
        self.databases.clone()
    }

    /// A database runs this version now, whatever the state says.
    pub(crate) fn database_runs(&mut self, of: &Wanted, runs: &str) {
        let is_known = self
            .findings
            .iter()
            .any(|known| known.guard == GuardName::EngineDowngrade && known.address == of.address);
        if is_lower(&of.version, runs) && !is_known {
            self.findings.push(lower(&of.address, runs, &of.version, ", as AWS says,"));
        }
    }

    /// VPC and service of each endpoint that the plan creates, with its address.
    pub(crate) fn wanted_endpoints(&self) -> &[(String, String, String)] {
        &self.wanted
    }

    /// An endpoint that AWS says is there already.
    pub(crate) fn endpoint_is_there(&mut self, vpc: &str, service: &str, id: &str) {
        if !self.leaving.contains(id) {
            self.endpoints.entry((vpc.to_owned(), service.to_owned())).or_insert_with(|| id.to_owned());
        }
    }

    /// All that was found, without what is switched off. What `expect` names as deleted or replaced is meant.
    pub(crate) fn findings(
        mut self,
        shown: &Shown,
        sources: &Found,
        backend: &Value,
        pinned: &Pinned<'_>,
        expect: &TerraformPlanExpect,
        off: &[GuardName],
    ) -> Vec<Finding> {
        let mut seen = BTreeMap::new();
        for (vpc, service, address) in &self.wanted {
            let key = (vpc.clone(), service.clone());
            let other = self.endpoints.get(&key).or_else(|| seen.get(&key)).cloned();
            seen.insert(key, address.clone());
            if let Some(other) = other {
                self.findings.push(Finding {
                    guard: GuardName::DuplicateEndpoint,
                    address: address.clone(),
                    value: format!("{service} in {vpc}"),
                    reason: format!("the VPC has an endpoint for this service already: {other}"),
                    repair: format!(
                        "Take it over with `import {{ to = {address} id = \"<its id>\" }}`, or leave this resource out by a flag (`count`)"
                    ),
                    stops: true,
                });
            }
        }
        self.findings.extend(sources.commands.iter().filter_map(|command| {
            Some(Finding {
                guard: GuardName::DockerPullPlatform,
                address: command.of.clone(),
                value: pull_without_platform(&command.text)?,
                reason: format!(
                    "{}: without `--platform` the image of this machine's own architecture is pulled, which Fargate and App Runner may not run",
                    command.place
                ),
                repair: "Write `docker pull --platform linux/amd64 …`, or mirror the image with `image.mirror`".into(),
                stops: true,
            })
        }));
        self.findings.extend(providers(shown, pinned));
        self.findings.extend(backend_pin(backend, pinned));
        let meant = |finding: &Finding| {
            let lists = [&expect.delete, &expect.replace].into_iter().flatten().flatten();
            finding.guard == GuardName::StatefulDelete
                && lists.into_iter().any(|pattern| pattern != "*" && matches(pattern, &finding.address))
        };
        self.findings.retain(|finding| !off.contains(&finding.guard) && !meant(finding));
        self.findings
    }
}

fn downgrade(one: &One<'_>) -> Option<Finding> {
    let kinds = [
        "aws_db_instance",
        "aws_rds_cluster",
        "aws_rds_cluster_instance",
        "aws_docdb_cluster",
        "aws_neptune_cluster",
        "aws_elasticache_replication_group",
        "aws_elasticache_cluster",
        "aws_rds_global_cluster",
    ];
    if !kinds.contains(&one.kind) || !one.is_made() {
        return None;
    }
    let (was, is) = (one.was("engine_version")?, one.is("engine_version")?);
    // What runs may be newer than what was asked for: AWS applies minor versions by itself.
    let runs = one.was("engine_version_actual").unwrap_or(was);
    is_lower(is, runs).then(|| lower(one.address, runs, is, ""))
}

/// Whether a version that is asked for is below the one that runs; what is no version is below nothing.
fn is_lower(asked: &str, runs: &str) -> bool {
    match (version(asked), version(runs)) {
        (Some(asked), Some(runs)) => asked < prefix(runs, asked.len()),
        (Some(_) | None, _) => false,
    }
}

fn lower(address: &str, runs: &str, is: &str, says: &str) -> Finding {
    Finding {
        guard: GuardName::EngineDowngrade,
        address: address.to_owned(),
        value: format!("engine_version {runs} to {is}"),
        reason:
            "an engine cannot go to a lower version: AWS refuses it, and a replacement would lose the data"
                .into(),
        repair: format!("Set `engine_version = \"{runs}\"`, the version that{says} runs"),
        stops: true,
    }
}

fn version(text: &str) -> Option<Vec<u64>> {
    let parts: Vec<u64> = text.split(['.', '-', '_']).map_while(|part| part.parse().ok()).collect();
    (!parts.is_empty()).then_some(parts)
}

/// `15` asks for any 15: only as many parts are compared as are asked for.
fn prefix(mut version: Vec<u64>, length: usize) -> Vec<u64> {
    version.truncate(length);
    version
}

fn stateful(one: &One<'_>) -> Option<Finding> {
    let kinds = [
        "aws_db_instance",
        "aws_rds_cluster",
        "aws_rds_cluster_instance",
        "aws_s3_bucket",
        "aws_efs_file_system",
        "aws_dynamodb_table",
        "aws_docdb_cluster",
        "aws_neptune_cluster",
        "aws_elasticache_replication_group",
        "aws_opensearch_domain",
        "aws_elasticsearch_domain",
        "aws_redshift_cluster",
        "aws_ebs_volume",
        "aws_kms_key",
        "aws_ecr_repository",
        "aws_secretsmanager_secret",
        "aws_cognito_user_pool",
        "aws_fsx_lustre_file_system",
        "aws_msk_cluster",
        "aws_kinesis_stream",
        "aws_sqs_queue",
        "aws_backup_vault",
    ];
    let what = match one.action {
        Action::Delete => "deleted",
        Action::Replace => "destroyed and made anew",
        Action::NoOp
        | Action::Read
        | Action::Create
        | Action::Update
        | Action::Forget
        | Action::Import
        | Action::Other => return None,
    };
    if !kinds.contains(&one.kind) {
        return None;
    }
    let name = ["identifier", "cluster_identifier", "bucket", "name", "id"]
        .into_iter()
        .find_map(|name| one.was(name));
    Some(Finding {
        guard: GuardName::StatefulDelete,
        address: one.address.to_owned(),
        value: format!("{} is {what}", name.unwrap_or(one.address)),
        reason: "it holds data, which goes with it".into(),
        repair: "If that is meant, name its address in `expect` under `delete` or `replace`; else add `prevent_destroy` and find out what forces it".into(),
        stops: true,
    })
}

fn skip_destroy(one: &One<'_>) -> Option<Finding> {
    let lost = matches!(one.action, Action::Replace | Action::Delete);
    if one.kind != "aws_ecs_task_definition"
        || !lost
        || one.before["skip_destroy"] == true
        || one.after["skip_destroy"] == true
    {
        return None;
    }
    let revision = one.before["revision"].as_u64().map(|revision| format!(":{revision}")).unwrap_or_default();
    Some(Finding {
        guard: GuardName::SkipDestroy,
        address: one.address.to_owned(),
        value: format!("{}{revision}", one.was("family").unwrap_or("the revision that runs")),
        reason: "Terraform deregisters the revision that it replaces, and a deregistered revision cannot be deployed again".into(),
        repair: "Set `skip_destroy = true`. Holdpoint rolls back by a copy of what is pinned, other tools cannot".into(),
        stops: false,
    })
}

/// What providers are configured with: constants, and variables whose values the plan has.
fn providers(shown: &Shown, pinned: &Pinned<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (key, provider) in &shown.providers {
        let is_aws = provider["full_name"].as_str().is_some_and(|name| name.ends_with("/hashicorp/aws"))
            || provider["name"] == "aws";
        if !is_aws {
            continue;
        }
        let has_alias = provider["alias"].is_string();
        let own = &provider["expressions"];
        let finding = |value: String, reason: String, repair: &str| Finding {
            guard: GuardName::ProviderPin,
            address: format!("provider {key}"),
            value,
            reason,
            repair: repair.to_owned(),
            stops: true,
        };
        let region = shown.value_of(&own["region"]).and_then(|value| value.as_str().map(str::to_owned));
        // A second provider with a name is there to be of another region, for a certificate or a replica.
        if let Some(region) = region.filter(|region| region != pinned.region && !has_alias) {
            found.push(finding(
                format!("region {region}"),
                format!("the run is pinned to {}", pinned.region),
                "Let the region come from the environment, or change the plan's target",
            ));
        }
        let lists = [("allowed_account_ids", true), ("forbidden_account_ids", false)];
        for (name, must) in lists {
            let Some(Value::Array(accounts)) = shown.value_of(&own[name]) else { continue };
            let there = accounts.iter().any(|account| account.as_str() == Some(pinned.account));
            if there != must {
                found.push(finding(
                    format!("{name} {}", Value::Array(accounts)),
                    format!("the run is pinned to account {}", pinned.account),
                    "Take the right variables file, or change the plan's target",
                ));
            }
        }
        for role in own["assume_role"].as_array().into_iter().flatten() {
            let arn = shown.value_of(&role["role_arn"]).and_then(|value| value.as_str().map(str::to_owned));
            if let Some(arn) =
                arn.filter(|arn| account_of(arn).is_some_and(|account| account != pinned.account))
            {
                found.push(finding(
                    format!("assume_role {arn}"),
                    format!(
                        "the role is of another account than {}, to which the run is pinned",
                        pinned.account
                    ),
                    "Let the run's own identity be used: the pin cannot speak for another account",
                ));
            }
        }
    }
    found
}

/// The backend as `init` wrote it down.
fn backend_pin(backend: &Value, pinned: &Pinned<'_>) -> Vec<Finding> {
    let own = &backend["backend"];
    if own["type"] != "s3" {
        return Vec::new();
    }
    let config = &own["config"];
    let bucket = config["bucket"].as_str().unwrap_or("?");
    let finding = |value: String, reason: String| Finding {
        guard: GuardName::BackendPin,
        address: "backend s3".into(),
        value,
        reason,
        repair: "Set it by `backend_config`, or switch this guard off if the state is meant to be kept there"
            .into(),
        stops: true,
    };
    let mut found = Vec::new();
    if let Some(region) = config["region"].as_str().filter(|region| *region != pinned.region) {
        found.push(finding(
            format!("bucket {bucket} in {region}"),
            format!("the run is pinned to {}", pinned.region),
        ));
    }
    let roles = [&config["role_arn"], &config["assume_role"]["role_arn"]];
    for arn in roles.into_iter().filter_map(Value::as_str) {
        if account_of(arn).is_some_and(|account| account != pinned.account) {
            found.push(finding(
                format!("bucket {bucket} by {arn}"),
                format!("the role is of another account than {}", pinned.account),
            ));
        }
    }
    found
}

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| account.len() == 12)
}
