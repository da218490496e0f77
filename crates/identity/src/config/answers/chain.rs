//! The order in which each client looks for credentials.

use super::merged::{Both, Merged, Settings};
use super::{Client, ClientAnswer, Origin};
use crate::Env;

/// The longest chain of `source_profile` that is followed.
const LONGEST: usize = 64;

/// A source that was found: what it is, whose account, and the rule.
struct Found {
    source: Origin,
    account: Option<String>,
    why: String,
}

/// What a client is asked with.
struct Asked<'a> {
    client: Client,
    env: &'a Env,
    explicit: Option<&'a str>,
    profile: &'a str,
    both: &'a Both,
}

/// A client's answer.
pub(super) fn answer(client: Client, env: &Env, explicit: Option<&str>, merged: &Merged) -> ClientAnswer {
    let (profile, by) = selected(client, env, explicit);
    let both = if client.is_python() { &merged.botocore } else { &merged.sdk };
    let (found, region) = match both {
        Ok(both) => {
            let asked = Asked { client, env, explicit, profile: &profile, both };
            (asked.find(by), asked.region())
        }
        Err(fault) => broken(client, env, explicit, fault),
    };
    ClientAnswer {
        client,
        explicit: explicit.is_some(),
        profile,
        source: found.source,
        account: found.account,
        region,
        why: found.why,
    }
}

/// The profile that a client looks at, and what named it; nothing when it is the default.
fn selected(client: Client, env: &Env, explicit: Option<&str>) -> (String, Option<&'static str>) {
    let variables: &[&'static str] = match client {
        // botocore asks for the older name first.
        Client::AwsCli | Client::Boto3 => &["AWS_DEFAULT_PROFILE", "AWS_PROFILE"],
        Client::Go => &["AWS_PROFILE", "AWS_DEFAULT_PROFILE"],
        Client::Js | Client::Rust | Client::Java => &["AWS_PROFILE"],
    };
    if let Some(name) = explicit {
        return (name.to_owned(), Some("the client's own setting"));
    }
    let named = variables.iter().find_map(|variable| Some((env.get(variable)?.to_owned(), Some(*variable))));
    named.unwrap_or_else(|| ("default".to_owned(), None))
}

/// What a client does with files that its grammar refuses.
fn broken(client: Client, env: &Env, explicit: Option<&str>, fault: &str) -> (Found, Option<String>) {
    let region = region_of_env(client, env);
    let keys = env_keys(env, client);
    let found = match client {
        Client::AwsCli | Client::Boto3 => Found::fails(format!("it refuses the whole file: {fault}")),
        Client::Rust if keys => {
            Found::environment(env, "the environment comes first, so the broken file is not asked")
        }
        Client::Java if keys && explicit.is_none() => {
            Found::environment(env, "the environment comes first, so the broken file is not asked")
        }
        Client::Js if keys && selected(client, env, explicit).1.is_none() => {
            Found::environment(env, "without a profile's name the environment comes first")
        }
        Client::Js => Found::of(
            Origin::Uncertain,
            None,
            format!("it reads around lines that the other SDKs refuse: {fault}"),
        ),
        Client::Go | Client::Rust | Client::Java => {
            Found::fails(format!("it refuses the whole file: {fault}"))
        }
    };
    (found, region)
}

