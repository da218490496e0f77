//! `file.assert`: what files of the plan's folder must and must not say.

mod hcl;
mod place;
mod rules;

pub(crate) use place::{Files, Place, copied, gone};

use crate::failure::arguments;
use crate::look::{Found, Look};
use async_trait::async_trait;
use holdpoint_engine::Task;
use holdpoint_plan::kinds::FileAssert;
use holdpoint_run::Diagnosis;
use holdpoint_run::chain::hex;
use serde_json::{Map, json};
use sha2::{Digest as _, Sha256};

/// The kind `file.assert`.
pub(crate) struct Assert {
    pub(crate) files: Files,
}

#[async_trait]
impl Look for Assert {
    fn kind(&self) -> &'static str {
        "file.assert"
    }

    fn summary(&self, task: &Task) -> Result<String, Diagnosis> {
        let with: FileAssert = arguments(&task.with)?;
        for file in &with.files {
            self.files.inside(&task.folder, &file.path)?;
            rules::check(file)?;
        }
        let names: Vec<&str> = with.files.iter().map(|file| file.path.as_str()).collect();
        Ok(match names.as_slice() {
            [one] => format!("Read {one}"),
            many => format!("Read {} files", many.len()),
        })
    }

    async fn look(&self, task: &Task) -> Result<Found, Diagnosis> {
        let with: FileAssert = arguments(&task.with)?;
        let mut found = Found::default();
        let mut digests = Map::new();
        for file in &with.files {
            let bytes = self.files.read(&task.folder, &file.path).await?;
            if let Some(bytes) = &bytes {
                digests.insert(file.path.clone(), json!(hex(&Sha256::digest(bytes))));
            }
            found.judgements.extend(rules::judge(file, bytes.as_deref())?);
        }
        found.outputs = vec![("files", json!(with.files.len())), ("sha256", json!(digests))];
        if self.files.is_overlaid() && task.mode == holdpoint_run::Mode::Practice {
            found.note = Some("files that this run patched in practice are read from its copy".into());
        }
        Ok(found)
    }
}
