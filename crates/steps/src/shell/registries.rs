//! What a script is given for registries: an isolated configuration of Docker whose helper asks this process.

use super::Child;
use holdpoint_identity::registries::{DockerConfig, Registries, RegistryAccess, RegistryDesk};
use holdpoint_identity::{Places, Prefs, PrefsError};
use std::path::Path;
use std::sync::Arc;

/// Why a script has none; it is not started.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoRegistries {
    /// What the operator mapped cannot be read: a login by another identity would be a guess.
    #[error(transparent)]
    Prefs(#[from] PrefsError),
    /// It cannot be made.
    #[error(transparent)]
    Access(#[from] holdpoint_identity::registries::AccessError),
    /// What another process left cannot be removed.
    #[error("{0}")]
    Left(std::io::Error),
}

/// The run's identity answers for every registry of ECR, and a profile where the operator mapped one. In practice nothing
/// is mapped and nothing of the operator's own configuration is used: both are real.
pub(super) async fn open(
    child: &Child,
    folder: &Path,
    account: &str,
    region: &str,
) -> Result<RegistryAccess, NoRegistries> {
    let is_practice = child.practice.is_some();
    let mapped = match Places::of(&child.env).filter(|_| !is_practice) {
        Some(places) => Prefs::open(&places.home)?.registries,
        None => Default::default(),
    };
    let registries = Registries::new(mapped, None, &child.env);
    let desk = RegistryDesk::of_child(registries, child.open.clone(), child.session.clone());
    let operators = DockerConfig::operators(&child.env).filter(|_| !is_practice);
    let at = folder.join("docker");
    // Of the same attempt, when the process before this one was killed: its endpoint ended with it.
    match tokio::fs::remove_dir_all(&at).await {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(NoRegistries::Left(error)),
    }
    let target = Some((account, region));
    Ok(RegistryAccess::open(Arc::new(desk), &at, operators.as_deref(), target, &child.program).await?)
}
