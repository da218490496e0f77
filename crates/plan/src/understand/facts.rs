//! Facts of the header (labels, tables, front matter) and what commands, ARNs and hosts show besides.

use super::fold::{Phrases, fold};
use super::labels::{self, Label, LabelSaid};
use super::written::{Node, Table, Written};
use super::{Estimate, Exposure, Fact, FactKey, ServiceSaid, Understanding, durations, marks};
use crate::{Role, Span};
use aho_corasick::AhoCorasick;
use std::collections::HashSet;
use std::sync::OnceLock;

/// Reads facts and the inventory of services.
pub(super) fn read(text: &str, written: &Written, found: &mut Understanding) {
    let mut facts = Vec::new();
    for (key, value, span) in &written.front {
        if let Some(key) = labels::of(key).and_then(key_of) {
            stated(key, value, *span, &mut facts);
        }
    }
    let below = found.sections.iter().find(|section| section.is_stage || section.level > 1);
    let header = below.map_or(usize::MAX, |section| section.heading.start);
    let fits = |key: FactKey, at: usize, whole: bool| {
        anywhere(key)
            || (whole
                && (at < header
                    || !matches!(key, FactKey::Service | FactKey::Version | FactKey::Environment)))
    };
    let walked = Walked::new(found);
    let mut over: Option<LabelSaid> = None;
    for node in &written.nodes {
        match node {
            Node::Text(text) => {
                let lines = &text.labels;
                let whole = walked.is_of_the_whole(text.span.start);
                for said in lines {
                    let inventory = over.as_ref().is_some_and(|over| over.label == Some(Label::Service))
                        || written
                            .heading_before(text.span.start)
                            .is_some_and(|title| labels::of(title) == Some(Label::Service));
                    if let Some(service) = service(said, inventory && text.item.is_some()) {
                        found.services.push(service);
                    } else if let Some(key) =
                        said.label.and_then(key_of).filter(|key| fits(*key, said.span.start, whole))
                    {
                        stated(key, &said.value, said.value_span, &mut facts);
                    }
                }
                if text.item.is_none() {
                    over = lines.last().filter(|said| said.value.is_empty()).cloned();
                }
            }
            Node::Table(table) => {
                rows(table, walked.is_of_the_whole(table.span.start), &mut facts);
                inventory(table, &mut found.services);
            }
            Node::Heading(_) => over = None,
            Node::Code(_) => {}
        }
    }
    seen(text, &mut facts);
    facts.sort_by_key(|fact| (fact.span.start, fact.key));
    found.facts = facts;
}

/// AWS region names in a text, with their places: `eu-central-1`, `us-gov-west-1`, `cn-north-1`.
pub(crate) fn regions(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    // A region ends in a hyphen and one digit, which is quickly looked for.
    text.match_indices('-').filter_map(move |(hyphen, _)| {
        let end = hyphen + 2;
        let ends =
            bytes.get(hyphen + 1).is_some_and(u8::is_ascii_digit) && !bytes.get(end).is_some_and(belongs);
        if !ends {
            return None;
        }
        let before = bytes.get(..hyphen)?.iter().rev().take_while(|byte| belongs(byte)).count();
        let start = hyphen - before;
        text.get(start..end).filter(|word| is_region(word)).map(|word| (start, word))
    })
}

fn is_region(word: &str) -> bool {
    const AREAS: [&str; 11] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx", "cn", "us-gov"];
    const SIDES: [&str; 9] =
        ["north", "south", "east", "west", "central", "northeast", "southeast", "northwest", "southwest"];
    let Some((rest, number)) = word.rsplit_once('-') else { return false };
    let Some((area, side)) = rest.rsplit_once('-') else { return false };
    number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && AREAS.contains(&area)
        && SIDES.contains(&side)
}

