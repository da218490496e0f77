//! Secrets Manager: whether a secret exists, and the names of its keys. No value leaves this file.

use crate::model::Millis;
use crate::wire::{Nature, call};
use crate::{CallError, Cloud};
use serde::Deserialize;
use serde_json::{Value, json};

/// A secret, without its value.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SecretFacts {
    /// Its ARN.
    #[serde(rename = "ARN")]
    pub arn: String,
    /// Its name.
    pub name: String,
    /// When it was scheduled for deletion; such a one cannot be used.
    pub deleted_date: Option<Millis>,
    /// When it was rotated last.
    pub last_rotated_date: Option<Millis>,
    /// When it was changed last, by rotation or otherwise.
    pub last_changed_date: Option<Millis>,
    /// Whether it is rotated.
    pub rotation_enabled: bool,
}

impl Cloud {
    /// A secret by name or ARN, scheduled for deletion or not; `None` when there is none.
    pub async fn secret(&self, id: &str) -> Result<Option<SecretFacts>, CallError> {
        let name = "secretsmanager:DescribeSecret";
        match call!(self, secrets.describe_secret, Nature::Read, name, json!({"SecretId": id})) {
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            answer => SecretFacts::deserialize(answer?.body)
                .map(Some)
                .map_err(|error| CallError::unreadable(name, error)),
        }
    }

    /// The names of the keys of a secret whose value is a JSON object; `None` when it is anything else. The value itself is
    /// dropped here.
    pub async fn secret_keys(&self, id: &str) -> Result<Option<Vec<String>>, CallError> {
        let name = "secretsmanager:GetSecretValue";
        let answer = call!(self, secrets.get_secret_value, Nature::Read, name, json!({"SecretId": id}))?;
        let Some(text) = answer.body["SecretString"].as_str() else { return Ok(None) };
        // A parse error would quote the value.
        let Ok(Value::Object(members)) = serde_json::from_str::<Value>(text) else { return Ok(None) };
        Ok(Some(members.keys().cloned().collect()))
    }

    /// Names of secrets, for who wrote another; at most 500.
    pub async fn secret_names(&self) -> Result<Vec<String>, CallError> {
        let name = "secretsmanager:ListSecrets";
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        while found.len() < 500 {
            let mut input = json!({"MaxResults": 100});
            if let Some(token) = &token {
                input["NextToken"] = json!(token);
            }
            let answer = call!(self, secrets.list_secrets, Nature::Read, name, input)?;
            let page = answer.body["SecretList"].as_array().map(Vec::as_slice).unwrap_or_default();
            found.extend(page.iter().filter_map(|secret| secret["Name"].as_str().map(str::to_owned)));
            let next = answer.body["NextToken"].as_str().map(str::to_owned);
            if next.is_none() || next == token {
                break;
            }
            token = next;
        }
        Ok(found)
    }
}
