//! Parameters by name, by path and by filter.

use serde_json::{Value, json};

use super::rules::{invalid, names};
use super::{Parameter, Parameters, Version, not_found, render};
use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::world::Env;

/// GetParameter; `name:3` is its third version.
pub(super) fn get(parameters: &Parameters, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let asked = input["Name"].as_str().unwrap_or_default();
    let decrypt = input["WithDecryption"].as_bool().unwrap_or(false);
    match one(parameters, env, asked) {
        Found::One(parameter, version, selector) => {
            Ok(json!({"Parameter": render(parameter, version, decrypt, selector.as_deref())}))
        }
        // The wording is to be confirmed.
        Found::NoVersion => Err(AwsError::new(
            "ParameterVersionNotFound",
            format!("Systems Manager could not find version of {asked}. Verify the version and try again."),
        )),
        Found::None => Err(not_found()),
    }
}

/// GetParameters, at most ten at once: what is not there is named, and is no error.
pub(super) fn get_some(parameters: &Parameters, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let decrypt = input["WithDecryption"].as_bool().unwrap_or(false);
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    for asked in names(input)? {
        match one(parameters, env, &asked) {
            Found::One(parameter, version, selector) => {
                found.push(render(parameter, version, decrypt, selector.as_deref()));
            }
            Found::NoVersion | Found::None => invalid.push(asked),
        }
    }
    Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
}

/// GetParametersByPath: those below a path, directly or at all.
pub(super) fn get_by_path(parameters: &Parameters, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let path = input["Path"].as_str().unwrap_or_default();
    if !path.starts_with('/') {
        // The wording is to be confirmed.
        return Err(invalid("The parameter path must begin with a slash."));
    }
    if input["ParameterFilters"].as_array().is_some_and(|filters| !filters.is_empty()) {
        return Err(AwsError::not_implemented("ssm", "GetParametersByPath with ParameterFilters"));
    }
    let recursive = input["Recursive"].as_bool().unwrap_or(false);
    let decrypt = input["WithDecryption"].as_bool().unwrap_or(false);
    let all = shown(parameters, env)
        .filter(|parameter| is_below(&parameter.name, path, recursive))
        .filter_map(|parameter| Some(render(parameter, parameter.versions.last()?, decrypt, None)))
        .collect();
    page(all, input, 10)
}

/// DescribeParameters: everything but values.
pub(super) fn describe(parameters: &Parameters, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let list = |member: &str| input[member].as_array().cloned().unwrap_or_default();
    let (old, new) = (list("Filters"), list("ParameterFilters"));
    if !old.is_empty() && !new.is_empty() {
        return Err(invalid("You can use either Filters or ParameterFilters in a single request."));
    }
    if input["Shared"].as_bool().unwrap_or(false) {
        return Err(AwsError::not_implemented("ssm", "DescribeParameters of shared parameters"));
    }
    let mut all = Vec::new();
    for parameter in shown(parameters, env) {
        let mut holds = true;
        for filter in &old {
            // The older filters look for beginnings, whatever they are of.
            holds &= fits(parameter, filter, "BeginsWith")?;
        }
        for filter in &new {
            holds &= fits(parameter, filter, "Equals")?;
        }
        if holds {
            all.push(metadata(parameter));
        }
    }
    page(all, input, 50)
}

enum Found<'a> {
    One(&'a Parameter, &'a Version, Option<String>),
    NoVersion,
    None,
}

fn one<'a>(parameters: &'a Parameters, env: &Env, asked: &str) -> Found<'a> {
    let newest = |parameter: &'a Parameter| parameter.versions.last();
    if let Some(parameter) = parameters.find(env, asked) {
        return newest(parameter).map_or(Found::None, |version| Found::One(parameter, version, None));
    }
    let Some((name, selector)) = asked.rsplit_once(':') else { return Found::None };
    let Some(parameter) = parameters.find(env, name) else { return Found::None };
    let wanted: Option<u64> = selector.parse().ok();
    match parameter.versions.iter().find(|version| Some(version.number) == wanted) {
        Some(version) => Found::One(parameter, version, Some(format!(":{selector}"))),
        None => Found::NoVersion,
    }
}

