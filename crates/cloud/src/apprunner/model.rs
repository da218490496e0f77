//! What App Runner says, in our own types. Unknown words stay words.

use crate::Millis;
use serde::Deserialize;
use serde_json::Value;

/// A service. Its configuration stays as AWS writes it, so that it goes back as it came.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AppService {
    /// Name, 4 to 40 characters.
    pub service_name: String,
    /// Id, which the names of its log groups hold.
    pub service_id: String,
    /// ARN.
    pub service_arn: String,
    /// The host that it answers at, without a scheme.
    pub service_url: String,
    /// When it was made.
    pub created_at: Option<Millis>,
    /// When it was changed last.
    pub updated_at: Option<Millis>,
    /// `CREATE_FAILED`, `RUNNING`, `DELETED`, `DELETE_FAILED`, `PAUSED`, `OPERATION_IN_PROGRESS`, or a later word.
    pub status: String,
    /// Where its image or its code comes from, and how it is run.
    pub source_configuration: Value,
    /// Processor, memory, instance role.
    pub instance_configuration: Value,
    /// Key; it cannot be changed.
    pub encryption_configuration: Value,
    /// How its health is judged.
    pub health_check_configuration: Value,
    /// Revision of its auto scaling configuration, without sizes.
    pub auto_scaling_configuration_summary: Value,
    /// Ways in and out.
    pub network_configuration: Value,
    /// Tracing.
    pub observability_configuration: Value,
}

impl AppService {
    /// The image reference as it is configured; `None` for a service that is built from code.
    pub fn image(&self) -> Option<&str> {
        self.repository()["ImageIdentifier"].as_str()
    }

    /// `ECR` or `ECR_PUBLIC`.
    pub fn image_type(&self) -> Option<&str> {
        self.repository()["ImageRepositoryType"].as_str()
    }

    /// How its image is run: `Port`, `StartCommand`, variables and secrets. Null for a service without an image.
    pub fn image_configuration(&self) -> &Value {
        &self.repository()["ImageConfiguration"]
    }

    /// The port that it listens on; 8080 where it does not say.
    pub fn port(&self) -> &str {
        self.image_configuration()["Port"].as_str().unwrap_or("8080")
    }

    /// The command that takes the place of the image's own.
    pub fn start_command(&self) -> Option<&str> {
        self.image_configuration()["StartCommand"].as_str()
    }

    /// Whether a pushed image starts a deployment by itself.
    pub fn deploys_by_itself(&self) -> bool {
        self.source_configuration["AutoDeploymentsEnabled"] == true
    }

    /// Whether it answers from outside of a VPC.
    pub fn is_public(&self) -> bool {
        self.network_configuration["IngressConfiguration"]["IsPubliclyAccessible"] != false
    }

    /// ARN of the VPC connector that its own connections go through.
    pub fn connector(&self) -> Option<&str> {
        self.network_configuration["EgressConfiguration"]["VpcConnectorArn"].as_str()
    }

    /// ARN of the revision of its auto scaling configuration.
    pub fn scaling(&self) -> Option<&str> {
        self.auto_scaling_configuration_summary["AutoScalingConfigurationArn"].as_str()
    }

    /// Names of the variables that secrets and parameters fill.
    pub fn secrets(&self) -> Vec<&str> {
        let secrets = self.image_configuration()["RuntimeEnvironmentSecrets"].as_object();
        secrets.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    /// Its log group: `application` is what the program says, `service` what App Runner says of it.
    pub fn log_group(&self, of: &str) -> String {
        format!("/aws/apprunner/{}/{}/{of}", self.service_name, self.service_id)
    }

    fn repository(&self) -> &Value {
        &self.source_configuration["ImageRepository"]
    }
}

/// A service in a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AppSummary {
    /// Name.
    pub service_name: String,
    /// ARN.
    pub service_arn: String,
    /// As of a service.
    pub status: String,
}

