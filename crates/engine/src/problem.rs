//! A diagnosis as the catalogue of known problems reads it.

use holdpoint_known::{Evidence, Place};
use holdpoint_run::Diagnosis;

/// Everything that was said, by place. Executors name who says it: see `Diagnosis::says`.
pub(crate) fn evidence(diagnosis: &Diagnosis) -> Evidence {
    let said = diagnosis.says.iter().map(|said| (place(&said.who), said.what.as_str()));
    let lines = diagnosis.last_log.iter().map(|line| (Place::Log, line.as_str()));
    let headline = [(Place::Other, diagnosis.headline.as_str())];
    said.chain(lines)
        .chain(headline)
        .fold(Evidence::default(), |evidence, (place, text)| evidence.with(place, text))
}

fn place(who: &str) -> Place {
    match who {
        "The tasks" => Place::StoppedReason,
        "Last words" => Place::Log,
        "What AWS says" | "The answer" => Place::ApiError,
        "The output" => Place::Output,
        _ => Place::Other,
    }
}
