//! Import: a guide becomes a checked plan, shown first and written where the operator says.

use crate::Problem;
use crate::console::{Console, read_plan};
use crate::views::{ImportSaved, ImportView, import_view};
use holdpoint_plan::import::{Import, ImportOptions, import};
use serde::Deserialize;
use std::io::Write as _;
use std::path::Path;
use ts_rs::TS;

/// Which plan to import, and how.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlanImport {
    /// The guide's file.
    pub path: String,
    /// Whether damaged letters, marks and line ends are repaired first.
    pub repair: bool,
    /// Ids of proposals that stay scripts.
    pub refused: Vec<String>,
    /// Ids of commands in sentences that are to become steps.
    #[serde(default)]
    pub accepted: Vec<String>,
    /// Ids of the findings' repairs to make, in this order.
    pub fixes: Vec<String>,
}

/// What was shown, and where it goes.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlanImportSave {
    /// What was shown.
    pub plan: PlanImport,
    /// SHA-256 of the guide's bytes that were shown.
    pub digest: String,
    /// The file to write.
    pub to: String,
    /// Whether a file that is there is replaced.
    pub replace: bool,
}

impl Console {
    /// Shows what a guide would become. Nothing is written.
    pub fn import_plan(&self, args: &PlanImport) -> Result<ImportView, Problem> {
        let (path, digest, done) = imported(args)?;
        Ok(import_view(&path, digest, &done))
    }

    /// Writes what was shown to a file of its own.
    pub fn save_import(&self, args: &PlanImportSave) -> Result<ImportSaved, Problem> {
        let (path, digest, done) = imported(&args.plan)?;
        if digest != args.digest {
            return Err(Problem::new(format!("{path} has changed since it was shown"))
                .code("refused")
                .hint("look at it again, then save"));
        }
        save_whole(Path::new(&args.to), &done.bytes, args.replace)?;
        Ok(ImportSaved { path: args.to.clone(), bytes: done.bytes.len() as u64 })
    }
}

fn imported(args: &PlanImport) -> Result<(String, String, Import), Problem> {
    let (path, (bytes, reading)) = read_plan(&args.path)?;
    let options = ImportOptions {
        repair: args.repair,
        refused: args.refused.iter().cloned().collect(),
        accepted: args.accepted.iter().cloned().collect(),
        fixes: args.fixes.clone(),
        ..ImportOptions::default()
    };
    Ok((path, reading.plan.digest, import(&bytes, &options)))
}

/// Writes a file of the operator's whole or not at all: beside it first, then in its place.
///
/// # Errors
/// `exists` when a file is there and is not to be replaced; whatever the disk says.
pub fn save_whole(path: &Path, bytes: &[u8], replace: bool) -> Result<(), Problem> {
    let could_not = |error: std::io::Error| {
        Problem::new(format!("{} cannot be written: {error}", path.display())).hint("choose another place")
    };
    let there = || {
        Problem::new(format!("{} is there already", path.display()))
            .code("exists")
            .hint("choose another name, or say that it is replaced")
    };
    if !replace && path.symlink_metadata().is_ok() {
        return Err(there());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // A plan is for everybody whom the umask lets read it; the builder's own default is for its owner alone.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(folder).map_err(could_not)?;
    beside.write_all(bytes).map_err(could_not)?;
    beside.as_file().sync_all().map_err(could_not)?;
    if replace {
        beside.persist(path).map_err(|error| could_not(error.error))?;
    } else {
        beside.persist_noclobber(path).map_err(|error| {
            let taken = error.error.kind() == std::io::ErrorKind::AlreadyExists;
            if taken { there() } else { could_not(error.error) }
        })?;
    }
    Ok(())
}
