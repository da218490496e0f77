//! What went wrong, from what Terraform complains of: the lock, a stale plan, a cycle, a provider's error.

use super::stream::{Complaint, Stream};
use holdpoint_run::Diagnosis;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// What kind of failure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Somebody holds the state's lock.
    Locked(Lock),
    /// The state is not the one that the plan was made for.
    Stale,
    /// The plan is not whole.
    Incomplete,
    /// Resources need each other.
    Cycle(Vec<String>),
    /// It must be initialised first.
    NotInitialised,
    /// It was told to stop.
    Interrupted,
    /// A resource's own error, or any other.
    Other,
}

/// Who holds the lock, as Terraform tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lock {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) operation: String,
    pub(crate) who: String,
    pub(crate) since: String,
}

impl Lock {
    /// Whether it is told who holds it. A backend that does not say so cannot be asked to take away that very one, either.
    pub(crate) fn is_named(&self) -> bool {
        !self.who.is_empty()
    }
}

/// What the complaints amount to.
pub(crate) fn fault(stream: &Stream) -> Fault {
    let text = stream.text.join("\n");
    let mut all: Vec<(&str, &str)> =
        stream.errors().map(|one| (one.summary.as_str(), one.detail.as_str())).collect();
    all.push(("", &text));
    for (summary, detail) in &all {
        let says = |words: &str| summary.contains(words) || detail.contains(words);
        if summary.contains("acquiring the state lock") || detail.contains("Lock Info:") {
            return Fault::Locked(lock(detail));
        }
        if says("Saved plan is stale") || says("Saved plan does not match the given state") {
            return Fault::Stale;
        }
        if says("Cannot apply incomplete plan") {
            return Fault::Incomplete;
        }
        if let Some(nodes) =
            summary.strip_prefix("Cycle: ").or_else(|| detail.split_once("Cycle: ").map(|(_, n)| n))
        {
            return Fault::Cycle(cycle(nodes));
        }
        let init = [
            "initialization required",
            "Required plugins are not installed",
            "Module not installed",
            "Inconsistent dependency lock file",
            "Missing required provider",
            "Backend configuration changed",
            "Module source has changed",
            "Module version requirements have changed",
        ];
        if init.iter().any(|words| says(words)) || says("run \"terraform init\"") || says("run \"tofu init\"")
        {
            return Fault::NotInitialised;
        }
    }
    if all
        .iter()
        .any(|(summary, detail)| summary.contains("execution halted") || detail.contains("execution halted"))
    {
        return Fault::Interrupted;
    }
    Fault::Other
}

/// Reads the block "Lock Info:" of a complaint.
///
/// The `http` backend puts there what the asker itself would have held, and names the lock that is in its way in the line
/// before, by its id alone (Terraform 1.11.4, `internal/backend/remote-state/http/client.go`): then nobody is named.
fn lock(detail: &str) -> Lock {
    let in_the_way = detail
        .lines()
        .find_map(|line| line.split_once("remote state already locked: ID=")?.1.split_whitespace().next());
    if let Some(id) = in_the_way {
        return Lock { id: id.to_owned(), ..Lock::default() };
    }
    let field = |name: &str| {
        let line = detail.lines().map(str::trim).find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim().to_owned()).unwrap_or_default()
    };
    Lock {
        id: field("ID:"),
        path: field("Path:"),
        operation: field("Operation:"),
        who: field("Who:"),
        since: field("Created:"),
    }
}

