//! ECR, as far as a registry's sign-in: GetAuthorizationToken. Which password it hands out, and for which endpoint, can be switched,
//! so that a real registry with basic authentication stands behind it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::{SECOND, epoch_seconds};
use crate::seeded::{digest, hex};
use crate::world::Env;

/// What the token says; a member that is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EcrSwitches {
    /// The password behind `AWS:`; without it one that no registry takes, as long as AWS's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proxy_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<u64>,
}

impl EcrSwitches {
    /// Takes over the members that are given.
    pub(crate) fn overlay(&mut self, over: &Self) {
        self.password = over.password.clone().or(self.password.take());
        self.proxy_endpoint = over.proxy_endpoint.clone().or(self.proxy_endpoint.take());
        self.seconds = over.seconds.or(self.seconds);
    }
}

/// Answers one call.
pub(crate) fn serve(
    switches: &EcrSwitches,
    env: &Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    if operation != "GetAuthorizationToken" {
        return Err(AwsError::not_implemented("ecr", operation));
    }
    let registries: Vec<&str> =
        input["registryIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(wrong) =
        registries.iter().find(|id| id.len() != 12 || !id.chars().all(|c| c.is_ascii_digit()))
    {
        return Err(AwsError::invalid_parameter(format!(
            "Invalid parameter at 'registryIds' failed to satisfy constraint: '{wrong}' is not a registry id"
        )));
    }
    let registries = if registries.is_empty() { vec![env.account.as_str()] } else { registries };
    let expires = env.now() + switches.seconds.unwrap_or(43_200) * SECOND;
    let data: Vec<Value> = registries
        .into_iter()
        .map(|registry| {
            let password = switches.password.clone().unwrap_or_else(|| opaque(env, registry));
            let endpoint = switches
                .proxy_endpoint
                .clone()
                .unwrap_or_else(|| format!("https://{registry}.dkr.ecr.{}.amazonaws.com", env.region));
            json!({
                "authorizationToken": STANDARD.encode(format!("AWS:{password}")),
                "expiresAt": epoch_seconds(expires),
                "proxyEndpoint": endpoint,
            })
        })
        .collect();
    Ok(json!({ "authorizationData": data }))
}

/// In the form of AWS's passwords: the base64 of an envelope, new each time.
fn opaque(env: &Env, registry: &str) -> String {
    let blob = |name: &str, count: u64| -> String {
        let block = |n: u64| {
            digest(&[name.as_bytes(), registry.as_bytes(), &env.now().to_be_bytes(), &n.to_be_bytes()])
        };
        STANDARD.encode((0..count).map(|n| hex(&block(n))).collect::<String>())
    };
    let envelope = json!({
        "payload": blob("payload", 16),
        "datakey": blob("datakey", 3),
        "version": "2",
        "type": "DATA_KEY",
        "expiration": env.now() / SECOND + 43_200,
    });
    STANDARD.encode(envelope.to_string())
}
