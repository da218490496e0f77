//! `verify`, `report`.

use crate::args::{Format, Report, Verify};
use crate::exit::Exit;
use crate::{console, output};
use holdpoint_api::{Problem, Proof, ReportFormat, Statements, prove_report};
use holdpoint_identity::Env;
use serde_json::json;
use std::path::Path;

/// Largest report that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Checks a run's journal, or a report's file.
pub(crate) async fn verify(args: &Verify, env: &Env) -> Result<Exit, Problem> {
    let path = Path::new(&args.what);
    let is_named_so =
        path.extension().is_some_and(|ending| ending == "html" || ending == "json" || ending == "md");
    if is_named_so || path.is_file() {
        return verify_report(args, path);
    }
    if args.key.is_some() {
        return Err(Problem::new("--key is for a report's file").code("usage"));
    }
    let console = console::open(env)?;
    let run = console.find(&args.what).await?;
    let (verdict, events) = console.verdict(&run).await?;
    let intact = verdict.is_intact();
    match args.json {
        true => output::json(&json!({
            "run": run, "intact": intact, "said": verdict.to_string(), "events": events,
        })),
        false => output::line(format!("{run}: {verdict}")),
    }
    Ok(if intact { Exit::Done } else { Exit::Failed })
}

/// No home is opened for it, and nothing is asked of a network.
fn verify_report(args: &Verify, path: &Path) -> Result<Exit, Problem> {
    let could_not = |error: std::io::Error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let problem = Problem::new(format!("{} cannot be read: {error}", path.display()));
        if missing { problem.code("not_found") } else { problem }
    };
    let size = std::fs::metadata(path).map_err(could_not)?.len();
    if size > LARGEST {
        return Err(Problem::new(format!("{} is larger than any report", path.display())).code("refused"));
    }
    let bytes = std::fs::read(path).map_err(could_not)?;
    let proof = prove_report(&bytes, env!("CARGO_PKG_VERSION"))?;
    let wanted = args.key.as_deref().map(str::to_ascii_lowercase);
    let by_whom = wanted.is_none_or(|key| proof.anchored == proof.events && proof.keys == [key]);
    match args.json {
        true => output::json(
            &json!({ "holds": proof.holds() && by_whom, "signed_as_asked": by_whom, "proof": proof }),
        ),
        false => told(&proof, by_whom),
    }
    Ok(if proof.holds() && by_whom { Exit::Done } else { Exit::Failed })
}

fn told(proof: &Proof, by_whom: bool) {
    let line = |text: &str| output::line(text);
    line(&format!("run {}, {} events, written by Holdpoint {}", proof.run, proof.events, proof.writer));
    line(&format!("events: {}", proof.verdict));
    match proof.keys.as_slice() {
        [] => line("signed: by no device: whoever has the file could have written its events"),
        keys => line(&format!(
            "signed: the first {} of {} events, by the device {}: compare it with the one that you know",
            proof.anchored,
            proof.events,
            keys.join(", ")
        )),
    }
    if !by_whom {
        line("signed: NOT all of it by the device that was asked for");
    }
    match &proof.statements {
        Statements::Follow => line("statements: each follows from the events"),
        Statements::OfAnotherVersion { differences } => line(&format!(
            "statements: not compared: this version would write {differences} places otherwise; check it with Holdpoint {}",
            proof.writer
        )),
        Statements::Unchecked { why } => line(&format!("statements: not compared: {why}")),
        Statements::Altered { differences, more } => {
            let all = differences.len() + more;
            line(&format!("statements: ALTERED in {all} {}:", if all == 1 { "place" } else { "places" }));
            for one in differences {
                line(&format!("  {}", one.place));
                line(&format!("    says    {}", one.says.as_deref().unwrap_or("(nothing: it was left out)")));
                line(&format!(
                    "    follows {}",
                    one.follows.as_deref().unwrap_or("(nothing: it was put in)")
                ));
            }
            if *more > 0 {
                line(&format!("  and {more} more"));
            }
        }
    }
}

/// Writes a run's report.
pub(crate) async fn report(args: &Report, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    let run = console.find(&args.run).await?;
    let format = match args.format {
        Format::Md => ReportFormat::Markdown,
        Format::Html => ReportFormat::Html,
        Format::Json => ReportFormat::Json,
    };
    let report = console.report(&run, format).await?;
    match &args.output {
        Some(path) => {
            let written = console.export(&run, format, path).await?;
            output::note(format!("{} ({} bytes, sha256 {})", written.path, written.bytes, written.sha256));
        }
        None => output::raw(&report.text),
    }
    if !report.intact {
        output::error(&format!("the report is of a damaged journal: {}", report.verdict));
    }
    Ok(if report.intact { Exit::Done } else { Exit::Failed })
}
