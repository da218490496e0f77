//! `holdpoint-bridge PAGE [PLAN]`: serves the built page of folder PAGE and prints where, as one line of JSON; each page
//! that the window would open in a browser is another line.

use holdpoint_api::{Config, Console};
use holdpoint_identity::Env;
use holdpoint_steps::{Access, AwsOutfitter, SimCommand};
use std::error::Error;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr).init();
    let mut arguments = std::env::args().skip(1);
    let page = arguments.next().map(PathBuf::from).ok_or("usage: holdpoint-bridge PAGE [PLAN]")?;
    if !page.join("index.html").is_file() {
        return Err(format!(
            "{} has no index.html: build the page first (npm run build in ui/)",
            page.display()
        )
        .into());
    }
    let env = Env::new(std::env::vars_os());
    let beside =
        std::env::current_exe()?.with_file_name(format!("holdpoint{}", std::env::consts::EXE_SUFFIX));
    let program = env.os("HOLDPOINT_CLI").map_or(beside, PathBuf::from);
    let outfitter = AwsOutfitter::new(env.clone(), SimCommand { program, args: vec!["sim".into()] });
    let config = Config::of(env, Arc::new(outfitter.clone()), "console", env!("CARGO_PKG_VERSION"))?;
    let identities = config.open_identities();
    let (tokens, keeper) = (Some(identities.tokens.clone()), Some(identities.keeper.clone()));
    let console = Console::open(Config {
        open_at_start: arguments.next(),
        outfitter: Arc::new(outfitter.with(Access { tokens, keeper })),
        identities: Some(identities),
        open_url: Arc::new(|url| tell(&serde_json::json!({ "opened": url }))),
        ..config
    })?;

    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let host = listener.local_addr()?.to_string();
    tell(&serde_json::json!({ "url": format!("http://{host}/") }))?;
    axum::serve(listener, holdpoint_bridge::router(console, page, &host)).await?;
    Ok(())
}

/// A line for whoever started the bridge.
fn tell(line: &serde_json::Value) -> Result<(), String> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| error.to_string())
}
