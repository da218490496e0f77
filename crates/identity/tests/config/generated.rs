//! Profiles made from an account tree: names, collisions, renames, what has gone, and a second run that changes nothing.

use holdpoint_identity::Env;
use holdpoint_identity::config::{GenerateError, Generated, Pick, SessionOf, Template, Why, apply, generate};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(text: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(place.config(), text).unwrap();
        place
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    fn env(&self) -> Env {
        Env::new([
            ("AWS_CONFIG_FILE", self.config()),
            ("AWS_SHARED_CREDENTIALS_FILE", self.folder.path().join("credentials")),
        ])
    }

    fn text(&self) -> String {
        fs::read_to_string(self.config()).unwrap()
    }

    fn generate(&self, picks: &[Pick], template: &Template) -> Generated {
        let made = generate(&self.env(), &session(), picks, template).unwrap();
        apply(&made.draft, &self.folder.path().join("backups"), SystemTime::UNIX_EPOCH).unwrap();
        made
    }
}

fn session() -> SessionOf {
    SessionOf {
        name: "corp".to_owned(),
        start_url: "https://corp.example/start".to_owned(),
        region: "eu-central-1".to_owned(),
        scopes: Vec::new(),
        legacy: false,
    }
}

fn pick(account: &str, account_name: &str, role: &str) -> Pick {
    Pick { account: account.to_owned(), account_name: account_name.to_owned(), role: role.to_owned() }
}

fn template() -> Template {
    Template { region: "eu-west-1".to_owned(), ..Template::default() }
}

const MINE: &str = "# by hand\n[default]\nregion = us-east-1 # home\n\n[profile mine]\nregion = x\n";

#[test]
fn a_block_is_made_behind_what_is_there_and_a_second_run_changes_nothing() {
    let place = Place::new(MINE);
    let tree =
        [pick("111122223333", "Web Shop (prod)", "Deployer"), pick("444455556666", "Data", "ReadOnly")];
    let made = place.generate(&tree, &template());
    assert_eq!(made.added, ["web-shop-prod-Deployer", "data-ReadOnly"]);
    let block = "\n# holdpoint: generated for session corp\n[sso-session corp]\n\
        sso_start_url = https://corp.example/start\nsso_region = eu-central-1\nsso_registration_scopes = sso:account:access\n\n\
        [profile web-shop-prod-Deployer]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Deployer\nregion = eu-west-1\n\n\
        [profile data-ReadOnly]\nsso_session = corp\nsso_account_id = 444455556666\nsso_role_name = ReadOnly\nregion = eu-west-1\n\
        # holdpoint: end\n";
    assert_eq!(place.text(), format!("{MINE}{block}"));
    let again = place.generate(&tree, &template());
    assert!(again.draft.is_empty(), "{}", again.draft.diff());
    // Somebody's section behind the block, and another session's block, stay where they are.
    let behind = format!("{}[profile later]\nregion = y\n", place.text());
    fs::write(place.config(), &behind).unwrap();
    assert!(place.generate(&tree, &template()).draft.is_empty());
    let mut other = session();
    other.name = "other".to_owned();
    other.start_url = "https://other.example/start".to_owned();
    let made =
        generate(&place.env(), &other, &[pick("999988887777", "Data", "ReadOnly")], &template()).unwrap();
    assert_eq!(made.added, ["data-ReadOnly-999988887777"], "the name is taken by the other session");
    assert!(made.draft.after().starts_with(&behind));
}

#[test]
fn an_existing_session_and_profiles_by_hand_are_used_and_not_repeated() {
    let by_hand = "[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-central-1\n\
        [profile shop]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Deployer\n";
    let place = Place::new(by_hand);
    fs::write(place.folder.path().join("credentials"), "[data-ReadOnly]\naws_access_key_id = AKIDEXAMPLE\n")
        .unwrap();
    let made = place.generate(
        &[pick("111122223333", "Shop", "Deployer"), pick("444455556666", "Data", "ReadOnly")],
        &template(),
    );
    assert_eq!(made.left, [("shop-Deployer".to_owned(), Why::ByHand { as_name: "shop".to_owned() })]);
    assert_eq!(made.added, ["data-ReadOnly-444455556666"], "the credentials file has the plain name");
    assert_eq!(place.text().matches("[sso-session corp]").count(), 1);
}

#[test]
fn two_accounts_of_one_name_and_one_without_are_told_apart() {
    let place = Place::new("");
    let tree = [
        pick("111122223333", "Data", "Admin"),
        pick("444455556666", "data", "Admin"),
        pick("999988887777", "データ", "Admin"),
    ];
    let made = place.generate(&tree, &template());
    assert_eq!(made.added, ["data-Admin-111122223333", "data-Admin-444455556666", "999988887777-Admin"]);
    assert_eq!(made.left, [("999988887777-Admin".to_owned(), Why::Nameless)]);
    assert!(place.generate(&tree, &template()).draft.is_empty());
    // One of the two leaves the tree: the other keeps its name, as plans and scripts know it.
    let fewer = place.generate(&tree[..1], &template());
    assert!(fewer.draft.is_empty(), "{}", fewer.draft.diff());
}

