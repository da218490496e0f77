//! A sign-in for one signature: somebody else, at this console, is asked who they are, and forgotten.
//!
//! The guest's token is kept in memory and in a folder that goes with it: it is in no cache that the AWS CLI reads, and
//! the sign-in of whoever sits here stays as it is.

use crate::sso::{Service, SharedClock, SystemClock, sdk_config};
use crate::whoami::in_words;
use crate::{
    AccessToken, Caller, Cancel, Env, How, Opening, Person, Places, Prefs, Session, SessionError,
    SignInError, SignInEvents, SsoSession, TokenError, Tokens, Trouble, WhoamiError,
};
use aws_sdk_sso::Client;
use holdpoint_vault::{Item, ItemNote, SecretBytes, Vault, VaultError};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Somebody who signed in, as STS says.
#[derive(Debug, Clone)]
pub struct Guest {
    /// What STS answered.
    pub caller: Caller,
    /// The person.
    pub person: Person,
}

/// Why nobody could be asked who they are.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// Nobody signed in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// The sign-in gave no token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The portal has no answer.
    #[error("{what} failed: {why}; check the network and sign in again")]
    Portal {
        /// What was asked for.
        what: &'static str,
        /// Its words.
        why: String,
    },
    /// Who signed in may nowhere be anybody.
    #[error(
        "who signed in to `{session}` has no role in any account: ask for an assignment in Identity Center"
    )]
    NoRole {
        /// The session.
        session: String,
    },
    /// No call can be made.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// STS has no answer.
    #[error(transparent)]
    Whoami(#[from] WhoamiError),
    /// Nothing of it can be kept for the moment that it takes.
    #[error("a folder for the sign-in could not be made: {why}; free some space and sign in again")]
    Folder {
        /// The system's words.
        why: String,
    },
}

/// Lets somebody sign in to this session with a code, and asks STS who it is: with a role of theirs in `account`, or in
/// another account when they have none there. Nothing of it stays: AWS is told that the sign-in is over.
///
/// # Errors
/// [`GuestError`].
pub async fn guest(
    env: &Env,
    session: &SsoSession,
    account: &str,
    region: &str,
    on: &dyn SignInEvents,
    cancel: &Cancel,
) -> Result<Guest, GuestError> {
    let no_folder = |why: String| GuestError::Folder { why };
    let folder = tempfile::tempdir().map_err(|error| no_folder(error.to_string()))?;
    let env = own_env(env, folder.path());
    Prefs::change(folder.path(), |prefs| prefs.keep_in_vault(&session.key(), true))
        .map_err(|error| no_folder(error.to_string()))?;
    let vault: Arc<dyn Vault> = Arc::new(Memory::default());
    let places = Places { home: folder.path().to_owned(), vault: Some(vault) };
    let tokens = Tokens::new(&env, &places, SharedClock::new(SystemClock::new()));
    tokens.sign_in(session, How::Device, "a signature", on, cancel).await?;
    let asked = identified(&env, &tokens, session, account, region, folder.path()).await;
    // The answer is there, whether AWS could be told or not: the token dies with this function.
    if let Err(error) = tokens.sign_out(session).await {
        tracing::warn!(%error, "AWS was not told that a guest has gone");
    }
    asked
}

async fn identified(
    env: &Env,
    tokens: &Tokens,
    session: &SsoSession,
    account: &str,
    region: &str,
    folder: &Path,
) -> Result<Guest, GuestError> {
    let token = tokens.token(session).await?;
    let (account, role) = place_of(env, &token, session, account).await?;
    let text = format!(
        "[profile guest]\nsso_session = {name}\nsso_account_id = {account}\nsso_role_name = {role}\n\n\
         [sso-session {name}]\nsso_start_url = {}\nsso_region = {}\n",
        session.start_url,
        session.region,
        name = session.name,
    );
    std::fs::write(folder.join("config"), text)
        .map_err(|error| GuestError::Folder { why: error.to_string() })?;
    let opening = Opening::new(env).profile(Some("guest")).region(Some(region)).tokens(tokens);
    let opened = Session::open(&opening).await?;
    let caller = opened.whoami().await?;
    let person = opened.person(&caller);
    Ok(Guest { caller, person })
}

/// Account and role to ask with: in the account that is signed for, else wherever the guest may be.
async fn place_of(
    env: &Env,
    token: &AccessToken,
    session: &SsoSession,
    account: &str,
) -> Result<(String, String), GuestError> {
    let config = sdk_config(env, Service::Portal, &token.region, 5)
        .map_err(|trouble: Trouble| GuestError::Token(trouble.into()))?;
    let client = Client::new(&config);
    // An account without an assignment answers with a refusal: it is not theirs, and another one is looked for.
    if let Some(role) = first_role(&client, token, account).await {
        return Ok((account.to_owned(), role));
    }
    let listed = client.list_accounts().access_token(token.secret.expose()).send().await;
    let listed =
        listed.map_err(|error| GuestError::Portal { what: "listing accounts", why: in_words(&error) })?;
    for other in listed.account_list().iter().filter_map(|other| other.account_id()) {
        if let Some(role) = first_role(&client, token, other).await {
            return Ok((other.to_owned(), role));
        }
    }
    Err(GuestError::NoRole { session: session.name.clone() })
}

async fn first_role(client: &Client, token: &AccessToken, account: &str) -> Option<String> {
    let asked = client.list_account_roles().access_token(token.secret.expose()).account_id(account);
    let roles = asked.send().await.ok()?;
    roles.role_list().iter().find_map(|role| role.role_name()).map(str::to_owned)
}

/// The environment of the guest: the operator's files, caches and keys are not in it.
fn own_env(env: &Env, folder: &Path) -> Env {
    let home = folder.display().to_string();
    env.without(&crate::session::CREDENTIAL_VARIABLES)
        .with("HOME", &home)
        .with("USERPROFILE", &home)
        .with("HOLDPOINT_HOME", &home)
        .with("AWS_CONFIG_FILE", &folder.join("config").display().to_string())
        .with("AWS_SHARED_CREDENTIALS_FILE", &folder.join("credentials").display().to_string())
}

/// A vault that is nowhere but in memory, and wiped when it is dropped.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, (SecretBytes, ItemNote)>>);

impl Memory {
    fn items(&self) -> MutexGuard<'_, BTreeMap<String, (SecretBytes, ItemNote)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault for Memory {
    fn get(&self, name: &str) -> Result<SecretBytes, VaultError> {
        let found = self.items().get(name).map(|(value, _)| value.clone());
        found.ok_or_else(|| VaultError::Absent { name: name.to_owned() })
    }

    fn put_noted(&self, name: &str, value: &[u8], note: &ItemNote) -> Result<(), VaultError> {
        self.items().insert(name.to_owned(), (SecretBytes::new(value.to_vec()), note.clone()));
        Ok(())
    }

    fn create(&self, name: &str, value: &[u8]) -> Result<bool, VaultError> {
        let mut items = self.items();
        if items.contains_key(name) {
            return Ok(false);
        }
        items.insert(name.to_owned(), (SecretBytes::new(value.to_vec()), ItemNote::default()));
        Ok(true)
    }

    fn delete(&self, name: &str) -> Result<(), VaultError> {
        match self.items().remove(name) {
            Some(_) => Ok(()),
            None => Err(VaultError::Absent { name: name.to_owned() }),
        }
    }

    fn list(&self) -> Result<Vec<Item>, VaultError> {
        let items = self.items();
        Ok(items.iter().map(|(name, (_, note))| Item { name: name.clone(), note: note.clone() }).collect())
    }
}
