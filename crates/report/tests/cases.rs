//! Reports of journals: a folder a case, with what must come out in each form. `UPDATE=1` writes it anew.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use holdpoint_plan::Plan;
use holdpoint_redact::{Redactor, Secret};
use holdpoint_report::{AnchorFact, Report, ReportError, Sources, report, to_html, to_json, to_markdown};
use holdpoint_run::chain::{Draft, Event, Stored, genesis, open, seal};
use holdpoint_run::{At, Fact, Mode, RunId, State};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Deserialize)]
struct Written {
    at: At,
    monotonic: u64,
    actor: String,
    identity: Option<String>,
    mode: Mode,
    event: Fact,
}

#[derive(Deserialize)]
struct Around {
    anchors: Vec<AnchorFact>,
    verdict: String,
    #[serde(default)]
    plan_text: String,
    secrets: Vec<String>,
}

struct Case {
    state: State,
    events: Vec<Event>,
    stored: Vec<Stored>,
    around: Around,
    plans: Vec<(String, Vec<u8>)>,
    first: Arc<Plan>,
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 4, "the cases are found");
    cases
}

/// Seals the case's facts into a chain, and folds it.
fn read(folder: &Path) -> Case {
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let mut around: Around = serde_json::from_str(&text("around.json")).unwrap();
    let mut plans = Vec::new();
    // A plan as it is read, or a plan's file: with it the report carries its journal.
    let plan: Plan = match fs::read(folder.join("plan.md")) {
        Ok(bytes) => {
            let reading = holdpoint_plan::read(&bytes);
            around.plan_text = reading.text;
            plans.push((reading.plan.digest.clone(), bytes));
            reading.plan
        }
        Err(_) => serde_json::from_str(&text("plan.json")).unwrap(),
    };
    let run = RunId::new("7K2MREPORT").unwrap();
    let first = Arc::new(plan);
    let mut state = State::new(run.clone(), Arc::clone(&first));
    let (mut events, mut stored, mut head) = (Vec::new(), Vec::new(), genesis(&run));
    for (index, line) in text("journal.jsonl").lines().enumerate() {
        let Written { at, monotonic, actor, identity, mode, event } = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{folder:?}, line {}: {error}", index + 1));
        let seq = index as u64 + 1;
        let draft = Draft { at, monotonic, actor, identity, mode, fact: event };
        let one = seal(&run, seq, head, &draft).unwrap();
        let event = open(&run, seq, &head, &one).unwrap();
        state.evolve(&event, &one.hash).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        head = one.hash;
        events.push(event);
        stored.push(one);
    }
    Case { state, events, stored, around, plans, first }
}

fn reported(case: &Case) -> Result<Report, ReportError> {
    let secrets: Vec<Secret> = case.around.secrets.iter().map(Secret::new).collect();
    report(&Sources {
        state: &case.state,
        events: &case.events,
        stored: &case.stored,
        anchors: &case.around.anchors,
        verdict: &case.around.verdict,
        plan_text: Some(&case.around.plan_text),
        plans: Ok(&case.plans),
        writer: "0.1.0",
        redactor: &Redactor::new(&secrets),
    })
}

#[expect(clippy::disallowed_methods, reason = "a test is its own edge: UPDATE=1 writes expected texts")]
fn check(path: &Path, found: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, found).unwrap();
        return;
    }
    let wanted = fs::read_to_string(path).unwrap_or_default();
    let differ = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    assert!(found == wanted, "{path:?} differs, first at {differ:?}; look, then UPDATE=1");
}

#[test]
fn every_case_reads_as_kept() {
    for folder in cases() {
        let report = reported(&read(&folder)).unwrap();
        check(&folder.join("report.md"), &to_markdown(&report));
        check(&folder.join("report.html"), &to_html(&report));
        check(&folder.join("report.json"), &to_json(&report).unwrap());
    }
}

#[test]
fn json_reads_back_as_the_same_report() {
    for folder in cases() {
        let report = reported(&read(&folder)).unwrap();
        let again: Report = serde_json::from_str(&to_json(&report).unwrap()).unwrap();
        assert_eq!(again, report, "{folder:?}");
    }
}

#[test]
fn every_link_leads_to_an_event() {
    for folder in cases() {
        let report = reported(&read(&folder)).unwrap();
        for (form, anchor, text) in
            [("html", " id=\"e", to_html(&report)), ("md", "<a id=\"e", to_markdown(&report))]
        {
            let links: Vec<&str> = text.split("#e").skip(1).map(digits).filter(|n| !n.is_empty()).collect();
            assert!(!links.is_empty());
            for link in links {
                assert!(
                    text.contains(&format!("{anchor}{link}\"")),
                    "{folder:?}, {form}: #e{link} leads nowhere"
                );
            }
        }
    }
}

