//! The Terraform of this machine, live, with its state in a bucket: a plan that goes stale before it is applied, and a lock
//! that somebody holds. Somebody sits at the terminal and answers; killed in between, the run goes on from its journal.

#![expect(clippy::print_stdout, reason = "what is skipped is said")]
#![expect(
    clippy::disallowed_methods,
    reason = "who else works on the state has programs of their own, on the PATH of the test"
)]

#[path = "../../../../tests/conformance/tests/suites/terraform/bucket.rs"]
mod bucket;

use crate::home::{Ran, repository};
use crate::live::Live;
use crate::terminal::{Habit, Terminal};
use bucket::Bucket;
use holdpoint_crash::{Ending, sweep};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Each apply leaves a line beside the configuration that it was applied from.
const MAIN: &str = r#"variable "n" {
  default = 1
}

resource "terraform_data" "served" {
  triggers_replace = var.n

  provisioner "local-exec" {
    command = "echo ${var.n} >> applied"
  }
}

output "n" {
  value = terraform_data.served.triggers_replace
}
"#;

/// Who holds the lock, and since when. They are on another machine: nobody sees from here whether they still work.
const WHO: &str = "robin@pipeline-7.example";
const SINCE: &str = "2026-02-03 04:05:06";
const LOCK: &str = "5a0d1c9e-0f5b-4c53-9a52-6f1c6f2b7d11";

const GO: &str = "g = go, n = no-go, q = leave it open:";
/// Who attends to a run signs as the profile that it runs by, walks a stale plan again, and takes a dead man's lock away.
const HABITS: [Habit<'static>; 6] = [
    (GO, "g"),
    ("guest = somebody who signs in here:", ""),
    ("a = abort, q = leave it open:", "p"),
    ("  option:", "unlock"),
    ("  why:", "their job was ended, and Robin says so"),
    ("  signed by [shop]:", ""),
];

/// A live home with a configuration whose state is in a bucket.
struct Site {
    live: Live,
    bucket: Bucket,
    plan: PathBuf,
}

impl Site {
    /// Nothing where Terraform, moto or `script` are not here.
    fn open() -> Option<Self> {
        let [Some(_), Some(server), Some(_)] = ["terraform", "moto_server", "script"].map(installed) else {
            println!(
                "skipped: this needs terraform, moto_server (cargo xtask test installs it) and util-linux' script"
            );
            return None;
        };
        let live = Live::open();
        let home = &live.home;
        let text =
            std::fs::read_to_string(repository("crates/cli/tests/plans/two-resources.plan.md")).unwrap();
        let plan = home.file("two.plan.md", text.replace("eu-central-1", "eu-west-1"));
        let bucket = Bucket::open(&server);
        for folder in ["infra", "elsewhere"] {
            home.file(&format!("{folder}/main.tf"), MAIN);
            home.file(&format!("{folder}/backend.tf"), bucket.backend());
        }
        Some(Self { live, bucket, plan })
    }

    /// `holdpoint` at a terminal, with more in its environment.
    fn at_terminal(&self, more: &[(&str, &str)], args: &[&str]) -> Terminal {
        let mut env = self.live.env();
        env.push(("PATH", path()));
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Terminal::open(&self.live.home, &[&env, more].concat(), args)
    }

    fn walk(&self, more: &[(&str, &str)]) -> Terminal {
        self.at_terminal(more, &["run", self.plan.to_str().unwrap(), "--profile", "shop", "--trust"])
    }

    /// Somebody else's apply from a folder of their own, which makes every older plan stale.
    fn somebody_applies(&self) {
        for words in [&["init", "-input=false"][..], &["apply", "-input=false", "-auto-approve", "-var=n=2"]]
        {
            let mut command = self.live.home.beside("terraform", words);
            command.current_dir(self.live.home.kept().with_file_name("elsewhere"));
            command.env("PATH", path()).env("CHECKPOINT_DISABLE", "1");
            command.env("AWS_ACCESS_KEY_ID", "made-up").env("AWS_SECRET_ACCESS_KEY", "made-up");
            self.live.home.ran(command).exits(0);
        }
    }

    /// Somebody else's lock.
    fn somebody_locks(&self) {
        let lock = json!({
            "ID": LOCK, "Operation": "OperationTypeApply", "Info": "", "Who": WHO, "Version": "1.11.4",
            "Created": format!("{}Z", SINCE.replace(' ', "T")), "Path": "states/infra.tfstate",
        });
        self.bucket.put("/states/infra.tfstate.tflock", &lock.to_string());
    }

    /// What the run's own applies left.
    fn applied(&self) -> String {
        std::fs::read_to_string(self.live.home.kept().with_file_name("infra/applied")).unwrap_or_default()
    }
}

fn installed(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&path()).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Where the programs are that these tests need besides.
fn path() -> String {
    std::env::var("PATH").unwrap()
}

