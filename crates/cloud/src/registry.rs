//! Registries of images: asked, read, and written to, without Docker.
//!
//! - [`ImageRef`]: a reference, read strictly; [`Digest`], [`Platform`].
//! - [`Registries`]: `manifest`, `find` (index → image → configuration), `survey` and `copy_blobs` of a [`Mirror`].
//!
//! Invariants: content is handed on only when it is what its digest says, and nothing is under a name before that; a login
//! is shown to no host but its own; a blob of any size needs the memory of a few of its pieces (docs/adr/0041).

mod blob;
mod challenge;
mod client;
mod digest;
mod error;
mod files;
mod manifest;
mod mirror;
mod platform;
mod read;
mod reference;
mod token;
mod upload;
mod wire;

pub use client::{Logins, Registries};
pub use digest::{BadDigest, Digest};
pub use error::RegistryFault;
pub use manifest::{Content, Descriptor, Manifest};
pub use mirror::{Blob, Mirror, Moved, Stands, Step, Survey, Told, Wanted, in_words};
pub use platform::{BadPlatform, Platform};
pub use read::{Configuration, Found, Start};
pub use reference::{BadReference, ImageRef};
pub use wire::Route;
