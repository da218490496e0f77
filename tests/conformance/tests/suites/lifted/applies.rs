//! What Terraform applies and puts out: the real one, with its built-in provider, before which a program writes down what it
//! is told. The commands as they are written, by the shell in one folder, and the steps in another of the same configuration:
//! each applies one saved plan, once, and leaves the same state.

use super::accounts::step;
use super::case::{Scene, lifts};
use super::stand::{Stand, Told, by_hand};
use holdpoint_conformance::{Room, succeeded, walk};
use holdpoint_engine::Task;
use holdpoint_run::Mode;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const CONFIGURATION: &str = "variable \"size\" {\n  default = \"2\"\n}\n\nresource \"terraform_data\" \"disk\" {\n  input = \
                             var.size\n}\n\nresource \"terraform_data\" \"name\" {\n  input = \"a name\"\n}\n\noutput \
                             \"size\" {\n  value = terraform_data.disk.output\n}\n";

/// Of each, the last command is what is compared; those before it are lifted and walked too.
pub(crate) const APPLIES: &[&str] = &[
    "terraform plan -out=tfplan\nterraform apply tfplan\n",
    "cd infra\nterraform plan -var size=4 -out=p\nterraform apply -auto-approve p\n",
    "terraform -chdir=infra plan -target=terraform_data.disk -out=p\nterraform -chdir=infra apply p\n",
    "terraform plan -out=tfplan\nterraform apply tfplan\nSIZE=$(terraform output -raw size)\n",
    "cd infra\nterraform plan -out=tfplan\nterraform apply tfplan\nterraform output\n",
];

#[tokio::test(flavor = "multi_thread")]
async fn terraform_applies_the_same() {
    for commands in APPLIES {
        let (Some(hand), Some(own)) = (Stand::before("terraform"), Stand::before("terraform")) else {
            println!("skipped: there is no `terraform` on this machine");
            return;
        };
        let (one, two) =
            (Room::open_with("healthy", &hand.path()).await, Room::open_with("healthy", &own.path()).await);
        for room in [&one, &two] {
            for dir in ["", "infra"] {
                let folder = room.folder().join(dir);
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join("main.tf"), CONFIGURATION).unwrap();
            }
        }
        let lifts = lifts(commands, commands);
        // A step makes its folder ready by itself; a person does it before.
        let ready = "for dir in . infra; do terraform -chdir=$dir init -input=false >/dev/null; done\n";
        let last = lifts.last().unwrap();
        let said =
            last.lifted.sets.as_ref().map(|(variable, _)| format!("\nprintf '\\n%s\\n' \"${variable}\"\n"));
        let printed = by_hand(&hand, one.folder(), &format!("{ready}{commands}{}", said.unwrap_or_default()));
        let printed = printed.lines().last().unwrap_or_default();
        let outputs = by_steps(&two, &lifts).await;
        if let Some((_, output)) = &last.lifted.sets {
            assert_eq!(outputs[output], json!(printed), "{commands}");
        }
        if last.lifted.uses == "terraform.output" && last.lifted.sets.is_none() {
            assert_eq!(printed, "size = \"2\"", "{commands}");
            assert_eq!(outputs.get("size"), Some(&json!("2")), "{commands}");
        }
        for dir in ["", "infra"] {
            let (by_hand, by_step) =
                (left(&hand, &one.folder().join(dir)), left(&own, &two.folder().join(dir)));
            assert_eq!(by_hand, by_step, "{commands}: what is left in `{dir}`");
        }
        let (hand, own) = (applied(&hand.told(), one.folder()), applied(&own.told(), two.folder()));
        assert_eq!(hand.len(), 1, "{commands}");
        assert_eq!(hand, own, "{commands}");
        one.close().await;
        two.close().await;
    }
}

/// Walks every step, live; what the last one puts out.
async fn by_steps(room: &Room, lifts: &[Scene]) -> BTreeMap<String, Value> {
    let mut all = Map::new();
    let mut last = BTreeMap::new();
    for Scene { lifted, .. } in lifts {
        let with =
            holdpoint_plan::render(&Value::Object(lifted.with.clone()), &json!({ "steps": all })).unwrap();
        let task = Task { mode: Mode::Live, with, ..step(room, lifted) };
        // Each step has a folder of its own.
        let task = Task { scratch: room.task(&lifted.name, &lifted.uses, json!({})).scratch, ..task };
        last = succeeded(walk(room.executor(&lifted.uses).as_ref(), &task).await);
        all.insert(lifted.name.clone(), json!({ "outputs": last }));
    }
    last
}

/// Where something was applied, and whether a saved plan was.
fn applied(told: &[Told], root: &Path) -> Vec<(String, bool)> {
    let applies = told.iter().filter(|told| told.words.iter().any(|word| word == "apply"));
    applies
        .map(|told| {
            let to = told.words.iter().find_map(|word| word.strip_prefix("-chdir=")).unwrap_or(".");
            let folder = told.folder.join(to).canonicalize().unwrap();
            let folder = folder.strip_prefix(root.canonicalize().unwrap()).unwrap().display().to_string();
            let words = told.words.iter().skip_while(|word| *word != "apply").skip(1);
            (folder, words.filter(|word| !word.starts_with('-')).count() == 1)
        })
        .collect()
}

/// What a state holds, without what is made up anew each time.
fn left(stand: &Stand, folder: &Path) -> Value {
    let text = by_hand(stand, folder, "terraform show -json");
    let mut state: Value = serde_json::from_str(&text).unwrap();
    let module = &mut state["values"]["root_module"]["resources"];
    for resource in module.as_array_mut().into_iter().flatten() {
        resource["values"].as_object_mut().unwrap().remove("id");
    }
    state["values"].take()
}
