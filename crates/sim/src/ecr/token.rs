//! GetAuthorizationToken. Which password it hands out, and for which endpoint, can be switched, so that another registry with basic
//! authentication can stand behind it; without a switch the password opens the registry that is here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::{SECOND, epoch_seconds};
use crate::ecr::Asked;
use crate::people::Caller;
use crate::registry::{Holder, ecr_host, sealed};

/// What the token says; a member that is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EcrSwitches {
    /// The password behind `AWS:`; without it one that the simulator's own registry takes, as long as AWS's.
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

/// Hands out a password for each registry that was asked for; it says whose it is.
pub(crate) fn issue(switches: &EcrSwitches, asked: &Asked<'_>, caller: &Caller) -> Result<Value, AwsError> {
    let env = &*asked.env;
    let registries: Vec<&str> =
        asked.input["registryIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(wrong) =
        registries.iter().find(|id| id.len() != 12 || !id.chars().all(|c| c.is_ascii_digit()))
    {
        return Err(AwsError::invalid_parameter(format!(
            "Invalid parameter at 'registryIds' failed to satisfy constraint: '{wrong}' is not a registry id"
        )));
    }
    let registries = if registries.is_empty() { vec![env.account.as_str()] } else { registries };
    let expires = env.now() + switches.seconds.unwrap_or(43_200) * SECOND;
    let holder =
        Holder { account: caller.account.clone(), arn: caller.arn.clone(), name: caller.name.clone() };
    let data: Vec<Value> = registries
        .into_iter()
        .map(|registry| {
            let password = switches.password.clone();
            let password = password.unwrap_or_else(|| sealed(&env.key, &holder, env.now(), expires));
            let endpoint = switches
                .proxy_endpoint
                .clone()
                .unwrap_or_else(|| format!("https://{}", ecr_host(registry, &env.region)));
            json!({
                "authorizationToken": STANDARD.encode(format!("AWS:{password}")),
                "expiresAt": epoch_seconds(expires),
                "proxyEndpoint": endpoint,
            })
        })
        .collect();
    Ok(json!({ "authorizationData": data }))
}
