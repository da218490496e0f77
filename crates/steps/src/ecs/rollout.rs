//! What a rollout has come to: pure judgement of what AWS says about one deployment.

use holdpoint_cloud::{Deployment, Service, ServiceDeployment};

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Target {
    /// The deployment's id, `ecs-svc/…`.
    pub(crate) deployment: String,
    /// ARN of the task definition that it brings.
    pub(crate) task_definition: String,
}

/// What was seen at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sight {
    /// The service; `None` when it is gone.
    pub(crate) service: Option<Service>,
    /// The service deployment that belongs to the target, where AWS shows it.
    pub(crate) ours: Option<ServiceDeployment>,
}

/// What that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing yet.
    Going,
    /// What was asked for is what runs.
    Deployed,
    /// It is not, and AWS does nothing more about it.
    Failed(String),
    /// AWS put back what ran before.
    RolledBack(String),
    /// Somebody else's deployment took its place.
    Superseded {
        /// Its id.
        by: String,
        /// What it brings.
        task_definition: String,
    },
    /// Another deployment brings the same task definition: it is followed instead (ecspresso#899).
    Follow(Deployment),
}

/// Judges. Neither a name of AWS's for "stable" nor a colour counts: only whether the target is the primary deployment
/// with every wanted task running and its rollout complete.
pub(crate) fn judge(target: &Target, sight: &Sight) -> Verdict {
    let Some(service) = sight.service.as_ref().filter(|service| service.is_active()) else {
        return Verdict::Failed("the service was deleted".into());
    };
    match &sight.ours {
        Some(ours) => by_service_deployment(target, service, ours),
        None => by_deployments(target, service),
    }
}

fn by_service_deployment(target: &Target, service: &Service, ours: &ServiceDeployment) -> Verdict {
    let reason = || said(ours.status_reason.clone());
    match ours.status.as_str() {
        "SUCCESSFUL" => deployed_or_not(target, service),
        "ROLLBACK_SUCCESSFUL" => Verdict::RolledBack(rollback_reason(ours)),
        "ROLLBACK_FAILED" => {
            Verdict::Failed(format!("AWS tried to roll it back and failed: {}", rollback_reason(ours)))
        }
        "STOPPED" => match service.primary() {
            Some(primary) if primary.id != target.deployment => replaced(target, primary),
            Some(primary) if primary.rollout_state.as_deref() == Some("FAILED") => Verdict::Failed(
                primary.rollout_state_reason.clone().unwrap_or_else(|| "its rollout failed".into()),
            ),
            // The service was asked a moment before, and does not show the newer deployment, or its end, yet.
            Some(_) if reason().contains("newer service deployment") => Verdict::Going,
            Some(_) if reason().contains("service is being deleted") => {
                Verdict::Failed("the service was deleted".into())
            }
            Some(_) | None => Verdict::Failed(format!("the deployment was stopped: {}", reason())),
        },
        // A breaker without rollback leaves the deployment failed and does nothing more; so does one that has nothing to
        // go back to, at a first deployment.
        "IN_PROGRESS" | "PENDING" => {
            let first = ours.source_service_revisions.is_empty() && ours.rollback.is_none();
            let own = service.deployment(&target.deployment);
            let tripped = ours.deployment_circuit_breaker.as_ref().is_some_and(|it| it.status == "TRIGGERED");
            match own {
                Some(own)
                    if own.rollout_state.as_deref() == Some("FAILED") && (!service.breaker().1 || first) =>
                {
                    let why = own.rollout_state_reason.clone();
                    Verdict::Failed(
                        why.unwrap_or_else(|| "its rollout failed".into()) + nothing_before(first),
                    )
                }
                Some(_) | None if tripped && first => {
                    Verdict::Failed("the circuit breaker tripped".to_owned() + nothing_before(first))
                }
                Some(_) | None => Verdict::Going,
            }
        }
        // ROLLBACK_REQUESTED, ROLLBACK_IN_PROGRESS, STOP_REQUESTED, and words that a later API may add.
        _ => Verdict::Going,
    }
}

fn by_deployments(target: &Target, service: &Service) -> Verdict {
    let own = service.deployment(&target.deployment);
    let primary = service.primary();
    match (own, primary) {
        (Some(own), _) if own.rollout_state.as_deref() == Some("FAILED") => {
            let why = own.rollout_state_reason.clone().unwrap_or_else(|| "its rollout failed".into());
            let alone = service.deployments.len() == 1;
            if !service.breaker().1 || alone {
                return Verdict::Failed(why + nothing_before(alone));
            }
            match primary {
                Some(primary) if primary.id != own.id && primary.is_complete() => Verdict::RolledBack(why),
                Some(_) | None => Verdict::Going,
            }
        }
        (Some(own), Some(primary)) if primary.id == own.id => deployed_or_not(target, service),
        // Not primary any more: draining for another. Its own state, or the events, say why once it is gone.
        (Some(_), Some(primary)) if !primary.is_complete() => Verdict::Going,
        (_, Some(primary)) => match failure_event(service, &target.deployment) {
            Some(message) if primary.is_complete() => Verdict::RolledBack(message),
            Some(_) => Verdict::Going,
            None => replaced(target, primary),
        },
        (_, None) => Verdict::Going,
    }
}

