//! The calls of the Accounts screen, as the page makes them, against the simulator's Identity Center.

mod console;
mod drafts;
mod identities;
mod locks;
#[path = "../sso/office.rs"]
#[expect(dead_code, reason = "the other suite of the office needs more of it")]
mod office;
mod sign_ins;
