//! What is understood of plans in many languages, each a folder: `plan.md` and what was found in it.

use crate::common::{entries, home, same};
use holdpoint_plan::{Estimate, Span, Understanding, apply, read, repair_edits, understand};
use proptest::prelude::*;
use std::fmt::Write;

#[test]
fn every_case_is_understood_as_expected() {
    let mut problems = Vec::new();
    for case in entries(&home().join("tests/understand")) {
        let reading = read(&std::fs::read(case.join("plan.md")).expect("a case has a plan.md"));
        let found = understand(&reading.text);
        in_bounds(&reading.text, &found);
        same(&shown(&reading.text, &found), &case.join("expected.txt"), &mut problems);
        // The reader and the understanding must never differ about what is a stage.
        for stage in &reading.plan.stages {
            let known = found.sections.iter().find(|section| section.span.start == stage.span.start);
            assert!(
                known.is_none_or(|section| section.is_stage && section.role == Some(stage.role))
                    || !found.sections.iter().any(|section| section.is_stage),
                "{}: {stage:?} and {known:?}",
                case.display()
            );
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_was_damaged_comes_back() {
    let texts = [
        "# Plan – Größe ✅\n- déjà “prêt” → 5 €\n",
        "# План развертывания\nАккаунт: 111122223333\nПроверить, что сервис отвечает, и записать это в журнал.\n",
        "# デプロイ計画\n手順を確認して、サービスを更新する。\n",
        "# 배포 계획\n서비스를 업데이트하고 로그를 확인합니다.\n",
        "# 部署方案\n更新服务并检查日志，确认任务已经启动。\n",
        "# Wdrożenie\nZażółć gęślą jaźń, potem sprawdź usługę.\n",
    ];
    for text in texts {
        for page in [encoding_rs::MACINTOSH, encoding_rs::WINDOWS_1252] {
            let once = page.decode_without_bom_handling(text.as_bytes()).0.into_owned();
            // Read again as the same page: misread twice.
            let twice = page.decode_without_bom_handling(once.as_bytes()).0.into_owned();
            for damaged in [once, twice] {
                assert_eq!(repaired(damaged.as_bytes()), text, "{}", page.name());
            }
        }
        for encoding in [encoding_rs::UTF_16LE, encoding_rs::UTF_16BE] {
            let big = encoding == encoding_rs::UTF_16BE;
            let bytes = |text: &str| -> Vec<u8> {
                text.encode_utf16()
                    .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                    .collect()
            };
            assert_eq!(repaired(&bytes(text)), text, "{} without a mark", encoding.name());
            assert_eq!(repaired(&bytes(&format!("\u{feff}{text}"))), text, "{} with a mark", encoding.name());
        }
        assert_eq!(repaired(format!("\u{feff}{text}").as_bytes()), text);
        let mixed = format!("{}second\r\n", text.replacen('\n', "\r\n", 1));
        let sound = repaired(mixed.as_bytes());
        let (returns, ends) = (sound.matches('\r').count(), sound.matches('\n').count());
        assert!(returns == 0 || returns == ends, "{sound:?}");
    }
}

#[test]
fn encodings_of_old_files() {
    for (name, text) in [
        ("shift_jis", "# デプロイ計画\n手順を確認して、サービスを更新する。ログも確認すること。\n"),
        ("euc-kr", "# 배포 계획\n서비스를 업데이트하고 로그를 확인합니다. 그리고 알림을 보냅니다.\n"),
        ("gb18030", "# 部署方案\n更新服务并检查日志，确认任务已经启动，然后通知负责人。\n"),
        ("big5", "# 部署方案\n更新服務並檢查日誌，確認任務已經啟動，然後通知負責人。\n"),
        ("windows-1251", "# План развертывания\nПроверить, что сервис отвечает, и записать это в журнал.\n"),
        ("koi8-r", "# План развертывания\nПроверить, что сервис отвечает, и записать это в журнал.\n"),
        ("windows-1252", "# Ausrollen\nDie Größe prüfen, später wieder öffnen und schließen.\n"),
        ("iso-8859-2", "# Wdrożenie\nZażółć gęślą jaźń, potem sprawdź usługę i zakończ.\n"),
    ] {
        let encoding = encoding_rs::Encoding::for_label(name.as_bytes()).expect("a known encoding");
        let bytes = encoding.encode(text).0;
        let reading = read(&bytes);
        assert_eq!(reading.text, text, "{name}");
        let offer = repair_edits(&bytes).expect("an offer");
        assert!(offer.encoding.is_some() && offer.edits.is_empty(), "{name}: {offer:?}");
    }
}

#[test]
fn a_sound_file_gets_no_offer() {
    for text in ["", "# Plan\r\n\r\ntext\r\n", "# Größe – déjà ✅ “x”\n", "```make\nall:\n\techo\n```\n"]
    {
        assert_eq!(repair_edits(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn tabs_that_yaml_forbids() {
    let text = "---\nholdpoint:\n\tversion: 1\n---\n# A\n\n```yaml step\nid: a\nwith:\n\tdir: x\n```\n\n```make\n\techo\n```\n";
    let sound = repaired(text.as_bytes());
    assert_eq!(sound.matches('\t').count(), 1);
    assert!(sound.contains("\n  version: 1") && sound.contains("\n  dir: x"), "{sound}");
}

#[test]
fn large_plans_end() {
    for piece in [
        "## Step 1: x ✅\n\n**Status:** done\n\n- Option A: x\n- Option B: y\n\nPros: z\n\n",
        "1. a\n\n   ```bash\n   ls\n   ```\n\n   Expected: x\n\n",
        "| a | b |\n|---|---|\n| ✅ | done |\n\n",
        "**Step 1**\n\n1. AWS Console → x\n   - y\n\n‚úÖ\n\n",
        "- [ ] a\n",
        "> # Step 1\n> - x: $5-6\n\n",
    ] {
        let text = piece.repeat(100_000 / piece.len());
        in_bounds(&text, &understand(&text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_understood(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        whatever(&bytes);
    }

    #[test]
    fn any_scraps_are_understood(scraps in proptest::collection::vec(proptest::sample::select(SCRAPS), 0..40)) {
        whatever(scraps.concat().as_bytes());
    }
}

const SCRAPS: &[&str] = &[
    "# ",
    "## Step 1: ",
    "**Step 2**\n\n",
    "\n",
    "\n\n",
    "- [ ] ",
    "- [x] ",
    "1. ",
    "   ",
    "```bash\n",
    "```\n",
    "| a | Status |\n",
    "|---|---|\n",
    "| x | ✅ |\n",
    "**Status:** ",
    "done",
    "not ",
    "✅",
    "❌ ",
    "(",
    ")",
    "–",
    "½ h",
    "30-45 min",
    "$15-20",
    "Option A: ",
    "Option B: ",
    "Pros:",
    "Cons:",
    "https://eu-west-3.console.aws.amazon.com/",
    "AWS Console → ",
    "Expected:",
    "# Expected: x\n",
    "‚úÖ",
    "Ã©",
    "111122223333",
    "arn:aws:ecs:eu-west-1:111122223333:x",
    "ステップ1",
    "第一步",
    "\u{feff}",
    "\r\n",
    "\t",
    "---\n",
    "a: b\n",
    "<!-- hp: id=a -->",
    "> ",
    "é",
    "\u{20e3}",
    "1️⃣ ",
    "%",
    "100%",
    "Account: ",
    "[",
    "](",
    "…",
];

fn whatever(bytes: &[u8]) {
    let reading = read(bytes);
    in_bounds(&reading.text, &understand(&reading.text));
    if let Some(offer) = repair_edits(bytes) {
        apply(&reading.text, &offer.edits).expect("an offer can be applied");
    }
}

fn repaired(bytes: &[u8]) -> String {
    let offer = repair_edits(bytes).expect("damage is found");
    let sound = apply(&read(bytes).text, &offer.edits).expect("an offer can be applied");
    assert_eq!(repair_edits(sound.as_bytes()), None, "nothing is left to repair");
    sound
}

/// Every place that is said is inside the text and cuts no character.
fn in_bounds(text: &str, found: &Understanding) {
    fn spans(value: &serde_json::Value, out: &mut Vec<Span>) {
        match value {
            serde_json::Value::Object(map) => {
                if let (Some(start), Some(end)) = (map.get("start"), map.get("end")) {
                    let number =
                        |value: &serde_json::Value| usize::try_from(value.as_u64().unwrap_or(0)).unwrap_or(0);
                    out.push(Span { start: number(start), end: number(end) });
                }
                map.values().for_each(|value| spans(value, out));
            }
            serde_json::Value::Array(all) => all.iter().for_each(|value| spans(value, out)),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => {}
        }
    }
    let mut all = Vec::new();
    spans(&serde_json::to_value(found).expect("an understanding is data"), &mut all);
    for span in all {
        assert!(text.get(span.start..span.end).is_some(), "{span:?} is inside of {} bytes", text.len());
    }
}

pub(crate) fn shown(text: &str, found: &Understanding) -> String {
    let line = |span: Span| text.get(..span.start).map_or(0, |before| before.matches('\n').count() + 1);
    let one_line = |text: &str| text.replace('\n', " ⏎ ");
    let time = |estimate: &Option<Estimate>| {
        estimate
            .map_or_else(String::new, |time| format!(" [{}s..{}s]", time.from.as_secs(), time.to.as_secs()))
    };
    let mark =
        |mark: Option<holdpoint_plan::Mark>| mark.map_or_else(String::new, |mark| format!(" <{mark:?}>"));
    let mut out = String::new();
    for fact in &found.facts {
        let seen = if fact.stated { "" } else { " (seen)" };
        let _ = writeln!(
            out,
            "{} fact {:?}: {}{}{seen}",
            line(fact.span),
            fact.key,
            fact.value,
            time(&fact.estimate)
        );
    }
    for service in &found.services {
        let _ = writeln!(
            out,
            "{} service {}: {:?} {:?}{}",
            line(service.span),
            service.name,
            service.url,
            service.exposure,
            mark(service.mark)
        );
    }
    for section in &found.sections {
        let stage = if section.is_stage { "stage" } else { "section" };
        let role = section.role.map_or_else(|| "-".to_owned(), |role| format!("{role:?}"));
        let _ = writeln!(
            out,
            "{} {stage} {:?} {role} {}{}{}: {} ({})",
            line(section.heading),
            section.form,
            section.number.as_deref().unwrap_or("-"),
            mark(section.status),
            time(&section.estimate),
            section.title,
            section.why
        );
    }
    for said in &found.marks {
        let _ = writeln!(out, "{} mark {:?}: {}", line(said.span), said.mark, said.text);
    }
    for said in &found.expectations {
        let _ = writeln!(out, "{} expect (of {}): {}", line(said.span), line(said.of), one_line(&said.text));
    }
    for decision in &found.decisions {
        let _ = writeln!(out, "{} decision {}", line(decision.span), decision.title);
        for option in &decision.options {
            let verdict = match (option.recommended, option.rejected) {
                (true, _) => " recommended",
                (false, true) => " rejected",
                (false, false) => "",
            };
            let _ = writeln!(
                out,
                "  {} option {}: {} +{:?} -{:?}{verdict}{}",
                line(option.span),
                option.letter.as_deref().unwrap_or("-"),
                option.title,
                option.pros,
                option.cons,
                option.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"))
            );
        }
    }
    for step in &found.manual_steps {
        let _ = writeln!(
            out,
            "{} manual {:?} {:?} {:?}",
            line(step.span),
            step.instructions,
            step.links,
            step.sql
        );
    }
    for trouble in &found.troubles {
        let text = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), one_line);
        let _ = writeln!(
            out,
            "{} trouble {} | {} | {}",
            line(trouble.span),
            trouble.problem,
            text(&trouble.cause),
            text(&trouble.fix)
        );
    }
    for cost in &found.costs {
        let new = if cost.new { " new" } else { "" };
        let total = if cost.total { " total" } else { "" };
        let _ = writeln!(
            out,
            "{} cost {}: {}..{} {}{new}{total}",
            line(cost.span),
            cost.item,
            cost.low,
            cost.high,
            cost.currency
        );
    }
    for (what, list) in [
        ("checkpoint", &found.checkpoints),
        ("criterion", &found.criteria),
        ("lesson", &found.lessons),
        ("question", &found.questions),
        ("follow-up", &found.follow_ups),
        ("inline command", &found.commands_inline),
    ] {
        for said in list {
            let _ = writeln!(out, "{} {what}: {}{}", line(said.span), said.text, mark(said.mark));
        }
    }
    out
}