impl Asked<'_> {
    fn find(&self, by: Option<&'static str>) -> Found {
        let keys = env_keys(self.env, self.client);
        let web = self.env.get("AWS_WEB_IDENTITY_TOKEN_FILE").is_some();
        let is_there = self.both.profiles.contains_key(self.profile);
        let settings = self.both.profiles.get(self.profile);
        let of_profile = || settings.and_then(|settings| self.of_profile(self.profile, settings, 0));
        let web_identity = || web.then(|| web_of_env(self.env));
        let missing = |more: &str| {
            let by = by.unwrap_or("the client");
            Found::fails(format!("profile `{}`, named by {by}, is in neither file{more}", self.profile))
        };
        let found = match self.client {
            Client::AwsCli | Client::Boto3 => {
                if by.is_some() && !is_there {
                    return missing(
                        ", and botocore stops at that even when there are keys in the environment",
                    );
                }
                let has_role = settings.is_some_and(|s| {
                    s.contains_key("role_arn") && !s.contains_key("web_identity_token_file")
                });
                if self.explicit.is_none() && keys {
                    Some(Found::environment(
                        self.env,
                        "botocore asks the environment first, and AWS_PROFILE does not change that",
                    ))
                } else if has_role || self.explicit.is_some() {
                    of_profile()
                } else {
                    web_identity().or_else(of_profile)
                }
            }
            Client::Js => {
                if by.is_none() && keys {
                    Some(Found::environment(self.env, "without a profile's name the environment comes first"))
                } else {
                    // A profile that is missing or has nothing is passed over.
                    of_profile().or_else(web_identity)
                }
            }
            Client::Go => {
                if by.is_some_and(|by| by != "AWS_DEFAULT_PROFILE") && !is_there {
                    return missing("");
                }
                if self.explicit.is_none() && keys {
                    Some(Found::environment(
                        self.env,
                        "the environment comes first; only a profile given in code is asked before it",
                    ))
                } else if self.explicit.is_none() && web {
                    web_identity()
                } else {
                    of_profile()
                }
            }
            Client::Rust => {
                if keys {
                    Some(Found::environment(
                        self.env,
                        "the environment comes first, even before a profile given in code",
                    ))
                } else if by.is_some() && !is_there {
                    return missing("");
                } else {
                    of_profile().or_else(web_identity)
                }
            }
            Client::Java => {
                if keys {
                    Some(Found::environment(
                        self.env,
                        "the environment comes first, even before a profile's name",
                    ))
                } else {
                    web_identity().or_else(of_profile)
                }
            }
        };
        found.unwrap_or_else(|| self.of_host())
    }

    /// The profile's own answer, in the client's order; `None` when it has no credentials.
    ///
    /// `depth` counts the profiles before it in a chain of `source_profile`.
    fn of_profile(&self, name: &str, settings: &Settings, depth: usize) -> Option<Found> {
        let is_first = depth == 0;
        let has = |key: &str| settings.contains_key(key);
        let has_keys = has("aws_access_key_id");
        let has_sso = ["sso_session", "sso_start_url", "sso_account_id", "sso_region", "sso_role_name"]
            .into_iter()
            .any(has);
        let sso = || has_sso.then(|| self.sso(name, settings));
        let role = || has("role_arn").then(|| self.role(name, settings, depth));
        let web = || {
            let account = settings.get("role_arn").and_then(|arn| account_of(arn));
            has("web_identity_token_file").then(|| match has("role_arn") {
                true => Found::of(
                    Origin::WebIdentity,
                    account,
                    format!("profile `{name}` has web_identity_token_file"),
                ),
                false => {
                    Found::fails(format!("profile `{name}` has web_identity_token_file without role_arn"))
                }
            })
        };
        let login = || {
            let account = settings.get("login_session").and_then(|arn| account_of(arn));
            has("login_session")
                .then(|| Found::of(Origin::Login, account, format!("profile `{name}` has login_session")))
        };
        let process = || {
            has("credential_process").then(|| {
                let account = settings.get("aws_account_id").cloned();
                Found::of(Origin::Process, account, format!("profile `{name}` has credential_process"))
            })
        };
        let keys = || has_keys.then(|| self.keys(name, settings));
        let is_role = has("role_arn") && !has("web_identity_token_file");
        match self.client {
            Client::AwsCli | Client::Boto3 => {
                let in_credentials = self.both.keys_in_credentials.iter().any(|with| with == name);
                let sso =
                    || (has("sso_role_name") || has("sso_account_id")).then(|| self.sso(name, settings));
                // A source's own credentials are taken before its role.
                let is_role = is_role && (is_first || !(has_keys && has("aws_secret_access_key")));
                is_role
                    .then(|| self.role(name, settings, depth))
                    .or_else(web)
                    .or_else(sso)
                    .or_else(|| if in_credentials { keys() } else { None })
                    .or_else(login)
                    .or_else(process)
                    .or_else(keys)
            }
            Client::Js => {
                if !is_first && has_keys {
                    return keys();
                }
                let has_one_source = has("source_profile") != has("credential_source");
                (is_role && has_one_source)
                    .then(|| self.role(name, settings, depth))
                    .or_else(keys)
                    .or_else(web)
                    .or_else(process)
                    .or_else(sso)
                    .or_else(login)
            }
            Client::Go => {
                let source = has("role_arn") && has("source_profile");
                source
                    .then(|| self.role(name, settings, depth))
                    .or_else(|| (has_keys && has("role_arn")).then(|| self.own_role(name, settings)))
                    .or_else(keys)
                    .or_else(|| has("credential_source").then(|| self.role(name, settings, depth)))
                    .or_else(web)
                    .or_else(sso)
                    .or_else(login)
                    .or_else(process)
            }
            Client::Rust => {
                if !is_first && has_keys {
                    return keys();
                }
                is_role
                    .then(|| self.role(name, settings, depth))
                    .or_else(|| settings.get("credential_source").map(|source| self.named(name, source)))
                    .or_else(web)
                    .or_else(sso)
                    .or_else(login)
                    .or_else(process)
                    .or_else(keys)
            }
            Client::Java => web().or_else(sso).or_else(role).or_else(login).or_else(process).or_else(keys),
        }
    }

    fn sso(&self, name: &str, settings: &Settings) -> Found {
        let session = settings.get("sso_session");
        let of_session = session.and_then(|session| self.both.sessions.get(session));
        if let Some(session) = session
            && of_session.is_none()
        {
            return Found::fails(format!(
                "profile `{name}` names [sso-session {session}], which no file has"
            ));
        }
        for key in ["sso_start_url", "sso_region"] {
            let (own, theirs) = (settings.get(key), of_session.and_then(|session| session.get(key)));
            if self.client.is_python() && own.is_some() && theirs.is_some() && own != theirs {
                return Found::fails(format!(
                    "`{key}` of profile `{name}` and of its session are two values"
                ));
            }
            if self.client == Client::Rust && own.is_some() && session.is_some() {
                return Found::fails(format!("`{key}` stands beside sso_session in profile `{name}`"));
            }
            if own.is_none() && theirs.is_none() {
                return Found::fails(format!(
                    "profile `{name}` signs in by Identity Center and has no {key}"
                ));
            }
        }
        for key in ["sso_account_id", "sso_role_name"] {
            if !settings.contains_key(key) {
                return Found::fails(format!(
                    "profile `{name}` signs in by Identity Center and has no {key}"
                ));
            }
        }
        let by =
            session.map_or("its own sso_start_url".to_owned(), |session| format!("[sso-session {session}]"));
        let account = settings.get("sso_account_id").cloned();
        Found::of(Origin::Sso, account, format!("profile `{name}` signs in by {by}"))
    }

    fn role(&self, name: &str, settings: &Settings, depth: usize) -> Found {
        let account = settings.get("role_arn").and_then(|arn| account_of(arn));
        let by = match (settings.get("source_profile"), settings.get("credential_source")) {
            (Some(_), Some(_)) => {
                return Found::fails(format!(
                    "profile `{name}` has both source_profile and credential_source"
                ));
            }
            (None, None) => {
                return Found::fails(format!(
                    "profile `{name}` has role_arn with neither source_profile nor credential_source"
                ));
            }
            (Some(source), None) => {
                if let Some(fails) = self.source_fails(name, source, depth) {
                    return fails;
                }
                format!("source_profile `{source}`")
            }
            (None, Some(source)) => match self.named(name, source) {
                found if found.source == Origin::Fails => return found,
                _ => format!("credential_source {source}"),
            },
        };
        Found::of(Origin::AssumeRole, account, format!("profile `{name}` assumes a role with {by}"))
    }

    /// Why a source profile gives nothing, when it does not.
    fn source_fails(&self, name: &str, source: &str, depth: usize) -> Option<Found> {
        let Some(settings) = self.both.profiles.get(source) else {
            return Some(Found::fails(format!(
                "profile `{name}` names source_profile `{source}`, which no file has"
            )));
        };
        if depth >= LONGEST {
            return Some(Found::fails(format!("the source_profile of `{name}` goes round in a circle")));
        }
        if source == name {
            // A profile that names itself starts from its own keys.
            return match settings.contains_key("aws_access_key_id") {
                true => None,
                false => Some(Found::fails(format!(
                    "profile `{name}` names itself as source_profile and has no keys"
                ))),
            };
        }
        match self.of_profile(source, settings, depth + 1) {
            Some(found) if found.source == Origin::Fails => Some(found),
            Some(_) => None,
            None => Some(Found::fails(format!("source_profile `{source}` of `{name}` has no credentials"))),
        }
    }

    /// The source that `credential_source` names.
    fn named(&self, name: &str, source: &str) -> Found {
        let why = format!("profile `{name}` has credential_source {source}");
        match source {
            "Environment" => Found::of(Origin::Environment, None, why),
            "Ec2InstanceMetadata" => Found::of(Origin::Instance, None, why),
            "EcsContainer" => Found::of(Origin::Container, None, why),
            _ => Found::fails(format!(
                "profile `{name}` has credential_source `{source}`, which is none of Environment, Ec2InstanceMetadata and EcsContainer"
            )),
        }
    }

    /// A role assumed with the keys of the very profile.
    fn own_role(&self, name: &str, settings: &Settings) -> Found {
        let account = settings.get("role_arn").and_then(|arn| account_of(arn));
        Found::of(Origin::AssumeRole, account, format!("profile `{name}` assumes a role with its own keys"))
    }

    fn keys(&self, name: &str, settings: &Settings) -> Found {
        if !settings.contains_key("aws_secret_access_key") {
            return Found::fails(format!(
                "profile `{name}` has aws_access_key_id without aws_secret_access_key"
            ));
        }
        let is_in = |list: &[String]| list.iter().any(|with| with == name);
        let file = match (is_in(&self.both.keys_in_credentials), is_in(&self.both.keys_in_config)) {
            (true, true) => "both files, and those of the credentials file count",
            (true, false) | (false, false) => "the credentials file",
            (false, true) => "the config file",
        };
        let account = settings.get("aws_account_id").cloned();
        Found::of(Origin::Keys, account, format!("profile `{name}` has keys in {file}"))
    }

    /// What is left when neither environment nor profile has credentials.
    fn of_host(&self) -> Found {
        let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
        if let Some(variable) = container.into_iter().find(|variable| self.env.get(variable).is_some()) {
            return Found::of(
                Origin::Container,
                None,
                format!("nothing else has credentials, and {variable} names an endpoint"),
            );
        }
        let is_off =
            self.env.get("AWS_EC2_METADATA_DISABLED").is_some_and(|off| off.eq_ignore_ascii_case("true"));
        match is_off {
            true => Found::of(Origin::Nothing, None, "neither environment nor profile has credentials".to_owned()),
            false => Found::of(
                Origin::Instance,
                None,
                "neither environment nor profile has credentials, so the instance's metadata service is asked".to_owned(),
            ),
        }
    }

    fn region(&self) -> Option<String> {
        let own = self.both.profiles.get(self.profile).and_then(|settings| settings.get("region"));
        region_of_env(self.client, self.env).or_else(|| own.filter(|region| !region.is_empty()).cloned())
    }
}

