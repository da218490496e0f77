//! What must hold of importing any bytes: nothing is lost, nothing is replaced, twice is once, and the result reads well.

use crate::common::{entries, home, same};
use crate::laws::imported as check;
use holdpoint_plan::import::{Import, ImportOptions, ImportState, Outcome, import};
use holdpoint_plan::{Severity, read};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn plain(bytes: &[u8]) -> Import {
    import(bytes, &ImportOptions::default())
}

/// Pieces that texts are put together from; what is nasty about Markdown comes of their neighbours.
const PIECES: [&str; 52] = [
    "\n",
    "\r\n",
    "\n\n",
    "# Plan\n",
    "## Step 1: build\n",
    "## Rollback\n",
    "Verify\n---\n",
    "### Überprüfung ✅\n",
    "```bash\n",
    "```sh\n",
    "```\n",
    "~~~zsh\n",
    "~~~\n",
    "````bash\n",
    "````\n",
    "   ```bash\n",
    "   ```\n",
    "    indented\n",
    "\t```bash\n",
    "\t```\n",
    "- item\n",
    "  ```bash\n",
    "  ```\n",
    "1. one\n",
    "- ```bash\n",
    "> quote\n",
    "> ```bash\n",
    "> aws s3 ls\n",
    "> ```\n",
    "> - x\n",
    ">   ```bash\n",
    ">   ls\n",
    ">   ```\n",
    "aws ecs update-service --cluster c --service s \\\n",
    "  --force-new-deployment\n",
    "echo done\n",
    "cd infra && terraform apply tfplan\n",
    "# Expected: ok\n",
    "cat <<EOF\nx\nEOF\n",
    "export A=1\n",
    "$ ls\n",
    "- [ ] check\n",
    "| a | Status |\n|---|---|\n| b | done |\n",
    "<details>\n",
    "</details>\n\n",
    "---\n",
    "title: x\n",
    "holdpoint:\n",
    "```yaml step\nid: a\nuses: shell\n```\n",
    "<!-- hp: id=a -->\n",
    "\u{feff}",
    "text ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_markdown_keeps_every_byte(picks in prop::collection::vec(0..PIECES.len(), 0..40), cut in 0..64_usize) {
        let text: String = picks.iter().map(|at| PIECES[*at]).collect();
        let end = text.len().saturating_sub(cut / 8);
        check(&text.as_bytes()[..end]);
    }

    #[test]
    fn any_bytes_keep_every_byte(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes);
    }

    #[test]
    fn every_encoding_keeps_every_byte(picks in prop::collection::vec(0..PIECES.len(), 0..20), form in 0..3_u8) {
        let text: String = picks.iter().map(|at| PIECES[*at]).collect();
        let bytes: Vec<u8> = match form {
            0 => [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
            1 => [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect(),
            _ => text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).chain([0xe9]).collect(),
        };
        check(&bytes);
    }
}

#[test]
fn every_plan_that_we_have_keeps_every_byte_wherever_it_is_cut() {
    let folders = ["tests/guides", "tests/cases", "../../plans"];
    for folder in folders {
        for entry in entries(&home().join(folder)) {
            let file = if entry.is_dir() { entry.join("plan.md") } else { entry };
            let Ok(bytes) = std::fs::read(&file) else { continue };
            check(&bytes);
            // A prime step, so that cuts fall everywhere.
            for end in (0..bytes.len().min(20_000)).step_by(1_009) {
                check(&bytes[..end]);
            }
        }
    }
}

