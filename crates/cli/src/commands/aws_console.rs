//! `console`: the AWS console in a browser, signed in as a profile's role.

use crate::args::AwsConsole;
use crate::commands::sessions;
use crate::exit::Exit;
use crate::{browser, output};
use holdpoint_api::Problem;
use holdpoint_identity::{Env, console_link};

/// Opens it.
pub(crate) async fn console(args: &AwsConsole, env: &Env) -> Result<Exit, Problem> {
    let session = sessions::open(env, args.profile.as_deref(), args.region.as_deref()).await?;
    let link = console_link(&session, env, args.service.as_deref()).await;
    let link = link.map_err(|error| Problem::new(error.to_string()))?;
    if args.print {
        output::line(link.expose());
        return Ok(Exit::Done);
    }
    browser::open(env, link.expose()).map_err(|why| {
        Problem::new(format!("no browser could be opened: {why}"))
            .hint("`--print` prints the link instead; it is a secret for 15 minutes")
    })?;
    output::note(format!("opened the AWS console with {}", session.source()));
    Ok(Exit::Done)
}
