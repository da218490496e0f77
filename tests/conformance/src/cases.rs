//! Steps of kinds that look at files, repositories and the account, ready to be walked.

use crate::Room;
use holdpoint_engine::Task;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::process::Command;

/// A patch to `main.tf` of [`repository`].
pub const PATCH: &str = "diff --git a/main.tf b/main.tf\n--- a/main.tf\n+++ b/main.tf\n@@ -1,4 +1,4 @@\n \
                         resource \"aws_db_instance\" \"main\" {\n-  engine_version = \"15.7\"\n+  engine_version = \
                         \"15.12\"\n   port           = 5432\n }\n";

/// What stands in `main.tf` of [`repository`].
pub const MAIN: &str =
    "resource \"aws_db_instance\" \"main\" {\n  engine_version = \"15.7\"\n  port           = 5432\n}\n";

/// A step of a kind of these families; `None` for another kind.
pub fn check(room: &Room, kind: &str) -> Option<Task> {
    let (with, expect) = match kind {
        "file.assert" => {
            std::fs::write(room.folder().join("rds.tf"), MAIN).ok()?;
            let hcl = json!({"resource.aws_db_instance.main.engine_version": "15.7"});
            let rule = json!({"path": "rds.tf", "hcl": hcl, "lacks": ["localhost"]});
            (json!({"files": [rule, {"path": "old.tf", "exists": false}]}), json!({}))
        }
        "local.check" => {
            let with = json!({"programs": [{"name": "git", "at_least": "2"}, {"name": "sh"}], "environment": ["PATH"]});
            (with, json!({}))
        }
        "git.state" => {
            repository(&room.folder().join("repo"));
            (json!({"dir": "repo"}), json!({"clean": true, "branch": "main", "contains_commit": "main"}))
        }
        "git.apply" => {
            repository(&room.folder().join("repo"));
            let with = patch(room.folder(), PATCH);
            (with, json!({"files": ["main.tf"]}))
        }
        "secrets.check" => {
            let secrets = ["orders/db", "orders/token"];
            (
                json!({"secrets": secrets, "keys": {"orders/db": ["username"]}}),
                json!({"rotated_within": "90d"}),
            )
        }
        "network.check" => {
            let with = json!({
                "vpc": "vpc-1", "subnets": ["subnet-1", "subnet-2"], "endpoints": ["s3", "logs"],
                "security_groups": ["sg-api", "sg-db"],
            });
            let subnets = [
                json!({"id": "subnet-1", "zone": "eu-west-1a", "type": "public", "name": "public-a"}),
                json!({"id": "subnet-2", "zone": "eu-west-1b", "type": "isolated"}),
            ];
            let rules = [
                json!({"group": "sg-db", "port": 5432, "from": "sg-api"}),
                json!({"group": "sg-db", "port": 5432, "from": "0.0.0.0/0", "present": false}),
            ];
            let endpoints = json!({"present": ["s3"], "absent": ["logs"]});
            (with, json!({"subnets": subnets, "endpoints": endpoints, "rules": rules}))
        }
        "rds.check" => {
            let expect = json!({
                "engine": "aurora-postgresql", "version": "15.*", "at_least": "15.7", "public": false,
                "data_api": true, "reachable_from": "console",
            });
            (json!({"database": "orders-1"}), expect)
        }
        "schema.check" => {
            let model = "CREATE TABLE lines (order_id uuid REFERENCES orders (id), line int, PRIMARY KEY (order_id, line));";
            std::fs::write(room.folder().join("model.sql"), model).ok()?;
            let with = json!({
                "cluster": "orders", "secret": "orders/db", "database": "shop", "model": "model.sql",
                "migrations": {"table": "alembic_version", "column": "version_num"},
                "before": {"orders": {"id": "uuid not null", "note": "text null"}, "alembic_version": {"version_num": "varchar(32) not null"}},
                "sql": "SELECT count(*) FROM orders",
            });
            let expect = json!({
                "tables": {
                    "orders": {"columns": {"id": "uuid not null", "total": "numeric(10,2)", "note": "text"}, "lacks": ["totl"]},
                    "customers": {"exists": false},
                },
                "migration": "0012", "applied": ["0012"], "pending": ["0013"],
                "added": ["lines", "orders.placed", "orders.total"], "removed": [], "changed": [], "rows": [{"count": 2}],
            });
            (with, expect)
        }
        "metrics.check" => {
            let with = json!({
                "namespace": "Shop", "metric": "errors", "dimensions": {"Service": "api"}, "statistic": "Maximum",
                "since": "5m",
            });
            (with, json!({"at_most": 3, "at_least": 0, "datapoints": 2}))
        }
        "names.check" => {
            let with = json!({
                "names": [{"kind": "apprunner.auto_scaling", "name": "shop-scaling"}],
                "existing": {
                    "clusters": ["main"], "services": {"main": ["api"]}, "families": ["api"], "log_groups": ["/ecs/api"],
                },
            });
            (with, json!({}))
        }
        _ => return None,
    };
    Some(Task { expect, ..room.task("check", kind, with) })
}

/// Writes a patch beside the plan, and gives the step's arguments.
pub fn patch(folder: &Path, text: &str) -> Value {
    // A suite stops at what it did not expect.
    assert!(std::fs::write(folder.join("change.patch"), text).is_ok());
    let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    json!({"patch": "change.patch", "sha256": digest, "dir": "repo"})
}

/// A repository with one commit of `main.tf`.
pub fn repository(at: &Path) {
    assert!(std::fs::create_dir_all(at).is_ok());
    assert!(std::fs::write(at.join("main.tf"), MAIN).is_ok());
    git(at, &["init", "--quiet", "--initial-branch=main"]);
    commit(at, "First");
}

/// Commits everything.
pub fn commit(at: &Path, message: &str) {
    git(at, &["add", "--all"]);
    git(at, &["commit", "--quiet", "--message", message]);
}

/// Runs git as somebody who works in the repository.
pub fn git(at: &Path, words: &[&str]) -> String {
    #[expect(clippy::disallowed_methods, reason = "a suite works in a repository as a person does")]
    let mut command = Command::new("git");
    let said = command
        .args(["-c", "user.name=Test", "-c", "user.email=test@shop.example", "-c", "commit.gpgsign=false"])
        .args(words)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .current_dir(at)
        .output();
    let said = said.unwrap_or_else(|error| panic!("git is needed: {error}"));
    assert!(said.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}
