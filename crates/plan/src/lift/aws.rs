//! The AWS CLI: options that every command has, and which command goes where.

use super::context::Before;
use super::flags::{Flag, Options, Style, Takes, read};
use super::verdict::{Answer, Keep, keep};
use super::{Call, Output};
use super::{aws_apprunner, aws_ecr, aws_ecs, aws_ecs_reads, aws_ecs_tasks, aws_logs, aws_others};
use crate::shell::{Word, WrapperKind};

/// A command of the CLI: service and operation, its options, and what lifts it.
pub(crate) struct Operation {
    pub(crate) service: &'static str,
    pub(crate) name: &'static str,
    pub(crate) flags: &'static [Flag],
    pub(crate) lift: fn(&Aws<'_, '_, '_>) -> Result<Answer, Keep>,
}

/// A command of the CLI that is known, with its options read.
pub(crate) struct Aws<'a, 's, 'c> {
    pub(crate) call: &'c Call<'a, 's>,
    pub(crate) options: Options,
    /// Region of the command's own, where it names one.
    pub(crate) name: &'static str,
}

/// <https://docs.aws.amazon.com/cli/latest/reference/#global-options>
const GLOBAL: &[Flag] = &[
    ("--region", Takes::One),
    ("--profile", Takes::One),
    ("--output", Takes::One),
    ("--query", Takes::One),
    ("--endpoint-url", Takes::One),
    ("--no-verify-ssl", Takes::Nothing),
    ("--no-sign-request", Takes::Nothing),
    ("--ca-bundle", Takes::One),
    ("--no-cli-pager", Takes::Nothing),
    ("--no-paginate", Takes::Nothing),
    ("--color", Takes::One),
    ("--debug", Takes::Nothing),
    ("--cli-read-timeout", Takes::One),
    ("--cli-connect-timeout", Takes::One),
    ("--cli-binary-format", Takes::One),
    ("--no-cli-auto-prompt", Takes::Nothing),
    ("--cli-auto-prompt", Takes::Nothing),
    ("--generate-cli-skeleton", Takes::Many),
    ("--cli-input-json", Takes::One),
    ("--cli-input-yaml", Takes::One),
    ("--dry-run", Takes::Nothing),
];

/// Lifts a command of the CLI.
pub(crate) fn lift(call: &Call<'_, '_>) -> Result<Answer, Keep> {
    let (service, operation, words) = split(call)?;
    let known = known(&service, &operation);
    let Some(known) = known else {
        return keep(format!("`aws {service} {operation}` has no typed step"));
    };
    let options = read(call.values(), &words, Style::Aws, &[known.flags, GLOBAL])?;
    target(call, &options)?;
    alone(call)?;
    if known.name != "register-task-definition" && known.name != "wait" {
        options.refuse(&["--cli-input-json", "--cli-input-yaml"], "takes the request from somewhere else")?;
    }
    if !options.rest.is_empty() && !matches!(known.name, "tail" | "wait") {
        return keep(format!(
            "what `{}` means to it is not known",
            super::assigned::shown(&options.rest.join(" "))
        ));
    }
    (known.lift)(&Aws { call, options, name: known.name })
}

impl<'a, 's> Aws<'a, 's, '_> {
    /// What a query asks for, without the blanks in it.
    pub(crate) fn query(&self) -> Option<String> {
        self.options.one("--query").map(|query| query.chars().filter(|c| !c.is_whitespace()).collect())
    }

    /// The output of the step that is the same as what the command gives, when its output is kept in a variable; `known`
    /// says by query which.
    pub(crate) fn captured(&self, known: &[(&str, &str)]) -> Result<Option<(String, String)>, Keep> {
        let Output::Variable(variable) = &self.call.output else { return Ok(None) };
        let query = self.query().unwrap_or_default();
        let output = known.iter().find(|(asked, _)| **asked == query);
        match output {
            Some((_, output)) if self.options.one("--output") == Some("text") => {
                Ok(Some((variable.clone(), (*output).to_owned())))
            }
            Some(_) => keep("without `--output text` the variable holds JSON"),
            None => keep(format!("no step has `{}` as an output", super::assigned::shown(&query))),
        }
    }

    /// For commands whose output must not be needed by anybody.
    pub(crate) fn shown_only(&self) -> Result<(), Keep> {
        match &self.call.output {
            Output::Screen => Ok(()),
            Output::Searched { text, .. } => {
                keep(format!("its output is searched for `{}`", super::assigned::shown(text)))
            }
            Output::Variable(name) => keep(format!("`{name}` keeps its output")),
        }
    }
}

