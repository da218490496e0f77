//! Amazon ECS: reads in pages and batches, and the calls that change something.

use crate::ecs_deployments::ServiceDeployment;
use crate::model::{Service, ServiceRevision};
use crate::wire::{Answer, Nature, call};
use crate::{CallError, Cloud};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

impl Cloud {
    /// Sends a call of ECS, ECR, App Runner, CloudWatch or its logs that changes something, by its name, e.g. `ecs:UpdateService`. `input` is sent as
    /// it is; a name that is not known here is refused unsent.
    pub async fn change(&self, name: &str, input: &Value) -> Result<Answer, CallError> {
        if let Some(answer) = self.change_apprunner(name, input).await {
            return answer;
        }
        let nature = Nature::Change;
        match name {
            "ecs:RegisterTaskDefinition" => call!(self, ecs.register_task_definition, nature, name, input),
            "ecs:CreateService" => call!(self, ecs.create_service, nature, name, input),
            "ecs:UpdateService" => call!(self, ecs.update_service, nature, name, input),
            "ecs:DeleteService" => call!(self, ecs.delete_service, nature, name, input),
            "ecs:RunTask" => call!(self, ecs.run_task, nature, name, input),
            "ecs:ContinueServiceDeployment" => {
                call!(self, ecs.continue_service_deployment, nature, name, input)
            }
            "ecr:CreateRepository" => call!(self, ecr.create_repository, nature, name, input),
            "ecs:StopServiceDeployment" => call!(self, ecs.stop_service_deployment, nature, name, input),
            "ecs:CreateExpressGatewayService" => {
                call!(self, ecs.create_express_gateway_service, nature, name, input)
            }
            "ecs:UpdateExpressGatewayService" => {
                call!(self, ecs.update_express_gateway_service, nature, name, input)
            }
            "ecs:DeleteExpressGatewayService" => {
                call!(self, ecs.delete_express_gateway_service, nature, name, input)
            }
            "logs:CreateLogGroup" => call!(self, logs.create_log_group, nature, name, input),
            "logs:PutRetentionPolicy" => call!(self, logs.put_retention_policy, nature, name, input),
            "cloudwatch:PutMetricAlarm" => self.change_cloudwatch("PutMetricAlarm", input).await,
            "cloudwatch:DeleteAlarms" => self.change_cloudwatch("DeleteAlarms", input).await,
            "cloudwatch:SetAlarmState" => self.change_cloudwatch("SetAlarmState", input).await,
            _ => Err(CallError::Unreachable {
                call: name.to_owned(),
                why: "this version does not know the call".to_owned(),
            }),
        }
    }

    /// A service with its tags; `None` when it is missing or was deleted.
    pub async fn service(&self, cluster: &str, service: &str) -> Result<Option<Service>, CallError> {
        Ok(self.services(cluster, &[service.to_owned()]).await?.into_iter().next())
    }

    /// Services with their tags, ten a call (AWS's limit). Missing and deleted ones are left out.
    pub async fn services(&self, cluster: &str, names: &[String]) -> Result<Vec<Service>, CallError> {
        let name = "ecs:DescribeServices";
        let mut found = Vec::new();
        for names in names.chunks(10) {
            let input = json!({"cluster": cluster, "services": names, "include": ["TAGS"]});
            let answer = call!(self, ecs.describe_services, Nature::Read, name, input)?;
            refuse_failures(name, &answer)?;
            found.extend(typed::<Vec<Service>>(name, &answer, "services")?);
        }
        found.retain(|service| service.status != "INACTIVE");
        Ok(found)
    }

    /// The newest deployments of a service, newest first, at most `most`; empty for a service that is missing.
    pub async fn service_deployments(
        &self,
        cluster: &str,
        service: &str,
        most: u32,
    ) -> Result<Vec<ServiceDeployment>, CallError> {
        let name = "ecs:ListServiceDeployments";
        let input = json!({"cluster": cluster, "service": service, "maxResults": most.min(100)});
        let answer = match call!(self, ecs.list_service_deployments, Nature::Read, name, input) {
            Err(error) if error.code() == Some("ServiceNotFoundException") => return Ok(Vec::new()),
            answer => answer?,
        };
        let mut found: Vec<ServiceDeployment> = typed(name, &answer, "serviceDeployments")?;
        found.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
        Ok(found)
    }

