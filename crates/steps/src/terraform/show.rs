//! A plan in the words of `terraform show -json`, read as it comes: each change is looked at and let go, so that a plan
//! of a hundred megabytes needs the memory of its largest resource.
//!
//! Source: "JSON Output Format", format version 1.x. Its values are plain, secrets too: only the `*_sensitive` masks mark
//! them. So what leaves this module is masked ([`super::table`]).

use super::table::{Row, Table};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

/// Looks at each change before it is let go.
pub(crate) trait Looks {
    /// One entry of `resource_changes`, no-ops too.
    fn change(&mut self, change: &Value);
}

impl Looks for () {
    fn change(&mut self, _: &Value) {}
}

/// What a plan says.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) terraform_version: String,
    pub(crate) changes: Table,
    pub(crate) drift: Table,
    /// `output_changes`, masked: name to action.
    pub(crate) outputs: BTreeMap<String, String>,
    /// Names of outputs that are sensitive.
    pub(crate) sensitive_outputs: Vec<String>,
    /// Checks that do not pass: where, and what is said.
    pub(crate) checks: Vec<String>,
    pub(crate) errored: bool,
    pub(crate) complete: Option<bool>,
    pub(crate) applyable: Option<bool>,
    /// `configuration.provider_config`.
    pub(crate) providers: Map<String, Value>,
    /// Values of variables, in plain: for [`Shown::value_of`] alone.
    variables: Map<String, Value>,
    format: Option<String>,
}

impl Shown {
    /// What an expression of the configuration is: a constant, or a variable whose value the plan has.
    pub(crate) fn value_of(&self, expression: &Value) -> Option<Value> {
        if let Some(constant) = expression.get("constant_value") {
            return Some(constant.clone());
        }
        let references = expression["references"].as_array()?;
        let [one] = references.as_slice() else { return None };
        let value = self.variables.get(one.as_str()?.strip_prefix("var.")?)?;
        value.get("value").cloned()
    }
}

/// Why a plan cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowError {
    /// Another form than ours.
    #[error("its JSON has format version {0}, and only 1.x is understood")]
    Format(String),
    /// It does not say which form it has.
    #[error("it is no plan: it has no `format_version`")]
    NoPlan,
    /// It is broken, or cut off.
    #[error("its JSON cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

/// Reads a plan to its end.
pub(crate) fn read(from: impl Read, looks: &mut dyn Looks) -> Result<Shown, ShowError> {
    let mut shown = Shown::default();
    let mut json = serde_json::Deserializer::from_reader(std::io::BufReader::with_capacity(128 * 1024, from));
    let done = json.deserialize_map(Whole { shown: &mut shown, looks });
    if let Some(format) = shown.format.as_deref().filter(|format| format.split('.').next() != Some("1")) {
        return Err(ShowError::Format(format.to_owned()));
    }
    done?;
    json.end()?;
    match shown.format {
        Some(_) => Ok(shown),
        None => Err(ShowError::NoPlan),
    }
}

struct Whole<'a> {
    shown: &'a mut Shown,
    looks: &'a mut dyn Looks,
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plan")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { shown, looks } = self;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "format_version" => {
                    let format: String = map.next_value()?;
                    let known = format.split('.').next() == Some("1");
                    shown.format = Some(format);
                    if !known {
                        // The rest is of a form that nobody here knows.
                        return Err(de::Error::custom("another format version"));
                    }
                }
                "terraform_version" => shown.terraform_version = map.next_value()?,
                "resource_changes" => {
                    let table = &mut shown.changes;
                    map.next_value_seed(Each(&mut |change: Value| {
                        looks.change(&change);
                        table.add(Row::of(&change));
                    }))?;
                }
                "resource_drift" => {
                    let table = &mut shown.drift;
                    map.next_value_seed(Each(&mut |change: Value| table.add_drift(Row::of(&change))))?;
                }
                "output_changes" => outputs(shown, &map.next_value()?),
                "checks" => {
                    let checks = &mut shown.checks;
                    map.next_value_seed(Each(&mut |check: Value| failed_checks(checks, &check)))?;
                }
                "variables" => shown.variables = map.next_value::<Option<_>>()?.unwrap_or_default(),
                "errored" => shown.errored = map.next_value()?,
                "complete" => shown.complete = map.next_value()?,
                "applyable" => shown.applyable = map.next_value()?,
                "configuration" => map.next_value_seed(Configuration(&mut shown.providers))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Entries of a list, one after another; null is an empty one.
