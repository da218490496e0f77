//! A lock that its holder has left behind: found to be so, asked about, and taken away by a signed answer.
//!
//! Terraform knows who holds a lock, and not whether they still work. On this machine that can be seen; of another one
//! only a person can say it. Taken away is the very lock that was shown, never the one that came after it.

use super::bench::{Bench, backend_of};
use super::faults::Lock;
use holdpoint_run::{ActionPlan, Ask, AskOption, Diagnosis, Question};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The option that takes the lock away.
const UNLOCK: &str = "unlock";
/// The option that tries once more, with the lock as it is.
const AGAIN: &str = "again";
/// The option that leaves it.
const LEAVE: &str = "leave";

/// What can be known of who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// On this machine a process works on the same state.
    Works(String),
    /// It held the lock on this machine, where nothing works on this state any more.
    Gone,
    /// It is not of this machine, or this machine cannot tell.
    Elsewhere,
}

/// What follows when the lock is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then<'a> {
    /// It is planned again, by itself.
    Plan,
    /// This very action is sent again: the plan was not used.
    Apply(&'a ActionPlan),
}

/// Looks for the holder.
pub(crate) fn holder(bench: &Bench, lock: &Lock) -> Holder {
    let host = lock.who.rsplit_once('@').map(|(_, host)| host);
    match (host, this_host()) {
        (Some(host), Some(this)) if host == this => match at_work(&bench.folder, &bench.backend()) {
            Some(process) => Holder::Works(process),
            None => Holder::Gone,
        },
        (Some(_) | None, _) => Holder::Elsewhere,
    }
}

/// What is asked of a person; nothing while the holder works, or when the lock or its holder has no name.
pub(crate) fn question(bench: &Bench, lock: &Lock, then: Then<'_>) -> Option<Question> {
    if lock.id.is_empty() || !lock.is_named() {
        return None;
    }
    let seen = match holder(bench, lock) {
        Holder::Works(_) => return None,
        Holder::Gone => {
            "It was taken on this machine, where no process works on this state any more: its holder was ended hard."
        }
        Holder::Elsewhere => {
            "Its holder is not on this machine, so nobody can see from here whether it still works: ask, and look at the pipeline."
        }
    };
    let unlock = match then {
        Then::Plan => ActionPlan {
            call: format!("{} force-unlock", bench.program.name),
            input: json!({ "lock": lock }),
        },
        Then::Apply(planned) => {
            let mut input = planned.input.clone();
            input["lock"] = json!(lock);
            ActionPlan { call: planned.call.clone(), input }
        }
    };
    let option = |id: &str, title: &str, risk: Option<&str>| AskOption {
        id: id.into(),
        title: title.into(),
        risk: risk.map(str::to_owned),
        details: None,
        // Nothing is advised that could make two write to one state.
        recommended: id == LEAVE,
    };
    let danger = "If its holder still works, both write to the state, and one's changes are lost.";
    let mut options = vec![option(LEAVE, "Leave it: the step ends as failed, and may be retried", None)];
    let mut actions = BTreeMap::new();
    let after = match then {
        Then::Plan => "Take this very lock away, and plan",
        Then::Apply(planned) => {
            options.push(option(AGAIN, "The lock is given back: apply the same plan", None));
            let mut again = planned.clone();
            // What an earlier answer took away is not what this one is about.
            again.input.as_object_mut().map(|input| input.remove("lock"));
            actions.insert(AGAIN.to_owned(), again);
            "Take this very lock away, and apply the same plan"
        }
    };
    options.push(option(UNLOCK, after, Some(danger)));
    actions.insert(UNLOCK.to_owned(), unlock);
    Some(Question {
        key: key(lock),
        ask: Ask {
            instructions: format!(
                "The state `{}` is locked by **{}** since {}, for {} (lock `{}`). {seen}",
                lock.path, lock.who, lock.since, lock.operation, lock.id
            ),
            options,
            ..Ask::default()
        },
        actions,
        reasons: vec![UNLOCK.into()],
        expires_at: None,
        if_unanswered: None,
    })
}

/// The key of the question about a lock.
pub(crate) fn key(lock: &Lock) -> String {
    format!("lock/{}", lock.id)
}

/// The lock that an action is to take away first; none where it takes none away.
pub(crate) fn lock_of(input: &Value) -> Option<Lock> {
    serde_json::from_value(input.get("lock")?.clone()).ok()
}

/// Takes the lock away: this one, and only while nobody works. One that is gone already is no failure.
pub(crate) async fn take_away(bench: &Bench, lock: &Lock) -> Result<&'static str, Diagnosis> {
    if let Holder::Works(process) = holder(bench, lock) {
        return Err(Diagnosis::of(format!(
            "The lock is not taken away: {process} works on this state again"
        ))
        .says("Lock", lock.id.clone())
        .hint("Wait for it, then retry."));
    }
    let said = bench.ask(&["force-unlock", "-force", "-no-color", &lock.id]).await?;
    if said.code == Some(0) {
        return Ok("taken away");
    }
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    if is_gone(&words) {
        return Ok("given back already");
    }
    if words.contains("does not match") {
        return Err(Diagnosis::of(
            "The lock is not taken away: another one is held now than the one that was shown",
        )
        .says("Shown", lock.id.clone())
        .says("It says", words.split_whitespace().collect::<Vec<_>>().join(" "))
        .hint("Retry: who holds it now is asked about anew."));
    }
    Err(bench.failed("could not take the lock away", &said))
}

/// As the local backend, S3's and the others' say that there is no lock.
fn is_gone(words: &str) -> bool {
    ["LocalState not locked", "NoSuchKey", "StatusCode: 404", "no lock info found"]
        .iter()
        .any(|said| words.contains(said))
}

#[cfg(target_os = "linux")]
fn this_host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(not(target_os = "linux"))]
fn this_host() -> Option<String> {
    None
}

/// A Terraform of this machine that works in the same folder, or on the same backend from another one.
#[cfg(target_os = "linux")]
fn at_work(folder: &Path, backend: &Value) -> Option<String> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    processes.into_iter().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let name = std::fs::read_to_string(entry.path().join("comm")).ok()?;
        if !matches!(name.trim(), "terraform" | "tofu") {
            return None;
        }
        let process = format!("{} (process {pid})", name.trim());
        match std::fs::read_link(entry.path().join("cwd")) {
            Ok(cwd) => {
                let same = cwd == folder || (!backend.is_null() && backend_of(&cwd) == *backend);
                same.then(|| format!("{process} in {}", cwd.display()))
            }
            // It has ended, and nobody has asked for its end yet.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            // Somebody else's: where it works cannot be seen, so it may be here.
            Err(_) => Some(process),
        }
    })
}

#[cfg(not(target_os = "linux"))]
fn at_work(_: &Path, _: &Value) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_backends_say_of_no_lock_is_known() {
        for words in [
            "Failed to unlock state: LocalState not locked",
            "Failed to unlock state: unable to retrieve file from S3 bucket 'states' with key 'infra.tfstate.tflock': operation error S3: GetObject, https response error StatusCode: 404, NoSuchKey: ",
        ] {
            assert!(is_gone(words), "{words}");
        }
        assert!(!is_gone("lock ID '1' does not match the existing lock ID '2'"));
    }

    #[test]
    fn the_lock_of_an_action_is_the_one_that_was_shown() {
        let lock = Lock { id: "7".into(), who: "kim@desk".into(), ..Lock::default() };
        assert_eq!(lock_of(&json!({ "lock": lock, "plan": "x" })), Some(lock));
        assert_eq!(lock_of(&json!({ "plan": "x" })), None);
    }
}
