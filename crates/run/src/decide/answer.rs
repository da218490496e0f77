//! What a person answers must be what was asked.

use crate::{Actor, Answer, Ask, AskField, Fact, Refusal, State, Work};
use regex::Regex;

/// Judges an answer against what the newest intent asks.
pub(super) fn answered(state: &State, work: Work, answer: Answer, by: Actor) -> Result<Vec<Fact>, Refusal> {
    let ask =
        state.work(&work).and_then(|known| known.intent.as_ref()).and_then(|intent| intent.ask.as_ref());
    let ask = ask.ok_or_else(|| Refusal::NotNow(format!("nothing is asked by {work}")))?;
    if ask.items {
        return Err(Refusal::Answer("a checklist is answered by its items".into()));
    }
    if let Some(phrase) = &ask.phrase
        && answer.phrase.as_ref() != Some(phrase)
    {
        return Err(Refusal::Answer(format!("type exactly `{phrase}`")));
    }
    chosen(ask, answer.option.as_deref())?;
    for field in &ask.fields {
        given(field, &answer)?;
    }
    let asked = |name: &String| ask.fields.iter().any(|field| &field.name == name);
    if let Some(other) = answer.fields.keys().find(|name| !asked(name)) {
        return Err(Refusal::Answer(format!("`{other}` is not asked for")));
    }
    if let Some(evidence) = &ask.evidence
        && answer.evidence.as_deref().unwrap_or_default().trim().is_empty()
    {
        return Err(Refusal::Answer(format!("evidence is wanted: a {evidence}")));
    }
    Ok(vec![Fact::Answered { work, answer, by }])
}

fn chosen(ask: &Ask, option: Option<&str>) -> Result<(), Refusal> {
    let ids: Vec<_> = ask.options.iter().map(|option| option.id.as_str()).collect();
    match option {
        Some(chosen) if ids.contains(&chosen) => Ok(()),
        Some(other) if ids.is_empty() => {
            Err(Refusal::Answer(format!("`{other}` was chosen, and there is nothing to choose")))
        }
        Some(other) => Err(Refusal::Answer(format!("`{other}` is none of {}", ids.join(", ")))),
        None if ids.is_empty() => Ok(()),
        None => Err(Refusal::Answer(format!("choose one of {}", ids.join(", ")))),
    }
}

/// A secret is named, and its value stays in memory; its form is judged where it is entered.
fn given(field: &AskField, answer: &Answer) -> Result<(), Refusal> {
    let wanted = || Refusal::Answer(format!("{} is wanted: {}", field.name, field.prompt));
    let value = answer.fields.get(&field.name);
    if field.secret {
        return match value {
            Some(value) if !value.is_null() => Err(Refusal::Answer(format!(
                "{} is secret: its value is held in memory and never stored with the answer",
                field.name
            ))),
            None if !field.optional => Err(wanted()),
            Some(_) | None => Ok(()),
        };
    }
    let empty = value.is_none_or(|value| value.is_null() || value.as_str().is_some_and(str::is_empty));
    if empty {
        return if field.optional { Ok(()) } else { Err(wanted()) };
    }
    let (Some(pattern), Some(text)) = (&field.pattern, value.map(as_text)) else { return Ok(()) };
    // The group keeps an alternation of the author's from escaping the anchors.
    let whole = Regex::new(&format!("^(?:{pattern})$"))
        .map_err(|error| Refusal::Answer(format!("the pattern of {} cannot be used: {error}", field.name)))?;
    match whole.is_match(&text) {
        true => Ok(()),
        false => Err(Refusal::Answer(format!("{} does not have the form {pattern}", field.name))),
    }
}

fn as_text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