#[test]
fn renames_and_removals_wait_until_they_are_asked_for() {
    let place = Place::new(MINE);
    let was = [pick("111122223333", "Shop", "Deployer"), pick("444455556666", "Data", "ReadOnly")];
    place.generate(&was, &template());
    // What somebody added to a profile of the block stays.
    fs::write(
        place.config(),
        place
            .text()
            .replace("sso_role_name = Deployer\n", "sso_role_name = Deployer\ncli_pager =\noutput = table\n"),
    )
    .unwrap();
    let now = [pick("111122223333", "Storefront", "Deployer")];
    let made = place.generate(&now, &template());
    assert!(made.draft.is_empty(), "{}", made.draft.diff());
    assert_eq!(
        made.left,
        [
            ("shop-Deployer".to_owned(), Why::WouldBe { name: "storefront-Deployer".to_owned() }),
            ("data-ReadOnly".to_owned(), Why::Gone),
        ]
    );
    let made = place.generate(&now, &Template { rename: true, prune: true, ..template() });
    assert_eq!(made.renamed, [("shop-Deployer".to_owned(), "storefront-Deployer".to_owned())]);
    assert_eq!(made.removed, ["data-ReadOnly"]);
    let text = place.text();
    assert!(text.starts_with(MINE) && text.contains("[profile storefront-Deployer]\n"), "{text}");
    assert!(text.contains("cli_pager =\noutput = table\n") && !text.contains("data-ReadOnly"), "{text}");
    assert!(made.draft.diff().contains("-[profile data-ReadOnly]"), "a removal is shown");
}

#[test]
fn changed_settings_and_other_templates() {
    let place = Place::new("");
    let tree = [pick("111122223333", "Shop", "Deployer"), pick("111122223333", "Shop", "Admin")];
    let only = Template { roles: vec!["Deployer".to_owned()], ..template() };
    assert_eq!(place.generate(&tree, &only).added, ["shop-Deployer"]);
    let moved = place
        .generate(&tree, &Template { region: "us-east-1".to_owned(), output: "json".to_owned(), ..only });
    assert_eq!(moved.changed, ["shop-Deployer"]);
    assert!(place.text().contains("region = us-east-1\noutput = json\n"));
    for (name, prefix, expected) in [
        ("{session}/{account_id}.{role|lower}", "", "corp/111122223333.admin"),
        ("{role}@{account_name}", "x:", "x:Admin@Shop"),
        ("{account_name|slug}", "", "shop"),
    ] {
        let template = Template { name: name.to_owned(), prefix: prefix.to_owned(), ..Template::default() };
        let made = generate(&Place::new("").env(), &session(), &tree[1..], &template).unwrap();
        assert_eq!(made.added, [expected]);
    }
    for (name, why) in [
        ("{account}", "none of account_name"),
        ("{role", "not closed"),
        ("role}", "no `{`"),
        ("{role|upper}", "|slug"),
        ("a b", "letters, digits"),
        ("", "letters, digits"),
        ("[{role}]", "letters, digits"),
    ] {
        let template = Template { name: name.to_owned(), ..Template::default() };
        let refused = generate(&place.env(), &session(), &tree, &template).unwrap_err();
        assert!(matches!(refused, GenerateError::Template { .. }), "{refused}");
        assert!(refused.to_string().contains(why), "{refused}");
    }
    let refused = generate(&place.env(), &session(), &[], &template()).unwrap_err();
    assert!(matches!(refused, GenerateError::Nothing), "{refused}");
}

#[test]
fn a_legacy_session_has_its_url_in_each_profile() {
    let place = Place::new("");
    let session = SessionOf { name: "https://corp.example/start".to_owned(), legacy: true, ..session() };
    let made =
        generate(&place.env(), &session, &[pick("111122223333", "Shop", "Admin")], &Template::default())
            .unwrap();
    assert!(made.draft.after().contains(
        "[profile shop-Admin]\nsso_start_url = https://corp.example/start\nsso_region = eu-central-1\nsso_account_id"
    ));
    assert!(!made.draft.after().contains("[sso-session"));
}

#[test]
fn a_block_without_its_end_is_left_alone() {
    let text = "# holdpoint: generated for session corp\n[profile a]\nregion = x\n";
    let place = Place::new(text);
    let refused = generate(&place.env(), &session(), &[pick("111122223333", "Shop", "Admin")], &template())
        .unwrap_err();
    assert!(refused.to_string().contains("line 1 begins a generated block that has no end"), "{refused}");
    assert_eq!(place.text(), text);
}

#[test]
fn five_thousand_roles_make_five_thousand_profiles_once() {
    let place = Place::new(MINE);
    let tree: Vec<_> = (0..5_000)
        .map(|i| pick(&format!("{:012}", i / 5), &format!("Account {}", i / 5), &format!("Role{}", i % 5)))
        .collect();
    assert_eq!(place.generate(&tree, &template()).added.len(), 5_000);
    assert!(place.generate(&tree, &template()).draft.is_empty());
    let other =
        Template { region: "us-east-1".to_owned(), prefix: "x-".to_owned(), rename: true, ..template() };
    let made = place.generate(&tree, &other);
    assert_eq!((made.changed.len(), made.renamed.len()), (5_000, 5_000));
    let made = place.generate(&tree[..1], &Template { prune: true, ..other });
    assert_eq!((made.removed.len(), place.text().matches("[profile x-").count()), (4_999, 1));
}
