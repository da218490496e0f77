//! The table of kinds: what each is called, does, gives and stands for in practice.

use crate::Effect;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::OnceLock;

/// A kind of step.
pub struct KindSpec {
    /// As written after `uses:`.
    pub name: &'static str,
    /// Group in the documentation, also the folder of its executor.
    pub family: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// Effect of a step that does not state one.
    pub effect: Effect,
    /// What a rollback does for a step without `undo`; `None` where nothing is known.
    pub default_undo: Option<&'static str>,
    /// What stands for it in practice.
    pub practice: PracticeMode,
    /// Outputs that every step of this kind has.
    pub outputs: &'static [OutputSpec],
    /// Whether a step may have more outputs: `manual`'s fields, `shell`'s declared ones.
    pub open_outputs: bool,
    /// Whether it runs the code fence after it; for the others that fence is the command they replace.
    pub takes_script: bool,
    pub(super) make: fn() -> Schemas,
    pub(super) schemas: OnceLock<Schemas>,
}

/// An output of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputSpec {
    /// As in `steps.<id>.outputs.<name>`.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
}

/// What a kind does in practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PracticeMode {
    /// Its AWS calls go to the simulator.
    Sim,
    /// The same as live: it touches nothing but the plan's folder and the operator.
    Local,
    /// Its requests go to what the simulator's containers serve.
    StandIn,
    /// Shown as not practised, unless the step's `practice` names a stand-in.
    NotPractised,
}

impl PracticeMode {
    /// As in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Local => "local",
            Self::StandIn => "stand_in",
            Self::NotPractised => "not_practised",
        }
    }
}

pub(super) struct Schemas {
    with: Value,
    expect: Value,
}

impl KindSpec {
    /// JSON Schema of `with`, without references.
    pub fn with_schema(&self) -> &Value {
        &self.schemas.get_or_init(self.make).with
    }

    /// JSON Schema of `expect`, without references.
    pub fn expect_schema(&self) -> &Value {
        &self.schemas.get_or_init(self.make).expect
    }

    /// Whether a step of this kind has that output, apart from those that the step itself declares.
    pub fn has_output(&self, name: &str) -> bool {
        self.outputs.iter().any(|output| output.name == name)
    }
}

impl std::fmt::Debug for KindSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KindSpec").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All kinds of this version, by family.
pub fn kinds() -> &'static [KindSpec] {
    static ALL: OnceLock<Vec<KindSpec>> = OnceLock::new();
    ALL.get_or_init(|| {
        super::person::list()
            .into_iter()
            .chain(super::shell::list())
            .chain(super::http::list())
            .chain(super::terraform::list())
            .chain(super::ecs::list())
            .chain(super::ecs_task::list())
            .chain(super::express::list())
            .chain(super::apprunner::list())
            .chain(super::image::list())
            .chain(super::checks::list())
            .chain(super::account::list())
            .chain(super::database::list())
            .chain(super::files::list())
            .chain(super::local::list())
            .collect()
    })
}

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static KindSpec> {
    kinds().iter().find(|kind| kind.name == name)
}

/// Kinds that the plan format names and this version cannot do: "not in this version" rather than "did you mean".
pub const KNOWN_LATER: &[&str] = &[];

/// A rendered `with` or `expect` that does not fit its kind's type.
#[derive(Debug, thiserror::Error)]
#[error("the rendered arguments do not fit: {0}")]
pub struct NotTyped(#[from] serde_json::Error);

/// Reads a *rendered* `with` or `expect` (no templates left) into its kind's type. Null is read as an empty object.
pub fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, NotTyped> {
    if value.is_null() {
        return Ok(serde_json::from_value(Value::Object(serde_json::Map::new()))?);
    }
    Ok(T::deserialize(value)?)
}

/// A kind with the defaults of most: practised against the simulator, no outputs, no script.
pub(super) fn spec<W: JsonSchema, E: JsonSchema>(
    name: &'static str,
    family: &'static str,
    doc: &'static str,
    effect: Effect,
) -> KindSpec {
    KindSpec {
        name,
        family,
        doc,
        effect,
        default_undo: None,
        practice: PracticeMode::Sim,
        outputs: &[],
        open_outputs: false,
        takes_script: false,
        make: || Schemas { with: schema::<W>(), expect: schema::<E>() },
        schemas: OnceLock::new(),
    }
}

fn schema<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .into_generator();
    generator.into_root_schema_for::<T>().to_value()
}
