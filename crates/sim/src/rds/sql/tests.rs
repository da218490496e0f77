//! Cases of the little SQL that is spoken here.

use super::*;

fn table() -> Table {
    let row =
        |id: i64, note: Value| BTreeMap::from([("id".to_owned(), json!(id)), ("note".to_owned(), note)]);
    let columns =
        json!({"id": "bigint not null", "note": "varchar(80)", "tags": "text[]", "state": "order_state"});
    Table {
        name: "orders".to_owned(),
        schema: "public".to_owned(),
        columns: columns.as_object().cloned().unwrap_or_default(),
        rows: vec![row(2, json!("b")), row(1, json!("a")), row(3, Value::Null)],
    }
}

fn told(sql: &str, engine: Engine) -> String {
    let table = table();
    let values = Map::from_iter([("schema".to_owned(), json!("public"))]);
    match run(sql, engine, &[&table], None, &values) {
        Ok(outcome) => json!(outcome.rows).to_string(),
        Err(error) => format!("{}: {}", error.code, error.message),
    }
}

#[test]
fn what_is_done_is_done_and_all_else_refused() {
    let table = [
        ("SELECT 1", "[[1]]"),
        ("SELECT count(*) FROM orders", "[[3]]"),
        ("SELECT id, note FROM public.orders ORDER BY id DESC LIMIT 1 OFFSET 1;", r#"[[2,"b"]]"#),
        ("SELECT id FROM orders WHERE note IS NULL", "[[3]]"),
        ("SELECT id FROM orders WHERE note <> 'a' AND id IN (1, 2)", "[[2]]"),
        ("SELECT \"id\" FROM \"orders\" WHERE note LIKE 'a%'", "[[1]]"),
        ("SELECT CAST(id AS text) FROM orders WHERE id = 3", r#"[["3"]]"#),
        (
            "SELECT column_name, data_type, udt_name, is_nullable, character_maximum_length FROM information_schema.columns \
             WHERE table_schema = :schema ORDER BY table_name, ordinal_position",
            r#"[["id","bigint","int8","NO",null],["note","character varying","varchar","YES",80],["tags","ARRAY","_text","YES",null],["state","USER-DEFINED","order_state","YES",null]]"#,
        ),
        ("SELECT table_name FROM information_schema.tables", r#"[["orders"]]"#),
        (
            "SELECT nope FROM orders",
            "DatabaseErrorException: ERROR: column \"nope\" does not exist; Position: 8; SQLState: 42703",
        ),
        (
            "SELECT id FROM nope",
            "DatabaseErrorException: ERROR: relation \"nope\" does not exist; Position: 16; SQLState: 42P01",
        ),
        (
            "SELECT id FROM orders WHERE",
            "DatabaseErrorException: ERROR: syntax error at end of input; SQLState: 42601",
        ),
        (
            "SELECT id FROM orders WHERE id = :no",
            "BadRequestException: Parameter 'no' is used in the statement and not given",
        ),
    ];
    for (sql, expected) in table {
        assert_eq!(told(sql, Engine::Postgres), expected, "{sql}");
    }
    for sql in [
        "INSERT INTO orders VALUES (1)",
        "SELECT a.id FROM orders a JOIN items b ON a.id = b.id",
        "SELECT max(id) FROM orders",
        "SELECT id FROM orders GROUP BY id",
        "SELECT id FROM orders; SELECT 1",
    ] {
        assert!(told(sql, Engine::Postgres).starts_with("UnknownOperationException"), "{sql}");
    }
    let of_mysql =
        told("SELECT column_type FROM information_schema.columns WHERE column_name = 'note'", Engine::Mysql);
    assert_eq!(of_mysql, r#"[["varchar(80)"]]"#);
    assert!(told("SELECT nope FROM orders", Engine::Mysql).contains("Error code: 1054"));
}
