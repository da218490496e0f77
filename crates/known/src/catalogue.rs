//! The files of `known-problems/`, compiled in, read and compiled once.

use crate::{Condition, Matcher, Place, Problem};
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
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
    pub(crate) rules: Vec<Rule>,
    /// Number n is `rules[n].regex`: one pass over a text finds all that match.
    pub(crate) any: RegexSet,
    defects: Vec<Defect>,
}

/// A matcher, compiled.
pub(crate) struct Rule {
    /// Index of its problem.
    pub(crate) problem: usize,
    pub(crate) places: Vec<Place>,
    pub(crate) regex: Regex,
    pub(crate) all: Vec<Also>,
    pub(crate) none: Vec<Also>,
}

/// A condition, compiled.
pub(crate) struct Also {
    pub(crate) places: Vec<Place>,
    pub(crate) regex: Regex,
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
    let patterns = rules.iter().map(|rule: &Rule| rule.regex.as_str());
    let any = RegexSetBuilder::new(patterns).case_insensitive(true).multi_line(true).build();
    let any = any.unwrap_or_else(|error| {
        // Each compiled by itself, so only the size of all together can be refused.
        defects.push(Defect::Regex { id: "*".into(), regex: "all together".into(), why: error.to_string() });
        rules.clear();
        RegexSet::empty()
    });
    Catalogue { problems, rules, any, defects }
}

fn read_one(id: &str, text: &str, index: usize) -> Result<(Problem, Vec<Rule>), Defect> {
    let problem: Problem = serde_saphyr::from_str(text)
        .map_err(|error| Defect::File { id: id.to_owned(), why: error.to_string() })?;
    let rules = problem.matchers.iter().map(|matcher| rule(id, matcher, index)).collect::<Result<_, _>>()?;
    Ok((Problem { id: id.to_owned(), ..problem }, rules))
}

fn rule(id: &str, matcher: &Matcher, problem: usize) -> Result<Rule, Defect> {
    let also = |conditions: &[Condition]| {
        let also = |one: &Condition| Ok(Also { places: one.places.clone(), regex: compile(id, &one.regex)? });
        conditions.iter().map(also).collect::<Result<Vec<_>, Defect>>()
    };
    Ok(Rule {
        problem,
        places: matcher.places.clone(),
        regex: compile(id, &matcher.regex)?,
        all: also(&matcher.all)?,
        none: also(&matcher.none)?,
    })
}

fn compile(id: &str, regex: &str) -> Result<Regex, Defect> {
    let compiled = RegexBuilder::new(regex).case_insensitive(true).multi_line(true).build();
    compiled.map_err(|error| Defect::Regex {
        id: id.to_owned(),
        regex: regex.to_owned(),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(read.any.is_match("BOOM"));
    }
}