/// Regions that the environment names: botocore knows only the older variable, JavaScript and Java only the newer.
fn region_of_env(client: Client, env: &Env) -> Option<String> {
    let variables: &[&str] = match client {
        Client::Boto3 => &["AWS_DEFAULT_REGION"],
        Client::AwsCli | Client::Go | Client::Rust => &["AWS_REGION", "AWS_DEFAULT_REGION"],
        Client::Js | Client::Java => &["AWS_REGION"],
    };
    variables.iter().find_map(|variable| env.get(variable)).map(str::to_owned)
}

/// Whether the environment's keys count: botocore stops at an access key alone, the others want the secret, too.
fn env_keys(env: &Env, client: Client) -> bool {
    env.get("AWS_ACCESS_KEY_ID").is_some()
        && (client.is_python() || env.get("AWS_SECRET_ACCESS_KEY").is_some())
}

fn web_of_env(env: &Env) -> Found {
    match env.get("AWS_ROLE_ARN") {
        Some(arn) => Found::of(
            Origin::WebIdentity,
            account_of(arn),
            "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are in the environment".to_owned(),
        ),
        None => {
            Found::fails("AWS_WEB_IDENTITY_TOKEN_FILE is in the environment without AWS_ROLE_ARN".to_owned())
        }
    }
}

/// The account of an ARN.
fn account_of(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then(|| account.to_owned())
}

impl Found {
    fn of(source: Origin, account: Option<String>, why: String) -> Self {
        Self { source, account, why }
    }

    fn fails(why: String) -> Self {
        Self { source: Origin::Fails, account: None, why }
    }

    fn environment(env: &Env, why: &str) -> Self {
        if env.get("AWS_SECRET_ACCESS_KEY").is_none() {
            return Self::fails(
                "AWS_ACCESS_KEY_ID is in the environment without AWS_SECRET_ACCESS_KEY".to_owned(),
            );
        }
        Self::of(Origin::Environment, env.get("AWS_ACCOUNT_ID").map(str::to_owned), why.to_owned())
    }
}
