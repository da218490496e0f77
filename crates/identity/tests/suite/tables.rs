//! Pins, people and wrappers as tables.

use holdpoint_identity::{BadPin, Caller, Person, Pin, same_person, wrapper_in};
use std::time::SystemTime;

fn caller(arn: &str) -> Caller {
    let mut parts = arn.split(':');
    Caller {
        partition: parts.nth(1).unwrap().to_owned(),
        account: parts.nth(2).unwrap().to_owned(),
        arn: arn.to_owned(),
        user_id: "AROAEXAMPLE:x".to_owned(),
        request_id: None,
        at: SystemTime::UNIX_EPOCH,
    }
}

const SSO: &str = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Deployer_0123456789abcdef/mara";
const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/Deployer/session";
const USER: &str = "arn:aws:iam::111122223333:user/team/mara";

#[test]
fn pins() {
    // Account, region and role of the pin; the caller; the region of the calls; what differs.
    type Case<'a> = (&'a str, &'a str, Option<&'a str>, &'a str, &'a str, &'a [&'a str]);
    let here = "111122223333";
    let cases: &[Case<'_>] = &[
        (here, "eu-central-1", None, SSO, "eu-central-1", &[]),
        (here, "eu-central-1", None, USER, "eu-central-1", &[]),
        (here, "eu-central-1", Some("Deployer"), SSO, "eu-central-1", &[]),
        (here, "eu-central-1", Some("Deployer"), ROLE, "eu-central-1", &[]),
        (here, "eu-central-1", Some("AWSReservedSSO_Deployer_0123456789abcdef"), SSO, "eu-central-1", &[]),
        (here, "eu-central-1", Some("arn:aws:iam::111122223333:role/Deployer"), ROLE, "eu-central-1", &[]),
        (
            here,
            "eu-central-1",
            Some("arn:aws:iam::111122223333:role/a/path/Deployer"),
            ROLE,
            "eu-central-1",
            &[],
        ),
        (
            here,
            "eu-central-1",
            Some("arn:aws:iam::123456789012:role/Deployer"),
            ROLE,
            "eu-central-1",
            &["role"],
        ),
        (here, "eu-central-1", Some("Deploy"), SSO, "eu-central-1", &["role"]),
        (here, "eu-central-1", Some("deployer"), ROLE, "eu-central-1", &["role"]),
        (here, "eu-central-1", Some("AWSReservedSSO_Deployer"), SSO, "eu-central-1", &["role"]),
        (here, "eu-central-1", Some(""), ROLE, "eu-central-1", &["role"]),
        (here, "eu-central-1", Some("mara"), USER, "eu-central-1", &["role"]),
        (
            here,
            "eu-central-1",
            Some("Deployer"),
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Deployer_0123456789ABCDEF/mara",
            "eu-central-1",
            &["role"],
        ),
        (
            here,
            "eu-central-1",
            Some("My_Set"),
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_My_Set_0123456789abcdef/mara",
            "eu-central-1",
            &[],
        ),
        (here, "eu-central-1", Some("Deployer"), "arn:aws:iam::111122223333:root", "eu-central-1", &["role"]),
        ("123456789012", "eu-central-1", Some("Deployer"), SSO, "eu-central-1", &["account"]),
        (here, "eu-central-1", Some("Deployer"), SSO, "us-east-1", &["region"]),
        (here, "cn-north-1", None, SSO, "cn-north-1", &["partition"]),
        (
            "123456789012",
            "us-gov-west-1",
            Some("Auditor"),
            SSO,
            "us-east-1",
            &["partition", "account", "region", "role"],
        ),
        (
            here,
            "cn-north-1",
            Some("Deployer"),
            "arn:aws-cn:sts::111122223333:assumed-role/Deployer/s",
            "cn-north-1",
            &[],
        ),
    ];
    for (account, region, role, arn, called, differs) in cases {
        let pin = Pin::new(account, region, *role).unwrap();
        match pin.assert(&caller(arn), called) {
            Ok(pinned) => {
                assert!(differs.is_empty(), "{pin:?} took {arn}");
                assert_eq!((pinned.caller().arn.as_str(), pinned.region()), (*arn, *called));
            }
            Err(mismatch) => {
                let what: Vec<_> = mismatch.differences.iter().map(|d| d.what).collect();
                assert_eq!(what, *differs, "{pin:?} with {arn}");
                let text = mismatch.to_string();
                for difference in &mismatch.differences {
                    assert!(
                        text.contains(&difference.expected) && text.contains(&difference.found),
                        "{text}"
                    );
                }
            }
        }
    }
    for account in
        ["", "11112222333", "1111222233334", "11112222333a", "111 122 223 333", "１１１１２２２２３３３３"]
    {
        assert_eq!(Pin::new(account, "eu-central-1", None), Err(BadPin::Account(account.to_owned())));
    }
    for region in ["", "EU-CENTRAL-1", "eu central 1", "x/../y"] {
        assert_eq!(Pin::new(here, region, None), Err(BadPin::Region(region.to_owned())));
    }
}

