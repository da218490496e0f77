//! What Terraform is to plan and Docker to build: a program that writes down what it is told stands in for each. A command as
//! it is written, by the shell, and the step that it is lifted into must ask the same of it.
//!
//! What a step adds for itself (JSON as output, where the plan is saved, no questions) is not compared; where variables come
//! from is compared by what they are in the end, in Terraform's own order.

use super::accounts::step;
use super::case::scene;
use super::stand::{Stand, Told, by_hand};
use holdpoint_conformance::{Room, succeeded, walk};
use holdpoint_engine::Task;
use holdpoint_run::Mode;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The step that it is lifted into, live.
async fn by_step(room: &Room, command: &str) {
    let lifted = scene(command, command).lifted;
    let task = Task { mode: Mode::Live, ..step(room, &lifted) };
    succeeded(walk(room.executor(&lifted.uses).as_ref(), &task).await);
}

/// What a plan is asked for.
#[derive(Debug, PartialEq)]
struct Planned {
    folder: PathBuf,
    workspace: Option<String>,
    /// Options by name, without those of variables and of output.
    options: BTreeSet<String>,
    vars: BTreeMap<String, String>,
}

fn planned(told: &Told, root: &Path) -> Planned {
    let folder = told.words.iter().find_map(|word| word.strip_prefix("-chdir="));
    let folder = folder.map_or_else(|| told.folder.clone(), |to| told.folder.join(to));
    let mut vars = BTreeMap::new();
    let mut options = BTreeSet::new();
    let mut words = told.words.iter().enumerate().skip_while(|(_, word)| *word != "plan").skip(1);
    while let Some((at, word)) = words.next() {
        let mut word = word.replacen("--", "-", 1);
        if ["-var", "-target", "-replace", "-parallelism", "-lock-timeout", "-out"].contains(&word.as_str()) {
            word = format!("{word}={}", words.next().unwrap().1);
        }
        if word.starts_with("-var-file=") {
            let text = std::fs::read_to_string(told.at.join(format!("file-{}", at + 1))).unwrap();
            vars.extend(values(&text));
        } else if let Some(pair) = word.strip_prefix("-var=") {
            let (name, value) = pair.split_once('=').unwrap();
            vars.insert(name.to_owned(), value.to_owned());
        } else if let Some(limit) = word.strip_prefix("-lock-timeout=") {
            options.insert(format!("-lock-timeout={}", seconds(limit)));
        } else if !["-json", "-input", "-detailed-exitcode", "-no-color", "-out"]
            .iter()
            .any(|own| word.split('=').next() == Some(*own))
        {
            options.insert(word);
        }
    }
    let folder = folder.canonicalize().unwrap().strip_prefix(root).unwrap().to_owned();
    Planned { folder, workspace: told.env.get("TF_WORKSPACE").cloned(), options, vars }
}

/// Variables of a file: JSON, or `name = "value"` a line.
fn values(text: &str) -> BTreeMap<String, String> {
    if let Ok(Value::Object(map)) = serde_json::from_str(text) {
        return map.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect();
    }
    let lines = text.lines().filter_map(|line| line.split_once(" = "));
    lines.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

fn seconds(length: &str) -> u64 {
    let (number, unit) = length.split_at(length.len() - 1);
    number.parse::<u64>().unwrap() * if unit == "m" { 60 } else { 1 }
}

fn prepared(room: &Room) -> PathBuf {
    for dir in ["", "infra", "infra/app"] {
        let folder = room.folder().join(dir);
        std::fs::create_dir_all(folder.join("environments")).unwrap();
        std::fs::write(folder.join("main.tf"), "resource \"terraform_data\" \"a\" {}\n").unwrap();
        std::fs::write(folder.join("environments/prod.tfvars"), "zone = \"file\"\nsize = \"4\"\n").unwrap();
        std::fs::write(folder.join("more.tfvars"), "size = \"8\"\n").unwrap();
    }
    room.folder().canonicalize().unwrap()
}

pub(crate) const PLANS: &[&str] = &[
    "terraform plan -out=tfplan",
    "terraform -chdir=infra plan -out tfplan -lock-timeout=5m -parallelism=3",
    "terraform -chdir=infra/app plan --var-file=environments/prod.tfvars -var 'note=two words' -var zone=b -out=x",
    "terraform plan -var-file=environments/prod.tfvars -var-file=more.tfvars -out=x",
    "terraform plan -var zone=a -var zone=b -input=false -no-color -out=x",
    "terraform plan -target=terraform_data.a -target 'terraform_data.b[\"k\"]' -replace=terraform_data.c -out=x",
    "terraform plan -destroy -out=x",
    "terraform plan -refresh-only -detailed-exitcode -out=x",
    "TF_WORKSPACE=blue terraform -chdir=infra plan -out=x",
];

#[tokio::test(flavor = "multi_thread")]
async fn terraform_is_asked_the_same() {
    for command in PLANS {
        let (hand, own) = (Stand::new("terraform", ""), Stand::new("terraform", ""));
        let room = Room::open_with("healthy", &own.path()).await;
        let root = prepared(&room);
        by_hand(&hand, &root, command);
        by_step(&room, command).await;
        let plan = |stand: &Stand| {
            let told = stand.told();
            let plans: Vec<&Told> =
                told.iter().filter(|told| told.words.iter().any(|word| word == "plan")).collect();
            assert_eq!(plans.len(), 1, "{command}: {told:#?}");
            planned(plans[0], &root)
        };
        assert_eq!(plan(&hand), plan(&own), "{command}");
        room.close().await;
    }
}

/// What is built, under which names, and what of it is pushed.
#[derive(Debug, Default, PartialEq)]
struct Built {
    context: PathBuf,
    dockerfile: Option<PathBuf>,
    platform: Option<String>,
    target: Option<String>,
    arguments: BTreeMap<String, String>,
    /// `--no-cache`, `--pull` and the like.
    switches: BTreeSet<String>,
    /// Of a build that is pushed, the names that are.
    names: BTreeSet<String>,
    pushed: bool,
}

fn built(stand: &Stand, root: &Path) -> Built {
    let mut built = Built::default();
    let mut pushed = BTreeSet::new();
    for told in stand.told() {
        let words: Vec<&str> = told.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["push", name] => {
                pushed.insert((*name).to_owned());
            }
            ["tag", _, name] => {
                built.names.insert((*name).to_owned());
            }
            ["buildx", "build", rest @ ..] | ["build", rest @ ..] => build(&mut built, &told, rest, root),
            other => panic!("{other:?}"),
        }
    }
    if built.switches.remove("--push") || !pushed.is_empty() {
        built.pushed = true;
    }
    if !pushed.is_empty() {
        built.names = pushed;
    }
    // Where it is left when it is not pushed is this machine's Docker, which a builder must be told.
    built.switches.remove("--load");
    built
}

