//! Blobs and uploads on disk, beside the journal. Nothing is held in memory whole; a blob is synced before anybody is told of it.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::registry::manifest::is_digest;
use crate::seeded::{digest, hex};

/// Why the disk did not do it.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path}: {source}; check that the state folder is writable and has space")]
pub(crate) struct StoreError {
    path: PathBuf,
    source: io::Error,
}

/// The folder of blobs.
#[derive(Debug)]
pub(crate) struct Store {
    root: PathBuf,
    uploads: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Upload>>>>,
    /// Keeps the names of drafts apart.
    drafts: AtomicU64,
}

/// A blob on its way in.
#[derive(Debug)]
pub(crate) struct Upload {
    path: PathBuf,
    size: u64,
    hash: Sha256,
    /// The sizes of the parts of an upload by ECR's API; lost with the process, as they matter only for a refusal.
    pub(crate) parts: Vec<u64>,
}

impl Store {
    pub(crate) fn new(state: &Path) -> Self {
        Self { root: state.join("registry"), uploads: Mutex::default(), drafts: AtomicU64::new(0) }
    }

    /// Where a blob is, or would be; `None` when it is no digest.
    pub(crate) fn blob(&self, digest: &str) -> Option<PathBuf> {
        let hex = digest.strip_prefix("sha256:").filter(|_| is_digest(digest))?;
        Some(self.root.join("blobs").join(&hex[..2]).join(hex))
    }

    /// A small blob's bytes; `None` when it is not there or larger than `limit`.
    pub(crate) async fn small(&self, digest: &str, limit: u64) -> Option<Vec<u8>> {
        let path = self.blob(digest)?;
        if tokio::fs::metadata(&path).await.ok()?.len() > limit {
            return None;
        }
        tokio::fs::read(&path).await.ok()
    }

    /// Begins an upload into a repository.
    pub(crate) async fn begin(&self, repository: &str, id: &str) -> Result<(), StoreError> {
        let path = self.upload_path(repository, id);
        let folder = path.parent().unwrap_or(&self.root);
        tokio::fs::create_dir_all(folder).await.map_err(at(folder))?;
        File::create(&path).await.map_err(at(&path))?;
        let upload = Upload { path, size: 0, hash: Sha256::new(), parts: Vec::new() };
        self.uploads().insert(id.to_owned(), Arc::new(tokio::sync::Mutex::new(upload)));
        Ok(())
    }

    /// An upload that was begun, by this process or one before.
    pub(crate) async fn upload(
        &self,
        repository: &str,
        id: &str,
    ) -> Result<Option<Arc<tokio::sync::Mutex<Upload>>>, StoreError> {
        let is_id = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        let path = self.upload_path(repository, id);
        if !is_id || !tokio::fs::try_exists(&path).await.map_err(at(&path))? {
            return Ok(None);
        }
        if let Some(upload) = self.uploads().get(id) {
            return Ok(Some(Arc::clone(upload)));
        }
        let (size, hash) = hashed(&path).await.map_err(at(&path))?;
        let upload = Arc::new(tokio::sync::Mutex::new(Upload { path, size, hash, parts: Vec::new() }));
        // Two that come at once get the same one.
        Ok(Some(Arc::clone(self.uploads().entry(id.to_owned()).or_insert(upload))))
    }

    /// Makes an upload the blob of that digest, on disk for good.
    pub(crate) async fn keep(&self, id: &str, upload: &Upload, digest: &str) -> Result<(), StoreError> {
        let Some(path) = self.blob(digest) else { return Ok(()) };
        let file = OpenOptions::new().write(true).open(&upload.path).await.map_err(at(&upload.path))?;
        file.sync_all().await.map_err(at(&upload.path))?;
        let folder = path.parent().unwrap_or(&self.root).to_owned();
        tokio::fs::create_dir_all(&folder).await.map_err(at(&folder))?;
        tokio::fs::rename(&upload.path, &path).await.map_err(at(&path))?;
        if cfg!(unix) {
            let opened = File::open(&folder).await.map_err(at(&folder))?;
            opened.sync_all().await.map_err(at(&folder))?;
        }
        self.uploads().remove(id);
        Ok(())
    }

