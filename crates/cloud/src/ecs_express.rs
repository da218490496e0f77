//! ECS Express Mode: what a service for the web is made of. The service behind it is an ordinary one of ECS.

use crate::wire::{Nature, call};
use crate::{CallError, Cloud, Millis, Tag};
use serde::Deserialize;
use serde_json::{Value, json};

/// A service of Express Mode.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExpressService {
    /// ARN, that of the ECS service behind it, too.
    pub service_arn: String,
    /// Name.
    pub service_name: String,
    /// ARN of the role that makes what is around it.
    pub infrastructure_role_arn: Option<String>,
    /// Where it stands.
    pub status: ExpressStatus,
    /// ARN of the deployment that goes on, or went last.
    pub current_deployment: Option<String>,
    /// Configurations in force, as AWS writes them: two while one takes the other's place. In no order that AWS names.
    pub active_configurations: Vec<Value>,
    /// Tags, when asked for.
    pub tags: Vec<Tag>,
}

/// Where a service of Express Mode stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExpressStatus {
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status_code: String,
    /// Why.
    pub status_reason: Option<String>,
}

impl ExpressService {
    /// The configuration that was made last.
    pub fn newest(&self) -> Option<&Value> {
        let made =
            |configuration: &&Value| Millis::deserialize(&configuration["createdAt"]).unwrap_or_default();
        // Of two that were made at once the one named first is taken.
        self.active_configurations.iter().rev().max_by_key(made)
    }

    /// The address that AWS gave it: the first public one, else the first.
    pub fn url(&self) -> Option<String> {
        let paths = self.newest()?["ingressPaths"].as_array()?;
        let public = paths.iter().find(|path| path["accessType"] == "PUBLIC");
        let endpoint = public.or(paths.first())?["endpoint"].as_str()?;
        let url = if endpoint.contains("://") { endpoint.to_owned() } else { format!("https://{endpoint}") };
        Some(url.trim_end_matches('/').to_owned())
    }
}

impl Cloud {
    /// A service of Express Mode with its tags, by the ARN of the service; `None` when it is none, or deleted.
    pub async fn express_service(&self, arn: &str) -> Result<Option<ExpressService>, CallError> {
        let name = "ecs:DescribeExpressGatewayService";
        let input = json!({"serviceArn": arn, "include": ["TAGS"]});
        let answer = match call!(self, ecs.describe_express_gateway_service, Nature::Read, name, input) {
            Err(error)
                if matches!(error.code(), Some("ResourceNotFoundException" | "ServiceNotFoundException")) =>
            {
                return Ok(None);
            }
            answer => answer?,
        };
        let service = ExpressService::deserialize(&answer.body["service"])
            .map_err(|error| CallError::unreadable(name, error))?;
        Ok((service.status.status_code != "INACTIVE").then_some(service))
    }
}
