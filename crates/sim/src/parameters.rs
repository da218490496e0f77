//! Parameter Store on the wire: JSON 1.1, `X-Amz-Target: AmazonSSM.<Operation>`. Whoever starts containers asks here whether
//! the parameters that they name are there.

mod finding;
mod rules;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::behaviour::glob;
use crate::clock::{Micros, epoch_seconds};
use crate::people::Caller;
use crate::world::Env;

/// Parameters of one account and region.
#[derive(Clone, Default)]
pub(crate) struct Parameters {
    by_name: BTreeMap<String, Parameter>,
    /// A world or a call said which parameters there are: others do not exist. Until then all do.
    told: bool,
}

#[derive(Clone)]
struct Parameter {
    name: String,
    arn: String,
    /// `String`, `StringList` or `SecureString`.
    kind: String,
    description: Option<String>,
    key: Option<String>,
    pattern: Option<String>,
    tier: String,
    data_type: String,
    changed_by: String,
    /// Oldest first; the last one counts.
    versions: Vec<Version>,
    tags: BTreeMap<String, String>,
}

#[derive(Clone)]
struct Version {
    number: u64,
    value: String,
    /// What is answered of a SecureString without decryption.
    sealed: String,
    changed_at: Micros,
}

/// A parameter of a world.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Furnishing {
    pub(crate) name: String,
    /// Made up where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// `SecureString` unless given.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}

/// Answers one call.
pub(crate) fn serve(
    parameters: &mut Parameters,
    env: &mut Env,
    caller: &Caller,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "PutParameter" => put(parameters, env, &caller.arn, input),
        "GetParameter" => finding::get(parameters, env, input),
        "GetParameters" => finding::get_some(parameters, env, input),
        "GetParametersByPath" => finding::get_by_path(parameters, env, input),
        "DescribeParameters" => finding::describe(parameters, env, input),
        "DeleteParameter" => delete(parameters, env, input),
        "DeleteParameters" => delete_some(parameters, env, input),
        other => Err(AwsError::not_implemented("ssm", other)),
    }
}

/// Puts a world's parameter there, unless it is there.
pub(crate) fn stand(parameters: &mut Parameters, env: &mut Env, of: &Furnishing) -> Result<(), String> {
    parameters.told = true;
    if parameters.by_name.contains_key(&of.name) {
        return Ok(());
    }
    let value = of.value.clone().unwrap_or_else(|| format!("practice-{}", env.ids.hex(12)));
    let kind = of.kind.as_deref().unwrap_or("SecureString");
    let mut input = json!({"Name": of.name, "Value": value, "Type": kind});
    if let Some(description) = &of.description {
        input["Description"] = json!(description);
    }
    let world = env.arn("iam", "root");
    put(parameters, env, &world, &input).map_err(|e| format!("parameters: {}: {}", of.name, e.message))?;
    Ok(())
}

impl Parameters {
    /// Whether a container can get what `reference` names, a parameter's ARN or name. `None` where it names none.
    pub(crate) fn has(&self, env: &Env, reference: &str) -> Option<bool> {
        let name = name_in(reference)?;
        let found = self.by_name.values().any(|parameter| parameter.is(name));
        Some(!env.hides_parameter(name) && (found || !self.told))
    }

    /// Name, type and version. Never a value.
    pub(crate) fn overview(&self) -> impl Iterator<Item = Value> {
        self.by_name.values().map(|parameter| {
            let version = parameter.versions.last().map(|version| version.number);
            json!({"name": parameter.name, "arn": parameter.arn, "type": parameter.kind, "version": version})
        })
    }

    fn find(&self, env: &Env, name: &str) -> Option<&Parameter> {
        let of = name_in(name).unwrap_or(name);
        self.by_name
            .values()
            .find(|parameter| parameter.is(of))
            .filter(|found| !env.hides_parameter(&found.name))
    }
}

impl Parameter {
    /// Whether a name means it; within an ARN a name that begins with a slash has lost it.
    fn is(&self, name: &str) -> bool {
        self.name == name || self.name.strip_prefix('/') == Some(name)
    }
}

impl Env {
    /// Whether the scenario has the parameter missing.
    fn hides_parameter(&self, name: &str) -> bool {
        let bare = |text: &str| text.trim_start_matches('/').to_owned();
        self.scenario.parameters_missing.iter().any(|pattern| glob(&bare(pattern), &bare(name)))
    }
}

/// The name in what a container's definition names; `None` for a secret of Secrets Manager.
fn name_in(reference: &str) -> Option<&str> {
    if !reference.starts_with("arn:") {
        return Some(reference);
    }
    let (head, name) = reference.split_once(":parameter/")?;
    head.contains(":ssm:").then_some(name)
}

