//! Everything that can be wrong before a run or around it: each has a message that names the thing and the next action,
//! nothing is lost, and nothing was started.

use crate::account::Account;
use crate::home::{Home, Ran, repository};

/// Wrong in its content: the plan, and what must be said of it.
struct Bad {
    name: &'static str,
    content: Vec<u8>,
    says: &'static [&'static str],
}

const HEAD: &str = "---\nholdpoint:\n  version: 1\n  title: T\n  target: { account: \"111122223333\", region: eu-central-1 }\n---\n# T\n";
const LOOK: &str = "uses: ecs.check\nwith: { cluster: main, service: api }\n";

/// A checked plan of these steps.
fn plan(steps: &[&str]) -> Vec<u8> {
    let fences: String = steps.iter().map(|step| format!("\n```yaml step\n{step}```\n")).collect();
    format!("{HEAD}\n## A\n\n```yaml stage\nid: a\n```\n{fences}").into_bytes()
}

fn good() -> Vec<u8> {
    plan(&[&format!("id: look\n{LOOK}")])
}

/// One that nobody has filled in: a value of a step, and the default of a variable.
fn open_places() -> String {
    let look = "id: look\nuses: ecs.check\nwith:\n  cluster: \"shop-<your-cluster>\"\n  service: \"{{ vars.service }}\"\nestimate: 1m\n";
    let text = String::from_utf8(plan(&[look])).unwrap();
    text.replace("  target:", "  vars: { service: { default: YOUR_SERVICE } }\n  target:")
}

/// Aliases of aliases: a few hundred bytes that would be billions of nodes.
fn bomb() -> Vec<u8> {
    let mut text = String::from("---\nholdpoint:\n  version: 1\n  a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (of, name) in "abcdefghij".chars().zip("bcdefghijk".chars()) {
        text.push_str(&format!("  {name}: &{name} [{}]\n", vec![format!("*{of}"); 9].join(", ")));
    }
    text.push_str("---\n# T\n");
    text.into_bytes()
}

