//! Codes of `check --profile`, which looks at the account.

use super::{Chapter, ERROR, NOTE, WARNING, WARNING_OR_NOTE, spec};

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
            WARNING_OR_NOTE,
            "Something that a step works with does not exist, and no earlier step makes it. A note where a script or Terraform may.",
            "The step would fail in the middle of the run.",
            "Take the name that is proposed.",
            "cluster: shpo",
        ),
        spec(
            "no-data-api",
            WARNING,
            "A database that is to be worked with from the console has no Data API.",
            "The query editor shows it as nothing to choose.",
            "Switch the Data API on (Aurora only), or run the SQL by a task inside of the VPC.",
            "uses: rds.check
with: { database: orders }
expect: { reachable_from: console }",
        ),
        spec(
            "other-version",
            WARNING,
            "A database runs another version than its step expects.",
            "The step would fail in the middle of the run.",
            "Write the version that runs, or upgrade the database before the run.",
            "uses: rds.check
with: { database: orders }
expect: { version: \"15.*\" }",
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
