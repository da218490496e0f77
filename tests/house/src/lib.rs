//! The rules of the house, as code that runs in every test run.
//!
//! Invariant: uses none of our crates. It reads the tree and `cargo metadata`, so that it still runs, and still
//! explains itself, when nothing else compiles.

mod arrows;
mod documents;
mod finding;
mod metadata;
mod owners;
mod requirements;
mod rules;
mod tree;

pub use arrows::{ARROWS, Arrow, OWNERS, Owned, PURE, UNREACHABLE, foreign_owners, our_arrows, pure_crates};
pub use documents::documents;
pub use finding::{Finding, report};
pub use metadata::{Metadata, MetadataError, Package, Reach};
pub use requirements::{EXPECTED, requirements};
pub use rules::{RULES, Rule, manifests, rules_found, shell_size};
pub use tree::{SourceFile, TreeError, root, tree};
