//! What the environment says twice, and which tool would listen to which.

use super::{Code, Examine, Finding, Repair, Weight};
use crate::config::{Origin, answers};

/// Examines the environment.
pub(super) async fn examine(with: &Examine<'_>) -> Vec<Finding> {
    let env = with.env;
    let mut found = Vec::new();
    let mut say = |code, weight, said: String, command: Option<&str>| {
        let finding = Finding::new(code, weight, said);
        found.push(match command {
            Some(command) => finding.with(Repair::Command(command.to_owned())),
            None => finding,
        });
    };
    let key = env.get("AWS_ACCESS_KEY_ID");
    let named =
        ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].into_iter().find(|variable| env.get(variable).is_some());
    if let (Some(_), Some(variable)) = (key, named) {
        let said = format!(
            "AWS_ACCESS_KEY_ID and {variable} are both set: the AWS CLI, boto3, Go, Rust and Java use the keys, the JavaScript SDK the profile. Unset the one that is not meant"
        );
        let command = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN";
        say(Code::TwoSources, Weight::Warning, said, Some(command));
    }
    if key.is_some() && env.get("AWS_SECRET_ACCESS_KEY").is_none() {
        let said = "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY: the AWS CLI and boto3 stop, the others look further";
        say(Code::KeysIncomplete, Weight::Problem, said.to_owned(), Some("unset AWS_ACCESS_KEY_ID"));
    }
    // Identifiers of temporary keys begin with ASIA (IAM user guide, "IAM identifiers").
    if key.is_some_and(|key| key.starts_with("ASIA")) && env.get("AWS_SESSION_TOKEN").is_none() {
        let said = "AWS_ACCESS_KEY_ID is a temporary key, and AWS_SESSION_TOKEN is not set: AWS will not know the key";
        say(Code::KeysIncomplete, Weight::Problem, said.to_owned(), None);
    }
    if let (Some(one), Some(other)) = (env.get("AWS_PROFILE"), env.get("AWS_DEFAULT_PROFILE"))
        && one != other
    {
        let said = format!(
            "AWS_PROFILE is `{one}` and AWS_DEFAULT_PROFILE is `{other}`: the AWS CLI and boto3 use `{other}`, the others `{one}`"
        );
        say(Code::TwoProfiles, Weight::Warning, said, Some("unset AWS_DEFAULT_PROFILE"));
    }
    if let (Some(one), Some(other)) = (env.get("AWS_REGION"), env.get("AWS_DEFAULT_REGION"))
        && one != other
    {
        let said = format!(
            "AWS_REGION is `{one}` and AWS_DEFAULT_REGION is `{other}`: boto3 calls `{other}`, other tools `{one}`"
        );
        say(Code::TwoRegions, Weight::Warning, said, Some("export AWS_DEFAULT_REGION=\"$AWS_REGION\""));
    }
    for (variable, value) in env.iter() {
        let Some(variable) = variable.to_str().filter(|name| name.starts_with("AWS_ENDPOINT_URL")) else {
            continue;
        };
        if let Some(to) = value.to_str().filter(|value| !value.is_empty()) {
            let to = to.split(['?', '#']).next().unwrap_or_default();
            let to = to.rsplit_once('@').map_or(to, |(_, host)| host);
            say(
                Code::EndpointOverride,
                Weight::Note,
                format!("{variable} sends calls to {to} and not to AWS"),
                None,
            );
        }
    }
    let Ok(told) = answers(env, None).await else { return found };
    if let Some(variable) = named
        && let Some(missing) =
            told.answers.iter().find(|a| a.source == Origin::Fails && a.why.contains("is in neither file"))
    {
        let said = format!(
            "{variable} names profile `{}`, which neither file has: names are case-sensitive, `holdpoint profiles` lists them",
            missing.profile
        );
        found.push(Finding::new(Code::ProfileMissing, Weight::Problem, said));
    }
    // Files without anything in them lead some tools to ask the host, which is no surprise.
    let mut differ = false;
    for said in told.differ {
        differ = true;
        found.push(Finding::new(Code::ClientsDiffer, Weight::Warning, said));
    }
    if !differ {
        let first = told.answers.first();
        let source = first.map_or("no credentials", |answer| answer.source.words());
        found.push(Finding::fine(
            Code::ClientsDiffer,
            format!("all tools would use the same source here: {source}"),
        ));
    }
    found
}