    /// One service deployment in full; `None` when AWS does not know it.
    pub async fn service_deployment(&self, arn: &str) -> Result<Option<ServiceDeployment>, CallError> {
        let name = "ecs:DescribeServiceDeployments";
        let input = json!({"serviceDeploymentArns": [arn]});
        let answer = match call!(self, ecs.describe_service_deployments, Nature::Read, name, input) {
            // Of a service that was deleted, AWS forgets the deployments too.
            Err(error)
                if matches!(
                    error.code(),
                    Some("ServiceDeploymentNotFoundException" | "ServiceNotFoundException")
                ) =>
            {
                return Ok(None);
            }
            answer => answer?,
        };
        Ok(typed::<Vec<ServiceDeployment>>(name, &answer, "serviceDeployments")?.into_iter().next())
    }

    /// Service revisions, twenty a call (AWS's limit).
    pub async fn service_revisions(&self, arns: &[String]) -> Result<Vec<ServiceRevision>, CallError> {
        let name = "ecs:DescribeServiceRevisions";
        let mut found = Vec::new();
        for arns in arns.chunks(20) {
            let input = json!({"serviceRevisionArns": arns});
            let answer = call!(self, ecs.describe_service_revisions, Nature::Read, name, input)?;
            found.extend(typed::<Vec<ServiceRevision>>(name, &answer, "serviceRevisions")?);
        }
        Ok(found)
    }

    /// A task definition by ARN, `family:revision` or family (its latest active revision), as AWS writes it, with its
    /// tags beside it: `{"taskDefinition": {…}, "tags": […]}`. `None` when there is none.
    pub async fn task_definition(&self, name: &str) -> Result<Option<Value>, CallError> {
        let call_name = "ecs:DescribeTaskDefinition";
        let input = json!({"taskDefinition": name, "include": ["TAGS"]});
        match call!(self, ecs.describe_task_definition, Nature::Read, call_name, input) {
            Ok(answer) => Ok(Some(answer.body)),
            // "Unable to describe task definition." is all that AWS says of one that does not exist.
            Err(CallError::Refused { code, message, .. })
                if code == "ClientException" && message.contains("Unable to describe task definition") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// ARNs of the newest active revisions of a family, newest first, at most `most` (100 is AWS's limit).
    pub async fn newest_revisions(&self, family: &str, most: u32) -> Result<Vec<String>, CallError> {
        let name = "ecs:ListTaskDefinitions";
        let input = json!({
            "familyPrefix": family, "status": "ACTIVE", "sort": "DESC", "maxResults": most.min(100),
        });
        let answer = call!(self, ecs.list_task_definitions, Nature::Read, name, input)?;
        let arns: Vec<String> = typed(name, &answer, "taskDefinitionArns")?;
        // Despite its name the prefix is a whole family; an endpoint that takes it at its word is narrowed here.
        let whole = |arn: &String| {
            arn.rsplit('/')
                .next()
                .and_then(|tail| tail.rsplit_once(':'))
                .is_some_and(|(name, _)| name == family)
        };
        Ok(arns.into_iter().filter(whole).collect())
    }
}

/// Reads one member of an answer; an absent one is empty.
pub(crate) fn typed<T: DeserializeOwned + Default>(
    name: &str,
    answer: &Answer,
    member: &str,
) -> Result<T, CallError> {
    match answer.body.get(member) {
        None => Ok(T::default()),
        Some(value) => {
            T::deserialize(value).map_err(|error| CallError::unreadable(name, format!("`{member}`: {error}")))
        }
    }
}

/// `failures` that are not MISSING: AWS answers 200 and says no inside.
fn refuse_failures(name: &str, answer: &Answer) -> Result<(), CallError> {
    let failures = answer.body["failures"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(failure) = failures.iter().find(|failure| failure["reason"] != "MISSING") else { return Ok(()) };
    let text = |member: &str| failure[member].as_str().unwrap_or_default().to_owned();
    let (code, arn, detail) = (text("reason"), text("arn"), text("detail"));
    let message = format!("{arn} {detail}").trim().to_owned();
    Err(CallError::Refused { call: name.to_owned(), code, message, request_id: answer.request_id.clone() })
}
