//! The accounts of an SSO session and the roles in them: at once as they were known, and then as they are.
//!
//! [`Portal::known`] reads what was kept; [`Portal::tree`] asks the access portal at the pace that it allows and tells
//! what it finds as it comes.

mod asker;
mod kept;
mod pacer;
mod tree;

pub use tree::{Account, Portal, PortalError, TreeUpdate};

pub(crate) use pacer::Pacer;
