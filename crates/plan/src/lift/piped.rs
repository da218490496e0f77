//! Pipelines: what only shapes an output is left away, a search becomes an expectation, a sign-in is Holdpoint's own.

use super::verdict::{Answer, Keep, keep};
use super::{Output, Scene};
use crate::shell::{Command, Word, unwrap_command};

/// A pipeline.
pub(crate) fn lift(scene: &Scene<'_>, commands: &[Command]) -> Result<Answer, Keep> {
    let Some((first, rest)) = commands.split_first() else { return keep("it is empty") };
    if let [second] = rest
        && signs_in(scene, first, second)?
    {
        return Ok(Answer::Absorb("Holdpoint signs in to the registry by itself".to_owned()));
    }
    let mut output = Output::Screen;
    let mut laid_out = false;
    for command in rest {
        let words = literal(command)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        super::kept::redirects(&command.redirects, &scene.values)?;
        match words.as_slice() {
            ["cat"] | ["less" | "more", ..] => {}
            // Only the layout changes; a filter of jq's would choose.
            ["jq"]
            | ["jq", "." | "-C" | "-M"]
            | ["jq", "-C", "."]
            | ["python" | "python3", "-m", "json.tool"]
            | ["json_pp"]
            | ["column", "-t"] => laid_out = true,
            ["grep" | "egrep" | "fgrep" | "rg", flags @ .., text] if output == Output::Screen => {
                let plain = flags.iter().all(|flag| {
                    matches!(
                        *flag,
                        "-F" | "-q" | "-i" | "-qi" | "-iq" | "--color" | "--color=auto" | "-n" | "--"
                    )
                });
                let any_case = flags.iter().any(|flag| matches!(*flag, "-i" | "-qi" | "-iq"));
                let letters = text.chars().all(|c| {
                    c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | ':' | '/' | '"' | ',' | '=')
                });
                if !plain || !letters || text.is_empty() || text.starts_with('-') {
                    return keep("it searches the output by a pattern");
                }
                if laid_out && text.contains([' ', ':', ',']) {
                    return keep("it searches the output as another program lays it out");
                }
                output = Output::Searched { text: (*text).to_owned(), any_case };
            }
            [program, ..] => return keep(format!("its output goes through `{program}`")),
            [] => return keep("its output goes through something that is not known"),
        }
    }
    let answer = scene.command(first, output)?;
    match &answer {
        Answer::Step(draft) if crate::kind(draft.uses).is_some_and(|kind| kind.effect.changes()) => {
            keep("the end of a pipeline says whether it succeeded, not the command that changes something")
        }
        Answer::Step(_) | Answer::Absorb(_) => Ok(answer),
    }
}

/// `aws ecr get-login-password | docker login --password-stdin REGISTRY`.
fn signs_in(scene: &Scene<'_>, first: &Command, second: &Command) -> Result<bool, Keep> {
    let to = unwrap_command(second);
    let mut words = to.words.iter().map_while(Word::literal);
    let program = words.next().unwrap_or_default().into_owned();
    let tool =
        ["docker", "podman", "skopeo", "crane", "helm", "nerdctl", "finch"].contains(&program.as_str());
    if !tool || !to.words.iter().any(|word| word.literal().as_deref() == Some("login")) {
        return Ok(false);
    }
    let from = unwrap_command(first);
    let is = |name: &str| from.words.iter().any(|word| word.literal().as_deref() == Some(name));
    if !is("get-login-password") || !(is("ecr") || is("ecr-public")) {
        return keep("it signs in with a password that comes from somewhere else");
    }
    if program == "helm" {
        return Ok(false);
    }
    let call = scene.call(first, Output::Screen)?;
    if super::aws::elsewhere(&call) {
        return keep("it signs in to a registry of another account or region than the plan's");
    }
    if !super::docker::pushes_are_steps(scene) {
        return keep("commands that stay as they are may need the sign-in");
    }
    Ok(true)
}

fn literal(command: &Command) -> Result<Vec<String>, Keep> {
    command
        .words
        .iter()
        .map(|word| match word.literal() {
            Some(text) => Ok(text.into_owned()),
            None => keep("its output goes through something that depends on a variable"),
        })
        .collect()
}