/// Resources of a cycle, without Terraform's own steps between them.
fn cycle(nodes: &str) -> Vec<String> {
    static NODE: OnceLock<Option<Regex>> = OnceLock::new();
    let node = NODE.get_or_init(|| {
        Regex::new(r#"(?:module\.[\w-]+(?:\[[^\]]*\])?\.)*(?:data\.)?[a-z]\w*\.[\w-]+(?:\[[^\]]*\])?"#).ok()
    });
    let mut found: Vec<String> = Vec::new();
    for part in nodes.split(", ") {
        let name = node.as_ref().and_then(|node| node.find(part.trim())).map(|hit| hit.as_str().to_owned());
        let Some(name) = name else { continue };
        let own = name.starts_with("local.") || name.starts_with("var.") || name.starts_with("output.");
        if !own && !found.contains(&name) {
            found.push(name);
        }
    }
    // Their order is another one at each run of Terraform.
    found.sort();
    found
}

/// A failure in words. `did` is what was tried ("Terraform could not plan"); `program` its name for commands.
pub(crate) fn told(did: &str, program: &str, stream: &Stream, complaints: &str) -> Diagnosis {
    let fault = fault(stream);
    let diagnosis = match &fault {
        Fault::Locked(lock) => locked(did, program, lock),
        Fault::Stale => Diagnosis::of(
            "The saved plan is stale: the state was changed after the plan was made, so nothing was applied",
        )
        .hint("Plan again, have the new plan signed, and apply that one."),
        Fault::Incomplete => {
            Diagnosis::of("The plan is incomplete: planning failed, and what was saved cannot be applied")
                .hint("Mend what the plan complains of, and plan again.")
        }
        Fault::Cycle(nodes) => in_a_cycle(nodes),
        Fault::NotInitialised => Diagnosis::of(format!(
            "{did}: the folder is not initialised for this configuration"
        ))
        .hint(format!("Let the step initialise (`init: true`), or run `{program} init` in the folder.")),
        Fault::Interrupted => Diagnosis::of(format!("{did}: it was interrupted"))
            .hint("Plan again: what was being created is marked as tainted and would be replaced."),
        Fault::Other => {
            let first = stream.errors().next();
            let about = first.and_then(|one| one.address.clone()).map(|address| format!(" ({address})"));
            let plain = || {
                let line = stream.text.iter().find_map(|line| line.split_once("Error: "));
                line.map(|(_, what)| what.trim().to_owned())
            };
            let what = first.map(|one| one.summary.clone()).or_else(plain);
            Diagnosis::of(match what {
                Some(what) => format!("{did}{}: {what}", about.unwrap_or_default()),
                None => did.to_owned(),
            })
        }
    };
    let mut diagnosis = diagnosis;
    for complaint in stream.errors().take(5) {
        diagnosis = diagnosis.says(who(complaint), words(complaint));
    }
    let more = stream.errors().count().saturating_sub(5);
    if more > 0 {
        diagnosis = diagnosis.says("More errors", more.to_string());
    }
    let own = stream.text.iter().map(String::as_str).chain(complaints.lines());
    let own: Vec<String> = own.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    diagnosis.last_log = own.iter().skip(own.len().saturating_sub(20)).cloned().collect();
    diagnosis
}

fn who(complaint: &Complaint) -> String {
    complaint.address.clone().or_else(|| complaint.place.clone()).unwrap_or_else(|| "Terraform".into())
}

/// A complaint in one line.
pub(crate) fn words(complaint: &Complaint) -> String {
    let detail = complaint.detail.split_whitespace().collect::<Vec<_>>().join(" ");
    let detail: String = detail.chars().take(1_500).collect();
    if detail.is_empty() { complaint.summary.clone() } else { format!("{}: {detail}", complaint.summary) }
}

fn locked(did: &str, program: &str, lock: &Lock) -> Diagnosis {
    let unknown = |text: &str| if text.is_empty() { "not said".to_owned() } else { text.to_owned() };
    let diagnosis = Diagnosis::of(format!(
        "{did}: the state is locked by {}, so nothing was done",
        if lock.who.is_empty() { "somebody" } else { &lock.who }
    ))
    .says("Held by", unknown(&lock.who))
    .says("Since", unknown(&lock.since))
    .says("For", unknown(&lock.operation))
    .says("State", unknown(&lock.path))
    .hint("Look whether that process still works: then wait for it, or set `lock_timeout`, and retry.");
    match (lock.id.is_empty(), lock.is_named()) {
        (true, _) => diagnosis,
        (false, false) => diagnosis.says("Lock", lock.id.clone()).hint(
            "The backend does not say who holds it, and takes any lock away when it is asked to: look where the state is kept \
             (GitLab shows the holder beside the state), and have it taken away there if that one is gone.",
        ),
        (false, true) => diagnosis.says("Lock", lock.id.clone()).hint(format!(
            "Only if that process is certainly gone: `{program} force-unlock {}` in the folder of the configuration, then retry.",
            lock.id
        )),
    }
}

fn in_a_cycle(nodes: &[String]) -> Diagnosis {
    let (one, other) = match nodes {
        [one, other, ..] => (one.as_str(), other.as_str()),
        [one] => (one.as_str(), one.as_str()),
        [] => {
            return Diagnosis::of(
                "Resources need each other in a circle (a cycle), so nothing can be planned",
            );
        }
    };
    let short = |address: &str| address.rsplit('.').next().unwrap_or(address).replace(['[', ']', '"'], "");
    let variable = format!("{}_url", short(other));
    Diagnosis::of(format!("{one} and {other} need each other (a cycle), so nothing can be planned"))
        .says("In the cycle", nodes.join(", "))
        .hint(format!(
            "Break it in two stages. Give {one} what it needs of {other} by a variable that is empty at first: \
             `variable \"{variable}\" {{ default = \"\" }}`, used as `var.{variable} == \"\" ? \"{{}}\" : jsonencode({{ url = var.{variable} }})`."
        ))
        .hint(format!(
            "Stage 1 applies with the default. Stage 2 sets `{variable}` to the address that stage 1 gave (a `terraform.vars` step), plans and applies again."
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stream(summary: &str, detail: &str) -> Stream {
        let mut stream = Stream::new("apply");
        let line = json!({"type": "diagnostic", "@message": "x", "diagnostic":
            {"severity": "error", "summary": summary, "detail": detail}});
        stream.take(&line.to_string());
        stream
    }

    /// As Terraform 1.11.4 writes it.
    const LOCK: &str = "Error message: resource temporarily unavailable\nLock Info:\n  ID:        4e9b6a41-aaaa-bbbb-cccc-0123456789ab\n  Path:      terraform.tfstate\n  Operation: OperationTypeApply\n  Who:       kim@desk\n  Version:   1.11.4\n  Created:   2026-01-02 03:04:05.123456789 +0000 UTC\n  Info:      \n\n\nTerraform acquires a state lock to protect the state from being written\nby multiple users at the same time.";

    #[test]
    fn a_lock_names_its_holder_and_the_way_to_take_it_away() {
        let stream = stream("Error acquiring the state lock", LOCK);
        let Fault::Locked(lock) = fault(&stream) else { panic!("{:?}", fault(&stream)) };
        assert_eq!((lock.who.as_str(), lock.operation.as_str()), ("kim@desk", "OperationTypeApply"));
        assert!(lock.since.starts_with("2026-01-02"));
        let told = told("Terraform could not apply", "terraform", &stream, "");
        assert!(told.headline.contains("locked by kim@desk"), "{}", told.headline);
        assert!(
            told.hints[1].contains("terraform force-unlock 4e9b6a41-aaaa-bbbb-cccc-0123456789ab"),
            "{:?}",
            told.hints
        );
    }

    /// As Terraform 1.11.4 writes it of the `http` backend, whose block is of the one that asks.
    const HTTP: &str = "Error message: HTTP remote state already locked: ID=11111111-2222-3333-4444-555555555555\nLock Info:\n  ID:        c0c1348c-14cc-3411-4ba7-2d845618c437\n  Path:      \n  Operation: OperationTypePlan\n  Who:       kim@desk\n  Version:   1.11.4\n  Created:   2026-01-02 03:04:05.635963079 +0000 UTC\n  Info:      \n\n";

    #[test]
    fn who_asks_is_not_taken_for_the_holder() {
        let stream = stream("Error acquiring the state lock", HTTP);
        let Fault::Locked(lock) = fault(&stream) else { panic!("{:?}", fault(&stream)) };
        assert_eq!((lock.id.as_str(), lock.is_named()), ("11111111-2222-3333-4444-555555555555", false));
        let told = told("Terraform could not plan", "terraform", &stream, "");
        assert!(told.headline.contains("locked by somebody"), "{}", told.headline);
        assert!(told.says.iter().any(|said| said.who == "Held by" && said.what == "not said"), "{told:?}");
        assert!(told.hints.iter().all(|hint| !hint.contains("force-unlock")), "{:?}", told.hints);
    }

    #[test]
    fn a_cycle_names_the_resources_and_not_the_steps_between() {
        let nodes = "Cycle: module.a.aws_apprunner_service.backend, aws_apprunner_service.mcp (expand), local.urls (expand), module.a.aws_apprunner_service.backend";
        let Fault::Cycle(found) = fault(&stream(nodes, "")) else { panic!("no cycle") };
        assert_eq!(found, ["aws_apprunner_service.mcp", "module.a.aws_apprunner_service.backend"]);
        let told = told("Terraform could not plan", "terraform", &stream(nodes, ""), "");
        assert!(told.hints[0].contains("default = \"\""), "{:?}", told.hints);
    }

    #[test]
    fn others_are_told_apart() {
        for (summary, wanted) in [
            ("Saved plan is stale", Fault::Stale),
            ("Cannot apply incomplete plan", Fault::Incomplete),
            ("Backend initialization required, please run \"terraform init\"", Fault::NotInitialised),
            ("execution halted", Fault::Interrupted),
            ("creating ECS Service: InvalidParameterException", Fault::Other),
        ] {
            assert_eq!(fault(&stream(summary, "")), wanted, "{summary}");
        }
    }
}
