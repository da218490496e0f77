//! AWS App Runner: services, their operations, and what they are made with.
//!
//! App Runner is JSON 1.0, knows no client tokens and has no waiters. Its lists say with `NextToken` that there is more.

mod model;

pub use model::{AppOperation, AppScaling, AppService, AppSummary, OperationState, VpcConnector};

use crate::ecs::typed;
use crate::wire::{Answer, Nature, call};
use crate::{CallError, Cloud};
use serde_json::{Value, json};

/// Operations that are looked at, newest first: those of one run are among them.
const OPERATIONS: usize = 60;

/// Reads all pages of a list: `$member` of each answer to `$operation`.
macro_rules! pages {
    ($cloud:expr, $operation:ident, $name:expr, $input:expr, $member:expr, $most:expr) => {{
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut input = $input.clone();
            if let Some(token) = &token {
                input["NextToken"] = json!(token);
            }
            let answer = call!($cloud, apprunner.$operation, Nature::Read, $name, input)?;
            found.extend(typed::<Vec<_>>($name, &answer, $member)?);
            let next = answer.body["NextToken"].as_str().map(str::to_owned);
            if next.is_none() || next == token || found.len() >= $most {
                break;
            }
            token = next;
        }
        found
    }};
}

impl Cloud {
    /// Sends a call of App Runner that changes something, by its name: `apprunner:CreateService`, `UpdateService`,
    /// `StartDeployment`, `PauseService`, `ResumeService`, `DeleteService`, `CreateAutoScalingConfiguration`,
    /// `CreateVpcConnector`. `None` for any other name.
    pub(crate) async fn change_apprunner(
        &self,
        name: &str,
        input: &Value,
    ) -> Option<Result<Answer, CallError>> {
        let nature = Nature::Change;
        Some(match name {
            "apprunner:CreateService" => call!(self, apprunner.create_service, nature, name, input),
            "apprunner:UpdateService" => call!(self, apprunner.update_service, nature, name, input),
            "apprunner:StartDeployment" => call!(self, apprunner.start_deployment, nature, name, input),
            "apprunner:PauseService" => call!(self, apprunner.pause_service, nature, name, input),
            "apprunner:ResumeService" => call!(self, apprunner.resume_service, nature, name, input),
            "apprunner:DeleteService" => call!(self, apprunner.delete_service, nature, name, input),
            "apprunner:CreateAutoScalingConfiguration" => {
                call!(self, apprunner.create_auto_scaling_configuration, nature, name, input)
            }
            "apprunner:CreateVpcConnector" => {
                call!(self, apprunner.create_vpc_connector, nature, name, input)
            }
            _ => return None,
        })
    }

    /// Every service that is listed, all pages. A deleted one may be listed for a while.
    pub async fn app_services(&self) -> Result<Vec<AppSummary>, CallError> {
        let name = "apprunner:ListServices";
        let input = json!({"MaxResults": 20});
        let found: Vec<AppSummary> =
            pages!(self, list_services, name, input, "ServiceSummaryList", usize::MAX);
        Ok(found)
    }

    /// A service by ARN; `None` when App Runner does not know it, or knows it as deleted.
    pub async fn app_service(&self, arn: &str) -> Result<Option<AppService>, CallError> {
        let name = "apprunner:DescribeService";
        let input = json!({"ServiceArn": arn});
        match call!(self, apprunner.describe_service, Nature::Read, name, input) {
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            answer => {
                let service: AppService = typed(name, &answer?, "Service")?;
                Ok((service.status != "DELETED").then_some(service))
            }
        }
    }

    /// A service by name or ARN. App Runner describes by ARN alone, so that a name is looked for in the list.
    pub async fn app_service_named(&self, service: &str) -> Result<Option<AppService>, CallError> {
        if service.starts_with("arn:") {
            return self.app_service(service).await;
        }
        let listed = self.app_services().await?;
        let found =
            listed.into_iter().find(|found| found.service_name == service && found.status != "DELETED");
        match found {
            Some(found) => self.app_service(&found.service_arn).await,
            None => Ok(None),
        }
    }

