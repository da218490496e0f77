//! Sign-ins to IAM Identity Center: sessions, their tokens, and how a person signs in and out.
//!
//! - [`sso_sessions`]: the `[sso-session]`s, and the start URLs of profiles from before they existed.
//! - [`Tokens`]: the one door to tokens of a process: [`Tokens::standing`], [`Tokens::token`], [`Tokens::sign_in`],
//!   [`Tokens::sign_out`], [`Tokens::keep`].
//!
//! A token is kept where the AWS CLI keeps it, so that one sign-in serves both, or in the vault alone
//! ([`Keeping`]; docs/adr/0032).

mod browser;
mod cache;
mod client;
mod device;
mod document;
mod error;
mod events;
mod landing;
mod lock;
mod places;
mod refresh;
mod registration;
mod session;
mod sign_in;
mod sign_out;
mod standing;
mod store;
mod tokens;
mod vanity;

pub use aws_smithy_async::time::{SharedTimeSource as SharedClock, SystemTimeSource as SystemClock};
pub use error::{SignInError, SignOutError, TokenError, Trouble};
pub use events::{Cancel, How, SignInEvent, SignInEvents};
pub use places::Places;
pub use session::{SsoSession, sso_sessions};
pub use standing::{Keeping, Standing};
pub use tokens::{AccessToken, Tokens};

pub(crate) use cache::{Found, read_as, write as file_write};
pub(crate) use client::{Service, endpoint, sdk_config, trouble as trouble_of};
pub(crate) use session::scopes_of;
