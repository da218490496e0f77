//! `check`, its repairs and its look at an account; `explain` and `schema`.

use crate::account::{admin, simulate};
use crate::home::{Home, repository};
use serde_json::{Value, json};

const TERRAFORM: &str = "# Shop\n\n## Step 1: Apply\n\n```bash\nterraform plan -var-file=prod.tfvars\nterraform apply -var-file=prod.tfvars\n```\n";

#[test]
fn a_guide_passes_and_its_repairs_are_written_only_when_they_are_wanted() {
    let home = Home::new();
    let path = home.file("shop.md", TERRAFORM);
    let path = path.to_str().unwrap();
    home.run(&["check", path])
        .exits(0)
        .says(&["warning[unreviewed-apply]", "--fix: Apply the plan file `tfplan`"]);
    // Nobody answers: nothing is written.
    home.run(&["check", path, "--fix"])
        .exits(0)
        .says(&["-terraform apply -var-file=prod.tfvars", "+terraform apply tfplan"]);
    assert_eq!(std::fs::read_to_string(path).unwrap(), TERRAFORM);
    home.run(&["check", path, "--fix", "--yes"]).exits(0).says(&["0 warnings"]);
    let repaired = std::fs::read_to_string(path).unwrap();
    assert_eq!(
        repaired,
        TERRAFORM
            .replace("plan -var-file=prod.tfvars", "plan -var-file=prod.tfvars -out=tfplan")
            .replace("apply -var-file=prod.tfvars", "apply tfplan")
    );
    home.run(&["check", path, "--fix", "--yes"]).exits(0).complains(&["nothing here is repaired"]);
    assert_eq!(std::fs::read_to_string(path).unwrap(), repaired);
}

#[test]
fn a_file_in_another_encoding_is_not_written_anew() {
    let home = Home::new();
    let path = home.file("shop.md", "");
    let bytes: Vec<u8> =
        TERRAFORM.replace("Shop", "Caf\u{e9}").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    std::fs::write(&path, &bytes).unwrap();
    home.run(&["check", path.to_str().unwrap(), "--fix", "--yes"]).exits(1).complains(&["is not UTF-8"]);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn codes_are_explained_and_the_schema_is_printed() {
    let home = Home::new();
    home.run(&["explain", "old-revision"]).exits(0).says(&[
        "old-revision (warning, note)",
        "Why:",
        "What to do:",
        "Example:",
    ]);
    home.run(&["explain", "warning[log-group]"])
        .exits(0)
        .says(&["/aws/apprunner/<name>/<service id>/service"]);
    home.run(&["explain"]).exits(0).says(&["Terraform", "unreviewed-apply"]);
    home.run(&["explain", "old-revison"]).exits(2).complains(&["did you mean `old-revision`?"]);
    let told = home.run(&["schema"]).exits(0);
    let schema: Value = serde_json::from_str(&told.out).unwrap();
    assert!(schema["$defs"]["step"].is_object());
}

#[test]
fn the_configuration_that_a_plan_works_with_is_read_beside_it() {
    let home = Home::new();
    let path = home.file(
        "shop.md",
        "---\nholdpoint: { version: 1, estimate: 1m..2m }\n---\n# Shop\n\n## Plan\n\n```yaml stage\nid: plan\n```\n\n```yaml step\nid: planned\nuses: terraform.plan\nwith: { dir: infra }\n```\n",
    );
    home.run(&["check", path.to_str().unwrap(), "--strict"]).exits(0);
    let folder = path.with_file_name("infra");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(
        folder.join("api.tf"),
        "resource \"aws_ecs_task_definition\" \"api\" {\n  family = \"api\"\n  container_definitions = jsonencode([{\n    image = \"shop/api:latest\"\n  }])\n}\n",
    )
    .unwrap();
    std::fs::write(folder.join("notes.md"), "image = \"shop/api:latest\"\n").unwrap();
    let told = home.run(&["check", path.to_str().unwrap(), "--strict"]).exits(1);
    for part in ["infra/api.tf:1:1: warning[skip-destroy]", "infra/api.tf:4:14: warning[latest-only]"] {
        assert!(told.out.contains(part), "{part}: {told:?}");
    }
    assert!(!told.out.contains("--fix"), "a plan's repairs do not reach them: {told:?}");
    let json = home.run(&["check", path.to_str().unwrap(), "--json"]).exits(0);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["beside"][0]["findings"].as_array().map(Vec::len), Some(2), "{json}");
}

fn plan(account: &str, service: &str) -> String {
    format!(
        "---\nholdpoint:\n  version: 1\n  title: Broker\n  target: {{ account: \"{account}\", region: eu-central-1 }}\n  vars:\n    cluster: {{ default: broker }}\n---\n\
         # Broker\n\n## Look\n\n```yaml stage\nid: look\n```\n\n```yaml step\nid: api\nuses: ecs.check\n\
         with: {{ cluster: \"{{{{ vars.cluster }}}}\", service: {service} }}\nexpect: {{ running: 2 }}\nestimate: 1s..5s\n```\n\n\
         ```yaml step\nid: log\nuses: logs.expect\nwith: {{ group: /ecs/broker-apii }}\nexpect: {{ contains: [started] }}\nestimate: 1s..5s\n```\n\n\
         ```yaml step\nid: given\nuses: secrets.check\nwith: {{ parameters: [/broker/url, /broker/mdoe] }}\nestimate: 1s..5s\n```\n"
    )
}

