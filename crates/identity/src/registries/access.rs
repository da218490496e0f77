//! What one child is given for registries.

use super::desk::RegistryDesk;
use super::docker_config::{DockerConfig, DockerConfigError};
use super::endpoint::RegistryEndpoint;
use super::host::EcrRegistry;
use crate::Env;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An isolated configuration of Docker whose helper asks this process. Dropping it revokes and removes everything.
#[derive(Debug)]
pub struct RegistryAccess {
    endpoint: RegistryEndpoint,
    config: DockerConfig,
}

/// Why there is none; the child was not started.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The configuration could not be made.
    #[error(transparent)]
    Config(#[from] DockerConfigError),
    /// The endpoint could not be opened.
    #[error("the endpoint for registries at {path} could not be opened: {why}; the child was not started")]
    Endpoint {
        /// Its file.
        path: PathBuf,
        /// The system's words.
        why: io::Error,
    },
}

impl RegistryAccess {
    /// The variable that leads a helper to the endpoint's file.
    pub const VARIABLE: &'static str = "HOLDPOINT_REGISTRY_FILE";

    /// Makes `folder`, which must not be there, from the operator's configuration (`None` in practice: the operator's
    /// own is real). `target` is the account and region that the child works in; `helper` is our command-line program.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn open(
        desk: Arc<RegistryDesk>,
        folder: &Path,
        operators: Option<&Path>,
        target: Option<(&str, &str)>,
        helper: &Path,
    ) -> Result<Self, AccessError> {
        let mut hosts: BTreeSet<String> = desk.registries().mapped().keys().cloned().collect();
        hosts.extend(target.into_iter().flat_map(|(account, region)| EcrRegistry::hosts(account, region)));
        let config = DockerConfig::write(folder, operators, hosts, helper)?;
        let file = folder.join("holdpoint.json");
        let endpoint = RegistryEndpoint::open(desk, &file).await;
        let endpoint = endpoint.map_err(|why| AccessError::Endpoint { path: file, why })?;
        Ok(Self { endpoint, config })
    }

    /// Adds what leads clients to it to a child's environment. What the step names itself stays as it is; logins in the
    /// operator's environment go, since they may be another identity's.
    pub fn furnish(&self, child: &mut BTreeMap<OsString, OsString>, named: &BTreeMap<String, String>) {
        let mut set = |name: &str, value: &OsStr| {
            if !named.contains_key(name) {
                child.insert(name.into(), value.to_owned());
            }
        };
        set("DOCKER_CONFIG", self.config.folder().as_os_str());
        set("REGISTRY_AUTH_FILE", self.config.file().as_os_str());
        set(Self::VARIABLE, self.endpoint.file().as_os_str());
        if !named.contains_key("DOCKER_AUTH_CONFIG") {
            child.remove(OsStr::new("DOCKER_AUTH_CONFIG"));
        }
        // Windows writes it `Path`, and its names have no case.
        let path = child.keys().find(|name| name.eq_ignore_ascii_case("PATH")).cloned();
        let path = path.unwrap_or_else(|| "PATH".into());
        let known = child.get(&path).cloned().unwrap_or_default();
        // An empty PATH would be split into one empty folder, which is the working folder.
        let others = std::env::split_paths(&known).filter(|folder| !folder.as_os_str().is_empty());
        let folders = std::iter::once(self.config.bin()).chain(others);
        // A PATH that cannot be joined has a folder with a separator in its name: ours is not one.
        if let Ok(joined) = std::env::join_paths(folders) {
            child.insert(path, joined);
        }
    }

    /// The endpoint's file, when a child's environment names one.
    pub fn file_in(env: &Env) -> Option<PathBuf> {
        env.os(Self::VARIABLE).filter(|file| !file.is_empty()).map(PathBuf::from)
    }

    /// The isolated configuration.
    pub fn config(&self) -> &DockerConfig {
        &self.config
    }

    /// Who answers.
    pub fn desk(&self) -> &RegistryDesk {
        self.endpoint.desk()
    }
}
