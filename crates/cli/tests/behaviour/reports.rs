//! Reports given to somebody else: checked on a machine that has nothing of the run but the file.

use crate::home::{Home, repository};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// A run that is over, and its report in both forms.
fn reported() -> (Home, PathBuf, PathBuf) {
    let home = Home::new();
    let plan = repository("crates/cli/tests/plans/broker.plan.md");
    let words = ["run", plan.to_str().unwrap(), "--practice", "--auto-sign", "--trust", "--speed", "600"];
    home.run(&words).exits(0);
    let [html, json] = ["html", "json"].map(|format| {
        let file = home.file(&format!("given/report.{format}"), "");
        home.run(&["report", "last", "--format", format, "--output", file.to_str().unwrap()]).exits(0);
        file
    });
    (home, html, json)
}

/// A change that somebody makes to a report, and what must be told.
struct Forgery {
    what: &'static str,
    change: fn(&str) -> String,
    told: &'static [&'static str],
}

/// The JSON of a report with one thing changed; what it carries stays as it is.
fn with(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut report: Value = serde_json::from_str(text).unwrap();
    change(&mut report);
    format!("{}\n", serde_json::to_string_pretty(&report).unwrap())
}

/// The JSON of a report whose events are changed one by one.
fn events(text: &str, change: impl FnOnce(&mut Vec<Value>)) -> String {
    with(text, |report| change(report["carried"]["journal"]["events"].as_array_mut().unwrap()))
}

const OF_JSON: &[Forgery] = &[
    Forgery {
        what: "another outcome",
        change: |text| with(text, |report| report["outcome"]["sentence"] = "All went well.".into()),
        told: &["ALTERED in 1 place", "/outcome/sentence", "All went well."],
    },
    Forgery {
        what: "another signer",
        change: |text| {
            with(text, |report| report["holds"][0]["signatures"][0]["name"] = "somebody.else".into())
        },
        told: &["ALTERED", "/holds/0/signatures/0/name", "somebody.else", "practice.second"],
    },
    Forgery {
        what: "a deviation left out",
        change: |text| with(text, |report| drop(report["deviations"].as_array_mut().unwrap().remove(0))),
        told: &["ALTERED", "/deviations/0"],
    },
    Forgery {
        what: "another hash beside an event",
        change: |text| with(text, |report| report["events"][3]["hash"] = "00".repeat(32).into()),
        told: &["ALTERED in 1 place", "/events/3/hash"],
    },
    Forgery {
        what: "another layout",
        change: |text| serde_json::from_str::<Value>(text).unwrap().to_string(),
        told: &["ALTERED in 1 place", "laid out otherwise"],
    },
    Forgery {
        what: "an event changed",
        change: |text| {
            events(text, |events| {
                let changed = events[4].as_str().unwrap().replace("\"at\":1", "\"at\":2");
                events[4] = changed.into();
            })
        },
        told: &["not intact"],
    },
    Forgery {
        what: "an event left out",
        change: |text| events(text, |events| drop(events.remove(5))),
        told: &["not intact"],
    },
    Forgery {
        what: "the end left out",
        change: |text| events(text, |events| drop(events.pop())),
        told: &["not intact", "the journal was cut"],
    },
    Forgery {
        what: "a signature of nobody's",
        change: |text| {
            with(text, |report| {
                let anchors = &mut report["carried"]["journal"]["anchors"];
                anchors[0]["signature"] = "11".repeat(64).into();
            })
        },
        told: &["not intact", "genuine signature"],
    },
    Forgery {
        what: "the anchors left out",
        change: |text| {
            with(text, |report| report["carried"]["journal"]["anchors"] = Value::Array(Vec::new()))
        },
        told: &["by no device", "ALTERED", "/chain/verdict"],
    },
    Forgery {
        what: "another plan",
        change: |text| text.replacen("# ", "#  ", 1),
        told: &["not the one that the run was begun with"],
    },
];

