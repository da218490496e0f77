//! The folder of tokens that is shared with the AWS CLI and the SDKs, `~/.aws/sso/cache`.
//!
//! None of its writers takes a lock, and those before botocore 1.40 and the Rust SDK truncate in place: a reader meets
//! empty and torn files and reads again. What is written here is written beside and renamed, so that it is never torn.

use super::document::Document;
use super::error::Trouble;
use crate::Env;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file that is being written is whole again soon: it is read this often, with this pause.
const READS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(15);
/// A longer file holds no token.
const LONGEST: u64 = 1 << 20;

/// What stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found<T> {
    /// No file.
    Nothing,
    /// The thing.
    One(T),
    /// A file that is none, however often it is read.
    Torn { path: PathBuf, why: String },
}

/// `~/.aws/sso/cache`, which no variable moves.
pub(crate) fn folder(env: &Env) -> Option<PathBuf> {
    Some(env.home()?.join(".aws").join("sso").join("cache"))
}

pub(crate) fn file_of(folder: &Path, key: &str) -> PathBuf {
    folder.join(format!("{key}.json"))
}

/// The token in a file.
pub(crate) fn read(path: &Path) -> Result<Found<Document>, Trouble> {
    read_as(path, Document::read)
}

/// What `parse` makes of a file, read again while it is torn.
pub(crate) fn read_as<T>(
    path: &Path,
    parse: impl Fn(&[u8]) -> Result<T, String>,
) -> Result<Found<T>, Trouble> {
    let mut torn = String::new();
    for round in 0..READS {
        if round > 0 {
            std::thread::sleep(PAUSE);
        }
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) if bytes.len() as u64 > LONGEST => {
                torn = format!("it is longer than {LONGEST} bytes");
            }
            Ok(_) => match parse(&bytes) {
                Ok(found) => return Ok(Found::One(found)),
                Err(why) => torn = why,
            },
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) if error.kind() == ErrorKind::IsADirectory => {
                return Ok(Found::Torn { path: path.to_owned(), why: "it is a folder".to_owned() });
            }
            Err(error) => return Err(Trouble::io(path, "read", &error)),
        }
    }
    Ok(Found::Torn { path: path.to_owned(), why: torn })
}

/// Replaces a file as a whole, readable by its owner alone. On return it is on disk; on an error the old one stands.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_private(folder)?;
    let fail = |error: std::io::Error| Trouble::io(path, "written", &error);
    // The name does not end in `.json`: the CLI's `logout` looks into every file, and none of it is a token yet.
    let mut beside =
        tempfile::Builder::new().prefix(".holdpoint-").suffix(".new").tempfile_in(folder).map_err(fail)?;
    beside.write_all(bytes).map_err(fail)?;
    beside.as_file().sync_all().map_err(fail)?;
    beside.persist(path).map_err(|failed| fail(failed.error))?;
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)?;
    Ok(())
}

/// Whether a file as long as a token can be written there, found out before a person is sent to sign in.
pub(crate) fn probe(folder: &Path) -> Result<(), Trouble> {
    make_private(folder)?;
    let fail = |error: std::io::Error| Trouble::io(folder, "written", &error);
    let mut beside =
        tempfile::Builder::new().prefix(".holdpoint-").suffix(".new").tempfile_in(folder).map_err(fail)?;
    beside.write_all(&[b' '; 8192]).map_err(fail)?;
    beside.as_file().sync_all().map_err(fail)
}

/// Removes a file; one that is not there is removed.
pub(crate) fn remove(path: &Path) -> Result<(), Trouble> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Trouble::io(path, "removed", &error)),
    }
}

/// Makes a folder that only its owner enters; one that is there is left as it is.
pub(crate) fn make_private(folder: &Path) -> Result<(), Trouble> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Trouble::io(folder, "written", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = r#"{"accessToken":"a","expiresAt":"2026-11-21T00:00:00Z"}"#;

    #[test]
    fn a_file_is_replaced_whole_and_private() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".aws/sso/cache");
        let path = file_of(&folder, "k");
        assert_eq!(read(&path).unwrap(), Found::Nothing);
        write(&path, b"{\"accessToken\":\"a much longer one\",\"expiresAt\":\"2026-11-21T00:00:00Z\"}")
            .unwrap();
        write(&path, TOKEN.as_bytes()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), TOKEN);
        assert!(matches!(read(&path).unwrap(), Found::One(_)));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn a_torn_file_is_named_and_left() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("t.json");
        for torn in ["", "{\"accessToken\":\"a\"", "\u{0}\u{0}"] {
            std::fs::write(&path, torn).unwrap();
            assert!(matches!(read(&path).unwrap(), Found::Torn { path: at, .. } if at == path), "{torn:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), torn);
        }
        assert!(matches!(read(home.path()).unwrap(), Found::Torn { why, .. } if why.contains("folder")));
    }

    #[test]
    fn a_file_that_is_torn_while_it_is_written_is_read_again() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("t.json");
        std::fs::write(&path, "{").unwrap();
        // The writer ends between two reads: it is told of the first one by the parser.
        let reads = std::cell::Cell::new(0);
        let found = read_as(&path, |bytes| {
            reads.set(reads.get() + 1);
            if reads.get() == 2 {
                std::fs::write(&path, TOKEN).unwrap();
            }
            Document::read(bytes)
        });
        assert!(matches!(found.unwrap(), Found::One(_)));
        assert_eq!(reads.get(), 3);
    }
}