fn bad_plans() -> Vec<Bad> {
    let bad = |name, content: Vec<u8>, says| Bad { name, content, says };
    vec![
        bad("not Markdown", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0".to_vec(), &["not UTF-8", "NUL character"]),
        bad("empty", Vec::new(), &["the file is empty"]),
        bad("50 MB", vec![b'a'; 50 << 20], &["a plan may have 16777216", "Is this the right file?"]),
        bad("invalid UTF-8", b"# T\n\nfoo \xff\xfe bar\n".to_vec(), &[":3:5:", "not UTF-8 (byte 9"]),
        bad("a YAML bomb", bomb(), &["more than 20000 nodes", "aliases"]),
        bad(
            "an unknown and a duplicate key",
            plan(&[&format!("id: x\nwiht: {{}}\n{LOOK}id: y\n")]),
            &["`wiht` is no key of a step", "Did you mean `with`?", "`id` is here a second time"],
        ),
        bad(
            "a cycle",
            plan(&[&format!("id: x\nneeds: [y]\n{LOOK}"), &format!("id: y\nneeds: [x]\n{LOOK}")]),
            &["need each other: x → y → x"],
        ),
        bad(
            "undefined names",
            plan(&[
                "id: x\nuses: ecs.check\nwith: { cluster: \"{{ vars.cluster }}\", service: \"{{ steps.no.outputs.x }}\" }\n",
            ]),
            &["no variable `cluster`", "no step `no`"],
        ),
        bad(
            "a kind that does not exist",
            plan(&["id: x\nuses: ecs.chek\nwith: { cluster: main, service: api }\n"]),
            &["no kind `ecs.chek`", "Did you mean `ecs.check`?"],
        ),
        bad(
            "a hold nobody can satisfy",
            plan(&[&format!("id: x\nhold: {{ signatures: 2, by: [one.person] }}\n{LOOK}")]),
            &["nobody can satisfy this hold"],
        ),
    ]
}

/// No run is listed, and none has left anything.
fn nothing_started(home: &Home) {
    assert!(home.runs().is_empty());
    let folders = std::fs::read_dir(home.kept().join("runs")).into_iter().flatten().flatten();
    assert_eq!(folders.map(|folder| folder.path()).collect::<Vec<_>>(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_plan_that_is_none_is_explained_and_not_run() {
    let home = Home::new();
    for bad in bad_plans() {
        let path = home.file("bad.md", &bad.content);
        let path = path.to_str().unwrap();
        let checked = home.run(&["check", path]);
        let about = |ran: &Ran| format!("{}: {ran:?}", bad.name);
        bad.says.iter().for_each(|text| assert!(checked.out.contains(text), "{text:?}, {}", about(&checked)));
        // A guide may be odd; a checked plan and what is no text may not.
        assert!(matches!(checked.code, Some(0 | 1)), "{}", about(&checked));
        home.run(&["check", path, "--strict"]).exits(1);
        for practice in [&["--practice", "--auto-sign"][..], &[]] {
            let ran = home.run(&[&["run", path, "--trust"], practice].concat());
            assert_eq!(ran.code, Some(1), "{}", about(&ran));
            assert!(ran.err.contains("cannot be run"), "{}", about(&ran));
        }
    }
    nothing_started(&home);
}

/// What is wrong around a good plan: environment, words, exit code, what standard error has.
type Around = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
    i32,
    &'static [&'static str],
);

const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "0123456789012345678901234567890123456789"),
    ("AWS_REGION", "eu-central-1"),
];
const NOWHERE: [(&str, &str); 4] = [KEYS[0], KEYS[1], KEYS[2], ("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
const BROKEN: [(&str, &str); 1] = [("AWS_CONFIG_FILE", "broken.cfg")];

const AROUND: &[Around] = &[
    (
        "untrusted, and nobody to ask",
        &[],
        &["run", "good.md", "--practice"],
        3,
        &["not trusted yet", "holdpoint trust"],
    ),
    (
        "a plan that is not there",
        &[],
        &["run", "gone.md", "--practice"],
        2,
        &["gone.md cannot be opened", "check the path"],
    ),
    ("a folder", &[], &["run", ".", "--practice"], 1, &["name a file"]),
    (
        "no configuration at all",
        &[],
        &["run", "good.md", "--trust"],
        1,
        &["no credentials", ".aws/config does not exist"],
    ),
    (
        "a broken configuration",
        &BROKEN,
        &["run", "good.md", "--trust"],
        1,
        &["broken.cfg, line 1", "correct this line"],
    ),
    ("a broken configuration, listed", &BROKEN, &["profiles"], 1, &["broken.cfg, line 1"]),
    (
        "a profile that is not there",
        &[("AWS_CONFIG_FILE", "some.cfg")],
        &["run", "good.md", "--trust", "--profile", "prd"],
        1,
        &["no profile `prd`", "prod"],
    ),
    (
        "a profile without credentials",
        &[("AWS_CONFIG_FILE", "some.cfg")],
        &["whoami", "--profile", "prod"],
        1,
        &["prod"],
    ),
    (
        "nobody answers",
        &NOWHERE,
        &["run", "good.md", "--trust"],
        1,
        &["http://127.0.0.1:9 cannot be reached", "check the network"],
    ),
    ("nobody answers whoami", &NOWHERE, &["whoami"], 1, &["http://127.0.0.1:9 cannot be reached"]),
    ("signed by itself, live", &[], &["run", "good.md", "--trust", "--auto-sign"], 2, &["--practice"]),
    (
        "a scenario that is none",
        &[],
        &["run", "good.md", "--trust", "--practice", "--scenario", "crashloop"],
        1,
        &["no scenario", "crash_loop"],
    ),
    (
        "a speed that is none",
        &[],
        &["run", "good.md", "--trust", "--practice", "--speed", "0"],
        2,
        &["a speed is between"],
    ),
    (
        "a variable that is none",
        &[],
        &["run", "good.md", "--trust", "--practice", "--var", "a=b"],
        2,
        &["no variable `a`"],
    ),
    (
        "a variable without a value",
        &[],
        &["run", "good.md", "--trust", "--practice", "--var", "a"],
        2,
        &["is not NAME=VALUE"],
    ),
    (
        "a secret for all to see",
        &[],
        &["run", "secret.md", "--trust", "--practice", "--var", "token=hunter2hunter2"],
        2,
        &["token is a secret", "HOLDPOINT_SECRET_TOKEN"],
    ),
    (
        "another account than the plan's",
        &[],
        &["run", "good.md", "--trust", "--practice", "--account", "222233334444", "--region", "eu-west-1"],
        2,
        &["pinned to account 111122223333"],
    ),
    (
        "nobody of that name",
        &[],
        &["run", "good.md", "--trust", "--practice", "--profile", "stranger"],
        1,
        &["nobody called `stranger`"],
    ),
    (
        "the wrong account",
        &[],
        &["run", "good.md", "--trust", "--practice", "--scenario", "wrong_account"],
        1,
        &["999988887777", "pinned to 111122223333"],
    ),
    (
        "a placeholder left, against an account",
        &[],
        &["run", "open.md", "--trust", "--profile", "prod"],
        1,
        &[
            "2 places that were never filled in",
            "open.md:20:18: `look` would send `<your-cluster>`",
            "variable `service` is still `YOUR_SERVICE`",
        ],
    ),
    (
        "a placeholder given as a value",
        &[],
        &["run", "open.md", "--trust", "--profile", "prod", "--var", "service=CHANGEME"],
        1,
        &["variable `service` is still `CHANGEME`"],
    ),
    ("no such run to show", &[], &["show", "NOSUCH"], 2, &["no run NOSUCH", "holdpoint runs"]),
    ("no run to resume", &[], &["resume", "last"], 2, &["no run yet"]),
    ("no run to roll back", &[], &["rollback", "NOSUCH"], 2, &["no run NOSUCH"]),
    ("no run to verify", &[], &["verify", "NOSUCH"], 2, &["no run NOSUCH"]),
    ("no run to report", &[], &["report", "NOSUCH"], 2, &["no run NOSUCH"]),
    ("a command that is none", &[], &["deploy"], 2, &["unrecognized subcommand"]),
];

#[test]
fn what_is_wrong_around_a_plan_is_said_and_nothing_starts() {
    let home = Home::new();
    home.file("good.md", good());
    home.file("broken.cfg", "[profile prod\nregion = eu-central-1\n");
    home.file("open.md", open_places());
    home.file("some.cfg", "[profile prod]\nregion = eu-central-1\n");
    let secret = String::from_utf8(good()).unwrap();
    home.file("secret.md", secret.replace("  target:", "  vars: { token: { secret: true } }\n  target:"));
    for (name, env, words, code, says) in AROUND {
        let ran = match words.contains(&"good.md") && !words.contains(&"--trust") {
            // Trust is by content: this one was never seen before.
            true => {
                home.file("good.md", [good(), b"\n".to_vec()].concat());
                let ran = home.run_with(env, words);
                home.file("good.md", good());
                ran
            }
            false => home.run_with(env, words),
        };
        assert_eq!(ran.code, Some(*code), "{name}: {ran:?}");
        says.iter().for_each(|text| assert!(ran.err.contains(text), "{name}: no {text:?} in {ran:?}"));
        assert!(!ran.err.contains("hunter2") && !ran.err.contains("panicked"), "{name}: {ran:?}");
    }
    nothing_started(&home);
    // And the same plan in the same home, with nothing wrong around it, is walked.
    home.run(&["run", "good.md", "--trust", "--practice", "--auto-sign", "--speed", "2000"]).exits(0);
    home.run(&["verify", "last"]).exits(0).says(&["all anchored"]);
}

#[test]
fn a_ledger_of_a_newer_version_is_read_and_never_written() {
    let home = Home::new();
    home.file("good.md", good());
    // An empty SQLite file, as its format is documented, whose `user_version` (at offset 60) is 99.
    let mut file = vec![0; 4096];
    file[..16].copy_from_slice(b"SQLite format 3\0");
    file[16..24].copy_from_slice(&[0x10, 0x00, 1, 1, 0, 64, 32, 32]);
    for (at, value) in [(24, 1), (28, 1), (44, 4), (56, 1), (60, 99), (92, 1), (96, 3_045_000)] {
        file[at..at + 4].copy_from_slice(&u32::to_be_bytes(value));
    }
    file[100..108].copy_from_slice(&[13, 0, 0, 0, 0, 0x10, 0x00, 0]);
    home.file("holdpoint/ledger.sqlite3", &file);
    let ran = home.run(&["run", "good.md", "--trust", "--practice", "--speed", "2000"]).exits(1);
    assert!(ran.err.contains("newer version of Holdpoint (schema 99)"), "{}", ran.err);
    assert!(!home.kept().join("runs").exists(), "a run was begun that nothing could be written of");
    assert_eq!(std::fs::read(home.kept().join("ledger.sqlite3")).unwrap(), file, "it was written");
}

#[test]
fn a_ledger_that_is_none_is_said_and_left_alone() {
    let home = Home::new();
    home.file("good.md", good());
    let damaged = [b"this is no ledger, ".repeat(400), vec![0; 100]].concat();
    home.file("holdpoint/ledger.sqlite3", &damaged);
    for words in [&["runs"][..], &["run", "good.md", "--trust", "--practice"], &["verify", "last"]] {
        let ran = home.run(words).exits(1);
        assert!(ran.err.contains("ledger.sqlite3"), "{}", ran.err);
    }
    assert_eq!(std::fs::read(home.kept().join("ledger.sqlite3")).unwrap(), damaged);
}

#[test]
fn one_event_altered_on_disk_is_found_and_named() {
    let home = Home::new();
    home.file("good.md", good());
    home.run(&["run", "good.md", "--trust", "--practice", "--auto-sign", "--speed", "2000"]).exits(0);
    let files = ["ledger.sqlite3", "ledger.sqlite3-wal"].map(|name| home.kept().join(name));
    let mut found = 0;
    for path in files.iter().filter(|path| path.exists()) {
        let mut bytes = std::fs::read(path).unwrap();
        let (from, to) = (b"practice.operator", b"practice.outsider");
        for at in 0..bytes.len().saturating_sub(from.len()) {
            if bytes[at..].starts_with(from) {
                bytes[at..at + to.len()].copy_from_slice(to);
                found += 1;
            }
        }
        std::fs::write(path, bytes).unwrap();
    }
    assert!(found > 0, "the starter's name is in the journal");
    // Either the chain finds it, or SQLite's own checksum of its log has dropped the page: never "intact".
    let ran = home.run(&["verify", "last"]);
    assert!(!ran.out.contains(": intact") && ran.code != Some(0), "{ran:?}");
}

#[test]
fn a_run_has_one_driver() {
    let home = Home::new();
    let plan = repository("crates/cli/tests/plans/broker.plan.md");
    let words = ["run", plan.to_str().unwrap(), "--practice", "--trust", "--auto-sign", "--speed", "60"];
    let mut first = home.start(home.command(&words));
    while !first.out().contains("Create its service") {
        assert!(first.child.try_wait().unwrap().is_none(), "{:?}", first.end());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    for second in [&["resume", "last", "--auto-sign"][..], &["rollback", "last"]] {
        home.run(second).exits(1).complains(&["is driven by pid", "not driven"]);
    }
    home.run(&["show", "last"]).exits(0).says(&["driven by pid"]);
    // The driver dies: the run is free, and goes on.
    first.child.kill().unwrap();
    first.end();
    home.run(&["resume", "last", "--auto-sign"]).exits(0);
    let effects = Account::of(&home, &home.runs()[0]).effects();
    assert_eq!(effects.len(), 4, "{effects:#?}");
}

#[test]
fn words_that_are_lost_are_no_success() {
    let home = Home::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = home.command(&["profiles"]);
    command.env("AWS_CONFIG_FILE", home.file("some.cfg", "[profile prod]\nregion = eu-central-1\n"));
    let ended = command.stdout(full).stderr(std::process::Stdio::piped()).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("standard output takes nothing more"), "{said}");
}

#[test]
fn a_file_without_an_end_is_read_to_its_limit() {
    let home = Home::new();
    home.run_with(&[("AWS_CONFIG_FILE", "/dev/zero")], &["profiles"])
        .exits(1)
        .complains(&["/dev/zero has more than", "AWS_CONFIG_FILE"]);
}
