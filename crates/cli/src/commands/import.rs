//! `import`: a guide in, a checked plan out.

use super::check::bytes_of;
use crate::args::Import;
use crate::exit::Exit;
use crate::output;
use holdpoint_api::{Problem, save_whole};
use holdpoint_plan::import::{self, ImportOptions, Outcome};
use holdpoint_plan::{Effect, Severity};
use serde_json::json;
use std::path::Path;

/// Makes a checked plan of a guide. The guide's file stays as it is.
pub(crate) fn import(args: &Import) -> Result<Exit, Problem> {
    let options = ImportOptions {
        repair: args.repair,
        refused: args.refuse.iter().cloned().collect(),
        accepted: args.accept.iter().cloned().collect(),
        account: args.account.clone(),
        region: args.region.clone(),
        fixes: Vec::new(),
    };
    let done = import::import(&bytes_of(&args.plan)?, &options);
    let ids: Vec<&str> = done.proposals.iter().map(|one| one.id.as_str()).collect();
    if let Some(unknown) = args.refuse.iter().chain(&args.accept).find(|id| !ids.contains(&id.as_str())) {
        return Err(Problem::new(format!("{} proposes nothing with the id `{unknown}`", args.plan))
            .code("usage")
            .hint("the ids stand in the report: holdpoint import FILE --report"));
    }
    if let Some(out) = &args.out {
        save_whole(Path::new(out), &done.bytes, args.force).map_err(|problem| {
            match problem.is("exists") {
                true => problem.code("usage").hint("--force replaces it"),
                false => problem,
            }
        })?;
    }
    let said = if args.json {
        as_json(&args.plan, &done, args.out.as_deref())
    } else if args.report {
        done.report()
    } else {
        summary(&done)
    };
    // The plan itself has standard output, unless it went to a file.
    if args.json {
        output::raw(&said);
    } else if args.out.is_some() {
        output::line(said.trim_end());
    } else {
        output::bytes(&done.bytes);
        output::note(said.trim_end());
    }
    let failed = done.reading.diagnostics.iter().any(|one| one.severity == Severity::Error);
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

/// A line a command, then the counts.
fn summary(done: &import::Import) -> String {
    let mut out = String::new();
    for one in &done.proposals {
        let command: String = one.command.split_whitespace().collect::<Vec<_>>().join(" ");
        let command: String = match command.char_indices().nth(70) {
            Some((at, _)) => format!("{}…", command.get(..at).unwrap_or_default()),
            None => command,
        };
        let (sign, what) = match &one.outcome {
            Outcome::Lifted { uses, step, .. } => ('+', format!("{uses} ({step})")),
            Outcome::Kept { refused: true, uses, step, .. } => ('!', format!("{uses} ({step}), refused")),
            Outcome::Kept { uses, step, effect, .. } => {
                ('=', format!("{uses} ({step}), {}", effect_word(*effect)))
            }
            Outcome::Absorbed { .. } => ('.', "no step of its own".to_owned()),
            Outcome::Offered { uses, effect, .. } => (
                '~',
                format!(
                    "{uses}, {}: outside of code fences; --accept {} makes a step of it",
                    effect_word(*effect),
                    one.id
                ),
            ),
        };
        out.push_str(&format!("{sign} {:>5}  {command}\n         {what}\n", one.line));
    }
    for one in &done.left {
        out.push_str(&format!("? {:>5}  {}: {}\n", one.line, one.what, one.why));
    }
    let count = |severity| done.reading.diagnostics.iter().filter(|one| one.severity == severity).count();
    out.push_str(&format!(
        "{}\n{} errors, {} warnings, {} notes; --report says all of it\n",
        done.said(),
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Note)
    ));
    out
}

fn as_json(path: &str, done: &import::Import, out: Option<&str>) -> String {
    let proposals: Vec<serde_json::Value> = done
        .proposals
        .iter()
        .map(|one| {
            let mut value = json!({ "id": one.id, "line": one.line, "command": one.command });
            let more = match &one.outcome {
                Outcome::Lifted { uses, step, guessed, .. } => {
                    json!({ "outcome": "lifted", "uses": uses, "step": step, "guessed": guessed })
                }
                Outcome::Kept { uses, step, effect, why, refused } => json!({
                    "outcome": "kept", "uses": uses, "step": step, "effect": effect_word(*effect), "why": why, "refused": refused,
                }),
                Outcome::Absorbed { why } => json!({ "outcome": "absorbed", "why": why }),
                Outcome::Offered { uses, effect, why } => json!({
                    "outcome": "offered", "uses": uses, "effect": effect_word(*effect), "why": why,
                }),
            };
            if let (Some(value), serde_json::Value::Object(more)) = (value.as_object_mut(), more) {
                value.extend(more);
            }
            value
        })
        .collect();
    let left: Vec<serde_json::Value> =
        done.left.iter().map(|one| json!({ "line": one.line, "what": one.what, "why": one.why })).collect();
    let value = json!({
        "path": path,
        "out": out,
        "said": done.said(),
        "proposals": proposals,
        "left": left,
        "findings": done.reading.diagnostics,
        "text": done.text,
    });
    format!("{value:#}\n")
}

fn effect_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Idempotent => "idempotent",
        Effect::Once => "once",
        Effect::Destructive => "destructive",
    }
}
