//! What the tests of this crate share: files beside them, and expected texts that `UPDATE=1` writes anew.

use holdpoint_plan::{Need, Reading};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The crate's folder.
pub(crate) fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares with the expected text beside a case, or writes it.
pub(crate) fn same(actual: &str, expected: &Path, problems: &mut Vec<String>) {
    if updating() {
        std::fs::write(expected, actual).expect("write the expected text");
        return;
    }
    let wanted = std::fs::read_to_string(expected).unwrap_or_default();
    if wanted != actual {
        problems.push(format!(
            "{} differs (UPDATE=1 writes it)\n--- expected\n{wanted}\n--- actual\n{actual}",
            expected.display()
        ));
    }
}

/// Folders or files of a folder, by name.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("list a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    found.sort();
    found
}

/// A reading as text: what it became, then every finding as a person sees it.
pub(crate) fn shown(reading: &Reading) -> String {
    let mut out = String::new();
    let plan = &reading.plan;
    let _ = writeln!(out, "{:?}: {}", plan.level, plan.title);
    if let Some(target) = &plan.target {
        let _ = writeln!(
            out,
            "target {} {} {}",
            target.account,
            target.region,
            target.role.as_deref().unwrap_or("-")
        );
    }
    if let Some(repaired) = &reading.repaired {
        let _ = writeln!(out, "repaired: {}", repaired.damage);
    }
    for stage in &plan.stages {
        let needs: Vec<&str> = stage.needs.iter().map(|id| id.as_str()).collect();
        let hold = if stage.hold.is_some() { " hold" } else { "" };
        let needs = if needs.is_empty() { String::new() } else { format!(" needs {}", needs.join(",")) };
        let _ = writeln!(out, "stage {} ({:?}){needs}{hold}: {}", stage.id, stage.role, stage.title);
        for step in &stage.steps {
            let mut notes = String::new();
            for need in &step.needs {
                match need {
                    Need::Step(id) => notes.push_str(&format!(" needs {id}")),
                    Need::Stage(id) => notes.push_str(&format!(" needs stage {id}")),
                }
            }
            if let Some(hold) = &step.hold {
                notes.push_str(&format!(" hold {}", hold.signatures));
            }
            if let Some(script) = &step.action.script {
                notes.push_str(&format!(
                    " script {} ({} lines)",
                    script.language,
                    script.text.lines().count()
                ));
            }
            let _ = writeln!(
                out,
                "  step {} {} {:?}{notes}: {}",
                step.id, step.action.uses, step.effect, step.title
            );
            for item in &step.items {
                let from = item.from.as_ref().map(|id| format!(" from {id}")).unwrap_or_default();
                let evidence =
                    item.evidence.as_ref().map(|kind| format!(" evidence {kind}")).unwrap_or_default();
                let marks = if item.optional { " optional" } else { "" };
                let mark = if item.claimed { "x" } else { " " };
                let _ = writeln!(out, "    [{mark}] {}{from}{evidence}{marks}: {}", item.id, item.text);
            }
        }
    }
    for finding in &reading.diagnostics {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        let _ = writeln!(
            out,
            "\n{severity}[{}] {}:{} {}",
            finding.code, finding.line, finding.column, finding.message
        );
        let excerpt: String = finding.excerpt.chars().map(|c| if c == '\0' { '␀' } else { c }).collect();
        let _ = writeln!(out, "  | {excerpt}");
        let width = reading
            .text
            .get(finding.span.start..finding.span.end)
            .map_or(0, |text| text.lines().next().map_or(0, |line| line.chars().count()).min(80));
        let lead: String = excerpt
            .chars()
            .take(finding.column.saturating_sub(1))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let _ = writeln!(out, "  | {lead}{}", "^".repeat(width.max(1)));
        if let Some(hint) = &finding.hint {
            let _ = writeln!(out, "  = {hint}");
        }
    }
    out
}

#[expect(clippy::disallowed_methods, reason = "a test is its own edge: UPDATE=1 writes expected texts")]
fn updating() -> bool {
    std::env::var("UPDATE").is_ok_and(|value| value == "1")
}
