//! Programs that are absent, too old, or not what they should be; and practice.

use super::scene::{failed, outputs};
use super::stage::{is_absent, program};
use holdpoint_conformance::{Room, walk};
use holdpoint_engine::{Ending, Task};
use holdpoint_run::Mode;
use serde_json::json;
use std::time::Duration;
use tempfile::TempDir;

/// A room whose only program is of that name and does this, and the folder that it is in.
async fn room_with(name: &str, script: &str) -> (Room, TempDir) {
    let bin = TempDir::new().unwrap();
    program(bin.path(), name, &format!("#!/bin/sh\n{script}\n"));
    let room = Room::open_with("healthy", &bin.path().display().to_string()).await;
    std::fs::create_dir_all(room.folder().join("infra")).unwrap();
    std::fs::write(room.folder().join("infra/main.tf"), "resource \"terraform_data\" \"a\" {}\n").unwrap();
    (room, bin)
}

async fn plan(room: &Room, mode: Mode, with: serde_json::Value) -> Ending {
    let task = Task { mode, ..room.task("plan", "terraform.plan", with) };
    walk(room.executor("terraform.plan").as_ref(), &task).await
}

#[tokio::test(flavor = "multi_thread")]
async fn absent_too_old_or_strange_is_said() {
    let dir = json!({"dir": "infra"});
    let (room, _bin) = room_with("nothing", "exit 0").await;
    let told = failed(plan(&room, Mode::Live, dir.clone()).await);
    assert_eq!(told.headline, "`terraform` is not installed: it is nowhere on the PATH");
    let ending = plan(&room, Mode::Practice, dir.clone()).await;
    assert!(matches!(&ending, Ending::NotPractised(why) if why.contains("not installed")), "{ending:?}");
    room.close().await;
    let (room, _bin) = room_with("terraform", "echo '{\"terraform_version\": \"1.4.7\"}'").await;
    let told = failed(plan(&room, Mode::Live, dir.clone()).await);
    assert!(told.headline.starts_with("terraform 1.4.7 is too old"), "{told:?}");
    room.close().await;
    let (room, _bin) = room_with("terraform", "echo Segmentation fault >&2; exit 139").await;
    let told = failed(plan(&room, Mode::Live, dir.clone()).await);
    assert!(told.says.iter().any(|said| said.what.contains("Segmentation fault")), "{told:?}");
    room.close().await;
    let (room, _bin) = room_with("tofu", "echo '{\"terraform_version\": \"1.5.9\"}'").await;
    let told = failed(plan(&room, Mode::Live, dir).await);
    assert!(told.headline.starts_with("tofu 1.5.9 is too old"), "{told:?}");
    let told = failed(plan(&room, Mode::Live, json!({"dir": "infra", "program": "terraform"})).await);
    assert!(told.headline.contains("`terraform` is not installed"), "{told:?}");
    room.close().await;
}

/// A Terraform whose `show` does this.
fn shows(script: &str) -> String {
    let plans = "for word; do case \"$word\" in -out=*) echo plan > \"${word#-out=}\";; esac; done; exit 2";
    format!(
        "PATH=/usr/bin:/bin; case \"$1\" in version) echo '{{\"terraform_version\": \"1.11.4\"}}';; workspace) echo default;; \
         plan) {plans};; show) {script};; esac"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_cannot_be_read_is_said_and_not_waited_for() {
    let much = "head -c 3000000 /dev/zero | tr '\\0' a";
    for (script, said) in [
        // It goes on writing, and complaining, when nobody reads any more.
        (format!("printf '{{\"format_version\":\"2.0\",\"x\":\"'; {much}; {much} >&2; sleep 600"), "2.0"),
        (format!("printf '{{\"format_version\": nonsense '; {much}; sleep 600"), "cannot be read"),
        ("printf '{\"format_version\":\"1.2\",'; kill -9 $$".to_owned(), "signal: 9"),
        ("echo 'out of memory' >&2; exit 2".to_owned(), "exit status: 2"),
    ] {
        let (room, _bin) = room_with("terraform", &shows(&script)).await;
        let told = failed(plan(&room, Mode::Live, json!({"dir": "infra"})).await);
        assert!(told.headline.contains(said), "{script}: {told:?}");
        room.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_says_nothing_is_not_waited_for_longer_than_the_step_may_take() {
    for script in ["exec /bin/sleep 600", &shows("sleep 600")] {
        let (room, _bin) = room_with("terraform", script).await;
        let task = room.task("plan", "terraform.plan", json!({"dir": "infra"}));
        let task = Task { mode: Mode::Live, timeout: Some(Duration::from_secs(2)), ..task };
        let told = failed(walk(room.executor("terraform.plan").as_ref(), &task).await);
        // Whichever of its commands the time runs out in.
        assert!(
            told.headline.contains("was stopped") && told.headline.ends_with("longer than 2 s"),
            "{told:?}"
        );
        room.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_do_not_lead_out_of_the_plans_folder() {
    let room = Room::open("healthy").await;
    for dir in ["..", "/etc", "a/../../b"] {
        let task = room.task("plan", "terraform.plan", json!({"dir": dir}));
        let refused = room.executor("terraform.plan").prepare(&task).await.unwrap_err();
        assert!(refused.headline.contains("leads out of"), "{refused:?}");
    }
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn practice_works_on_a_copy() {
    if is_absent() {
        return;
    }
    let room = Room::open("healthy").await;
    let infra = room.folder().join("infra");
    std::fs::create_dir_all(infra.join("mod")).unwrap();
    let text = "terraform {\n  backend \"s3\" {\n    bucket = \"real\"\n    key = \"real\"\n    region = \"eu-west-1\"\n  }\n}\n\
                module \"m\" {\n  source = \"./mod\"\n  url = var.url\n}\nvariable \"url\" {}\noutput \"url\" { value = var.url }\n";
    std::fs::write(infra.join("main.tf"), text).unwrap();
    std::fs::write(
        infra.join("mod/main.tf"),
        "variable \"url\" {}\nresource \"terraform_data\" \"a\" { input = var.url }\n",
    )
    .unwrap();
    std::fs::write(infra.join("dev.tfvars"), "url = \"\" # later\n").unwrap();
    let vars = room.task(
        "vars",
        "terraform.vars",
        json!({"file": "infra/dev.tfvars", "set": {"url": "https://x.example"}}),
    );
    let diff =
        outputs(walk(room.executor("terraform.vars").as_ref(), &room.pin(&vars).await).await)["diff"].clone();
    assert!(diff.as_str().unwrap().contains("+url = \"https://x.example\" # later"), "{diff}");
    let made =
        outputs(plan(&room, Mode::Practice, json!({"dir": "infra", "var_file": ["dev.tfvars"]})).await);
    assert_eq!(made["changes"][0]["address"], "module.m.terraform_data.a");
    let apply = room.task("apply", "terraform.apply", json!({"plan": made["file"]}));
    let applied = outputs(walk(room.executor("terraform.apply").as_ref(), &apply).await);
    assert_eq!(applied["url"], "https://x.example", "practice sees what practice changed");
    let mut left: Vec<_> = std::fs::read_dir(&infra)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["dev.tfvars", "main.tf", "mod"], "the folder itself is untouched");
    assert_eq!(std::fs::read_to_string(infra.join("dev.tfvars")).unwrap(), "url = \"\" # later\n");
    room.close().await;
}
