//! A rollout as the screen shows it, from what the executors of ECS tell (`steps::ecs::view`).

use super::step_of::{count, moment};
use super::{
    Revision, RolloutAlarms, RolloutEvent, RolloutFailures, RolloutHook, RolloutStage, RolloutTask,
    RolloutTraffic, RolloutView,
};
use serde_json::Value;

/// The rollout that an executor told; `None` of what is none.
pub(super) fn rollout(view: &Value) -> Option<RolloutView> {
    let deployment = view.get("deployment")?.as_str()?.to_owned();
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let breaker = view.get("breaker").cloned().unwrap_or(Value::Null);
    let on = breaker.get("enabled").and_then(Value::as_bool).unwrap_or(false);
    let back = breaker.get("rollback").and_then(Value::as_bool).unwrap_or(false);
    let revisions =
        view.get("revisions").and_then(Value::as_array).map(|all| all.iter().map(revision).collect());
    let given = |name: &str| view.get(name).filter(|value| value.is_object());
    Some(RolloutView {
        deployment,
        strategy: match text(view, "strategy").as_str() {
            "BLUE_GREEN" => "blue/green".to_owned(),
            other => other.to_lowercase(),
        },
        stage: given("stage").map(|stage| RolloutStage {
            name: text(stage, "name"),
            said: text(stage, "words"),
            since: written(stage, "since"),
            ends_at: written(stage, "ends_at"),
        }),
        traffic: given("traffic").map(|traffic| RolloutTraffic {
            production: traffic["production"].as_f64(),
            test: traffic["test"].as_f64(),
        }),
        hook: given("hook").map(|hook| RolloutHook {
            expires_at: written(hook, "expires_at"),
            otherwise: match text(hook, "if_unanswered").as_str() {
                "CONTINUE" => "AWS lets the deployment go on".to_owned(),
                "" | "ROLLBACK" => "AWS rolls the deployment back".to_owned(),
                other => format!("AWS does {other}"),
            },
        }),
        alarms: given("alarms").map(|alarms| RolloutAlarms {
            said: match text(alarms, "status").as_str() {
                "MONITORING" => "watched".to_owned(),
                "MONITORING_COMPLETE" => "watched to the end".to_owned(),
                "TRIGGERED" => "went off".to_owned(),
                "DISABLED" => "not watched".to_owned(),
                other => other.to_lowercase().replace('_', " "),
            },
            names: names(alarms, "names"),
            triggered: names(alarms, "triggered"),
        }),
        said: [text(view, "status"), text(view, "rollout_state")]
            .into_iter()
            .find(|said| !said.is_empty())
            .unwrap_or_default(),
        revisions: revisions.unwrap_or_default(),
        failures: on.then(|| RolloutFailures {
            seen: count(&breaker, "failures"),
            limit: count(&breaker, "threshold"),
        }),
        breaker: match (on, back) {
            (true, true) => "on, rolls back",
            (true, false) => "on, does not roll back",
            (false, _) => "off",
        }
        .to_owned(),
        last_event: view
            .get("last_event")
            .filter(|event| event.is_object())
            .map(|event| RolloutEvent { at: moment(event, "at"), text: text(event, "text") }),
        asked_at: moment(view, "asked_at"),
    })
}

fn revision(view: &Value) -> Revision {
    let text = |name: &str| view.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let arn = text("task_definition");
    let (healthy, desired, running) =
        (count(view, "healthy"), count(view, "desired"), count(view, "running"));
    let images = view.get("images").and_then(Value::as_array);
    Revision {
        name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
        role: text("role"),
        said: match text("role").as_str() {
            "new" => format!("{healthy} of {desired} healthy"),
            _ => format!("{running} running"),
        },
        image: images.and_then(|all| all.first()).and_then(pinned_image),
        desired,
        running,
        tasks: view
            .get("tasks")
            .and_then(Value::as_array)
            .map(|all| all.iter().map(task).collect())
            .unwrap_or_default(),
    }
}

fn task(view: &Value) -> RolloutTask {
    let text = |name: &str| view.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (state, said) = match text("state").as_str() {
        "up" => ("healthy", "up"),
        "start" => ("starting", "starting"),
        "bad" => ("unhealthy", "stopped or failing"),
        _ => ("stopped", "gone"),
    };
    let told = text("said");
    RolloutTask {
        id: text("id"),
        state: state.into(),
        said: if told.is_empty() { said.into() } else { told },
    }
}

/// `repository:tag@sha256:…`, from `{image, digest}`.
fn pinned_image(view: &Value) -> Option<String> {
    let text = |name: &str| view.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let image = text("image")?;
    Some(match text("digest").filter(|digest| !image.contains(digest)) {
        Some(digest) => format!("{image}@{digest}"),
        None => image.to_owned(),
    })
}

/// A moment that may not be known.
fn written(view: &Value, name: &str) -> Option<String> {
    view.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn names(view: &Value, name: &str) -> Vec<String> {
    let all = view.get(name).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_deployment_that_shifts_traffic_says_where_it_stands() {
        let view = json!({
            "deployment": "ecs-svc/1", "status": "IN_PROGRESS", "strategy": "BLUE_GREEN", "revisions": [],
            "breaker": {"enabled": true, "rollback": true, "failures": 1, "threshold": 3},
            "stage": {"name": "BAKE_TIME", "words": "baking", "since": "2026-11-20T10:00:00Z", "ends_at": "2026-11-20T10:05:00Z"},
            "traffic": {"production": 12.5, "test": null},
            "hook": {"id": "h", "expires_at": null, "if_unanswered": "ROLLBACK"},
            "alarms": {"status": "TRIGGERED", "names": ["a", "b"], "triggered": ["b"]},
        });
        let shown = rollout(&view).unwrap();
        assert_eq!(shown.strategy, "blue/green");
        assert_eq!(shown.stage.and_then(|stage| stage.ends_at).as_deref(), Some("2026-11-20T10:05:00Z"));
        assert_eq!(shown.traffic.map(|t| (t.production, t.test)), Some((Some(12.5), None)));
        assert_eq!(shown.hook.map(|h| h.otherwise).as_deref(), Some("AWS rolls the deployment back"));
        assert_eq!(shown.alarms.map(|a| (a.said, a.triggered)), Some(("went off".into(), vec!["b".into()])));
        assert_eq!(shown.failures.map(|f| (f.seen, f.limit)), Some((1, 3)));
    }

    #[test]
    fn a_rolling_one_has_nothing_of_that() {
        let shown = rollout(
            &json!({"deployment": "ecs-svc/1", "strategy": "ROLLING", "stage": null, "traffic": null}),
        )
        .unwrap();
        assert_eq!((shown.stage, shown.traffic, shown.hook, shown.alarms), (None, None, None, None));
        assert_eq!(rollout(&json!({"series": []})), None);
    }
}
