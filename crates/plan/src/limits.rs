//! What AWS takes as a name, kind by kind, and how a name that is too long may be shortened.
//!
//! Sources: the patterns of AWS's own API models (`ServiceName` of App Runner, `RepositoryName` of ECR …) and, where a
//! model has none, the documentation of the operation that creates the thing.

use std::sync::LazyLock;

/// What a name of one kind may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameRule {
    /// As a plan writes it, e.g. `apprunner.service`.
    pub kind: &'static str,
    /// Terraform's type and attribute of such a name.
    pub terraform: (&'static str, &'static str),
    /// Shortest length.
    pub least: usize,
    /// Longest length.
    pub most: usize,
    /// Whole names, as a regular expression without anchors.
    pub pattern: &'static str,
    /// The same in words.
    pub words: &'static str,
}

/// Why a name does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// What is wrong, in one sentence without an end.
    pub why: String,
    /// A name that would do.
    pub proposal: Option<String>,
}

/// The rule of a kind, by the plan's word or by Terraform's type of resource.
pub fn rule(kind: &str) -> Option<&'static NameRule> {
    RULES.iter().find(|rule| rule.kind == kind || rule.terraform.0 == kind)
}

/// The rules of one of Terraform's types of resource: which attribute is a name.
pub fn rules_of_terraform(kind: &str) -> impl Iterator<Item = &'static NameRule> {
    RULES.iter().filter(move |rule| rule.terraform.0 == kind)
}

/// The words of all kinds, for who wrote another.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.kind)
}

impl NameRule {
    /// Whether a name does.
    pub fn check(&self, name: &str) -> Result<(), Unfit> {
        let length = name.chars().count();
        let why = if length < self.least {
            format!("`{name}` has {length} characters, at least {} are needed", self.least)
        } else if length > self.most {
            format!("`{name}` has {length} characters, at most {} are allowed", self.most)
        } else if !self.fits(name) {
            format!("`{name}` is not made of {}", self.words)
        } else {
            return Ok(());
        };
        Err(Unfit { why, proposal: shorten(self, name) })
    }

    fn fits(&self, name: &str) -> bool {
        let at = RULES.iter().position(|rule| rule.kind == self.kind);
        at.and_then(|at| PATTERNS.get(at))
            .and_then(Option::as_ref)
            .is_none_or(|pattern| pattern.is_match(name))
    }
}

/// A name near to this one that the rule takes. What is said twice goes first, then vowels of the longest words, then
/// the middle, so that the ends, by which people tell names apart, stay. `None` where nothing that is left would do.
pub fn shorten(rule: &NameRule, name: &str) -> Option<String> {
    let lower = rule.pattern.contains("a-z0-9") && !rule.pattern.contains("A-Z");
    let name = if lower { name.to_lowercase() } else { name.to_owned() };
    let mut words: Vec<String> = Vec::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        // A word that stands twice tells nothing new.
        if !words.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            words.push(word.to_owned());
        }
    }
    let length =
        |words: &[String]| words.iter().map(String::len).sum::<usize>() + words.len().saturating_sub(1);
    for (long, short) in ABBREVIATIONS {
        if length(&words) <= rule.most {
            break;
        }
        for word in words.iter_mut().filter(|word| word.eq_ignore_ascii_case(long)) {
            (*short).clone_into(word);
        }
    }
    while length(&words) > rule.most {
        let longest = words.iter_mut().filter(|word| has_inner_vowel(word)).max_by_key(|word| word.len());
        let Some(longest) = longest else { break };
        without_last_vowel(longest);
    }
    while length(&words) > rule.most && words.len() > 2 {
        words.remove(words.len() / 2);
    }
    let mut short = words.join("-");
    short.truncate(rule.most);
    while short.ends_with('-') {
        short.pop();
    }
    while short.len() < rule.least {
        short.push_str(if short.is_empty() { "app" } else { "-app" });
    }
    short.truncate(rule.most);
    let fits = (rule.least..=rule.most).contains(&short.len()) && rule.fits(&short);
    (short != name && fits).then_some(short)
}

const ABBREVIATIONS: &[(&str, &str)] = &[
    ("autoscaling", "as"),
    ("scaling", "sc"),
    ("configuration", "cfg"),
    ("config", "cfg"),
    ("production", "prod"),
    ("development", "dev"),
    ("environment", "env"),
    ("service", "svc"),
    ("connector", "conn"),
    ("application", "app"),
    ("database", "db"),
    ("security", "sec"),
    ("frontend", "fe"),
    ("backend", "be"),
];

fn has_inner_vowel(word: &str) -> bool {
    word.char_indices().skip(1).any(|(_, c)| "aeiouAEIOU".contains(c))
}

fn without_last_vowel(word: &mut String) {
    let at = word.char_indices().skip(1).filter(|(_, c)| "aeiouAEIOU".contains(*c)).last();
    if let Some((at, _)) = at {
        word.remove(at);
    }
}

static PATTERNS: LazyLock<Vec<Option<regex::Regex>>> = LazyLock::new(|| {
    RULES.iter().map(|rule| regex::Regex::new(&format!("^(?:{})$", rule.pattern)).ok()).collect()
});

