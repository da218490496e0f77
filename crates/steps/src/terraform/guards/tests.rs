//! Each guard on a plan that it stops, on one that it lets pass, and switched off.

use super::{Pinned, Watch, word};
use crate::terraform::show::read;
use crate::terraform::sources::{Command, Found};
use holdpoint_plan::kinds::{GuardName, TerraformPlanExpect};
use serde_json::{Value, json};

fn change(kind: &str, actions: Value, before: Value, after: Value) -> Value {
    json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind, "name": "x",
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": {},
            "before_sensitive": {}, "after_sensitive": {}}})
}

/// Names of the guards that find something, with what they propose.
fn found(
    changes: Value,
    more: Value,
    sources: &Found,
    backend: Value,
    expect: Value,
    off: &[GuardName],
) -> Vec<String> {
    let mut plan = json!({"format_version": "1.2", "resource_changes": changes});
    plan.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let mut watch = Watch::default();
    let shown = read(plan.to_string().as_bytes(), &mut watch).unwrap();
    let pinned = Pinned { account: "111122223333", region: "eu-west-1" };
    let expect: TerraformPlanExpect = serde_json::from_value(expect).unwrap();
    let findings = watch.findings(&shown, sources, &backend, &pinned, &expect, off);
    findings
        .iter()
        .map(|one| format!("{}: {} | {} | {}", word(one.guard), one.value, one.reason, one.repair))
        .collect()
}

fn of(changes: Value) -> Vec<String> {
    found(changes, json!({}), &Found::default(), Value::Null, json!({}), &[])
}

#[test]
fn an_engine_goes_up_and_never_down() {
    let to = |was: Value, is: &str| {
        of(json!([change("aws_db_instance", json!(["update"]), was, json!({"engine_version": is}))]))
    };
    let said = to(json!({"engine_version": "15.12"}), "15.7");
    assert!(said[0].starts_with("engine_downgrade: engine_version 15.12 to 15.7"), "{said:?}");
    assert_eq!(to(json!({"engine_version": "15.7"}), "15.12"), Vec::<String>::new());
    assert_eq!(
        to(json!({"engine_version": "15", "engine_version_actual": "15.12"}), "15"),
        Vec::<String>::new()
    );
    assert_eq!(to(json!({"engine_version": "15", "engine_version_actual": "15.12"}), "15.7").len(), 1);
    assert_eq!(to(json!({"engine_version": "9.6"}), "10").len(), 0);
}

#[test]
fn what_runs_is_asked_of_aws_and_counts_once() {
    let watch = |was: Value| {
        let after = json!({"identifier": "orders", "engine_version": "15.7"});
        let plan = json!({"format_version": "1.2", "resource_changes": [
            change("aws_db_instance", json!(["update"]), was, after)]});
        let mut watch = Watch::default();
        let shown = read(plan.to_string().as_bytes(), &mut watch).unwrap();
        (watch, shown)
    };
    let pinned = Pinned { account: "111122223333", region: "eu-west-1" };
    let said = |was: Value, live: &str| {
        let (mut watch, shown) = watch(was);
        let wanted = watch.wanted_databases();
        assert_eq!((wanted.len(), wanted[0].id.as_str(), wanted[0].is_cluster), (1, "orders", false));
        watch.database_runs(&wanted[0], live);
        watch.findings(&shown, &Found::default(), &Value::Null, &pinned, &TerraformPlanExpect::default(), &[])
    };
    let behind = said(json!({"engine_version": "15.7"}), "15.12");
    assert_eq!(behind.len(), 1);
    assert!(behind[0].stops && behind[0].repair.contains("as AWS says"), "{behind:?}");
    assert_eq!(said(json!({"engine_version": "15.12"}), "15.12").len(), 1, "the state and AWS say the same");
    assert!(said(json!({"engine_version": "15.6"}), "15.6").is_empty());
    assert!(said(json!({"engine_version": "15.6"}), "unheard of").is_empty());
}

