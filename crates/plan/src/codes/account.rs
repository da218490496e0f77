//! Codes of `check --profile`, which looks at the account.

use super::{Chapter, ERROR, NOTE, WARNING, spec};

pub(super) const ACCOUNT: Chapter = Chapter {
    title: "Against the account (`check --profile`)",
    lint: false,
    codes: &[
        spec(
            "identity",
            ERROR,
            "The profile is not what the plan's target says.",
            "Everything would be looked for, and done, in the wrong place.",
            "Name another profile, or correct the target.",
            "target: { account: \"111122223333\" } and a profile of another account",
        ),
        spec(
            "not-there",
            WARNING,
            "Something that a step works with does not exist, and no earlier step makes it.",
            "The step would fail in the middle of the run.",
            "Take the name that is proposed.",
            "cluster: shpo",
        ),
        spec(
            "would-fail",
            WARNING,
            "A step's own preparation says that it would fail.",
            "It is found now rather than in the middle of the run.",
            "Do what the finding says.",
            "uses: rds.check\nwith: { database: orders }\nexpect: { data_api: true }",
        ),
        spec(
            "not-looked-at",
            NOTE,
            "AWS refused to answer, so this was not checked.",
            "A permission is missing; nothing is known.",
            "Use a profile that may read it.",
            "(a profile without `ecs:DescribeServices`)",
        ),
    ],
};
