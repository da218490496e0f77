//! What waits or repeats: `watch`, loops, `open`.

use super::verdict::{Answer, Draft, Keep, keep};
use super::{Call, Scene};
use crate::Effect;
use crate::shell::Command;

/// A loop or condition.
pub(crate) fn compound(_: &Scene<'_>, word: &str, commands: &[Command]) -> Result<Answer, Keep> {
    let sleeps = commands
        .iter()
        .any(|command| command.words.first().is_some_and(|word| word.literal().as_deref() == Some("sleep")));
    match word {
        "while" | "until" | "for" if sleeps => keep(
            "it waits in a loop of its own: a step that follows what it waits for says why it does not come",
        ),
        "while" | "until" | "for" | "select" => keep("it is a loop"),
        "if" | "case" => keep("it decides by itself what to do"),
        "function" => keep("it is a function, which other lines call"),
        "(" | "{" => keep("it is a group of commands"),
        "[[" | "((" => keep("it tests something for the lines after it"),
        "!" => keep("it must fail to succeed"),
        _ => keep("it is more than one command"),
    }
}

/// `watch -n 30 …`: a person looks at it until satisfied. What the text expects is checked again and again.
pub(crate) fn repeated(call: &Call<'_, '_>) -> Result<Answer, Keep> {
    match call.lift()? {
        Answer::Step(draft)
            if draft.uses == "ecs.check" || draft.uses == "http.check" || draft.uses == "apprunner.check" =>
        {
            if draft.expect.is_empty() {
                return keep("it is watched by a person, and nothing says what must be seen");
            }
            call.values().guess("what is watched until it is so is checked once");
            Ok(Answer::Step(draft))
        }
        Answer::Step(_) | Answer::Absorb(_) => keep("it is repeated until somebody stops it"),
    }
}

/// `open https://…`.
pub(crate) fn open(call: &Call<'_, '_>) -> Result<Answer, Keep> {
    let [word] = call.arguments() else { return keep("it opens something that is not an address") };
    let url = call.values().text(word)?;
    if !url.starts_with("https://") {
        return keep("it opens something that is not an https address");
    }
    let look = Draft::of("manual", "open_page").with("link", url);
    // To open a page changes nothing: nothing is to be undone.
    Ok(Draft { effect: Some(Effect::Read), ..look }.into())
}
