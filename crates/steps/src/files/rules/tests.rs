//! What rules of files find.

use super::*;
use serde_json::json;

const TERRAFORM: &str = r#"
variable "engine_version" { default = "15.12" }
resource "aws_db_instance" "main" {
  engine_version      = "15.12" # never lower
  publicly_accessible = false
  port                = 5432
  name                = "${var.prefix}-main"
  parameters          = { "log_level" = "info", size = var.size }
}
resource "aws_security_group" "db" {
  ingress { from_port = 5432 }
  ingress { from_port = 5433 }
}
resource "aws_route53_record" "a.example" { ttl = 60 }
"#;

fn holds(rule: Value, bytes: Option<&[u8]>) -> bool {
    let judgements = judge(&serde_json::from_value(rule).unwrap(), bytes).unwrap();
    judgements.iter().all(|judgement| judgement.holds)
}

#[test]
fn values_of_terraform_are_found_by_path() {
    let table = [
        (json!({"resource.aws_db_instance.main.engine_version": "15.12"}), true),
        (json!({"resource.aws_db_instance.main.engine_version": 15.12}), true),
        (json!({"resource.aws_db_instance.main.engine_version": "15.7"}), false),
        (json!({"resource.aws_db_instance.main.publicly_accessible": false}), true),
        (json!({"resource.aws_db_instance.main.port": 5432}), true),
        (json!({"resource.aws_db_instance.main.name": "${var.prefix}-main"}), true),
        (json!({"resource.aws_db_instance.main.parameters.log_level": "info"}), true),
        (json!({"resource.aws_db_instance.main.parameters.size": "var.size"}), true),
        (json!({"resource.aws_db_instance.main.storage": null}), true),
        (json!({"resource.aws_db_instance.main.port": null}), false),
        (json!({"resource.aws_db_instance.other.port": 5432}), false),
        (json!({"variable.engine_version.default": "15.12"}), true),
        (json!({"resource.aws_security_group.db.ingress.from_port": 5432}), false),
        (json!({"resource.aws_security_group.db.ingress.0.from_port": 5432}), true),
        (json!({"resource.aws_security_group.db.ingress.1.from_port": 5433}), true),
        (json!({"resource.aws_route53_record.\"a.example\".ttl": 60}), true),
    ];
    for (hcl, expected) in table {
        let rule = json!({"path": "main.tf", "hcl": hcl});
        assert_eq!(holds(rule, Some(TERRAFORM.as_bytes())), expected, "{hcl}");
    }
}

#[test]
fn texts_patterns_digests_and_pointers_are_judged() {
    let table = [
        (json!({"contains": ["b: 1"]}), true),
        (json!({"contains": ["b: 2"]}), false),
        (json!({"lacks": ["localhost"]}), true),
        (json!({"lacks": ["a:"]}), false),
        (json!({"matches": ["^  b: [0-9]$"]}), true),
        (json!({"matches": ["^b"]}), false),
        (json!({"yaml": {"/a/b": 1, "/c": null}}), true),
        (json!({"yaml": {"/a/b": 2}}), false),
        (json!({"json": {"/a": 1}}), false),
        (json!({"sha256": hex(&Sha256::digest(b"a:\n  b: 1\n"))}), true),
        (json!({"sha256": "00"}), false),
        (json!({"exists": false}), false),
    ];
    for (mut rule, expected) in table {
        rule["path"] = json!("f");
        assert_eq!(holds(rule.clone(), Some(b"a:\n  b: 1\n")), expected, "{rule}");
        assert!(!holds(rule.clone(), None) || rule["exists"] == false, "{rule}");
    }
    assert!(holds(json!({"path": "f", "json": {"/a/1": "x"}}), Some(b"{\"a\": [1, \"x\"]}")));
}

#[test]
fn rules_that_are_none_are_refused_before_anything_is_read() {
    for rule in [
        json!({"path": "f", "matches": ["("]}),
        json!({"path": "f", "hcl": {"a..b": 1}}),
        json!({"path": "f", "json": {"a": 1}}),
        json!({"path": "f", "exists": false, "contains": ["x"]}),
    ] {
        assert!(check(&serde_json::from_value(rule.clone()).unwrap()).is_err(), "{rule}");
    }
}

#[test]
fn broken_and_hostile_files_do_not_hold_and_do_not_crash() {
    let deep = "a = ".to_owned() + &"[".repeat(100_000);
    let deep_yaml = "[".repeat(100_000);
    for text in [deep.as_str(), deep_yaml.as_str(), "a = ", "\u{0}", "a: &x [*x]", "resource \"a"] {
        assert!(!holds(json!({"path": "f", "hcl": {"a": 1}}), Some(text.as_bytes())));
        assert!(!holds(json!({"path": "f", "yaml": {"/a": 1}}), Some(text.as_bytes())));
        assert!(!holds(json!({"path": "f", "json": {"/a": 1}}), Some(text.as_bytes())));
    }
}
