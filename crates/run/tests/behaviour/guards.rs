//! Every guard of `decide` and whole walks of `next`, each a script in `guards/`.

use std::path::Path;

#[test]
fn every_script_goes_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour/guards");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 20, "the scripts are found");
    let mut failed = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        // Each script says by itself why it fails; all of them are to be heard.
        if std::panic::catch_unwind(|| crate::script::check(&name, &text)).is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "these scripts fail: {}", failed.join(", "));
}
