//! Who uses whom, on the real graph, and on graphs that break the rule.

use holdpoint_house::{Metadata, foreign_owners, our_arrows, pure_crates, report, root};

#[test]
fn ours_use_ours_as_drawn() {
    let metadata = Metadata::of(&root()).unwrap();
    assert!(metadata.ours().count() > 1, "cargo metadata names no crates of ours");
    let findings = our_arrows(&metadata);
    assert!(findings.is_empty(), "{}", report(&findings));
}

#[test]
fn foreign_crates_have_their_one_owner() {
    let findings = foreign_owners(&Metadata::of(&root()).unwrap());
    assert!(findings.is_empty(), "{}", report(&findings));
}

#[test]
fn pure_crates_reach_no_io() {
    let metadata = Metadata::of(&root()).unwrap();
    assert!(metadata.closure("holdpoint-run").contains("holdpoint-plan"), "the product graph is empty");
    let findings = pure_crates(&metadata);
    assert!(findings.is_empty(), "{}", report(&findings));
}
