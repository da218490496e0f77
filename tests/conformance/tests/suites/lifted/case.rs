//! The form of a case: what “the same” means where a step asks for more than its command, the script, what is looked at
//! afterwards.
//!
//! ```text
//! = also ecs:ListTasks: the tasks behind the counts
//! aws ecs describe-services …
//! ---
//! aws ecs describe-services …
//! ```
//!
//! Of the script one command is lifted. What stays a script before it is run by the shell in both accounts, and is not compared.
//!
//! What a case says of “the same”, each with why it may be:
//!
//! - `= also A B: why`: the reads that the step asks besides, `= may A B: why` those that it asks while it follows something,
//!   as long as that takes;
//! - `= with a b: why`: the arguments that the step's reads have besides;
//! - `= own a b: why`: the arguments of reads that each side has of its own;
//! - `= instead A, B C: why`: a read of the command that the step asks as B and C; what the command says there is said in these;
//! - `= says a.b=c d: why`: what the step's change says besides; with a value where it must be that one.

use holdpoint_plan::lift::{Context, Facts, Lifted, Verdict, lift};
use holdpoint_plan::shell::parse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What the step that stays a script before the lifted one is called.
pub(crate) const BEFORE: &str = "before";

/// A case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) script: String,
    /// Commands whose answers must be the same in both accounts.
    pub(crate) looks: Vec<String>,
    pub(crate) same: Same,
}

/// What “the same” means.
#[derive(Debug, Clone, Default)]
pub(crate) struct Same {
    /// Reads that the step asks besides.
    pub(crate) also: BTreeSet<String>,
    /// Reads that it may ask besides.
    pub(crate) may: BTreeSet<String>,
    /// Arguments that the step's reads have besides.
    pub(crate) with: BTreeSet<String>,
    /// Arguments of reads that each side has of its own.
    pub(crate) own: BTreeSet<String>,
    /// What the step's change says besides: where, and which value.
    pub(crate) says: Vec<(String, Option<String>)>,
    /// Reads of the command, and what the step asks in place of each.
    pub(crate) instead: BTreeMap<String, Vec<String>>,
}

/// A script, taken apart.
#[derive(Debug)]
pub(crate) struct Scene {
    /// What stays a script before the lifted command.
    pub(crate) before: Option<String>,
    /// The lifted command, with all that needs no step.
    pub(crate) command: String,
    pub(crate) lifted: Lifted,
}

/// The files of cases.
pub(crate) fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites/lifted/cases");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

impl Case {
    pub(crate) fn read(file: &Path) -> Self {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file).unwrap();
        let (script, looks) = text.split_once("---\n").unwrap_or((&text, ""));
        let (said, script): (Vec<&str>, Vec<&str>) = script.lines().partition(|line| line.starts_with("= "));
        let mut same = Same::default();
        for line in said {
            let (what, why) = line[2..].split_once(": ").unwrap_or_else(|| panic!("{name}: {line}"));
            assert!(why.len() > 10, "{name}: why is it so? {line}");
            let (word, names) = what.split_once(' ').unwrap();
            let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
            match word {
                "also" => same.also.extend(words(names)),
                "may" => same.may.extend(words(names)),
                "with" => same.with.extend(words(names)),
                "own" => same.own.extend(words(names)),
                "says" => same.says.extend(words(names).into_iter().map(|word| match word.split_once('=') {
                    Some((place, value)) => (place.to_owned(), Some(value.to_owned())),
                    None => (word, None),
                })),
                "instead" => {
                    let (one, others) = names.split_once(", ").unwrap();
                    same.instead.insert(one.to_owned(), words(others));
                }
                _ => panic!("{name}: {line}"),
            }
        }
        let looks = looks.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        Self { name, script: script.join("\n") + "\n", looks, same }
    }

    /// The script with what is lifted in it.
    pub(crate) fn scene(&self) -> Scene {
        scene(&self.name, &self.script)
    }
}

/// A script taken apart, of which exactly one command is lifted.
pub(crate) fn scene(name: &str, text: &str) -> Scene {
    let mut all = lifts(name, text);
    assert_eq!(all.len(), 1, "{name}: so many commands are lifted");
    all.remove(0)
}

/// Every command of a script that is lifted, in order.
pub(crate) fn lifts(name: &str, text: &str) -> Vec<Scene> {
    let facts =
        Facts { account: Some("111122223333".into()), region: Some("eu-west-1".into()), profile: None };
    let script = parse(text);
    let mut context = Context::new(facts);
    context.begin_fence();
    let (mut at, mut cut) = (0, 0);
    let mut found: Vec<Scene> = Vec::new();
    while at < script.statements.len() {
        let verdict = lift(&script, at, text, &context);
        let id = match &verdict {
            Verdict::Lifted(lifted) => &lifted.name,
            Verdict::Kept(_) | Verdict::Absorbed { .. } => BEFORE,
        };
        context.enter(&script, text, at, &verdict, Some(id));
        at += match verdict {
            Verdict::Lifted(lifted) => {
                assert!(lifted.vars.is_empty(), "{name}: {:?}", lifted.vars);
                let take = lifted.take;
                let before = (cut > 0).then(|| text[..cut].to_owned());
                found.push(Scene { before, command: text[cut..].to_owned(), lifted: *lifted });
                take
            }
            Verdict::Kept(kept) => {
                assert!(found.is_empty(), "{name}: {}", kept.why);
                cut = script.statements[at].span.end;
                1
            }
            Verdict::Absorbed { .. } => 1,
        };
    }
    found
}
