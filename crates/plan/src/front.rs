//! Front matter: what stands under `holdpoint:`; everything else in it is foreign and left alone.

use crate::fields::Fields;
use crate::findings::{Findings, short};
use crate::mapped::Mapped;
use crate::template::is_template;
use crate::yaml::{self, Kind, Node};
use crate::{Estimate, Span, StepId, Target, Var};

/// Version of the plan format that this crate reads.
const VERSION: u32 = 1;

/// What the front matter says.
#[derive(Debug, Default)]
pub(crate) struct Front {
    pub(crate) title: Option<String>,
    pub(crate) target: Option<Target>,
    /// There is one, if perhaps a wrong one.
    pub(crate) targeted: bool,
    pub(crate) vars: Vec<Var>,
    pub(crate) estimate: Option<Estimate>,
    /// Names of steps that go back together, not yet known to be steps.
    pub(crate) together: Vec<Joined>,
}

/// One of `together`, as written.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) steps: Vec<(String, Span)>,
    pub(crate) why: String,
    pub(crate) span: Span,
}

/// Where the front matter ends and Markdown begins, and the YAML between the marks.
pub(crate) struct Cut {
    pub(crate) body: usize,
    pub(crate) yaml: Option<Mapped>,
}

/// Finds the front matter without reading it.
pub(crate) fn cut(text: &str) -> Cut {
    let none = Cut { body: 0, yaml: None };
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else { return none };
    let start = first.len();
    if !begins_like_yaml(text.get(start..).unwrap_or("")) {
        return none;
    }
    let mut at = start;
    for line in lines {
        if matches!(line.trim_end(), "---" | "...") {
            let mut yaml = Mapped::at(start);
            yaml.push(text.get(start..at).unwrap_or(""), start..at);
            return Cut { body: at + line.len(), yaml: Some(yaml) };
        }
        at += line.len();
    }
    none
}

/// A rule at the top of a guide is no front matter: that begins at once, with a key or a comment before one.
fn begins_like_yaml(text: &str) -> bool {
    let first = text.lines().find(|line| !line.starts_with('#'));
    let key = first.and_then(|line| line.split_once(':')).map(|(key, _)| key.trim_end());
    let empty = first.is_some_and(|line| matches!(line.trim_end(), "---" | "..."));
    empty
        || key.is_some_and(|key| {
            !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-.\"' ".contains(c))
        })
}

/// Reads `holdpoint:`; `None` when it is not there, so that the file is a guide.
pub(crate) fn read(yaml: &Mapped, findings: &mut Findings<'_>) -> Option<Front> {
    let ours =
        yaml.text.lines().any(|line| line.starts_with("holdpoint:") || line.starts_with("holdpoint :"));
    if !ours {
        // Somebody else's front matter: whatever is wrong with it is not ours to say, but a slip in the one word is.
        remark_on_spelling(yaml, findings);
        return None;
    }
    let Some(root) = yaml::parse(yaml, findings) else { return Some(Front::default()) };
    let Some(node) = root.get("holdpoint") else { return Some(Front::default()) };
    let keys = ["version", "title", "target", "vars", "estimate", "together"];
    let Some(fields) = Fields::open(node, "plan", &keys, findings) else { return Some(Front::default()) };
    version(&fields, findings);
    Some(Front {
        title: fields.text("title", findings).filter(|title| !title.trim().is_empty()),
        targeted: fields.node("target").is_some(),
        target: fields.node("target").and_then(|node| target(node, findings)),
        vars: fields.node("vars").map(|node| vars(node, findings)).unwrap_or_default(),
        estimate: fields.estimate("estimate", findings),
        together: fields.node("together").map(|node| together(node, findings)).unwrap_or_default(),
    })
}

fn remark_on_spelling(yaml: &Mapped, findings: &mut Findings<'_>) {
    let mut at = 0;
    for line in yaml.text.split_inclusive('\n') {
        if let Some((key, _)) = line.split_once(':')
            && (3..=20).contains(&key.len())
            && strsim::damerau_levenshtein(
                &key.to_ascii_lowercase().replace(['-', '_', ' '], ""),
                "holdpoint",
            ) <= 2
        {
            findings.warning(
                "unknown-key",
                yaml.span(at..at + key.len()),
                format!("`{}` is nearly `holdpoint`; as it is, this file is a guide", short(key)),
                "Write `holdpoint:`.".to_owned(),
            );
        }
        at += line.len();
    }
}

fn version(fields: &Fields<'_>, findings: &mut Findings<'_>) {
    let Some(node) = fields.node("version") else {
        findings.error_hint(
            "missing-key",
            fields.span(),
            "the plan does not say its format's `version`",
            "Write `version: 1`.".to_owned(),
        );
        return;
    };
    match fields.count("version", findings) {
        Some(VERSION) | None => {}
        Some(newer) if newer > VERSION => findings.error_hint(
            "newer-version",
            node.span,
            format!("this plan is of format version {newer}; this Holdpoint reads version {VERSION}"),
            "Update Holdpoint.".to_owned(),
        ),
        Some(other) => findings.error_hint(
            "newer-version",
            node.span,
            format!("there is no format version {other}"),
            format!("Write `version: {VERSION}`."),
        ),
    }
}

