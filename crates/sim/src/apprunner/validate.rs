//! What App Runner refuses before it begins, in its own words. Codes and messages are those that its users report;
//! where nobody does, the comment says that the wording is to be confirmed.

use serde_json::Value;

use crate::aws_error::AwsError;
use crate::clock::Micros;

/// The constraints that a request violates, gathered as AWS gathers them.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<String>);

impl Violations {
    /// A name: `min` to `max` characters, letters and digits first, then also `-` and `_`.
    pub(crate) fn name(&mut self, value: &Value, member: &str, max: usize) {
        let Some(name) = value.as_str() else {
            self.missing(member);
            return;
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let well_formed = name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(fits)
            && (4..=max).contains(&name.len());
        if !well_formed {
            // App Runner says the service's pattern without the backslash (API model).
            let pattern = if member == "serviceName" { "A-Za-z0-9-_" } else { "A-Za-z0-9\\-_" };
            self.pattern(name, member, &format!("[A-Za-z0-9][{pattern}]{{3,{}}}", max - 1));
        }
        if name.len() > max {
            self.constraint(name, member, &format!("Member must have length less than or equal to {max}"));
        } else if name.len() < 4 {
            self.constraint(name, member, "Member must have length greater than or equal to 4");
        }
    }

    /// A number within bounds, unless it is absent.
    pub(crate) fn number(&mut self, value: &Value, member: &str, min: u64, max: u64) {
        if value.is_null() {
            return;
        }
        match value.as_i64() {
            Some(number) if number < min as i64 => {
                self.constraint(
                    &number.to_string(),
                    member,
                    &format!("Member must have value greater than or equal to {min}"),
                );
            }
            Some(number) if number > max as i64 => {
                self.constraint(
                    &number.to_string(),
                    member,
                    &format!("Member must have value less than or equal to {max}"),
                );
            }
            Some(_) => {}
            None => self.constraint(&value.to_string(), member, "Member must be a number"),
        }
    }

    /// One of a set, unless it is absent.
    pub(crate) fn one_of(&mut self, value: &Value, member: &str, set: &[&str]) {
        if value.is_null() || value.as_str().is_some_and(|text| set.contains(&text)) {
            return;
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.constraint(&text, member, &format!("Member must satisfy enum value set: [{}]", set.join(", ")));
    }

    pub(crate) fn pattern(&mut self, value: &str, member: &str, pattern: &str) {
        self.constraint(value, member, &format!("Member must satisfy regular expression pattern: {pattern}"));
    }

    pub(crate) fn constraint(&mut self, value: &str, member: &str, must: &str) {
        self.0.push(format!("Value '{value}' at '{member}' failed to satisfy constraint: {must}"));
    }

    pub(crate) fn missing(&mut self, member: &str) {
        self.0
            .push(format!("Value null at '{member}' failed to satisfy constraint: Member must not be null"));
    }

    /// Nothing, or the refusal that names them all.
    pub(crate) fn done(self) -> Result<(), AwsError> {
        let count = self.0.len();
        if count == 0 {
            return Ok(());
        }
        let errors = if count == 1 { "error" } else { "errors" };
        Err(invalid(format!("{count} validation {errors} detected: {}", self.0.join("; "))))
    }
}

/// InvalidRequestException.
pub(crate) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidRequestException", message)
}

/// InvalidStateException.
pub(crate) fn wrong_state(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidStateException", message)
}

/// ResourceNotFoundException. The wording is to be confirmed.
pub(crate) fn not_found(what: &str, arn: &str) -> AwsError {
    AwsError::new("ResourceNotFoundException", format!("{what} with ARN {arn} doesn't exist."))
}

/// ServiceQuotaExceededException. The wording is to be confirmed.
pub(crate) fn over_quota(what: &str, quota: usize) -> AwsError {
    AwsError::new(
        "ServiceQuotaExceededException",
        format!("You've reached your account quota of {quota} for {what}."),
    )
}

/// Where an ARN of App Runner leads: `<kind>/<name>[/<revision>][/<id>]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    pub(crate) name: &'a str,
    pub(crate) rest: Vec<&'a str>,
}

