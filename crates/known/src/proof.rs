//! Whether a problem keeps what its file promises, and whether it claims what is another's.

use crate::bounds::read_own;
use crate::compile::Rules;
use crate::{Evidence, Example, Fault, Own, Problem, catalogue};

/// What a file's own examples and those of the others say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The problem.
    pub problem: Problem,
    /// Examples that it recognises, as it must.
    pub recognised: usize,
    /// Examples that it leaves alone, as it must.
    pub left_alone: usize,
    /// What does not hold, in words.
    pub broken: Vec<String>,
    /// Ids of other problems whose examples it claims.
    pub claims: Vec<String>,
}

/// Tries a file of one's own: its own examples, and those of ours and of `others`.
///
/// # Errors
/// The file is not of the form that a known problem has.
pub fn prove(id: &str, text: &str, others: &[Own]) -> Result<Proof, Fault> {
    let (problem, rules) = read_own(id, text, 0)?;
    let rules = Rules::new(rules).map_err(Fault::whole)?;
    let hits = |example: &Example| !rules.shown(&Evidence::from(example)).is_empty();
    let (yes, no) = (&problem.examples.yes, &problem.examples.no);
    let mut broken = Vec::new();
    for (number, example) in yes.iter().enumerate().filter(|(_, example)| !hits(example)) {
        broken.push(format!("examples.yes[{number}] is not recognised: {}", shown(example)));
    }
    for (number, example) in no.iter().enumerate().filter(|(_, example)| hits(example)) {
        broken.push(format!("examples.no[{number}] is recognised: {}", shown(example)));
    }
    let others = others.iter().map(|own| &own.problem).filter(|other| other.id != id);
    let claims = catalogue()
        .iter()
        .chain(others)
        .filter(|other| other.examples.yes.iter().any(&hits))
        .map(|other| other.id.clone());
    Ok(Proof {
        claims: claims.collect(),
        recognised: yes.iter().filter(|example| hits(example)).count(),
        left_alone: no.iter().filter(|example| !hits(example)).count(),
        broken,
        problem,
    })
}

/// Ids of problems whose examples an expression by itself matches: it would explain what they are about.
///
/// # Errors
/// It is no expression, or one that is too large; in words.
pub fn claimed(regex: &str, others: &[Own]) -> Result<Vec<String>, String> {
    let matcher =
        crate::Matcher { places: Vec::new(), regex: regex.to_owned(), all: Vec::new(), none: Vec::new() };
    let rule = crate::compile::Rule::new(&matcher, 0).map_err(|bad| bad.why)?;
    let rules = Rules::new(vec![rule])?;
    let hits = |example: &Example| !rules.shown(&Evidence::from(example)).is_empty();
    let all = catalogue().iter().chain(others.iter().map(|own| &own.problem));
    Ok(all.filter(|other| other.examples.yes.iter().any(&hits)).map(|other| other.id.clone()).collect())
}

fn shown(example: &Example) -> String {
    let texts = example.iter().map(|(place, text)| format!("{}: {}", place.word(), text.escape_debug()));
    texts.collect::<Vec<_>>().join(", ")
}
