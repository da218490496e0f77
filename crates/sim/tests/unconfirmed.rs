//! What no source of AWS states is said so in the code, and listed for users: the two do not part.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::path::Path;

const MARK: &str = "to be confirmed";

#[test]
fn the_list_of_what_is_to_be_confirmed_is_whole() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut marked = BTreeSet::new();
    gather(&source, &source, &mut marked);
    assert!(marked.len() > 5, "nothing is marked, so nothing is looked for: {marked:?}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulator.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("## To be confirmed").unwrap();
    let listed: BTreeSet<String> = section
        .lines()
        .filter_map(|row| Some(row.strip_prefix("| `")?.split_once('`')?.0.to_owned()))
        .collect();
    assert_eq!(listed, marked, "docs/simulator.md, To be confirmed: left is the page, right is the code");
}

/// Files below a folder that have the mark, with their paths from its root.
fn gather(root: &Path, folder: &Path, marked: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            gather(root, &path, marked);
        } else if std::fs::read_to_string(&path).unwrap().contains(MARK) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            marked.insert(name.replace('\\', "/"));
        }
    }
}
