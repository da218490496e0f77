//! `image.build`: what Docker is told, and what is made of what it leaves. Docker is a script here that writes down its
//! arguments and environment; where there is a real one with buildx and a daemon, it builds, too.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::{Room, succeeded, walk};
use holdpoint_engine::{ActError, Ending, Note, Observation, Progress, Task};
use holdpoint_run::Mode;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop-web:7";
const SECRET: &str = "s3cret-of-the-build";
const OTHER: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A Docker that writes down what it is told, and ends as `script` says; `$digest` is what it would have built.
fn docker(folder: &Path, digest: &str, script: &str) -> String {
    let bin = folder.join("fake");
    std::fs::create_dir_all(&bin).unwrap();
    let told = folder.join("told");
    let text = format!(
        "#!/bin/sh\ndigest='{digest}'\nprintf '%s\\n' \"$@\" > '{0}.args'\nenv > '{0}.env'\n\
         while [ $# -gt 0 ]; do [ \"$1\" = --metadata-file ] && metadata=$2; shift; done\n{script}\n",
        told.display()
    );
    let file = bin.join("docker");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display())
}

const BUILDS: &str =
    "echo '#1 building' >&2; printf '{\"containerimage.digest\":\"%s\"}' \"$digest\" > \"$metadata\"";

fn task(room: &Room, more: Value) -> Task {
    let mut with = json!({"context": "app", "tags": [IMAGE, "registry.example/shop/web:7"], "push": true});
    with.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    std::fs::create_dir_all(room.folder().join("app")).unwrap();
    Task { mode: Mode::Live, ..room.task("build", "image.build", with) }
}

