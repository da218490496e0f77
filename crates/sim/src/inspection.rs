//! The inspection page: what exists in the practice account and what was called, for whoever writes a plan.
//! One page without scripts, and the same as JSON beside it.

use serde_json::Value;

use crate::admin::Identity;
use crate::clock::{iso8601, wall_now};
use crate::core::{Core, Delivery, Reply};
use crate::overview::overview;
use crate::protocol::escaped;

/// So many of the latest calls are shown; all of them are in the record.
const CALLS: usize = 200;

/// `GET /_holdpoint/`.
pub(crate) fn page(core: &Core, identity: &Identity) -> Reply {
    let everything = overview(&core.world);
    let mut body = format!(
        "<h1>Practice account</h1><p>This is a simulator on your own machine, not AWS. Scenario <b>{}</b>, speed {}, seed {}, as of {}.</p>\
         <nav>As JSON: {}</nav>",
        escaped(&identity.scenario),
        identity.speed,
        identity.seed,
        iso8601(wall_now()),
        ["estate", "record", "facts", "people", "sso", "health"]
            .map(|name| format!("<a href=\"/_holdpoint/{name}\">{name}</a>"))
            .join(" · "),
    );
    for place in list(&everything["places"]) {
        body.push_str(&of_place(place));
    }
    body.push_str(&section(
        "Repositories",
        &everything["repositories"],
        &[
            ("registry", "Registry"),
            ("name", "Name"),
            ("tags", "Tags"),
            ("images", "Images"),
            ("immutable", "Immutable tags"),
        ],
    ));
    body.push_str(&section(
        "Host names",
        &everything["hosts"],
        &[("host", "Host"), ("cluster", "Cluster"), ("service", "Service")],
    ));
    body.push_str(&calls(core));
    body.push_str(&answered(core));
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Practice account</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Reply { status: 200, headers, body: html.into(), delivery: Delivery::Whole }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--quiet:#57606a;--paper:#fff;--line:#d0d7de;--link:#0550ae;--bad:#a40e26}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--quiet:#9aa4ae;--paper:#15181c;--line:#363d45;--link:#79b8ff;--bad:#ff8a80}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0}main{max-width:75rem;margin:0 auto;padding:1.5rem 1rem 4rem}\
a{color:var(--link)}h2{margin:2.2rem 0 .3rem;font-size:1.25rem}h3{margin:1.4rem 0 .3rem;font-size:1rem}nav,caption,.none{color:var(--quiet)}caption{text-align:left;padding-top:.6rem}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .7rem .25rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}\
th{font-weight:600;white-space:nowrap}td.bad{color:var(--bad);font-weight:600}code{font-family:ui-monospace,monospace;font-size:.92em}";

fn of_place(place: &Value) -> String {
    let mut body = format!("<h2>{} in {}</h2>", text(&place["account"]), text(&place["region"]));
    for cluster in list(&place["clusters"]) {
        body.push_str(&format!("<h3>Cluster {}</h3>", text(&cluster["name"])));
        body.push_str(&table(
            "Services",
            &cluster["services"],
            &[
                ("name", "Service"),
                ("task_definition", "Task definition"),
                ("desired", "Desired"),
                ("healthy", "Healthy"),
            ],
        ));
        body.push_str(&table(
            "Tasks",
            &cluster["tasks"],
            &[
                ("id", "Task"),
                ("service", "Service"),
                ("revision", "Revision"),
                ("image", "Image"),
                ("stopped", "Stopped"),
            ],
        ));
    }
    for (title, member, columns) in [
        ("Task definitions", "task_definitions", &[("family", "Family"), ("revisions", "Revisions")][..]),
        (
            "App Runner services",
            "app_runner",
            &[
                ("name", "Service"),
                ("status", "Status"),
                ("image", "Image"),
                ("url", "Address"),
                ("public", "Public"),
                ("auto_deploy", "Deploys by itself"),
            ],
        ),
        ("Secrets", "secrets", &[("name", "Secret"), ("keys", "Keys"), ("deleted", "Being deleted")]),
        ("Parameters", "parameters", &[("name", "Parameter"), ("type", "Type"), ("version", "Version")]),
        (
            "Databases",
            "databases",
            &[
                ("id", "Database"),
                ("engine", "Engine"),
                ("version", "Version"),
                ("cluster", "Cluster"),
                ("public", "Public"),
                ("data_api", "Data API"),
            ],
        ),
        (
            "Metrics",
            "metrics",
            &[("namespace", "Namespace"), ("metric", "Metric"), ("dimensions", "Dimensions")],
        ),
    ] {
        body.push_str(&under(title, &place[member], columns));
    }
    for service in list(&place["app_runner"]) {
        body.push_str(&under(
            &format!("Operations of {}", text(&service["name"])),
            &service["operations"],
            &[
                ("type", "Operation"),
                ("status", "Status"),
                ("started", "Started"),
                ("ended", "Ended"),
                ("id", "Id"),
            ],
        ));
    }
    for (title, member, columns) in [
        (
            "Subnets",
            "subnets",
            &[("id", "Subnet"), ("name", "Name"), ("vpc", "VPC"), ("zone", "Zone"), ("cidr", "Block")][..],
        ),
        (
            "Security groups",
            "security_groups",
            &[("id", "Group"), ("name", "Name"), ("vpc", "VPC"), ("ingress", "Lets in")],
        ),
        (
            "VPC endpoints",
            "endpoints",
            &[("id", "Endpoint"), ("service", "Service"), ("vpc", "VPC"), ("state", "State")],
        ),
    ] {
        body.push_str(&under(title, &place["network"][member], columns));
    }
    body.push_str(&under(
        "Target groups",
        &place["balancing"]["target_groups"],
        &[("name", "Target group"), ("arn", "ARN"), ("health_path", "Health check")],
    ));
    body.push_str(&under(
        "Load balancers",
        &place["balancing"]["load_balancers"],
        &[("name", "Load balancer"), ("scheme", "Scheme"), ("dns_name", "Address")],
    ));
    let groups: Vec<String> =
        list(&place["log_groups"]).iter().map(|name| format!("<code>{}</code>", text(name))).collect();
    if !groups.is_empty() {
        body.push_str(&format!("<h3>Log groups</h3><p>{}</p>", groups.join("<br>")));
    }
    body
}

