//! The App Runner services that a plan names, as they stood before it.

use holdpoint_plan::kinds::AppCheckExpect;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a plan says of App Runner.
#[derive(Default)]
pub(super) struct Apps {
    standing: BTreeMap<String, Standing>,
    created: BTreeSet<String>,
}

/// A service that a plan uses and does not create.
#[derive(Default)]
struct Standing {
    paused: bool,
    check: AppCheckExpect,
}

impl Apps {
    /// Looks at a step. Members whose values only a run knows are not in `with` and `expect`.
    pub(super) fn look(&mut self, uses: &str, with: &Value, expect: &Value) {
        let Some(kind) = uses.strip_prefix("apprunner.") else { return };
        if kind == "create" {
            self.created.extend(with["name"].as_str().map(str::to_owned));
            return;
        }
        let Some(service) = with["service"].as_str().map(crate::apprunner::name_of) else { return };
        let new = !self.standing.contains_key(service);
        let entry = self.standing.entry(service.to_owned()).or_default();
        if new {
            // What is resumed before anything else is done to it was paused.
            entry.paused = kind == "resume";
        }
        if kind == "check"
            && let Ok(check) = holdpoint_plan::typed::<AppCheckExpect>(expect)
        {
            entry.paused |= new && check.status.as_deref() == Some("PAUSED");
            if new {
                entry.check = check;
            }
        }
    }

    /// The service that answers where no service of ECS does.
    pub(super) fn first(&self) -> Option<&String> {
        self.standing.keys().chain(&self.created).next()
    }

    /// The member `apprunner` of a world; null where the plan names no service that stands.
    pub(super) fn world(&self, account: &str, region: &str) -> Value {
        let standing = || self.standing.iter().filter(|(name, _)| !self.created.contains(*name));
        let connectors: Vec<Value> = standing().filter_map(|(name, of)| connector(name, of)).collect();
        let services: Vec<Value> = standing()
            .map(|(name, of)| {
                let status = if of.paused { "PAUSED" } else { "RUNNING" };
                json!({"name": name, "status": status, "create": create(name, of, account, region)})
            })
            .collect();
        if services.is_empty() {
            return Value::Null;
        }
        json!({"services": services, "vpc_connectors": connectors})
    }
}

fn create(name: &str, of: &Standing, account: &str, region: &str) -> Value {
    let image = of.check.image.clone().filter(|image| image.contains('/'));
    let image = image.unwrap_or_else(|| format!("{account}.dkr.ecr.{region}.amazonaws.com/{name}:before"));
    let public = image.starts_with("public.ecr.aws/");
    let mut run = json!({"Port": of.check.port.unwrap_or(8080).to_string()});
    if let Some(command) = of.check.start_command.as_deref().filter(|command| !command.is_empty()) {
        run["StartCommand"] = json!(command);
    }
    let mut source = json!({
        "AutoDeploymentsEnabled": of.check.auto_deploy.unwrap_or(false),
        "ImageRepository": {
            "ImageIdentifier": image,
            "ImageRepositoryType": if public { "ECR_PUBLIC" } else { "ECR" },
            "ImageConfiguration": run,
        },
    });
    if !public {
        source["AuthenticationConfiguration"] =
            json!({"AccessRoleArn": format!("arn:aws:iam::{account}:role/practice")});
    }
    let mut create = json!({"SourceConfiguration": source});
    if let Some(public) = of.check.public {
        create["NetworkConfiguration"]["IngressConfiguration"] = json!({"IsPubliclyAccessible": public});
    }
    if let Some(connector) = connector(name, of) {
        let short = format!("vpcconnector/{}", connector["VpcConnectorName"].as_str().unwrap_or(name));
        create["NetworkConfiguration"]["EgressConfiguration"] =
            json!({"EgressType": "VPC", "VpcConnectorArn": short});
    }
    create
}

/// The connector that a check expects, by the subnets that it names.
fn connector(name: &str, of: &Standing) -> Option<Value> {
    let subnets = of.check.subnets.as_ref().filter(|subnets| !subnets.is_empty())?;
    let named = of.check.vpc_connector.as_deref().filter(|named| !named.starts_with("arn:"));
    let mut input = json!({"VpcConnectorName": named.unwrap_or(name), "Subnets": subnets});
    if let Some(groups) = of.check.security_groups.as_ref().filter(|groups| !groups.is_empty()) {
        input["SecurityGroups"] = json!(groups);
    }
    Some(input)
}