const OF_HTML: &[Forgery] = &[
    Forgery {
        what: "another outcome",
        change: |text| text.replacen("walked to its end", "walked to a happy end", 1),
        told: &["ALTERED in", "walked to a happy end", "walked to its end"],
    },
    Forgery {
        what: "a line put in",
        change: |text| text.replacen("</section>", "<p>And nobody was hurt.</p>\n</section>", 1),
        told: &["ALTERED in", "nobody was hurt"],
    },
    Forgery {
        what: "a style that hides",
        change: |text| text.replacen("</style>", "#deviations { display: none }</style>", 1),
        told: &["ALTERED in", "display: none"],
    },
];

#[test]
fn a_report_is_checked_where_nothing_else_is() {
    let (_home, html, json) = reported();
    let elsewhere = Home::new();
    for file in [&html, &json] {
        let name = file.to_str().unwrap();
        // No home to keep anything in, no ledger, no network: an empty environment.
        let ran = elsewhere.ran({
            let mut command = elsewhere.command(&["verify", name]);
            command.env_clear();
            command
        });
        ran.exits(0).says(&["intact", "all anchored", "each follows from the events", "compare it with"]);
        assert!(!elsewhere.kept().join("ledger.sqlite3").exists(), "a home was made for it");
        let proof = elsewhere.json(&["verify", name, "--json"]);
        assert_eq!(proof["holds"], true, "{proof}");
        assert_eq!(proof["proof"]["anchored"], proof["proof"]["events"], "{proof}");
        let key = proof["proof"]["keys"][0].as_str().unwrap();
        elsewhere.run(&["verify", name, "--key", key]).exits(0);
        elsewhere
            .run(&["verify", name, "--key", &"ab".repeat(32)])
            .exits(1)
            .says(&["NOT all of it by the device that was asked for"]);
    }
}

#[test]
fn what_was_altered_is_named() {
    let (_home, html, json) = reported();
    let elsewhere = Home::new();
    for (file, forgeries) in [(&json, OF_JSON), (&html, OF_HTML)] {
        let text = fs::read_to_string(file).unwrap();
        let form = file.extension().unwrap().to_str().unwrap();
        for Forgery { what, change, told } in forgeries {
            let forged = change(&text);
            assert_ne!(forged, text, "{what}: nothing was changed");
            let forged = elsewhere.file(&format!("forged.{form}"), forged);
            let ran = elsewhere.run(&["verify", forged.to_str().unwrap()]);
            assert_eq!(ran.code, Some(1), "{form}, {what}: {ran:?}");
            for word in *told {
                assert!(ran.out.contains(word), "{form}, {what}: {word:?} is not told\n{}", ran.out);
            }
        }
    }
}

/// Files that are no whole report: refused with a reason, never a panic.
#[test]
fn what_is_no_report_is_refused() {
    let (home, html, json) = reported();
    let markdown = home.file("given/report.md", home.run(&["report", "last"]).exits(0).out);
    let whole = fs::read(&json).unwrap();
    let half = home.file("given/half.json", &whole[..whole.len() / 2]);
    let empty = home.file("given/empty.html", "");
    let latin = home.file("given/latin.html", [0xff_u8, 0xfe, b'<']);
    let bare = fs::read_to_string(&html).unwrap();
    let bare = home.file("given/bare.html", bare.split("<script").next().unwrap());
    for (file, says) in [
        (markdown, "Markdown carries no events"),
        (half, "the report is damaged"),
        (empty, "no report of Holdpoint's"),
        (latin, "a report is UTF-8"),
        (bare, "whose events were taken out"),
        (PathBuf::from("nowhere.html"), "cannot be read"),
    ] {
        let ran = home.run(&["verify", file.to_str().unwrap()]);
        assert!(matches!(ran.code, Some(1 | 2)), "{file:?}: {ran:?}");
        assert!(ran.err.contains(says), "{file:?}: {}", ran.err);
    }
}
