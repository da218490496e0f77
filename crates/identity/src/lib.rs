//! Who we are to AWS: profiles, sessions with one source of credentials, the account pin, people, and the environment
//! that a child process gets.
//!
//! - [`Env`]: the environment as an argument; [`profiles`]: the profiles of the two files.
//! - [`Session::live`], [`Session::practice`] → [`Session::config`] for the SDK's clients, [`Session::whoami`],
//!   [`Session::assert`] with a [`Pin`] → [`Pinned`], [`Session::person`], [`Session::lasts_until`].
//! - [`Person`] and [`same_person`]: signatures are counted by people.
//! - [`sso_sessions`] and [`Tokens`]: signing in to IAM Identity Center, and the tokens that come of it.
//! - [`Portal`]: the accounts and roles that a sign-in reaches.
//! - [`CredentialsEndpoint`], [`ChildFiles`] and [`child_env`]: what a child process may know; [`wrapper_in`]: tools
//!   that would pick an identity of their own.
//! - [`registries`]: ECR's logins in memory, and what a child's Docker client is told.
//!
//! Invariant: nothing here reads the process's environment, and in practice nothing but loopback is reachable.

mod arn;
mod child;
pub mod config;
pub mod doctor;
mod endpoint;
mod env;
mod federation;
mod guest;
mod handout;
mod http;
mod keeper;
mod loopback;
mod person;
mod pin;
mod portal;
mod prefs;
mod profiles;
mod program;
pub mod registries;
mod roles;
mod session;
mod shared;
mod sso;
mod whoami;
mod wrapper;

pub use child::{ChildAccess, ChildError, ChildFiles, Practice, child_env};
pub use endpoint::{CredentialsEndpoint, EndpointError, NoExchange};
pub use env::Env;
pub use federation::{ConsoleLinkError, console_link};
pub use guest::{Guest, GuestError, guest};
pub use handout::HandOut;
pub use http::BadProxy;
pub use keeper::{Forgotten, Keeper};
pub use person::{Person, same_person};
pub use pin::{BadPin, Difference, Pin, PinMismatch, Pinned};
pub use portal::{Account, Portal, PortalError, TreeUpdate};
pub use prefs::{Mark, Prefs, PrefsError, Recent};
pub use profiles::{
    FileKind, FileProblem, Kind, Place, Profile, ProfileFile, Profiles, ProfilesError, profile_files,
    profiles, session_key,
};
pub use program::program_env;
pub use roles::{MfaAsk, MfaAsker, RoleError, RunTag};
pub use session::{
    AssertError, Clock, Clocks, Opening, PracticeCredentials, Session, SessionError, Source, tokens_for,
};
pub use sso::{
    AccessToken, Cancel, How, Keeping, Places, SharedClock, SignInError, SignInEvent, SignInEvents,
    SignOutError, SsoSession, Standing, SystemClock, TokenError, Tokens, Trouble, sso_sessions,
};
pub use whoami::{Caller, WhoamiError, whoami};
pub use wrapper::wrapper_in;
