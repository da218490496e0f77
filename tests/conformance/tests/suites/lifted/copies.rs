//! Copies of images, working copies of git, pages: what the program of the command is told, and what the step asks.

use super::accounts::step;
use super::case::scene;
use super::programs::OURS;
use super::stand::{Stand, by_hand};
use holdpoint_conformance::cases::repository;
use holdpoint_conformance::{Room, succeeded, walk};
use holdpoint_engine::{Ending, Task};
use holdpoint_plan::Effect;
use serde_json::json;

/// Where copies go.
const TO: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop-web:copy";

/// Programs, their commands, and the platform that is copied.
pub(crate) const COPIES: &[(&str, &str, &str)] = &[
    (
        "docker",
        "docker pull --platform linux/arm64 ghcr.example/shop/api:1.4\ndocker tag ghcr.example/shop/api:1.4 TO\ndocker push TO\n",
        "linux/arm64",
    ),
    ("skopeo", "skopeo copy --all docker://ghcr.example/shop/api:1.4 docker://TO\n", "all"),
    ("crane", "crane copy ghcr.example/shop/api:1.4 TO\n", "all"),
];

/// Looks at images by programs that are no client of AWS.
pub(crate) const LOOKS: &[&str] =
    &["docker buildx imagetools inspect OURS\n", "docker manifest inspect OURS\n"];

/// The program is told where from and where to; the step reads the same name, and gives the same name. That all of the image
/// arrives, and the platform that was asked for, is read from the target.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_copied_from_and_to_the_same() {
    for (program, command, platform) in COPIES {
        let command = command.replace("TO", TO);
        let stand = Stand::new(program, "");
        let room = Room::tapped("healthy", &stand.path()).await;
        by_hand(&stand, room.folder(), &command);
        let mut names: Vec<String> = Vec::new();
        for told in stand.told() {
            let words = told.words.iter().map(|word| word.trim_start_matches("docker://").to_owned());
            names.extend(words.filter(|word| word.contains('/') && !word.contains("linux/")));
        }
        names.sort();
        names.dedup();
        let lifted = scene(&command, &command).lifted;
        let task = step(&room, &lifted);
        let asked_platform = task.with["platform"].as_str().unwrap().to_owned();
        assert_eq!(asked_platform, *platform, "{command}");
        succeeded(walk(room.executor("image.mirror").as_ref(), &task).await);
        let calls = room.calls();
        let named = |verbs: &[&str]| -> Vec<String> {
            let mut found: Vec<String> = calls
                .iter()
                .filter_map(|call| {
                    let (verb, path) = call.operation.split_once(' ')?;
                    let (name, reference) = path.strip_prefix("/v2/")?.split_once("/manifests/")?;
                    let tagged = verbs.contains(&verb) && !reference.contains(':');
                    tagged.then(|| format!("{}/{name}:{reference}", call.service))
                })
                .collect();
            found.sort();
            found.dedup();
            found
        };
        assert_eq!(named(&["PUT"]), [TO], "{command}");
        assert_eq!(named(&["GET", "HEAD", "PUT"]), names, "{command}");
        // With one platform the target is that image; with all of them it has what the source has.
        for wanted in ["linux/amd64", "linux/arm64"] {
            let there = *platform == "all" || *platform == wanted;
            let look = room.task("look", "image.inspect", json!({ "image": TO, "platform": wanted }));
            let ending = walk(room.executor("image.inspect").as_ref(), &look).await;
            let found = matches!(ending, Ending::Succeeded { .. });
            assert_eq!(found, there, "{command}: {wanted}");
        }
        room.close().await;
    }
}

/// The program is told a name; the step asks the registry that the name is of for it.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_looked_at_by_the_same_name() {
    for command in LOOKS {
        let command = command.replace("OURS", OURS);
        let stand = Stand::new("docker", "");
        let room = Room::tapped("healthy", &stand.path()).await;
        by_hand(&stand, room.folder(), &command);
        let told = stand.told();
        assert_eq!(told[0].words.last().map(String::as_str), Some(OURS), "{command}");
        let lifted = scene(&command, &command).lifted;
        succeeded(walk(room.executor(&lifted.uses).as_ref(), &step(&room, &lifted)).await);
        let (name, tag) = OURS.split_once('/').unwrap();
        let (repository, tag) = tag.split_once(':').unwrap();
        let wanted = format!(" /v2/{repository}/manifests/{tag}");
        let calls = room.calls();
        let changes =
            calls.iter().filter(|call| ["PUT ", "POST "].iter().any(|verb| call.operation.starts_with(verb)));
        assert_eq!(changes.count(), 0, "{command}");
        assert!(
            calls.iter().any(|call| call.service == name && call.operation.ends_with(&wanted)),
            "{command}: {calls:#?}"
        );
        room.close().await;
    }
}

