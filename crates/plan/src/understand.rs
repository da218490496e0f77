//! What a plan says in its prose, lists and tables, with the place of each: in many human languages by their words, in
//! any other as far as structure (numbers, boxes, symbols, tables, digits) carries it. Nothing here decides what runs.

mod choices;
mod colours;
mod costs;
mod durations;
mod expected;
mod facts;
mod fold;
mod headings;
mod labels;
mod manual;
mod marks;
mod numbering;
mod places;
mod roles;
mod sides;
mod topics;
mod troubles;
mod written;

use crate::document::{Again, Part};
use crate::{Estimate, Role, Span};
use serde::{Deserialize, Serialize};

pub(crate) use choices::option as option_of;
pub(crate) use marks::{in_heading as mark_of_title, of as mark_of, status_column};
pub(crate) use numbering::{Number, number};
pub(crate) use roles::{Named, named, role_of};
pub(crate) use written::Written;

/// Takes the meaning out of the text of a plan. Damaged text (see [`Repaired`](crate::Repaired)) is understood as it
/// was meant; every span points into `text` as given. Any text gives an answer; time is linear in it.
pub fn understand(text: &str) -> Understanding {
    understand_again(text, &mut Again::default())
}

/// The same for a text of which much may have been read before.
pub(crate) fn understand_again(text: &str, again: &mut Again) -> Understanding {
    let Some((sound, places)) = places::repaired(text) else {
        let (written, parts) = Written::with_parts(text, again);
        return of_sound(text, &parts, &written);
    };
    let (written, parts) = Written::with_parts(&sound, again);
    let mut found = of_sound(&sound, &parts, &written);
    found.each_span(|span| *span = places.span(*span));
    found
}

/// The same for a text that is known not to be damaged, and was taken apart already.
pub(crate) fn of_sound(text: &str, parts: &[Part], written: &Written) -> Understanding {
    let mut found =
        Understanding { sections: headings::sections(text, parts, written), ..Understanding::default() };
    facts::read(text, written, &mut found);
    marks::read(written, parts, &mut found);
    expected::read(written, parts, &mut found);
    choices::read(written, &mut found);
    manual::read(written, &mut found);
    let topics = topics::Topics::new(&found.sections);
    topics::read(written, &topics, &mut found);
    troubles::read(written, &topics, &mut found);
    costs::read(written, &topics, &mut found);
    found
}

/// What a plan says, each with its place in the text that was given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Understanding {
    /// Facts of the header and of the rest, in order of place; a fact may stand in several places.
    pub facts: Vec<Fact>,
    /// Services with their addresses, from lists and tables of them.
    pub services: Vec<ServiceSaid>,
    /// Headings, lines that act as headings, and list items that hold commands, in order of place.
    pub sections: Vec<SectionMeaning>,
    /// Statuses, in any dress.
    pub marks: Vec<MarkAt>,
    /// What should come of a command, from the comments in it and from the prose and blocks after it.
    pub expectations: Vec<Expected>,
    /// "Checkpoint: …": places where the author wants to be sure before going on.
    pub checkpoints: Vec<Said>,
    /// Choices between options.
    pub decisions: Vec<Decision>,
    /// Work in a browser or by another person.
    pub manual_steps: Vec<ManualStep>,
    /// When the deployment counts as a success.
    pub criteria: Vec<Said>,
    /// Problem, cause, repair.
    pub troubles: Vec<Trouble>,
    /// What it costs.
    pub costs: Vec<Cost>,
    /// What was learnt.
    pub lessons: Vec<Said>,
    /// Questions that nobody has answered yet.
    pub questions: Vec<Said>,
    /// What remains to be done afterwards.
    pub follow_ups: Vec<Said>,
    /// Inline code that is a command, e.g. "run `terraform init`".
    pub commands_inline: Vec<Said>,
}

/// What a [`Fact`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKey {
    /// AWS account id: twelve digits.
    Account,
    /// Its alias.
    Alias,
    /// AWS region.
    Region,
    /// Profile of the AWS CLI.
    Profile,
    /// When it was written or is to happen, as the author wrote it.
    Date,
    /// When it was last changed, as the author wrote it.
    Updated,
    /// Who wrote or owns it.
    Author,
    /// How dangerous the author thinks it is.
    Risk,
    /// How long the whole takes.
    Estimate,
    /// How long undoing takes.
    RollbackTime,
    /// How far the author says it is.
    Status,
    /// A service that it is about.
    Service,
    /// The version that it brings.
    Version,
    /// The environment, e.g. `production`.
    Environment,
}

/// A fact about the plan as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is about.
    pub key: FactKey,
    /// Its value: normalised for account, region and profile, else the author's words.
    pub value: String,
    /// The value as a time, for [`FactKey::Estimate`] and [`FactKey::RollbackTime`], where it can be read as one.
    pub estimate: Option<Estimate>,
    /// Where the value stands.
    pub span: Span,
    /// Said of the plan as a whole (a label, a table, front matter), not merely seen in an ARN, a host or a command.
    pub stated: bool,
}

/// Who can reach a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// The internet.
    Public,
    /// Its network only.
    Private,
}

