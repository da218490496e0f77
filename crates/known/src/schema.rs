//! The JSON Schema of a file, for editors.

/// The schema of a known problem's file (JSON Schema 2020-12), as text. That it and the reader agree is tested.
pub fn json_schema() -> &'static str {
    include_str!("known-problem.schema.json")
}
