//! The query editor of the RDS console, which is not there for every database.

use super::scene::Scene;
use crate::findings::Findings;
use crate::{Severity, Span};
use serde_json::Value;

/// What somebody writes who has thought of it.
const KNOWN: [&str; 5] = ["data api", "data-api", "httpendpoint", "enable-http-endpoint", "rds-data"];

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let checked = scene.typed().any(|(_, draft)| {
        let expect = &draft.step.action.expect;
        draft.step.action.uses == "rds.check"
            && (expect.get("data_api").and_then(Value::as_bool) == Some(true)
                || expect.get("reachable_from").and_then(Value::as_str) == Some("console"))
    });
    if checked || !scene.says(&["rds"]) || scene.says(&KNOWN) {
        return;
    }
    let Some(at) = mention(scene) else { return };
    findings.add(
        Severity::Warning,
        "query-editor",
        Span { start: at, end: at + "query editor".len() },
        "the query editor of RDS works only for Aurora with the Data API switched on; for any other database it shows nothing to choose",
        Some("Look first: `aws rds describe-db-clusters --query 'DBClusters[].HttpEndpointEnabled'`, or `rds.check` with `reachable_from: console`. Else run the SQL by a task inside of the VPC (`ecs.run_task`).".to_owned()),
        None,
    );
}

/// The first place that names it, where the line is not about another editor of that name.
fn mention(scene: &Scene<'_>) -> Option<usize> {
    let lower = scene.lower();
    lower.match_indices("query editor").map(|(at, _)| at).find(|at| {
        let line = super::deploys::line_of(scene, *at);
        let line = lower.get(line.start..line.end).unwrap_or_default();
        !["redshift", "athena", "bigquery", "metabase", "grafana"].iter().any(|other| line.contains(other))
    })
}
