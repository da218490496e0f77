//! A session's credentials in the forms in which programs take them: a `credential_process` answer, and variables.
//!
//! `credential_process`: AWS SDKs reference, "Process credential provider": keys in this very case, version 1.

use crate::{Session, WhoamiError};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use holdpoint_redact::Secret;
use std::time::SystemTime;

/// Credentials to hand on. Nothing of it is shown but the access key's id.
#[derive(Debug)]
pub struct HandOut {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Option<Secret>,
    ends_at: Option<SystemTime>,
    account: Option<String>,
}

impl Session {
    /// The credentials, to be handed to a program that cannot ask an endpoint.
    ///
    /// # Errors
    /// [`WhoamiError`]: why there are none.
    pub async fn hand_out(&self) -> Result<HandOut, WhoamiError> {
        let keys = self.credentials().await?;
        Ok(HandOut {
            access_key_id: keys.access_key_id().to_owned(),
            secret_access_key: Secret::new(keys.secret_access_key().to_owned()),
            session_token: keys.session_token().map(|token| Secret::new(token.to_owned())),
            ends_at: keys.expiry(),
            account: keys.account_id().map(|account| account.as_str().to_owned()),
        })
    }
}

impl HandOut {
    /// When they end.
    pub fn ends_at(&self) -> Option<SystemTime> {
        self.ends_at
    }

    /// What a `credential_process` prints: one JSON object.
    pub fn process_json(&self) -> Secret {
        let mut body = serde_json::json!({
            "Version": 1,
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key.expose(),
        });
        let mut set = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                body[name] = value.into();
            }
        };
        set("SessionToken", self.session_token.as_ref().map(|token| token.expose().to_owned()));
        set("Expiration", self.ends_at.and_then(written));
        set("AccountId", self.account.clone());
        Secret::new(body.to_string())
    }

    /// The variables that hold them; the values are secrets.
    pub fn variables(&self) -> Vec<(&'static str, Secret)> {
        let mut all = vec![
            ("AWS_ACCESS_KEY_ID", Secret::new(self.access_key_id.clone())),
            ("AWS_SECRET_ACCESS_KEY", Secret::new(self.secret_access_key.expose().to_owned())),
        ];
        if let Some(token) = &self.session_token {
            all.push(("AWS_SESSION_TOKEN", Secret::new(token.expose().to_owned())));
        }
        if let Some(end) = self.ends_at.and_then(written) {
            all.push(("AWS_CREDENTIAL_EXPIRATION", Secret::new(end)));
        }
        all
    }
}

fn written(at: SystemTime) -> Option<String> {
    DateTime::from(at).fmt(Format::DateTime).ok()
}
