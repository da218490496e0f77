//! The Query protocols: nested names in forms, lists in XML; and what operations read such input with, whichever
//! protocol it came by.

use serde_json::{Map, Value, json};

use super::pages::escaped;
use crate::clock::iso8601;

/// How a list is written in XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    /// Its items are `member` elements in it.
    Members,
    /// Its items are elements of its own name; whoever makes the answer names them (EC2's `item`, RDS's `DBInstance`).
    Named,
}

/// `Filter.1.Name=x` as `{"Filter": {"1": {"Name": "x"}}}`.
pub(crate) fn nested(flat: &Value) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, value) in flat.as_object().into_iter().flatten() {
        let mut place = &mut root;
        for part in name.split('.') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[part];
        }
        *place = value.clone();
    }
    root
}

/// The items of a list member, however its protocol numbers them and whatever it calls them.
pub(crate) fn items(of: &Value) -> Vec<&Value> {
    if let Some(list) = of.as_array() {
        return list.iter().collect();
    }
    let Some(map) = of.as_object() else { return Vec::new() };
    let numbered: Option<Vec<(u64, &Value)>> =
        map.iter().map(|(key, value)| Some((key.parse().ok()?, value))).collect();
    match numbered {
        Some(mut numbered) => {
            numbered.sort_by_key(|(number, _)| *number);
            numbered.into_iter().map(|(_, value)| value).collect()
        }
        // `member`, `Filter`, `Value`: the name of the items stands between.
        None if map.len() == 1 => map.values().next().map(items).unwrap_or_default(),
        None => Vec::new(),
    }
}

/// The strings of a list member.
pub(crate) fn texts(of: &Value) -> Vec<&str> {
    items(of).into_iter().filter_map(Value::as_str).collect()
}

/// A number, also one that came as text.
pub(crate) fn number(of: &Value) -> Option<f64> {
    of.as_f64().or_else(|| of.as_str()?.parse().ok())
}

/// A truth, also one that came as text.
pub(crate) fn is_true(of: &Value) -> bool {
    of == &json!(true) || of == "true"
}

/// A moment of an answer, which each protocol writes in its own way.
pub(crate) fn moment(at: u64) -> Value {
    json!({ MOMENT: at })
}

/// The microseconds of a moment.
pub(crate) fn as_moment(value: &Value) -> Option<u64> {
    value.as_object().filter(|map| map.len() == 1)?.get(MOMENT)?.as_u64()
}

/// A value as the content of an element.
pub(crate) fn xml(value: &Value, lists: Lists) -> String {
    if let Some(at) = as_moment(value) {
        return iso8601(at);
    }
    if let Some(list) = value.as_array() {
        return list.iter().map(|item| element("member", item, lists)).collect();
    }
    match value.as_object() {
        Some(map) => map
            .iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| match member.as_array().filter(|_| lists == Lists::Named) {
                Some(list) => list.iter().map(|item| element(name, item, lists)).collect(),
                None => element(name, member, lists),
            })
            .collect(),
        None => escaped(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    }
}

fn element(name: &str, value: &Value, lists: Lists) -> String {
    format!("<{name}>{}</{name}>", xml(value, lists))
}

const MOMENT: &str = "@moment";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_nest_and_lists_are_read_in_every_form() {
        let ec2 = nested(
            &json!({"Filter.1.Name": "vpc-id", "Filter.1.Value.1": "a", "Filter.1.Value.2": "b", "Filter.2.Name": "x"}),
        );
        let filters = items(&ec2["Filter"]);
        assert_eq!(filters.len(), 2);
        assert_eq!(texts(&filters[0]["Value"]), ["a", "b"]);
        let rds = nested(&json!({"Filters.Filter.1.Values.Value.1": "a"}));
        assert_eq!(texts(&items(&rds["Filters"])[0]["Values"]), ["a"]);
        let tenth = nested(&json!({"Id.2": "b", "Id.10": "j", "Id.1": "a"}));
        assert_eq!(texts(&tenth["Id"]), ["a", "b", "j"]);
        assert_eq!(texts(&json!(["a"])), ["a"]);
        assert!(items(&json!("")).is_empty() && items(&Value::Null).is_empty());
    }

    #[test]
    fn lists_are_written_as_each_protocol_has_them() {
        for (value, written) in [
            (
                json!({"Names": ["a", "b"], "Gone": null}),
                "<Names><member>a</member><member>b</member></Names>",
            ),
            (json!({"At": moment(0)}), "<At>1970-01-01T00:00:00Z</At>"),
        ] {
            assert_eq!(xml(&value, Lists::Members), written);
        }
        let named = json!({"subnetSet": {"item": [{"id": "a&b"}]}});
        assert_eq!(xml(&named, Lists::Named), "<subnetSet><item><id>a&amp;b</id></item></subnetSet>");
    }
}