fn shown<'a>(parameters: &'a Parameters, env: &'a Env) -> impl Iterator<Item = &'a Parameter> {
    parameters.by_name.values().filter(|parameter| !env.hides_parameter(&parameter.name))
}

fn is_below(name: &str, path: &str, recursive: bool) -> bool {
    let Some(rest) = name.strip_prefix(path.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'))
    else {
        return false;
    };
    recursive || !rest.contains('/')
}

/// Whether a parameter fits a filter, by one of its values.
fn fits(parameter: &Parameter, filter: &Value, usual: &str) -> Result<bool, AwsError> {
    let key = filter["Key"].as_str().unwrap_or_default();
    let option = filter["Option"].as_str().unwrap_or(usual);
    let values: Vec<&str> =
        filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let text = match key {
        "Name" => parameter.name.as_str(),
        "Type" => parameter.kind.as_str(),
        "KeyId" => parameter.key.as_deref().unwrap_or_default(),
        "Tier" => parameter.tier.as_str(),
        "DataType" => parameter.data_type.as_str(),
        "Path" => {
            let recursive = match option {
                "Recursive" => true,
                "OneLevel" | "Equals" => false,
                other => return Err(no_option(key, other)),
            };
            return Ok(values.iter().any(|path| is_below(&parameter.name, path, recursive)));
        }
        tag if tag.starts_with("tag:") => {
            let Some(value) = parameter.tags.get(tag.trim_start_matches("tag:")) else { return Ok(false) };
            return Ok(values.is_empty() || values.contains(&value.as_str()));
        }
        other => {
            // The wording is to be confirmed.
            return Err(AwsError::new("InvalidFilterKey", format!("The filter key {other} is not valid.")));
        }
    };
    let bare = |text: &str| text.trim_start_matches('/').to_owned();
    match option {
        "Equals" if key == "Name" => Ok(values.iter().any(|value| bare(value) == bare(text))),
        "Equals" => Ok(values.contains(&text)),
        "BeginsWith" if key == "Name" => Ok(values.iter().any(|value| bare(text).starts_with(&bare(value)))),
        "BeginsWith" => Ok(values.iter().any(|value| text.starts_with(value))),
        "Contains" if key == "Name" => Ok(values.iter().any(|value| text.contains(value))),
        other => Err(no_option(key, other)),
    }
}

/// The wording is to be confirmed.
fn no_option(key: &str, option: &str) -> AwsError {
    AwsError::new(
        "InvalidFilterOption",
        format!("The filter option {option} is not valid for the key {key}."),
    )
}

fn metadata(parameter: &Parameter) -> Value {
    let mut body = json!({
        "Name": parameter.name,
        "ARN": parameter.arn,
        "Type": parameter.kind,
        "LastModifiedUser": parameter.changed_by,
        "Tier": parameter.tier,
        "Policies": [],
        "DataType": parameter.data_type,
    });
    if let Some(version) = parameter.versions.last() {
        body["Version"] = json!(version.number);
        body["LastModifiedDate"] = json!(epoch_seconds(version.changed_at));
    }
    for (member, text) in [
        ("Description", &parameter.description),
        ("KeyId", &parameter.key),
        ("AllowedPattern", &parameter.pattern),
    ] {
        if let Some(text) = text {
            body[member] = json!(text);
        }
    }
    body
}

fn page(all: Vec<Value>, input: &Value, most: u64) -> Result<Value, AwsError> {
    let size = input["MaxResults"].as_u64().unwrap_or(most);
    if !(1..=most).contains(&size) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: Member must have value \
             less than or equal to {most}."
        )));
    }
    let from: usize = match input["NextToken"].as_str() {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| AwsError::new("InvalidNextToken", "The specified token isn't valid."))?,
    };
    let end = from.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
    let more = all.len() > end;
    let items: Vec<Value> = all.into_iter().skip(from).take(end - from).collect();
    let mut body = json!({"Parameters": items});
    if more {
        body["NextToken"] = json!(format!("page-{end}"));
    }
    Ok(body)
}
