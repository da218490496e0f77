//! The suites, in one program: each of its own would be as large as the SDKs that it is linked with.

mod account_checks;
mod apprunner;
mod builds;
mod desk;
mod executors;
mod express;
mod followed;
mod images;
mod lagging;
mod lifted;
mod lints;
mod looks;
mod patches;
mod people;
mod rollouts;
mod schemas;
mod scripts;
mod shifts;
mod sso;
mod stops;
mod strategies;
mod terraform;
