//! Known problems of one's own, as data: folders of files with what was seen and what is made of both, and messages
//! with the expressions proposed for them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use holdpoint_known::{
    Draft, Evidence, Example, File, Message, Owner, Place, Shelf, catalogue, claimed, find, json_schema,
    messages, propose, prove, slug,
};
use std::path::{Path, PathBuf};

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Compares with a stored text, or stores it when that is asked for.
fn same(text: &str, path: &Path) {
    #[expect(clippy::disallowed_methods, reason = "a test that writes its expectation when it is asked to")]
    let update = std::env::var_os("UPDATE").is_some();
    if update {
        std::fs::write(path, text).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(text, stored, "{} differs: UPDATE=1 writes it anew", path.display());
}

/// What is made of a case: what could not be used, and what is shown of each thing seen.
fn made_of(case: &Path) -> String {
    let mut files: Vec<(Owner, String, String, String)> = Vec::new();
    for owner in [Owner::Plan, Owner::User] {
        for path in entries(&case.join(owner.word())) {
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let shown = format!("{}/{}", owner.word(), path.file_name().unwrap().to_str().unwrap());
            files.push((owner, shown, stem, std::fs::read_to_string(&path).unwrap()));
        }
    }
    let shelf = Shelf::of(files.iter().map(|(owner, path, id, text)| File { owner: *owner, path, id, text }));
    let mut told = String::new();
    for (path, fault) in shelf.faults() {
        told.push_str(&format!("{path}:{fault}\n"));
    }
    let seen = std::fs::read_to_string(case.join("seen.yaml")).unwrap();
    for example in serde_saphyr::from_str::<Vec<Example>>(&seen).unwrap() {
        let evidence = Evidence::from(&example);
        told.push_str(&format!("\nseen {example:?}\n"));
        for one in shelf.find(&evidence) {
            told.push_str(&format!("  own {} of {}: {}\n", one.own.problem.id, one.own.path, one.line));
        }
        for one in find(&evidence) {
            told.push_str(&format!("  ours {}: {}\n", one.problem.id, one.line));
        }
    }
    told
}

#[test]
fn folders_are_read_and_faults_are_told_with_their_place() {
    let cases = entries(&home().join("own"));
    assert!(cases.len() >= 4, "the cases are there");
    for case in cases {
        same(&made_of(&case), &case.join("expected.txt"));
    }
}

#[test]
fn expressions_are_proposed_for_messages() {
    let path = home().join("proposals/table.txt");
    let mut table = String::new();
    let stored = std::fs::read_to_string(&path).unwrap();
    for line in stored.lines().filter(|line| !line.starts_with("    ")) {
        table.push_str(&format!("{line}\n"));
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let proposed = propose(line);
        table.push_str(&format!("    {}\n", proposed.as_deref().unwrap_or("-")));
        if let Some(regex) = proposed {
            let draft = draft(&regex, line);
            let proof = prove(&draft.id, &draft.yaml().unwrap(), &[]).unwrap();
            assert_eq!(proof.broken, [""; 0], "{line}");
        }
    }
    same(&table, &path);
}

fn draft(regex: &str, text: &str) -> Draft {
    Draft {
        id: "parcels".into(),
        title: "Parcels don't move: \"stuck\"".into(),
        meaning: "Two lines,\nthe second with \t a tab and a \\ backslash.".into(),
        cause: "# no comment: {not} [a] - list".into(),
        repairs: vec!["- one".into(), "  ".into(), "two: 2".into()],
        regex: regex.into(),
        message: Message { place: Place::Log, text: text.into() },
        source: "run 0412, step deploy".into(),
    }
}

#[test]
fn what_is_written_reads_back_as_what_was_meant() {
    let draft = draft("parcel's queue \\S+ \"is\" full", "parcel's queue 4 \"is\" full");
    let file = draft.yaml().unwrap();
    let proof = prove("parcels", &file, &[]).unwrap();
    assert_eq!((proof.recognised, proof.broken.len(), proof.claims.len()), (1, 0, 0), "{file}");
    assert_eq!(proof.problem.title, draft.title);
    assert_eq!(proof.problem.meaning, draft.meaning);
    assert_eq!(proof.problem.cause, draft.cause);
    assert_eq!(proof.problem.repairs, ["- one", "two: 2"]);
    assert_eq!(proof.problem.examples.yes[0][&Place::Log], draft.message.text);
}

#[test]
fn no_secret_is_written() {
    let secret = "hunter2-and-more";
    let mut draft = draft("parcel queue", &format!("parcel queue: DB_PASSWORD={secret}"));
    draft.cause = format!("somebody gave --password {secret}");
    let file = draft.yaml().unwrap();
    assert!(!file.contains(secret), "{file}");
}

#[test]
fn a_draft_that_could_not_be_read_is_not_written() {
    let open = draft("(", "x").yaml().unwrap_err();
    assert_eq!((open.line, open.column), (3, 12), "{open}");
    let ours = Draft { id: catalogue()[0].id.clone(), ..draft("parcel", "parcel") };
    assert!(ours.yaml().unwrap_err().message.contains("knows itself"));
    let untitled = Draft { title: "  ".into(), ..draft("parcel", "parcel") };
    assert!(untitled.yaml().unwrap_err().message.contains("title"));
}

#[test]
fn what_would_explain_anothers_failure_is_named() {
    for problem in catalogue() {
        for example in &problem.examples.yes {
            for (_, text) in Evidence::from(example).lines() {
                let Some(regex) = propose(text) else { continue };
                let claims = claimed(&regex, &[]).unwrap();
                assert!(claims.contains(&problem.id), "`{regex}`, for an example of {}", problem.id);
            }
        }
    }
    assert_eq!(claimed("parcel queue \\S+ is full", &[]), Ok(Vec::new()));
    assert!(claimed("(", &[]).is_err());
}

#[test]
fn the_first_message_is_the_one_that_names_a_cause() {
    let evidence = Evidence::default()
        .with(Place::Other, "the deployment failed")
        .with(Place::StoppedReason, "3 stopped: EssentialContainerExited, exit code 1, 2 s after start")
        .with(Place::Log, "starting\nsorter: FATAL: the belt is cold\nbye");
    let texts: Vec<String> = messages(&evidence).into_iter().map(|message| message.text).collect();
    assert_eq!(texts[0], "sorter: FATAL: the belt is cold");
    assert_eq!(texts.len(), 5, "{texts:?}");
    assert_eq!(messages(&Evidence::default()), []);
}

#[test]
fn titles_give_ids() {
    for (title, id) in [
        ("The parcel queue isn't drained!", "the-parcel-queue-isnt-drained"),
        ("  A/B – C ", "a-b-c"),
        ("传送带", ""),
        (&"long ".repeat(40), "long-long-long-long-long-long-long-long-long-long-long-long"),
    ] {
        assert_eq!(slug(title), id);
    }
}

#[test]
fn the_schema_names_what_the_reader_takes() {
    let schema: serde_json::Value = serde_json::from_str(json_schema()).unwrap();
    let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let whole = "title: T\npriority: 1\nmatch: [{in: [log], regex: r, all: [{in: [log], regex: r}], none: []}]\nhides: []\nmeaning: m\ncause: c\nchecks: []\nrepairs: []\nsource: s\nexamples: {yes: [{log: r}], no: []}\n";
    let written: Vec<String> = {
        let value: std::collections::BTreeMap<String, serde::de::IgnoredAny> =
            serde_saphyr::from_str(whole).unwrap();
        value.into_keys().collect()
    };
    assert!(prove("x", whole, &[]).is_ok());
    let mut keys: Vec<&str> = keys.into_iter().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, written);
    for required in schema["required"].as_array().unwrap() {
        let key = required.as_str().unwrap();
        let without: String = whole
            .lines()
            .filter(|line| !line.starts_with(&format!("{key}:")))
            .map(|line| format!("{line}\n"))
            .collect();
        assert!(prove("x", &without, &[]).is_err(), "`{key}` is required");
    }
}
