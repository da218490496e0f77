//! Private files: written whole or not at all, readable by their owner only.

use crate::VaultError;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Makes a folder that only its owner enters.
pub(crate) fn private_dir(path: &Path) -> Result<(), VaultError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|e| VaultError::io("making the folder", path, e))
}

/// Replaces `path` with `bytes`: a temporary file beside it, synced, renamed, and the folder synced, so that a crash
/// leaves either the old bytes or the new ones.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let temporary = temporary_beside(path)?;
    let done = write_new(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path).map_err(|e| VaultError::io("replacing", path, e)));
    if let Err(error) = done {
        // What failed to be written is of no use to anybody; the first error is the one to report.
        drop(fs::remove_file(&temporary));
        return Err(error);
    }
    sync_folder_of(path)
}

/// Reads `path` whole, or `None` when it is not there. Refuses a file that others may read, and one above `limit`.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(VaultError::io("opening", path, e)),
    };
    refuse_when_shared(path, &file)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| VaultError::io("reading", path, e))?;
    if bytes.len() as u64 > limit {
        return Err(VaultError::corrupt(path, format!("it is longer than {limit} bytes")));
    }
    Ok(Some(bytes))
}

/// Removes `path`; when it is not there, that is as well.
pub(crate) fn remove(path: &Path) -> Result<(), VaultError> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder_of(path),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(VaultError::io("removing", path, e)),
    }
}

/// Removes what writers that were killed left in `folder`: it may hold a key. Only for who keeps writers out.
pub(crate) fn sweep(folder: &Path) -> Result<(), VaultError> {
    let entries = fs::read_dir(folder).map_err(|e| VaultError::io("reading", folder, e))?;
    for entry in entries {
        let path = entry.map_err(|e| VaultError::io("reading", folder, e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') && name.ends_with(".new") {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Opens, making it when needed, the file whose lock keeps writers apart.
pub(crate) fn lock_file(path: &Path) -> Result<File, VaultError> {
    private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(path)
        .map_err(|e| VaultError::io("opening", path, e))
}

/// Random bytes from the system.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), VaultError> {
    getrandom::fill(bytes).map_err(|e| VaultError::NoRandom(e.to_string()))
}

fn temporary_beside(path: &Path) -> Result<PathBuf, VaultError> {
    let mut suffix = [0; 8];
    random(&mut suffix)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{:016x}.new", u64::from_le_bytes(suffix))))
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let fail = |e| VaultError::io("writing", path, e);
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.sync_all().map_err(fail)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

#[cfg(unix)]
fn refuse_when_shared(path: &Path, file: &File) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|e| VaultError::io("reading", path, e))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(VaultError::Denied {
        path: path.to_owned(),
        why: format!("its mode is {:04o}, so others on this machine may read it", mode & 0o7777),
        repair: format!("run `chmod 600 {}` and consider its secrets seen", path.display()),
    })
}

#[cfg(not(unix))]
fn refuse_when_shared(_path: &Path, _file: &File) -> Result<(), VaultError> {
    // The folder is in the user's profile, whose access list already keeps others out.
    Ok(())
}

#[cfg(unix)]
fn sync_folder_of(path: &Path) -> Result<(), VaultError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| VaultError::io("syncing", folder, e))
}

#[cfg(not(unix))]
fn sync_folder_of(_path: &Path) -> Result<(), VaultError> {
    // Windows has no folder sync; a rename there is journalled by the file system.
    Ok(())
}
