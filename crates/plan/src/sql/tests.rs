//! Cases of the tables that statements make, and of what is a read.

use super::{Column, only_reads, tables};

#[test]
fn a_statement_is_taken_for_a_read_only_where_that_is_sure() {
    let reads = [
        "SELECT 1",
        "select version_num from alembic_version;",
        "SELECT count(*) FROM public.orders WHERE state = 'paid; drop table' AND total > 10.5",
        "WITH late AS (SELECT * FROM orders) SELECT max(created_at) FROM late",
        "SELECT \"update\", `set` FROM orders",
        "SHOW CREATE TABLE orders",
        "SELECT CAST(a AS varchar(3)) FROM t WHERE b IN (1, 2) ORDER BY 1 LIMIT 5",
        "TABLE alembic_version",
    ];
    for sql in reads {
        assert_eq!(only_reads(sql), Ok(()), "{sql}");
    }
    let others = [
        ("", "does not begin"),
        ("DELETE FROM orders", "`DELETE`"),
        ("EXPLAIN ANALYZE DELETE FROM orders", "`EXPLAIN`"),
        ("SELECT 1; DROP TABLE orders", "more than one"),
        ("WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone", "`DELETE`"),
        ("SELECT * INTO copies FROM orders", "`INTO`"),
        ("SELECT * FROM orders FOR UPDATE", "`UPDATE`"),
        ("SELECT * FROM orders FOR KEY SHARE", "`SHARE`"),
        ("SELECT * FROM orders LOCK IN SHARE MODE", "`LOCK`"),
        ("SELECT pg_sleep(600)", "`pg_sleep(…)`"),
        ("SELECT nextval ('orders_id')", "`nextval(…)`"),
        ("SELECT app.count(1)", "`count(…)`"),
        ("SELECT \"purge\"()", "`purge(…)`"),
        ("SELECT 1 /*! INTO OUTFILE '/tmp/x' */", "comment"),
        ("SELECT 1 -- ; DELETE", "comment"),
        ("SELECT 'a\\'; DELETE FROM orders; --'", "`\\`"),
        ("SELECT $$ it $$", "`$`"),
        ("SELECT 'open", "not closed"),
        ("SET ROLE admin", "`SET`"),
        ("DO 1", "`DO`"),
    ];
    for (sql, why) in others {
        let refused = only_reads(sql).expect_err(sql);
        assert!(refused.contains(why), "{sql}: {refused}");
    }
}

#[test]
fn columns_are_read_from_the_statements_that_make_tables() {
    let found = tables(
        "-- made by a tool; do not edit\nCREATE EXTENSION IF NOT EXISTS citext;\n\
         CREATE FUNCTION touch() RETURNS trigger AS $fn$ BEGIN; CREATE TABLE no (a int); END $fn$ LANGUAGE plpgsql;\n\
         CREATE TABLE IF NOT EXISTS public.\"orders\" (\n  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),\n\
         customer varchar(255) NOT NULL,\n  total numeric(10, 2) DEFAULT 0,\n  placed timestamptz NOT NULL,\n\
         tags text[],\n  state public.order_state,\n  CONSTRAINT total_ok CHECK (total >= 0)\n);\n\
         CREATE TABLE items (order_id uuid REFERENCES orders (id), line int, n bigserial, PRIMARY KEY (order_id, line));\n\
         CREATE INDEX items_by_line ON items (line);",
    )
    .expect("it is SQL");
    let said: Vec<String> = found
        .iter()
        .flat_map(|(table, columns)| {
            columns.iter().map(move |(name, column)| format!("{table}.{name}: {column}"))
        })
        .collect();
    assert_eq!(
        said,
        [
            "items.line: integer not null",
            "items.n: bigint not null",
            "items.order_id: uuid not null",
            "orders.customer: character varying(255) not null",
            "orders.id: uuid not null",
            "orders.placed: timestamp with time zone not null",
            "orders.state: order_state null",
            "orders.tags: text[] null",
            "orders.total: numeric(10,2) null",
        ]
    );
}

#[test]
fn what_is_not_said_of_a_column_is_not_compared() {
    let live = Column::read("character varying(255) not null");
    for (expected, fits) in [
        ("varchar", true),
        ("varchar(255)", true),
        ("varchar(80)", false),
        ("any", true),
        ("not null", true),
        ("null", false),
        ("text", false),
        ("VARCHAR(255) NOT NULL", true),
    ] {
        assert_eq!(Column::read(expected).fits(&live), fits, "{expected}");
    }
}