/// The latest calls that change something, and what became of them.
fn calls(core: &Core) -> String {
    let all = serde_json::to_value(&core.world.record.calls).unwrap_or(Value::Null);
    let mut latest: Vec<Value> = list(&all).to_vec();
    latest.reverse();
    let shown = latest.len().min(CALLS);
    let title = format!("Calls that change something ({} in all, the latest {shown})", latest.len());
    latest.truncate(CALLS);
    let columns = [
        ("seq", "#"),
        ("service", "Service"),
        ("operation", "Operation"),
        ("outcome", "Outcome"),
        ("error", "Error"),
        ("summary", "With"),
        ("actor", "By"),
    ];
    section(&title, &Value::Array(latest), &columns)
}

/// How often everything else was called, and what was throttled.
fn answered(core: &Core) -> String {
    let counts = |of: &std::collections::BTreeMap<String, u64>| -> Value {
        of.iter().map(|(name, count)| serde_json::json!({"call": name, "times": count})).collect()
    };
    let columns = [("call", "Call"), ("times", "Times")];
    section("Calls since this process began", &counts(&core.answered), &columns)
        + &section("Throttled", &counts(&core.world.record.throttled), &columns)
}

fn section(title: &str, rows: &Value, columns: &[(&str, &str)]) -> String {
    let content = if list(rows).is_empty() {
        "<p class=\"none\">None.</p>".to_owned()
    } else {
        table("", rows, columns)
    };
    format!("<h2>{}</h2>{content}", escaped(title))
}

/// A smaller section, left out when there is nothing in it.
fn under(title: &str, rows: &Value, columns: &[(&str, &str)]) -> String {
    if list(rows).is_empty() {
        return String::new();
    }
    format!("<h3>{}</h3>{}", title, table("", rows, columns))
}

fn table(caption: &str, rows: &Value, columns: &[(&str, &str)]) -> String {
    if list(rows).is_empty() {
        return String::new();
    }
    let caption =
        if caption.is_empty() { String::new() } else { format!("<caption>{}</caption>", escaped(caption)) };
    let head: String = columns.iter().map(|(_, title)| format!("<th scope=\"col\">{title}</th>")).collect();
    let body: String = list(rows)
        .iter()
        .map(|row| {
            let cells: String = columns
                .iter()
                .map(|(member, _)| {
                    let value = text(&row[*member]);
                    let class = if is_bad(&value) { " class=\"bad\"" } else { "" };
                    format!("<td{class}>{value}</td>")
                })
                .collect();
            format!("<tr>{cells}</tr>")
        })
        .collect();
    format!(
        "<div class=\"wide\"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
}

fn is_bad(value: &str) -> bool {
    value == "refused" || value.ends_with("FAILED") || value.starts_with("ROLLBACK")
}

fn list(of: &Value) -> &[Value] {
    of.as_array().map_or(&[], Vec::as_slice)
}

/// A value as text between tags: lists joined, pairs as `name: value`.
fn text(of: &Value) -> String {
    if let Some(list) = of.as_array() {
        return list.iter().map(text).collect::<Vec<_>>().join("<br>");
    }
    if let Some(map) = of.as_object() {
        let pair = |(name, value): (&String, &Value)| format!("{}: {}", escaped(name), text(value));
        let given = map.iter().filter(|(_, v)| !v.is_null() && *v != &Value::Array(Vec::new()));
        return given.map(pair).collect::<Vec<_>>().join(", ");
    }
    match (of.as_str(), of.as_bool()) {
        (Some(text), _) => escaped(text),
        (None, Some(flag)) => if flag { "yes" } else { "no" }.to_owned(),
        (None, None) if of.is_null() => String::new(),
        (None, None) => escaped(&of.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_that_somebody_named_becomes_markup() {
        let rows = json!([{"name": "<script>", "tags": {"a\"b": ["<b>", 1]}, "gone": null, "is": true}]);
        let html = table("<x>", &rows, &[("name", "Name"), ("tags", "Tags"), ("gone", "Gone"), ("is", "Is")]);
        assert!(!html.contains("<script>") && !html.contains("<b>") && !html.contains("<x>"), "{html}");
        assert!(
            html.contains("<td>&lt;script&gt;</td><td>a&quot;b: &lt;b&gt;<br>1</td><td></td><td>yes</td>"),
            "{html}"
        );
    }
}
