//! Anchors: head and count of a run, signed by this device and kept outside the database.
//!
//! A chain alone shows damage, not a rewrite by its owner.

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use holdpoint_run::chain::hex;
use holdpoint_run::{At, RunId};
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// One anchor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Of which run.
    pub run: RunId,
    /// How many events there were.
    pub count: u64,
    /// Hash of the newest, hex.
    pub head: String,
    /// When.
    pub at: At,
    /// The device's Ed25519 public key, hex.
    pub key: String,
    /// Its signature over all of the above, hex.
    pub signature: String,
}

/// Anchors could not be kept or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the anchors in {path} could not be {did}: {why}")]
pub struct AnchorError {
    /// The file.
    pub path: String,
    /// Read, or written.
    pub did: &'static str,
    /// What the system says.
    pub why: String,
}

/// The folder of anchors: a file of lines a run.
#[derive(Debug, Clone)]
pub struct Anchors {
    folder: PathBuf,
}

impl Anchor {
    /// Signs head and count.
    pub fn sign(key: &SigningKey, run: &RunId, count: u64, head: &str, at: At) -> Self {
        let public = hex(key.verifying_key().as_bytes());
        let signature = key.sign(&message(run, count, head, at, &public));
        Self {
            run: run.clone(),
            count,
            head: head.to_owned(),
            at,
            key: public,
            signature: hex(&signature.to_bytes()),
        }
    }

    /// Whether its signature is that of its key.
    pub fn is_genuine(&self) -> bool {
        let Some(key) = unhex::<32>(&self.key).and_then(|key| VerifyingKey::from_bytes(&key).ok()) else {
            return false;
        };
        let Some(signature) = unhex::<64>(&self.signature) else { return false };
        let message = message(&self.run, self.count, &self.head, self.at, &self.key);
        key.verify(&message, &Signature::from_bytes(&signature)).is_ok()
    }
}

impl Anchors {
    /// Anchors in that folder, which is made when the first is kept.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Keeps one, durably.
    pub fn keep(&self, anchor: &Anchor) -> Result<(), AnchorError> {
        let path = self.path(&anchor.run);
        let failed = |why: String| AnchorError { path: path.display().to_string(), did: "written", why };
        std::fs::create_dir_all(&self.folder).map_err(|error| failed(error.to_string()))?;
        let mut line = serde_json::to_vec(anchor).map_err(|error| failed(error.to_string()))?;
        line.push(b'\n');
        // A line that a crash cut short is closed first, so that it spoils no other.
        let torn = std::fs::read(&path).is_ok_and(|all| all.last().is_some_and(|last| *last != b'\n'));
        if torn {
            line.insert(0, b'\n');
        }
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| failed(error.to_string()))?;
        file.write_all(&line).and_then(|()| file.sync_all()).map_err(|error| failed(error.to_string()))
    }

    /// All of a run, in order. A line that a crash cut short is left out; any other damage is an error.
    pub fn of(&self, run: &RunId) -> Result<Vec<Anchor>, AnchorError> {
        let path = self.path(run);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                lines(&text).map_err(|why| AnchorError { path: path.display().to_string(), did: "read", why })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => {
                Err(AnchorError { path: path.display().to_string(), did: "read", why: error.to_string() })
            }
        }
    }

    fn path(&self, run: &RunId) -> PathBuf {
        Path::new(&self.folder).join(format!("{run}.anchors"))
    }
}

fn lines(text: &str) -> Result<Vec<Anchor>, String> {
    let mut anchors = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        match serde_json::from_str(line) {
            Ok(anchor) => anchors.push(anchor),
            Err(error) if error.is_eof() => {}
            Err(error) => return Err(format!("line {number} is damaged: {error}")),
        }
    }
    Ok(anchors)
}

fn message(run: &RunId, count: u64, head: &str, at: At, key: &str) -> Vec<u8> {
    format!("holdpoint anchor 1\n{run}\n{count}\n{head}\n{}\n{key}\n", at.0).into_bytes()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != N * 2 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}