#[test]
fn an_endpoint_is_created_once_a_vpc() {
    let endpoint = |actions: Value, name: &str| {
        let own = json!({"vpc_id": "vpc-1", "service_name": "com.amazonaws.eu-west-1.s3"});
        let (before, after) =
            if actions == json!(["create"]) { (Value::Null, own) } else { (own.clone(), own) };
        let mut change = change("aws_vpc_endpoint", actions, before, after);
        change["address"] = json!(name);
        change
    };
    let said = of(json!([
        endpoint(json!(["create"]), "aws_vpc_endpoint.new"),
        endpoint(json!(["no-op"]), "aws_vpc_endpoint.old")
    ]));
    assert!(said[0].contains("aws_vpc_endpoint.old") && said[0].contains("import {"), "{said:?}");
    assert_eq!(of(json!([endpoint(json!(["create"]), "a")])).len(), 0);
    let changes = json!([endpoint(json!(["create"]), "a"), endpoint(json!(["no-op"]), "b")]);
    let off =
        found(changes, json!({}), &Found::default(), Value::Null, json!({}), &[GuardName::DuplicateEndpoint]);
    assert_eq!(off, Vec::<String>::new());
}

#[test]
fn an_endpoint_that_goes_is_in_nobodys_way() {
    let of = |action: &str, id: &str| {
        let own = json!({"vpc_id": "vpc-1", "service_name": "com.amazonaws.eu-west-1.s3", "id": id});
        let (before, after) = if action == "create" { (Value::Null, own) } else { (own, Value::Null) };
        change("aws_vpc_endpoint", json!([action]), before, after)
    };
    let plan =
        json!({"format_version": "1.2", "resource_changes": [of("create", ""), of("delete", "vpce-1")]});
    let pinned = Pinned { account: "111122223333", region: "eu-west-1" };
    for (there, expected) in [("vpce-1", 0), ("vpce-2", 1)] {
        let mut watch = Watch::default();
        let shown = read(plan.to_string().as_bytes(), &mut watch).unwrap();
        let (vpc, service, _) = watch.wanted_endpoints()[0].clone();
        watch.endpoint_is_there(&vpc, &service, there);
        let expect = TerraformPlanExpect::default();
        let found = watch.findings(&shown, &Found::default(), &Value::Null, &pinned, &expect, &[]);
        let endpoints = found.iter().filter(|one| one.guard == GuardName::DuplicateEndpoint).count();
        assert_eq!(endpoints, expected, "AWS has {there}");
    }
}

#[test]
fn computed_names_must_fit() {
    let named = |kind: &str, member: &str, name: &str| {
        let mut after = json!({});
        after[member] = json!(name);
        of(json!([change(kind, json!(["create"]), Value::Null, after)]))
    };
    let kind = "aws_apprunner_auto_scaling_configuration_version";
    let said = named(kind, "auto_scaling_configuration_name", "shop-agents-development-backend-scaling");
    assert!(said[0].contains("at most 32 are allowed"), "{said:?}");
    assert_eq!(named(kind, "auto_scaling_configuration_name", "shop-agents-dev").len(), 0);
    assert_eq!(named("aws_apprunner_service", "service_name", "abc").len(), 1);
}

