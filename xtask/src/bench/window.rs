//! The window.

use super::table::{against_floor, median};
use crate::place::target;
use crate::tool::Failure;
use crate::window::Driver;
use std::path::Path;

/// From the start of the console to its first page, against an empty window built the same way.
pub(super) fn opens(home: &Path, pairs: usize) -> Result<String, Failure> {
    const MEASURE: &str = "window shows its page | an empty Tauri window";
    let Some(driver) = Driver::start(&home.join("window"))? else {
        return Ok(format!(
            "{MEASURE:<44} skipped: xvfb-run or WebKitWebDriver is not here: `cargo xtask setup`"
        ));
    };
    let program =
        |name: &str| target().join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let (console, empty) = (program("holdpoint-console"), program("examples/empty"));
    driver.opens(&console)?;
    driver.opens(&empty)?;
    let (mut mine, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..pairs.max(1) {
        mine.push(driver.opens(&console)?);
        floor.push(driver.opens(&empty)?);
    }
    Ok(against_floor(MEASURE, median(mine), median(floor), "≤ 1.5 × the floor"))
}
