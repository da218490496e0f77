//! What a file may look like: one row a rule, each with its reason.

use crate::owners::{impure, is_no_owner, is_pure};
use crate::{Finding, SourceFile};
use regex::Regex;
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    static COMPILED: RefCell<HashMap<&'static str, Regex>> = RefCell::new(HashMap::new());
}

/// A rule on the text of single files.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name in messages.
    pub name: &'static str,
    /// Why it exists, and what to do instead.
    pub why: &'static str,
    /// Which files it is about.
    pub about: fn(&SourceFile) -> bool,
    /// The lines, from 1, that break it, and what stands there.
    pub look: fn(&SourceFile) -> Vec<(usize, String)>,
}

/// Lines that a written file may have.
const CEILING: usize = 600;

/// Lines that the shell may have in all.
const SHELL_CEILING: usize = 1000;

/// Account ids that documentation uses, AWS's own among them. No other one may stand anywhere.
const EXAMPLE_ACCOUNTS: [&str; 12] = [
    "000000000000",
    "011122223333",
    "012345678901",
    "111111111111",
    "111122223333",
    "123456789012",
    "222233334444",
    "222222222222",
    "444455556666",
    "555566667777",
    "777788889999",
    "999988887777",
];

/// All rules on single files.
pub const RULES: &[Rule] = &[
    Rule {
        name: "length",
        why: "a file has one subject and at most 600 lines; split it by concept",
        about: |file| {
            !file.generated() && matches!(file.extension(), "rs" | "ts" | "svelte" | "css" | "js" | "py")
        },
        look: too_long,
    },
    Rule {
        name: "purpose",
        why: "a source file says in a first `//!` line what it is for",
        about: |file| {
            file.extension() == "rs" && (file.path.contains("/src/") || file.path.ends_with("/build.rs"))
        },
        look: no_purpose,
    },
    Rule {
        name: "no_allow",
        why: "say `#[expect(lint, reason = \"…\")]`: it complains when it is no longer needed, and it says why",
        about: rust,
        look: |file| code_lines(file, r"#!?\[(cfg_attr\(.*)?allow\("),
    },
    Rule {
        name: "unfinished",
        why: "what is not done is absent; open work is an issue, not a comment",
        about: |file| matches!(file.extension(), "rs" | "ts" | "svelte" | "css" | "js" | "py" | "toml"),
        look: |file| {
            let mut found = lines(file, r"(//|/\*|<!--|^\s*#|^\s*\*).*\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b");
            if rust(file) {
                found.extend(code_lines(file, r"\b(todo|unimplemented|dbg)!\s*\("));
            }
            found
        },
    },
    Rule {
        name: "mod_rs",
        why: "a mod.rs lists and re-exports its parts; what does something has a file with a name (`x.rs` beside the folder `x` will do)",
        // Not under tests/: there `common/mod.rs` is cargo's own way to say "no test target".
        about: |file| file.path.ends_with("/mod.rs") && file.path.contains("/src/"),
        look: more_than_a_list,
    },
    Rule {
        name: "names",
        why: "a name says what is inside; these say nothing: name the concept",
        about: |file| matches!(file.extension(), "rs" | "ts" | "svelte" | "js" | "py"),
        look: empty_name,
    },
    Rule {
        name: "machine",
        why: "a path of one machine means nothing on another: derive it, or make it an argument",
        about: |file| !file.path.ends_with(".lock"),
        look: |file| {
            lines(file, r"(^|[^\w.])/(work/(main|t|shared|brief)|root)/|/Users/\w+/|[A-Z]:\\\\?Users\\")
        },
    },
    Rule {
        name: "registries",
        why: "where packages come from is the machine's choice, not the repository's",
        about: |file| !file.path.ends_with("Cargo.lock"),
        look: |file| {
            let hosts = r"registry\.npmjs\.(org|com)|registry\.yarnpkg|static\.crates\.io|index\.crates\.io|pypi\.org|files\.pythonhosted\.org";
            let mut found = lines(file, hosts);
            if file.path.ends_with("package-lock.json") {
                found.extend(lines(file, r#""resolved":\s*"http"#));
            }
            found
        },
    },
    Rule {
        name: "accounts",
        why: "only the account ids of documentation may stand here (EXAMPLE_ACCOUNTS in tests/house/src/rules.rs): anyone else's is somebody's",
        about: |file| !file.generated(),
        look: foreign_account,
    },
    Rule {
        name: "escapes",
        why: "each ban of clippy.toml has one owner (OWNERS in tests/house/src/owners.rs): take what you need as an argument",
        about: is_no_owner,
        look: |file| code_lines(file, r"clippy::disallowed_methods"),
    },
    Rule {
        name: "pure",
        why: "a pure crate has no files, clock, environment, processes, threads or futures: what it needs comes in as an argument",
        about: is_pure,
        look: impure,
    },
    Rule {
        name: "tauri_seam",
        why: "only ui/src/host/tauri.ts knows Tauri; everything else asks the Host, so that it runs in a browser too",
        about: |file| {
            matches!(file.extension(), "ts" | "svelte" | "js")
                && file.path.starts_with("ui/src/")
                && file.path != "ui/src/host/tauri.ts"
        },
        look: |file| lines(file, r#"(from|import)\s*\(?\s*["']@tauri-apps/"#),
    },
];

/// Every finding of every rule on `files`.
pub fn rules_found(files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        for file in files.iter().filter(|file| (rule.about)(file)) {
            let found = (rule.look)(file);
            findings.extend(found.into_iter().map(|(line, found)| Finding {
                place: format!("{}:{line}", file.path),
                rule: rule.name,
                found,
                why: rule.why,
            }));
        }
    }
    findings
}

/// The shell stays small: all of its Rust together.
pub fn shell_size(files: &[SourceFile]) -> Vec<Finding> {
    let shell = files.iter().filter(|file| file.path.starts_with("src-tauri/") && rust(file));
    let lines: usize = shell.map(|file| file.text.lines().count()).sum();
    if lines < SHELL_CEILING {
        return Vec::new();
    }
    vec![Finding {
        place: "src-tauri".to_owned(),
        rule: "shell",
        found: format!("{lines} lines"),
        why: "the shell stays under 1,000 lines in all: what is not window, menu or stream belongs into api",
    }]
}

/// Every manifest of ours inherits what the workspace decides.
pub fn manifests(files: &[SourceFile]) -> Vec<Finding> {
    // The fuzz targets are no part of the workspace, so there is nothing to inherit.
    let ours =
        files.iter().filter(|file| file.path.ends_with("/Cargo.toml") && !file.path.starts_with("fuzz/"));
    let mut findings = Vec::new();
    for file in ours {
        let flat: String = file.text.chars().filter(|c| *c != ' ').collect();
        let missing = ["version", "edition", "rust-version", "license", "publish"]
            .into_iter()
            .map(|key| (format!("{key}.workspace=true"), format!("{key}.workspace = true")))
            .chain([("[lints]\nworkspace=true".to_owned(), "[lints] workspace = true".to_owned())])
            .filter(|(needle, _)| !flat.contains(needle.as_str()));
        findings.extend(missing.map(|(_, shown)| Finding {
            place: file.path.clone(),
            rule: "manifest",
            found: format!("`{shown}` is missing"),
            why: "a crate that does not inherit escapes the lints and versions that hold for all others",
        }));
    }
    findings
}

fn rust(file: &SourceFile) -> bool {
    file.extension() == "rs"
}

fn too_long(file: &SourceFile) -> Vec<(usize, String)> {
    let count = file.text.lines().count();
    if count > CEILING { vec![(count, format!("{count} lines"))] } else { Vec::new() }
}

fn no_purpose(file: &SourceFile) -> Vec<(usize, String)> {
    let first = file.text.lines().map(str::trim).find(|line| !line.is_empty());
    match first {
        Some(line) if line.starts_with("//!") => Vec::new(),
        Some(line) => vec![(1, shortened(line))],
        None => vec![(1, "an empty file".to_owned())],
    }
}

fn more_than_a_list(file: &SourceFile) -> Vec<(usize, String)> {
    let mut inside_use = false;
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let line = line.trim();
        let opens_use =
            line.starts_with("pub use ") || line.starts_with("pub(crate) use ") || line.starts_with("use ");
        let listed = line.is_empty()
            || line.starts_with("//")
            || line.starts_with("#[")
            || inside_use
            || opens_use
            || (line.ends_with(';') && line.split_whitespace().any(|word| word == "mod"));
        if opens_use || inside_use {
            inside_use = !line.ends_with(';');
        }
        if !listed {
            found.push((number + 1, shortened(line)));
        }
    }
    found.truncate(1);
    found
}

fn empty_name(file: &SourceFile) -> Vec<(usize, String)> {
    let empty = ["util", "utils", "helper", "helpers", "manager", "imp", "misc"];
    let mut parts = file.path.split('/').flat_map(|part| part.split('.').next());
    parts.find(|part| empty.contains(part)).map(|part| (1, format!("named `{part}`"))).into_iter().collect()
}

fn foreign_account(file: &SourceFile) -> Vec<(usize, String)> {
    let Some(twelve) = compiled(r"\b[0-9]{12}\b") else { return Vec::new() };
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for hit in twelve.find_iter(line) {
            let in_uuid = line[..hit.start()].ends_with('-') && line[..hit.start()].matches('-').count() >= 4;
            if !in_uuid && !EXAMPLE_ACCOUNTS.contains(&hit.as_str()) {
                found.push((number + 1, format!("`{}`", hit.as_str())));
            }
        }
    }
    found
}

