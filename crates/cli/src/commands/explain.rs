//! `explain` and `schema`: what findings mean, and what a plan may say.

use crate::args::{Explain, SchemaName};
use crate::exit::Exit;
use crate::output;
use holdpoint_api::Problem;
use holdpoint_plan::{CHAPTERS, finding, findings, near};

/// Says what a code means, or lists all codes.
pub(crate) fn explain(args: &Explain) -> Result<Exit, Problem> {
    let Some(code) = &args.code else {
        for chapter in CHAPTERS {
            output::line(chapter.title);
            chapter.codes.iter().for_each(|spec| output::line(format!("  {:<26} {}", spec.code, spec.title)));
        }
        return Ok(Exit::Done);
    };
    // As it is copied from a finding: `warning[old-revision]`.
    let bare = code.rsplit_once('[').map_or(code.as_str(), |(_, inner)| inner).trim_end_matches([']', ':']);
    match finding(bare) {
        Some(spec) => {
            output::raw(&spec.explained());
            Ok(Exit::Done)
        }
        None => {
            let hint = match near(bare, findings().map(|spec| spec.code)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "holdpoint explain lists them all".to_owned(),
            };
            Err(Problem::new(format!("there is no finding with the code `{bare}`")).code("usage").hint(hint))
        }
    }
}

/// Prints a JSON Schema.
pub(crate) fn schema(name: SchemaName) -> Result<Exit, Problem> {
    match name {
        SchemaName::Plan => output::json(&holdpoint_plan::json_schema()),
        SchemaName::KnownProblem => output::raw(holdpoint_api::known::json_schema()),
    }
    Ok(Exit::Done)
}
