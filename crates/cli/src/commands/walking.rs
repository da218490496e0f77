//! `run`, `resume`, `rollback`: commands that drive a run.

use crate::args::{Resume, Rollback, Run};
use crate::exit::Exit;
use crate::walk::{Manner, walk};
use crate::{asking, console, output};
use holdpoint_api::{Chosen, Console, Problem, StartRequest};
use holdpoint_identity::Env;
use holdpoint_plan::{StepId, Target};
use holdpoint_run::{Interruption, Mode, RunId};
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
    match state.end {
        None => console.resume(&run).await?,
        Some(_) => console.close(&run).await?,
    }
    let chosen = match &args.from {
        Some(from) => {
            let from =
                StepId::new(from.as_str()).map_err(|bad| Problem::new(bad.to_string()).code("usage"))?;
            Some((Chosen::Again(from), "resumed with --from"))
        }
        None => args.retry.then_some((Chosen::Retry, "resumed with --retry")),
    };
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
    if args.preview {
        let set = console.rollback_preview(&run).await?;
        set.steps.iter().for_each(|undo| output::line(&undo.text));
        return Ok(Exit::Done);
    }
    console.resume(&run).await?;
    let state = console.state(&run).await?;
    if state.rollback.is_none() {
        console.roll_back(&run, &args.reason).await?;
    }
    drive(&console, &run, Manner { env, auto_sign: false, json: args.json }).await
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