const fn named(
    kind: &'static str,
    terraform: (&'static str, &'static str),
    (least, most): (usize, usize),
    pattern: &'static str,
    words: &'static str,
) -> NameRule {
    NameRule { kind, terraform, least, most, pattern, words }
}

const APP_RUNNER: &str = "[A-Za-z0-9][A-Za-z0-9_-]*";
const APP_RUNNER_WORDS: &str = "letters, digits, `-` and `_`, beginning with a letter or digit";
const ECS: &str = "[A-Za-z0-9_-]+";
const ECS_WORDS: &str = "letters, digits, `-` and `_`";
const IAM: &str = r"[A-Za-z0-9_+=,.@-]+";
const IAM_WORDS: &str = "letters, digits and `_+=,.@-`";
const RDS: &str = "[A-Za-z](?:-?[A-Za-z0-9])*";
const RDS_WORDS: &str = "letters, digits and single `-`, beginning with a letter and not ending with `-`";
const ELB: &str = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const ELB_WORDS: &str = "letters, digits and `-`, neither beginning nor ending with `-`";

/// Every rule. A kind that AWS does not limit is not here.
const RULES: &[NameRule] = &[
    named(
        "apprunner.service",
        ("aws_apprunner_service", "service_name"),
        (4, 40),
        APP_RUNNER,
        APP_RUNNER_WORDS,
    ),
    named(
        "apprunner.auto_scaling",
        ("aws_apprunner_auto_scaling_configuration_version", "auto_scaling_configuration_name"),
        (4, 32),
        APP_RUNNER,
        APP_RUNNER_WORDS,
    ),
    named(
        "apprunner.vpc_connector",
        ("aws_apprunner_vpc_connector", "vpc_connector_name"),
        (4, 40),
        APP_RUNNER,
        APP_RUNNER_WORDS,
    ),
    named(
        "apprunner.vpc_ingress",
        ("aws_apprunner_vpc_ingress_connection", "name"),
        (4, 40),
        APP_RUNNER,
        APP_RUNNER_WORDS,
    ),
    named(
        "apprunner.connection",
        ("aws_apprunner_connection", "connection_name"),
        (4, 32),
        APP_RUNNER,
        APP_RUNNER_WORDS,
    ),
    named(
        "apprunner.observability",
        ("aws_apprunner_observability_configuration", "observability_configuration_name"),
        (4, 32),
        APP_RUNNER,
        APP_RUNNER_WORDS,
    ),
    named("ecs.cluster", ("aws_ecs_cluster", "name"), (1, 255), ECS, ECS_WORDS),
    named("ecs.service", ("aws_ecs_service", "name"), (1, 255), ECS, ECS_WORDS),
    named("ecs.task_definition", ("aws_ecs_task_definition", "family"), (1, 255), ECS, ECS_WORDS),
    named(
        "ecr.repository",
        ("aws_ecr_repository", "name"),
        (2, 256),
        r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*",
        "lower-case letters and digits, with `.`, `_`, `-` or `/` between them",
    ),
    named(
        "logs.group",
        ("aws_cloudwatch_log_group", "name"),
        (1, 512),
        r"[.\-_/#A-Za-z0-9]+",
        "letters, digits and `.-_/#`",
    ),
    named(
        "secrets.secret",
        ("aws_secretsmanager_secret", "name"),
        (1, 512),
        r"[A-Za-z0-9/_+=.@-]+",
        "letters, digits and `/_+=.@-`",
    ),
    named("iam.role", ("aws_iam_role", "name"), (1, 64), IAM, IAM_WORDS),
    named("iam.policy", ("aws_iam_policy", "name"), (1, 128), IAM, IAM_WORDS),
    named("iam.instance_profile", ("aws_iam_instance_profile", "name"), (1, 128), IAM, IAM_WORDS),
    named("rds.instance", ("aws_db_instance", "identifier"), (1, 63), RDS, RDS_WORDS),
    named("rds.cluster", ("aws_rds_cluster", "cluster_identifier"), (1, 63), RDS, RDS_WORDS),
    named("elb.load_balancer", ("aws_lb", "name"), (1, 32), ELB, ELB_WORDS),
    named("elb.target_group", ("aws_lb_target_group", "name"), (1, 32), ELB, ELB_WORDS),
    named(
        "ec2.security_group",
        ("aws_security_group", "name"),
        (1, 255),
        r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+",
        "letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`",
    ),
    named(
        "s3.bucket",
        ("aws_s3_bucket", "bucket"),
        (3, 63),
        "[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?",
        "lower-case letters, digits, `.` and `-`, beginning and ending with a letter or digit",
    ),
    named("lambda.function", ("aws_lambda_function", "function_name"), (1, 64), ECS, ECS_WORDS),
    named(
        "dynamodb.table",
        ("aws_dynamodb_table", "name"),
        (3, 255),
        "[A-Za-z0-9_.-]+",
        "letters, digits and `_.-`",
    ),
    named(
        "cloudwatch.alarm",
        ("aws_cloudwatch_metric_alarm", "alarm_name"),
        (1, 255),
        r"[\s\S]+",
        "any characters",
    ),
];

#[cfg(test)]
mod tests;