/// What is asked of git, the state in which the working copy is, and what an expectation says of it.
pub(crate) const WORKING_COPIES: &[&str] = &[
    "cd repo\nSHA=$(git rev-parse HEAD)\n",
    "cd repo\nSHORT=$(git rev-parse --short HEAD)\n",
    "cd repo\nBRANCH=$(git rev-parse --abbrev-ref HEAD)\n",
    "cd repo/deep\nBRANCH=$(git branch --show-current)\n",
    "cd repo\ngit status --porcelain\n# should be empty\n",
];

/// The step asks git in the same working copy, learns what the command prints, and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_working_copy_is_looked_at_alike() {
    for command in WORKING_COPIES {
        let (Some(hand), Some(own)) = (Stand::before("git"), Stand::before("git")) else {
            println!("skipped: there is no `git` on this machine");
            return;
        };
        let room = Room::open_with("healthy", &own.path()).await;
        let place = room.folder().join("repo");
        repository(&place);
        std::fs::create_dir(place.join("deep")).unwrap();
        let before = standing(&place);
        let lifted = scene(command, command).lifted;
        let said = lifted.sets.as_ref().map(|(variable, _)| format!("printf '%s' \"${variable}\"\n"));
        let printed = by_hand(&hand, room.folder(), &format!("{command}{}", said.unwrap_or_default()));
        let outputs = succeeded(walk(room.executor("git.state").as_ref(), &step(&room, &lifted)).await);
        match &lifted.sets {
            Some((_, output)) => assert_eq!(outputs[output], json!(printed), "{command}"),
            // A clean one prints nothing.
            None => assert_eq!((printed.as_str(), &outputs["dirty"]), ("", &json!(false)), "{command}"),
        }
        let folders = |stand: &Stand| {
            let mut folders: Vec<_> =
                stand.told().into_iter().map(|told| told.folder.canonicalize().unwrap()).collect();
            folders.dedup();
            folders
        };
        assert_eq!(folders(&hand), folders(&own), "{command}");
        assert_eq!(standing(&place), before, "{command}");
        // What the command would fail to see, the step tells.
        if lifted.sets.is_none() {
            std::fs::write(place.join("new"), "").unwrap();
            let printed = by_hand(&hand, room.folder(), command);
            assert_eq!(printed, "?? new", "{command}");
            let ending = walk(room.executor("git.state").as_ref(), &step(&room, &lifted)).await;
            let held = match ending {
                Ending::Succeeded { judgements, .. } => judgements.iter().all(|one| one.holds),
                other @ (Ending::Failed(_)
                | Ending::RolledBackByAws(_)
                | Ending::Superseded(_)
                | Ending::NotPractised(_)) => panic!("{command}: {other:?}"),
            };
            assert!(!held, "{command}");
        }
        room.close().await;
    }
}

/// All that a command could have changed in a repository: its index, its references, its configuration.
fn standing(place: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    ["index", "HEAD", "config", "refs/heads/main"]
        .map(|name| (name.to_owned(), std::fs::read(place.join(".git").join(name)).unwrap()))
        .into()
}

/// What opens a page.
pub(crate) const PAGES: &[(&str, &str)] = &[
    ("open", "open https://console.example/orders?tab=1\n"),
    ("xdg-open", "xdg-open https://app.example\n"),
];

/// A page is opened by a person: the step shows the address that the command names, and nothing is asked of anybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_the_same() {
    for (program, command) in PAGES {
        let stand = Stand::new(program, "");
        let room = Room::tapped("healthy", &stand.path()).await;
        by_hand(&stand, room.folder(), command);
        let lifted = scene(command, command).lifted;
        assert_eq!((lifted.uses.as_str(), lifted.effect), ("manual", Some(Effect::Read)), "{command}");
        let task: Task = step(&room, &lifted);
        assert_eq!(json!(stand.told()[0].words), json!([task.with["link"]]), "{command}");
        room.executor("manual").prepare(&task).await.unwrap();
        assert!(room.calls().is_empty(), "{command}");
        room.close().await;
    }
}
