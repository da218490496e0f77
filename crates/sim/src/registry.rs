//! Registries of images: every registry that a reference can name is served under `/v2/`, its repositories by `<host>/<repository>`;
//! a name without a host is the home account's ECR. What a registry holds is part of the world, and blobs are files beside the journal.

mod answer;
mod auth;
mod blobs;
mod change;
mod content;
mod facts;
mod layer;
mod manifest;
mod manifests;
mod model;
mod route;
mod serve;
mod stock;
mod store;
mod uploads;

pub(crate) use self::auth::{Holder, sealed};
pub(crate) use self::blobs::link;
pub(crate) use self::change::{enter, serve as serve_change};
pub(crate) use self::content::{RegistryOf, RepositoryOf, Stocked};
pub(crate) use self::facts::layer_upload;
pub(crate) use self::manifest::{Manifest, Unreadable, is_digest};
pub(crate) use self::model::{Place, Refused, Registries, Registry, Repository, Scan, ecr_host, ecr_owner};
pub(crate) use self::route::is_path;
pub(crate) use self::serve::respond;
pub(crate) use self::stock::{Wanted, stock};
pub(crate) use self::store::Store;
