//! From what a profile says to the keys of a role: the start of its chain, and the roles that are taken on from there.
//!
//! The SDK's own provider of profiles is not used for it: it has a sign-in of its own beside ours, asks nobody for a
//! code, sets no source identity, and says "no credentials" for ten different reasons (docs/adr/0033).

mod assume;
mod aws_login;
mod base;
mod error;
mod sso_role;
mod tag;
mod way;

pub use error::RoleError;
pub use tag::{MfaAsk, MfaAsker, RunTag};

pub(crate) use assume::{AssumedRole, WebIdentityRole};
pub(crate) use aws_login::AwsLogin;
pub(crate) use base::{EnvironmentKeys, Process};
pub(crate) use sso_role::SsoRole;
pub(crate) use way::{Base, Hop, Way};
