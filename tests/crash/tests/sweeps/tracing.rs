//! `strace` around the program: which system calls it makes, and kills or failures at one of them. Its children are left
//! alone, the practice account among them.

use holdpoint_crash::{Home, Ran, program};
use std::collections::BTreeMap;

/// Calls that write, name, sync or send something.
const CALLS: [&str; 12] = [
    "write",
    "pwrite64",
    "fdatasync",
    "fsync",
    "ftruncate",
    "openat",
    "rename",
    "unlink",
    "mkdir",
    "fcntl",
    "sendto",
    "writev",
];
/// So many of a call are tried when a thread makes more.
const OF_EACH: usize = 12;

/// How often the busiest thread makes each call.
#[derive(Debug)]
pub(crate) struct Traced(BTreeMap<String, usize>);

/// Runs it to its end, and counts. Nothing where processes may not be traced.
pub(crate) fn traced(home: &Home, words: &[&str]) -> Option<Traced> {
    let log = home.file("calls.log", "");
    let mut allowed = home.beside("strace", &["-qq", "-o", "/dev/null", "true"]);
    if !allowed.status().is_ok_and(|status| status.success()) {
        println!("skipped: strace is not here (cargo xtask setup installs it), or may not trace");
        return None;
    }
    let only = format!("trace={}", CALLS.join(","));
    under(home, &["-o", log.to_str().unwrap(), "-e", &only], words);
    let text = std::fs::read_to_string(&log).unwrap();
    let mut of_threads = BTreeMap::<(&str, &str), usize>::new();
    for line in text.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let name = call.trim_start().split('(').next().unwrap_or_default();
        // A call that another thread cut short is told twice; its end is not a call.
        if CALLS.contains(&name) {
            *of_threads.entry((thread, name)).or_default() += 1;
        }
    }
    let mut most = BTreeMap::<String, usize>::new();
    for ((_, name), count) in of_threads {
        let entry = most.entry(name.to_owned()).or_default();
        *entry = count.max(*entry);
    }
    Some(Traced(most))
}

impl Traced {
    /// `call#nth`, spread over all of each call.
    pub(crate) fn cases(&self) -> Vec<String> {
        let of_each = self.0.iter().flat_map(|(call, most)| {
            let step = most.div_ceil(OF_EACH).max(1);
            (1..=*most).step_by(step).map(move |nth| format!("{call}#{nth}"))
        });
        of_each.collect()
    }

    /// Kills it at a case; a thread that comes to fewer calls this time leaves it to end by itself.
    pub(crate) fn kill(home: &Home, case: &str, words: &[&str]) -> Ran {
        let (call, nth) = case.split_once('#').unwrap();
        under(home, &["-o", "/dev/null", "-e", &format!("inject={call}:signal=KILL:when={nth}")], words)
    }

    /// Has the call fail with an error, that time.
    pub(crate) fn fail(home: &Home, case: &str, error: &str, words: &[&str]) -> Ran {
        let (call, nth) = case.split_once('#').unwrap();
        under(home, &["-o", "/dev/null", "-e", &format!("inject={call}:error={error}:when={nth}")], words)
    }
}

/// The program under `strace` with these words of it.
fn under(home: &Home, options: &[&str], words: &[&str]) -> Ran {
    let all = ["-f", "-qq", "-b", "execve"];
    let line = [&all[..], options, &[program().to_str().unwrap()], words].concat();
    home.ran(home.beside("strace", &line))
}
