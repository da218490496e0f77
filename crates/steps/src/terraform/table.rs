//! The table of changes: what happens to each resource, values side by side, what is sensitive masked.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// What a masked value is shown as.
pub(crate) const MASKED: &str = "(sensitive)";
/// Longest text of one value; a longer one is shown by its beginning.
const TEXT: usize = 400;
/// Values of one change that are shown; the others are counted.
const VALUES: usize = 200;
/// Changes of which values are shown; of the others address and action are.
const DETAILED: usize = 400;

/// Rows of outputs and of the screen; further ones are named there in short, as each costs the journal and every view of it.
const LISTED: usize = 1_000;

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    NoOp,
    Read,
    Create,
    Update,
    Replace,
    Delete,
    Forget,
    Import,
    /// One that this version does not know.
    Other,
}

impl Action {
    /// Of a change: `{"actions": […], …}`.
    pub(crate) fn of(change: &Value) -> Self {
        let actions: Vec<&str> =
            change["actions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        match actions.as_slice() {
            ["no-op"] if change["importing"].is_object() => Self::Import,
            ["no-op"] => Self::NoOp,
            ["read"] => Self::Read,
            ["create"] => Self::Create,
            ["update"] => Self::Update,
            ["delete"] => Self::Delete,
            ["forget"] => Self::Forget,
            ["delete" | "forget", "create"] | ["create", "delete" | "forget"] => Self::Replace,
            _ => Self::Other,
        }
    }

    /// As in outputs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NoOp => "no-op",
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Forget => "forget",
            Self::Import => "import",
            Self::Other => "unknown",
        }
    }
}

/// One value of a change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) path: String,
    pub(crate) before: Value,
    pub(crate) after: Value,
    pub(crate) sensitive: bool,
    pub(crate) unknown: bool,
}

/// One resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) address: String,
    pub(crate) kind: String,
    pub(crate) action: Action,
    pub(crate) reason: Option<String>,
    pub(crate) replace_paths: Vec<String>,
    pub(crate) deposed: bool,
    pub(crate) is_data: bool,
    pub(crate) previous: Option<String>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) more: usize,
}

impl Row {
    /// Of an entry of `resource_changes` or `resource_drift`.
    pub(crate) fn of(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let change = &entry["change"];
        let action = Action::of(change);
        let mut found = Vec::new();
        if action != Action::NoOp {
            let masks = Masks { before: &change["before_sensitive"], after: &change["after_sensitive"] };
            differ("", &change["before"], &change["after"], &change["after_unknown"], masks, &mut found);
        }
        let more = found.len().saturating_sub(VALUES);
        found.truncate(VALUES);
        let paths = change["replace_paths"].as_array().into_iter().flatten();
        Self {
            address: text("address"),
            kind: text("type"),
            action,
            reason: entry["action_reason"].as_str().map(str::to_owned),
            replace_paths: paths.map(path_of).collect(),
            deposed: entry["deposed"].is_string(),
            is_data: entry["mode"] == "data",
            previous: entry["previous_address"].as_str().map(str::to_owned),
            cells: found,
            more,
        }
    }

    /// As in outputs and on the screen.
    pub(crate) fn view(&self, detailed: bool) -> Value {
        let cells = self.cells.iter().filter(|_| detailed).map(|cell| {
            json!({
                "path": cell.path, "before": cell.before, "after": cell.after,
                "sensitive": cell.sensitive, "unknown": cell.unknown,
            })
        });
        let mut view = json!({
            "address": self.address,
            "type": self.kind,
            "action": self.action.as_str(),
            "reason": self.reason.as_deref().map(reason),
            "replace_paths": self.replace_paths,
            "before_after": cells.collect::<Vec<_>>(),
        });
        let left_out = if detailed { self.more } else { self.cells.len() + self.more };
        if left_out > 0 {
            view["more_values"] = json!(left_out);
        }
        if let Some(previous) = &self.previous {
            view["previous_address"] = json!(previous);
        }
        if self.deposed {
            view["deposed"] = json!(true);
        }
        view
    }
}

