//! Documents for people: what they point to exists.

use crate::{Finding, SourceFile};
use regex::Regex;

/// Links and paths of our documents that lead nowhere. `exists` says whether a path from the root does.
pub fn documents(files: &[SourceFile], exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let (Ok(code), Ok(link), Ok(path)) = (
        Regex::new(r"`[^`]*`"),
        Regex::new(r"\]\(([^)#\s]+)(#[^)]*)?\)"),
        Regex::new(r"`((?:crates|docs|known-problems|plans|src-tauri|tests|ui|xtask)/[\w./-]*)`"),
    ) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| is_document(file)) {
        for (number, line) in file.text.lines().enumerate() {
            let prose = code.replace_all(line, "");
            let links = link.captures_iter(&prose).map(|found| resolved(&file.path, &found[1]));
            let paths = path.captures_iter(line).map(|found| found[1].trim_end_matches('/').to_owned());
            let named = links.flatten().chain(paths);
            findings.extend(named.filter(|target| !exists(target)).map(|target| Finding {
                place: format!("{}:{}", file.path, number + 1),
                rule: "documents",
                found: format!("`{target}` does not exist"),
                why: "a document that points nowhere was true once: correct it together with what it describes",
            }));
        }
    }
    findings
}

/// Ours, for people: at the root and in `docs/`. Plans and test cases say what they like.
fn is_document(file: &SourceFile) -> bool {
    file.extension() == "md" && (!file.path.contains('/') || file.path.starts_with("docs/"))
}

/// The target of a link as a path from the root; nothing for what is elsewhere.
fn resolved(from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "" | "." => {}
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
