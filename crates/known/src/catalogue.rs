//! The files of `known-problems/`, compiled in, read and compiled once.

use crate::Problem;
use crate::compile::{BadRegex, Rule, Rules};
use std::sync::LazyLock;

/// Lists the files. The crate `include_dir` was turned down: on stable Rust a new file does not make it compile again.
/// That none is forgotten is asserted by `tests/catalogue.rs`.
macro_rules! files {
    ($($id:literal),* $(,)?) => {
        &[$(($id, include_str!(concat!("../../../known-problems/", $id, ".yaml")))),*]
    };
}

/// Stem and text of each file.
const FILES: &[(&str, &str)] = files![
    "access-denied",
    "address-refused",
    "app-in-development",
    "apprunner-busy",
    "apprunner-create-failed",
    "apprunner-hangs",
    "apprunner-health-check-fails",
    "apprunner-rolled-back",
    "aws-side-error",
    "cannot-pull-image",
    "changes-do-not-appear",
    "cluster-not-found",
    "column-missing",
    "connection-broken",
    "container-check-fails",
    "credentials-expired",
    "database-login-refused",
    "database-not-reachable-from-here",
    "database-unreachable",
    "deployment-alarm",
    "deployment-superseded",
    "disk-full",
    "environment-variable-missing",
    "exec-format-error",
    "exits-at-once",
    "fargate-quota",
    "health-check-tool-missing",
    "image-not-found",
    "image-pull-denied",
    "image-pull-network",
    "image-pull-rate-limit",
    "keychain-item-exists",
    "lifecycle-hook-ended",
    "listens-on-loopback-only",
    "load-balancer-check-fails",
    "localhost-in-container",
    "log-group-missing",
    "module-missing",
    "name-too-long",
    "no-capacity",
    "out-of-memory",
    "owner-missing",
    "pass-role-denied",
    "plan-stale",
    "port-in-use",
    "program-error",
    "program-not-found",
    "redirect-address-differs",
    "redirect-to-another-host",
    "registry-content-differs",
    "registry-throttles",
    "registry-unreadable",
    "resource-initialization",
    "restarts-over-and-over",
    "row-missing",
    "secret-not-readable",
    "service-deleted",
    "service-not-found",
    "spot-interruption",
    "sso-expired",
    "subnet-full",
    "table-missing",
    "task-definition-not-found",
    "task-without-route",
    "terraform-cycle",
    "terraform-state-locked",
    "throttled",
    "token-of-another-environment",
    "transaction-aborted",
    "used-before-it-is-set-up",
    "wrong-account",
];

/// A file of the catalogue that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// It is not as the schema says.
    #[error("known-problems/{id}.yaml cannot be read: {why}; correct it as crates/known/src/problem.rs says")]
    File {
        /// Stem of the file.
        id: String,
        /// What the reader says.
        why: String,
    },
    /// One of its expressions is none.
    #[error("known-problems/{id}.yaml: the expression `{regex}` cannot be compiled: {why}")]
    Regex {
        /// Stem of the file.
        id: String,
        /// The expression.
        regex: String,
        /// What the compiler says.
        why: String,
    },
}

/// The known problems, by id.
pub fn catalogue() -> &'static [Problem] {
    &READ.problems
}

/// Files that were left out. The tests hold this empty, so no build that passed them has any.
pub fn defects() -> &'static [Defect] {
    &READ.defects
}

/// What the files hold, and the expressions compiled.
pub(crate) struct Catalogue {
    pub(crate) problems: Vec<Problem>,
    pub(crate) rules: Rules,
    defects: Vec<Defect>,
}

pub(crate) static READ: LazyLock<Catalogue> = LazyLock::new(|| read(FILES));

fn read(files: &[(&str, &str)]) -> Catalogue {
    let mut problems = Vec::new();
    let mut rules = Vec::new();
    let mut defects = Vec::new();
    for (id, text) in files {
        match read_one(id, text, problems.len()) {
            Ok((problem, compiled)) => {
                problems.push(problem);
                rules.extend(compiled);
            }
            Err(defect) => defects.push(defect),
        }
    }
    let rules = Rules::new(rules).unwrap_or_else(|why| {
        defects.push(Defect::Regex { id: "*".into(), regex: "all together".into(), why });
        Rules::none()
    });
    Catalogue { problems, rules, defects }
}

fn read_one(id: &str, text: &str, index: usize) -> Result<(Problem, Vec<Rule>), Defect> {
    let problem: Problem = serde_saphyr::from_str(text)
        .map_err(|error| Defect::File { id: id.to_owned(), why: error.to_string() })?;
    let bad = |bad: BadRegex| Defect::Regex { id: id.to_owned(), regex: bad.regex, why: bad.why };
    let rules = problem.matchers.iter().map(|matcher| Rule::new(matcher, index));
    let rules = rules.collect::<Result<_, _>>().map_err(bad)?;
    Ok((Problem { id: id.to_owned(), ..problem }, rules))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, Place};

    const GOOD: &str = "title: T\npriority: 50\nmatch: [{regex: boom}]\nmeaning: M\ncause: C\nchecks: [c]\nrepairs: [r]\nsource: S\nexamples: {yes: [{log: boom}]}\n";

    #[test]
    fn a_bad_file_is_told_and_the_others_stay() {
        let twice = GOOD.replace("title: T", "title: T\ntitle: T");
        let strange = GOOD.replace("source: S", "source: S\ncolour: red");
        let open = GOOD.replace("regex: boom", "regex: '('");
        let read = read(&[("twice", &twice), ("strange", &strange), ("open", &open), ("good", GOOD)]);
        assert_eq!(read.problems.iter().map(|problem| problem.id.as_str()).collect::<Vec<_>>(), ["good"]);
        let told: Vec<String> = read.defects.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3, "{told:#?}");
        for (told, part) in told.iter().zip(["twice.yaml", "strange.yaml", "open.yaml: the expression `(`"]) {
            assert!(told.contains(part), "{told}");
        }
        let seen = Evidence::default().with(Place::Other, "BOOM");
        assert_eq!(read.rules.shown(&seen).into_keys().collect::<Vec<_>>(), [0]);
    }
}