/// SUCCESSFUL may come before all tasks run, and stays after somebody else deployed.
fn deployed_or_not(target: &Target, service: &Service) -> Verdict {
    let Some(primary) = service.primary() else { return Verdict::Going };
    if primary.id != target.deployment {
        return replaced(target, primary);
    }
    if !primary.is_complete() || primary.running_count < primary.desired_count {
        return Verdict::Going;
    }
    if primary.desired_count == 0 {
        return Verdict::Failed("the service wants 0 tasks: nothing runs, so nothing is deployed".into());
    }
    Verdict::Deployed
}

fn nothing_before(first: bool) -> &'static str {
    if first { "; there is no earlier deployment to go back to" } else { "" }
}

fn replaced(target: &Target, primary: &Deployment) -> Verdict {
    if primary.task_definition == target.task_definition {
        return Verdict::Follow(primary.clone());
    }
    Verdict::Superseded { by: primary.id.clone(), task_definition: primary.task_definition.clone() }
}

fn rollback_reason(ours: &ServiceDeployment) -> String {
    let of_rollback = ours.rollback.as_ref().and_then(|rollback| rollback.reason.clone());
    said(of_rollback.filter(|reason| !reason.is_empty()).or_else(|| ours.status_reason.clone()))
}

/// A reason of AWS's, which may be empty.
fn said(reason: Option<String>) -> String {
    reason.filter(|reason| !reason.is_empty()).unwrap_or_else(|| "AWS gives no reason".into())
}