    /// The newest operations of a service, newest first; empty for one that is gone.
    pub async fn app_operations(&self, arn: &str) -> Result<Vec<AppOperation>, CallError> {
        let name = "apprunner:ListOperations";
        let input = json!({"ServiceArn": arn, "MaxResults": 20});
        let read =
            async { Ok(pages!(self, list_operations, name, input, "OperationSummaryList", OPERATIONS)) };
        let mut found: Vec<AppOperation> = match read.await {
            Err(CallError::Refused { code, .. }) if code == "ResourceNotFoundException" => Vec::new(),
            found => found?,
        };
        found.sort_by_key(|operation| std::cmp::Reverse(operation.started_at));
        Ok(found)
    }

    /// An auto scaling configuration by ARN.
    pub async fn app_scaling(&self, arn: &str) -> Result<Option<AppScaling>, CallError> {
        let name = "apprunner:DescribeAutoScalingConfiguration";
        let input = json!({"AutoScalingConfigurationArn": arn});
        match call!(self, apprunner.describe_auto_scaling_configuration, Nature::Read, name, input) {
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            answer => Ok(Some(typed(name, &answer?, "AutoScalingConfiguration")?)),
        }
    }

    /// The active revisions of an auto scaling configuration, newest first, with their numbers.
    pub async fn app_scalings(&self, of: &str) -> Result<Vec<AppScaling>, CallError> {
        let name = "apprunner:ListAutoScalingConfigurations";
        let input = json!({"AutoScalingConfigurationName": of, "LatestOnly": false, "MaxResults": 100});
        let member = "AutoScalingConfigurationSummaryList";
        let listed: Vec<AppScaling> =
            pages!(self, list_auto_scaling_configurations, name, input, member, usize::MAX);
        let mut found = Vec::new();
        // The list tells neither sizes nor concurrency: each is described.
        for listed in listed.into_iter().filter(AppScaling::is_active) {
            found.extend(self.app_scaling(&listed.auto_scaling_configuration_arn).await?);
        }
        found.retain(AppScaling::is_active);
        found.sort_by_key(|found| std::cmp::Reverse(found.auto_scaling_configuration_revision));
        Ok(found)
    }

    /// The active VPC connectors, all pages.
    pub async fn vpc_connectors(&self) -> Result<Vec<VpcConnector>, CallError> {
        let name = "apprunner:ListVpcConnectors";
        let input = json!({"MaxResults": 100});
        let mut found: Vec<VpcConnector> =
            pages!(self, list_vpc_connectors, name, input, "VpcConnectors", usize::MAX);
        found.retain(VpcConnector::is_active);
        Ok(found)
    }

    /// A VPC connector by ARN.
    pub async fn vpc_connector(&self, arn: &str) -> Result<Option<VpcConnector>, CallError> {
        let name = "apprunner:DescribeVpcConnector";
        let input = json!({"VpcConnectorArn": arn});
        match call!(self, apprunner.describe_vpc_connector, Nature::Read, name, input) {
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            answer => Ok(Some(typed(name, &answer?, "VpcConnector")?)),
        }
    }

    /// ARNs of the VPC ingress connections that lead to a service: it cannot be deleted while there are any.
    pub async fn vpc_ingresses(&self, service: &str) -> Result<Vec<String>, CallError> {
        let name = "apprunner:ListVpcIngressConnections";
        let input = json!({"Filter": {"ServiceArn": service}, "MaxResults": 100});
        let member = "VpcIngressConnectionSummaryList";
        let found: Vec<Value> = pages!(self, list_vpc_ingress_connections, name, input, member, usize::MAX);
        let arns = found.iter().filter(|found| found["ServiceArn"].as_str().is_none_or(|arn| arn == service));
        Ok(arns.filter_map(|found| found["VpcIngressConnectionArn"].as_str().map(str::to_owned)).collect())
    }

    /// The value of a tag of a resource of App Runner.
    pub async fn app_tag(&self, arn: &str, key: &str) -> Result<Option<String>, CallError> {
        let name = "apprunner:ListTagsForResource";
        let input = json!({"ResourceArn": arn});
        let answer = match call!(self, apprunner.list_tags_for_resource, Nature::Read, name, input) {
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
            answer => answer?,
        };
        let tags = answer.body["Tags"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = tags.iter().find(|tag| tag["Key"] == key);
        Ok(found.and_then(|tag| tag["Value"].as_str().map(str::to_owned)))
    }
}
