//! Each rule catches what it is for, and lets pass what it is not for.

use holdpoint_house::{
    Finding, Metadata, SourceFile, documents, foreign_owners, manifests, our_arrows, pure_crates,
    rules_found, shell_size,
};
use serde_json::{Value, json};

/// Rule names found in a file of this path and text, each once, in the rules' order.
fn check(path: &str, text: &str, expected: &[&str]) {
    let file = SourceFile { path: path.to_owned(), text: text.to_owned() };
    let mut found: Vec<&str> = rules_found(&[file]).iter().map(|finding| finding.rule).collect();
    found.dedup();
    assert_eq!(found, expected, "{path}:\n{text}");
}

#[test]
fn length_counts_written_files_only() {
    let long = "a\n".repeat(601);
    check("ui/src/kit/x.ts", &long, &["length"]);
    check("ui/src/host/generated/types.ts", &long, &[]);
    check("ui/src/kit/x.ts", &"a\n".repeat(600), &[]);
    check("docs/x.md", &long, &[]);
}

#[test]
fn purpose_stands_first_in_sources() {
    check("crates/a/src/b.rs", "use std::fmt;\n", &["purpose"]);
    check("crates/a/src/b.rs", "", &["purpose"]);
    check("crates/a/src/b.rs", "\n//! Adds.\n", &[]);
}

#[test]
fn allow_is_not_allowed() {
    let allow = concat!("#[al", "low(dead_code)]");
    check("crates/a/src/b.rs", &format!("//! B.\n{allow}\nfn a() {{}}\n"), &["no_allow"]);
    check("crates/a/src/b.rs", &format!("//! B.\n#![al{}", "low(dead_code)]\n"), &["no_allow"]);
    check("crates/a/src/b.rs", "//! B.\n#[expect(dead_code, reason = \"…\")]\n", &[]);
}

#[test]
fn unfinished_work_is_no_comment() {
    let later = concat!("TO", "DO");
    check("crates/a/src/b.rs", &format!("//! B.\n// {later}: more\n"), &["unfinished"]);
    check("crates/a/src/b.rs", &format!("//! B.\nconst PLACEHOLDER: &str = \"{later}\";\n"), &[]);
    check("crates/a/src/b.rs", concat!("//! B.\nfn a() { to", "do!() }\n"), &["unfinished"]);
    check("ui/src/kit/x.ts", &format!("/* {later} */"), &["unfinished"]);
}

#[test]
fn mod_rs_is_a_list() {
    check("crates/a/src/b/mod.rs", "//! B.\nmod c;\npub use c::{\n    D,\n    E,\n};\n", &[]);
    check("crates/a/src/b/mod.rs", "//! B.\npub fn c() {}\n", &["mod_rs"]);
}

#[test]
fn names_say_something() {
    check(concat!("crates/a/src/ut", "ils.rs"), "//! B.\n", &["names"]);
    check(concat!("ui/src/hel", "pers/x.ts"), "", &["names"]);
    check("crates/a/src/simple.rs", "//! B.\n", &[]);
}

#[test]
fn machines_and_registries_stay_outside() {
    check("docs/x.md", concat!("run /wo", "rk/main/x"), &["machine"]);
    check("docs/x.md", concat!("see /Us", "ers/ann/x"), &["machine"]);
    check("docs/x.md", "the /homework/main/ page", &[]);
    check("ui/package-lock.json", concat!(r#""resolved": "ht"#, r#"tp://localhost/x.tgz""#), &["registries"]);
    check("README.md", concat!("pip install -i https://py", "pi.org/simple"), &["registries"]);
}

#[test]
fn accounts_are_examples() {
    check("plans/a.md", "account: \"123456789012\"", &[]);
    check("plans/a.md", concat!("account: \"3141", "59265358\""), &["accounts"]);
    check("plans/a.md", "id 00000000-0000-4000-8000-314159265358", &[]);
    check("plans/a.md", "1231231231234", &[]);
}

#[test]
fn one_file_knows_tauri() {
    check("ui/src/kit/x.ts", "import { invoke } from \"@tauri-apps/api/core\";", &["tauri_seam"]);
    check("ui/src/host/tauri.ts", "import { invoke } from \"@tauri-apps/api/core\";", &[]);
}

#[test]
fn the_machine_has_owners() {
    let escape = "//! B.\n#[expect(clippy::disallowed_methods, reason = \"…\")]\n";
    check("crates/ledger/src/b.rs", escape, &["escapes"]);
    check("crates/engine/src/clock.rs", escape, &[]);
    check("crates/ledger/tests/b.rs", escape, &[]);
    check("crates/run/src/b.rs", "//! B.\nuse std::fs;\n", &["pure"]);
    check(
        "crates/run/src/b.rs",
        "//! No `std::fs` here.\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
        &[],
    );
    check("crates/vault/src/b.rs", "//! B.\nuse std::fs;\n", &[]);
}

#[test]
fn documents_that_point_nowhere_are_caught() {
    let text = "[a](../x.md) [b](https://example.com/y) `crates/none/src` `cargo test` [c](z.md#part)";
    let page = SourceFile { path: "docs/a.md".to_owned(), text: text.to_owned() };
    let found: Vec<String> = documents(&[page], |path| path == "x.md").into_iter().map(|f| f.found).collect();
    assert_eq!(found, ["`docs/z.md` does not exist", "`crates/none/src` does not exist"]);
}

#[test]
fn manifests_and_shell_are_caught() {
    let bare =
        SourceFile { path: "crates/a/Cargo.toml".to_owned(), text: "[package]\nname = \"a\"\n".to_owned() };
    assert_eq!(manifests(&[bare]).len(), 6);
    let shell = SourceFile { path: "src-tauri/src/main.rs".to_owned(), text: "x\n".repeat(1000) };
    assert_eq!(shell_size(&[shell]).len(), 1);
}

#[test]
fn arrows_that_are_not_drawn_are_caught() {
    let metadata = Metadata::read(&json!({
        "workspace_root": "/r",
        "workspace_members": ["run", "cloud", "new"],
        "packages": [
            package("run", "holdpoint-run", &[("holdpoint-cloud", None), ("aws-sdk-ecs", Some("dev"))]),
            package("cloud", "holdpoint-cloud", &[("holdpoint-redact", None), ("aws-sdk-ecs", None)]),
            package("new", "holdpoint-new", &[]),
            package("tokio", "tokio", &[]),
        ],
        "resolve": {"nodes": [
            {"id": "run", "deps": [{"pkg": "cloud", "dep_kinds": [{"kind": null}]}]},
            {"id": "cloud", "deps": [{"pkg": "tokio", "dep_kinds": [{"kind": null}]}]},
        ]},
    }));
    let found =
        |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.found).collect::<Vec<_>>();
    assert_eq!(
        found(our_arrows(&metadata)),
        ["the crate holdpoint-new is not in the drawing", "run uses cloud"]
    );
    assert_eq!(
        found(foreign_owners(&metadata)),
        ["run uses aws-sdk-ecs, which belongs to identity and cloud"]
    );
    assert_eq!(found(pure_crates(&metadata)), ["run links tokio"]);
}

fn package(id: &str, name: &str, uses: &[(&str, Option<&str>)]) -> Value {
    let uses: Vec<Value> = uses.iter().map(|(name, kind)| json!({"name": name, "kind": kind})).collect();
    json!({"id": id, "name": name, "manifest_path": format!("/r/crates/{id}/Cargo.toml"), "dependencies": uses})
}
