//! What waits or repeats: `watch`, loops, `open`.

use super::said::short;
use super::verdict::{Answer, Draft, Keep, keep};
use super::{Call, Scene};
use crate::Effect;
use crate::shell::{Command, Shape, Word, WordPart};

/// A loop or condition.
pub(crate) fn compound(scene: &Scene<'_>, word: &str, commands: &[Command]) -> Result<Answer, Keep> {
    let sleeps = commands
        .iter()
        .any(|command| command.words.first().is_some_and(|word| word.literal().as_deref() == Some("sleep")));
    match word {
        "while" | "until" | "for" if sleeps => keep(
            "it waits in a loop of its own: a step that follows what it waits for says why it does not come",
        ),
        "while" | "until" | "for" | "select" => keep("it is a loop"),
        "if" | "case" => match asked(scene, commands) {
            Some(query) => keep(format!(
                "it decides by what `--query {query}` answers: a check that expects the answer stops the run where it is another"
            )),
            None => keep("it decides by itself what to do"),
        },
        "function" => keep("it is a function, which other lines call"),
        "(" | "{" => keep("it is a group of commands"),
        "[[" | "((" => match asked(scene, commands) {
            Some(query) => keep(format!("it tests what `--query {query}` answers for the lines after it")),
            None => keep("it tests something for the lines after it"),
        },
        "!" => keep("it must fail to succeed"),
        _ => keep("it is more than one command"),
    }
}

/// The question whose answer commands test: `[ "$(aws … --query X …)" = … ]`, or a variable that holds it.
fn asked(scene: &Scene<'_>, commands: &[Command]) -> Option<String> {
    commands.iter().flat_map(|command| &command.words).flat_map(|word| &word.parts).find_map(
        |part| match part {
            WordPart::Command(inner) => question(inner),
            WordPart::Variable { name, .. } => {
                let before = scene.script.statements.get(..scene.at)?;
                let given = before.iter().rev().find_map(|statement| match &statement.shape {
                    Shape::Assignments(list) => list.iter().find(|one| one.name == *name),
                    Shape::Simple(_)
                    | Shape::Pipeline(_)
                    | Shape::List(_)
                    | Shape::Compound { .. }
                    | Shape::NotUnderstood(_) => None,
                })?;
                given.value.parts.iter().find_map(|part| match part {
                    WordPart::Command(inner) => question(inner),
                    WordPart::Text { .. }
                    | WordPart::Variable { .. }
                    | WordPart::Arithmetic(_)
                    | WordPart::Glob(_)
                    | WordPart::Placeholder(_)
                    | WordPart::Template(_) => None,
                })
            }
            WordPart::Text { .. }
            | WordPart::Arithmetic(_)
            | WordPart::Glob(_)
            | WordPart::Placeholder(_)
            | WordPart::Template(_) => None,
        },
    )
}

/// The `--query` of a command of AWS.
fn question(inner: &str) -> Option<String> {
    let script = crate::shell::parse(inner);
    let commands = script.statements.first()?.commands();
    let words = &commands.first()?.words;
    let is = |at: usize, wanted: &str| words.get(at).and_then(Word::literal).as_deref() == Some(wanted);
    let at = (1..words.len()).find(|at| is(0, "aws") && is(*at, "--query"))?;
    words.get(at + 1)?.literal().map(|query| short(&query))
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