#[test]
fn a_fence_is_taken_wherever_it_stands() {
    for text in [
        "# A\n\n```bash\nls\n```\n",
        "# A\n\n~~~~sh title=\"x\"\nls\n```\nls\n~~~~\n",
        "1. one\n   ```bash\n   ls\n   ```\n2. two\n",
        "- ```bash\n  ls\n  ```\n",
        "> quote\n>\n> ```bash\n> ls\n> ```\n",
        "> - deep\n>\n>   ```bash\n>   ls\n>   ```\n",
        "- a\n\n\t```bash\n\tls\n\t```\n",
        "text\n```bash\nls\n```\ntext",
        "# A\r\n\r\n```bash\r\nls\r\n```\r\n",
        "---\ntitle: x\n---\n```bash\nls\n```\n",
        "---\n\n```bash\nls\n```",
        "\u{feff}```bash\nls\n```\n",
    ] {
        let done = check(text.as_bytes());
        let shells = done.reading.plan.steps().filter(|step| step.action.uses == "shell").count();
        assert_eq!(
            (done.state, shells, done.left.len()),
            (ImportState::Imported, 1, 0),
            "{text}\n{}",
            done.text
        );
        assert!(!done.reading.diagnostics.iter().any(|one| one.code == "unowned-fence"), "{}", done.text);
    }
}

/// Plans as people wrote them before: what each becomes is written beside it, and so is every finding that is left.
#[test]
fn twins_become_their_checked_plans() {
    let options = ImportOptions { repair: true, ..ImportOptions::default() };
    let mut problems = Vec::new();
    let folders = ["tests/twins", "tests/import"].map(|folder| entries(&home().join(folder)));
    for file in folders.into_iter().flatten() {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let Some(name) = name.strip_suffix(".md").filter(|name| !name.contains(".checked")) else { continue };
        let done = import(&std::fs::read(&file).expect("a twin"), &options);
        assert_eq!(done.state, ImportState::Imported, "{name}");
        same(&done.text, &file.with_file_name(format!("{name}.checked.md")), &mut problems);
        same(&done.report(), &file.with_file_name(format!("{name}.report.txt")), &mut problems);
        let errors = done.reading.diagnostics.iter().filter(|one| one.severity == Severity::Error).count();
        assert_eq!(errors, 0, "{name}\n{}", done.text);
        let again = import(&done.bytes, &options);
        assert_eq!((again.state, &again.bytes), (ImportState::CheckedAlready, &done.bytes), "{name}");
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The kinds of steps that the twin of each shipped plan comes to have too, because its text says so.
#[test]
fn twins_have_the_kinds_of_the_shipped_plans() {
    let options = ImportOptions { repair: true, ..ImportOptions::default() };
    for (name, kinds) in [
        ("agents-on-app-runner", ["image.mirror", "http.check", "manual", "checklist"].as_slice()),
        (
            "ecs-api-and-worker",
            &["ecs.check", "terraform.plan", "terraform.apply", "logs.expect", "ecs.deploy", "http.check"],
        ),
        (
            "ecs-migrations-at-start",
            &["ecs.check", "image.build", "secrets.check", "ecs.register", "ecs.deploy", "logs.expect"],
        ),
        ("private-database", &["manual", "ecs.deploy", "http.check", "ecs.run_task"]),
        ("reapply-a-patch", &["decision", "shell", "manual"]),
    ] {
        let read_kinds = |path: String, options: Option<&ImportOptions>| -> BTreeSet<String> {
            let bytes = std::fs::read(home().join(path)).expect("a plan");
            let reading = match options {
                Some(options) => import(&bytes, options).reading,
                None => read(&bytes),
            };
            let steps = reading.plan.steps();
            let uses = steps.flat_map(|step| {
                std::iter::once(step.action.uses.clone())
                    .chain(step.after.iter().map(|check| check.action.uses.clone()))
            });
            uses.collect()
        };
        let shipped = read_kinds(format!("../../plans/{name}.plan.md"), None);
        let twin = read_kinds(format!("tests/twins/{name}.md"), Some(&options));
        for kind in kinds {
            assert!(shipped.contains(*kind) && twin.contains(*kind), "{name}: {kind}: {twin:?}");
        }
    }
}

#[test]
fn a_refused_lift_stays_a_script_under_the_same_id() {
    let text = "# A\n\n## Step 1: look\n\n```bash\ncurl -f https://a.example/health\naws ecs update-service --cluster c --service s --force-new-deployment\n```\n";
    let all = plain(text.as_bytes());
    let lifted: Vec<&str> = all.proposals.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(all.counts().lifted, 2, "{}", all.report());
    let refused = ImportOptions { refused: [lifted[1].to_owned()].into(), ..ImportOptions::default() };
    let less = import(text.as_bytes(), &refused);
    assert_eq!(less.counts().lifted, 1);
    let ids: Vec<&str> = less.proposals.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, lifted);
    assert!(
        matches!(&less.proposals[1].outcome, Outcome::Kept { refused: true, uses, .. } if uses == "shell")
    );
    assert_eq!(less.reading.plan.steps().filter(|step| step.action.uses == "shell").count(), 1);
}

/// A command in a sentence becomes a step when it is accepted, and nothing of it is inserted before.
#[test]
fn an_offered_command_becomes_a_step_when_it_is_accepted() {
    let text = "# A\n\n- [ ] ready\n\n1. Run `aws ecs describe-services --cluster shop --services api`\n   now.\n2. Execute `./move.sh $TO`.\n\nRun `aws ecs list-tasks --cluster shop`:\n\n```bash\naws ecs list-tasks --cluster shop --family api\n```\n";
    let all = plain(text.as_bytes());
    let offered: Vec<&str> = all
        .proposals
        .iter()
        .filter(|one| matches!(one.outcome, Outcome::Offered { .. }))
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!((offered.len(), all.counts().offered), (2, 2), "{}", all.report());
    assert_eq!(all.reading.plan.steps().count(), 2);
    let accepted = ImportOptions {
        accepted: offered.iter().map(|id| (*id).to_owned()).collect(),
        ..ImportOptions::default()
    };
    let more = check_with(text, &accepted);
    assert_eq!(more.counts().offered, 0, "{}", more.report());
    let steps: Vec<String> = more.reading.plan.steps().map(|step| step.action.uses.clone()).collect();
    assert_eq!(steps, ["checklist", "ecs.check", "shell", "shell"], "{}", more.text);
    let moved =
        more.reading.plan.steps().nth(2).and_then(|step| step.action.script.clone()).expect("a script");
    assert_eq!(moved.text.trim(), "./move.sh $TO");
    let ids: Vec<&str> = more.proposals.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, all.proposals.iter().map(|one| one.id.as_str()).collect::<Vec<_>>());
    assert!(!more.reading.diagnostics.iter().any(|one| one.severity == Severity::Error), "{}", more.text);
}

