//! Choices between options: headings "Option A", lists and tables of options, and who rejected what.

use super::fold::{Phrases, fold};
use super::labels::{self, Label};
use super::written::{Item, Node, Table, Written};
use super::{Decision, Form, OptionSaid, SectionMeaning, Understanding, marks, sides};
use crate::Span;
use std::sync::OnceLock;

pub(super) fn read(written: &Written, found: &mut Understanding) {
    let mut decisions = of_headings(&found.sections);
    decisions.extend(of_lists(written));
    decisions.extend(written.nodes.iter().filter_map(|node| match node {
        Node::Table(table) => of_table(table, written),
        Node::Heading(_) | Node::Text(_) | Node::Code(_) => None,
    }));
    decisions.sort_by_key(|decision| decision.span.start);
    weigh(written, &mut decisions);
    found.decisions = decisions;
}

/// "Option A: …", "Variante 2 – …", "方案一：…": its letter and its title.
pub(crate) fn option(title: &str) -> Option<(String, String)> {
    const WORDS: [&str; 22] = [
        "option",
        "approach",
        "alternative",
        "variant",
        "variante",
        "alternativa",
        "opcion",
        "opcao",
        "opzione",
        "optie",
        "opcja",
        "moznost",
        "вариант",
        "варіант",
        "secenek",
        "alternativ",
        "選択肢",
        "方案",
        "选项",
        "選項",
        "옵션",
        "案",
    ];
    let folded = fold(title);
    let plain = folded.trim();
    let rest = WORDS.iter().find_map(|word| {
        let rest = plain.strip_prefix(word)?;
        (rest.starts_with(' ') || !word.starts_with(|c: char| c.is_ascii_alphabetic()))
            .then_some(rest.trim_start())
    })?;
    let letter = rest.split(' ').next()?;
    let numeral = letter.chars().next().filter(|c| "一二三四五六甲乙丙丁".contains(*c));
    let short = letter.chars().count() == 1
        || (letter.len() <= 2 && letter.bytes().all(|byte| byte.is_ascii_digit()));
    if letter.is_empty() || !(short || numeral.is_some()) {
        return None;
    }
    let shown = numeral.map_or_else(|| letter.to_uppercase(), String::from);
    let after = title
        .split_once([':', '：', '–', '—'])
        .map(|(_, after)| after)
        .or_else(|| title.split_once(" - ").map(|(_, after)| after));
    Some((shown, marks::bare(sides::title(after.unwrap_or(title)))))
}

fn of_headings(sections: &[SectionMeaning]) -> Vec<Decision> {
    let mut decisions: Vec<Decision> = Vec::new();
    let mut last: Option<(usize, u8)> = None;
    for (at, section) in sections.iter().enumerate().filter(|(_, section)| section.form != Form::Item) {
        let Some((letter, title)) = option(&section.title) else { continue };
        let parent = sections.get(..at).unwrap_or_default().iter().rev().take(200).find(|above| {
            above.level < section.level && above.form != Form::Item && above.span.end >= section.span.end
        });
        let place = (parent.map_or(0, |parent| parent.heading.start), section.level);
        let choice = said(section.span, Some(letter), title, &section.title);
        match decisions.last_mut().filter(|_| last == Some(place)) {
            Some(decision) => {
                decision.span.end = section.span.end;
                decision.options.push(choice);
            }
            None => decisions.push(Decision {
                span: section.span,
                title: parent.map_or_else(String::new, |parent| marks::bare(&parent.title)),
                options: vec![choice],
            }),
        }
        last = Some(place);
    }
    decisions.retain(|decision| decision.options.len() > 1);
    decisions
}

