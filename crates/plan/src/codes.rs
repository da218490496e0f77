//! What each code of a finding means: the one source of `holdpoint explain` and of `docs/findings.md`.

mod account;
mod defects;
mod deployments;
mod file;
mod order;
mod steps;
mod yaml;

use crate::Severity;

/// A code with all that is to be said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingSpec {
    /// As in `warning[old-revision]`.
    pub code: &'static str,
    /// Severities that it comes with, the gravest first.
    pub severities: &'static [Severity],
    /// What is wrong, in a sentence.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// How it looks in a plan.
    pub example: &'static str,
}

/// Codes of one subject.
#[derive(Debug, Clone, Copy)]
pub struct Chapter {
    /// As a heading.
    pub title: &'static str,
    /// In the order of the page.
    pub codes: &'static [FindingSpec],
    /// Whether these are defects that a plan can have which reads well.
    pub lint: bool,
}

/// All codes, by subject.
pub const CHAPTERS: &[Chapter] = &[
    file::FILE,
    file::FRONT_MATTER,
    yaml::YAML,
    steps::STEPS,
    order::NAMES,
    order::HOLDS,
    deployments::DEPLOYMENTS,
    deployments::TERRAFORM,
    defects::IMAGES,
    defects::SECRETS,
    defects::PLACES,
    defects::SCRIPTS,
    defects::WANTING,
    account::ACCOUNT,
];

/// What a code means.
pub fn finding(code: &str) -> Option<&'static FindingSpec> {
    findings().find(|spec| spec.code == code)
}

/// Every code.
pub fn findings() -> impl Iterator<Item = &'static FindingSpec> {
    CHAPTERS.iter().flat_map(|chapter| chapter.codes)
}

/// A severity as people read it.
pub fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

impl FindingSpec {
    /// Its severities: `warning`, or `warning, note`.
    pub fn severity(&self) -> String {
        self.severities.iter().map(|one| severity_word(*one)).collect::<Vec<_>>().join(", ")
    }

    /// Where its page is, from the root of the repository: a row of the page of all findings.
    pub fn address(&self) -> String {
        format!("docs/findings.md#{}", self.code)
    }

    /// All that is to be said, as `holdpoint explain` prints it.
    pub fn explained(&self) -> String {
        let example: String = self.example.lines().map(|line| format!("    {line}\n")).collect();
        format!(
            "{} ({})\n\n{}\n\nWhy: {}\n\nWhat to do: {}\n\nExample:\n\n{example}\nPage: {}\n",
            self.code,
            self.severity(),
            self.title,
            self.why,
            self.remedy,
            self.address()
        )
    }
}

/// The page of all codes, as Markdown.
pub fn findings_page() -> String {
    let mut page = String::from(
        "<!-- Generated from crates/plan/src/codes; `UPDATE=1 cargo test -p holdpoint-plan` writes it. -->\n\n\
         # Findings\n\n\
         What `holdpoint check` says about a plan, by its code. *Error*: the plan cannot be run. *Warning*: it can, and somebody will be sorry\n\
         (`--strict` counts it as an error). *Note*: worth knowing. `holdpoint explain CODE` prints the same with an example, `check --fix` repairs what one\n\
         edit repairs. How a plan is written is in [plan-format.md](plan-format.md).\n",
    );
    for chapter in CHAPTERS {
        page.push_str(&format!(
            "\n## {}\n\n| code | | what it means | why it matters | what to do |\n|---|---|---|---|---|\n",
            chapter.title
        ));
        for spec in chapter.codes {
            let cell = |text: &str| text.replace('|', "\\|");
            page.push_str(&format!(
                "| <a id=\"{0}\"></a>`{0}` | {1} | {2} | {3} | {4} |\n",
                spec.code,
                spec.severity(),
                cell(spec.title),
                cell(spec.why),
                cell(spec.remedy)
            ));
        }
    }
    page
}

const ERROR: &[Severity] = &[Severity::Error];
const WARNING: &[Severity] = &[Severity::Warning];
const NOTE: &[Severity] = &[Severity::Note];
const WARNING_OR_NOTE: &[Severity] = &[Severity::Warning, Severity::Note];
const ERROR_OR_WARNING: &[Severity] = &[Severity::Error, Severity::Warning];

const fn spec(
    code: &'static str,
    severities: &'static [Severity],
    title: &'static str,
    why: &'static str,
    remedy: &'static str,
    example: &'static str,
) -> FindingSpec {
    FindingSpec { code, severities, title, why, remedy, example }
}