struct Each<'a>(&'a mut dyn FnMut(Value));

impl<'de> DeserializeSeed<'de> for Each<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Each<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(one) = list.next_element::<Value>()? {
            (self.0)(one);
        }
        Ok(())
    }
}

/// Of the configuration, what providers are configured with; the rest, which may be large, is passed over.
struct Configuration<'a>(&'a mut Map<String, Value>);

impl<'de> DeserializeSeed<'de> for Configuration<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Configuration<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a configuration")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "provider_config" {
                *self.0 = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

fn outputs(shown: &mut Shown, changes: &Value) {
    for (name, change) in changes.as_object().into_iter().flatten() {
        let action = super::table::Action::of(change);
        if change["after_sensitive"] == true || change["before_sensitive"] == true {
            shown.sensitive_outputs.push(name.clone());
        }
        shown.outputs.insert(name.clone(), action.as_str().to_owned());
    }
}

fn failed_checks(failed: &mut Vec<String>, check: &Value) {
    for instance in check["instances"].as_array().into_iter().flatten() {
        let status = instance["status"].as_str().unwrap_or("unknown");
        if !matches!(status, "fail" | "error") {
            continue;
        }
        let place = instance["address"]["to_display"].as_str().or(check["address"]["to_display"].as_str());
        let problems = instance["problems"].as_array().into_iter().flatten();
        let said: Vec<&str> = problems.filter_map(|problem| problem["message"].as_str()).collect();
        failed.push(format!("{}: {}", place.unwrap_or("a check"), said.join("; ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_and_no_plan_are_refused() {
        let fault = |text: &str| read(text.as_bytes(), &mut ()).err().map(|error| error.to_string());
        assert_eq!(
            fault(r#"{"format_version": "2.0", "resource_changes": 7}"#).unwrap(),
            "its JSON has format version 2.0, and only 1.x is understood"
        );
        assert_eq!(fault("{}").unwrap(), "it is no plan: it has no `format_version`");
        assert!(fault(r#"{"format_version": "1.2", "resource_changes": [{"#).unwrap().contains("EOF"));
        assert!(fault("").is_some());
        assert_eq!(fault(r#"{"format_version": "1.9", "of_tomorrow": [], "resource_changes": null}"#), None);
    }

    /// A plan that is made as it is read: nobody has it whole.
    struct Endless {
        left: usize,
        chunk: Vec<u8>,
        at: usize,
    }

    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            if self.at == self.chunk.len() {
                if self.left == 0 {
                    return Ok(0);
                }
                self.left -= 1;
                let one = format!(
                    r#"{{"address":"a.b[{}]","mode":"managed","type":"a","change":{{"actions":["update"],"before":{{"v":"{}"}},"after":{{"v":"n"}}}}}}"#,
                    self.left,
                    "x".repeat(10_000)
                );
                self.chunk = if self.left == 0 {
                    format!("{one}]}}").into_bytes()
                } else {
                    format!("{one},").into_bytes()
                };
                self.at = 0;
            }
            let count = into.len().min(self.chunk.len() - self.at);
            into[..count].copy_from_slice(&self.chunk[self.at..self.at + count]);
            self.at += count;
            Ok(count)
        }
    }

    #[test]
    fn a_large_plan_is_read_without_being_kept() {
        let head = br#"{"format_version":"1.2","resource_changes":["#.to_vec();
        let plan = Endless { left: 2_000, chunk: head, at: 0 };
        let shown = read(plan, &mut ()).ok().unwrap();
        assert_eq!(shown.changes.rows.len(), 2_000);
        let kept: usize = shown.changes.rows.iter().map(|row| row.view(true).to_string().len()).sum();
        assert!(kept < 1_000_000, "20 MB of plan are {kept} bytes of table");
        assert!(shown.changes.view(64 * 1024).to_string().len() < 500_000);
    }
}