#[test]
fn practice_is_said_on_every_page() {
    for folder in cases() {
        let report = reported(&read(&folder)).unwrap();
        let (html, markdown) = (to_html(&report), to_markdown(&report));
        let practice = report.header.mode == Mode::Practice;
        let headings = markdown.lines().filter(|line| line.starts_with("## "));
        assert!(headings.clone().all(|line| line.ends_with(" (practice)") == practice), "{folder:?}");
        assert_eq!(html.contains("<div class=\"banner\""), practice, "{folder:?}");
        assert_eq!(report.outcome.sentence.starts_with("Practice. "), practice, "{folder:?}");
    }
}

/// A run that stopped anywhere has a report of what is known, with links that lead somewhere.
#[test]
fn every_beginning_of_a_journal_has_a_report() {
    for folder in cases() {
        let whole = read(&folder);
        let mut case = read(&folder);
        case.state = State::new(whole.state.run.clone(), Arc::clone(&whole.first));
        case.events.clear();
        for length in 1..=whole.events.len() {
            let (event, stored) = (&whole.events[length - 1], &whole.stored[length - 1]);
            case.state.evolve(event, &stored.hash).unwrap();
            case.events.push(event.clone());
            let report = reported(&case).unwrap();
            assert_eq!(report.chain.events, length as u64);
            for text in to_html(&report).split("href=\"#e").skip(1).map(digits).filter(|n| !n.is_empty()) {
                let seq: usize = text.parse().unwrap();
                let anchors = case.around.anchors.iter().any(|anchor| anchor.count as usize == seq);
                assert!((1..=length).contains(&seq) || anchors, "{folder:?}, {length} events: #e{seq}");
            }
        }
    }
}

/// Tags that a report writes; everything else that looks like one is somebody else's and must not get through.
const TAGS: [&str; 32] = [
    "!doctype", "html", "head", "meta", "title", "style", "body", "div", "main", "h1", "h2", "h3", "nav",
    "a", "section", "p", "dl", "dt", "dd", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "pre",
    "b", "code", "span", "script",
];

#[test]
fn nobody_elses_markup_gets_through() {
    for folder in cases() {
        let report = reported(&read(&folder)).unwrap();
        let html = to_html(&report);
        for tag in html.split('<').skip(1) {
            let name: String =
                tag.trim_start_matches('/').chars().take_while(|c| !" >\n".contains(*c)).collect();
            assert!(TAGS.contains(&name.as_str()), "{folder:?}: <{name} is not ours");
            let open = tag.split('>').next().unwrap();
            // Data is no program: it is of one type, and the page forbids the other.
            assert!(
                name != "script"
                    || tag.starts_with('/')
                    || open == "script type=\"application/json\" id=\"journal\""
            );
            assert!(!open.contains(" on") && !open.contains("javascript:"), "{folder:?}: <{open}");
        }
        let markdown = to_markdown(&report);
        let mut fence: Option<String> = None;
        for line in markdown.lines() {
            let ticks: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                Some(open) if line == open => fence = None,
                Some(_) => {}
                None if ticks.len() >= 3 => fence = Some(ticks),
                None => {
                    let bare = line
                        .split("<a id=\"e")
                        .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
                    let bare: String = bare.map(|part| part.trim_start_matches("\"></a>")).collect();
                    assert!(!outside_code(&bare).contains('<'), "{folder:?}: {line}");
                    let links = bare.replace("\\]", "");
                    let ours = links.matches("](").count() == links.matches("](#e").count();
                    assert!(ours, "{folder:?}: {line}");
                    assert!(
                        !line.starts_with("## Outcome")
                            || line.ends_with("practice)")
                            || line == "## Outcome"
                    );
                }
            }
        }
        assert_eq!(fence, None, "{folder:?}: every fence is closed");
        let outcomes = markdown.lines().filter(|line| line.starts_with("## Outcome")).count();
        assert_eq!(outcomes, 1, "{folder:?}: nobody writes a heading into the report");
        for text in [&html, &markdown, &to_json(&report).unwrap()] {
            assert!(case_secrets(&folder).iter().all(|secret| !text.contains(secret.as_str())), "{folder:?}");
            assert!(
                !text.contains('\u{1b}') && (!text.contains('\u{202e}') || text.starts_with('{')),
                "{folder:?}"
            );
        }
    }
}

#[test]
fn what_has_not_begun_has_no_report() {
    let mut case = read(&cases().remove(0));
    case.state = State::new(case.state.run.clone(), Arc::clone(&case.state.plan));
    assert!(matches!(reported(&case), Err(ReportError::NotBegun(_))));
    let mut case = read(&cases().remove(0));
    case.stored.pop();
    assert!(matches!(reported(&case), Err(ReportError::Unstored(_))));
}

fn case_secrets(folder: &Path) -> Vec<String> {
    read(folder).around.secrets
}

fn digits(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

/// Text between backticks is shown as it is.
fn outside_code(line: &str) -> String {
    line.replace("\\`", "").split('`').step_by(2).collect()
}