/// The same of checklists, tables, headings and lines of plain text: each step stands where it can be read.
#[test]
fn what_is_offered_outside_of_fences_becomes_steps_where_it_stands() {
    let path = home().join("tests/import/outside-of-fences.md");
    let text = std::fs::read_to_string(&path).expect("the case");
    let all = plain(text.as_bytes());
    let offered = all.proposals.iter().filter(|one| matches!(one.outcome, Outcome::Offered { .. }));
    let accepted =
        ImportOptions { accepted: offered.map(|one| one.id.clone()).collect(), ..ImportOptions::default() };
    assert_eq!(accepted.accepted.len(), 6, "{}", all.report());
    let more = check_with(&text, &accepted);
    assert_eq!(more.counts().offered, 0, "{}", more.report());
    let steps: Vec<&str> = more.reading.plan.steps().map(|step| step.action.uses.as_str()).collect();
    let wanted = [
        "checklist",
        "ecs.check",
        "checklist",
        "ecs.deploy",
        "terraform.plan",
        "shell",
        "http.check",
        "shell",
    ];
    assert_eq!(steps, wanted, "{}", more.text);
    assert!(!more.reading.diagnostics.iter().any(|one| one.severity == Severity::Error), "{}", more.text);
    let again = plain(&more.bytes);
    assert_eq!(again.bytes, more.bytes);
}

fn check_with(text: &str, options: &ImportOptions) -> Import {
    let done = import(text.as_bytes(), options);
    let mut rest = done.text.as_str();
    for line in text.lines() {
        let at = rest.find(line).unwrap_or_else(|| panic!("{line} is lost:\n{}", done.text));
        rest = &rest[at + line.len()..];
    }
    done
}