/// Items "Option A: …", or a list in which one item is recommended or rejected in so many words.
fn of_lists(written: &Written) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let mut from = 0;
    while let Some(first) = written.items.get(from) {
        let length =
            written.items.iter().skip(from).take_while(|item| item.list == first.list).count().max(1);
        let list: Vec<&Item> =
            written.items.iter().skip(from).take(length).filter(|item| item.task.is_none()).collect();
        from += length;
        let named: Vec<Option<(String, String)>> = list.iter().map(|item| option(&item.text)).collect();
        let lettered = named.iter().filter(|name| name.is_some()).count() > 1;
        let judged = first.ordinal.is_some() && is_weighed(&list);
        if list.len() < 2 || !(lettered || judged) {
            continue;
        }
        let options = list.iter().zip(named).map(|(item, name)| match name {
            Some((letter, title)) => said(item.span, Some(letter), title, &item.text),
            None => said(
                item.span,
                item.ordinal.map(|number| number.to_string()),
                marks::bare(&item.text),
                &item.text,
            ),
        });
        let end = list.last().map_or(first.span.end, |item| item.span.end);
        decisions.push(Decision {
            span: Span { start: first.span.start, end },
            title: written.heading_before(first.span.start).map(marks::bare).unwrap_or_default(),
            options: options.collect(),
        });
    }
    decisions
}

/// Whether a numbered list weighs its items against each other: one of them is the recommended one, or some are rejected.
/// Steps that are recommended each for itself ("optional, but strongly recommended") are no options.
fn is_weighed(list: &[&Item]) -> bool {
    static ADVICE: OnceLock<Phrases<()>> = OnceLock::new();
    let advice = ADVICE.get_or_init(|| {
        Phrases::new(&[(
            (),
            " optional | opcional | optionnel | facultatif | facoltativo | opcjonalnie | opsiyonel | strongly recommended \
             | highly recommended | is recommended | are recommended | recommended to | recommended that | wird empfohlen \
             | se recomienda | est recommandé |可选|可選|任意|선택 사항|необязательно",
        )])
    });
    let mut counts = (0_usize, 0_usize);
    for item in list {
        if advice.hits(&fold(&item.text)).next().is_some() {
            return false;
        }
        match verdict(&item.text) {
            Some(true) => counts.0 += 1,
            Some(false) => counts.1 += 1,
            None => {}
        }
    }
    counts.0 == 1 || counts.1 > 0
}

/// A table with an option a row.
fn of_table(table: &Table, written: &Written) -> Option<Decision> {
    let column = |wanted: Label| table.header.iter().position(|name| labels::of(name) == Some(wanted));
    let (pros, cons) = (column(Label::Pros), column(Label::Cons));
    let first = table.header.first()?;
    let titled = option(&format!("{first} 1")).is_some();
    let lettered =
        table.rows.iter().filter(|row| row.cells.first().is_some_and(|cell| option(cell).is_some())).count()
            > 1;
    if table.rows.len() < 2 || !(titled || lettered || (pros.is_some() && cons.is_some())) {
        return None;
    }
    let options = table.rows.iter().map(|row| {
        let name = row.cells.first().map_or("", |cell| cell.trim());
        let whole = row.cells.join(" | ");
        let (letter, title) =
            option(name).map_or((None, marks::bare(name)), |(letter, title)| (Some(letter), title));
        let mut choice = said(row.span, letter, title, &whole);
        let cell = |at: Option<usize>| at.and_then(|at| row.cells.get(at)).map(|cell| cell.trim().to_owned());
        choice.pros.extend(cell(pros).filter(|cell| !cell.is_empty()));
        choice.cons.extend(cell(cons).filter(|cell| !cell.is_empty()));
        choice
    });
    Some(Decision {
        span: table.span,
        title: written.heading_before(table.span.start).map(marks::bare).unwrap_or_default(),
        options: options.collect(),
    })
}

fn said(span: Span, letter: Option<String>, title: String, whole: &str) -> OptionSaid {
    let verdict = verdict(whole);
    OptionSaid {
        span,
        letter,
        title,
        pros: Vec::new(),
        cons: Vec::new(),
        recommended: verdict == Some(true),
        rejected: verdict == Some(false),
        by: (verdict == Some(false)).then(|| rejected_by(whole)).flatten(),
    }
}

