//! `adopt`: going on with a plan that was edited while its run is open.

use crate::args::Adopt;
use crate::exit::Exit;
use crate::{asking, console, output};
use holdpoint_api::views::EditedView;
use holdpoint_api::{Console, Problem, RunAdopt};
use holdpoint_identity::Env;
use holdpoint_run::{Adoption, ChangeKind, RunId};
use std::collections::BTreeMap;

/// Shows what the edit changes, and adopts it when that is asked for.
pub(crate) async fn adopt(args: Adopt, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    let run = console.find(&args.run).await?;
    let Some(edited) = console.edited(&run).await? else {
        return Ok(nothing(&run, args.json));
    };
    if let (None, false) | (_, true) = (&args.reason, args.preview) {
        shown(&edited, args.json);
        return Ok(if edited.refused.is_none() { Exit::Done } else { Exit::Failed });
    }
    if let Some(refused) = edited.refused {
        return Err(refused);
    }
    let person = output::has_person() && !args.json;
    let fates = fates(&args, &edited, person)?;
    let asked = || asking::yes(&format!("Trust {} as it is now?", edited.path));
    if args.trust || (!edited.trusted && person && asked()?) {
        console.trust(&edited.path, &edited.digest)?;
    }
    let walked = edited.walked.clone();
    console
        .adopt_edited(RunAdopt {
            run: run.to_string(),
            digest: edited.digest.clone(),
            shown: edited.shown,
            fates,
            reason: args.reason.unwrap_or_default(),
        })
        .await?;
    match args.json {
        true => {
            output::json(&serde_json::json!({ "run": run, "adopted": edited.digest, "instead_of": walked }))
        }
        false => {
            output::line(format!(
                "run {run} goes on with {} instead of {}",
                short(&edited.digest),
                short(&walked)
            ));
            output::note(format!("`holdpoint resume {run}` goes on"));
        }
    }
    Ok(Exit::Done)
}

/// Tells a person that the plan's file says something else than what the run is walked by. What cannot be looked at keeps
/// no run from going on.
pub(crate) async fn tell_if_edited(console: &Console, run: &RunId) {
    match console.edited(run).await {
        Ok(Some(edited)) => output::note(format!(
            "{} was edited since: the run goes on with the plan as it was; `holdpoint adopt {run} --preview` shows the edit",
            edited.path
        )),
        Ok(None) => {}
        Err(problem) => tracing::warn!(%run, %problem, "whether the plan was edited"),
    }
}

fn nothing(run: &RunId, json: bool) -> Exit {
    match json {
        true => output::json(&serde_json::Value::Null),
        false => output::note(format!("the plan of run {run} was not edited, or the run is over")),
    }
    Exit::Done
}

/// The text's diff, the changed steps, what is to be decided.
fn shown(edited: &EditedView, json: bool) {
    if json {
        return output::json(edited);
    }
    output::line(format!("{}: {} instead of {}", edited.path, short(&edited.digest), short(&edited.walked)));
    output::line(edited.diff.trim_end());
    if edited.changes.is_empty() && edited.refused.is_none() {
        output::line("no step is another one: only words differ");
    }
    for change in &edited.changes {
        let how = match change.how {
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Changed => "changed",
        };
        let decide = match change.decide {
            true => format!("; it has a result: --keep {0} or --again {0}", change.step),
            false => String::new(),
        };
        output::line(format!("{how:<8} {} ({}){decide}", change.title, change.step));
    }
    if !edited.trusted {
        output::note("this content is not trusted yet: `--trust`, after reading it");
    }
    if let Some(refused) = &edited.refused {
        output::error(&refused.to_string());
    }
}

/// One decision for each changed step that has a result: given, or asked of who is here.
fn fates(args: &Adopt, edited: &EditedView, person: bool) -> Result<BTreeMap<String, Adoption>, Problem> {
    let keep = args.keep.iter().map(|step| (step.clone(), Adoption::Keep));
    let again = args.again.iter().map(|step| (step.clone(), Adoption::Again));
    let mut fates = BTreeMap::new();
    for (step, fate) in keep.chain(again) {
        if !edited.changes.iter().any(|change| change.decide && change.step == step) {
            return Err(Problem::new(format!("there is nothing to decide about `{step}`"))
                .code("usage")
                .hint("`holdpoint adopt RUN --preview` lists the changed steps that have a result"));
        }
        if fates.insert(step.clone(), fate).is_some_and(|before| before != fate) {
            let both = format!("`{step}` is both kept and walked again");
            return Err(Problem::new(both).code("usage").hint("name it once"));
        }
    }
    for change in edited.changes.iter().filter(|change| change.decide) {
        if fates.contains_key(&change.step) {
            continue;
        }
        let asked = match person {
            true => asking::ask(&format!(
                "  {} ({}) is another step now, and has a result: k = it counts, w = walk it again:",
                change.title, change.step
            ))?,
            false => None,
        };
        match asked.as_deref() {
            Some("k") => fates.insert(change.step.clone(), Adoption::Keep),
            Some("w") => fates.insert(change.step.clone(), Adoption::Again),
            Some(_) | None => {
                let open = format!("{} is another step now, and has a result", change.step);
                return Err(Problem::new(open).code("refused").hint(format!(
                    "`--keep {0}`: it counts; `--again {0}`: it is walked again",
                    change.step
                )));
            }
        };
    }
    Ok(fates)
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