/// The options of a command, if it is this one of the CLI and goes to the target.
pub(crate) fn read_of(call: &Call<'_, '_>, service: &str, operation: &str) -> Result<Option<Options>, Keep> {
    if call.program != "aws" {
        return Ok(None);
    }
    let (found, name, words) = split(call)?;
    let Some(known) =
        known(&found, &name).filter(|known| known.service == service && known.name == operation)
    else {
        return Ok(None);
    };
    let options = read(call.values(), &words, Style::Aws, &[known.flags, GLOBAL])?;
    target(call, &options)?;
    Ok(Some(options))
}

fn known(service: &str, operation: &str) -> Option<&'static Operation> {
    let tables = [
        aws_ecs::ALL,
        aws_ecs_reads::ALL,
        aws_ecs_tasks::ALL,
        aws_apprunner::ALL,
        aws_ecr::ALL,
        aws_logs::ALL,
        aws_others::ALL,
    ];
    tables.into_iter().flatten().find(|known| known.service == service && known.name == operation)
}

/// Service, operation and the other words: options of the program may stand before them.
fn split(call: &Call<'_, '_>) -> Result<(String, String, Vec<Word>), Keep> {
    let mut names = Vec::new();
    let mut others: Vec<Word> = Vec::new();
    let mut words = call.arguments().iter();
    while names.len() < 2 {
        let Some(word) = words.next() else {
            return keep("it names no command of the AWS CLI");
        };
        let text = call.values().text(word)?;
        if !text.starts_with('-') {
            names.push(text);
            continue;
        }
        others.push(word.clone());
        let takes = GLOBAL.iter().find(|(name, _)| *name == text).map(|(_, takes)| *takes);
        if takes.is_some_and(|takes| takes != Takes::Nothing) {
            others.extend(words.next().cloned());
        }
    }
    // What stands behind goes first: an option with many values must not take the others for its own.
    let mut rest: Vec<Word> = words.cloned().collect();
    let positional = others.is_empty();
    if !positional {
        rest.splice(0..0, others);
    }
    let [service, operation] = names.as_slice() else { return keep("it names no command of the AWS CLI") };
    Ok((service.clone(), operation.clone(), rest))
}

/// Refuses what goes somewhere else than to the plan's target.
fn target(call: &Call<'_, '_>, options: &Options) -> Result<(), Keep> {
    options.refuse(
        &["--endpoint-url", "--no-verify-ssl", "--no-sign-request", "--ca-bundle"],
        "talks to something else than AWS as a step does",
    )?;
    options.refuse(
        &["--generate-cli-skeleton", "--cli-auto-prompt", "--dry-run"],
        "makes it do nothing, or something else",
    )?;
    let regions = options.one("--region").map(str::to_owned).into_iter().collect();
    let profiles = options.one("--profile").map(str::to_owned).into_iter().collect();
    reaches_target(call, regions, profiles)
}

