//! Registries: who answers for which host, logins of ECR in memory, and what a child's Docker client is told.
//!
//! - [`registry_of`]: ECR's grammar of hosts; [`Registries`]: host → profile, by mapping and by account.
//! - [`mint`]: a login of ECR from a session; [`RegistryDesk`]: keeps logins until half of their life, in memory only.
//! - [`RegistryAccess`]: an isolated `DOCKER_CONFIG` and a loopback endpoint for one child; [`ask`]: the other end of
//!   that endpoint, in the credential helper.
//! - [`operators_login`]: the operator's own logins, for hosts that no profile answers for.
//! - [`docker_auth_config`]: the same for clients that read a variable; [`HelperDraft`]: the operator's own
//!   configuration of Docker, changed only when asked.

mod access;
mod ask;
mod auth_config;
mod desk;
mod docker_config;
mod endpoint;
mod host;
mod install;
mod json_text;
mod map;
mod operators;
mod token;

pub use access::{AccessError, RegistryAccess};
pub use ask::{AskError, Question, Reply, ask};
pub use auth_config::{docker_auth_config, reads_auth_config};
pub use desk::{Login, OpenSession, RegistryDesk, RegistryError, live_sessions};
pub use docker_config::{DockerConfig, DockerConfigError, HELPER, HELPER_PROGRAM, link_helper};
pub use endpoint::RegistryEndpoint;
pub use host::{BadHost, EcrRegistry, host_of, registry_of};
pub use install::{HelperDraft, InstallError, Installed};
pub use map::{By, Owner, Registries, Unowned};
pub use operators::{OperatorsError, operators_login};
pub use token::{MintError, RegistryToken, mint};