fn lines(file: &SourceFile, pattern: &'static str) -> Vec<(usize, String)> {
    matching(file, pattern, |_| true)
}

/// Lines of code only: comments may speak of what code must not do.
fn code_lines(file: &SourceFile, pattern: &'static str) -> Vec<(usize, String)> {
    matching(file, pattern, |line| !line.trim_start().starts_with("//"))
}

fn matching(file: &SourceFile, pattern: &'static str, wanted: fn(&str) -> bool) -> Vec<(usize, String)> {
    let Some(pattern) = compiled(pattern) else {
        return vec![(1, format!("the rule's own pattern is broken: {pattern}"))];
    };
    let all = file.text.lines().enumerate();
    let hits = all.filter(|(_, line)| wanted(line) && pattern.is_match(line));
    hits.map(|(number, line)| (number + 1, shortened(line.trim()))).collect()
}

/// Compiled once: the same few patterns look at every file.
fn compiled(pattern: &'static str) -> Option<Regex> {
    COMPILED.with_borrow_mut(|known| match known.get(pattern) {
        Some(regex) => Some(regex.clone()),
        None => {
            let regex = Regex::new(pattern).ok()?;
            known.insert(pattern, regex.clone());
            Some(regex)
        }
    })
}

fn shortened(line: &str) -> String {
    let short: String = line.chars().take(100).collect();
    format!("`{short}`")
}
