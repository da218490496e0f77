//! Where a case is played: by the Terraform of this machine, or by a stand-in that says what was recorded of one.
//!
//! A recording is one file a case: the calls in their order, each with its end and what it said, and at its head which
//! Terraform said it and when. `cargo xtask record-terraform` makes them anew.

use holdpoint_conformance::Room;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Set, what the real Terraform says is recorded.
const RECORD: &str = "HOLDPOINT_RECORD_TERRAFORM";
const REPLAYS: &str = include_str!("stand-in/replays.sh");
const RECORDS: &str = include_str!("stand-in/records.sh");

/// How a case is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// By the Terraform of this machine.
    Real,
    /// By what was recorded.
    Recorded,
    /// By what was recorded, of a program that is called `tofu`: OpenTofu speaks and is spoken to as Terraform is.
    Tofu,
}

/// A case: its name is its recording's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) manner: Manner,
}

/// Each case twice: with the Terraform of this machine, and from its recording.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        mod real {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::terraform::stage::Case { name: stringify!($name), manner: $crate::terraform::stage::Manner::Real }).await;
            })*
        }
        mod recorded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::terraform::stage::Case { name: stringify!($name), manner: $crate::terraform::stage::Manner::Recorded }).await;
            })*
        }
    };
}
pub(crate) use cases;

/// The same cases under OpenTofu's name, from their recordings.
macro_rules! as_tofu {
    ($($name:ident),* $(,)?) => {
        mod tofu {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::terraform::stage::Case { name: stringify!($name), manner: $crate::terraform::stage::Manner::Tofu }).await;
            })*
        }
    };
}
pub(crate) use as_tofu;

/// A recording.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Recording {
    /// Which program, e.g. `terraform 1.11.4`.
    program: String,
    /// The day.
    recorded: String,
    calls: Vec<Call>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Call {
    arguments: Vec<String>,
    exit: i32,
    /// It left a folder `.terraform`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    initialised: bool,
    says: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    complains: Vec<String>,
}

/// The folder of programs and calls of one case.
pub(crate) struct Stage {
    case: Case,
    recording: bool,
    folder: TempDir,
}

/// A program of this machine, by its absolute path.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Whether Terraform is here; says so as the last line of a test's output where it is not.
pub(crate) fn is_absent() -> bool {
    let absent = installed("terraform").is_none();
    if absent {
        println!("skipped: terraform is not installed");
    }
    absent
}

impl Stage {
    /// Sets it; nothing where the case is for a Terraform that is not here.
    pub(crate) fn set(case: Case) -> Option<Self> {
        if case.manner == Manner::Real && is_absent() {
            return None;
        }
        let recording = case.manner == Manner::Real && std::env::var_os(RECORD).is_some();
        let stage = Self { case, recording, folder: TempDir::new().unwrap() };
        for folder in ["bin", "calls", "began"] {
            std::fs::create_dir(stage.folder.path().join(folder)).unwrap();
        }
        let here = stage.folder.path().display().to_string();
        if recording {
            let real = installed("terraform").unwrap().display().to_string();
            program(&stage.bin(), "terraform", &RECORDS.replace("{stage}", &here).replace("{real}", &real));
        } else if case.manner != Manner::Real {
            stage.unfold();
            program(&stage.bin(), stage.program(), &REPLAYS.replace("{stage}", &here));
        }
        Some(stage)
    }

    /// Opens a room whose programs are those of this stage.
    pub(crate) async fn room(&self) -> Room {
        let own = self.bin().display().to_string();
        let real = installed("terraform").and_then(|file| Some(file.parent()?.display().to_string()));
        let path = [Some(own), real, Some("/usr/local/bin:/usr/bin:/bin".to_owned())];
        Room::open_with("healthy", &path.into_iter().flatten().collect::<Vec<_>>().join(":")).await
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// Whether the Terraform of this machine plays.
    pub(crate) fn is_real(&self) -> bool {
        self.case.manner == Manner::Real
    }

    /// What the program is called that plays.
    pub(crate) fn program(&self) -> &'static str {
        match self.case.manner {
            Manner::Real | Manner::Recorded => "terraform",
            Manner::Tofu => "tofu",
        }
    }

