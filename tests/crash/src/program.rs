//! The program under test: the one that lies where cargo has just built these tests, and no older one.
//!
//! Cargo names a package's program to that package's own tests alone, and writes beside each program the files that it was
//! made from. A program that is older than one of them is refused: a sweep of it would say nothing about this tree.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

/// Where `holdpoint` is.
///
/// # Panics
/// When it was not built, or something that it is made from was changed since; the message says what to type.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        // `<target>/<profile>/deps/<test>`.
        let folder = test.ancestors().nth(2).unwrap();
        let program = folder.join(format!("holdpoint{}", std::env::consts::EXE_SUFFIX));
        if let Some(why) = stale(&program, &folder.join("holdpoint.d")) {
            panic!("{why}: `cargo build -p holdpoint-cli` first (`cargo xtask crash` does)");
        }
        program
    })
}

/// Why a program is not that of this tree, by cargo's list of what it was made from.
fn stale(program: &Path, list: &Path) -> Option<String> {
    let Some(built) = changed(program) else { return Some(format!("{} is not there", program.display())) };
    let Ok(text) = std::fs::read_to_string(list) else {
        return Some(format!("{} is not there", list.display()));
    };
    let newer = sources(&text).into_iter().find(|source| match changed(source) {
        Some(changed) => changed > built,
        // A file that is gone was a part of it.
        None => true,
    });
    newer.map(|source| format!("{} is older than {}", program.display(), source.display()))
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// The files of a rule `program: file file`, in which a space inside of a name stands after a backslash.
fn sources(rule: &str) -> Vec<PathBuf> {
    let line = rule.lines().next().unwrap_or_default();
    let files = line.split_once(": ").map(|(_, files)| files).unwrap_or_default();
    let parted = files.replace("\\ ", "\0");
    parted
        .split(' ')
        .filter(|name| !name.is_empty())
        .map(|name| PathBuf::from(name.replace('\0', " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{sources, stale};
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_rule_is_read_with_spaces_in_names() {
        let files = sources("/t/debug/holdpoint: /a/b.rs /my\\ own/c.rs\n");
        assert_eq!(files, ["/a/b.rs", "/my own/c.rs"].map(PathBuf::from));
        assert!(sources("").is_empty());
    }

    #[test]
    fn a_program_older_than_what_it_is_made_from_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (program, list, source) = (at("holdpoint"), at("holdpoint.d"), at("main.rs"));
        assert!(stale(&program, &list).unwrap().contains("is not there"));
        std::fs::write(&source, "").unwrap();
        std::fs::write(&program, "").unwrap();
        assert!(stale(&program, &list).unwrap().contains("holdpoint.d is not there"));
        std::fs::write(&list, format!("{}: {}\n", program.display(), source.display())).unwrap();
        let built = std::fs::metadata(&source).unwrap().modified().unwrap();
        let set =
            |to: SystemTime| std::fs::File::options().write(true).open(&program).unwrap().set_modified(to);
        set(built).unwrap();
        assert_eq!(stale(&program, &list), None);
        set(built - Duration::from_secs(1)).unwrap();
        assert!(stale(&program, &list).unwrap().contains("is older than"));
        std::fs::remove_file(&source).unwrap();
        assert!(stale(&program, &list).is_some());
    }
}
