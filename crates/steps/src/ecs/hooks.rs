//! PAUSE hooks of a deployment: each is a question to the operator, with AWS's own countdown.
//!
//! The hook's id is the question's key, so that it is the same question after a crash. Whoever answers it elsewhere, or
//! AWS when time is up, settles it: the follower sees that and takes the question back.

use super::service::confirmed;
use super::view::{moment, stage_in_words};
use crate::failure::{act_failed, failed, strange};
use holdpoint_cloud::{Cloud, HookDetail, ServiceDeployment};
use holdpoint_engine::{ActError, Observation, Task};
use holdpoint_run::{ActionPlan, Ask, AskOption, At, Diagnosis, External, Question, Receipt};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The call that answers a PAUSE hook.
pub(super) const CONTINUE: &str = "ecs:ContinueServiceDeployment";
/// Option that lets the deployment go on.
const GO_ON: &str = "continue";
/// Option that brings the old revision back.
const BACK: &str = "roll_back";

/// What the operator is asked of a hook that waits.
pub(super) fn question(service: &str, ours: &ServiceDeployment, hook: &HookDetail) -> Question {
    let stage = ours.lifecycle_stage.as_deref().unwrap_or("a lifecycle stage");
    let traffic = ours
        .target_service_revision
        .as_ref()
        .and_then(|target| target.requested_production_traffic_weight)
        .map(|weight| format!(" The new revision has {weight} % of the production traffic."));
    let timeout = hook.timeout_action.as_deref().unwrap_or("ROLLBACK");
    let if_unanswered = match timeout {
        "CONTINUE" => "AWS lets the deployment go on".to_owned(),
        "ROLLBACK" => "AWS rolls the deployment back".to_owned(),
        other => format!("AWS does {other}"),
    };
    let until = match hook.expires_at {
        Some(at) => format!("Unanswered until {}, {if_unanswered}.", moment(at)),
        None => format!("Unanswered, {if_unanswered} when its time is up."),
    };
    let action = |action: &str| ActionPlan {
        call: CONTINUE.into(),
        input: json!({
            "serviceDeploymentArn": ours.service_deployment_arn, "hookId": hook.hook_id, "action": action,
        }),
    };
    let option = |id: &str, title: String, risk: Option<&str>| AskOption {
        id: id.into(),
        title,
        risk: risk.map(str::to_owned),
        details: None,
        recommended: id == GO_ON,
    };
    Question {
        key: hook.hook_id.clone(),
        ask: Ask {
            instructions: format!(
                "The deployment of {service} waits at {} ({stage}).{} {until}",
                stage_in_words(stage),
                traffic.unwrap_or_default()
            ),
            options: vec![
                option(GO_ON, "Go on with the deployment".into(), None),
                option(
                    BACK,
                    "Roll the deployment back".into(),
                    Some("the old revision gets all traffic again"),
                ),
            ],
            ..Ask::default()
        },
        actions: BTreeMap::from([
            (GO_ON.to_owned(), action("CONTINUE")),
            (BACK.to_owned(), action("ROLLBACK")),
        ]),
        reasons: vec![BACK.to_owned()],
        expires_at: hook.expires_at.map(|at| At(at.0)),
        if_unanswered: Some(if_unanswered),
    }
}

/// How a hook that was waiting was settled, when this run did not answer it.
pub(super) fn settled(ours: Option<&ServiceDeployment>, key: &str) -> String {
    let hook = ours.and_then(|ours| ours.lifecycle_hook_details.iter().find(|hook| hook.hook_id == key));
    match hook.map(|hook| (hook.status.as_str(), hook.timeout_action.as_deref())) {
        Some(("TIMED_OUT", action)) => {
            format!("time was up: AWS takes its action, {}", action.unwrap_or("ROLLBACK"))
        }
        Some((status, _)) => format!("it was answered elsewhere or ended with its deployment: {status}"),
        None => "AWS does not show it any more".to_owned(),
    }
}

/// Sends the answer to a hook. One that came too late is no failure of the deployment: what AWS did instead is followed.
pub(super) async fn send(cloud: &Cloud, input: &Value) -> Result<Receipt, ActError> {
    match cloud.change(CONTINUE, input).await {
        Ok(answer) => Ok(receipt(input, answer.request_id, json!({"answered": input["action"]}))),
        Err(error) => {
            let refused = act_failed("The hook was not answered", &error);
            if error.code().is_none() {
                return Err(refused);
            }
            match waits(cloud, input).await {
                Ok(None) => {
                    Ok(receipt(input, None, json!({"late": format!("it was settled before: {error}")})))
                }
                Ok(Some(_)) | Err(_) => Err(refused),
            }
        }
    }
}

/// Whether an answer to a hook took effect: the hook waits no more. Whose answer it was makes no difference to what comes.
pub(super) async fn observe(cloud: &Cloud, task: &Task, input: &Value) -> Result<Observation, Diagnosis> {
    let settled =
        confirmed(task, || async { Ok(waits(cloud, input).await?.is_none().then_some(())) }).await?;
    Ok(match settled {
        Some(()) => Observation::TookEffect(receipt(input, None, json!({"answered": input["action"]}))),
        None => Observation::TookNoEffect { why: format!("the hook {} still waits", input["hookId"]) },
    })
}

/// The hook of an answer, while it waits.
async fn waits(cloud: &Cloud, input: &Value) -> Result<Option<HookDetail>, Diagnosis> {
    let text = |member: &str| input[member].as_str().ok_or_else(|| strange("it names no hook"));
    let (arn, id) = (text("serviceDeploymentArn")?, text("hookId")?);
    let ours = cloud.service_deployment(arn).await;
    let ours = ours.map_err(|error| failed("The deployment's hooks cannot be read", &error))?;
    let hooks = ours.map(|ours| ours.lifecycle_hook_details).unwrap_or_default();
    Ok(hooks.into_iter().find(|hook| hook.hook_id == id && hook.waits()))
}

fn receipt(input: &Value, request_id: Option<String>, body: Value) -> Receipt {
    let id = input["hookId"].as_str().unwrap_or_default().to_owned();
    Receipt { external: vec![External { kind: "lifecycle_hook".into(), id }], request_id, body }
}