fn failure_event(service: &Service, deployment: &str) -> Option<String> {
    let failed = format!("(deployment {deployment}) deployment failed");
    service.events.iter().find(|event| event.message.contains(&failed)).map(|event| event.message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(id: &str, status: &str, definition: &str, state: &str, counts: (u32, u32)) -> Deployment {
        Deployment {
            id: id.into(),
            status: status.into(),
            task_definition: definition.into(),
            rollout_state: (!state.is_empty()).then(|| state.to_owned()),
            desired_count: counts.0,
            running_count: counts.1,
            ..Deployment::default()
        }
    }

    fn sight(deployments: Vec<Deployment>, ours: Option<&str>, rollback: bool) -> Sight {
        Sight {
            service: Some(Service {
                status: "ACTIVE".into(),
                deployments,
                deployment_configuration: serde_json::json!({
                    "deploymentCircuitBreaker": {"enable": true, "rollback": rollback}
                }),
                ..Service::default()
            }),
            ours: ours
                .map(|status| ServiceDeployment { status: status.into(), ..ServiceDeployment::default() }),
        }
    }

    #[test]
    fn a_sight_from_before_the_newer_deployment_is_looked_at_again() {
        let target = Target { deployment: "ours".into(), task_definition: "api:2".into() };
        let reason = "The service deployment was stopped because a newer service deployment was started.";
        for (deployment_seen, expected) in [
            (deployment("ours", "PRIMARY", "api:2", "IN_PROGRESS", (2, 0)), "Going"),
            (deployment("twin", "PRIMARY", "api:2", "IN_PROGRESS", (2, 0)), "Follow"),
            (deployment("other", "PRIMARY", "api:1", "IN_PROGRESS", (2, 0)), "Superseded"),
        ] {
            let mut seen = sight(vec![deployment_seen], Some("STOPPED"), true);
            seen.ours.as_mut().unwrap().status_reason = Some(reason.into());
            let verdict = format!("{:?}", judge(&target, &seen));
            assert!(verdict.starts_with(expected), "{expected}: {verdict}");
        }
    }

    #[test]
    fn a_reason_that_is_empty_is_told_as_none() {
        let target = Target { deployment: "ours".into(), task_definition: "api:2".into() };
        let stopped = |reason: Option<&str>, rolled_back: Option<&str>, status: &str| {
            let ours = deployment("ours", "PRIMARY", "api:2", "IN_PROGRESS", (2, 0));
            let mut seen = sight(vec![ours], Some(status), true);
            let ours = seen.ours.as_mut().unwrap();
            ours.status_reason = reason.map(str::to_owned);
            ours.rollback = rolled_back
                .map(|reason| serde_json::from_value(serde_json::json!({ "reason": reason })).unwrap());
            format!("{:?}", judge(&target, &seen))
        };
        for reason in [None, Some("")] {
            let told = stopped(reason, None, "STOPPED");
            assert!(told.contains("stopped: AWS gives no reason"), "{told}");
        }
        let told = stopped(Some("the breaker"), Some(""), "ROLLBACK_FAILED");
        assert!(told.contains("failed: the breaker"), "{told}");
    }

    #[test]
    fn verdicts() {
        let ours = |state, counts| deployment("ours", "PRIMARY", "api:2", state, counts);
        let old = |status, state| deployment("old", status, "api:1", state, (2, 2));
        let table: Vec<(&str, Sight, &str)> = vec![
            (
                "rolling",
                sight(
                    vec![ours("IN_PROGRESS", (2, 1)), old("ACTIVE", "COMPLETED")],
                    Some("IN_PROGRESS"),
                    true,
                ),
                "Going",
            ),
            ("done", sight(vec![ours("COMPLETED", (2, 2))], Some("SUCCESSFUL"), true), "Deployed"),
            ("early success", sight(vec![ours("COMPLETED", (2, 1))], Some("SUCCESSFUL"), true), "Going"),
            ("0 of 0", sight(vec![ours("COMPLETED", (0, 0))], Some("SUCCESSFUL"), true), "Failed"),
            (
                "safe, not deployed",
                sight(vec![old("PRIMARY", "COMPLETED")], Some("ROLLBACK_SUCCESSFUL"), true),
                "RolledBack",
            ),
            (
                "rolling back",
                sight(vec![old("PRIMARY", "IN_PROGRESS")], Some("ROLLBACK_IN_PROGRESS"), true),
                "Going",
            ),
            ("neither", sight(vec![old("PRIMARY", "COMPLETED")], Some("ROLLBACK_FAILED"), true), "Failed"),
            (
                "somebody else",
                sight(vec![old("PRIMARY", "IN_PROGRESS")], Some("STOPPED"), true),
                "Superseded",
            ),
            (
                "somebody after",
                sight(vec![old("PRIMARY", "IN_PROGRESS")], Some("SUCCESSFUL"), true),
                "Superseded",
            ),
            (
                "the same again",
                sight(
                    vec![deployment("twin", "PRIMARY", "api:2", "IN_PROGRESS", (2, 0))],
                    Some("STOPPED"),
                    true,
                ),
                "Follow",
            ),
            ("aborted", sight(vec![ours("IN_PROGRESS", (2, 0))], Some("STOPPED"), true), "Failed"),
            (
                "breaker, no rollback",
                sight(vec![ours("FAILED", (2, 0)), old("ACTIVE", "COMPLETED")], Some("IN_PROGRESS"), false),
                "Failed",
            ),
            (
                "breaker, nothing to go back to",
                sight(vec![ours("FAILED", (2, 0))], Some("IN_PROGRESS"), true),
                "Failed",
            ),
            (
                "unlisted: breaker, nothing to go back to",
                sight(vec![ours("FAILED", (2, 0))], None, true),
                "Failed",
            ),
            (
                "a word of tomorrow",
                sight(vec![ours("COMPLETED", (2, 2))], Some("CONTEMPLATING"), true),
                "Going",
            ),
            ("unlisted: done", sight(vec![ours("COMPLETED", (2, 2))], None, true), "Deployed"),
            ("unlisted: no state", sight(vec![ours("", (2, 2))], None, true), "Deployed"),
            ("unlisted: rolling", sight(vec![ours("IN_PROGRESS", (2, 2))], None, true), "Going"),
            (
                "unlisted: failed, rolling back",
                sight(
                    vec![
                        old("PRIMARY", "IN_PROGRESS"),
                        deployment("ours", "ACTIVE", "api:2", "FAILED", (2, 0)),
                    ],
                    None,
                    true,
                ),
                "Going",
            ),
            (
                "unlisted: rolled back",
                sight(
                    vec![
                        old("PRIMARY", "COMPLETED"),
                        deployment("ours", "ACTIVE", "api:2", "FAILED", (2, 0)),
                    ],
                    None,
                    true,
                ),
                "RolledBack",
            ),
            ("unlisted: gone", sight(vec![old("PRIMARY", "COMPLETED")], None, true), "Superseded"),
            ("deleted", Sight::default(), "Failed"),
        ];
        let target = Target { deployment: "ours".into(), task_definition: "api:2".into() };
        for (name, sight, expected) in table {
            let verdict = format!("{:?}", judge(&target, &sight));
            assert!(verdict.starts_with(expected), "{name}: {verdict}");
        }
    }

    #[test]
    fn an_event_tells_a_rollback_from_a_stranger() {
        let target = Target { deployment: "ecs-svc/1".into(), task_definition: "api:2".into() };
        let mut sight =
            sight(vec![deployment("ecs-svc/2", "PRIMARY", "api:1", "COMPLETED", (2, 2))], None, true);
        if let Some(service) = sight.service.as_mut() {
            service.events.push(holdpoint_cloud::Event {
                message: "(service api) (deployment ecs-svc/1) deployment failed: tasks failed to start."
                    .into(),
                ..Default::default()
            });
        }
        assert!(matches!(judge(&target, &sight), Verdict::RolledBack(_)));
    }
}
