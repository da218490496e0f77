//! Costs: "$15-20/month", "~20 €", in lists and tables of costs.

use super::fold::{Phrases, fold};
use super::labels::{self, Label};
use super::topics::{Topic, Topics};
use super::written::{Node, Written};
use super::{Cost, Understanding, marks};
use crate::Span;
use std::sync::OnceLock;

pub(super) fn read(written: &Written, topics: &Topics, found: &mut Understanding) {
    for node in &written.nodes {
        let about_costs = topics.at(node.span().start) == Some(Topic::Costs);
        match node {
            Node::Text(text) if about_costs => {
                for line in text.lines() {
                    found.costs.extend(cost(&super::written::plain(line), super::written::extent(line)));
                }
            }
            Node::Table(table) => {
                let column = table.header.iter().position(|name| labels::of(name) == Some(Label::Cost));
                if column.is_none() && !about_costs {
                    continue;
                }
                for row in &table.rows {
                    let line = row.cells.join(" : ");
                    let priced = column.and_then(|column| row.cells.get(column));
                    let line = match (priced, row.cells.first()) {
                        (Some(price), Some(name)) => {
                            format!("{name}: {price}{}", if is_new(&line) { " NEW" } else { "" })
                        }
                        _ => line,
                    };
                    found.costs.extend(cost(&line, row.span));
                }
            }
            Node::Heading(_) | Node::Text(_) | Node::Code(_) => {}
        }
    }
}

/// Signs and codes of currencies, the longer first.
const CURRENCIES: [&str; 15] =
    ["US$", "USD", "EUR", "GBP", "JPY", "CHF", "PLN", "BRL", "R$", "zł", "$", "€", "£", "¥", "₩"];

fn cost(line: &str, span: Span) -> Option<Cost> {
    let (at, currency) = CURRENCIES
        .iter()
        .filter_map(|sign| line.find(sign).map(|at| (at, *sign)))
        .min_by_key(|(at, sign)| (*at, usize::MAX - sign.len()))?;
    let after = line.get(at + currency.len()..)?.trim_start();
    // "$15-20", or "15-20 €".
    let (low, high, item_end) = match range(after) {
        Some((low, high)) => (low, high, at),
        None => {
            let before = line.get(..at)?.trim_end();
            let digits = |c: char| c.is_ascii_digit() || " -–.,~<≈".contains(c);
            let start = before.rfind(|c: char| !digits(c)).map_or(0, |last| {
                last + before.get(last..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
            });
            let (low, high) = range(before.get(start..)?.trim_start_matches([' ', '~', '<', '≈', '-', '–']))?;
            (low, high, start)
        }
    };
    let lead = line.get(..item_end).unwrap_or("");
    let below = lead.trim_end().ends_with('<');
    let item = marks::bare(lead.trim_end_matches([' ', '~', '<', '≈', '-', '–', '+', '(']));
    let item = item.trim_end_matches([':', '：', '-', '–', ' ']).to_owned();
    let folded = fold(&item);
    let total = [
        "total",
        "summe",
        "gesamt",
        "somme",
        "suma",
        "totale",
        "totaal",
        "razem",
        "celkem",
        "итого",
        "всего",
        "разом",
        "toplam",
        "合計",
        "总计",
        "總計",
        "合计",
        "합계",
        "총",
    ]
    .iter()
    .any(|word| folded.trim_start().starts_with(word));
    (!item.is_empty()).then(|| Cost {
        span,
        item,
        low: if below { 0.0 } else { low },
        high,
        currency: currency.to_owned(),
        new: is_new(line),
        total,
    })
}

fn is_new(line: &str) -> bool {
    static TABLE: OnceLock<Phrases<()>> = OnceLock::new();
    let words = " new | neu | nouveau | nuevo | novo | nuovo | nieuw | nowe | новый | новое | новий | yeni |新規|新增|신규";
    line.contains('🆕') || TABLE.get_or_init(|| Phrases::new(&[((), words)])).any(line)
}

/// "15-20", "15–$20", "1,200.50", "15".
fn range(text: &str) -> Option<(f64, f64)> {
    let (low, rest) = money(text)?;
    let second = rest.trim_start().strip_prefix(['-', '–', '—', '~', '〜']).and_then(|rest| {
        let rest = CURRENCIES.iter().find_map(|sign| rest.trim_start().strip_prefix(sign)).unwrap_or(rest);
        money(rest.trim_start())
    });
    let high = second.map_or(low, |(high, _)| high);
    (high >= low).then_some((low, high))
}

fn money(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let digits = digits.trim_end_matches(['.', ',']);
    // Two digits after the last mark are cents; three are thousands.
    let cents = digits.rfind(['.', ',']).filter(|at| digits.len() - at == 3 || digits.len() - at == 2);
    let plain: String = digits
        .char_indices()
        .filter_map(|(at, c)| if c.is_ascii_digit() { Some(c) } else { (Some(at) == cents).then_some('.') })
        .collect();
    plain.parse().ok().map(|value| (value, rest))
}