#[test]
fn databases_are_not_opened_to_everybody() {
    let group = |ingress: Value| {
        of(json!([change(
            "aws_security_group",
            json!(["create"]),
            Value::Null,
            json!({"ingress": [ingress]})
        )]))
    };
    let said =
        group(json!({"protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_blocks": ["0.0.0.0/0"]}));
    assert!(said[0].starts_with("open_database: port 5432 from 0.0.0.0/0 | it would let the whole internet try to reach PostgreSQL"), "{said:?}");
    assert_eq!(
        group(json!({"protocol": "-1", "from_port": 0, "to_port": 0, "ipv6_cidr_blocks": ["::/0"]})).len(),
        1
    );
    assert_eq!(
        group(json!({"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}))
            .len(),
        0
    );
    assert_eq!(
        group(json!({"protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_blocks": ["10.0.0.0/8"]}))
            .len(),
        0
    );
    let rule = json!({"type": "ingress", "protocol": "tcp", "from_port": 3000, "to_port": 4000, "cidr_blocks": ["0.0.0.0/0"]});
    assert_eq!(of(json!([change("aws_security_group_rule", json!(["create"]), Value::Null, rule)])).len(), 1);
    let rule = json!({"ip_protocol": "tcp", "from_port": 6379, "to_port": 6379, "cidr_ipv4": "0.0.0.0/0"});
    assert_eq!(
        of(json!([change("aws_vpc_security_group_ingress_rule", json!(["create"]), Value::Null, rule)]))
            .len(),
        1
    );
}

#[test]
fn what_holds_data_is_deleted_only_where_it_is_named() {
    let bucket = || {
        json!([change("aws_s3_bucket", json!(["delete"]), json!({"bucket": "shop-receipts"}), Value::Null)])
    };
    assert!(of(bucket())[0].contains("shop-receipts is deleted"), "{:?}", of(bucket()));
    let expect = |expect: Value| found(bucket(), json!({}), &Found::default(), Value::Null, expect, &[]);
    assert_eq!(expect(json!({"delete": ["aws_s3_bucket.x"]})).len(), 0);
    assert_eq!(expect(json!({"delete": ["*"]})).len(), 1, "everything is no name");
}

#[test]
fn a_deregistered_revision_is_told() {
    let definition = |skip: bool| {
        let body = json!({"family": "api", "revision": 7, "skip_destroy": skip});
        of(json!([change("aws_ecs_task_definition", json!(["delete", "create"]), body.clone(), body)]))
    };
    assert!(definition(false)[0].starts_with("skip_destroy: api:7"), "{:?}", definition(false));
    assert_eq!(definition(true).len(), 0);
}

#[test]
fn providers_and_backends_are_held_against_the_pin() {
    let provider = |own: Value| {
        let more = json!({"variables": {"region": {"value": "us-east-1"}}, "configuration": {"provider_config": {
            "aws": {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws", "expressions": own}}}});
        found(json!([]), more, &Found::default(), Value::Null, json!({}), &[])
    };
    assert!(provider(json!({"region": {"references": ["var.region"]}}))[0].contains("region us-east-1"));
    assert_eq!(provider(json!({"region": {"constant_value": "eu-west-1"}})).len(), 0);
    assert_eq!(provider(json!({"allowed_account_ids": {"constant_value": ["444455556666"]}})).len(), 1);
    let role = json!([{"role_arn": {"constant_value": "arn:aws:iam::444455556666:role/deploy"}}]);
    assert_eq!(provider(json!({"assume_role": role})).len(), 1);
    let backend = |region: &str| {
        let own = json!({"backend": {"type": "s3", "config": {"bucket": "shop-state", "region": region}}});
        found(json!([]), json!({}), &Found::default(), own, json!({}), &[])
    };
    assert!(backend("eu-central-1")[0].contains("shop-state in eu-central-1"));
    assert_eq!(backend("eu-west-1").len(), 0);
}

#[test]
fn a_pull_without_a_platform_is_found_in_the_sources() {
    let command = |text: &str| Found {
        commands: vec![Command {
            place: "main.tf:3".into(),
            of: "null_resource.x".into(),
            text: text.into(),
        }],
        ..Found::default()
    };
    let look = |text: &str| found(json!([]), json!({}), &command(text), Value::Null, json!({}), &[]);
    assert!(look("docker pull x")[0].contains("--platform linux/amd64"));
    assert_eq!(look("docker pull --platform linux/amd64 x").len(), 0);
}
