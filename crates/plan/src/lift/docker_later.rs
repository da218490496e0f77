//! Whether a later line takes an image from this machine's Docker, where a step that pushes it leaves none.

use super::Call;
use super::assigned;
use super::context::Context;
use super::values::Values;
use super::verdict::{Keep, keep};
use crate::shell::{Command, Script, Statement, Word};
use std::collections::BTreeSet;

/// How many statements are looked through for a use of an image.
const FARTHEST: usize = 2_000;
/// How many of them may be about images.
const MOST: usize = 400;

/// Programs that take images from this machine's Docker.
const PROGRAMS: [&str; 15] = [
    "docker",
    "docker-compose",
    "podman",
    "nerdctl",
    "finch",
    "kind",
    "k3d",
    "minikube",
    "trivy",
    "grype",
    "syft",
    "dive",
    "snyk",
    "skopeo",
    "cosign",
];

/// Refuses a build or a copy whose image a later line of the script, or of a later fence, takes from this machine.
pub(crate) fn refuse_if_used(
    call: &Call<'_, '_>,
    take: usize,
    names: &BTreeSet<String>,
    pushed: &[String],
) -> Result<(), Keep> {
    let scene = call.scene;
    let known = |context: &Context, name: &str| {
        let settled = context.settled(name).unwrap_or_else(|| name.to_owned());
        plain(&settled).to_owned()
    };
    let mut names: BTreeSet<String> =
        names.iter().chain(pushed).map(|name| known(scene.context(), name)).collect();
    let same = scene.script.statements.get(scene.at + take..).unwrap_or_default();
    let here = same.iter().map(|statement| (scene.text, statement));
    let later = scene.context().later();
    let there = later.iter().flat_map(|(script, text)| statements(script, text));
    // As the shell would know its variables by then.
    let mut context = scene.context().clone();
    let mut about = 0;
    for (count, (text, statement)) in here.chain(there).enumerate() {
        let commands: Vec<Command> =
            statement.commands().into_iter().filter(|command| is_about_images(command)).cloned().collect();
        about += commands.len();
        crate::work::spend(1);
        if count > FARTHEST || about > MOST {
            return keep(
                "so much comes after it that nobody knows whether the image is needed on this machine",
            );
        }
        for command in &commands {
            let values = Values::new(&context, text);
            let read = command.words.iter().map(|word| values.text(word).ok());
            let words: Vec<Option<String>> =
                read.map(|word| word.map(|word| known(&context, &word))).collect();
            let words: Vec<Option<&str>> = words.iter().map(Option::as_deref).collect();
            if makes(&words) {
                // From here on the names are those of another image.
                words.iter().flatten().for_each(|word| {
                    names.remove(*word);
                });
                continue;
            }
            if asks_registry(&words) {
                continue;
            }
            if let Some(name) = words.iter().flatten().find(|word| names.contains(**word)) {
                return keep(format!(
                    "a later line takes `{}` from this machine's Docker",
                    assigned::shown(name)
                ));
            }
            if has_unknown_image(&words) {
                return keep(
                    "a later line takes an image from this machine's Docker that is only known when it runs",
                );
            }
        }
        if names.is_empty() {
            break;
        }
        assigned::learn(&mut context, statement, text);
    }
    Ok(())
}

fn statements<'s>(script: &'s Script, text: &'s str) -> impl Iterator<Item = (&'s str, &'s Statement)> {
    script.statements.iter().map(move |statement| (text, statement))
}

fn is_about_images(command: &Command) -> bool {
    command.words.iter().filter_map(Word::literal).any(|word| is_program(&word))
}

fn is_program(word: &str) -> bool {
    PROGRAMS.contains(&word.rsplit('/').next().unwrap_or_default())
}

/// The name without the tag that Docker adds by itself.
fn plain(name: &str) -> &str {
    let name = name.strip_prefix("docker-daemon:").unwrap_or(name);
    name.strip_suffix(":latest").unwrap_or(name)
}

/// The words of a command of Docker behind its name.
fn verb<'w>(words: &[Option<&'w str>]) -> Vec<&'w str> {
    let at = words.iter().position(|word| word.is_some_and(is_program));
    let rest = at.and_then(|at| words.get(at + 1..)).unwrap_or_default();
    rest.iter().map_while(|word| *word).collect()
}

/// It gives the names to an image that it builds anew.
fn makes(words: &[Option<&str>]) -> bool {
    matches!(verb(words).as_slice(), ["build", ..] | ["buildx" | "image", "build", ..])
}

/// It goes to the registry, whatever is on this machine.
fn asks_registry(words: &[Option<&str>]) -> bool {
    matches!(
        verb(words).as_slice(),
        ["pull" | "login" | "logout", ..] | ["manifest", "inspect", ..] | ["buildx", "imagetools", ..]
    )
}

/// `docker tag $IMAGE …`, where nobody knows which one it is.
fn has_unknown_image(words: &[Option<&str>]) -> bool {
    const TAKING: [&str; 9] = ["run", "tag", "push", "inspect", "save", "create", "history", "rmi", "image"];
    if !verb(words).first().is_some_and(|verb| TAKING.contains(verb)) {
        return false;
    }
    words.windows(2).any(|pair| match pair {
        [Some(before), None] => {
            !before.starts_with('-') || matches!(*before, "--rm" | "-it" | "-ti" | "-i" | "-t" | "-d")
        }
        _ => false,
    })
}
