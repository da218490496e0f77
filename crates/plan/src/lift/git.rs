//! git: what a step can say of a working copy.

use super::context::Dir;
use super::flags::{Options, Style, Takes, read};
use super::marks::gap;
use super::verdict::{Answer, Draft, Keep, keep};
use super::{Call, Output};
use crate::shell::{Script, Shape};

/// By subcommand.
pub(crate) fn lift(call: &Call<'_, '_>) -> Result<Answer, Keep> {
    let verb = call.word(0).unwrap_or_default();
    let words = call.arguments().get(1..).unwrap_or_default();
    let options = |table| read(call.values(), words, Style::Gnu, &[table]);
    match verb.as_str() {
        "rev-parse" => {
            let Output::Variable(name) = &call.output else {
                return keep(
                    "it shows a commit; `git.state` judges one where the plan says which it must be",
                );
            };
            let options = options(&[
                ("--short", Takes::Nothing),
                ("--abbrev-ref", Takes::Nothing),
                ("--verify", Takes::Nothing),
            ])?;
            let output = match (options.has("--short"), options.has("--abbrev-ref"), options.rest.as_slice())
            {
                (true, false, [head]) if head == "HEAD" => "short",
                (false, false, [head]) if head == "HEAD" => "commit",
                (false, true, [head]) if head == "HEAD" => "branch",
                _ => return keep("it asks for something else than the commit that is checked out"),
            };
            state(call, name, output)
        }
        "branch" => {
            let options = options(&[("--show-current", Takes::Nothing)])?;
            match (&call.output, options.has("--show-current") && options.rest.is_empty()) {
                (Output::Variable(name), true) => state(call, name, "branch"),
                _ => keep("it shows branches"),
            }
        }
        "status" => status(
            call,
            &options(&[("--porcelain|--short|-s|-sb", Takes::Nothing), ("--branch|-b", Takes::Nothing)])?,
        ),
        "apply" => keep("`git.apply` pins the patch by its SHA-256, which the text does not say"),
        "checkout" | "switch" | "pull" | "fetch" | "push" | "merge" | "clone" | "tag" | "commit" | "add"
        | "rebase" | "reset" | "revert" | "stash" | "cherry-pick" => {
            keep(format!("`git {verb}` changes the repository, and has no typed step"))
        }
        _ => keep(format!("`git {verb}` has no typed step")),
    }
}

/// The gap of `run.git_sha`, when a script gives exactly that: twelve digits of the commit.
pub(crate) fn is_run_sha(script: &Script) -> Option<String> {
    let [statement] = script.statements.as_slice() else { return None };
    let Shape::Simple(command) = &statement.shape else { return None };
    let words: Vec<_> = command.words.iter().map_while(|word| word.literal()).collect();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    matches!(words.as_slice(), ["git", "rev-parse", "--short=12", "HEAD"]).then(|| gap("run.git_sha"))
}

fn state(call: &Call<'_, '_>, name: &str, output: &str) -> Result<Answer, Keep> {
    let mut draft = Draft::of("git.state", super::values::var_name(name));
    draft = in_folder(call, draft)?;
    draft.sets = Some((name.to_owned(), output.to_owned()));
    Ok(draft.into())
}

fn status(call: &Call<'_, '_>, options: &Options) -> Result<Answer, Keep> {
    let said = call.scene.said(1).all().to_lowercase();
    let clean =
        ["working tree clean", "nothing to commit", "clean", "no output", "should be empty", "empty output"]
            .iter()
            .any(|words| said.contains(words));
    let unclean = said.contains("not clean") || said.contains("not be clean");
    if !options.rest.is_empty() || call.output != Output::Screen || !clean || unclean {
        return keep("it shows what is changed; nothing says what that must be");
    }
    Ok(in_folder(call, Draft::of("git.state", "working_copy"))?.expects("clean", Some(true)).into())
}

fn in_folder(call: &Call<'_, '_>, draft: Draft) -> Result<Draft, Keep> {
    match &call.context().folder() {
        Dir::At(dir) if dir.is_empty() => Ok(draft),
        Dir::At(dir) => Ok(draft.with("dir", dir.as_str())),
        Dir::Unknown(why) => keep(format!("the folder is not known: {why}")),
    }
}
