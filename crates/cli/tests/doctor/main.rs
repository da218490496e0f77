//! `holdpoint doctor` as a person and a script meet it: shown, asked, repaired, and nothing made that was not asked for.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A home with files of profiles that need the doctor.
struct Home {
    folder: tempfile::TempDir,
}

const BROKEN: &str = "# mine\n[profile a]\nregion = x\n[profile a]\noutput = json\n";
const HEALED: &str = "# mine\n[profile a]\nregion = x\noutput = json\n";

impl Home {
    fn new(config: &str) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(home.path(".aws")).unwrap();
        fs::write(home.path(".aws/config"), config).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> String {
        fs::read_to_string(self.path(".aws/config")).unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "the program itself is what is tested")]
    fn doctor(&self, args: &[&str], answers: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_holdpoint"))
            .env_clear()
            .env("HOME", self.folder.path())
            .env("HOLDPOINT_HOME", self.path("holdpoint"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .args(["doctor", "--offline"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that asks nothing may have ended by now.
        let _ = child.stdin.take().unwrap().write_all(answers.as_bytes());
        child.wait_with_output().unwrap()
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn examining_makes_nothing_and_a_problem_is_exit_code_1() {
    let home = Home::new(BROKEN);
    let done = home.doctor(&[], "");
    assert_eq!(done.status.code(), Some(1), "{}", told(&done));
    assert!(told(&done).contains("[profile a] stands twice, first on line 2"), "{}", told(&done));
    assert!(told(&done).contains("holdpoint doctor --repair config-broken"), "{}", told(&done));
    assert_eq!(home.config(), BROKEN);
    assert!(!home.path("holdpoint").exists(), "examining makes no home");
    let done = Home::new(HEALED).doctor(&[], "");
    assert_eq!(done.status.code(), Some(0), "{}", told(&done));
}

#[test]
fn a_repair_is_shown_and_made_when_the_answer_is_yes() {
    let home = Home::new(BROKEN);
    for no in ["", "n\n"] {
        let done = home.doctor(&["--repair", "config-broken"], no);
        assert_eq!((done.status.code(), home.config().as_str()), (Some(1), BROKEN), "{}", told(&done));
        assert!(told(&done).contains("-[profile a]\n"), "the diff is shown: {}", told(&done));
    }
    let done = home.doctor(&["--repair", "config-broken"], "y\n");
    assert_eq!((done.status.code(), home.config().as_str()), (Some(0), HEALED), "{}", told(&done));
    let backups: Vec<_> =
        fs::read_dir(home.path("holdpoint/backups")).unwrap().map(|e| e.unwrap().path()).collect();
    let backup = backups.iter().find(|path| path.to_string_lossy().ends_with("-config")).unwrap();
    assert_eq!(fs::read_to_string(backup).unwrap(), BROKEN);
    assert!(told(&done).contains(backup.to_str().unwrap()), "{}", told(&done));
}

#[test]
fn a_script_gets_json_and_repairs_without_being_asked() {
    let home = Home::new(BROKEN);
    let read = |output: &Output| serde_json::from_slice::<Value>(&output.stdout).unwrap();
    let found = read(&home.doctor(&["--json"], ""));
    let broken =
        found["findings"].as_array().unwrap().iter().find(|f| f["code"] == "config-broken").unwrap().clone();
    assert_eq!((&broken["line"], &broken["weight"]), (&Value::from(4), &Value::from("problem")));
    assert_eq!(broken["repair"]["automatic"], Value::from(true));
    assert!(broken["repair"]["preview"].as_str().unwrap().contains("-[profile a]"));
    let refused = home.doctor(&["--json", "--repair", "all"], "");
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    let healed = home.doctor(&["--json", "--repair", "all", "--yes"], "");
    assert_eq!(healed.status.code(), Some(0), "{}", told(&healed));
    assert_eq!(read(&healed)["repairs"][0]["code"], "config-broken");
    assert_eq!(home.config(), HEALED);
    let unknown = home.doctor(&["--repair", "nothing-such"], "");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(told(&unknown).contains("config-broken"), "the kinds that there are: {}", told(&unknown));
}

#[test]
fn a_vault_that_does_not_open_is_a_problem() {
    let home = Home::new(HEALED);
    fs::create_dir_all(home.path("holdpoint/vault")).unwrap();
    fs::write(home.path("holdpoint/vault/place.json"), "{").unwrap();
    fs::write(home.path("holdpoint/vault/store.json"), "{").unwrap();
    let done = home.doctor(&["--json", "--all"], "");
    let found: Value = serde_json::from_slice(&done.stdout).unwrap();
    let vault =
        found["findings"].as_array().unwrap().iter().find(|f| f["code"] == "vault-closed").unwrap().clone();
    assert_eq!((&vault["weight"], done.status.code()), (&Value::from("problem"), Some(1)), "{vault}");
}