/// Why Terraform does it, in plain words.
fn reason(code: &str) -> String {
    match code {
        "replace_because_tainted" => "it is tainted: its creation failed before".into(),
        "replace_because_cannot_update" => "a changed value cannot be updated in place".into(),
        "replace_by_request" => "the plan asks to replace it".into(),
        "replace_by_triggers" => "something in `replace_triggered_by` changed".into(),
        "delete_because_no_resource_config" => "it is not in the configuration any more".into(),
        "delete_because_no_module" => "its module is not in the configuration any more".into(),
        "delete_because_no_move_target" => "it moved to where nothing is configured".into(),
        "delete_because_wrong_repetition" => "its key does not fit `count` or `for_each` any more".into(),
        "delete_because_count_index" => "`count` is lower than its number".into(),
        "delete_because_each_key" => "`for_each` has no such key any more".into(),
        "read_because_config_unknown" => "its arguments are known only during the apply".into(),
        "read_because_dependency_pending" => "what it depends on changes first".into(),
        "read_because_check_nested" => "a check reads it".into(),
        other => other.replace('_', " "),
    }
}

/// What is sensitive, before and after.
#[derive(Clone, Copy)]
struct Masks<'v> {
    before: &'v Value,
    after: &'v Value,
}

impl<'v> Masks<'v> {
    fn is_masked(self) -> bool {
        *self.before == Value::Bool(true) || *self.after == Value::Bool(true)
    }

    fn of_key(self, key: &str) -> Self {
        Self { before: under(self.before, key), after: under(self.after, key) }
    }

    fn of_index(self, at: usize) -> Self {
        Self { before: at_index(self.before, at), after: at_index(self.after, at) }
    }
}

fn under<'v>(value: &'v Value, key: &str) -> &'v Value {
    value.get(key).unwrap_or(&Value::Null)
}

fn at_index(value: &Value, at: usize) -> &Value {
    value.get(at).unwrap_or(&Value::Null)
}

