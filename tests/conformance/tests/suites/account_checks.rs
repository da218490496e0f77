//! Checks of what an account holds, where what they look for is not so.

use holdpoint_conformance::{Room, walk};
use holdpoint_engine::{Ending, Task};
use holdpoint_run::{Diagnosis, Judgement};
use serde_json::{Value, json};

async fn judged(room: &Room, kind: &str, with: Value, expect: Value) -> Vec<Judgement> {
    let task = Task { expect, ..room.task("check", kind, with) };
    match walk(room.executor(kind).as_ref(), &task).await {
        Ending::Succeeded { judgements, .. } => judgements,
        ending @ (Ending::Failed(_)
        | Ending::RolledBackByAws(_)
        | Ending::Superseded(_)
        | Ending::NotPractised(_)) => panic!("{kind}: {ending:?}"),
    }
}

/// What does not hold, with what was found.
async fn broken(room: &Room, kind: &str, with: Value, expect: Value) -> Vec<String> {
    let all = judged(room, kind, with, expect).await;
    let broken = all.into_iter().filter(|judgement| !judgement.holds);
    broken.map(|judgement| format!("{}: {}", judgement.what, judgement.found)).collect()
}

async fn failed(room: &Room, kind: &str, with: Value) -> Diagnosis {
    let task = room.task("check", kind, with);
    match walk(room.executor(kind).as_ref(), &task).await {
        Ending::Failed(diagnosis) => diagnosis,
        ending @ (Ending::Succeeded { .. }
        | Ending::RolledBackByAws(_)
        | Ending::Superseded(_)
        | Ending::NotPractised(_)) => panic!("{kind}: {ending:?}"),
    }
}

