//! `profiles` and `whoami`: no ledger is opened for them.

use crate::args::{Profiles, Whoami};
use crate::commands::sessions;
use crate::exit::Exit;
use crate::output;
use holdpoint_api::Problem;
use holdpoint_identity::Env;
use serde_json::json;

/// Lists profiles.
pub(crate) async fn profiles(args: &Profiles, env: &Env) -> Result<Exit, Problem> {
    let found = holdpoint_identity::profiles(env).await?;
    if args.json {
        output::json(&found.profiles);
        return Ok(Exit::Done);
    }
    // One write for all: ten thousand profiles are ten thousand lines.
    let mut text = String::new();
    for profile in &found.profiles {
        let [account, role, region] =
            [&profile.account, &profile.role, &profile.region].map(|part| part.as_deref().unwrap_or("-"));
        text.push_str(&format!("{}  {account}  {role}  {region}\n", profile.name));
        profile.problems.iter().for_each(|problem| text.push_str(&format!("  ! {problem}\n")));
    }
    output::raw(&text);
    found.explanation.iter().for_each(output::note);
    found.problems.iter().for_each(|problem| output::note(&problem.text));
    Ok(Exit::Done)
}

/// Asks STS who the profile is.
pub(crate) async fn whoami(args: &Whoami, env: &Env) -> Result<Exit, Problem> {
    let session = sessions::open(env, args.profile.as_deref(), args.region.as_deref()).await?;
    let caller = session.whoami().await.map_err(|error| Problem::new(error.to_string()))?;
    if args.json {
        output::json(&json!({
            "account": caller.account,
            "arn": caller.arn,
            "user_id": caller.user_id,
            "region": session.region(),
            "source": session.source().to_string(),
            "request_id": caller.request_id,
        }));
    } else {
        output::line(format!("account  {}", caller.account));
        output::line(format!("arn      {}", caller.arn));
        output::line(format!("region   {}", session.region()));
        output::line(format!("from     {}", session.source()));
    }
    Ok(Exit::Done)
}