/// Account ids in a text, with their places: in an ARN, in the name of a registry, beside a word for "account".
fn accounts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    twelve_digits(text).filter(move |(at, _)| {
        let before = text.get(..*at).unwrap_or("");
        let after = text.get(at + 12..).unwrap_or("");
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        // Lines of a plan are short; of one that is not, the neighbourhood counts.
        let mut near = line.max(at.saturating_sub(80));
        while !text.is_char_boundary(near) {
            near += 1;
        }
        let lead = before.get(near..).unwrap_or("");
        after.starts_with(".dkr.ecr.")
            || (lead.contains("arn:aws") && before.ends_with(':') && after.starts_with(':'))
            || labelled().any(&lead.replace(['_', '-'], " "))
    })
}

fn labelled() -> &'static Phrases<()> {
    static TABLE: OnceLock<Phrases<()>> = OnceLock::new();
    TABLE.get_or_init(|| {
        Phrases::new(&[(
            (),
            " account| konto| compte | cuenta | conta | rekening | аккаунт| акаунт| учетная запись | hesap|アカウント|账号|帳號|账户|帳戶|계정",
        )])
    })
}

fn key_of(label: Label) -> Option<FactKey> {
    Some(match label {
        Label::Account => FactKey::Account,
        Label::Alias => FactKey::Alias,
        Label::Region => FactKey::Region,
        Label::Profile => FactKey::Profile,
        Label::Date => FactKey::Date,
        Label::Updated => FactKey::Updated,
        Label::Author => FactKey::Author,
        Label::Risk => FactKey::Risk,
        Label::Estimate => FactKey::Estimate,
        Label::RollbackTime => FactKey::RollbackTime,
        Label::Status => FactKey::Status,
        Label::Service => FactKey::Service,
        Label::Version => FactKey::Version,
        Label::Environment => FactKey::Environment,
        Label::Checkpoint
        | Label::Expected
        | Label::Cause
        | Label::Fix
        | Label::Problem
        | Label::Lesson
        | Label::Pros
        | Label::Cons
        | Label::Recommended
        | Label::Rejected
        | Label::Question
        | Label::Criterion
        | Label::Exposure
        | Label::Url
        | Label::Cost => return None,
    })
}

/// Facts that mean the whole plan wherever they are said.
fn anywhere(key: FactKey) -> bool {
    matches!(
        key,
        FactKey::Account
            | FactKey::Alias
            | FactKey::Region
            | FactKey::Profile
            | FactKey::Updated
            | FactKey::RollbackTime
    )
}

/// Where stages are walked, in order; they never overlap. There a status is the stage's own, not the plan's.
struct Walked(Vec<Span>);

impl Walked {
    fn new(found: &Understanding) -> Self {
        let walked =
            found.sections.iter().filter(|section| section.is_stage && section.role != Some(Role::Reference));
        Self(walked.map(|section| section.span).collect())
    }

    fn is_of_the_whole(&self, at: usize) -> bool {
        let index = self.0.partition_point(|span| span.start <= at);
        index.checked_sub(1).and_then(|index| self.0.get(index)).is_none_or(|span| at >= span.end)
    }
}

fn stated(key: FactKey, value: &str, span: Span, facts: &mut Vec<Fact>) {
    let mut push = |key: FactKey, value: String, estimate: Option<Estimate>| {
        facts.push(Fact { key, value, estimate, span, stated: true });
    };
    match key {
        FactKey::Account => {
            let Some((id, rest)) = account(value) else { return };
            push(key, id, None);
            if let Some(alias) = alias(rest) {
                push(FactKey::Alias, alias, None);
            }
        }
        FactKey::Region => {
            let found: Vec<String> = regions(value).map(|(_, region)| region.to_owned()).collect();
            found.into_iter().for_each(|region| push(key, region, None));
        }
        FactKey::Profile | FactKey::Alias => {
            let name = value.trim_matches(['`', '"', '\'', ' ']).split_whitespace().next().unwrap_or("");
            if !name.is_empty() {
                push(key, name.to_owned(), None);
            }
        }
        FactKey::Estimate | FactKey::RollbackTime => {
            if let Some(estimate) = durations::estimate(value) {
                push(key, value.to_owned(), Some(estimate));
            }
        }
        FactKey::Date
        | FactKey::Updated
        | FactKey::Author
        | FactKey::Risk
        | FactKey::Status
        | FactKey::Service
        | FactKey::Version
        | FactKey::Environment => {
            let value = value.trim_matches(['`', ' ']);
            if !value.is_empty() && value.chars().count() <= 200 {
                push(key, value.to_owned(), None);
            }
        }
    }
}

