//! macOS: generic passwords in the login keychain, by `SecItemUpdate`, `SecItemAdd` and `SecItemCopyMatching`.
//!
//! A store of our own for keyring-core: see docs/adr/0030 for what the two ready ones do wrong for us.

use super::fault::Cause;
use super::items::SERVICE;
use super::upsert::upsert;
use super::{OsStatus, Shape};
use core_foundation::data::CFData;
use keyring_core::api::{CredentialApi, CredentialStoreApi};
use keyring_core::{Credential, CredentialStore, Entry, Error, Result};
use security_framework::item::{
    ItemAddOptions, ItemAddValue, ItemClass, ItemSearchOptions, ItemUpdateOptions, ItemUpdateValue, Limit,
    update_item,
};
use security_framework::passwords::get_generic_password;
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) const SHAPE: Shape = Shape::MAC;

/// The store; it holds nothing.
pub(super) fn open() -> Result<Arc<CredentialStore>> {
    let store: Arc<CredentialStore> = Arc::new(MacStore);
    Ok(store)
}

/// What the store's error stands on.
pub(super) fn cause(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Cause {
    match error.downcast_ref() {
        Some(OsStatus(code)) => Cause::Mac(*code),
        None => Cause::Other(error.to_string()),
    }
}

#[derive(Debug)]
struct MacStore;

impl CredentialStoreApi for MacStore {
    fn vendor(&self) -> String {
        "Holdpoint: macOS keychain by SecItem".to_owned()
    }

    fn id(&self) -> String {
        "login".to_owned()
    }

    fn build(&self, service: &str, user: &str, modifiers: Option<&HashMap<&str, &str>>) -> Result<Entry> {
        // An empty attribute is a wildcard to the keychain.
        if service.is_empty() || user.is_empty() {
            return Err(Error::Invalid("service or user".to_owned(), "is empty".to_owned()));
        }
        let label = modifiers.and_then(|given| given.get("label")).copied().unwrap_or(user);
        let (service, account, label) = (service.to_owned(), user.to_owned(), label.to_owned());
        Ok(Entry::new_with_credential(Arc::new(MacItem { service, account, label })))
    }

    fn search(&self, spec: &HashMap<&str, &str>) -> Result<Vec<Entry>> {
        let service = spec.get("service").copied().unwrap_or(SERVICE);
        let mut options = ItemSearchOptions::new();
        options.class(ItemClass::generic_password()).service(service).load_attributes(true).limit(Limit::All);
        let found = match options.search() {
            Ok(found) => found,
            Err(error) if error.code() == super::upsert::NOT_FOUND => return Ok(Vec::new()),
            Err(error) => return Err(status(error)),
        };
        let account = |attributes: HashMap<String, String>| attributes.get("acct").cloned();
        let accounts = found.iter().filter_map(|item| item.simplify_dict().and_then(account));
        accounts.map(|account| self.build(service, &account, None)).collect()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Debug)]
struct MacItem {
    service: String,
    account: String,
    label: String,
}

impl MacItem {
    fn find(&self) -> ItemSearchOptions {
        let mut options = ItemSearchOptions::new();
        options.class(ItemClass::generic_password()).service(&self.service).account(&self.account);
        options
    }
}

impl CredentialApi for MacItem {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        let update = || {
            let mut change = ItemUpdateOptions::new();
            change.set_value(ItemUpdateValue::Data(CFData::from_buffer(secret)));
            update_item(&self.find(), &change).map_err(|error| error.code())
        };
        let add = || {
            let class = ItemClass::generic_password();
            let mut item =
                ItemAddOptions::new(ItemAddValue::Data { class, data: CFData::from_buffer(secret) });
            item.set_service(&self.service).set_account_name(&self.account).set_label(&self.label);
            item.add().map_err(|error| error.code())
        };
        upsert(update, add).map_err(|code| OsStatus(code).into_error())
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        get_generic_password(&self.service, &self.account).map_err(status)
    }

    fn get_attributes(&self) -> Result<HashMap<String, String>> {
        let found = self.find().load_attributes(true).search().map_err(status)?;
        let attributes = found.first().and_then(|item| item.simplify_dict()).ok_or(Error::NoEntry)?;
        // `icmt` is kSecAttrComment's own key in the keychain's answers.
        Ok(attributes.get("icmt").map(|text| ("comment".to_owned(), text.clone())).into_iter().collect())
    }

    fn update_attributes(&self, attributes: &HashMap<&str, &str>) -> Result<()> {
        let mut change = ItemUpdateOptions::new();
        for (name, value) in attributes {
            if *name != "comment" {
                return Err(Error::Invalid((*name).to_owned(), "is no attribute of this store".to_owned()));
            }
            change.set_comment(value);
        }
        update_item(&self.find(), &change).map_err(status)
    }

    fn delete_credential(&self) -> Result<()> {
        self.find().delete().map_err(status)
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        self.get_attributes().map(|_| None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some((self.service.clone(), self.account.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn status(error: security_framework::base::Error) -> Error {
    OsStatus(error.code()).into_error()
}
