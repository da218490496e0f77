//! The folder of a run: its lock, its plan, its evidence, its sealed originals.

use holdpoint_run::chain::hex;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file of a run's folder could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} could not be {did}: {why}")]
pub struct FolderError {
    /// The file.
    pub path: String,
    /// Read, written, made.
    pub did: &'static str,
    /// What the system says.
    pub why: String,
}

/// Who drives, held as long as this lives. The system lets go of it when the process dies, however it dies.
#[derive(Debug)]
pub struct DriverLock {
    _file: File,
}

/// A run's folder.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// The folder at `path`; made, with mode 0700, when it is not there.
    pub fn make(path: impl Into<PathBuf>) -> Result<Self, FolderError> {
        let path = path.into();
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|error| failed(&path, "made", &error))?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Becomes the driver, or learns who is: "pid N on HOST since …".
    pub fn lock(&self, driver: &str) -> Result<Result<DriverLock, String>, FolderError> {
        let path = self.path.join("driver.lock");
        let open = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path);
        let mut file = open.map_err(|error| failed(&path, "made", &error))?;
        match patiently(&file) {
            Ok(()) => {
                let write = file
                    .set_len(0)
                    .and_then(|()| file.write_all(driver.as_bytes()))
                    .and_then(|()| file.flush());
                write.map_err(|error| failed(&path, "written", &error))?;
                Ok(Ok(DriverLock { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                Ok(Err(std::fs::read_to_string(&path).map_err(|error| failed(&path, "read", &error))?))
            }
            Err(TryLockError::Error(error)) => Err(failed(&path, "locked", &error)),
        }
    }

    /// Who drives now, without becoming the driver; `None` when nobody does.
    pub fn driver(&self) -> Result<Option<String>, FolderError> {
        let path = self.path.join("driver.lock");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, "read", &error)),
        };
        // A shared lock is free exactly when no driver holds the exclusive one.
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                std::fs::read_to_string(&path).map(Some).map_err(|error| failed(&path, "read", &error))
            }
            Err(TryLockError::Error(error)) => Err(failed(&path, "locked", &error)),
        }
    }

    /// Keeps the plan as it was when the run began.
    pub fn keep_plan(&self, bytes: &[u8]) -> Result<(), FolderError> {
        write_durably(&self.path.join("plan.md"), bytes)
    }

    /// The plan as it was.
    pub fn plan(&self) -> Result<Vec<u8>, FolderError> {
        let path = self.path.join("plan.md");
        std::fs::read(&path).map_err(|error| failed(&path, "read", &error))
    }

    /// Keeps a revision of the plan that an open run goes on with.
    pub fn keep_revision(&self, digest: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let folder = self.path.join("revisions");
        std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, "made", &error))?;
        write_durably(&folder.join(format!("{digest}.md")), bytes)
    }

    /// Every revision that was kept, adopted or not.
    pub fn revisions(&self) -> Result<Vec<Vec<u8>>, FolderError> {
        let folder = self.path.join("revisions");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&folder, "read", &error)),
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| failed(&folder, "read", &error))?.path();
            // What a crash left half written has another ending.
            if path.extension().is_some_and(|ending| ending == "md") {
                all.push(std::fs::read(&path).map_err(|error| failed(&path, "read", &error))?);
            }
        }
        Ok(all)
    }

    /// Keeps bytes under their digest, durably; returns the digest.
    pub fn keep(&self, bytes: &[u8]) -> Result<String, FolderError> {
        let digest = hex(&Sha256::digest(bytes));
        let folder = self.path.join("evidence");
        std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, "made", &error))?;
        let path = folder.join(&digest);
        if !path.exists() {
            write_durably(&path, bytes)?;
        }
        Ok(digest)
    }

    /// Bytes kept under a digest, checked against it.
    pub fn kept(&self, digest: &str) -> Result<Vec<u8>, FolderError> {
        let path = self.path.join("evidence").join(digest);
        let plain = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes = match plain {
            true => std::fs::read(&path).map_err(|error| failed(&path, "read", &error))?,
            false => {
                return Err(FolderError { path: digest.to_owned(), did: "read", why: "not a digest".into() });
            }
        };
        match hex(&Sha256::digest(&bytes)) == digest {
            true => Ok(bytes),
            false => Err(FolderError {
                path: path.display().to_string(),
                did: "read",
                why: "its content is not what its name says: it was altered".into(),
            }),
        }
    }

    /// The log of a work in progress, to write on at its end.
    pub(crate) fn open_log(&self, name: &str) -> Result<File, FolderError> {
        let folder = self.path.join("logs");
        std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, "made", &error))?;
        let path = folder.join(name);
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(|error| failed(&path, "made", &error))
    }

    /// Writes on a log.
    pub(crate) fn write_log(&self, file: &mut File, name: &str, line: &[u8]) -> Result<(), FolderError> {
        file.write_all(line).map_err(|error| failed(&self.path.join("logs").join(name), "written", &error))
    }

    /// A log as far as it is written; `None` when there is none.
    pub(crate) fn log(&self, name: &str) -> Result<Option<Vec<u8>>, FolderError> {
        let path = self.path.join("logs").join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, "read", &error)),
        }
    }

    /// Deletes a log that is kept under its digest.
    pub(crate) fn forget_log(&self, name: &str) -> Result<(), FolderError> {
        let path = self.path.join("logs").join(name);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(&path, "deleted", &error)),
        }
    }

    /// The working folder of a step, for nobody else's eyes; made when it is not there.
    pub fn scratch(&self, name: &str) -> Result<PathBuf, FolderError> {
        let path = self.path.join("scratch").join(name);
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|error| failed(&path, "made", &error))?;
        Ok(path)
    }

    /// Deletes what was sealed, and the working folders of steps, when the run is over.
    pub fn forget_sealed(&self) -> Result<(), FolderError> {
        for name in ["sealed", "scratch"] {
            let path = self.path.join(name);
            match std::fs::remove_dir_all(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&path, "deleted", &error)),
            }
        }
        Ok(())
    }
}

/// Takes the lock, looking again for a moment: who only asks who drives holds it for microseconds.
pub(crate) fn patiently(file: &File) -> Result<(), TryLockError> {
    for _ in 0..5 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(10)),
            taken => return taken,
        }
    }
    file.try_lock()
}

/// Writes beside, syncs, renames, syncs the folder: the file is whole or not there.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let beside = path.with_extension("new");
    let write = || {
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        match path.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(|error: std::io::Error| failed(path, "written", &error))
}

pub(crate) fn failed(path: &Path, did: &'static str, error: &std::io::Error) -> FolderError {
    FolderError { path: path.display().to_string(), did, why: error.to_string() }
}