/// Takes the ARN of a `kind` apart; refuses any other, and one of another account or region.
pub(crate) fn arn_path<'a>(
    value: &'a Value,
    member: &str,
    kind: &str,
    place: (&str, &str),
) -> Result<Path<'a>, AwsError> {
    let mut violations = Violations::default();
    let Some(arn) = value.as_str() else {
        violations.missing(member);
        violations.done()?;
        return Err(invalid("The request is not valid."));
    };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let shaped = parts.len() == 6 && parts[0] == "arn" && parts[4].len() == 12;
    if !shaped {
        violations.pattern(
            arn,
            member,
            "arn:aws(-[\\w]+)*:[a-z0-9-\\\\.]{0,63}:[a-z0-9-\\\\.]{0,63}:[0-9]{12}:(\\w|\\/|-){1,1011}",
        );
        violations.done()?;
    }
    let mut path = parts.get(5).copied().unwrap_or_default().split('/');
    let is_kind = parts.get(2) == Some(&"apprunner") && path.next() == Some(kind);
    let name = path.next().unwrap_or_default();
    let here = parts.get(3) == Some(&place.1) && parts.get(4) == Some(&place.0);
    if !is_kind || name.is_empty() || !here {
        // To be confirmed: AWS may say more.
        return Err(invalid(format!(
            "The specified ARN {arn} is not valid for a {kind} of this account and region."
        )));
    }
    Ok(Path { name, rest: path.collect() })
}

/// The revision and the id that an ARN names, if it does.
pub(crate) fn revision(path: &Path<'_>) -> Option<u64> {
    path.rest.first().and_then(|text| text.parse().ok())
}

/// One page of a list; `MaxResults` is 1 to `most`.
pub(crate) fn page(all: Vec<Value>, input: &Value, member: &str, most: u64) -> Result<Value, AwsError> {
    let mut violations = Violations::default();
    violations.number(&input["MaxResults"], "maxResults", 1, most);
    violations.done()?;
    let size = input["MaxResults"].as_u64().unwrap_or(most) as usize;
    let from = match input["NextToken"].as_str() {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|n| n.parse::<usize>().ok())
            .ok_or_else(|| invalid("The specified NextToken is not valid."))?,
    };
    let more = all.len() > from + size;
    let items: Vec<Value> = all.into_iter().skip(from).take(size).collect();
    let mut answer = serde_json::json!({ member: items });
    if more {
        answer["NextToken"] = serde_json::json!(format!("page-{}", from + size));
    }
    Ok(answer)
}

/// Epoch seconds, or null.
pub(crate) fn seconds(at: Option<Micros>) -> Value {
    at.map_or(Value::Null, |at| serde_json::json!(crate::clock::epoch_seconds(at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_that_is_too_long_is_refused_in_the_words_of_aws() {
        let mut violations = Violations::default();
        violations.name(&json!("a-name-that-is-longer-than-it-may-be-x"), "autoScalingConfigurationName", 32);
        let error = violations.done().unwrap_err();
        assert_eq!(error.code, "InvalidRequestException");
        assert_eq!(
            error.message,
            "2 validation errors detected: Value 'a-name-that-is-longer-than-it-may-be-x' at 'autoScalingConfigurationName' failed to \
             satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9][A-Za-z0-9\\-_]{3,31}; Value \
             'a-name-that-is-longer-than-it-may-be-x' at 'autoScalingConfigurationName' failed to satisfy constraint: Member must have \
             length less than or equal to 32"
        );
    }

    #[test]
    fn arns_lead_where_they_say() {
        let here = ("111122223333", "eu-west-1");
        for (arn, leads) in [
            ("arn:aws:apprunner:eu-west-1:111122223333:service/orders/0123", true),
            ("arn:aws:apprunner:eu-west-1:111122223333:vpcconnector/orders/1/0123", false),
            ("arn:aws:apprunner:eu-west-2:111122223333:service/orders/0123", false),
            ("orders", false),
        ] {
            assert_eq!(arn_path(&json!(arn), "serviceArn", "service", here).is_ok(), leads, "{arn}");
        }
    }
}
