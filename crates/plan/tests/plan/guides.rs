//! Guides as people write them: what is recognised of our invented ones, and of real notes where they are at hand.
//! The snapshots hold counts, kinds, line numbers and hashes, and none of the text.

use crate::common::{entries, home, same};
use holdpoint_plan::{BlockKind, Reading, view};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

#[test]
fn invented_guides() {
    let folder = home().join("tests/guides");
    let mut problems = Vec::new();
    check(&folder, "md", &folder.join("snapshot.txt"), &mut problems);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn damaged_twins_are_shown_as_the_sound_ones() {
    for (sound, damaged) in [
        ("app", "app-macroman"),
        ("session", "session-cp1252"),
        ("lessons", "lessons-macroman"),
        ("prod", "prod-macroman"),
        ("prod", "prod-cp1252"),
    ] {
        let read = |name: &str| {
            holdpoint_plan::read(
                &std::fs::read(home().join(format!("tests/guides/{name}.md"))).expect("a guide"),
            )
        };
        let (sound, damaged) = (read(sound), read(damaged));
        let repaired = damaged.repaired.as_ref().expect("damage is found");
        assert_eq!(repaired.text, sound.text);
        assert_eq!(sound.repaired, None);
        let titles = |reading: &Reading| {
            reading.plan.stages.iter().map(|stage| stage.title.clone()).collect::<Vec<_>>()
        };
        assert_eq!(titles(&sound), titles(&damaged));
        assert_eq!(view(&sound).len(), view(&damaged).len());
    }
}

#[test]
fn real_notes_where_they_are() {
    let folder = home().join("../../../shared/seeds");
    if !folder.is_dir() {
        eprintln!(
            "skipped: ../shared/seeds is not beside the repository, so the five real notes were not read"
        );
        return;
    }
    let mut problems = Vec::new();
    check(&folder, "txt", &home().join("tests/guides/real-notes.txt"), &mut problems);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn check(folder: &Path, extension: &str, snapshot: &Path, problems: &mut Vec<String>) {
    let mut all = String::new();
    for (number, file) in
        entries(folder).iter().filter(|file| file.extension().is_some_and(|own| own == extension)).enumerate()
    {
        let bytes = std::fs::read(file).expect("read a guide");
        let reading = holdpoint_plan::read(&bytes);
        let _ = writeln!(all, "guide {number}: {}", facts(&bytes, &reading));
    }
    same(&all, snapshot, problems);
}

fn facts(bytes: &[u8], reading: &Reading) -> String {
    let plan = &reading.plan;
    let line = |at: usize| reading.text.get(..at).map_or(0, |before| before.matches('\n').count() + 1);
    let mut out = format!("{} lines, sha256 {}\n", reading.text.lines().count(), hash(bytes));
    let _ = writeln!(out, "  {:?}, {} stages, {} steps", plan.level, plan.stages.len(), plan.steps().count());
    if let Some(repaired) = &reading.repaired {
        let same_lines = repaired.text.lines().count() == reading.text.lines().count();
        let _ = writeln!(
            out,
            "  {}; lines kept: {same_lines}; repaired text sha256 {}",
            repaired.damage,
            hash(repaired.text.as_bytes())
        );
    }
    for stage in &plan.stages {
        let _ = writeln!(
            out,
            "  stage {:?} lines {}-{}",
            stage.role,
            line(stage.span.start),
            line(stage.span.end.saturating_sub(1))
        );
        for step in &stage.steps {
            let script = step
                .action
                .script
                .as_ref()
                .map(|script| format!(", {} lines of {}", script.text.lines().count(), script.language))
                .unwrap_or_default();
            let items = if step.items.is_empty() {
                String::new()
            } else {
                format!(
                    ", {} items, {} claimed",
                    step.items.len(),
                    step.items.iter().filter(|item| item.claimed).count()
                )
            };
            let _ = writeln!(out, "    {} line {}{items}{script}", step.action.uses, line(step.span.start));
        }
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for block in view(reading) {
        let name = match block.kind {
            BlockKind::Heading { .. } => "headings",
            BlockKind::Paragraph => "paragraphs",
            BlockKind::List => "lists",
            BlockKind::Checklist => "checklists",
            BlockKind::Code { owner: Some(_), .. } => "commands",
            BlockKind::Code { owner: None, .. } => "other code",
            BlockKind::Table => "tables",
            BlockKind::Quote => "quotes",
            BlockKind::StageFence { .. } | BlockKind::StepFence { .. } => "our fences",
            BlockKind::Rule => "rules",
            BlockKind::Html => "html",
            BlockKind::FrontMatter => "front matter",
        };
        *kinds.entry(name).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let _ = writeln!(out, "  blocks: {}", kinds.join(", "));
    let expected: usize = plan
        .steps()
        .filter_map(|step| step.action.script.as_ref())
        .map(|script| holdpoint_plan::expectations(&script.text).len())
        .sum();
    let _ = writeln!(out, "  expectations in comments: {expected}");
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &reading.diagnostics {
        *codes.entry(finding.code.as_str()).or_default() += 1;
    }
    let _ = writeln!(out, "  findings: {codes:?}");
    out
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
