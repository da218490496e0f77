//! `known`: problems that are recognised, Holdpoint's and one's own.

use crate::args::{Known, KnownAdd, KnownCheck, KnownList, KnownShow, KnownTo, KnownVerb};
use crate::exit::Exit;
use crate::{console, output};
use holdpoint_api::known::{Own, Shelf, catalogue, prove};
use holdpoint_api::{KnownForm, Problem, own_file, shelf_of};
use holdpoint_identity::Env;
use holdpoint_plan::near;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Carries out a verb.
pub(crate) async fn known(args: &Known, env: &Env) -> Result<Exit, Problem> {
    match &args.verb {
        KnownVerb::List(args) => list(args, env),
        KnownVerb::Show(args) => show(args, env),
        KnownVerb::Check(args) => check(args, env),
        KnownVerb::Add(args) => add(args, env).await,
    }
}

/// Problems of one's own, as far as they can be read; what is wrong with the others is told.
fn shelf(plan: Option<&str>, env: &Env) -> Result<Shelf, Problem> {
    let plan = plan.map(|plan| {
        std::fs::canonicalize(plan).map_err(|error| {
            Problem::new(format!("{plan} cannot be opened: {error}")).code("not_found").hint("check the path")
        })
    });
    let plan: Option<PathBuf> = plan.transpose()?;
    let shelf = shelf_of(&console::config(env)?.home, plan.as_deref());
    for (path, fault) in shelf.faults() {
        output::error(&format!("{path}:{fault}"));
    }
    Ok(shelf)
}

fn list(args: &KnownList, env: &Env) -> Result<Exit, Problem> {
    let shelf = shelf(args.plan.as_deref(), env)?;
    if args.json {
        let own = shelf.own().iter().map(|own| {
            json!({ "id": own.problem.id, "title": own.problem.title, "owner": own.owner.word(), "file": own.path })
        });
        let ours = catalogue()
            .iter()
            .map(|ours| json!({ "id": ours.id, "title": ours.title, "owner": "holdpoint", "file": null }));
        output::json(&own.chain(ours).collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    for own in shelf.own() {
        output::line(row(own.owner.word(), &own.problem.id, &own.problem.title));
    }
    for ours in catalogue() {
        output::line(row("holdpoint", &ours.id, &ours.title));
    }
    Ok(Exit::Done)
}

fn row(owner: &str, id: &str, title: &str) -> String {
    format!("{owner:<9}  {id:<34}  {title}")
}

fn show(args: &KnownShow, env: &Env) -> Result<Exit, Problem> {
    let shelf = shelf(args.plan.as_deref(), env)?;
    let own = shelf.own().iter().find(|own| own.problem.id == args.id);
    if let Some(Own { owner, path, problem }) = own {
        output::line(format!("{}: {} ({})", problem.id, path, owner.word()));
        output::line(problem.section().trim_end());
        return Ok(Exit::Done);
    }
    if let Some(ours) = catalogue().iter().find(|ours| ours.id == args.id) {
        output::line(format!("{}: Holdpoint's own", ours.id));
        output::raw(&ours.section());
        return Ok(Exit::Done);
    }
    let ids = catalogue().iter().map(|ours| ours.id.as_str());
    let all = ids.chain(shelf.own().iter().map(|own| own.problem.id.as_str()));
    let hint = match near(&args.id, all) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "holdpoint known list lists them all".to_owned(),
    };
    Err(Problem::new(format!("no known problem has the id `{}`", args.id)).code("usage").hint(hint))
}

fn check(args: &KnownCheck, env: &Env) -> Result<Exit, Problem> {
    let others = shelf_of(&console::config(env)?.home, None);
    let mut all_hold = true;
    for file in &args.files {
        let proof = own_file(Path::new(file)).and_then(|own| prove(&own.id, &own.text, others.own()));
        match proof {
            Err(fault) => {
                all_hold = false;
                output::line(format!("{file}:{fault}"));
            }
            Ok(proof) => {
                all_hold &= proof.broken.is_empty();
                proof.broken.iter().for_each(|broken| output::line(format!("{file}: {broken}")));
                for other in &proof.claims {
                    output::line(format!(
                        "{file}: note: it also recognises an example of `{other}`, and stands before it"
                    ));
                }
                output::line(format!(
                    "{file}: {} of {} examples recognised, {} of {} left alone",
                    proof.recognised,
                    proof.problem.examples.yes.len(),
                    proof.left_alone,
                    proof.problem.examples.no.len()
                ));
            }
        }
    }
    Ok(if all_hold { Exit::Done } else { Exit::Failed })
}

async fn add(args: &KnownAdd, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    let (run, step) = match args.from.split_once(':') {
        Some((run, step)) => (run, Some(step)),
        None => (args.from.as_str(), None),
    };
    let run = console.find(run).await?;
    let step = match step {
        Some(step) => step.to_owned(),
        None => console.failed_step(&run).await?.to_string(),
    };
    let id = holdpoint_plan::StepId::new(step.clone())
        .map_err(|bad| Problem::new(bad.to_string()).code("usage"))?;
    let offer = console.known_offer(&run, &id).await?;
    let number = args.message.checked_sub(1).filter(|number| *number < offer.messages.len());
    let Some((number, message)) = number.and_then(|number| Some((number, offer.messages.get(number)?)))
    else {
        let has = offer.messages.len();
        return Err(Problem::new(format!(
            "the failure of {step} has {has} lines, and no line {}",
            args.message
        ))
        .code("usage")
        .hint("--preview lists them"));
    };
    let regex = args.regex.clone().or_else(|| message.regex.clone());
    if args.preview {
        for (number, message) in (1..).zip(&offer.messages) {
            output::line(format!("{number:>3}  {}: {}", message.place, message.text));
        }
        output::line("");
    }
    let Some(regex) = regex else {
        return Err(Problem::new(format!(
            "no expression can be proposed for `{}`: it has too few words",
            message.text
        ))
        .code("usage")
        .hint("choose another line with --message, or give one with --match"));
    };
    let form = KnownForm {
        run: run.to_string(),
        step,
        message: number,
        id: args.id.clone(),
        title: args.title.clone(),
        meaning: args.meaning.clone(),
        cause: args.cause.clone(),
        repairs: args.repair.clone(),
        regex,
        to: match args.to {
            KnownTo::User => "user".to_owned(),
            KnownTo::Plan => "plan".to_owned(),
        },
    };
    if args.preview {
        let draft = console.known_draft(&form).await?;
        draft.faults.iter().for_each(|(field, said)| output::error(&format!("{field}: {said}")));
        let Some(yaml) = draft.yaml else { return Ok(Exit::Failed) };
        output::line(format!("# {}", draft.file));
        output::raw(&yaml);
        return Ok(Exit::Done);
    }
    let saved = console.save_known(&form).await?;
    output::line(format!("{}: {}", saved.id, saved.file));
    Ok(Exit::Done)
}