/// Refuses credentials or a region that are not the target's: of options, of variables and of what the command is run by.
pub(crate) fn reaches_target(
    call: &Call<'_, '_>,
    mut regions: Vec<String>,
    mut profiles: Vec<String>,
) -> Result<(), Keep> {
    let context = call.context();
    if let Some(why) = &context.foreign {
        return keep(why.clone());
    }
    for assignment in call.unwrapped.environment.iter() {
        match assignment.name.as_str() {
            "AWS_REGION" | "AWS_DEFAULT_REGION" => {
                let value = call.values().text(&assignment.value)?;
                if regions.is_empty() {
                    regions.push(value);
                }
            }
            "AWS_PROFILE" | "AWS_DEFAULT_PROFILE" => profiles.push(call.values().text(&assignment.value)?),
            name if name.starts_with("AWS_") && !HARMLESS.contains(&name) => {
                return keep(format!("it sets `{name}` for itself"));
            }
            _ => {}
        }
    }
    for wrapper in &call.unwrapped.wrappers {
        if let WrapperKind::Credential { profile: Some(profile), .. } = &wrapper.kind {
            profiles.push(profile.clone());
        }
    }
    for (name, value) in &context.felt {
        match name.as_str() {
            "AWS_REGION" | "AWS_DEFAULT_REGION" if regions.is_empty() => regions.push(value.clone()),
            "AWS_PROFILE" | "AWS_DEFAULT_PROFILE" if profiles.is_empty() => profiles.push(value.clone()),
            name if name.starts_with("AWS_ENDPOINT_URL") => {
                return keep(format!("`{name}` sends it to something else than AWS"));
            }
            _ => {}
        }
    }
    for region in regions {
        same(call, "region", &region, context.facts.region.as_deref())?;
    }
    for profile in profiles {
        same(call, "profile", &profile, context.facts.profile.as_deref())?;
    }
    Ok(())
}

/// Variables of the AWS CLI that change nothing about what a command does.
const HARMLESS: [&str; 4] = ["AWS_PAGER", "AWS_SDK_LOAD_CONFIG", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"];

/// A region or profile of a command against that of the plan.
fn same(call: &Call<'_, '_>, what: &str, found: &str, wanted: Option<&str>) -> Result<(), Keep> {
    let Some(settled) = call.context().settled(found) else {
        return keep(format!("its {what} is only known when it runs"));
    };
    match wanted {
        Some(wanted) if wanted == settled => Ok(()),
        Some(wanted) => keep(format!("it goes to the {what} `{settled}`, and the plan's is `{wanted}`")),
        None if what == "profile"
            && call.context().facts.account.is_none()
            && call.context().steps.iter().any(|step| names_no_profile(step)) =>
        {
            keep(format!(
                "it goes to the profile `{settled}`, and steps before it name none: nothing says that both are one account"
            ))
        }
        None => {
            call.values().guess(format!("the {what} `{settled}` is that of the plan's target"));
            call.values().reach(what, &settled);
            Ok(())
        }
    }
}

/// Whether an earlier command became a step that goes to an account, and did not say by which profile.
fn names_no_profile(step: &Before) -> bool {
    let Some(lifted) = &step.lifted else { return false };
    let family = lifted.uses.split('.').next().unwrap_or_default();
    matches!(family, "apprunner" | "ecs" | "logs" | "network" | "rds" | "schema" | "secrets" | "terraform")
        && !lifted.reaches.iter().any(|(what, _)| what == "profile")
}

/// Refuses ARNs of another account or region than the plan's.
pub(crate) fn own(call: &Call<'_, '_>, arn: &str) -> Result<(), Keep> {
    let Some(settled) = call.context().settled(arn) else { return Ok(()) };
    let parts: Vec<&str> = settled.splitn(6, ':').collect();
    let ["arn", _, _, region, account, _] = parts.as_slice() else { return Ok(()) };
    let facts = &call.context().facts;
    for (what, found, wanted) in [("account", account, &facts.account), ("region", region, &facts.region)] {
        if let Some(wanted) = wanted.as_deref().filter(|wanted| !found.is_empty() && wanted != found) {
            return keep(format!("`{settled}` is in the {what} `{found}`, and the plan's is `{wanted}`"));
        }
    }
    Ok(())
}

/// Whether a command surely goes to another region or profile than the plan's: looked at for sign-ins, which are no step.
pub(crate) fn elsewhere(call: &Call<'_, '_>) -> bool {
    let Ok((_, _, words)) = split(call) else { return false };
    match read(call.values(), &words, Style::Aws, &[GLOBAL]) {
        Ok(options) => target(call, &options).is_err(),
        Err(_) => true,
    }
}

/// Refuses variables of the command's own that nobody here knows.
fn alone(call: &Call<'_, '_>) -> Result<(), Keep> {
    match call.unwrapped.environment.iter().find(|one| !one.name.starts_with("AWS_") && one.name != "PAGER") {
        Some(one) => keep(format!("it sets `{}` for itself", one.name)),
        None => Ok(()),
    }
}
