//! Which store a home uses: found at the first start, kept from then on, changed only when asked.

use crate::file::{FileVault, KeptBy, Unlock};
use crate::keychain::{KeychainVault, Patience};
use crate::place::{self, Held, Place};
use crate::{Item, SecretBytes, StoreName, Vault, VaultError, atomic};
use holdpoint_redact::Secret;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// Which store a home shall use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// The keychain when a value can be written to it, else the encrypted file.
    #[default]
    Auto,
    /// The keychain, or nothing.
    Keychain,
    /// The encrypted file: with a passphrase when one is given, else with a key file.
    File,
    /// The encrypted file, its key in the keychain: one small item, read once a process.
    FileKeyInKeychain,
}

impl Choice {
    /// Every choice, in the order in which a person is shown them.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Keychain, Self::File, Self::FileKeyInKeychain];

    /// Its name on a command line, in the environment and in calls.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Keychain => "keychain",
            Self::File => "file",
            Self::FileKeyInKeychain => "file-key-in-keychain",
        }
    }
}

impl FromStr for Choice {
    type Err = NoChoice;

    fn from_str(name: &str) -> Result<Self, NoChoice> {
        Self::ALL.into_iter().find(|choice| choice.name() == name).ok_or_else(|| NoChoice(name.to_owned()))
    }
}

/// A name that is no [`Choice`]'s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place for secrets; use auto, keychain, file or file-key-in-keychain")]
pub struct NoChoice(pub String);

/// An open vault, and which it is.
pub struct Opened {
    /// The vault.
    pub vault: Arc<dyn Vault>,
    /// Where it keeps its values.
    pub store: StoreName,
    /// Why it is this store and not the one that was wanted, in words, when it is not; or what was left behind by a
    /// move.
    pub why: Option<String>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("store", &self.store).field("why", &self.why).finish_non_exhaustive()
    }
}

/// Opens the keychain for the space of a home: the system's, or another one in tests.
pub type Keychain<'a> = &'a dyn Fn(&str) -> Result<KeychainVault, VaultError>;

/// Opens the vault of `home` (`HOLDPOINT_HOME`). The first time `choice` and `passphrase` decide which store it gets;
/// from then on the secrets are where they are, whatever `choice` says, and [`Opened::why`] tells when that differs.
/// [`choose`] moves them.
///
/// # Errors
/// [`VaultError`]: above all that a passphrase is needed, or that the keychain of this home cannot be reached now.
/// Never another store in its place: a device would sign with another key than the day before.
pub fn open(
    home: &Path,
    choice: Choice,
    passphrase: Option<&Secret>,
    patience: Patience,
) -> Result<Opened, VaultError> {
    open_over(home, choice, passphrase, &|space| KeychainVault::open_system(home, space, patience))
}

/// [`open`] with another keychain than the system's.
///
/// # Errors
/// As [`open`].
pub fn open_over(
    home: &Path,
    choice: Choice,
    passphrase: Option<&Secret>,
    keychain: Keychain<'_>,
) -> Result<Opened, VaultError> {
    atomic::private_dir(&place::folder(home))?;
    let _held = Held::take(home)?;
    let (place, why) = match known(home)? {
        Some(place) => {
            let why = differs(home, choice, place.store)?;
            (place, why)
        }
        None => begin(home, choice, passphrase, keychain)?,
    };
    let vault = current(home, &place, passphrase, keychain)?.shared();
    Ok(Opened { vault, store: place.store, why })
}

/// Moves the secrets of `home` to the store `to`, or changes what opens the file. `now` opens the file as it is;
/// `then` is the passphrase of the file to be. Everything is in the new place and read back before the record of
/// places is changed, by one rename; only then is the old place emptied.
///
/// # Errors
/// [`VaultError`]; the secrets are where they were then.
pub fn choose(
    home: &Path,
    to: Choice,
    now: Option<&Secret>,
    then: Option<&Secret>,
    patience: Patience,
) -> Result<Opened, VaultError> {
    choose_over(home, to, now, then, &|space| KeychainVault::open_system(home, space, patience))
}