/// Recommended, rejected, or neither.
fn verdict(text: &str) -> Option<bool> {
    static TABLE: OnceLock<Phrases<bool>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        Phrases::new(&[
            (
                true,
                " recommended | preferred option | our choice | empfohlen | recommandé | recommandée | recomendado | recomendada | consigliato \
                 | consigliata | aanbevolen | zalecane | zalecany | zalecana | doporučeno | рекомендуется | рекомендовано | önerilen \
                 | rekommenderas |推奨|おすすめ|推荐|推薦|권장|추천",
            ),
            (
                false,
                " rejected | not recommended | turned down | discarded | abgelehnt | verworfen | nicht empfohlen | rejeté | rejetée | écarté \
                 | déconseillé | rechazado | rechazada | descartado | no recomendado | rejeitado | rejeitada | não recomendado | scartato \
                 | scartata | sconsigliato | afgewezen | niet aanbevolen | odrzucone | odrzucony | niezalecane | zamítnuto | отклонено \
                 | отклонён | отвергнуто | не рекомендуется | відхилено | не рекомендовано | reddedildi | önerilmez | avvisad \
                 |却下|不採用|非推奨|否决|否決|不推荐|不推薦|不采用|기각|비권장",
            ),
        ])
    });
    let folded = fold(text);
    // "Not recommended" holds "recommended": the contrary wins.
    table.hits(&folded).map(|hit| hit.meaning).min()
}

/// "User rejected this approach" → `User`; "rejected by the platform team" → `the platform team`.
fn rejected_by(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    for by in [
        "rejected by ",
        "abgelehnt von ",
        "rejeté par ",
        "rechazado por ",
        "rejeitado por ",
        "turned down by ",
        "discarded by ",
    ] {
        if let Some(at) = lower.find(by)
            && let Some(rest) = text.get(at + by.len()..)
        {
            let name = rest.split([',', '.', ';', ')', ':', '–', '—']).next()?.trim();
            return (!name.is_empty()).then(|| name.to_owned());
        }
    }
    let at = lower.find(" rejected")?;
    let word = text.get(..at)?.split_whitespace().next_back()?;
    let name = word.trim_matches(|c: char| !c.is_alphanumeric());
    let person = name.chars().next().is_some_and(char::is_uppercase);
    person.then(|| name.to_owned())
}

/// Pros and cons below their labels, put to the option that they stand in.
fn weigh(written: &Written, decisions: &mut [Decision]) {
    let mut side: Option<Label> = None;
    for node in &written.nodes {
        let Node::Text(text) = node else {
            side = None;
            continue;
        };
        let at = text.span.start;
        let labelled: Vec<(Label, String)> = text
            .labels
            .iter()
            .filter_map(|said| said.label.map(|label| (label, said.value.clone())))
            .filter(|(label, _)| matches!(label, Label::Pros | Label::Cons))
            .collect();
        let value = text.plain();
        // Both on one line, or behind the title of the option.
        let lines: Vec<String> = text.lines().map(super::written::plain).collect();
        let sides: Vec<(usize, Label, String)> = lines.iter().flat_map(|line| sides::of_line(line)).collect();
        let joined = sides.len() > 1 && sides.iter().any(|(from, _, _)| *from > 0);
        let labelled = match joined {
            true => sides.into_iter().map(|(_, label, value)| (label, value)).collect(),
            false => labelled,
        };
        // Decisions may stand inside each other, but not deeply.
        let known = decisions.partition_point(|decision| decision.span.start <= at);
        let Some(choice) = decisions
            .get_mut(known.saturating_sub(8)..known)
            .unwrap_or_default()
            .iter_mut()
            .filter(|decision| at < decision.span.end)
            .flat_map(|decision| decision.options.iter_mut())
            .find(|choice| choice.span.start <= at && at < choice.span.end)
        else {
            continue;
        };
        let mut put = |label: Label, text: &str| {
            let side = if label == Label::Pros { &mut choice.pros } else { &mut choice.cons };
            side.push(text.trim().to_owned());
        };
        if labelled.is_empty() {
            match side.filter(|_| text.item.is_some()) {
                Some(label) => put(label, &value),
                None => side = None,
            }
        }
        for (label, value) in labelled {
            side = Some(label);
            if !value.is_empty() {
                put(label, &value);
            }
        }
    }
}
