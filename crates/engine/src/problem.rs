//! A diagnosis as the catalogue of known problems reads it.

use holdpoint_known::{Evidence, Place};
use holdpoint_run::Diagnosis;

/// Who says what a body of an HTTP answer says.
pub const ITS_ANSWER: &str = "Its answer";

/// Longest part of an answer in a diagnosis, in characters.
const SHOWN: usize = 2_000;

/// The same with the beginning of a long answer. Called when what must never be seen is gone: half of a secret is not
/// recognised as one.
pub(crate) fn bounded(mut diagnosis: Diagnosis) -> Diagnosis {
    for said in diagnosis.says.iter_mut().filter(|said| said.who == ITS_ANSWER) {
        if let Some((end, _)) = said.what.char_indices().nth(SHOWN) {
            said.what.truncate(end);
            said.what.push('…');
        }
    }
    diagnosis
}

/// Everything that was said, by place. Executors name who says it: see `Diagnosis::says`.
pub fn evidence(diagnosis: &Diagnosis) -> Evidence {
    let said = diagnosis.says.iter().map(|said| {
        let place = place(&said.who);
        // What was judged is part of what a judgement says.
        let named = if place == Place::Other { format!("{}: ", said.who) } else { String::new() };
        (place, named + &said.what)
    });
    // The last lines are a container's where its task is spoken of, and a command's output otherwise: what a command
    // prints may be AWS's own words, which a container's log is not searched for.
    let of_a_task = diagnosis.says.iter().any(|said| matches!(said.who.as_str(), "The tasks" | "Last words"));
    let last = if of_a_task { Place::Log } else { Place::Output };
    let lines = diagnosis.last_log.iter().map(|line| (last, line.clone()));
    let headline = [(Place::Other, diagnosis.headline.clone())];
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
        "The output" | "Its output" | ITS_ANSWER => Place::Output,
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
    fn a_check_is_recognised_by_the_answer_and_by_what_was_judged() {
        let broken = Diagnosis::of("its result is not what the plan expects");
        let refused = broken.clone().says("status", "expected 200, found 401");
        check(refused.clone(), &[]);
        check(
            refused.says(ITS_ANSWER, r#"{"detail":"Could not validate credentials"}"#),
            &["token-of-another-environment"],
        );
        let forbidden = broken.clone().says("status", "expected 200, found 403");
        check(forbidden.says(ITS_ANSWER, r#"{"detail":"No permission to edit boards"}"#), &["owner-missing"]);
        let differs = "expected api.shop.example, found shop.example";
        check(broken.clone().says("redirect_uri's host", differs), &["redirect-address-differs"]);
        check(broken.clone().says("redirect goes to", differs), &["redirect-to-another-host"]);
        check(broken.says("header x-served-by", differs), &[]);
    }

    #[test]
    fn of_a_long_answer_the_beginning_is_shown() {
        let long = Diagnosis::of("x").says(ITS_ANSWER, "é".repeat(3_000)).says("Log", "y".repeat(3_000));
        let shown: Vec<usize> = bounded(long).says.iter().map(|said| said.what.chars().count()).collect();
        assert_eq!(shown, [SHOWN + 1, 3_000]);
    }

    #[test]
    fn a_log_is_not_taken_for_the_words_of_aws() {
        let said = Diagnosis::of("it did not come up").says("The tasks", "1 stopped");
        check(Diagnosis { last_log: vec!["partner answered AccessDenied".into()], ..said }, &[]);
    }
}