#[test]
fn people() {
    let of = |arn: &str, instance, source| Person::of(&caller(arn), instance, source);
    let one = Some("https://acme.example.com/start");
    let two = Some("https://other.example.com/start");
    let reader = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Reader_fedcba9876543210/mara";
    let jo = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Deployer_0123456789abcdef/jo";
    let fake = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Deployer/jo";
    // Two people, and whether they must be counted as one.
    let cases = [
        ("one person", of(SSO, one, None), of(SSO, one, None), true),
        ("two roles in two accounts", of(SSO, one, None), of(reader, one, None), true),
        (
            "written differently",
            of(SSO, Some("https://ACME.example.com/start/#"), None),
            of(SSO, one, None),
            true,
        ),
        ("one name in two instances", of(SSO, one, None), of(SSO, two, None), false),
        ("one name, instance unknown", of(SSO, one, None), of(SSO, None, None), true),
        ("two names", of(SSO, one, None), of(jo, one, None), false),
        ("two names, instance unknown", of(SSO, None, None), of(jo, one, None), false),
        ("unverified and verified", of(ROLE, None, None), of(SSO, one, None), true),
        ("two unverified", of(ROLE, None, None), of(USER, None, None), true),
        ("a role that only looks like SSO", of(fake, None, None), of(SSO, one, None), true),
        ("two source identities", of(ROLE, None, Some("mara")), of(ROLE, None, Some("jo")), false),
        ("one source identity", of(ROLE, None, Some("mara")), of(ROLE, None, Some("Mara")), true),
        ("empty source identity", of(ROLE, None, Some("")), of(ROLE, None, Some("jo")), true),
        ("of two kinds", of(ROLE, None, Some("jo")), of(SSO, one, None), true),
    ];
    for (name, a, b, same) in cases {
        assert_eq!(same_person(&a, &b), same, "{name}: {a} and {b}");
        assert_eq!(same_person(&b, &a), same, "{name}, the other way round");
    }
    assert!(!of(fake, one, None).is_verified());
    assert!(!of(USER, one, None).is_verified());
    assert!(of(SSO, None, None).is_verified());
}

#[test]
fn wrappers() {
    let cases = [
        ("aws-okta exec prod -- aws s3 ls", Some("aws-okta exec")),
        (
            "echo hi; AWS_X=1 sudo /usr/local/bin/aws-vault --debug exec prod -- terraform apply",
            Some("/usr/local/bin/aws-vault --debug exec"),
        ),
        ("X=$(aws-vault exec prod -- env)", Some("aws-vault exec")),
        ("sh -c \"aws-okta exec prod -- x\"", Some("aws-okta exec")),
        ("aws-vault --backend \"file\" exec prod", Some("aws-vault --backend \"file\" exec")),
        ("aws-vault \\\n  exec prod", Some("aws-vault \\\n  exec")),
        ("if true; then aws-okta exec x -- y; fi", Some("aws-okta exec")),
        ("eval \"$(aws-okta env prod)\"", Some("aws-okta env")),
        ("assume prod", Some("assume")),
        ("aws sts get-caller-identity", None),
        ("# aws-vault exec prod", None),
        ("aws-vault list", None),
        ("aws-vault list -- exec", None),
        ("my-aws-vault exec", None),
        ("cat aws-vault exec.txt", None),
        ("", None),
    ];
    for (script, expected) in cases {
        assert_eq!(wrapper_in(script), expected, "{script}");
    }
}