/// Twelve digits, also `1111-2222-3333`, and what follows them.
fn account(value: &str) -> Option<(String, &str)> {
    let mut at = 0;
    while let Some(found) = value.get(at..)?.find(|c: char| c.is_ascii_digit()) {
        let start = at + found;
        let rest = value.get(start..)?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end)?;
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        let grouped = !run.contains('-') || run.split('-').map(str::len).eq([4, 4, 4]);
        if digits.len() == 12 && grouped {
            return Some((digits, after));
        }
        at = start + end.max(1);
    }
    None
}

/// "(agent-space)" is a name; "(the right account)" is a remark.
fn alias(rest: &str) -> Option<String> {
    let inside = rest.trim_start_matches(['`', ' ', '*']).strip_prefix(['(', '（'])?;
    let name = inside.split([')', '）']).next()?.trim_matches(['`', ' ']);
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    plain.then(|| name.to_owned())
}

/// Tables of a label and its value, and tables with columns for account and region.
fn rows(table: &Table, whole: bool, facts: &mut Vec<Fact>) {
    let mut take = |label: Option<Label>, cell: &str, span: Span| {
        if let Some(key) = label.and_then(key_of).filter(|key| whole || anywhere(*key)) {
            stated(key, cell, span, facts);
        }
    };
    if table.header.len() == 2 {
        if let [name, value] = table.header.as_slice() {
            take(labels::of(name), value, table.span);
        }
        for row in &table.rows {
            if let [name, value] = row.cells.as_slice() {
                take(labels::of(name), value, row.span);
            }
        }
    }
    for (column, name) in table.header.iter().enumerate() {
        let label = labels::of(name).filter(|label| matches!(label, Label::Account | Label::Region));
        if label.is_some() {
            for row in &table.rows {
                take(label, row.cells.get(column).map_or("", String::as_str), row.span);
            }
        }
    }
}

/// "Backend: `https://…` (private)".
fn service(said: &LabelSaid, inventory: bool) -> Option<ServiceSaid> {
    let exposure = exposure(&said.value);
    let url = url(&said.value);
    let known = said.label.is_some_and(|label| label != Label::Service && label != Label::Url);
    let listed = inventory || (url.is_some() && exposure.is_some());
    (listed && url.is_some() && !known).then(|| ServiceSaid {
        name: marks::bare(&said.words),
        url,
        exposure,
        mark: working(&said.value).or_else(|| marks::of_item(&said.words)),
        span: said.span,
    })
}

fn inventory(table: &Table, services: &mut Vec<ServiceSaid>) {
    let column = |wanted: Label| table.header.iter().position(|name| labels::of(name) == Some(wanted));
    let Some(name) = column(Label::Service) else { return };
    let (address, access, status) = (column(Label::Url), column(Label::Exposure), column(Label::Status));
    if address.is_none() && access.is_none() {
        return;
    }
    for row in &table.rows {
        let cell = |at: Option<usize>| at.and_then(|at| row.cells.get(at)).map_or("", |cell| cell.trim());
        let own = cell(Some(name));
        if own.is_empty() {
            continue;
        }
        services.push(ServiceSaid {
            name: marks::bare(own),
            url: url(cell(address)),
            exposure: exposure(cell(access)).or_else(|| exposure(cell(address))),
            mark: working(cell(status)),
            span: row.span,
        });
    }
}

fn url(value: &str) -> Option<String> {
    let at = value.find("https://").or_else(|| value.find("http://"))?;
    let rest = value.get(at..)?;
    let end = rest.find(|c: char| c.is_whitespace() || "`)>\"'|，。".contains(c)).unwrap_or(rest.len());
    rest.get(..end).map(|url| url.trim_end_matches(['.', ',']).to_owned())
}