/// A profile `shop` of a simulated account with the world of one of our plans: what keeps it alive, the profile's file, the account.
fn account_of(home: &Home, plan: &str) -> (impl Sized + use<>, std::path::PathBuf, String) {
    let (simulator, port) = simulate(home, &home.kept().join("runs/alone/sim"));
    let world = std::fs::read(repository(&format!("plans/{plan}.world.json"))).unwrap();
    let mut world: Value = serde_json::from_slice(&world).unwrap();
    world["parameters"] = json!([{"name": "/broker/url"}, {"name": "/broker/mode"}]);
    world["repositories"] = json!([{ "name": "shop/till", "tags": { "1.4": {} } }]);
    let furnished = admin(port, "POST", "furnish", &world);
    let person = &furnished["people"][0];
    let of = |name: &str| person[name].as_str().unwrap();
    let config = home.file(
        "aws-config",
        format!(
            "[profile shop]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:{port}\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
            of("access_key_id"),
            of("secret_access_key"),
            of("session_token")
        ),
    );
    let account = furnished["account"].as_str().or(world["account"].as_str()).unwrap();
    (simulator, config, account.to_owned())
}

#[test]
fn images_and_versions_of_databases_are_looked_for_too() {
    let home = Home::new();
    let (_simulator, config, account) = account_of(&home, "private-database");
    let env = [("AWS_CONFIG_FILE", config.to_str().unwrap())];
    let world = std::fs::read(repository("plans/private-database.world.json")).unwrap();
    let world: Value = serde_json::from_slice(&world).unwrap();
    let (database, runs) = (&world["databases"][0]["id"], world["databases"][0]["version"].as_str().unwrap());
    let region = world["region"].as_str().unwrap();
    let registry = format!("{account}.dkr.ecr.{region}.amazonaws.com");
    let step = |id: &str, rest: &str| format!("```yaml step\nid: {id}\n{rest}\n```\n\n");
    let inspect =
        |id: &str, image: &str| step(id, &format!("uses: image.inspect\nwith: {{ image: \"{image}\" }}"));
    let check = |id: &str, version: &str| {
        step(
            id,
            &format!(
                "uses: rds.check\nwith: {{ database: {database} }}\nexpect: {{ version: \"{version}\" }}"
            ),
        )
    };
    let head = format!(
        "---\nholdpoint:\n  version: 1\n  target: {{ account: \"{account}\", region: {region} }}\n---\n# Shop\n\n## Look\n\n```yaml stage\nid: look\n```\n\n"
    );
    let steps = [
        inspect("there", &format!("{registry}/shop/till:1.4")),
        inspect("no_tag", &format!("{registry}/shop/till:never-pushed")),
        inspect("no_repository", &format!("{registry}/never-made:1")),
        check("other", "99.*"),
    ];
    let path = home.file("shop.md", head + &steps.concat());
    let told = home.run_with(&env, &["check", path.to_str().unwrap(), "--profile", "shop"]).exits(0);
    for part in [
        format!("the repository `shop/till` has no image `{registry}/shop/till:never-pushed`"),
        format!("there is no repository `never-made` in the account {account}"),
        format!("runs {runs}, and the step expects 99.*"),
    ] {
        assert!(told.out.contains(&part), "{part}: {told:?}");
    }
    assert_eq!(told.out.matches("[not-there]").count(), 2, "{told:?}");
}

#[test]
fn what_a_plan_names_is_looked_for_in_its_account() {
    let home = Home::new();
    let (_simulator, config, account) = account_of(&home, "ecs-api-and-worker");
    let env = [("AWS_CONFIG_FILE", config.to_str().unwrap())];
    let path = home.file("broker.md", plan(&account, "broker-ap"));
    let check = ["check", path.to_str().unwrap(), "--profile", "shop"];
    home.run_with(&env, &check).exits(0).says(&[
        "warning[not-there]: there is no service `broker-ap` in the cluster `broker`",
        "Did you mean `broker-api`?",
        "there is no log group `/ecs/broker-apii`",
        "Did you mean `/ecs/broker-api`?",
        "there is no parameter `/broker/mdoe`",
        "Did you mean `/broker/mode`?",
    ]);
    home.run_with(&env, &[&check[..], &["--strict"]].concat()).exits(1);
    // Offline, the same plan has nothing of the kind.
    let offline = home.run(&["check", path.to_str().unwrap()]).exits(0);
    assert!(!offline.out.contains("not-there"), "{offline:?}");

    // Another account than the target: said first, and nothing else is looked for.
    let other = home.file("other.md", plan("999988887777", "broker-ap"));
    let told = home.run_with(&env, &["check", other.to_str().unwrap(), "--profile", "shop"]).exits(1);
    assert!(told.out.contains("error[identity]") && !told.out.contains("not-there"), "{told:?}");
    home.run_with(&env, &["check", home.file("guide.md", TERRAFORM).to_str().unwrap(), "--profile", "shop"])
        .exits(2)
        .complains(&["names no `target`"]);
}
