//! `run`, `resume`, `rollback`: commands that drive a run.

use super::adopting::tell_if_edited;
use crate::args::{Resume, Rollback, Run};
use crate::exit::Exit;
use crate::walk::{Manner, walk};
use crate::{asking, console, output};
use holdpoint_api::views::RollbackSet;
use holdpoint_api::{Chosen, Console, GoBack, Problem, StartRequest, hold_key};
use holdpoint_identity::Env;
use holdpoint_plan::{StepId, Target};
use holdpoint_run::{Interruption, Mode, Refusal, RunId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Walks a plan.
pub(crate) async fn run(args: Run, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    let plan = console.open_plan(&args.plan)?;
    let asked = || asking::yes(&format!("Trust {} and run it?", plan.path));
    if args.trust || (!plan.trusted && output::has_person() && asked()?) {
        console.trust(&args.plan, &plan.digest)?;
    }
    let target = match (args.account, args.region, &plan.target) {
        (Some(account), Some(region), None) => Some(Target { account, region, role: None }),
        (Some(_), Some(_), Some(target)) => {
            return Err(
                Problem::new(format!("the plan is pinned to account {}", target.account)).code("usage")
            );
        }
        _ => None,
    };
    let vars = vars(&args.vars, &plan.vars, env)?;
    for open in plan.findings.iter().filter(|one| args.practice && one.code == "placeholder") {
        output::note(format!("warning: {}:{}:{}: {}", plan.path, open.line, open.column, open.message));
    }
    let request = StartRequest {
        path: args.plan,
        digest: Some(plan.digest),
        practice: args.practice,
        profile: args.profile,
        scenario: args.scenario,
        speed: args.speed.unwrap_or(1.0),
        target,
        vars,
    };
    let run = console.start(request).await?;
    drive(&console, &run, Manner { env, auto_sign: args.auto_sign, json: args.json }).await
}

/// Goes on with an open run.
pub(crate) async fn resume(args: Resume, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    let run = console.find(&args.run).await?;
    let state = console.state(&run).await?;
    if args.auto_sign && state.mode() == Mode::Live {
        return Err(Problem::new("a live run is signed by people, not by --auto-sign").code("usage"));
    }
    let manner = Manner { env, auto_sign: args.auto_sign, json: args.json };
    let glass = args.break_glass.as_deref().map(hold_key).transpose()?;
    let chosen = match &args.from {
        Some(from) => Some((Chosen::Again(step_id(from)?), "resumed with --from")),
        None => args.retry.then_some((Chosen::Retry, "resumed with --retry")),
    };
    match state.end {
        None => {
            tell_if_edited(&console, &run).await;
            match args.take_over {
                true => console.take_over(&run, args.force).await?,
                false => console.resume(&run).await?,
            }
        }
        Some((end, _)) if glass.is_some() => {
            let over =
                format!("run {run} is over, it is {}: no hold of it is passed any more", end.in_words());
            return Err(Problem::new(over).code("refused"));
        }
        Some(_) => console.close(&run).await?,
    }
    if let (Some(hold), Some(reason)) = (glass, args.reason) {
        let own = console.handle(&run).and_then(|handle| handle.signers().into_iter().next());
        let who = args.signer.or(own).unwrap_or_default();
        console.break_glass(&run, &hold, &who, reason).await?;
    }
    if let Some((chosen, how)) = chosen {
        match console.interruption(&run).await? {
            Some(Interruption::Failure(work)) => {
                console.choose(&run, work.step, chosen, Some(how.into())).await?;
            }
            Some(_) | None if args.retry => {}
            Some(_) | None => return Err(Problem::new("no step of this run has failed").code("usage")),
        }
    }
    drive(&console, &run, manner).await
}

/// Puts back everything that a run changed.
pub(crate) async fn rollback(args: Rollback, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    let run = console.find(&args.run).await?;
    let only = (!args.only.is_empty()).then(|| args.only.iter().map(|one| step_id(one)).collect());
    let only = only.transpose()?;
    if args.preview {
        preview(&console.rollback_preview(&run, only.as_ref()).await?, args.json);
        return Ok(Exit::Done);
    }
    let mut accepts = accepted(&args.accept)?;
    // What speaks against it is settled before the run is driven on: nothing goes forward while somebody thinks.
    let goes_back = console.state(&run).await?.rollback.is_some();
    if goes_back && (only.is_some() || !accepts.is_empty()) {
        let begun =
            format!("run {run} is being rolled back already: --only and --accept count at its beginning");
        return Err(Problem::new(begun).code("usage"));
    }
    let set = console.rollback_preview(&run, only.as_ref()).await?;
    if !goes_back && !may_go_back(&set, &mut accepts, output::has_person() && !args.json)? {
        return Ok(Exit::Waits);
    }
    console.resume(&run).await?;
    if !goes_back {
        console.roll_back(&run, GoBack { reason: args.reason, only, accepts }).await?;
    }
    drive(&console, &run, Manner { env, auto_sign: false, json: args.json }).await
}

/// Whether every caution that must be accepted is, or a person who is here accepts it; false where they would rather not.
fn may_go_back(
    set: &RollbackSet,
    accepts: &mut BTreeMap<String, String>,
    asks: bool,
) -> Result<bool, Problem> {
    let has = |id: &str| set.cautions.iter().any(|caution| caution.id == id);
    if let Some(unknown) = accepts.keys().find(|id| !has(id)) {
        return Err(Problem::new(format!("nothing speaks against it by the id `{unknown}`"))
            .code("usage")
            .hint("`holdpoint rollback RUN --preview` has the ids"));
    }
    if asks {
        return accept_at_the_terminal(set, accepts);
    }
    let open = set.cautions.iter().find(|one| one.must_accept && !accepts.contains_key(&one.id));
    match open {
        Some(caution) => Err(Refusal::Caution { id: caution.id.clone(), says: caution.says.clone() }.into()),
        None => Ok(true),
    }
}

/// What would be put back, and what speaks against it.
fn preview(set: &RollbackSet, json: bool) {
    if json {
        return output::json(&serde_json::json!(set));
    }
    if set.steps.is_empty() {
        output::line("nothing was changed that could be put back");
    }
    set.steps.iter().for_each(|undo| output::line(&undo.text));
    for caution in &set.cautions {
        let wanted = if caution.must_accept {
            format!("; accept it: --accept {}=WHY", caution.id)
        } else {
            String::new()
        };
        output::line(format!("! {}{wanted}", caution.says));
    }
}

/// Asks why each caution that must be accepted may be; false where somebody would rather not.
pub(crate) fn accept_at_the_terminal(
    set: &RollbackSet,
    accepts: &mut BTreeMap<String, String>,
) -> Result<bool, Problem> {
    for caution in set.cautions.iter().filter(|one| one.must_accept) {
        if accepts.contains_key(&caution.id) {
            continue;
        }
        output::line(format!("  ! {}", caution.says));
        match asking::ask("  why it may be rolled back all the same (nothing = not now):")? {
            Some(why) if !why.is_empty() => accepts.insert(caution.id.clone(), why),
            Some(_) | None => return Ok(false),
        };
    }
    Ok(true)
}

fn accepted(given: &[String]) -> Result<BTreeMap<String, String>, Problem> {
    let pair = |one: &String| {
        let (id, why) = one.split_once('=').filter(|(_, why)| !why.trim().is_empty()).ok_or_else(|| {
            Problem::new(format!("`--accept {one}` is not ID=WHY"))
                .code("usage")
                .hint("`holdpoint rollback RUN --preview` has the ids")
        })?;
        Ok((id.to_owned(), why.to_owned()))
    };
    given.iter().map(pair).collect()
}

fn step_id(text: &str) -> Result<StepId, Problem> {
    StepId::new(text).map_err(|bad| Problem::new(bad.to_string()).code("usage"))
}

async fn drive(console: &Arc<Console>, run: &RunId, manner: Manner<'_>) -> Result<Exit, Problem> {
    let exit = walk(console, run, manner).await?;
    let view = console.view(run).await?;
    if manner.json {
        output::json(&serde_json::json!({ "run": view.run, "status": view.status, "said": view.said }));
    } else {
        output::line(format!("run {}: {}", view.run, view.said));
    }
    Ok(exit)
}

/// Variables as given; secret ones from the environment, where they are there. Never from the command line.
fn vars(
    given: &[String],
    known: &[holdpoint_api::views::PlanVar],
    env: &Env,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut vars = BTreeMap::new();
    for one in given {
        let (name, value) = one
            .split_once('=')
            .ok_or_else(|| Problem::new(format!("`--var {one}` is not NAME=VALUE")).code("usage"))?;
        if known.iter().any(|var| var.name == name && var.secret) {
            return Err(Problem::new(format!(
                "{name} is a secret: a command line can be read by every process"
            ))
            .code("usage")
            .hint(format!("put it in HOLDPOINT_SECRET_{}, or be asked for it", name.to_uppercase())));
        }
        vars.insert(name.to_owned(), value.to_owned());
    }
    for var in known.iter().filter(|var| var.secret) {
        if let Some(value) = env.get(&format!("HOLDPOINT_SECRET_{}", var.name.to_uppercase())) {
            vars.insert(var.name.clone(), value.to_owned());
        }
    }
    Ok(vars)
}
