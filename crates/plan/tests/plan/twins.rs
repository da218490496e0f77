//! What the checks still find in the imported twin of each plan that we ship: what its author left out or did wrong, and
//! nothing else. Each finding that is left stands in `tests/twins/findings.txt` with the reason why it should be.

use crate::common::{entries, home};
use crate::notes::line_before;
use holdpoint_plan::import::{ImportOptions, import};
use std::collections::BTreeSet;

/// `twin | code | line of the twin | why it should be left`.
#[test]
fn what_is_left_to_find_in_a_twin_is_what_should_be() {
    let folder = home().join("tests/twins");
    let text =
        std::fs::read_to_string(folder.join("findings.txt")).expect("the findings that should be left");
    let mut wanted = BTreeSet::new();
    for row in text.lines().filter(|row| !row.starts_with('#') && !row.is_empty()) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [twin, code, line, why] = cells.as_slice() else { panic!("{row}: a row has four cells") };
        assert!(why.len() > 20, "{row}: why should it be left?");
        let line: usize = line.parse().expect("a line");
        assert!(wanted.insert(((*twin).to_owned(), (*code).to_owned(), line)), "{row}: twice");
    }
    let mut found = BTreeSet::new();
    let mut twins = 0;
    for file in entries(&folder) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(name) = name.strip_suffix(".md").filter(|name| !name.contains(".checked")) else { continue };
        twins += 1;
        let options = ImportOptions { repair: true, ..ImportOptions::default() };
        let done = import(&std::fs::read(&file).expect("a twin"), &options);
        for finding in &done.reading.diagnostics {
            found.insert((name.to_owned(), finding.code.clone(), line_before(&done, finding.span.start)));
        }
    }
    assert_eq!(twins, 5);
    assert_eq!(found, wanted);
}