/// A line of a service inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSaid {
    /// Its name in the author's words.
    pub name: String,
    /// Its address.
    pub url: Option<String>,
    /// Who can reach it, where the author says so.
    pub exposure: Option<Exposure>,
    /// Its state, where the author says so.
    pub mark: Option<Mark>,
    /// The line.
    pub span: Span,
}

/// In what dress a section begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A heading of Markdown.
    Heading,
    /// A bold line alone in its paragraph.
    Bold,
    /// An item of an ordered list that holds commands.
    Item,
}

/// What a section is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectionMeaning {
    /// The heading.
    pub heading: Span,
    /// From the heading to the end of the section.
    pub span: Span,
    /// Its text.
    pub title: String,
    /// 1 to 6; of a bold line, one below the heading above it; of an item, 6.
    pub level: u8,
    /// In what dress it begins.
    pub form: Form,
    /// What its title says it is for; of a stage without such words, `Deploy`.
    pub role: Option<Role>,
    /// It is a stage: the reader of plans makes one of it.
    pub is_stage: bool,
    /// Its number as the author counts, e.g. `2`, `A`, `1.3`.
    pub number: Option<String>,
    /// The author's claim in its title or in a status line at its beginning.
    pub status: Option<Mark>,
    /// How long it takes, from its title or a line in it.
    pub estimate: Option<Estimate>,
    /// Why it is taken for what it is, in a sentence.
    pub why: String,
}

/// A status that an author gives something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It is done.
    Done,
    /// Somebody is at it.
    InProgress,
    /// Nobody has begun.
    Pending,
    /// It went wrong, or is broken.
    Failed,
    /// It waits for something.
    Blocked,
    /// It is left out.
    Skipped,
    /// It is work by hand.
    Manual,
    /// It can begin.
    Ready,
}

/// A mark and what bears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkAt {
    /// The line, row or heading that bears it.
    pub span: Span,
    /// The status.
    pub mark: Mark,
    /// What it is about, without the mark.
    pub text: String,
}

/// Something said, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Where.
    pub span: Span,
    /// The words, without marks of Markdown.
    pub text: String,
    /// A status that stands with it.
    pub mark: Option<Mark>,
}

/// What should come of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Where it is said.
    pub span: Span,
    /// What is said, the lines of a block together.
    pub text: String,
    /// The code fence whose command it is about: the one it stands in, or the last before it in its section.
    pub of: Span,
    /// What of it is printed word for word: the lines of a block, or what stands as code at the end of the line.
    #[serde(default)]
    pub literal: Vec<String>,
}

/// A choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Where it begins.
    pub span: Span,
    /// What is chosen.
    pub title: String,
    /// The options, in order.
    pub options: Vec<OptionSaid>,
}

/// An option of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionSaid {
    /// Its heading, item or row.
    pub span: Span,
    /// Its letter or number, where it has one.
    pub letter: Option<String>,
    /// Its title.
    pub title: String,
    /// What speaks for it.
    pub pros: Vec<String>,
    /// What speaks against it.
    pub cons: Vec<String>,
    /// The author recommends it.
    pub recommended: bool,
    /// Somebody rejected it.
    pub rejected: bool,
    /// Who did, where the author says so.
    pub by: Option<String>,
}

/// Work by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualStep {
    /// The list, block or line.
    pub span: Span,
    /// What is to be done, a line each.
    pub instructions: Vec<String>,
    /// Deep links into a console, in order.
    pub links: Vec<String>,
    /// SQL to be pasted, where it is shown.
    pub sql: Option<String>,
}

/// Problem, cause, repair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The heading, row or line.
    pub span: Span,
    /// What is seen.
    pub problem: String,
    /// Why it happens.
    pub cause: Option<String>,
    /// What to do.
    pub fix: Option<String>,
}

/// A line of a cost table, in the currency of its sign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The line.
    pub span: Span,
    /// What costs.
    pub item: String,
    /// The least, e.g. 15.0.
    pub low: f64,
    /// The most.
    pub high: f64,
    /// The currency as written, e.g. `$`, `€`, `USD`.
    pub currency: String,
    /// This change brings it.
    pub new: bool,
    /// It is the sum of the others.
    pub total: bool,
}

impl Understanding {
    /// All places, to be moved.
    fn each_span(&mut self, mut change: impl FnMut(&mut Span)) {
        self.facts.iter_mut().for_each(|one| change(&mut one.span));
        self.services.iter_mut().for_each(|one| change(&mut one.span));
        for section in &mut self.sections {
            change(&mut section.heading);
            change(&mut section.span);
        }
        self.marks.iter_mut().for_each(|one| change(&mut one.span));
        for expected in &mut self.expectations {
            change(&mut expected.span);
            change(&mut expected.of);
        }
        for decision in &mut self.decisions {
            change(&mut decision.span);
            decision.options.iter_mut().for_each(|one| change(&mut one.span));
        }
        self.manual_steps.iter_mut().for_each(|one| change(&mut one.span));
        self.troubles.iter_mut().for_each(|one| change(&mut one.span));
        self.costs.iter_mut().for_each(|one| change(&mut one.span));
        let said = [
            &mut self.checkpoints,
            &mut self.criteria,
            &mut self.lessons,
            &mut self.questions,
            &mut self.follow_ups,
            &mut self.commands_inline,
        ];
        said.into_iter().flatten().for_each(|one| change(&mut one.span));
    }
}
