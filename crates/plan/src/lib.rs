//! A deployment plan: annotated Markdown in, [`Plan`] and [`Diagnostic`]s out.
//!
//! Invariant: no IO, no clock, no environment. The bytes of a plan are never re-serialised; every part keeps its
//! byte range in the text that was read.

mod beside;
mod blocks;
mod codes;
mod decode;
mod diagnostic;
mod document;
mod draft;
mod edit;
mod expectations;
mod fields;
mod findings;
mod front;
mod ids;
pub mod import;
pub mod kinds;
pub mod lift;
pub mod limits;
mod lint;
mod mapped;
mod model;
mod names;
mod needs;
mod offer;
pub mod openings;
mod placeholders;
mod read;
mod repair;
mod repairs;
mod rules;
mod sections;
mod shape;
pub mod shell;
pub mod sql;
mod tasks;
mod template;
mod together;
mod understand;
mod wanted;
mod work;
mod yaml;

pub use blocks::{Block, BlockKind, blocks, view};
pub use codes::{CHAPTERS, Chapter, FindingSpec, finding, findings, findings_page, severity_word};
pub use decode::LARGEST;
pub use diagnostic::{Diagnostic, Severity, Span};
pub use edit::{Edit, EditError, Fix, apply};
pub(crate) use expectations::expectations_of;
pub use expectations::{Expectation, expectations};
pub use findings::{Remark, near, remarks};
pub use ids::{BadId, ItemId, StageId, StepId};
pub use kinds::{
    KNOWN_LATER, KindSpec, NotTyped, OutputSpec, PracticeMode, json_schema, kind, kinds, kinds_page,
    render_action, typed,
};
pub use lint::configuration;
pub use model::*;
pub use offer::{RepairOffer, repair_edits};
pub use placeholders::unfilled;
pub use read::read;
pub use repairs::{Mended, mend};
pub use template::{NameUsed, RenderError, names_used, render, templates, truth, value_of};
pub use understand::{
    Cost, Decision, Expected, Exposure, Fact, FactKey, Form, ManualStep, Mark, MarkAt, OptionSaid, Said,
    SectionMeaning, ServiceSaid, Trouble, Understanding, understand,
};
pub use wanted::{Thing, Wanted, wanted};
