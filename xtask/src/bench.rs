//! Speed, as ratios of medians of paired runs. Machines are noisy: ours and the peer's runs take turns.

mod accounts;
mod identities;
mod images;
mod ledger;
mod outcomes;
mod output;
mod plans;
mod registries;
mod resume;
mod sessions;
mod simulator;
mod table;
mod window;

use crate::front;
use crate::place::target;
use crate::tool::{Failure, cargo, folder};
use std::path::PathBuf;

/// What every measure is given.
struct Bench {
    ours: PathBuf,
    home: PathBuf,
    pairs: usize,
}

type Measure = fn(&Bench) -> Result<Vec<String>, Failure>;

/// The one that needs the page, and the desktop's libraries.
const WINDOW: &str = "window";

/// In the order in which they run; the names are for `--only`.
const MEASURES: [(&str, Measure); 15] = [
    ("whoami", |of| Ok(vec![identities::whoami(&of.ours, &of.home, of.pairs)?])),
    ("profiles", |of| Ok(vec![identities::profiles(&of.ours, &of.home, of.pairs)?])),
    ("filter", |of| Ok(vec![identities::filter(&of.home, of.pairs)?])),
    ("helper", |of| Ok(vec![registries::helper(&of.ours, &of.home, of.pairs)?])),
    ("sessions", |of| Ok(vec![sessions::fifty(&of.ours, &of.home, of.pairs)?])),
    ("plans", |of| {
        let mut rows = plans::check(&of.ours, &of.home, of.pairs)?;
        rows.push(plans::import(&of.ours, &of.home, of.pairs)?);
        Ok(rows)
    }),
    ("output", |of| {
        Ok(vec![output::kept(&of.home, of.pairs)?, output::of_a_script(&of.ours, &of.home, of.pairs)?])
    }),
    ("resume", |of| Ok(vec![resume::decision(&of.ours, &of.home, of.pairs)?])),
    (WINDOW, |of| Ok(vec![window::opens(&of.home, of.pairs)?])),
    ("ledger", |of| ledger::appends(&of.home)),
    ("replay", |of| ledger::replay(&of.home)),
    ("history", |of| ledger::history(&of.ours, &of.home, of.pairs)),
    ("accounts", |of| accounts::tree(&of.ours, &of.home)),
    ("images", |of| images::mirror(&of.ours, &of.home, of.pairs)),
    ("outcomes", |of| outcomes::known(&of.ours, &of.home, of.pairs)),
];

/// Builds for release and prints each measure: ours, the peer's, the ratio, the goal. `only` names some, separated by
/// commas.
pub(crate) fn run(pairs: usize, only: Option<&str>) -> Result<(), Failure> {
    let wanted: Option<Vec<&str>> = only.map(|only| only.split(',').map(str::trim).collect());
    if let Some(unknown) =
        wanted.iter().flatten().find(|name| MEASURES.iter().all(|(known, _)| known != *name))
    {
        let known: Vec<&str> = MEASURES.iter().map(|(name, _)| *name).collect();
        return Err(Failure::Other(format!("no measure `{unknown}`; there are {}", known.join(", "))));
    }
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(&name));
    println!("building for release (the first time takes about ten minutes)");
    if is_wanted(WINDOW) {
        front::build()?;
        cargo([
            "build",
            "--workspace",
            "--bins",
            "--example",
            "empty",
            "--example",
            "keep",
            "--example",
            "measure",
            "--release",
        ])
        .run()?;
    } else {
        let some =
            ["build", "-p", "holdpoint-cli", "-p", "holdpoint-redact", "-p", "holdpoint-ledger", "--bins"];
        cargo(some.into_iter().chain(["--example", "keep", "--example", "measure", "--release"])).run()?;
    }
    let ours = target().join("release").join(format!("holdpoint{}", std::env::consts::EXE_SUFFIX));
    let home = target().join("bench");
    folder(&home)?;

    let bench = Bench { ours, home, pairs };
    let mut rows = Vec::new();
    for (_, measure) in MEASURES.iter().filter(|(name, _)| is_wanted(name)) {
        rows.extend(measure(&bench)?);
    }

    println!(
        "\n{:<44} {:>11} {:>11} {:>9}   goal",
        "measure (medians of paired runs)", "ours", "peer", "ratio"
    );
    for row in rows {
        println!("{row}");
    }
    Ok(())
}
