//! The page's types are those of the core.

#![expect(clippy::disallowed_methods, reason = "UPDATE=1 tells it to write")]

use std::path::Path;

#[test]
fn types_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/host/generated");
    for (name, content) in holdpoint_api::typescript() {
        let path = folder.join(name);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &content).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == content, "{name} is out of date: run `cargo xtask types`");
    }
}
