//! The files of the repository, without what is built or downloaded.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing that a person wrote.
const SKIPPED: [&str; 9] =
    [".git", "target", "node_modules", "dist", "dist-look", "gen", "__pycache__", ".pytest_cache", ".venv"];

/// A text file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path from the root, with `/`.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

impl SourceFile {
    /// What stands after the last dot of its name.
    pub fn extension(&self) -> &str {
        self.path
            .rsplit('/')
            .next()
            .and_then(|name| name.rsplit_once('.'))
            .map_or("", |(_, extension)| extension)
    }

    /// Written by a program: no rule on form applies.
    pub fn generated(&self) -> bool {
        self.path.contains("/generated/") || self.path.ends_with("-lock.json") || self.path.ends_with(".lock")
    }
}

/// Why the tree could not be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read {path}: {source}; the rules need the whole tree, so make it readable and run again")]
pub struct TreeError {
    path: String,
    source: std::io::Error,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Every text file under `root`, by path. Files that are not UTF-8 (images, damaged test plans) are left out.
pub fn tree(root: &Path) -> Result<Vec<SourceFile>, TreeError> {
    let mut files = Vec::new();
    walk(root, root, &mut files)?;
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) -> Result<(), TreeError> {
    let failed = |source| TreeError { path: folder.display().to_string(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            if !SKIPPED.iter().any(|name| entry.file_name() == *name) {
                walk(root, &path, files)?;
            }
        } else if kind.is_file() {
            let Ok(bytes) = fs::read(&path) else { continue }; // removed by a parallel test between listing and reading
            let (Ok(text), Ok(from_root)) = (String::from_utf8(bytes), path.strip_prefix(root)) else {
                continue;
            };
            let parts: Vec<_> =
                from_root.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            files.push(SourceFile { path: parts.join("/"), text });
        }
    }
    Ok(())
}