/// Collects the values that differ, or will be known only later.
fn differ(
    path: &str,
    before: &Value,
    after: &Value,
    unknown: &Value,
    masks: Masks<'_>,
    found: &mut Vec<Cell>,
) {
    let is_unknown = *unknown == Value::Bool(true);
    if masks.is_masked() {
        if before != after || is_unknown || holds_true(unknown) {
            let shown = |value: &Value| if value.is_null() { Value::Null } else { json!(MASKED) };
            let (before, after) = (shown(before), if is_unknown { json!(MASKED) } else { shown(after) });
            found.push(Cell { path: path.to_owned(), before, after, sensitive: true, unknown: is_unknown });
        }
        return;
    }
    let leaf = |found: &mut Vec<Cell>, unknown| {
        let (before, after) =
            (shown(before, masks.before), if unknown { Value::Null } else { shown(after, masks.after) });
        found.push(Cell { path: path.to_owned(), before, after, sensitive: false, unknown });
    };
    if is_unknown {
        return leaf(found, true);
    }
    let empty = Map::new();
    match (before, after) {
        (Value::Object(_) | Value::Null, Value::Object(_)) | (Value::Object(_), Value::Null) => {
            let (before, after) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
            let more = unknown.as_object().unwrap_or(&empty);
            let mut keys: Vec<&String> = before.keys().chain(after.keys()).chain(more.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let inner = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                let (before, after) = (part(before.get(key)), part(after.get(key)));
                differ(&inner, before, after, under(unknown, key), masks.of_key(key), found);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            for at in 0..old.len().max(new.len()) {
                let inner = format!("{path}[{at}]");
                let (before, after) = (part(old.get(at)), part(new.get(at)));
                differ(&inner, before, after, at_index(unknown, at), masks.of_index(at), found);
            }
        }
        _ if before != after => leaf(found, false),
        _ => {
            // Nothing differs that is known; what is not stands deeper in the mask.
            if holds_true(unknown) {
                leaf(found, true);
            }
        }
    }
}

fn holds_true(mask: &Value) -> bool {
    match mask {
        Value::Bool(set) => *set,
        Value::Array(list) => list.iter().any(holds_true),
        Value::Object(map) => map.values().any(holds_true),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}

/// A value with what its mask marks taken out.
pub(crate) fn masked(value: &Value, mask: &Value) -> Value {
    match (value, mask) {
        (Value::Null, _) => Value::Null,
        (_, Value::Bool(true)) => json!(MASKED),
        (Value::Object(map), Value::Object(_)) => Value::Object(
            map.iter().map(|(key, value)| (key.clone(), masked(value, under(mask, key)))).collect(),
        ),
        (Value::Array(list), Value::Array(_)) => Value::Array(
            list.iter().enumerate().map(|(at, value)| masked(value, at_index(mask, at))).collect(),
        ),
        // A mask of another shape than its value may mean anything: nothing of it is shown.
        (Value::Object(_) | Value::Array(_), Value::Object(_) | Value::Array(_)) if holds_true(mask) => {
            json!(MASKED)
        }
        _ => value.clone(),
    }
}

/// Nothing, where a map or a list has no such part. Parts are looked at in place: copies of long values, made and let go
/// between the rows that are kept, would leave holes in memory as large as the plan.
fn part(value: Option<&Value>) -> &Value {
    value.unwrap_or(&Value::Null)
}

/// What is shown of a value.
fn shown(value: &Value, mask: &Value) -> Value {
    match (value.as_str(), mask) {
        (Some(text), Value::Null | Value::Bool(false)) => short_text(text),
        _ => short(masked(value, mask)),
    }
}

fn short_text(text: &str) -> Value {
    let length = text.chars().count();
    match length <= TEXT {
        true => json!(text),
        false => json!(format!("{}… ({length} characters)", text.chars().take(TEXT).collect::<String>())),
    }
}

fn short(value: Value) -> Value {
    match &value {
        Value::String(text) => short_text(text),
        Value::Object(_) | Value::Array(_) => {
            let text = value.to_string();
            if text.chars().count() <= TEXT { value } else { short_text(&text) }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn path_of(path: &Value) -> String {
    let mut text = String::new();
    for part in path.as_array().into_iter().flatten() {
        match part {
            Value::String(key) if text.is_empty() => text.push_str(key),
            Value::String(key) => text.push_str(&format!(".{key}")),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                text.push_str(&format!("[{part}]"));
            }
        }
    }
    text
}

/// Many rows: those that do something, and how many do not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    pub(crate) unchanged: usize,
}

impl Table {
    /// Adds a row; one that changes nothing is counted.
    pub(crate) fn add(&mut self, row: Row) {
        match row.action {
            Action::NoOp => self.unchanged += 1,
            // Of a plan with very many changes the first ones are kept whole.
            Action::Read
            | Action::Create
            | Action::Update
            | Action::Replace
            | Action::Delete
            | Action::Forget
            | Action::Import
            | Action::Other => {
                let row = if self.rows.len() < DETAILED {
                    row
                } else {
                    Row { more: row.more + row.cells.len(), cells: Vec::new(), ..row }
                };
                self.rows.push(row);
            }
        }
    }

    /// Adds a row of drift, if a value really differs: Terraform lists some whose values are the same.
    pub(crate) fn add_drift(&mut self, row: Row) {
        if row.action == Action::Delete || !row.cells.is_empty() {
            self.add(row);
        }
    }

    /// How many rows have the action.
    pub(crate) fn count(&self, action: Action) -> usize {
        self.rows.iter().filter(|row| row.action == action).count()
    }

    /// Rows that change something real.
    pub(crate) fn changing(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.action != Action::Read)
    }

    /// All rows with all that is kept of them, written one after another: no second table is made of them.
    pub(crate) fn whole(&self) -> impl Serialize + '_ {
        Whole(self)
    }

    /// The first rows, as in outputs and on the screen. `bytes` is how long they may be; what does not fit is shown without
    /// its values.
    pub(crate) fn view(&self, bytes: usize) -> Value {
        let mut left = bytes;
        let rows = self.rows.iter().take(LISTED).map(|row| {
            let whole = row.view(true);
            let length = whole.to_string().len();
            if length <= left {
                left -= length;
                return whole;
            }
            row.view(false)
        });
        Value::Array(rows.collect())
    }

    /// The rows behind those of [`Self::view`], each as `create aws_s3_bucket.logs`.
    pub(crate) fn others(&self) -> Value {
        let rows = self.rows.iter().skip(LISTED);
        rows.map(|row| json!(format!("{} {}", row.action.as_str(), row.address))).collect()
    }
}

/// See [`Table::whole`].
struct Whole<'t>(&'t Table);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.rows.iter().map(|row| row.view(true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(change: Value) -> Row {
        Row::of(&json!({"address": "a.b", "type": "a", "mode": "managed", "change": change}))
    }

    #[test]
    fn what_is_sensitive_is_masked_wherever_it_stands() {
        let row = row(json!({
            "actions": ["update"],
            "before": {"token": "hush-1", "list": ["x", "hush-2"], "map": {"deep": {"key": "hush-3"}}, "gone": "hush-5"},
            "after": {"token": "hush-4", "list": ["y", "hush-6"], "map": {"deep": {"key": "hush-7"}}},
            "after_unknown": {"later": true, "list": [false, false]},
            "before_sensitive": {"token": true, "list": [false, true], "map": {"deep": true}, "gone": true},
            "after_sensitive": {"token": true, "list": [false, true], "map": true, "later": true},
        }));
        let view = row.view(true).to_string();
        assert!(!view.contains("hush"), "{view}");
        let cell = |path: &str| row.cells.iter().find(|cell| cell.path == path).unwrap();
        assert_eq!((cell("list[0]").before.clone(), cell("list[0]").after.clone()), (json!("x"), json!("y")));
        assert!(cell("token").sensitive && cell("map").sensitive && cell("gone").sensitive);
        assert!(cell("later").unknown && cell("later").sensitive);
    }

    #[test]
    fn a_mask_of_another_shape_hides_all() {
        assert_eq!(masked(&json!({"a": 1}), &json!([true])), json!(MASKED));
        assert_eq!(masked(&json!([1, 2]), &json!({"0": true})), json!(MASKED));
        assert_eq!(masked(&json!([1, 2]), &json!({})), json!([1, 2]));
    }

    #[test]
    fn a_change_of_shape_still_hides_what_is_sensitive_within() {
        let row = row(json!({
            "actions": ["update"], "before": {"v": {"key": "hush-1"}}, "after": {"v": ["hush-2"]},
            "before_sensitive": {"v": {"key": true}}, "after_sensitive": {"v": [true]}, "after_unknown": {},
        }));
        assert!(!row.view(true).to_string().contains("hush"), "{:?}", row.cells);
    }

    #[test]
    fn actions_are_told_apart() {
        let of = |actions: Value| Action::of(&json!({ "actions": actions }));
        assert_eq!(of(json!(["delete", "create"])), Action::Replace);
        assert_eq!(of(json!(["create", "delete"])), Action::Replace);
        assert_eq!(of(json!(["forget"])), Action::Forget);
        assert_eq!(of(json!(["of", "tomorrow"])), Action::Other);
        assert_eq!(Action::of(&json!({"actions": ["no-op"], "importing": {"id": "x"}})), Action::Import);
    }

    #[test]
    fn of_very_many_rows_the_last_are_named_in_short() {
        let mut table = Table::default();
        let change = json!({"actions": ["create"], "before": null, "after": {"a": 1}});
        for at in 0..LISTED + 2 {
            table.add(Row::of(&json!({"address": format!("a.b[{at}]"), "type": "a", "change": change})));
        }
        assert_eq!(table.view(usize::MAX).as_array().unwrap().len(), LISTED);
        assert_eq!(table.others(), json!(["create a.b[1000]", "create a.b[1001]"]));
        assert_eq!(serde_json::to_value(table.whole()).unwrap().as_array().unwrap().len(), LISTED + 2);
    }

    #[test]
    fn drift_without_a_difference_is_none() {
        let mut table = Table::default();
        table.add_drift(row(json!({"actions": ["update"], "before": {"a": 1}, "after": {"a": 1}})));
        assert!(table.rows.is_empty());
        table.add_drift(row(json!({"actions": ["update"], "before": {"a": 1}, "after": {"a": 2}})));
        table.add_drift(row(json!({"actions": ["delete"], "before": {"a": 1}, "after": null})));
        assert_eq!(table.rows.len(), 2);
    }
}
