//! One suite for every store, on the encrypted file, on the three keychains' shapes over a store that refuses on
//! demand, and on a real Secret Service; then what is each store's own.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod chains;
mod file_store;
mod full_disk;
mod places;
mod processes;
mod secret_service;
mod suite;
mod test_store;
