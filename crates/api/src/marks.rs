//! How careful to be with an account: what the operator marked wins, and a guess from names is said to be one.

use crate::views::Weight;
use holdpoint_identity::Prefs;

/// The weight of an account, and whether it is a guess. `names` are a profile's and the account's, the likelier first.
pub(crate) fn weight_of(prefs: &Prefs, account: Option<&str>, names: &[&str]) -> (Weight, bool) {
    let guess = names.iter().map(|name| Weight::of(name)).find(|weight| *weight != Weight::Unknown);
    let guess = guess.unwrap_or(Weight::Unknown);
    let marked = account.and_then(|account| prefs.accounts.get(account)).and_then(|mark| mark.production);
    match (marked, guess) {
        (Some(true), _) => (Weight::Production, false),
        (Some(false), Weight::Staging | Weight::Sandbox) => (guess, false),
        (Some(false), Weight::Production | Weight::Unknown | Weight::Practice) => (Weight::Staging, false),
        (None, _) => (guess, true),
    }
}

/// What the operator calls an account.
pub(crate) fn alias_of(prefs: &Prefs, account: &str) -> Option<String> {
    prefs.accounts.get(account).and_then(|mark| mark.alias.clone())
}

/// The colour chosen for an account.
pub(crate) fn colour_of(prefs: &Prefs, account: &str) -> Option<String> {
    prefs.accounts.get(account).and_then(|mark| mark.colour.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_wins_and_a_guess_is_said_to_be_one() {
        let mut prefs = Prefs::default();
        prefs.mark("1", |mark| mark.production = Some(true));
        prefs.mark("2", |mark| mark.production = Some(false));
        for (account, names, expected) in [
            (None, &["till-prod"][..], (Weight::Production, true)),
            (None, &["till", "Till Sandbox"], (Weight::Sandbox, true)),
            (None, &["till"], (Weight::Unknown, true)),
            (Some("1"), &["sandbox"], (Weight::Production, false)),
            (Some("2"), &["till-prod"], (Weight::Staging, false)),
            (Some("2"), &["dev"], (Weight::Sandbox, false)),
            (Some("3"), &["dev"], (Weight::Sandbox, true)),
        ] {
            assert_eq!(weight_of(&prefs, account, names), expected, "{account:?} {names:?}");
        }
    }
}
