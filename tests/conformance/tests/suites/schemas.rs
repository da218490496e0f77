//! `schema.check`: a database that is not what is expected, by each way of reading it, and every way in which it cannot be read.

use holdpoint_conformance::{Room, succeeded, walk};
use holdpoint_engine::{Ending, Task};
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};

const KIND: &str = "schema.check";

fn live() -> Value {
    json!({
        "cluster": "orders", "secret": "orders/db", "database": "shop",
        "migrations": {"table": "alembic_version", "column": "version_num"},
    })
}

/// `base` with other members.
fn with(base: &Value, members: Value) -> Value {
    let mut base = base.clone();
    for (name, value) in members.as_object().cloned().unwrap_or_default() {
        base[name] = value;
    }
    base
}

/// What does not hold, with what was found.
async fn broken(room: &Room, given: Value, expect: Value) -> Vec<String> {
    let task = Task { expect, ..room.task("check", KIND, given) };
    match walk(room.executor(KIND).as_ref(), &task).await {
        Ending::Succeeded { judgements, .. } => judgements
            .into_iter()
            .filter(|judgement| !judgement.holds)
            .map(|judgement| format!("{}: {}", judgement.what, judgement.found))
            .collect(),
        ending @ (Ending::Failed(_)
        | Ending::RolledBackByAws(_)
        | Ending::Superseded(_)
        | Ending::NotPractised(_)) => panic!("{ending:?}"),
    }
}