/// [`choose`] with another keychain than the system's.
///
/// # Errors
/// As [`choose`].
pub fn choose_over(
    home: &Path,
    to: Choice,
    now: Option<&Secret>,
    then: Option<&Secret>,
    keychain: Keychain<'_>,
) -> Result<Opened, VaultError> {
    atomic::private_dir(&place::folder(home))?;
    let _held = Held::take(home)?;
    let place = match known(home)? {
        Some(place) => place,
        None => begin(home, to, then, keychain)?.0,
    };
    // Also when it was begun just now, so that one path below serves both.
    let begun = if known_file(home, then)? { then } else { now };
    let (vault, why) = match (current(home, &place, begun, keychain)?, to) {
        (vault, Choice::Auto) => (vault, None),
        (Current::Chain(chain), Choice::Keychain) => (Current::Chain(chain), None),
        (Current::File(file), Choice::Keychain) => to_keychain(home, &place, &file, keychain(&place.space)?)?,
        (Current::Chain(chain), Choice::File | Choice::FileKeyInKeychain) => {
            to_file(home, &place, chain, to, then, keychain)?
        }
        (Current::File(mut file), Choice::File | Choice::FileKeyInKeychain) => {
            let chain = chain_for(home, to, &place, keychain)?;
            let why = file.rekey_held(unlock(home, to, then, chain.as_ref())?, chain.as_ref())?;
            (Current::File(file), why)
        }
    };
    let store = vault.store();
    Ok(Opened { vault: vault.shared(), store, why })
}

/// The vault of a home as it is.
enum Current {
    File(FileVault),
    Chain(KeychainVault),
}

impl Current {
    fn shared(self) -> Arc<dyn Vault> {
        match self {
            Self::File(file) => Arc::new(file),
            Self::Chain(chain) => Arc::new(chain),
        }
    }

    fn store(&self) -> StoreName {
        match self {
            Self::File(_) => StoreName::File,
            Self::Chain(chain) => chain.store(),
        }
    }
}

/// The record, or what stands for one: a file store of an earlier Holdpoint.
fn known(home: &Path) -> Result<Option<Place>, VaultError> {
    if let Some(place) = Place::read(home)? {
        return Ok(Some(place));
    }
    if FileVault::kept_by(home)?.is_none() {
        return Ok(None);
    }
    let place = Place::new(StoreName::File)?;
    place.write(home)?;
    Ok(Some(place))
}

/// Chooses for a home that has nothing yet.
fn begin(
    home: &Path,
    choice: Choice,
    passphrase: Option<&Secret>,
    keychain: Keychain<'_>,
) -> Result<(Place, Option<String>), VaultError> {
    let mut place = Place::new(StoreName::File)?;
    let mut why = None;
    let probed = |space: &str| -> Result<StoreName, VaultError> {
        let chain = keychain(space)?;
        chain.probe_held()?;
        Ok(chain.store())
    };
    match choice {
        // Who gives a passphrase wants the store that it opens.
        Choice::Auto if passphrase.is_some() => {}
        Choice::Auto => match probed(&place.space) {
            Ok(store) => place.store = store,
            Err(error) => why = Some(error.to_string()),
        },
        Choice::Keychain => place.store = probed(&place.space)?,
        Choice::File => {}
        Choice::FileKeyInKeychain => drop(probed(&place.space)?),
    }
    if place.store == StoreName::File {
        let chain = chain_for(home, choice, &place, keychain)?;
        FileVault::open_held(home, unlock(home, choice, passphrase, chain.as_ref())?)?;
    }
    place.write(home)?;
    Ok((place, why))
}

fn current(
    home: &Path,
    place: &Place,
    passphrase: Option<&Secret>,
    keychain: Keychain<'_>,
) -> Result<Current, VaultError> {
    if place.store != StoreName::File {
        return keychain(&place.space).map(Current::Chain);
    }
    if FileVault::kept_by(home)? == Some(KeptBy::Keychain) {
        let chain = keychain(&place.space)?;
        return FileVault::open_held(home, Unlock::Keychain(&chain)).map(Current::File);
    }
    FileVault::open_held(home, passphrase.map_or(Unlock::KeyFile, Unlock::Passphrase)).map(Current::File)
}

/// Tells when the secrets are elsewhere than asked for.
fn differs(home: &Path, choice: Choice, store: StoreName) -> Result<Option<String>, VaultError> {
    let in_file = store == StoreName::File;
    let fits = match choice {
        Choice::Auto => true,
        Choice::Keychain => !in_file,
        Choice::File => in_file && FileVault::kept_by(home)? != Some(KeptBy::Keychain),
        Choice::FileKeyInKeychain => in_file && FileVault::kept_by(home)? == Some(KeptBy::Keychain),
    };
    Ok((!fits).then(|| {
        format!("the secrets of this home are in {store}; move them on the Accounts screen, under `Where secrets are kept`")
    }))
}

