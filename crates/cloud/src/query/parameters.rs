//! Parameter Store: whether a parameter exists, and since when it is as it is. No value leaves this file.

use super::Service;
use crate::model::Millis;
use crate::wire::Nature;
use crate::{CallError, Cloud};
use serde::Deserialize;
use serde_json::{Value, json};

/// Names that one GetParameters may have.
const AT_ONCE: usize = 10;
/// Names that are read for who wrote another.
const MOST: usize = 500;

/// A parameter, without its value.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ParameterFacts {
    /// Its ARN.
    #[serde(rename = "ARN")]
    pub arn: String,
    /// Its name, a path or not.
    pub name: String,
    /// When it was changed last.
    pub last_modified_date: Option<Millis>,
}

impl Cloud {
    /// Each of these parameters, by name or ARN, in order; `None` where there is none. Nothing is decrypted.
    pub async fn parameters(&self, wanted: &[String]) -> Result<Vec<Option<ParameterFacts>>, CallError> {
        let mut found = Vec::new();
        for names in wanted.chunks(AT_ONCE) {
            let input = json!({"Names": names, "WithDecryption": false});
            let answer = self.ask_parameters("GetParameters", &input).await?;
            let there: Vec<ParameterFacts> = listed(&answer);
            found.extend(names.iter().map(|name| there.iter().find(|one| one.is(name)).cloned()));
        }
        Ok(found)
    }

    /// Names of parameters, for who wrote another; at most 500.
    pub async fn parameter_names(&self) -> Result<Vec<String>, CallError> {
        let mut found: Vec<String> = Vec::new();
        let mut token: Option<String> = None;
        while found.len() < MOST {
            let mut input = json!({"MaxResults": 50});
            if let Some(token) = &token {
                input["NextToken"] = json!(token);
            }
            let answer = self.ask_parameters("DescribeParameters", &input).await?;
            found.extend(listed(&answer).into_iter().map(|one| one.name));
            let next = answer["NextToken"].as_str().map(str::to_owned);
            if next.is_none() || next == token {
                break;
            }
            token = next;
        }
        Ok(found)
    }

    async fn ask_parameters(&self, operation: &'static str, input: &Value) -> Result<Value, CallError> {
        let target = format!("AmazonSSM.{operation}");
        Ok(self.ask_json(Nature::Read, Service::Parameters, operation, target, input).await?.body)
    }
}

impl ParameterFacts {
    /// Whether a name or an ARN means it, with a version or a label behind it or not.
    fn is(&self, reference: &str) -> bool {
        let means = |text: &str| text == self.name || text == self.arn;
        let bare = match reference.starts_with("arn:") {
            true => reference.split_once(":parameter/").and_then(|(_, name)| name.rsplit_once(':')),
            false => reference.rsplit_once(':'),
        };
        means(reference)
            || bare.is_some_and(|(name, _)| means(name) || self.arn.ends_with(&format!(":parameter/{name}")))
    }
}

/// Those of an answer that can be read; another form of one is no parameter.
fn listed(answer: &Value) -> Vec<ParameterFacts> {
    let all = answer["Parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|one| ParameterFacts::deserialize(one).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_meant_by_name_arn_and_version() {
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db";
        let facts = ParameterFacts { arn: arn.into(), name: "/shop/db".into(), last_modified_date: None };
        for (reference, means) in [
            ("/shop/db".to_owned(), true),
            ("/shop/db:3".to_owned(), true),
            (arn.to_owned(), true),
            (format!("{arn}:3"), true),
            ("/shop/d".to_owned(), false),
            ("/shop".to_owned(), false),
            (arn.replace("/db", "/da"), false),
        ] {
            assert_eq!(facts.is(&reference), means, "{reference}");
        }
    }
}
