//! Which commands work on the machine that runs them alone: what is installed, copied or built there needs no way back.

use super::arguments::{Arguments, shown};
use super::judge::{DEEPEST, Reach, reach_of, reach_of_command};
use crate::shell::{Command, Shape, Word, WordPart, parse, unwrap_command};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Whether all that a statement runs works on this machine alone and destroys nothing there. What is not known does not.
pub fn stays_here(shape: &Shape) -> bool {
    reach_of(shape).reach != Reach::Destroy && all(shape, 0)
}

fn all(shape: &Shape, depth: usize) -> bool {
    match shape {
        Shape::Assignments(list) => list.iter().all(|one| inside(std::slice::from_ref(&one.value), depth)),
        Shape::Simple(command) => local(command, depth),
        Shape::Pipeline(commands) | Shape::Compound { commands, .. } => {
            commands.iter().all(|command| local(command, depth))
        }
        Shape::List(items) => items.iter().all(|(_, shape)| all(shape, depth)),
        Shape::NotUnderstood(_) => false,
    }
}

fn local(command: &Command, depth: usize) -> bool {
    let unwrapped = unwrap_command(command);
    let Some(first) = unwrapped.words.first() else { return true };
    let name = shown(first);
    let program = name.rsplit('/').next().unwrap_or(&name);
    inside(&unwrapped.words, depth)
        && (listed(program, &unwrapped.words) || reach_of_command(command).reach <= Reach::Read)
}

fn listed(program: &str, words: &[Word]) -> bool {
    let Some(subcommands) = TABLE.get(program) else { return false };
    let arguments = Arguments::of(words);
    // An image that is built with `--push` leaves the machine.
    if arguments.words().iter().any(|word| word == "--push" || word == "push") {
        return false;
    }
    let first = arguments.words().iter().find(|word| !word.starts_with('-')).map(String::as_str);
    subcommands.iter().any(|one| *one == "*" || Some(*one) == first)
        || first.is_none() && arguments.words().iter().any(|word| subcommands.contains(&word.as_str()))
}

/// Whether the substitutions in words do so, too. Of what stands too deeply nobody knows.
fn inside(words: &[Word], depth: usize) -> bool {
    words.iter().flat_map(|word| &word.parts).all(|part| match part {
        WordPart::Command(script) => {
            depth < DEEPEST && parse(script).statements.iter().all(|one| all(&one.shape, depth + 1))
        }
        WordPart::Text { .. }
        | WordPart::Variable { .. }
        | WordPart::Arithmetic(_)
        | WordPart::Glob(_)
        | WordPart::Placeholder(_)
        | WordPart::Template(_) => true,
    })
}

static TABLE: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let lines = include_str!("here.txt").lines().filter(|line| !line.starts_with('#'));
    // The last colon: `:` is a program, too.
    let rules = lines.filter_map(|line| line.rsplit_once(" : "));
    rules
        .flat_map(|(programs, subcommands)| {
            let subcommands: Vec<&str> = subcommands.split_whitespace().collect();
            programs.split_whitespace().map(move |program| (program, subcommands.clone()))
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn stays(script: &str) -> bool {
        parse(script).statements.iter().all(|statement| stays_here(&statement.shape))
    }

    #[test]
    fn what_is_put_ready_on_a_machine_stays_there() {
        for script in [
            "brew install jq",
            "cp a.tfvars.example a.tfvars",
            "cd infra && terraform init",
            "docker build -t shop .\ndocker tag shop:1 registry.example/shop:1",
            "git clone https://git.example/shop.git",
            "aws configure --profile shop",
            "X=$(git rev-parse HEAD)",
            "aws ecr get-login-password | docker login --username AWS --password-stdin r.example",
        ] {
            assert!(stays(script), "{script}");
        }
    }

    #[test]
    fn what_reaches_others_does_not() {
        for script in [
            "docker push registry.example/shop:1",
            "docker buildx build --push -t registry.example/shop:1 .",
            "git push origin main",
            "terraform apply plan",
            "kubectl apply -f x.yaml",
            "aws s3 mb s3://shop",
            "npm publish",
            "ssh host uptime; ./deploy.sh",
            "rm -rf build",
            "cp a b && aws ecs update-service --cluster a --service b",
            "echo $(aws s3 rm s3://shop/x)",
        ] {
            assert!(!stays(script), "{script}");
        }
    }
}