/// Whether the file opens with `then` already: it was begun with it a moment ago.
fn known_file(home: &Path, then: Option<&Secret>) -> Result<bool, VaultError> {
    let Some(then) = then else { return Ok(false) };
    if FileVault::kept_by(home)? != Some(KeptBy::Passphrase) {
        return Ok(false);
    }
    match FileVault::open_held(home, Unlock::Passphrase(then)) {
        Ok(_) => Ok(true),
        Err(VaultError::Locked { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The keychain when the file is to be, or is, opened by it.
fn chain_for(
    home: &Path,
    to: Choice,
    place: &Place,
    keychain: Keychain<'_>,
) -> Result<Option<KeychainVault>, VaultError> {
    if to == Choice::FileKeyInKeychain || FileVault::kept_by(home)? == Some(KeptBy::Keychain) {
        return keychain(&place.space).map(Some);
    }
    Ok(None)
}

fn unlock<'a>(
    home: &Path,
    to: Choice,
    passphrase: Option<&'a Secret>,
    chain: Option<&'a KeychainVault>,
) -> Result<Unlock<'a>, VaultError> {
    match (to, passphrase, chain) {
        (Choice::FileKeyInKeychain, None, Some(chain)) => Ok(Unlock::Keychain(chain)),
        (Choice::FileKeyInKeychain, Some(_), _) => Err(VaultError::Locked {
            path: place::folder(home),
            why: "a passphrase was given and its key shall be in the keychain; give one of the two",
        }),
        (_, Some(passphrase), _) => Ok(Unlock::Passphrase(passphrase)),
        (_, None, _) => Ok(Unlock::KeyFile),
    }
}

fn to_keychain(
    home: &Path,
    place: &Place,
    file: &FileVault,
    chain: KeychainVault,
) -> Result<(Current, Option<String>), VaultError> {
    let values = file.all_held()?;
    chain.probe_held()?;
    // What a move that broke off left there would come back to life.
    for item in chain.list_held()? {
        if !item.name.starts_with(KEYS) {
            chain.delete_held(&item.name)?;
        }
    }
    for (item, value) in &values {
        chain.put_held(&item.name, value.expose(), &item.note)?;
    }
    for (item, value) in &values {
        if chain.get_held(&item.name)? != *value {
            let what = "it gave back another value than was stored";
            return Err(VaultError::Damaged { store: chain.store(), name: item.name.clone(), what });
        }
    }
    place.now_in(chain.store()).write(home)?;
    let left = FileVault::remove_held(home, Some(&chain));
    Ok((Current::Chain(chain), left.err().map(left_behind)))
}

fn to_file(
    home: &Path,
    place: &Place,
    chain: KeychainVault,
    to: Choice,
    then: Option<&Secret>,
    keychain: Keychain<'_>,
) -> Result<(Current, Option<String>), VaultError> {
    let mut values: Vec<(Item, SecretBytes)> = Vec::new();
    for item in chain.list_held()? {
        if !item.name.starts_with(KEYS) {
            let value = chain.get_held(&item.name)?;
            values.push((item, value));
        }
    }
    // A file that is there while the record says keychain is what a move that broke off left.
    FileVault::remove_held(home, Some(&chain))?;
    let keyed = chain_for(home, to, place, keychain)?;
    let file = FileVault::open_held(home, unlock(home, to, then, keyed.as_ref())?)?;
    file.fill_held(&values)?;
    if file.all_held()? != values {
        let store = place::folder(home).join("store.json");
        return Err(VaultError::corrupt(&store, "it gave back other values than were stored"));
    }
    place.now_in(StoreName::File).write(home)?;
    let emptied = values.iter().try_for_each(|(item, _)| chain.delete_held(&item.name));
    Ok((Current::File(file), emptied.err().map(left_behind)))
}

fn left_behind(error: VaultError) -> String {
    format!("the secrets were moved, and the old place could not be emptied: {error}")
}

/// Names of keys of the file store in the keychain.
pub(crate) const KEYS: &str = "file-key/";