/// How a run ended: each step, what it changed, who signed, and what the configuration did.
fn ending(site: &Site) -> Ending {
    site.live.home.run(&["verify", "last"]).exits(0).says(&["intact", "all anchored"]);
    let report = site.live.home.json(&["report", "last", "--format", "json"]);
    let of = |list: &Value| list.as_array().unwrap().clone();
    let mut lines =
        vec![format!("end {}", report["outcome"]["end"]), format!("applied {:?}", site.applied())];
    for step in of(&report["stages"]).iter().flat_map(|stage| of(&stage["steps"])) {
        lines.push(format!("step {} {}", step["id"], step["status"]));
    }
    for change in of(&report["changes"]) {
        let locks = of(&change["external"]).into_iter().filter(|one| one[0] == "terraform_lock");
        let locks: Vec<_> = locks.map(|one| one[1].clone()).collect();
        lines.push(format!("change {} {} {locks:?}", change["work"]["step"], change["call"]));
    }
    for one in of(&report["holds"]).iter().flat_map(|hold| of(&hold["signatures"])) {
        lines.push(format!("signed {} {} {}", one["name"], one["verified"], one["void"]));
    }
    lines
}

/// A plan is signed, made stale by somebody else, told so, made and signed anew, and applied.
fn stale(site: &Site, more: &[(&str, &str)]) -> Ran {
    let mut walk = site.walk(more);
    walk.shows(GO);
    site.somebody_applies();
    walk.answers(&HABITS)
}

/// A lock is there before it is planned.
fn locked(site: &Site, more: &[(&str, &str)]) -> Ran {
    site.somebody_locks();
    site.walk(more).answers(&HABITS)
}

/// Pulls the plug at each of these points, and goes on from the journal to the same end.
fn survives(points: &[&str], expected: &Ending, story: fn(&Site, &[(&str, &str)]) -> Ran) {
    let points: Vec<String> = points.iter().map(|point| (*point).to_owned()).collect();
    sweep("R1", "Terraform, live, at its own points", &points, expected, |point| {
        let site = Site::open().unwrap();
        let ran = story(&site, &[("HOLDPOINT_CRASH_AT", point)]);
        // As a shell tells of a program that SIGKILL ended.
        assert_eq!(ran.code, Some(137), "{point} was not passed: {ran:?}");
        site.at_terminal(&[], &["resume", "last"]).answers(&HABITS).exits(0);
        ending(&site)
    });
}

#[test]
fn a_plan_that_went_stale_is_planned_and_signed_anew_and_applied_once() {
    let Some(site) = Site::open() else { return };
    stale(&site, &[]).exits(0).says(&[
        "The saved plan is stale",
        "p = walk again from make_plan",
        "done: every step",
    ]);
    let ending = ending(&site);
    let wanted = [
        "applied \"1\\n\"",
        "signed \"practice.operator\" true \"walked again from make_plan\"",
        "signed \"practice.operator\" true null",
        "change \"make_apply\" \"terraform apply\" []",
    ];
    wanted.iter().for_each(|line| assert!(ending.iter().any(|one| one == line), "no {line} in {ending:#?}"));
    assert_eq!(ending.iter().filter(|line| line.starts_with("change ")).count(), 1, "{ending:#?}");
    let points = [
        "before-act#1",
        "before-append:not_sent#1",
        "after-append:concluded#2",
        "after-append:retried#1",
        "after-append:intended#3",
        "after-append:signed#2",
        "before-act#2",
        "after-act#2",
    ];
    survives(&points, &ending, stale);
}

#[test]
fn a_lock_is_told_with_its_holder_and_taken_away_by_a_signature() {
    let Some(site) = Site::open() else { return };
    let told = format!("is locked by **{WHO}** since {SINCE}");
    locked(&site, &[]).exits(0).says(&[&told, "not on this machine", "leave: Leave it", "done: every step"]);
    let ending = ending(&site);
    let taken = format!("change \"make_plan\" \"terraform force-unlock\" [String(\"{LOCK}\")]");
    assert_eq!(ending.iter().filter(|line| **line == taken).count(), 1, "{ending:#?}");
    assert!(ending.iter().any(|line| line == "applied \"1\\n\""), "{ending:#?}");
    let points = ["after-append:asked#1", "after-append:replied#1", "before-act#1", "after-act#1"];
    survives(&points, &ending, locked);
}

#[test]
fn a_lock_that_comes_before_the_apply_leaves_its_plan_good() {
    let Some(site) = Site::open() else { return };
    let mut walk = site.walk(&[]);
    walk.shows(GO);
    site.somebody_locks();
    let again = "again: The lock is given back: apply the same plan";
    walk.answers(&HABITS).exits(0).says(&[&format!("locked by **{WHO}**"), again, "done: every step"]);
    let ending = ending(&site);
    assert!(ending.iter().any(|line| line == "applied \"1\\n\""), "{ending:#?}");
    let signed: Vec<_> = ending.iter().filter(|line| line.starts_with("signed ")).collect();
    assert_eq!(signed, ["signed \"practice.operator\" true null"], "the plan is signed once");
}
