//! A diagnosis as the catalogue of known problems reads it.

use holdpoint_known::{Evidence, Place};
use holdpoint_run::Diagnosis;

/// Everything that was said, by place. Executors name who says it: see `Diagnosis::says`.
pub fn evidence(diagnosis: &Diagnosis) -> Evidence {
    let said = diagnosis.says.iter().map(|said| (place(&said.who), said.what.as_str()));
    // The last lines are a container's where its task is spoken of, and a command's output otherwise: what a command
    // prints may be AWS's own words, which a container's log is not searched for.
    let of_a_task = diagnosis.says.iter().any(|said| matches!(said.who.as_str(), "The tasks" | "Last words"));
    let last = if of_a_task { Place::Log } else { Place::Output };
    let lines = diagnosis.last_log.iter().map(|line| (last, line.as_str()));
    let headline = [(Place::Other, diagnosis.headline.as_str())];
    said.chain(lines)
        .chain(headline)
        .fold(Evidence::default(), |evidence, (place, text)| evidence.with(place, text))
}

fn place(who: &str) -> Place {
    match who {
        "The tasks" | "Stopped reason" | "Event with a cause" | "Newest event" | "Newest telling event" => {
            Place::StoppedReason
        }
        "Stop code" => Place::StopCode,
        "Exit code" => Place::ExitCode,
        "First error" | "Last words" | "Log" => Place::Log,
        "What AWS says" | "The answer" => Place::ApiError,
        "The output" | "Its output" => Place::Output,
        _ => Place::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(diagnosis: Diagnosis, expected: &[&str]) {
        let found = holdpoint_known::find(&evidence(&diagnosis));
        let found: Vec<&str> = found.iter().map(|one| one.problem.id.as_str()).collect();
        assert_eq!(found, expected, "{diagnosis:?}");
    }

    #[test]
    fn a_failed_deployment_is_recognised_by_its_log() {
        let diagnosis = Diagnosis::of("AWS stopped the deployment of orders")
            .says(
                "What AWS says",
                "deployment ecs-svc/0412 STOPPED · circuit breaker TRIGGERED, 3 of 3 failures",
            )
            .says("The tasks", "3 stopped: EssentialContainerExited, exit code 1, 2 s after start")
            .says("Stopped reason", "Essential container in task exited");
        let log = ["starting", "psycopg.errors.UndefinedTable: relation \"tasks\" does not exist"];
        let last_log = log.map(str::to_owned).to_vec();
        check(Diagnosis { last_log, ..diagnosis }, &["table-missing", "restarts-over-and-over"]);
    }

    #[test]
    fn a_task_that_ends_at_once_is_recognised_by_its_code() {
        let diagnosis = Diagnosis::of("the deployment of orders failed")
            .says("The tasks", "3 stopped: EssentialContainerExited, exit code 0, 1 s after start");
        check(diagnosis, &["exits-at-once"]);
    }

    #[test]
    fn a_command_is_recognised_by_its_output() {
        let line =
            "An error occurred (ThrottlingException) when calling the ListTasks operation: Rate exceeded";
        let diagnosis = Diagnosis { last_log: vec![line.into()], ..Diagnosis::of("it ended with code 254") };
        check(diagnosis, &["throttled"]);
    }

    #[test]
    fn a_log_is_not_taken_for_the_words_of_aws() {
        let said = Diagnosis::of("it did not come up").says("The tasks", "1 stopped");
        check(Diagnosis { last_log: vec!["partner answered AccessDenied".into()], ..said }, &[]);
    }
}
