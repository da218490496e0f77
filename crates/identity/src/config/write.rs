//! A file replaced whole or not at all: written beside it, synced, renamed. Its mode, its owner and a symbolic link
//! that leads to it stay.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file that a path leads to, which need not be there yet.
pub(super) fn target_of(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_owned();
    // As many links as Linux follows.
    for _ in 0..40 {
        match fs::symlink_metadata(&at) {
            Ok(about) if about.is_symlink() => {
                let to = fs::read_link(&at)?;
                at = at.parent().map_or_else(|| to.clone(), |folder| folder.join(&to));
            }
            Ok(_) => return Ok(at),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(at),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("its symbolic links go round in a circle"))
}

/// A file's bytes; `None` when it is not there.
pub(super) fn bytes_of(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces the file, or makes it for the user alone.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    make_folder(folder)?;
    let mut file = tempfile::Builder::new().prefix(".holdpoint-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Ok(about) = fs::metadata(path) {
        keep_owner(file.as_file(), &about)?;
        file.as_file().set_permissions(about.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder);
    Ok(())
}

/// Makes a folder that only the user may enter, when it is not there.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// With `sudo` the file would become root's, and its user could not read it any more.
#[cfg(unix)]
fn keep_owner(file: &File, about: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (about.uid(), about.gid()) {
        std::os::unix::fs::fchown(file, Some(about.uid()), Some(about.gid()))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// The rename itself reaches the disk. Some file systems cannot sync a folder; the file is whole in any case.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
