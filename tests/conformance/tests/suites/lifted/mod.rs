//! A command and the step that it is lifted into do the same, for every kind that a command can become: the command by the
//! program that it names in one practice account, the step in another of the same seed, every call of both written down
//! ([`accounts`]); Terraform, Docker and git by a program that writes down what it is told ([`programs`], [`copies`]).

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

mod accounts;
mod applies;
mod case;
mod copies;
mod covered;
mod programs;
mod stand;

use case::Case;
use tokio::task::JoinSet;

/// Cases at once: each is two simulators and a few starts of Python.
const AT_ONCE: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_step_does_what_its_command_does() {
    let Some(path) = path_with_aws() else {
        println!("skipped: there is no `aws` on this machine");
        return;
    };
    let cases: Vec<Case> = case::files().iter().map(|file| Case::read(file)).collect();
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    let mut going = JoinSet::new();
    let mut broken = 0;
    for case in cases.into_iter().filter(|case| only().is_none_or(|name| case.name.contains(&name))) {
        if going.len() >= AT_ONCE {
            broken += usize::from(going.join_next().await.unwrap().is_err());
        }
        let path = path.clone();
        going.spawn(async move { accounts::same(&case, &path).await });
    }
    while let Some(ended) = going.join_next().await {
        broken += usize::from(ended.is_err());
    }
    assert_eq!(broken, 0, "cases whose step does something else; each is told above");
}

#[expect(clippy::disallowed_methods, reason = "a suite finds the CLI where its caller does")]
fn path_with_aws() -> Option<String> {
    let path = std::env::var("PATH").ok()?;
    std::env::split_paths(&path).any(|folder| folder.join("aws").is_file()).then_some(path)
}

#[expect(clippy::disallowed_methods, reason = "a person who works at one case says which")]
fn only() -> Option<String> {
    std::env::var("CASE").ok()
}