async fn failed(room: &Room, given: Value) -> Diagnosis {
    let task = room.task("check", KIND, given);
    match walk(room.executor(KIND).as_ref(), &task).await {
        Ending::Failed(diagnosis) => diagnosis,
        ending @ (Ending::Succeeded { .. }
        | Ending::RolledBackByAws(_)
        | Ending::Superseded(_)
        | Ending::NotPractised(_)) => panic!("{ending:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_difference_of_a_schema_is_named() {
    let room = Room::open("healthy").await;
    let table = [
        (json!({"tables": {"orders": {"columns": {"customer": "uuid"}}}}), "orders.customer: not there"),
        (
            json!({"tables": {"orders": {"columns": {"totl": "any"}}}}),
            "orders.totl: not there; did you mean `total`?",
        ),
        (
            json!({"tables": {"orders": {"columns": {"total": "numeric(12,2)"}}}}),
            "orders.total: numeric(10,2) null",
        ),
        (json!({"tables": {"orders": {"columns": {"note": "text not null"}}}}), "orders.note: text null"),
        (json!({"tables": {"orders": {"lacks": ["note"]}}}), "orders.note: text null"),
        (json!({"tables": {"order": {}}}), "table order: does not exist; did you mean `orders`?"),
        (json!({"tables": {"lines": {"exists": false}}}), "table lines: exists"),
        (
            json!({"tables": {"lines": {"columns": {"line": "int"}, "exactly": true}}}),
            "other columns of lines: order_id",
        ),
        (json!({"migration": "0013"}), "migration: 0012"),
        (json!({"applied": ["0012", "0013"]}), "migration 0013: not applied"),
        (json!({"pending": ["0012"]}), "migration 0012: applied"),
    ];
    for (expect, expected) in table {
        assert_eq!(broken(&room, live(), expect.clone()).await, [expected], "{expect}");
    }
    let elsewhere = with(&live(), json!({"schema": "queue"}));
    let jobs =
        json!({"tables": {"jobs": {"columns": {"id": "bigint not null"}}, "orders": {"exists": false}}});
    assert!(broken(&room, elsewhere.clone(), jobs).await.is_empty());
    let away = broken(&room, elsewhere, json!({"migration": "0012"})).await;
    assert_eq!(away, ["table alembic_version: does not exist", "migration: none"]);
    let rows = with(&live(), json!({"sql": "SELECT id FROM orders ORDER BY id"}));
    assert!(broken(&room, rows.clone(), json!({"rows": [{"id": "a"}, {"id": "b"}]})).await.is_empty());
    let found = broken(&room, rows, json!({"rows": [{"id": "a"}]})).await;
    assert_eq!(found, [r#"rows of `sql`: {"id":"a"} {"id":"b"}"#]);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_migration_changed_is_told_against_the_look_before_it() {
    let room = Room::open("healthy").await;
    let outputs = succeeded(walk(room.executor(KIND).as_ref(), &room.task("before", KIND, live())).await);
    assert_eq!(outputs["migration"], "0012");
    let tables = json!([
        {"name": "alembic_version", "columns": {"version_num": "varchar(32) not null"},
         "rows": [{"version_num": "0013"}]},
        {"name": "orders", "columns": {"id": "uuid not null", "total": "numeric(12,2)", "placed": "timestamptz not null",
         "customer": "uuid"}},
        {"name": "customers", "columns": {"id": "uuid not null"}},
    ]);
    room.simulator.behave(&json!({"databases": [{"id": "orders-1", "tables": tables}]})).await.unwrap();
    let after = with(&live(), json!({"before": outputs["schema"]}));
    let all = json!({
        "added": ["customers", "orders.customer"], "removed": ["lines", "orders.note"], "changed": ["orders.total"],
        "migration": "0013",
    });
    assert!(broken(&room, after.clone(), all).await.is_empty());
    let found =
        broken(&room, after, json!({"added": ["orders.customer"], "removed": [], "changed": []})).await;
    assert_eq!(
        found,
        [
            "added since the earlier look: customers, orders.customer",
            "removed since the earlier look: lines, orders.note",
            "changed since the earlier look: orders.total",
        ]
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_a_model_that_the_database_lacks_are_found_before_the_application_does() {
    let room = Room::open("healthy").await;
    let model = "CREATE TABLE orders (id uuid PRIMARY KEY, customer_id uuid NOT NULL, total numeric(10,2), note varchar(80));\n\
                 CREATE TABLE refunds (id uuid PRIMARY KEY);";
    std::fs::write(room.folder().join("model.sql"), model).unwrap();
    let given = with(&live(), json!({"model": "model.sql"}));
    assert_eq!(
        broken(&room, given, json!({})).await,
        [
            "columns of model.sql: not: orders.customer_id (not there), orders.note (is text null, not character varying(80) null), \
          refunds (no such table)"
        ]
    );
    std::fs::write(room.folder().join("empty.sql"), "SELECT 1;").unwrap();
    let none = failed(&room, with(&live(), json!({"model": "empty.sql"}))).await;
    assert!(none.headline.contains("makes no table"), "{none:?}");
    let out = failed(&room, with(&live(), json!({"model": "../model.sql"}))).await;
    assert!(out.headline.contains("leads out of the plan's folder"), "{out:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_read_says_why_and_what_works() {
    let room = Room::open("healthy").await;
    let table = [
        (json!({"cluster": "quiet"}), "The Data API of quiet is off", "ecs.run_task"),
        (json!({"cluster": "order"}), "There is no cluster `order`", "Did you mean `orders`?"),
        (json!({"secret": "orders/bd"}), "orders/bd does not exist", "user that may read"),
        (json!({"secret": "orders/token"}), "The columns cannot be read", "`username` and `password`"),
        (json!({"database": "shopp"}), "database \"shopp\" does not exist", "`database`, `schema`"),
        (json!({"sql": "SELECT nope FROM orders"}), "column \"nope\" does not exist", "`database`, `schema`"),
    ];
    for (members, headline, hint) in table {
        let diagnosis = failed(&room, with(&live(), members.clone())).await;
        assert!(diagnosis.headline.contains(headline), "{members}: {diagnosis:?}");
        assert!(diagnosis.hints.iter().any(|one| one.contains(hint)), "{members}: {diagnosis:?}");
    }
    let refusals = [
        ("StatementTimeoutException", 400, "45 s"),
        ("HttpEndpointNotEnabledException", 400, "Data API on"),
        ("DatabaseNotFoundException", 404, "correct `database`"),
        ("UnsupportedResultException", 400, "cast it to `text`"),
    ];
    for (code, status, hint) in refusals {
        room.fault("rds-data", "ExecuteStatement", json!({"kind": "error", "code": code, "status": status}))
            .await;
        let diagnosis = failed(&room, live()).await;
        assert!(diagnosis.hints.iter().any(|one| one.contains(hint)), "{code}: {diagnosis:?}");
    }
    room.fault("rds-data", "ExecuteStatement", json!({"kind": "denied"})).await;
    let denied = failed(&room, live()).await;
    assert!(format!("{denied:?}").contains("Allow `rds-data:ExecuteStatement` to the role"), "{denied:?}");
    // The writer is away for a moment, and a cluster that slept wakes up: neither is an answer.
    for (code, status) in [("DatabaseUnavailableException", 504), ("DatabaseResumingException", 400)] {
        room.fault("rds-data", "ExecuteStatement", json!({"kind": "error", "code": code, "status": status}))
            .await;
        assert!(broken(&room, live(), json!({"migration": "0012"})).await.is_empty(), "{code}");
    }
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_read_is_ever_sent() {
    let room = Room::open("healthy").await;
    let statements = [
        "DELETE FROM orders",
        "SELECT 1; DROP TABLE orders",
        "SELECT pg_sleep(1000)",
        "SELECT * FROM orders FOR UPDATE",
    ];
    for sql in statements {
        let task = room.task("check", KIND, with(&live(), json!({"sql": sql})));
        let refused = room.executor(KIND).prepare(&task).await.unwrap_err();
        assert!(refused.headline.starts_with("`sql` is not sent"), "{sql}: {refused:?}");
    }
    let wrong = [
        json!({"cluster": "orders"}),
        json!({"log": {"group": "/ecs/api", "stream": "a"}, "cluster": "orders", "secret": "orders/db"}),
        json!({"log": {"group": "/ecs/api", "stream": "a"}, "sql": "SELECT 1"}),
        with(&live(), json!({"before": "nothing"})),
    ];
    for given in wrong {
        assert!(
            room.executor(KIND).prepare(&room.task("check", KIND, given.clone())).await.is_err(),
            "{given}"
        );
    }
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_task_inside_of_the_vpc_printed_is_read_where_there_is_no_data_api() {
    let room = Room::open("healthy").await;
    let lines = |count: u32| {
        let line = |line: &str| json!({"after": 0.2, "line": line});
        let printed = [
            line("orders|id|uuid|NO"),
            line("orders|total|numeric(10,2)|YES"),
            line("migration|0012"),
            line(&format!("columns|{count}")),
        ];
        json!({"behaviours": [{"match": {"family": "api", "deployed_by": ["run_task"]}, "behaviour": {
            "exit": {"after": 2, "code": 0}, "logs": printed,
        }}]})
    };
    room.simulator.behave(&lines(2)).await.unwrap();
    let migrate = json!({"cluster": "main", "task_definition": "api", "network": {"subnets": ["subnet-1"]}});
    let ran = succeeded(
        walk(room.executor("ecs.run_task").as_ref(), &room.task("print", "ecs.run_task", migrate.clone()))
            .await,
    );
    let log = json!({"log": {"group": ran["log_group"], "stream": ran["log_stream"]}});
    let expect = json!({"tables": {"orders": {"columns": {"total": "numeric(10,2)", "id": "uuid not null"}, "exactly": true}}, "migration": "0012"});
    assert!(broken(&room, log.clone(), expect).await.is_empty());
    assert_eq!(
        broken(&room, log, json!({"tables": {"orders": {"columns": {"customer": "uuid"}}}})).await,
        ["orders.customer: not there"]
    );
    // A log that lacks a line is not a database that lacks a column.
    room.simulator.behave(&lines(3)).await.unwrap();
    let ran = succeeded(
        walk(room.executor("ecs.run_task").as_ref(), &room.task("again", "ecs.run_task", migrate)).await,
    );
    let short = failed(&room, json!({"log": {"group": ran["log_group"], "stream": ran["log_stream"]}})).await;
    assert!(short.headline.contains("printed 3 columns, and 2 are in its log"), "{short:?}");
    room.close().await;
}
