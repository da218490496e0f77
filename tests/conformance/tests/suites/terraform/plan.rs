//! Plans: judged, masked, sealed; what cannot be planned is explained.

use super::scene::{HUSH, Scene, broken, failed, outputs};
use super::stage::{Case, Manner, as_tofu, cases};
use holdpoint_engine::Ending;
use serde_json::json;

const SHOP: &str = r#"
variable "tag" { default = "1" }
variable "token" {
  sensitive = true
  default   = "none"
}
resource "terraform_data" "api" {
  input            = { tag = var.tag, token = var.token }
  triggers_replace = var.tag
}
resource "terraform_data" "worker" {
  for_each = toset(["a.b", "c"])
  input    = "${each.key}-${var.tag}"
}
output "tag" { value = var.tag }
output "token" {
  value     = var.token
  sensitive = true
}
"#;

cases! {
    expectations_are_met_and_not_met,
    sensitive_values_are_nowhere,
    a_cycle_names_both_and_how_to_break_it,
    what_cannot_be_planned_is_refused_and_leaves_no_plan,
    what_did_not_drift_is_not_told_as_drift,
}

as_tofu! {
    expectations_are_met_and_not_met,
    a_cycle_names_both_and_how_to_break_it,
}

async fn expectations_are_met_and_not_met(case: Case) {
    let Some(scene) = Scene::open(case, SHOP).await else { return };
    let expect = json!({"create": ["terraform_data.api", "terraform_data.worker[*]"], "update": [], "no_changes": false});
    let first = outputs(scene.plan(json!({}), expect.clone()).await);
    assert_eq!(first["create"], 3);
    assert_eq!(first["file"], json!(format!("plan:{}", first["sha256"].as_str().unwrap())));
    scene.by_hand(&["apply", "-auto-approve"]);
    assert_eq!(outputs(scene.plan(json!({}), json!({"no_changes": true})).await)["has_changes"], false);
    let with = json!({"vars": {"tag": "2"}});
    let expect =
        json!({"update": ["terraform_data.api", "terraform_data.worker[\"a.b\"]"], "forbid": ["replace"]});
    let said = broken(scene.plan(with.clone(), expect).await);
    assert!(said[0].contains("terraform_data.api is replaced because triggers_replace"), "{said:?}");
    assert!(said[0].contains("also updated: terraform_data.worker[\"c\"]"), "{said:?}");
    assert_eq!(said[1], "forbidden: replace: replace terraform_data.api");
    let whole = json!({"replace": ["terraform_data.api"], "update": ["terraform_data.worker[*]"], "counts": {"delete": 0}});
    let changes = outputs(scene.plan(with, whole).await)["changes"].clone();
    assert_eq!(changes[0]["replace_paths"], json!(["triggers_replace"]));
    assert_eq!(changes[0]["reason"], "a changed value cannot be updated in place");
    scene.close().await;
}

async fn sensitive_values_are_nowhere(case: Case) {
    let Some(scene) = Scene::open(case, SHOP).await else { return };
    let ending = scene.plan(json!({"vars": {"token": HUSH, "tag": "7"}}), json!({})).await;
    let said = format!("{ending:?}");
    assert!(said.contains("(sensitive)"), "{said}");
    assert!(!said.contains(HUSH), "{said}");
    let left = scene.left_behind();
    assert!(left.contains("terraform-plan.json"), "{left}");
    assert!(!left.contains(HUSH), "{left}");
    let apply = scene.task("apply", "terraform.apply", json!({"plan": outputs(ending)["file"]}));
    let executor = scene.room.executor("terraform.apply");
    let (intent, receipts) = holdpoint_conformance::act_all(executor.as_ref(), &apply).await;
    assert!(!format!("{intent:?}{receipts:?}").contains(HUSH));
    assert!(!scene.left_behind().contains(HUSH));
    let ending = executor.follow(&apply, &intent, &receipts).await;
    assert!(!format!("{ending:?}").contains(HUSH));
    let Ending::Succeeded { outputs, secret_outputs, .. } = ending else { panic!("{ending:?}") };
    assert_eq!(outputs["tag"].value, Some(json!("7")));
    assert_eq!(secret_outputs["token"].expose(), HUSH);
    assert_eq!(outputs["applied"].value.as_ref().unwrap()["create"], 3);
    scene.close().await;
}

