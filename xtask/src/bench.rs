//! Speed, as ratios of medians of paired runs. Machines are noisy: ours and the peer's runs take turns.

mod accounts;
mod identities;
mod images;
mod output;
mod plans;
mod registries;
mod sessions;
mod simulator;
mod table;
mod window;

use crate::front;
use crate::place::target;
use crate::tool::{Failure, cargo, folder};

/// Builds for release and prints each measure: ours, the peer's, the ratio, the goal.
pub(crate) fn run(pairs: usize) -> Result<(), Failure> {
    println!("building for release (the first time takes about ten minutes)");
    front::build()?;
    cargo(["build", "--workspace", "--bins", "--example", "empty", "--example", "keep", "--release"])
        .run()?;
    let ours = target().join("release").join(format!("holdpoint{}", std::env::consts::EXE_SUFFIX));
    let home = target().join("bench");
    folder(&home)?;

    let mut rows = vec![
        identities::whoami(&ours, &home, pairs)?,
        identities::profiles(&ours, &home, pairs)?,
        identities::filter(&home, pairs)?,
        registries::helper(&ours, &home, pairs)?,
        sessions::fifty(&ours, &home, pairs)?,
        plans::check(&ours, &home, pairs)?,
        output::kept(&home, pairs)?,
        output::of_a_script(&ours, &home, pairs)?,
        window::opens(&home, pairs)?,
    ];
    rows.extend(accounts::tree(&ours, &home)?);
    rows.extend(images::mirror(&ours, &home, pairs)?);

    println!(
        "\n{:<44} {:>11} {:>11} {:>9}   goal",
        "measure (medians of paired runs)", "ours", "peer", "ratio"
    );
    for row in rows {
        println!("{row}");
    }
    Ok(())
}