fn target(node: &Node, findings: &mut Findings<'_>) -> Option<Target> {
    let fields = Fields::open(node, "target", &["account", "region", "role"], findings)?;
    for key in ["account", "region"] {
        if fields.node(key).is_none() {
            findings.error("missing-key", node.span, format!("the target has no `{key}`"));
        }
    }
    let account = account(fields.node("account")?, findings);
    let region = fields.text("region", findings);
    if let (Some(region), Some(node)) = (&region, fields.node("region"))
        && !is_region(region)
    {
        findings.error_hint(
            "region",
            node.span,
            format!("`{}` is no AWS region", short(region)),
            "A region looks like `eu-central-1`, without the zone's letter.".to_owned(),
        );
    }
    let role = fields.text("role", findings);
    if let (Some(role), Some(node)) = (&role, fields.node("role"))
        && !role.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte))
    {
        findings.error_hint(
            "role",
            node.span,
            format!("`{}` is no name of a role", short(role)),
            "Write the role's name (or the permission set's), not its ARN.".to_owned(),
        );
    }
    Some(Target { account: account?, region: region?, role })
}

/// Account ids are text: YAML reads `012345678901` as a number and loses its zero.
fn account(node: &Node, findings: &mut Findings<'_>) -> Option<String> {
    match &node.kind {
        Kind::Text(text) if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(text.clone())
        }
        Kind::Text(text) => {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let hint = if is_template(text) {
                "The account is what a run is pinned to, so it is written out, not computed.".to_owned()
            } else if digits.len() == 12 {
                format!("Write \"{digits}\".")
            } else {
                "An account id has 12 digits, written in quotes.".to_owned()
            };
            findings.error_hint("account", node.span, format!("`{}` is no account id", short(text)), hint);
            None
        }
        Kind::Number(_, spelling) => {
            findings.error_hint(
                "account",
                node.span,
                "the account must be text: as a number it loses leading zeros",
                format!("Quote it: \"{:0>12}\".", short(spelling)),
            );
            None
        }
        Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) => {
            findings.error(
                "account",
                node.span,
                format!("the account must be text of 12 digits, and this is {}", node.what()),
            );
            None
        }
    }
}

/// The region that commands of a text name, where it is always the same one.
pub(crate) fn region_named(text: &str) -> Option<&str> {
    let mut found: Option<&str> = None;
    for lead in ["--region", "AWS_REGION", "AWS_DEFAULT_REGION"] {
        for (at, _) in text.match_indices(lead) {
            let Some(rest) = text.get(at + lead.len()..).and_then(|rest| rest.strip_prefix([' ', '=']))
            else {
                continue;
            };
            let rest = rest.trim_start_matches(['"', '\'']);
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
            let Some(region) = rest.get(..end).filter(|region| is_region(region)) else { continue };
            if found.is_some_and(|before| before != region) {
                return None;
            }
            found = Some(region);
        }
    }
    found
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, names)) = parts.split_last() else { return false };
    names.len() >= 2
        && names.len() <= 4
        && names.first().is_some_and(|area| area.len() == 2)
        && names.iter().all(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()))
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn vars(node: &Node, findings: &mut Findings<'_>) -> Vec<Var> {
    let Kind::Map(entries) = &node.kind else {
        findings.error_hint(
            "wrong-type",
            node.span,
            "`vars` must be a mapping",
            "Write `vars: { name: { default: … } }`.".to_owned(),
        );
        return Vec::new();
    };
    let mut vars = Vec::new();
    for entry in entries {
        if StepId::new(entry.key.clone()).is_err() {
            findings.error(
                "bad-id",
                entry.key_span,
                format!(
                    "`{}` is no name of a variable: lowercase letters, digits and `_`",
                    short(&entry.key)
                ),
            );
        }
        if !matches!(entry.value.kind, Kind::Null | Kind::Map(_)) {
            findings.error_hint(
                "wrong-type",
                entry.value.span,
                format!("a variable is a mapping, and this is {}", entry.value.what()),
                format!("Write `{}: {{ default: … }}`.", short(&entry.key)),
            );
            continue;
        }
        let Some(fields) =
            Fields::open(&entry.value, "variable", &["default", "secret", "description"], findings)
        else {
            continue;
        };
        let secret = fields.flag("secret", findings).unwrap_or(false);
        let default = fields.node("default");
        if let Some(default) = default {
            if secret {
                findings.error_hint(
                    "secret-default",
                    default.span,
                    "a secret has no default: the plan is no place for it",
                    "Leave it out; it is asked for when needed.".to_owned(),
                );
            }
            if default.text().is_some_and(is_template) {
                findings.error("wrong-type", default.span, "a default is a value, not a template");
            }
        }
        vars.push(Var {
            name: entry.key.clone(),
            default: default.filter(|_| !secret).map(Node::to_value),
            secret,
            description: fields.text("description", findings),
        });
    }
    vars
}

fn together(node: &Node, findings: &mut Findings<'_>) -> Vec<Joined> {
    let Kind::List(entries) = &node.kind else {
        findings.error_hint(
            "wrong-type",
            node.span,
            "`together` must be a list",
            "Write `together: [{ steps: [deploy_api, deploy_worker], why: … }]`.".to_owned(),
        );
        return Vec::new();
    };
    let mut all = Vec::new();
    for entry in entries {
        let Some(fields) = Fields::open(entry, "group", &["steps", "why"], findings) else { continue };
        let steps = fields.texts("steps", findings);
        if steps.len() < 2 {
            findings.error("together", entry.span, "at least two steps go back together");
        }
        if fields.node("why").is_none() {
            findings.error_hint(
                "missing-key",
                entry.span,
                "a group has no `why`",
                "Write what must be one, such as `exactly one runs the jobs`.".to_owned(),
            );
        }
        all.push(Joined { steps, why: fields.text("why", findings).unwrap_or_default(), span: entry.span });
    }
    all
}

/// Where the text after the front matter begins to be the plan's own, for an empty span at its start.
pub(crate) fn start(cut: &Cut) -> Span {
    let at = cut.yaml.as_ref().map_or(0, |yaml| yaml.whole().start);
    Span { start: at, end: at }
}
