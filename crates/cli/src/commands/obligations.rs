//! `obligations`: what runs left for later.

use crate::args::{ObligationVerb, Obligations};
use crate::exit::Exit;
use crate::{console, output};
use holdpoint_api::views::ObligationView;
use holdpoint_api::{Moved, Problem};
use holdpoint_identity::Env;

/// Lists what stands, after carrying out what is asked for.
pub(crate) async fn obligations(args: Obligations, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    match args.verb {
        Some(ObligationVerb::Close(close)) => {
            let run = console.find(&close.run).await?;
            console.close_obligation(&run, &close.id, close.reason, close.evidence).await?;
        }
        Some(ObligationVerb::Move(to)) => {
            let run = console.find(&to.run).await?;
            let moved = Moved { within: to.within, owner: to.owner, reason: to.reason };
            console.move_obligation(&run, &to.id, moved).await?;
        }
        None => {}
    }
    let all = console.obligations().await?;
    if args.json {
        output::json(&all);
    } else if all.is_empty() {
        output::note("nothing is left for later");
    } else {
        all.iter().for_each(|one| output::line(told(one)));
    }
    Ok(Exit::Done)
}

/// `OVERDUE 2026-11-20T14:00:00Z  7k2m  after.cors  narrow CORS (platform)  Agents in three stages`.
fn told(one: &ObligationView) -> String {
    let when = match &one.due {
        Some(due) if one.overdue => format!("OVERDUE {due}"),
        Some(due) => format!("due {due}"),
        None => "no date".to_owned(),
    };
    let owner = one.owner.as_ref().map(|owner| format!(" ({owner})")).unwrap_or_default();
    let practice = if one.practice { "  practice" } else { "" };
    format!("{when}  {}  {}  {}{owner}  {}{practice}", one.run, one.id, one.what, one.plan)
}
