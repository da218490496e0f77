//! Defects, a folder a code: `fires.md` has it, `silent.md` is near to it and has it not.

use crate::common::{entries, home, same};
use holdpoint_plan::{CHAPTERS, Diagnostic, Reading, Severity, apply, read, severity_word};
use std::fmt::Write;
use std::path::Path;

fn of(folder: &Path, file: &str) -> Reading {
    read(
        &std::fs::read(folder.join(file))
            .unwrap_or_else(|error| panic!("{}/{file}: {error}", folder.display())),
    )
}

fn found<'r>(reading: &'r Reading, code: &str) -> Vec<&'r Diagnostic> {
    reading.diagnostics.iter().filter(|finding| finding.code == code).collect()
}

#[test]
fn every_defect_is_found_where_it_is_and_nowhere_near() {
    let folder = home().join("tests/lint");
    let mut problems = Vec::new();
    for spec in CHAPTERS.iter().filter(|chapter| chapter.lint).flat_map(|chapter| chapter.codes) {
        let case = folder.join(spec.code);
        let (fires, silent) = (of(&case, "fires.md"), of(&case, "silent.md"));
        let findings = found(&fires, spec.code);
        let mut shown = String::new();
        for finding in &findings {
            assert!(spec.severities.contains(&finding.severity), "{}: {finding:?}", spec.code);
            let severity = severity_word(finding.severity);
            let _ = writeln!(shown, "{severity} {}:{} {}", finding.line, finding.column, finding.message);
            let _ = writeln!(shown, "  | {}", finding.excerpt);
            if let Some(hint) = &finding.hint {
                let _ = writeln!(shown, "  = {hint}");
            }
            if let Some(fix) = &finding.fix {
                let _ = writeln!(shown, "  > {}", fix.title);
                let repaired = apply(&fires.text, &fix.edits).expect("a fix can be applied");
                let left = read(repaired.as_bytes());
                if found(&left, spec.code).len() >= findings.len() {
                    problems
                        .push(format!("{}: the fix `{}` repairs nothing:\n{repaired}", spec.code, fix.title));
                }
                if left.diagnostics.iter().any(|finding| finding.severity == Severity::Error) {
                    problems
                        .push(format!("{}: the fix `{}` breaks the plan:\n{repaired}", spec.code, fix.title));
                }
            }
        }
        if findings.is_empty() {
            problems.push(format!("{}: fires.md has no such finding; it has {:?}", spec.code, codes(&fires)));
        }
        for false_alarm in found(&silent, spec.code) {
            problems.push(format!(
                "{}: silent.md has one: {}:{} {}",
                spec.code, false_alarm.line, false_alarm.column, false_alarm.message
            ));
        }
        same(&shown, &case.join("expected.txt"), &mut problems);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Repairs, a file a finding: all that are offered for its code are made, the text is what stands beside it, and neither
/// the finding nor an error is left.
#[test]
fn repairs_leave_nothing_of_what_they_repair() {
    let mut problems = Vec::new();
    let folder = home().join("tests/fixes");
    for file in entries(&folder) {
        let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let Some(code) = Some(name.trim_end_matches("-of-one")).filter(|name| !name.contains('.')) else {
            continue;
        };
        let mut reading = of(&folder, &format!("{name}.md"));
        let before = found(&reading, code).len();
        assert!(before > 0, "{name} has no such finding; it has {:?}", codes(&reading));
        for _ in 0..before {
            let fix = found(&reading, code).iter().find_map(|finding| finding.fix.clone());
            let Some(fix) = fix else { break };
            let text = apply(&reading.text, &fix.edits).expect("a fix can be applied");
            reading = read(text.as_bytes());
        }
        assert_eq!(found(&reading, code).len(), 0, "{name}:\n{}", reading.text);
        let errors: Vec<_> =
            reading.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}\n{}", reading.text);
        same(&reading.text, &folder.join(format!("{name}.fixed.md")), &mut problems);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn codes(reading: &Reading) -> Vec<String> {
    reading.diagnostics.iter().map(|finding| format!("{}@{}", finding.code, finding.line)).collect()
}

#[test]
fn every_code_is_explained() {
    let known: Vec<&str> = holdpoint_plan::findings().map(|spec| spec.code).collect();
    let mut sorted = known.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), known.len(), "a code stands once");
    for spec in holdpoint_plan::findings() {
        let page = holdpoint_plan::findings_page();
        let (_, anchor) = spec
            .address()
            .split_once('#')
            .map(|(file, code)| (file.to_owned(), code.to_owned()))
            .expect("an anchor");
        assert_eq!(page.matches(&format!("<a id=\"{anchor}\"></a>")).count(), 1, "{anchor}");
        assert!(spec.explained().contains(&spec.address()), "{anchor}");
        for text in [spec.title, spec.why, spec.remedy, spec.example] {
            assert!(!text.trim().is_empty(), "{}", spec.code);
        }
    }
    for folder in ["tests/cases", "tests/lint"] {
        for case in entries(&home().join(folder)) {
            for file in entries(&case).iter().filter(|file| file.extension().is_some_and(|own| own == "md")) {
                for finding in read(&std::fs::read(file).expect("a case")).diagnostics {
                    assert!(
                        sorted.contains(&finding.code.as_str()),
                        "`{}` of {} is in no chapter",
                        finding.code,
                        file.display()
                    );
                }
            }
        }
    }
}

#[test]
fn no_finding_repeats_a_secret() {
    let reading = of(&home().join("tests/lint/secret-in-plan"), "fires.md");
    let all = serde_json::to_string(&reading.diagnostics).expect("findings are data");
    for secret in
        ["ghp_0123456789abcdefghijklmnopqrstuvwxyz", "AKIAZ7Q2M4N6P8R1S3T5", "s3cr3t-Horse!battery9"]
    {
        assert!(reading.text.contains(secret), "the case has {secret}");
        assert!(!all.contains(secret), "{secret}");
    }
}

#[test]
fn many_steps_are_linted_in_linear_time() {
    // Counted in work and not in time: twice the text gives twice the findings, up to the most that are shown.
    let step = "## Step\n\n```bash\ndocker build -t shop/api:1 .\naws ecs update-service --cluster a --service b --force-new-deployment\nsleep 60\n```\n\n";
    let few = read(step.repeat(20).as_bytes())
        .diagnostics
        .iter()
        .filter(|finding| finding.code == "sleep-as-wait")
        .count();
    let many = read(step.repeat(40).as_bytes())
        .diagnostics
        .iter()
        .filter(|finding| finding.code == "sleep-as-wait")
        .count();
    assert_eq!((few, many), (20, 40));
}