/// What was done to a service, or is being done: one at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AppOperation {
    /// Unique within its service.
    pub id: String,
    /// `CREATE_SERVICE`, `UPDATE_SERVICE`, `START_DEPLOYMENT`, `PAUSE_SERVICE`, `RESUME_SERVICE`, `DELETE_SERVICE`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// `PENDING`, `IN_PROGRESS`, `FAILED`, `SUCCEEDED`, `ROLLBACK_IN_PROGRESS`, `ROLLBACK_FAILED`,
    /// `ROLLBACK_SUCCEEDED`, or a word of a later API.
    pub status: String,
    /// When it began.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// When it last moved.
    pub updated_at: Option<Millis>,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationState {
    /// Under way; words that are not known count as that, so that only a deadline ends the wait for them.
    Going,
    /// What was asked for failed, and App Runner puts back what ran before.
    RollingBack,
    /// Done.
    Succeeded,
    /// Failed, with nothing put back: for a new service there is nothing to put back.
    Failed,
    /// Failed, and what ran before runs again.
    RolledBack,
    /// Failed, and what ran before could not be put back.
    RollbackFailed,
}

impl AppOperation {
    /// Where it stands.
    pub fn state(&self) -> OperationState {
        match self.status.as_str() {
            "SUCCEEDED" => OperationState::Succeeded,
            "FAILED" => OperationState::Failed,
            "ROLLBACK_IN_PROGRESS" => OperationState::RollingBack,
            "ROLLBACK_SUCCEEDED" => OperationState::RolledBack,
            "ROLLBACK_FAILED" => OperationState::RollbackFailed,
            _ => OperationState::Going,
        }
    }

    /// Whether it has not ended: another one is refused meanwhile.
    pub fn is_going(&self) -> bool {
        matches!(self.state(), OperationState::Going | OperationState::RollingBack)
    }
}

/// A revision of an auto scaling configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AppScaling {
    /// ARN of the revision.
    pub auto_scaling_configuration_arn: String,
    /// Name, 4 to 32 characters.
    pub auto_scaling_configuration_name: String,
    /// Counts up from 1.
    pub auto_scaling_configuration_revision: u32,
    /// `ACTIVE` or `INACTIVE`, in either case; absent in some answers.
    pub status: String,
    /// Requests at a time that an instance takes.
    pub max_concurrency: Option<u32>,
    /// Instances that are kept.
    pub min_size: Option<u32>,
    /// Instances at most.
    pub max_size: Option<u32>,
}

impl AppScaling {
    /// Whether services may be given it.
    pub fn is_active(&self) -> bool {
        !self.status.eq_ignore_ascii_case("INACTIVE")
    }
}

/// A VPC connector.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VpcConnector {
    /// Name, 4 to 40 characters.
    pub vpc_connector_name: String,
    /// ARN.
    pub vpc_connector_arn: String,
    /// Ids.
    pub subnets: Vec<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
}

impl VpcConnector {
    /// Whether services may be given it.
    pub fn is_active(&self) -> bool {
        !self.status.eq_ignore_ascii_case("INACTIVE")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_status_of_a_later_api_is_not_taken_for_an_end() {
        let table = [
            ("PENDING", OperationState::Going, true),
            ("IN_PROGRESS", OperationState::Going, true),
            ("DRAINING_FOR_A_WHILE", OperationState::Going, true),
            ("ROLLBACK_IN_PROGRESS", OperationState::RollingBack, true),
            ("SUCCEEDED", OperationState::Succeeded, false),
            ("FAILED", OperationState::Failed, false),
            ("ROLLBACK_SUCCEEDED", OperationState::RolledBack, false),
            ("ROLLBACK_FAILED", OperationState::RollbackFailed, false),
        ];
        for (status, state, going) in table {
            let wire = json!({"Id": "1", "Type": "UPDATE_SERVICE", "Status": status, "StartedAt": 1.5});
            let operation: AppOperation = serde_json::from_value(wire).unwrap();
            assert_eq!((operation.state(), operation.is_going()), (state, going), "{status}");
            assert_eq!(
                (operation.kind.as_str(), operation.started_at),
                ("UPDATE_SERVICE", Some(Millis(1500)))
            );
        }
    }
}