async fn a_cycle_names_both_and_how_to_break_it(case: Case) {
    let Some(scene) = Scene::open(
        case,
        "resource \"terraform_data\" \"backend\" { input = terraform_data.mcp.output }\n\
         resource \"terraform_data\" \"mcp\" { input = terraform_data.backend.output }\n",
    )
    .await
    else {
        return;
    };
    let told = failed(scene.plan(json!({}), json!({})).await);
    assert_eq!(
        told.headline,
        "terraform_data.backend and terraform_data.mcp need each other (a cycle), so nothing can be planned"
    );
    assert!(told.hints[0].contains("variable \"mcp_url\" { default = \"\" }"), "{:?}", told.hints);
    scene.close().await;
}

async fn what_cannot_be_planned_is_refused_and_leaves_no_plan(case: Case) {
    let Some(scene) = Scene::open(case, "variable \"n\" { default = 1 }\nresource \"terraform_data\" \"a\" {\n  lifecycle {\n    precondition {\n      condition = var.n == 2\n      \
         error_message = \"one is not two\"\n    }\n  }\n}\n").await else { return };
    let told = failed(scene.plan(json!({}), json!({})).await);
    assert!(told.headline.contains("Resource precondition failed"), "{told:?}");
    assert!(told.says.iter().any(|said| said.what.contains("one is not two")), "{told:?}");
    assert!(!scene.left_behind().contains("plan.tfplan"));
    let told = failed(scene.plan(json!({"workspace": "nowhere"}), json!({})).await);
    assert_eq!(told.headline, "There is no workspace `nowhere`");
    scene.write("main.tf", "module \"far\" {\n  source = \"./absent\"\n}\n");
    let told = failed(scene.plan(json!({}), json!({})).await);
    assert!(told.headline.contains("could not initialise"), "{told:?}");
    scene.close().await;
}

/// Nothing of the provider that comes with Terraform can change outside of it, so this recording is written after its
/// documentation (JSON output format, `resource_drift`) and not recorded: a rule that somebody opened by hand, a service that
/// is gone, one that Terraform lists though nothing of it differs, and a secret that was changed.
#[tokio::test(flavor = "multi_thread")]
async fn drift_stands_apart() {
    for manner in [Manner::Recorded, Manner::Tofu] {
        let case = Case { name: "drift_stands_apart", manner };
        let scene = Scene::open(case, "resource \"aws_security_group\" \"db\" {}\n").await.unwrap();
        let said = broken(scene.plan(json!({}), json!({"drift": "none"})).await);
        assert_eq!(
            said,
            [
                "drift: update aws_security_group.db, delete aws_ecs_service.worker, update aws_db_instance.orders"
            ]
        );
        let ending = scene.plan(json!({}), json!({"update": ["aws_security_group.db"]})).await;
        assert!(!format!("{ending:?}").contains(HUSH), "a value that Terraform masks is nowhere");
        let Ending::Succeeded { note, .. } = &ending else { panic!("{ending:?}") };
        assert_eq!(note.as_deref(), Some("3 changed outside of Terraform (see `drift`)"));
        let found = outputs(ending);
        let drift = found["drift"].as_array().unwrap();
        let addresses: Vec<_> = drift.iter().map(|row| row["address"].as_str().unwrap()).collect();
        assert_eq!(addresses, ["aws_security_group.db", "aws_ecs_service.worker", "aws_db_instance.orders"]);
        // What somebody opened stands beside what was there; what the plan would do about it stands among the changes.
        let opened = drift[0].to_string();
        assert!(opened.contains("0.0.0.0/0") && opened.contains("10.1.0.0/16"), "{opened}");
        assert_eq!(
            (&found["update"], &found["delete"]),
            (&json!(1), &json!(0)),
            "drift is counted nowhere else"
        );
        assert!(!scene.left_behind().contains(HUSH));
        scene.close().await;
    }
}

async fn what_did_not_drift_is_not_told_as_drift(case: Case) {
    let Some(scene) = Scene::open(case, "variable \"n\" { default = 1 }\nresource \"terraform_data\" \"a\" { input = 1 }\ncheck \"c\" {\n  assert {\n    condition = var.n == 2\n    error_message = \"not so\"\n  }\n}\n").await else { return };
    scene.by_hand(&["init"]);
    scene.by_hand(&["apply", "-auto-approve"]);
    let ending = scene.plan(json!({}), json!({"drift": "none", "no_changes": true})).await;
    let Ending::Succeeded { note, .. } = &ending else { panic!("{ending:?}") };
    assert!(note.as_deref().unwrap_or_default().contains("check does not pass: check.c: not so"), "{note:?}");
    assert_eq!(outputs(ending)["drift"], json!([]));
    scene.close().await;
}