    /// Forgets an upload and what came of it.
    pub(crate) async fn cancel(&self, id: &str, upload: &Upload) -> Result<(), StoreError> {
        self.uploads().remove(id);
        match tokio::fs::remove_file(&upload.path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&upload.path)(error)),
            _ => Ok(()),
        }
    }

    /// Keeps what `write` writes as a blob; answers its digest and size. Blocking.
    pub(crate) fn make(
        &self,
        write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> Result<(String, u64), StoreError> {
        let drafts = self.root.join("drafts");
        std::fs::create_dir_all(&drafts).map_err(at(&drafts))?;
        let count = self.drafts.fetch_add(1, Ordering::Relaxed);
        let draft = drafts.join(format!("{}-{count}", std::process::id()));
        let made = (|| {
            let file = std::fs::File::create(&draft)?;
            let mut hashing = Hashing { to: io::BufWriter::new(file), hash: Sha256::new(), size: 0 };
            write(&mut hashing)?;
            io::Write::flush(&mut hashing)?;
            hashing.to.get_ref().sync_all()?;
            Ok((format!("sha256:{}", hex(&hashing.hash.finalize())), hashing.size))
        })();
        let (digest, size) = made.map_err(at(&draft))?;
        let path = self.blob(&digest).unwrap_or_else(|| draft.clone());
        let folder = path.parent().unwrap_or(&self.root).to_owned();
        std::fs::create_dir_all(&folder).map_err(at(&folder))?;
        std::fs::rename(&draft, &path).map_err(at(&path))?;
        if cfg!(unix) {
            std::fs::File::open(&folder).and_then(|folder| folder.sync_all()).map_err(at(&folder))?;
        }
        Ok((digest, size))
    }

    fn uploads(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<Upload>>>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An upload belongs to its repository: by another one's name it is not found.
    fn upload_path(&self, repository: &str, id: &str) -> PathBuf {
        let folder = hex(&digest(&[repository.as_bytes()])[..8]);
        self.root.join("uploads").join(folder).join(id)
    }
}

impl Upload {
    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The digest of what came so far.
    pub(crate) fn digest(&self) -> String {
        format!("sha256:{}", hex(&self.hash.clone().finalize()))
    }

    /// Opens the file for appending at what is known of it.
    pub(crate) async fn writer(&mut self) -> Result<Writer<'_>, StoreError> {
        let opened = OpenOptions::new().write(true).append(true).open(&self.path).await;
        let file = opened.map_err(at(&self.path))?;
        // A write that was cut off half done is not known of.
        file.set_len(self.size).await.map_err(at(&self.path))?;
        Ok(Writer { upload: self, file })
    }
}

/// Appends to an upload.
pub(crate) struct Writer<'a> {
    upload: &'a mut Upload,
    file: File,
}

impl Writer<'_> {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).await.map_err(at(&self.upload.path))?;
        self.upload.hash.update(bytes);
        self.upload.size += bytes.len() as u64;
        Ok(())
    }

    /// What was written is with the system: it outlives this process.
    pub(crate) async fn end(mut self) -> Result<(), StoreError> {
        self.file.flush().await.map_err(at(&self.upload.path))
    }
}

struct Hashing<W> {
    to: W,
    hash: Sha256,
    size: u64,
}

impl<W: io::Write> io::Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

async fn hashed(path: &Path) -> io::Result<(u64, Sha256)> {
    let mut file = File::open(path).await?;
    let (mut size, mut hash, mut buffer) = (0, Sha256::new(), vec![0; 256 << 10]);
    loop {
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            return Ok((size, hash));
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError { path, source }
}
