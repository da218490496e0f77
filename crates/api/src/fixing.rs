//! The repair that a finding of a plan offers: shown as a diff, then written to the plan's file.

use crate::Problem;
use crate::console::{Console, read_plan};
use crate::importing::save_whole;
use crate::views::{FixPreview, PlanView};
use holdpoint_plan::import::fixes;
use holdpoint_plan::{Fix, Reading, apply};
use serde::Deserialize;
use similar::TextDiff;
use std::path::Path;
use ts_rs::TS;

/// What editors of Windows put before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A repair of a plan that was shown.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlanFix {
    /// The plan's file.
    pub path: String,
    /// SHA-256 of what was shown.
    pub digest: String,
    /// Id of the repair.
    pub fix: String,
}

impl Console {
    /// What a repair would change. Nothing is written.
    pub fn preview_fix(&self, args: &PlanFix) -> Result<FixPreview, Problem> {
        let (_, _, reading, fix) = found(args)?;
        let better = repaired(&reading, &fix)?;
        let diff = TextDiff::from_lines(&reading.text, &better).unified_diff().context_radius(2).to_string();
        Ok(FixPreview { title: fix.title, diff })
    }

    /// Makes a repair that was shown: the plan's file is written anew, whole, and trusted anew by its reader.
    pub fn fix_plan(&self, args: &PlanFix) -> Result<PlanView, Problem> {
        let (path, bytes, reading, fix) = found(args)?;
        let mark: &[u8] = if bytes.starts_with(MARK) { MARK } else { b"" };
        let body = bytes.strip_prefix(mark).unwrap_or(&bytes);
        let text = reading.text.strip_prefix('\u{feff}').unwrap_or(&reading.text);
        if body != text.as_bytes() {
            return Err(Problem::new(format!("{path} is not UTF-8, and is not written in another encoding"))
                .code("refused")
                .hint("save it as UTF-8, or make a checked plan of it, which repairs it first"));
        }
        let better = repaired(&reading, &fix)?;
        let new = better.strip_prefix('\u{feff}').unwrap_or(&better);
        save_whole(Path::new(&path), &[mark, new.as_bytes()].concat(), true)?;
        self.open_plan(&path)
    }
}

type Found = (String, Vec<u8>, Reading, Fix);

fn found(args: &PlanFix) -> Result<Found, Problem> {
    let (path, (bytes, reading)) = read_plan(&args.path)?;
    if reading.plan.digest != args.digest {
        return Err(Problem::new(format!("{path} has changed since it was shown"))
            .code("refused")
            .hint("read it again, then repair it"));
    }
    let offered = fixes(&reading);
    let at = offered.iter().find(|(_, id)| *id == args.fix).map(|(at, _)| *at);
    let fix = at.and_then(|at| reading.diagnostics.get(at)?.fix.clone()).ok_or_else(|| {
        Problem::new(format!("{path} has no finding that offers this repair"))
            .code("not_found")
            .hint("read it again")
    })?;
    Ok((path, bytes, reading, fix))
}

fn repaired(reading: &Reading, fix: &Fix) -> Result<String, Problem> {
    apply(&reading.text, &fix.edits)
        .map_err(|error| Problem::new(format!("this repair cannot be made: {error}")).code("refused"))
}
