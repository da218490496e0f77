//! `lesson`: a failure kept as a check of the plan's preflight.

use crate::args::Lesson;
use crate::exit::Exit;
use crate::{console, output};
use holdpoint_api::{LessonSave, LessonWanted, Problem, save_whole};
use holdpoint_identity::Env;
use std::path::Path;

/// Shows what a failure would add to the plan; writes it where that is asked for.
pub(crate) async fn lesson(args: &Lesson, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    let (run, named) = match args.run.split_once(':') {
        Some((run, step)) => (run, Some(step.to_owned())),
        None => (args.run.as_str(), args.step.clone()),
    };
    let run = console.find(run).await?;
    let step = match named {
        Some(step) => step,
        None => console.failed_step(&run).await?.to_string(),
    };
    let wanted = LessonWanted { run: run.to_string(), step: step.clone(), kind: args.kind.clone() };
    let lesson = console.lesson(&wanted).await?;
    let view = &lesson.view;
    if args.json {
        output::json(view);
    } else {
        output::line(lesson.view.diff.trim_end());
    }
    if let Some(out) = &args.out {
        save_whole(Path::new(out), lesson.text.as_bytes(), args.force)?;
        output::note(format!("{out}: the plan with the step {}", view.id));
    } else if args.apply {
        let save =
            LessonSave { run: run.to_string(), step, kind: view.kind.clone(), digest: view.digest.clone() };
        console.save_lesson(&save).await?;
        output::note(format!("{}: the step {} is in it; its content is trusted anew", view.path, view.id));
    } else if !args.json {
        let others: Vec<&str> =
            view.offers.iter().map(|offer| offer.id.as_str()).filter(|id| *id != view.kind).collect();
        if !others.is_empty() {
            output::note(format!(
                "kept as {}; --as {} would keep it otherwise",
                view.kind,
                others.join(" or --as ")
            ));
        }
        output::note("nothing was written: --apply writes it to the plan, -o FILE to another file");
    }
    Ok(Exit::Done)
}
