//! Which identity each kind of client would use in an environment, and why: the documented order of precedence of each,
//! over what its own grammar reads from the two files. Nothing is called and no secret is read out.
//!
//! Orders: botocore `credentials.py` (`create_credential_resolver`), JS v3 `credential-provider-node` and
//! `resolveProfileData.js`, Go v2 `config/resolve_credentials.go`, Rust `aws-config` `default_provider/credentials.rs`
//! and `profile/credentials/repr.rs`, Java v2 `ProfileCredentialsUtils`. A test runs botocore beside it.

mod chain;
mod merged;

use crate::profiles::files;
use crate::{Env, ProfilesError};
use merged::Merged;
use serde::Serialize;
use std::collections::BTreeMap;

/// A kind of client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Client {
    /// AWS CLI version 2.
    AwsCli,
    /// boto3, and version 1 of the AWS CLI.
    Boto3,
    /// AWS SDK for JavaScript, version 3: the CDK among others.
    Js,
    /// AWS SDK for Go, version 2: Terraform among others.
    Go,
    /// AWS SDK for Rust.
    Rust,
    /// AWS SDK for Java, version 2.
    Java,
}

/// Where credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// `AWS_ACCESS_KEY_ID` and its companions.
    Environment,
    /// A role, with another profile's or source's credentials.
    AssumeRole,
    /// A role, by a token file.
    WebIdentity,
    /// Identity Center.
    Sso,
    /// `aws login`.
    Login,
    /// `credential_process`.
    Process,
    /// Keys in one of the two files.
    Keys,
    /// The container's endpoint.
    Container,
    /// The instance's metadata service.
    Instance,
    /// There is no source: the client says so.
    Nothing,
    /// The client stops with an error.
    Fails,
    /// The client reads around lines that the others refuse, and what it makes of the rest is not known.
    Uncertain,
}

/// One client's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientAnswer {
    /// The client.
    pub client: Client,
    /// Whether the profile is given to the client itself (`--profile`, in code) and not by the environment.
    pub explicit: bool,
    /// The profile that it looks at.
    pub profile: String,
    /// Where its credentials come from.
    pub source: Origin,
    /// Twelve digits, when files or environment tell.
    pub account: Option<String>,
    /// The region that it would call, when files or environment tell.
    pub region: Option<String>,
    /// The rule that decides, in a whole sentence.
    pub why: String,
}

/// All answers, and where they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answers {
    /// Each client by the environment; then, when a profile is asked for, each with that profile given to it.
    pub answers: Vec<ClientAnswer>,
    /// What differs among clients that are asked in the same way. Whole sentences; empty when all agree.
    pub differ: Vec<String>,
}

/// The clients' answers. With a profile, each client is asked twice: with `AWS_PROFILE` set to it, and with the profile
/// given to the client.
///
/// # Errors
/// [`ProfilesError`] when a file cannot be read as text; one that a grammar refuses is an answer, not an error.
pub async fn answers(env: &Env, profile: Option<&str>) -> Result<Answers, ProfilesError> {
    let files = files::read(env)?;
    let merged = Merged::of(&files);
    let asked = match profile {
        Some(name) => vec![
            (env.clone().with("AWS_PROFILE", name).without(&["AWS_DEFAULT_PROFILE"]), None),
            (env.clone(), Some(name)),
        ],
        None => vec![(env.clone(), None)],
    };
    let mut answers = Vec::new();
    let mut differ = Vec::new();
    for (env, explicit) in asked {
        let some: Vec<_> =
            Client::ALL.iter().map(|client| chain::answer(*client, &env, explicit, &merged)).collect();
        let how =
            if explicit.is_some() { "with the profile given to the client" } else { "by the environment" };
        differ.extend(differences(&some, how));
        answers.extend(some);
    }
    Ok(Answers { answers, differ })
}

fn differences(answers: &[ClientAnswer], how: &str) -> Vec<String> {
    let mut told = Vec::new();
    let identities = group(answers, |answer| {
        let account =
            answer.account.as_deref().map_or(String::new(), |account| format!(" in account {account}"));
        let profile = match answer.source {
            Origin::Environment
            | Origin::Container
            | Origin::Instance
            | Origin::Nothing
            | Origin::Uncertain => String::new(),
            Origin::AssumeRole
            | Origin::WebIdentity
            | Origin::Sso
            | Origin::Login
            | Origin::Process
            | Origin::Keys
            | Origin::Fails => format!(" of profile `{}`", answer.profile),
        };
        format!("{}{profile}{account}", answer.source.words())
    });
    if identities.len() > 1 {
        told.push(format!("Not one identity {how}: {}.", in_words(&identities)));
    }
    let regions = group(answers, |answer| answer.region.clone().unwrap_or_else(|| "none".to_owned()));
    if regions.len() > 1 {
        told.push(format!("Not one region {how}: {}.", in_words(&regions)));
    }
    told
}

fn group(answers: &[ClientAnswer], key: impl Fn(&ClientAnswer) -> String) -> BTreeMap<String, Vec<Client>> {
    let mut groups: BTreeMap<String, Vec<Client>> = BTreeMap::new();
    for answer in answers {
        groups.entry(key(answer)).or_default().push(answer.client);
    }
    groups
}

fn in_words(groups: &BTreeMap<String, Vec<Client>>) -> String {
    let part = |(what, clients): (&String, &Vec<Client>)| {
        let names: Vec<_> = clients.iter().map(ToString::to_string).collect();
        format!("{what} for {}", names.join(", "))
    };
    groups.iter().map(part).collect::<Vec<_>>().join("; ")
}

impl Client {
    /// All of them, as they are listed.
    pub const ALL: [Self; 6] = [Self::AwsCli, Self::Boto3, Self::Js, Self::Go, Self::Rust, Self::Java];

    /// Whether it reads the files by Python's grammar.
    fn is_python(self) -> bool {
        matches!(self, Self::AwsCli | Self::Boto3)
    }
}

impl std::fmt::Display for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AwsCli => "the AWS CLI",
            Self::Boto3 => "boto3",
            Self::Js => "the JavaScript SDK",
            Self::Go => "the Go SDK",
            Self::Rust => "the Rust SDK",
            Self::Java => "the Java SDK",
        })
    }
}

impl Origin {
    /// In words, as the middle of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Environment => "the environment's keys",
            Self::AssumeRole => "the role",
            Self::WebIdentity => "the web identity",
            Self::Sso => "the Identity Center sign-in",
            Self::Login => "the `aws login` session",
            Self::Process => "the process",
            Self::Keys => "the keys",
            Self::Container => "the container's endpoint",
            Self::Instance => "the instance's metadata",
            Self::Nothing => "no credentials",
            Self::Fails => "an error",
            Self::Uncertain => "an answer that is not certain",
        }
    }
}