fn build(built: &mut Built, told: &Told, words: &[&str], root: &Path) {
    let relative = |path: &str| {
        let path = told.folder.join(path).canonicalize().unwrap();
        path.strip_prefix(root).unwrap().to_owned()
    };
    let mut words = words.iter().flat_map(|word| match word.split_once('=') {
        // `--platform=linux/amd64` is two words; a build argument's own `=` stays.
        Some((name, value)) if name.starts_with("--") => vec![name.to_owned(), value.to_owned()],
        _ => vec![(*word).to_owned()],
    });
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap();
        match word.as_str() {
            "--tag" | "-t" => drop(built.names.insert(value())),
            "--file" | "-f" => built.dockerfile = Some(relative(&value())),
            "--platform" => built.platform = Some(value()),
            "--target" => built.target = Some(value()),
            "--build-arg" => {
                let argument = value();
                // One without a value has it in the environment.
                let (name, value) = match argument.split_once('=') {
                    Some((name, value)) => (name, value),
                    None => (argument.as_str(), told.env[&argument].as_str()),
                };
                built.arguments.insert(name.to_owned(), value.to_owned());
            }
            // How it is shown, and what is written beside it. Without attestations a pushed image is the image alone.
            "--progress" | "--provenance" | "--metadata-file" => drop(value()),
            "--" => {}
            switch if switch.starts_with('-') => drop(built.switches.insert(switch.to_owned())),
            context => built.context = relative(context),
        }
    }
}

pub(crate) const OURS: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop-web:7";

pub(crate) const BUILDS: &[&str] = &[
    "docker build --platform linux/amd64 -t shop-web:7 .",
    "docker buildx build --platform=linux/amd64 --push -t OURS app",
    "docker build --platform linux/amd64 --no-cache --target run --build-arg VERSION='7 \"quoted\"' --build-arg=EMPTY= -f app/Dockerfile.prod -t OURS app\ndocker push OURS",
    "docker build --platform linux/arm64 -t local:7 app\ndocker tag local:7 OURS\ndocker push OURS",
];

#[tokio::test(flavor = "multi_thread")]
async fn docker_is_asked_the_same() {
    let plain = Room::open("healthy").await;
    let look = plain.task("look", "image.inspect", json!({ "image": OURS }));
    let found = succeeded(walk(plain.executor("image.inspect").as_ref(), &look).await);
    let digest = found["digest"].as_str().unwrap().to_owned();
    plain.close().await;
    for command in BUILDS {
        let command = command.replace("OURS", OURS);
        let (hand, own) = (Stand::new("docker", &digest), Stand::new("docker", &digest));
        let room = Room::open_with("healthy", &own.path()).await;
        let root = room.folder().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("app")).unwrap();
        std::fs::write(root.join("app/Dockerfile.prod"), "FROM scratch\n").unwrap();
        by_hand(&hand, &root, &command);
        by_step(&room, &command).await;
        assert_eq!(built(&hand, &root), built(&own, &root), "{command}");
        room.close().await;
    }
}
