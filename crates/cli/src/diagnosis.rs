//! Why a step did not go as asked, as lines of a terminal.

use crate::output;
use holdpoint_api::views::KnownView;
use holdpoint_run::Outcome;

/// Tells it, with the known problems that it shows.
pub(crate) fn told(outcome: &Outcome, known: &[KnownView], faults: &[String]) {
    let told = match outcome {
        Outcome::Failed(told)
        | Outcome::RolledBackByAws(told)
        | Outcome::Superseded(told)
        | Outcome::Unknown(told) => told,
        Outcome::Succeeded { .. } | Outcome::NotPractised { .. } => return,
    };
    output::line(format!("    {}", told.headline));
    // What somebody else says in some lines stays indented.
    let within = |text: &str| text.replace('\n', "\n                     ");
    told.says.iter().for_each(|said| output::line(format!("    {:<16} {}", said.who, within(&said.what))));
    known.iter().for_each(|known| problem(known, "    "));
    faults.iter().for_each(|fault| output::line(format!("    Not read         {fault}")));
    told.hints.iter().for_each(|hint| output::line(format!("    → {hint}")));
}

/// A known problem: of one's own with its cause and its file, since somebody here wrote it.
pub(crate) fn problem(known: &KnownView, indent: &str) {
    let line = |label: &str, text: &str| output::line(format!("{indent}{label:<16} {text}"));
    let about = if known.meaning.is_empty() {
        known.title.clone()
    } else {
        format!("{}: {}", known.title, known.meaning)
    };
    match &known.own {
        None => line("Known problem", &about),
        Some(own) => {
            line("Your problem", &about);
            known.cause.iter().for_each(|cause| line("  cause", cause));
            line("  file", &format!("{} ({})", own.file, own.owner));
        }
    }
    known.repairs.iter().for_each(|repair| output::line(format!("{indent}  repair: {repair}")));
}
