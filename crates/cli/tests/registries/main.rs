//! Registries as Docker's client and skopeo meet them: the real clients, a real registry with basic authentication, and
//! our helper, with the simulator as ECR. Nothing of it is replaced.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod clients;
mod images;
mod place;
mod protocol;
mod runs;
mod servers;
