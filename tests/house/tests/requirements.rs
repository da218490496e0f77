//! The page of requirements is complete, and what it calls met names tests that exist.

use holdpoint_house::{EXPECTED, SourceFile, report, requirements, root, tree};

#[test]
fn the_page_is_complete_and_its_tests_exist() {
    let root = root();
    let files = tree(&root).unwrap();
    let page =
        files.iter().find(|file| file.path == "docs/requirements.md").expect("docs/requirements.md exists");
    let findings = requirements(page, |path| root.join(path).exists());
    assert!(findings.is_empty(), "{}", report(&findings));
}

#[test]
fn a_page_that_claims_too_much_is_caught() {
    check(
        "| A1 | pin | plan | `tests/none.rs` | met |",
        "A1 is shown by `tests/none.rs`, which does not exist",
    );
    check("| A1 | pin | plan | – | met |", "A1 is met, but no test file is named");
    check("| A1 | pin | – | – | part |", "A1 is part by nothing");
    check("| A1 | pin | plan | – | done |", "A1 has the state `done`");
    check("| A1 |  | – | – | open |", "A1 does not say what is needed");
    check("| A1 | pin | – | – | open |\n| A1 | pin | – | – | open |", "A1 stands in line 1 already");
    check("| A99 | pin | – | – | open |", "A99 is no need that anybody wrote down");
    check(
        "1 met, 0 in part, 0 open.",
        "it says `1 met, 0 in part, 0 open.`, and its rows are 0 met, 0 in part, 0 open.",
    );
    check("", "E19 is missing");
}

#[test]
fn a_complete_page_is_accepted() {
    let rows = EXPECTED.iter().flat_map(|(letter, count)| {
        (1..=*count).map(move |n| format!("| {letter}{n} | need | – | – | open |"))
    });
    let page = page(&rows.collect::<Vec<_>>().join("\n"));
    assert_eq!(requirements(&page, |_| false), Vec::new());
}

fn check(text: &str, expected: &str) {
    let findings = requirements(&page(text), |_| false);
    assert!(
        findings.iter().any(|finding| finding.found == expected),
        "no “{expected}” in\n{}",
        report(&findings)
    );
}

fn page(text: &str) -> SourceFile {
    SourceFile { path: "docs/requirements.md".to_owned(), text: text.to_owned() }
}
