//! Output on its way to evidence.

use super::table::{median, paired};
use crate::place::target;
use crate::tool::{Failure, Tool, write};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Bytes of output.
const SIZE: usize = 100_000_000;

/// A hundred megabytes redacted, hashed and stored by one thread, against `cat` to a file: by the seconds that a core works
/// for it, which other work on the machine does not stretch.
pub(super) fn kept(home: &Path, pairs: usize) -> Result<String, Failure> {
    let said = said(home)?;
    let keep = target().join("release/examples").join(format!("keep{}", std::env::consts::EXE_SUFFIX));
    let (ours, theirs) = (home.join("kept"), home.join("copied"));
    let copy = format!("cat < '{said}' > '{}'", theirs.display());
    let ours = format!("'{}' '{}' < '{said}'", keep.display(), ours.display());
    worked(&ours)?;
    worked(&copy)?;
    let (mut mine, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..pairs.max(1) {
        mine.push(worked(&ours)?);
        peer.push(worked(&copy)?);
    }
    Ok(rate("100 MB redacted, hashed, stored | cat", median(mine), median(peer), "≥ 300 MB/s a core"))
}

/// How long cores worked for what a shell started, for it and for the system on its behalf.
fn worked(line: &str) -> Result<Duration, Failure> {
    let said = Tool::new("sh", ["-c", &format!("{line}; times")]).output()?;
    // POSIX: the shell's own times, then those of its children, each as `0m0.123s`.
    let children = said.lines().last().unwrap_or_default();
    let seconds = |text: &str| -> Option<f64> {
        let (minutes, seconds) = text.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let times: Option<Vec<f64>> = children.split_whitespace().map(seconds).collect();
    match times.as_deref() {
        Some([user, system]) => Ok(Duration::from_secs_f64(user + system)),
        Some(_) | None => Err(Failure::Other(format!("`times` said `{children}`"))),
    }
}

/// The same as the output of a run's script, against a run whose script says nothing: what is left is the output's.
pub(super) fn of_a_script(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
    let said = said(home)?;
    let plan = |name: &str, command: &str| -> Result<String, Failure> {
        let path = home.join(format!("{name}.plan.md"));
        let text = format!(
            "---\nholdpoint:\n  version: 1\n  title: Output\n  target: {{ account: \"111122223333\", region: eu-west-1, role: Deployer }}\n---\n# Output\n\n## Say it\n\n```yaml step\nid: say\nuses: shell\neffect: read\nestimate: 1s..9s\n```\n\n```bash\n{command}\n```\n"
        );
        write(&path, &text)?;
        Ok(path.display().to_string())
    };
    let (loud, silent) = (plan("loud", &format!("cat '{said}'"))?, plan("silent", "true")?);
    let at = home.join("output-home");
    let run = |plan: &str| {
        Tool::new(ours, ["run", plan, "--practice", "--trust", "--speed", "1000"]).env("HOLDPOINT_HOME", &at)
    };
    let (mine, floor) = paired(pairs.min(3), || run(&loud), || run(&silent))?;
    let _ = std::fs::remove_dir_all(&at);
    Ok(rate("100 MB said by a script of a run | silence", mine.saturating_sub(floor), floor, "no goal"))
}

fn rate(measure: &str, ours: Duration, peer: Duration, goal: &str) -> String {
    let of = |time: Duration| SIZE as f64 / 1e6 / time.as_secs_f64().max(1e-9);
    let ratio = format!("{:.2} ×", of(ours) / of(peer));
    format!("{measure:<44} {:>6.0} MB/s {:>6.0} MB/s {ratio:>9}   {goal}", of(ours), of(peer))
}

/// Lines as services write them; made once.
fn said(home: &Path) -> Result<String, Failure> {
    let path = home.join("said.log");
    let whole = path.metadata().is_ok_and(|file| file.len() >= SIZE as u64);
    if !whole {
        let (mut text, mut number) = (String::with_capacity(SIZE + 200), 0_u64);
        while text.len() < SIZE {
            number += 1;
            let (id, took) = (number.wrapping_mul(0x9E37_79B9_7F4A_7C15), number % 97);
            let _ = writeln!(
                text,
                "2026-11-20T13:19:58.{:03}Z INFO request id={id:016x} path=/v1/orders/{number} status=200 took={took}ms",
                number % 1000
            );
        }
        write(&path, &text)?;
    }
    Ok(path.display().to_string())
}
