//! What files may look like, on the whole tree.

use holdpoint_house::{RULES, documents, manifests, report, root, rules_found, shell_size, tree};

#[test]
fn every_file_keeps_the_rules() {
    let files = tree(&root()).unwrap();
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "the tree was not read");
    let findings = rules_found(&files);
    assert!(findings.is_empty(), "{} findings\n{}", findings.len(), report(&findings));
}

#[test]
fn documents_point_to_what_exists() {
    let root = root();
    let findings = documents(&tree(&root).unwrap(), |path| root.join(path).exists());
    assert!(findings.is_empty(), "{}", report(&findings));
}

#[test]
fn every_manifest_inherits() {
    let findings = manifests(&tree(&root()).unwrap());
    assert!(findings.is_empty(), "{}", report(&findings));
}

#[test]
fn the_shell_stays_small() {
    let findings = shell_size(&tree(&root()).unwrap());
    assert!(findings.is_empty(), "{}", report(&findings));
}

#[test]
fn rules_have_a_name_and_a_reason_each() {
    for (index, rule) in RULES.iter().enumerate() {
        assert!(!rule.why.is_empty(), "{} does not say why", rule.name);
        assert!(RULES[..index].iter().all(|other| other.name != rule.name), "{} stands twice", rule.name);
    }
}
