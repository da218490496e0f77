//! What Parameter Store refuses, in its own words where users show them (Systems Manager user guide and its clients' issues).

use serde_json::Value;

use crate::aws_error::AwsError;
use crate::protocol::query::texts;

const KINDS: [&str; 3] = ["String", "StringList", "SecureString"];
/// Bytes of a value in the standard tier.
const STANDARD: usize = 4096;
/// Bytes of a value in the advanced tier.
const ADVANCED: usize = 8192;
/// Levels of a name.
const LEVELS: usize = 15;

/// Checks what PutParameter was given, but for its type.
pub(super) fn check(name: &str, input: &Value) -> Result<(), AwsError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let bare = name.trim_start_matches('/').to_ascii_lowercase();
    let is_path = name.matches('/').count() > 1;
    if bare.starts_with("aws") && is_path {
        return Err(AwsError::new(
            "AccessDeniedException",
            format!("No access to reserved parameter name: {name}."),
        ));
    }
    if !is_path && (bare.starts_with("aws") || bare.starts_with("ssm")) {
        return Err(invalid("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."));
    }
    if bare.is_empty() || bare.starts_with("ssm") || !name.chars().all(fits) {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
             sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following \
             3 symbols .-_",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    if name.ends_with('/') {
        return Err(invalid("Parameter name must not end with slash."));
    }
    if name.split('/').skip(1).count() > LEVELS {
        // The wording is to be confirmed.
        return Err(AwsError::new(
            "HierarchyLevelLimitExceededException",
            format!("A parameter's name may have {LEVELS} levels."),
        ));
    }
    let value = input["Value"].as_str().unwrap_or_default();
    if value.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater \
             than or equal to 1.",
        ));
    }
    let tier = input["Tier"].as_str().unwrap_or("Standard");
    if value.len() > STANDARD && tier == "Standard" {
        return Err(invalid(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter \
             value, upgrade the parameter to use the advanced-parameter tier. For more information, see \
             https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
        ));
    }
    if value.len() > ADVANCED {
        // The wording is to be confirmed.
        return Err(invalid(
            "Advanced tier parameters support a maximum parameter value of 8192 characters.",
        ));
    }
    if input["Overwrite"].as_bool().unwrap_or(false)
        && input["Tags"].as_array().is_some_and(|tags| !tags.is_empty())
    {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
             overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    // Patterns, policies and images are not done here, and not done by name.
    for member in ["AllowedPattern", "Policies"] {
        if input[member].as_str().is_some_and(|text| !text.is_empty()) {
            return Err(AwsError::not_implemented("ssm", &format!("PutParameter with {member}")));
        }
    }
    if input["DataType"].as_str().is_some_and(|of| of != "text") {
        return Err(AwsError::not_implemented("ssm", "PutParameter with a DataType other than text"));
    }
    Ok(())
}

/// The type that a parameter gets: what was given, else the one that it had.
pub(super) fn kind(input: &Value, before: Option<&str>) -> Result<String, AwsError> {
    match (input["Type"].as_str(), before) {
        (Some(given), _) if !KINDS.contains(&given) => Err(invalid(format!(
            "1 validation error detected: Value '{given}' at 'type' failed to satisfy constraint: Member must satisfy enum \
             value set: [SecureString, StringList, String]"
        ))),
        (Some(given), Some(before)) if given != before => Err(AwsError::new(
            "HierarchyTypeMismatchException",
            // The wording is to be confirmed.
            "The parameter type cannot be changed: delete the parameter and create it again.",
        )),
        (Some(given), _) => Ok(given.to_owned()),
        (None, Some(before)) => Ok(before.to_owned()),
        (None, None) => Err(invalid("A parameter type is required when you create a parameter.")),
    }
}

/// `Names`, of which there may be ten.
pub(super) fn names(input: &Value) -> Result<Vec<String>, AwsError> {
    let names: Vec<String> = texts(&input["Names"]).into_iter().map(str::to_owned).collect();
    match names.len() {
        1..=10 => Ok(names),
        0 => Err(invalid(
            "1 validation error detected: Value '[]' at 'names' failed to satisfy constraint: Member must have length \
             greater than or equal to 1.",
        )),
        _ => Err(invalid(format!(
            "1 validation error detected: Value '[{}]' at 'names' failed to satisfy constraint: Member must have length less \
             than or equal to 10.",
            names.join(", ")
        ))),
    }
}

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationException", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_and_values_are_checked() {
        let deep = "/a".repeat(16);
        let long = "x".repeat(4097);
        for (name, value, refused) in [
            ("/shop/db", "v", None),
            ("shop-db", "v", None),
            ("/shop", "v", None),
            ("shop/db", "v", Some("fully qualified name")),
            ("/shop/", "v", Some("end with slash")),
            ("ssm-shop", "v", Some("\"aws\" or \"ssm\"")),
            ("/aws/shop", "v", Some("No access to reserved parameter name")),
            ("/shop/a b", "v", Some("letters, numbers")),
            (deep.as_str(), "v", Some("15 levels")),
            ("/shop/db", "", Some("greater than or equal to 1")),
            ("/shop/db", long.as_str(), Some("4096 characters")),
        ] {
            let said = check(name, &json!({"Value": value})).err().map(|error| error.message);
            match refused {
                None => assert_eq!(said, None, "{name}"),
                Some(part) => {
                    assert!(said.as_ref().is_some_and(|text| text.contains(part)), "{name}: {said:?}")
                }
            }
        }
    }
}
