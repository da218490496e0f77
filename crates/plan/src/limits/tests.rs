//! Names as AWS takes them, and proposals.

use super::*;

#[test]
fn every_pattern_is_one_and_every_kind_stands_once() {
    assert!(PATTERNS.iter().all(Option::is_some));
    let mut kinds: Vec<_> = kinds().collect();
    kinds.sort_unstable();
    let whole = kinds.len();
    kinds.dedup();
    assert_eq!(kinds.len(), whole);
}

#[test]
fn names_are_judged_as_aws_judges_them() {
    let table = [
        ("apprunner.service", "shop-api", true),
        ("apprunner.service", "api", false),
        ("apprunner.service", "-shop", false),
        ("apprunner.service", "a-very-long-name-of-a-service-with-41-char", false),
        ("apprunner.auto_scaling", "shop-backend-production-auto-scaling", false),
        ("aws_apprunner_auto_scaling_configuration_version", "shop-as", true),
        ("ecr.repository", "team/shop-api", true),
        ("ecr.repository", "Team/shop", false),
        ("rds.instance", "shop--db", false),
        ("rds.instance", "shop-db-1", true),
        ("rds.instance", "1shop", false),
        ("elb.target_group", "shop-", false),
        ("elb.target_group", "s", true),
        ("logs.group", "/ecs/shop api", false),
    ];
    for (kind, name, fits) in table {
        assert_eq!(rule(kind).unwrap().check(name).is_ok(), fits, "{kind} {name}");
    }
    assert_eq!(rule("apprunner.services"), None);
}

#[test]
fn a_proposal_fits_keeps_the_ends_and_is_the_same_each_time() {
    let table = [
        (
            "apprunner.auto_scaling",
            "shop-backend-production-autoscaling-config",
            "shop-backend-production-as-cfg",
        ),
        (
            "apprunner.auto_scaling",
            "shop-shop-backend-dev-vpc-connector-shop",
            "shop-backend-dev-vpc-connector",
        ),
        ("apprunner.service", "api", "api-app"),
        ("ecr.repository", "Shop API", "shop-api"),
        ("rds.instance", "shop--db-", "shop-db"),
    ];
    for (kind, name, proposal) in table {
        let unfit = rule(kind).unwrap().check(name).unwrap_err();
        assert_eq!(unfit.proposal.as_deref(), Some(proposal), "{kind} {name}");
    }
}

#[test]
fn whatever_the_name_a_proposal_does() {
    let names = ["", "-", "ü", "𝕏𝕏𝕏𝕏𝕏", &"x".repeat(600), &"ab-".repeat(300), &"aeiou".repeat(99), "a b/c d"];
    for rule in RULES {
        for name in names {
            if let Some(proposal) = shorten(rule, name) {
                assert!(rule.check(&proposal).is_ok(), "{} {name}: {proposal}", rule.kind);
            }
        }
    }
}
