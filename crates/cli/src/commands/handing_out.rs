//! `credential-process` and `env`: credentials for programs that cannot ask an endpoint.

use crate::args::{CredentialProcess, Shell, Variables};
use crate::commands::sessions;
use crate::exit::Exit;
use crate::output;
use holdpoint_api::Problem;
use holdpoint_identity::Env;
use holdpoint_redact::Secret;
use serde_json::json;

/// Whatever would come before the profile that is chosen, in any client.
const IN_THE_WAY: [&str; 12] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Prints credentials as a `credential_process` does. It never asks: who started it waits for its end.
pub(crate) async fn credential_process(args: &CredentialProcess, env: &Env) -> Result<Exit, Problem> {
    // Keys take no region, and the profile need not have one.
    let session = sessions::silent(env, Some(&args.profile), Some("us-east-1")).await?;
    let keys = session.hand_out().await.map_err(|error| Problem::new(error.to_string()))?;
    output::line(keys.process_json().expose());
    Ok(Exit::Done)
}

/// Prints variables for a shell.
pub(crate) async fn variables(args: &Variables, env: &Env) -> Result<Exit, Problem> {
    let session = sessions::open(env, Some(&args.profile), args.region.as_deref()).await?;
    let mut set: Vec<(&str, Secret)> = Vec::new();
    let mut unset: Vec<&str> = IN_THE_WAY.to_vec();
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        set.push((name, Secret::new(session.region().to_owned())));
    }
    unset.push("AWS_DEFAULT_PROFILE");
    if args.credentials {
        let keys = session.hand_out().await.map_err(|error| Problem::new(error.to_string()))?;
        set.extend(keys.variables());
        unset.push("AWS_PROFILE");
    } else {
        set.push(("AWS_PROFILE", Secret::new(args.profile.clone())));
    }
    unset.retain(|name| set.iter().all(|(known, _)| known != name));
    output::raw(&written(args.shell, &set, &unset));
    Ok(Exit::Done)
}

fn written(shell: Shell, set: &[(&str, Secret)], unset: &[&str]) -> String {
    let mut text = String::new();
    match shell {
        Shell::Bash => {
            unset.iter().for_each(|name| text.push_str(&format!("unset {name}\n")));
            for (name, value) in set {
                let value = value.expose().replace('\'', r"'\''");
                text.push_str(&format!("export {name}='{value}'\n"));
            }
        }
        Shell::Fish => {
            unset.iter().for_each(|name| text.push_str(&format!("set -e {name}\n")));
            for (name, value) in set {
                let value = value.expose().replace('\\', r"\\").replace('\'', r"\'");
                text.push_str(&format!("set -gx {name} '{value}'\n"));
            }
        }
        Shell::Powershell => {
            for name in unset {
                text.push_str(&format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue\n"));
            }
            for (name, value) in set {
                text.push_str(&format!("$Env:{name} = '{}'\n", value.expose().replace('\'', "''")));
            }
        }
        Shell::Json => {
            let set: serde_json::Map<String, serde_json::Value> =
                set.iter().map(|(name, value)| ((*name).to_owned(), value.expose().into())).collect();
            text.push_str(&format!("{}\n", json!({ "set": set, "unset": unset })));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Secret, Shell, written};

    #[test]
    fn values_are_quoted_as_each_shell_reads_them() {
        let value = r"it's a \ $x";
        for (shell, expected) in [
            (Shell::Bash, "unset B\nexport A='it'\\''s a \\ $x'\n"),
            (Shell::Fish, "set -e B\nset -gx A 'it\\'s a \\\\ $x'\n"),
            (
                Shell::Powershell,
                "Remove-Item Env:B -ErrorAction SilentlyContinue\n$Env:A = 'it''s a \\ $x'\n",
            ),
            (Shell::Json, "{\"set\":{\"A\":\"it's a \\\\ $x\"},\"unset\":[\"B\"]}\n"),
        ] {
            assert_eq!(
                written(shell, &[("A", Secret::new(value.to_owned()))], &["B"]),
                expected,
                "{shell:?}"
            );
        }
    }
}