fn one(found: &[String], parts: &[&str]) {
    let [only] = found else { panic!("{found:?}") };
    assert!(parts.iter().all(|part| only.contains(part)), "{only} lacks one of {parts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_open_to_the_world_is_refused_wherever_it_is_in_the_vpc() {
    let room = Room::open("healthy").await;
    let found = broken(&room, "network.check", json!({"subnets": ["subnet-1"]}), json!({})).await;
    one(&found, &["databases are closed", "sg-open", "5432 (PostgreSQL)", "0.0.0.0/0"]);
    let allowed = json!({"no_public_database": false});
    assert!(broken(&room, "network.check", json!({"vpc": "vpc-1"}), allowed).await.is_empty());
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subnets_endpoints_and_rules_are_told_as_they_are() {
    let room = Room::open("healthy").await;
    let base =
        json!({"vpc": "vpc-1", "subnets": ["subnet-2"], "security_groups": ["sg-db"], "endpoints": ["s3"]});
    let table = [
        (json!({"subnets": [{"id": "subnet-2", "type": "private"}]}), "isolated"),
        (json!({"subnets": [{"id": "subnet-2", "zone": "eu-west-1a"}]}), "eu-west-1b"),
        (json!({"subnets": [{"id": "subnet-2", "name": "x"}]}), "none"),
        (json!({"subnets": [{"id": "subnet-9"}]}), "does not exist"),
        (json!({"endpoints": {"present": ["logs"]}}), "none"),
        (json!({"endpoints": {"absent": ["s3"]}}), "vpce-"),
        (json!({"rules": [{"group": "sg-db", "port": 5432, "from": "sg-api", "present": false}]}), "open"),
        (json!({"rules": [{"group": "sg-db", "port": 3306, "from": "sg-api"}]}), "not open"),
        (json!({"rules": [{"group": "sg-none", "port": 3306, "from": "sg-api"}]}), "does not exist"),
    ];
    for (expect, part) in table {
        one(&broken(&room, "network.check", base.clone(), expect).await, &[part]);
    }
    let through = |connector: &str, subnets: Value| json!({"connector": connector, "subnets": subnets, "security_groups": ["sg-db"]});
    assert!(
        broken(&room, "network.check", through("orders", json!(["subnet-1"])), json!({})).await.is_empty()
    );
    let more = through("orders", json!(["subnet-1", "subnet-2"]));
    one(&broken(&room, "network.check", more, json!({})).await, &["subnets of the connector", "subnet-1"]);
    let none = through("others", json!(["subnet-1"]));
    one(&broken(&room, "network.check", none, json!({})).await, &["no such connector"]);
    let task = room.task("check", "network.check", base);
    let Ending::Succeeded { outputs, note, .. } = walk(room.executor("network.check").as_ref(), &task).await
    else {
        panic!("it is a success")
    };
    assert_eq!(outputs["existing"].value.as_ref().unwrap()[0]["service"], "s3");
    assert!(note.unwrap().contains("Import it"));
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_database_is_not_tried_from_here() {
    let room = Room::open("healthy").await;
    let with = json!({"database": "plain"});
    one(
        &broken(&room, "rds.check", with.clone(), json!({"reachable_from": "here"})).await,
        &["ecs.run_task"],
    );
    one(
        &broken(&room, "rds.check", with.clone(), json!({"reachable_from": "console"})).await,
        &["ecs.run_task"],
    );
    one(&broken(&room, "rds.check", with.clone(), json!({"at_least": "15.12"})).await, &["15.7"]);
    one(&broken(&room, "rds.check", with.clone(), json!({"version": "15.12"})).await, &["15.7"]);
    assert!(broken(&room, "rds.check", with.clone(), json!({"reachable_from": "vpc"})).await.is_empty());
    let task = room.task("check", "rds.check", with);
    let Ending::Succeeded { outputs, .. } = walk(room.executor("rds.check").as_ref(), &task).await else {
        panic!("it is a success")
    };
    let note = outputs["private_note"].value.clone().unwrap();
    assert!(note.as_str().unwrap().contains("do not try from here"), "{note}");
    assert!(
        judged(&room, "rds.check", json!({"cluster": "orders"}), json!({"data_api": true})).await.len() > 1
    );
    let absent = failed(&room, "rds.check", json!({"database": "plian"})).await;
    assert!(format!("{absent:?}").contains("Did you mean `plain`?"), "{absent:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_secret_is_named_with_what_was_meant_and_no_value_is_shown() {
    let room = Room::open("healthy").await;
    let found =
        broken(&room, "secrets.check", json!({"secrets": ["orders/bd", "orders/db"]}), json!({})).await;
    one(&found, &["orders/bd", "did you mean `orders/db`?"]);
    let with = json!({"secrets": ["orders/db", "orders/token"], "keys": {"orders/db": ["host"], "orders/token": ["a"]}});
    let found = broken(&room, "secrets.check", with, json!({})).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("not there: host; there are: username, password"), "{found:?}");
    assert!(!format!("{found:?}").contains("made-up"), "{found:?}");
    one(
        &broken(&room, "secrets.check", json!({"secrets": ["orders/db"]}), json!({"exist": false})).await,
        &["exists"],
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_looked_for_beside_secrets_and_nothing_is_decrypted() {
    let room = Room::open("healthy").await;
    let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/orders/mode";
    let with = json!({"secrets": ["orders/db", arn], "parameters": ["/orders/url", "/orders/mdoe"]});
    let found = broken(&room, "secrets.check", with.clone(), json!({})).await;
    one(&found, &["parameter /orders/mdoe", "did you mean `/orders/mode`?"]);
    let task = room.task("check", "secrets.check", with);
    let Ending::Succeeded { outputs, .. } = walk(room.executor("secrets.check").as_ref(), &task).await else {
        panic!("what is missing is a judgement, and no failure")
    };
    let output = |name: &str| outputs[name].value.clone().unwrap();
    assert_eq!(output("found"), json!(["orders/db", arn, "/orders/url"]));
    assert_eq!(output("missing"), json!(["/orders/mdoe"]));
    assert_eq!(output("arns")["/orders/url"], "arn:aws:ssm:eu-west-1:111122223333:parameter/orders/url");
    assert!(!format!("{outputs:?}").contains("made-up"), "{outputs:?}");
    // More than one call may carry, each at its place.
    let many: Vec<String> =
        (0..23).map(|n| if n == 21 { "/orders/url".into() } else { format!("/n/{n}") }).collect();
    let absent = broken(&room, "secrets.check", json!({"parameters": many}), json!({"exist": false})).await;
    one(&absent, &["parameter /orders/url: exists"]);
    // A world's things are a day old.
    let fresh = json!({"rotated_within": "3d"});
    assert!(broken(&room, "secrets.check", json!({"parameters": ["/orders/url"]}), fresh).await.is_empty());
    let old = json!({"rotated_within": "1h"});
    let old = broken(&room, "secrets.check", json!({"parameters": ["/orders/url"]}), old).await;
    one(&old, &["parameter /orders/url was changed within", "1 days ago"]);
    let nothing = room.task("nothing", "secrets.check", json!({}));
    let nothing = room.executor("secrets.check").prepare(&nothing).await.unwrap_err();
    assert!(nothing.headline.contains("neither `secrets` nor `parameters`"), "{nothing:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_aws_refuses_or_does_not_know_are_told() {
    let room = Room::open("healthy").await;
    let long = "shop-backend-production-autoscaling-config";
    let with = json!({"names": [{"kind": "apprunner.auto_scaling", "name": long}]});
    one(
        &broken(&room, "names.check", with, json!({})).await,
        &["at most 32", "`shop-backend-production-as-cfg` would do"],
    );
    let table = [
        (json!({"services": {"main": ["apl"]}}), "did you mean `api`?"),
        (json!({"log_groups": ["api"]}), "did you mean `/ecs/api`?"),
        (json!({"clusters": ["maim"]}), "did you mean `main`?"),
        (json!({"families": ["web"]}), "there are: api"),
        (json!({"services": {"none": ["api"]}}), "there are none"),
    ];
    for (existing, part) in table {
        one(&broken(&room, "names.check", json!({"existing": existing}), json!({})).await, &[part]);
    }
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_is_judged_by_all_of_its_values() {
    let room = Room::open("healthy").await;
    let with =
        json!({"namespace": "Shop", "metric": "errors", "dimensions": {"Service": "api"}, "since": "5m"});
    one(&broken(&room, "metrics.check", with.clone(), json!({"at_most": 2})).await, &["highest errors: 3"]);
    let other = json!({"namespace": "Shop", "metric": "errors", "dimensions": {"Service": "other"}});
    one(&broken(&room, "metrics.check", other.clone(), json!({})).await, &["nothing was measured"]);
    assert!(broken(&room, "metrics.check", other, json!({"datapoints": 0})).await.is_empty());
    let check = json!({"uses": "metrics.check", "with": with, "expect": {"at_most": 2}});
    let soak = failed(&room, "soak", json!({"for": "1m", "every": "20s", "checks": [check]})).await;
    assert!(soak.headline.contains("highest errors"), "{soak:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_task_is_asked_at_its_own_address_and_found_again_after_a_restart() {
    let room = Room::open("healthy").await;
    let with = |address: &str| {
        let task = json!({"cluster": "main", "service": "api", "address": address});
        json!({"url": "http://task:8080/health", "task": task})
    };
    let expect = json!({"status": 200, "json": {"status": "ok"}, "headers": {"x-sim-service": "api"}});
    assert!(broken(&room, "http.check", with("private"), expect.clone()).await.is_empty());
    let scale = |count: u32| json!({"cluster": "main", "service": "api", "desired_count": count});
    for count in [0, 2] {
        let task = room.task("scale", "ecs.scale", scale(count));
        walk(room.executor("ecs.scale").as_ref(), &task).await;
        if count == 0 {
            let none = failed(&room, "http.check", with("private")).await;
            assert!(none.headline.contains("no running task"), "{none:?}");
        }
    }
    assert!(broken(&room, "http.check", with("private"), expect).await.is_empty());
    let public = failed(&room, "http.check", with("public")).await;
    assert!(public.headline.contains("no such address"), "{public:?}");
    let other = room.task(
        "check",
        "http.check",
        json!({"url": "http://api.example/", "task": {"cluster": "main", "service": "api"}}),
    );
    assert!(room.executor("http.check").prepare(&other).await.is_err());
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_terraform_computed_are_checked_with_their_addresses() {
    let room = Room::open("healthy").await;
    let change = |address: &str, kind: &str, action: &str, path: &str, after: Value| {
        let unknown = after.is_null();
        json!({"address": address, "type": kind, "action": action,
            "before_after": [{"path": path, "before": null, "after": after, "unknown": unknown}]})
    };
    let long = "orders-production-eu-central-internal-backend";
    let changes = json!([
        change("aws_lb_target_group.api", "aws_lb_target_group", "create", "name", json!("orders-api")),
        change(
            "aws_apprunner_service.backend",
            "aws_apprunner_service",
            "create",
            "service_name",
            json!(long)
        ),
        change("aws_apprunner_service.later", "aws_apprunner_service", "create", "service_name", Value::Null),
        change("aws_apprunner_service.old", "aws_apprunner_service", "delete", "service_name", json!(long)),
    ]);
    let found = broken(&room, "names.check", json!({"terraform_plan": changes}), json!({})).await;
    one(
        &found,
        &[
            "name of apprunner.service at aws_apprunner_service.backend",
            "has 45 characters, at most 40 are allowed",
            "would do",
        ],
    );
    let list = room.task("check", "names.check", json!({"terraform_plan": {"not": "a list"}}));
    let refused = room.executor("names.check").prepare(&list).await.unwrap_err();
    assert!(refused.headline.contains("is not the list of changes"), "{refused:?}");
    room.close().await;
}

/// A plan without a world beside it is practised in one that is made from what it expects.
const PLAN: &str = r#"---
holdpoint:
  version: 1
  target: { account: "111122223333", region: eu-west-1, role: Deployer }
---

# Before

```yaml step
id: secrets
uses: secrets.check
with: { secrets: [shop/db], keys: { shop/db: [password] } }
```

```yaml step
id: network
uses: network.check
with: { subnets: [subnet-0a, subnet-0b], security_groups: [sg-0db] }
expect:
  subnets:
    - { id: subnet-0a, zone: eu-west-1a, type: private, name: private-a }
    - { id: subnet-0b, type: public }
  endpoints: { present: [s3] }
  rules:
    - { group: sg-0db, port: 5432, from: sg-0api }
```

```yaml step
id: database
uses: rds.check
with: { cluster: shop }
expect: { version: "15.*", data_api: true, reachable_from: console }
```

```yaml step
id: errors
uses: metrics.check
with: { namespace: Shop, metric: errors }
expect: { at_most: 5 }
```

```yaml step
id: sign_in
uses: http.check
with: { url: "https://api.shop.example/login" }
expect:
  status: 302
  redirect: { host: id.example, path: /authorize, query: { client_id: shop }, redirect_uri_host: api.shop.example, scopes: [openid], pkce: true }
```

```yaml step
id: running
uses: ecs.check
with: { cluster: main, service: api }
expect: { running: 1 }
```
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plan_expects_is_there_in_a_world_made_from_it() {
    let reading = holdpoint_plan::read(PLAN.as_bytes());
    let notes = reading.diagnostics.iter().all(|found| found.severity == holdpoint_plan::Severity::Note);
    assert!(notes, "{:?}", reading.diagnostics);
    let path = std::env::temp_dir().join("no-world-beside.plan.md");
    let world = holdpoint_steps::furnish(&reading.plan, &path).unwrap();
    assert!(world.assumed);
    let room = Room::furnished("healthy", &world.json).await;
    for step in reading.plan.steps() {
        let action = step.action.clone();
        let found = broken(&room, &action.uses, action.with, action.expect).await;
        assert!(found.is_empty(), "{}: {found:?}", step.id);
    }
    room.close().await;
}