    /// What stands behind this label wherever a recording says it first; nothing where Terraform itself plays.
    pub(crate) fn recorded(&self, label: &str) -> Option<String> {
        let calls = (1..).map(|number| self.call(number)).take_while(|call| call.exists());
        calls.into_iter().flat_map(|call| [call.join("err"), call.join("out")]).find_map(|file| {
            let text = std::fs::read_to_string(file).ok()?;
            // In a message of JSON an end of line is two letters.
            let rest = text.split_once(label)?.1.split(['\n', '\\']).next()?;
            Some(rest.trim().to_owned())
        })
    }

    /// Files that say that somebody is at the gate, and that they may go on, begin with this path.
    pub(crate) fn gate(&self) -> PathBuf {
        self.folder.path().join("gate")
    }

    /// Ends the case; what was recorded is kept.
    pub(crate) fn strike(self, room: &Path) {
        if self.recording {
            self.fold(room);
        }
    }

    fn file(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites/terraform/recordings");
        folder.join(format!("{}.json", self.case.name))
    }

    fn call(&self, number: usize) -> PathBuf {
        self.folder.path().join("calls").join(number.to_string())
    }

    fn unfold(&self) {
        let file = self.file();
        let text = std::fs::read(&file).unwrap_or_else(|error| {
            panic!("{}: {error}; make it with: cargo xtask record-terraform", file.display())
        });
        let recording: Recording = serde_json::from_slice(&text).unwrap();
        assert!(!recording.calls.is_empty(), "{} has no calls", file.display());
        for (index, call) in recording.calls.iter().enumerate() {
            let folder = self.call(index + 1);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("args"), lines(&call.arguments)).unwrap();
            std::fs::write(folder.join("out"), lines(&call.says)).unwrap();
            std::fs::write(folder.join("err"), lines(&call.complains)).unwrap();
            std::fs::write(folder.join("exit"), call.exit.to_string()).unwrap();
            if call.initialised {
                std::fs::write(folder.join("initialised"), "").unwrap();
            }
        }
    }

    /// Without this machine's names: its folders, its user, its host.
    fn fold(&self, room: &Path) {
        let said = |program: &str| {
            let said = Command::new(program).output().unwrap().stdout;
            String::from_utf8(said).unwrap().trim().to_owned()
        };
        let who = format!("{}@{}", said("whoami"), said("hostname"));
        let clean = |text: String| {
            text.replace(&self.folder.path().display().to_string(), "/stage")
                .replace(&room.display().to_string(), "/room")
                .replace(&who, "kim@desk")
        };
        let mut recording = Recording { recorded: today(), ..Recording::default() };
        for number in 1.. {
            let folder = self.call(number);
            let Ok(arguments) = std::fs::read_to_string(folder.join("args")) else { break };
            let read = |name: &str| clean(std::fs::read_to_string(folder.join(name)).unwrap());
            let all = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let says = all(read("out"));
            if arguments.starts_with("version") && recording.program.is_empty() {
                let said: serde_json::Value = serde_json::from_str(&says.join("\n")).unwrap();
                recording.program = format!("terraform {}", said["terraform_version"].as_str().unwrap());
            }
            recording.calls.push(Call {
                arguments: all(clean(arguments)),
                // Who is killed with it cannot write down its end.
                exit: std::fs::read_to_string(folder.join("exit"))
                    .map_or(137, |code| code.trim().parse().unwrap()),
                initialised: folder.join("initialised").exists(),
                says,
                complains: all(read("err")),
            });
        }
        let mut text = serde_json::to_string_pretty(&recording).unwrap();
        text.push('\n');
        std::fs::create_dir_all(self.file().parent().unwrap()).unwrap();
        std::fs::write(self.file(), text).unwrap();
    }
}

fn lines(all: &[String]) -> String {
    all.iter().map(|line| format!("{line}\n")).collect()
}

fn today() -> String {
    let said = Command::new("date").args(["-u", "+%F"]).output().unwrap().stdout;
    String::from_utf8(said).unwrap().trim().to_owned()
}

/// Writes a program.
pub(crate) fn program(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}