fn exposure(value: &str) -> Option<Exposure> {
    static TABLE: OnceLock<Phrases<Exposure>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        Phrases::new(&[
            (
                Exposure::Private,
                " private | vpc only | internal | internal only | not public | privat | intern | nicht öffentlich | privé | privée | interne \
                 | privado | privada | interno | interna | privato | privata | prywatny | wewnętrzny | приватный | внутренний | внутрішній \
                 | özel | dahili |内部|内网|內網|非公開|プライベート|私有|비공개|내부|프라이빗",
            ),
            (
                Exposure::Public,
                " public | internet facing | internet | publicly | öffentlich | publique | público | pública | pubblico | pubblica | openbaar \
                 | publiczny | публичный | публічний | herkese açık |公開|公网|公網|公开|パブリック|공개|퍼블릭",
            ),
        ])
    });
    table
        .hits(&fold(value))
        .map(|hit| hit.meaning)
        .min_by_key(|exposure| matches!(exposure, Exposure::Public))
}

/// Of a service, "working" and "running" say that it is up.
fn working(value: &str) -> Option<super::Mark> {
    static UP: OnceLock<Phrases<()>> = OnceLock::new();
    let up = UP.get_or_init(|| {
        Phrases::new(&[(
            (),
            " working | running | up | active | läuft | en marche |稼働中|运行中|運行中|정상 ",
        )])
    });
    let outside: String = match url(value) {
        Some(url) => value.replace(&url, " "),
        None => value.to_owned(),
    };
    marks::of(&outside).or_else(|| up.any(&outside).then_some(super::Mark::Done))
}

/// Accounts, regions and profiles that commands, ARNs and hosts show.
fn seen(text: &str, facts: &mut Vec<Fact>) {
    let mut known: HashSet<(FactKey, String)> =
        facts.iter().map(|fact| (fact.key, fact.value.clone())).collect();
    let mut add = |key: FactKey, at: usize, value: &str| {
        if known.insert((key, value.to_owned())) {
            let span = Span { start: at, end: at + value.len() };
            facts.push(Fact { key, value: value.to_owned(), estimate: None, span, stated: false });
        }
    };
    accounts(text).for_each(|(at, account)| add(FactKey::Account, at, account));
    regions(text).for_each(|(at, region)| add(FactKey::Region, at, region));
    for (_, start) in profiles(text) {
        let rest = text.get(start..).unwrap_or("");
        let quoted = rest.starts_with(['"', '\'']);
        let rest = if quoted { rest.get(1..).unwrap_or("") } else { rest };
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.@/+".contains(c))).unwrap_or(rest.len());
        if let Some(name) = rest.get(..end).filter(|name| !name.is_empty() && !name.starts_with('-')) {
            add(FactKey::Profile, start + usize::from(quoted), name);
        }
    }
}

/// What stands before a profile, what tells it best first, and where the profile begins.
fn profiles(text: &str) -> Vec<(usize, usize)> {
    const LEADS: [&str; 6] = [
        "--profile ",
        "--profile=",
        "AWS_PROFILE=",
        "AWS_DEFAULT_PROFILE=",
        "aws-vault exec ",
        "aws-okta exec ",
    ];
    static LEADING: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let leading = LEADING.get_or_init(|| AhoCorasick::new(LEADS).ok());
    let hits = leading.iter().flat_map(|leading| leading.find_iter(text));
    let mut found: Vec<(usize, usize)> = hits.map(|hit| (hit.pattern().as_usize(), hit.end())).collect();
    found.sort_unstable();
    found
}

/// Words of exactly twelve digits, with their places.
fn twelve_digits(text: &str) -> impl Iterator<Item = (usize, &str)> {
    const LENGTH: usize = 12;
    let bytes = text.as_bytes();
    let belongs = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    // Where the last of twelve would stand, if they began at the first byte that is not looked at yet.
    let mut last = LENGTH - 1;
    std::iter::from_fn(move || {
        while last < bytes.len() {
            if !is_digit(last) {
                last += LENGTH;
                continue;
            }
            let before = bytes.get(..last)?.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            let after = bytes.get(last..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (start, end) = (last - before, last + after);
            last = end + LENGTH;
            let alone = !belongs(end) && !start.checked_sub(1).is_some_and(belongs);
            if end - start == LENGTH && alone {
                return text.get(start..end).map(|word| (start, word));
            }
        }
        None
    })
}
