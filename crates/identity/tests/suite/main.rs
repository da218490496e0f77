//! Behaviour of the crate, as one program: profiles from folders of files, tables of pins and people, the wire.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod child;
mod docker_config;
mod operators;
mod profiles;
mod registries;
mod roles;
mod server;
mod tables;
mod whoami;