/// The digest that the practice account's image has.
async fn digest_of(room: &Room) -> String {
    let task = room.task("look", "image.inspect", json!({"image": IMAGE}));
    let outputs = succeeded(walk(room.executor("image.inspect").as_ref(), &task).await);
    outputs["digest"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_is_told_everything_and_secrets_by_its_environment_only() {
    let folder = tempfile::TempDir::new().unwrap();
    let plain = Room::open("healthy").await;
    let digest = digest_of(&plain).await;
    plain.close().await;
    let room = Room::open_with("healthy", &docker(folder.path(), &digest, BUILDS)).await;
    let more = json!({
        "dockerfile": "deploy/Dockerfile", "target": "run", "cache": false,
        "build_args": {"VERSION": "7 'quoted' $(id)"}, "secrets": {"npm": SECRET},
    });
    let task = task(&room, more);
    let outputs = succeeded(walk(room.executor("image.build").as_ref(), &task).await);
    let repository = IMAGE.trim_end_matches(":7");
    assert_eq!(outputs["digest"], digest.as_str());
    assert_eq!((&outputs["previous_digest"], &outputs["changed"]), (&json!(digest), &json!(false)));
    assert_eq!(outputs["image"], format!("{repository}@{digest}"));
    let told = std::fs::read_to_string(folder.path().join("told.args")).unwrap();
    let context = room.folder().join("app");
    let lines: Vec<&str> = told.lines().collect();
    let metadata = lines[lines.iter().position(|word| *word == "--metadata-file").unwrap() + 1];
    let file = context.join("deploy/Dockerfile");
    let expected = [
        "buildx",
        "build",
        "--progress=plain",
        "--provenance=false",
        "--platform",
        "linux/amd64",
        "--tag",
        IMAGE,
        "--tag",
        "registry.example/shop/web:7",
        "--target",
        "run",
        "--no-cache",
        "--build-arg",
        "VERSION",
        "--secret",
        "id=npm,env=BUILD_SECRET_0",
        "--push",
        "--file",
        file.to_str().unwrap(),
        "--metadata-file",
        metadata,
        "--",
        context.to_str().unwrap(),
    ];
    assert_eq!(lines, expected);
    let env = std::fs::read_to_string(folder.path().join("told.env")).unwrap();
    assert!(env.contains(&format!("BUILD_SECRET_0={SECRET}\n")), "{env}");
    assert!(env.contains("VERSION=7 'quoted' $(id)\n"), "{env}");
    let intent = room.executor("image.build").prepare(&task).await.unwrap();
    assert!(!serde_json::to_string(&intent.actions).unwrap().contains(SECRET));
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_lines_are_read_as_they_come_from_either_stream() {
    let folder = tempfile::TempDir::new().unwrap();
    let script = format!("echo '#7 [2/3] RUN make'; {BUILDS}; echo '#9 DONE 0.1s' >&2");
    let room = Room::open_with("healthy", &docker(folder.path(), OTHER, &script)).await;
    let (to, mut notes) = tokio::sync::mpsc::unbounded_channel();
    let mut task = task(&room, json!({"push": false}));
    task.progress = Progress::new(task.work.clone(), to);
    succeeded(walk(room.executor("image.build").as_ref(), &task).await);
    drop(task);
    let mut lines = Vec::new();
    while let Some((_, note)) = notes.recv().await {
        if let Note::Line { text, .. } = note {
            lines.push(text);
        }
    }
    lines.sort();
    assert_eq!(lines, ["#1 building", "#7 [2/3] RUN make", "#9 DONE 0.1s"]);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_is_expected_to_change_is_judged_against_the_one_before() {
    let folder = tempfile::TempDir::new().unwrap();
    let plain = Room::open("healthy").await;
    let digest = digest_of(&plain).await;
    plain.close().await;
    let room = Room::open_with("healthy", &docker(folder.path(), &digest, BUILDS)).await;
    let executor = room.executor("image.build");
    for (before, expected, found, holds) in [
        (digest.as_str(), true, "false: the digest is unchanged", false),
        (digest.as_str(), false, "false", true),
        (OTHER, true, "true", true),
        (OTHER, false, "true", false),
    ] {
        let task = Task { expect: json!({"changed": expected}), ..task(&room, json!({})) };
        let mut intent = executor.prepare(&task).await.unwrap();
        assert_eq!(intent.world["previous"], digest.as_str());
        intent.world["previous"] = json!(before);
        let receipt = executor.act(&task, &intent, 0, &[]).await.unwrap();
        let ending = executor.follow(&task, &intent, &[receipt]).await;
        let Ending::Succeeded { judgements, .. } = ending else { panic!("{ending:?}") };
        let told: Vec<_> =
            judgements.iter().map(|one| (one.what.as_str(), one.found.as_str(), one.holds)).collect();
        assert_eq!(told, [("changed", found, holds)], "{before} {expected}");
    }
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_was_lost_is_found_by_what_it_left() {
    let folder = tempfile::TempDir::new().unwrap();
    let room = Room::open_with("healthy", &docker(folder.path(), OTHER, BUILDS)).await;
    let task = task(&room, json!({"push": false}));
    let executor = room.executor("image.build");
    let intent = executor.prepare(&task).await.unwrap();
    let before = executor.observe(&task, &intent, 0, &[]).await.unwrap();
    assert!(matches!(before, Observation::TookNoEffect { .. }), "{before:?}");
    let receipt = executor.act(&task, &intent, 0, &[]).await.unwrap();
    let after = executor.observe(&task, &intent, 0, &[]).await.unwrap();
    assert_eq!(after, Observation::TookEffect(receipt));
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_say_what_is_to_be_done() {
    for (script, expected) in [
        ("echo \"docker: unknown command: docker buildx\" >&2; exit 1", "no buildx plugin"),
        (
            "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.' >&2; exit 1",
            "Docker is not running",
        ),
        ("echo '#7 exec /bin/sh: exec format error' >&2; exit 1", "qemu-user-static"),
        ("echo 'ERROR: failed to push: denied' >&2; exit 1", "allow the role"),
    ] {
        let folder = tempfile::TempDir::new().unwrap();
        let room = Room::open_with("healthy", &docker(folder.path(), OTHER, script)).await;
        let ending = walk(room.executor("image.build").as_ref(), &task(&room, json!({"push": false}))).await;
        let Ending::Failed(diagnosis) = ending else { panic!("{ending:?}") };
        assert!(diagnosis.hints.iter().any(|hint| hint.contains(expected)), "{diagnosis:?}");
        room.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pushed_must_be_what_the_tag_leads_to() {
    let folder = tempfile::TempDir::new().unwrap();
    let room = Room::open_with("healthy", &docker(folder.path(), OTHER, BUILDS)).await;
    let ending = walk(room.executor("image.build").as_ref(), &task(&room, json!({}))).await;
    let Ending::Failed(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.headline.ends_with("does not lead to what was built"), "{diagnosis:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_docker_would_misread_is_refused_before() {
    let folder = tempfile::TempDir::new().unwrap();
    let room = Room::open_with("healthy", &docker(folder.path(), OTHER, BUILDS)).await;
    let executor = room.executor("image.build");
    for more in [
        json!({"build_args": {"DOCKER_HOST": "tcp://x"}}),
        json!({"build_args": {"A B": ""}}),
        json!({"secrets": {"a,src=/etc/passwd": "x"}}),
    ] {
        let task = task(&room, more.clone());
        let intent = executor.prepare(&task).await.unwrap();
        let refused = executor.act(&task, &intent, 0, &[]).await;
        assert!(matches!(refused, Err(ActError::Refused(_))), "{more}: {refused:?}");
    }
    for more in [
        json!({"context": "../other"}),
        json!({"context": "/"}),
        json!({"dockerfile": "../D"}),
        json!({"tags": []}),
        json!({"platform": "amd64"}),
    ] {
        assert!(executor.prepare(&task(&room, more.clone())).await.is_err(), "{more}");
    }
    assert!(!folder.path().join("told.args").exists(), "nothing was started");
    room.close().await;
    let room = Room::open_with("healthy", "/nowhere").await;
    let diagnosis = room.executor("image.build").prepare(&task(&room, json!({}))).await.unwrap_err();
    assert!(diagnosis.headline.contains("no program `docker`"), "{diagnosis:?}");
    room.close().await;
}

/// Where a real Docker can push to: a registry of the practice account by its address on this machine, which Docker takes
/// without TLS.
fn local(room: &Room, name: &str) -> String {
    format!("{}/built.example/{name}", room.simulator.address())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_on_this_machine_is_read_by_its_address() {
    let room = Room::open("healthy").await;
    let to = local(&room, "copied:1");
    let with = json!({"from": "ghcr.example/shop/api:1.4", "to": to});
    let copied = room.task("copy", "image.mirror", with);
    let digest = succeeded(walk(room.executor("image.mirror").as_ref(), &copied).await)["digest"].clone();
    let look = room.task("look", "image.inspect", json!({"image": to}));
    let seen = succeeded(walk(room.executor("image.inspect").as_ref(), &look).await);
    assert_eq!(seen["manifest_digest"], digest);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_docker_builds_and_pushes() {
    #[expect(clippy::disallowed_methods, reason = "whether there is a real Docker")]
    let there =
        |words: &[&str]| Command::new("docker").args(words).output().is_ok_and(|said| said.status.success());
    if !there(&["buildx", "version"]) || !there(&["info"]) {
        skipped();
        return;
    }
    let room = Room::open("healthy").await;
    let executor = room.executor("image.build");
    let kept = task(&room, json!({"push": false, "tags": ["holdpoint.example/test:1"]}));
    std::fs::write(room.folder().join("app/Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n").unwrap();
    let outputs = succeeded(walk(executor.as_ref(), &kept).await);
    assert!(outputs["digest"].as_str().unwrap().starts_with("sha256:"), "{outputs:?}");
    // Pushed, the tag leads to what was built, and to a platform that runs it.
    let tag = local(&room, "test:1");
    let pushes = |attempt: u32| Task { attempt, ..task(&room, json!({"tags": [tag]})) };
    let first = succeeded(walk(executor.as_ref(), &pushes(1)).await);
    assert_eq!((&first["previous_digest"], &first["changed"]), (&Value::Null, &json!(true)));
    let look = room.task("look", "image.inspect", json!({"image": tag, "platform": "linux/amd64"}));
    let seen = succeeded(walk(room.executor("image.inspect").as_ref(), &look).await);
    assert_eq!((&seen["digest"], &seen["platform"]), (&first["digest"], &json!("linux/amd64")));
    // Another content is another image, and the one before is known.
    std::fs::write(room.folder().join("app/Dockerfile"), "FROM scratch\nCOPY Dockerfile /other\n").unwrap();
    let again = succeeded(walk(executor.as_ref(), &pushes(2)).await);
    assert_eq!((&again["previous_digest"], &again["changed"]), (&first["digest"], &json!(true)));
    room.close().await;
}

#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
fn skipped() {
    println!("skipped: there is no docker with buildx and a daemon that this user may use");
}
