//! What the simulator can play, in words: the list that a practice run is started from.

use super::Scenario;

/// All of them, the ordinary ones first. `holdpoint sim --scenarios` has the same names.
pub(super) fn all() -> Vec<Scenario> {
    let scenario = |&(id, title, about): &(&str, &str, &str)| Scenario {
        id: id.into(),
        title: title.into(),
        about: about.into(),
    };
    ALL.iter().map(scenario).collect()
}

const ALL: &[(&str, &str, &str)] = &[
    ("healthy", "Healthy", "Everything goes as planned."),
    ("crash_loop", "Crash loop", "The new revision exits soon after it starts; the circuit breaker trips."),
    (
        "crash_after_start",
        "Crash after a while",
        "The new revision runs at first, and then exits again and again.",
    ),
    ("exits_zero", "Exits at once", "The new container ends at once with code 0: it was given no command."),
    ("wrong_architecture", "Wrong architecture", "The new image was built for another processor."),
    ("unhealthy", "Unhealthy", "The new tasks run and never become healthy."),
    ("slow_start", "Slow start", "The new tasks take ten times as long to start and to become healthy."),
    ("image_missing", "Image missing", "The new image is not in the registry."),
    ("pull_denied", "Pull denied", "The role may not pull the new image."),
    ("secret_missing", "Secret missing", "A secret that the new tasks need is not there."),
    ("no_log_group", "No log group", "The log group of the new tasks is not there."),
    ("no_capacity", "No capacity", "AWS has no room for the new tasks."),
    ("breaker_off", "Crash loop, no breaker", "The new revision crashes for ever and nothing stops it."),
    (
        "first_deployment_fails",
        "First deployment fails",
        "A new service crashes, and there is nothing to go back to.",
    ),
    ("superseded", "Superseded", "Somebody else deploys in the middle of ours."),
    ("alarm_rolls_back", "Alarm", "An alarm goes off during the deployment, and AWS rolls back."),
    ("hook_waits", "Hook waits", "The deployment stops at a hook until somebody answers."),
    (
        "blue_green_fails_in_bake",
        "Fails in bake time",
        "A blue/green deployment fails after its traffic has shifted.",
    ),
    ("slow", "Slow", "Everything works and takes five times as long."),
    ("throttled", "Throttled", "AWS answers every other call with a throttling error."),
    ("lagging", "Reads lag", "AWS shows what was done only twenty to forty seconds later."),
    ("denied", "Denied", "The role may not change anything."),
    ("wrong_account", "Wrong account", "The credentials belong to another account."),
    ("expired", "Expired", "The credentials expire in the middle of the run."),
    ("registry_throttles", "Registry throttles", "The registry answers many requests with 429."),
    ("registry_lies", "Registry lies", "What the registry sends is not what its digests say."),
];