/// PutParameter.
fn put(parameters: &mut Parameters, env: &mut Env, who: &str, input: &Value) -> Result<Value, AwsError> {
    let name = input["Name"].as_str().unwrap_or_default();
    rules::check(name, input)?;
    let text = |member: &str| input[member].as_str().map(str::to_owned);
    let overwrite = input["Overwrite"].as_bool().unwrap_or(false);
    let now = env.now();
    let before = parameters.by_name.get_mut(name);
    if before.is_some() && !overwrite {
        return Err(AwsError::new(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ));
    }
    let kind = rules::kind(input, before.as_ref().map(|before| before.kind.as_str()))?;
    let version = Version {
        number: before.as_ref().and_then(|before| before.versions.last()).map_or(1, |last| last.number + 1),
        value: text("Value").unwrap_or_default(),
        // AWS answers the ciphertext of KMS in base64, which begins like this.
        sealed: format!("AQICAH{}", env.ids.hex(64)),
        changed_at: now,
    };
    let number = version.number;
    parameters.told = true;
    let arn = env.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')));
    let parameter = parameters.by_name.entry(name.to_owned()).or_insert_with(|| Parameter {
        name: name.to_owned(),
        arn,
        kind: kind.clone(),
        description: None,
        key: None,
        pattern: None,
        tier: "Standard".to_owned(),
        data_type: "text".to_owned(),
        changed_by: String::new(),
        versions: Vec::new(),
        tags: BTreeMap::new(),
    });
    parameter.kind = kind;
    parameter.changed_by = who.to_owned();
    if parameter.kind == "SecureString" && parameter.key.is_none() {
        parameter.key = Some("alias/aws/ssm".to_owned());
    }
    for (member, place) in [
        ("Description", &mut parameter.description),
        ("KeyId", &mut parameter.key),
        ("AllowedPattern", &mut parameter.pattern),
    ] {
        if let Some(text) = text(member) {
            *place = Some(text);
        }
    }
    for (member, place) in [("Tier", &mut parameter.tier), ("DataType", &mut parameter.data_type)] {
        if let Some(text) = text(member) {
            *place = if text == "Intelligent-Tiering" { "Standard".to_owned() } else { text };
        }
    }
    for tag in input["Tags"].as_array().into_iter().flatten() {
        let text = |member: &str| tag[member].as_str().unwrap_or_default().to_owned();
        parameter.tags.insert(text("Key"), text("Value"));
    }
    parameter.versions.push(version);
    // AWS keeps a hundred.
    let surplus = parameter.versions.len().saturating_sub(100);
    parameter.versions.drain(..surplus);
    Ok(json!({"Version": number, "Tier": parameter.tier}))
}

/// DeleteParameter.
fn delete(parameters: &mut Parameters, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let asked = input["Name"].as_str().unwrap_or_default();
    let name = parameters.find(env, asked).ok_or_else(not_found)?.name.clone();
    parameters.by_name.remove(&name);
    Ok(json!({}))
}

/// DeleteParameters, at most ten at once.
fn delete_some(parameters: &mut Parameters, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let (mut gone, mut invalid) = (Vec::new(), Vec::new());
    for asked in rules::names(input)? {
        match parameters.find(env, &asked).map(|found| found.name.clone()) {
            Some(name) => {
                parameters.by_name.remove(&name);
                gone.push(asked);
            }
            None => invalid.push(asked),
        }
    }
    env.no_effect = gone.is_empty();
    Ok(json!({"DeletedParameters": gone, "InvalidParameters": invalid}))
}

/// AWS names the code and leaves the message empty.
fn not_found() -> AwsError {
    AwsError::new("ParameterNotFound", "")
}

fn render(parameter: &Parameter, version: &Version, decrypt: bool, selector: Option<&str>) -> Value {
    let sealed = parameter.kind == "SecureString" && !decrypt;
    let mut body = json!({
        "Name": parameter.name,
        "Type": parameter.kind,
        "Value": if sealed { &version.sealed } else { &version.value },
        "Version": version.number,
        "LastModifiedDate": epoch_seconds(version.changed_at),
        "ARN": parameter.arn,
        "DataType": parameter.data_type,
    });
    if let Some(selector) = selector {
        body["Selector"] = json!(selector);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_parameter() {
        for (reference, leads) in [
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db", Some("shop/db")),
            ("/shop/db", Some("/shop/db")),
            ("shop-db", Some("shop-db")),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-a1b2c3", None),
        ] {
            assert_eq!(name_in(reference), leads, "{reference}");
        }
    }
}
