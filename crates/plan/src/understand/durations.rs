//! Times as people write them: "30-45 minutes", "~5 min", "½ h", "2h30", "約30分", "30–45 Minuten".

use crate::Estimate;
use std::time::Duration;

/// The first time in a text: from–to, or one value for both.
pub(crate) fn estimate(text: &str) -> Option<Estimate> {
    let mut at = 0;
    while let Some((start, low, after)) = amount(text, at) {
        if let Some(found) = measured(text, low, after) {
            return Some(found);
        }
        // The second number of a range that goes backwards is no time of its own.
        let second = text.get(after..).and_then(ranged).and_then(|skipped| amount(text, after + skipped));
        at = second.map_or(after, |(.., end)| end).max(start + 1);
    }
    None
}

/// A time that begins with an amount that was read already.
fn measured(text: &str, low: f64, after: usize) -> Option<Estimate> {
    let rest = text.get(after..)?;
    // "30-45 minutes", "30 min - 1 h".
    if let Some(next) = ranged(rest) {
        let (_, high, end) = amount(text, after + next)?;
        let (seconds, _) = unit(text.get(end..)?)?;
        return span(low * seconds, high * seconds);
    }
    let (seconds, length) = unit(rest)?;
    let mut low = low * seconds;
    let mut end = after + length;
    // "2h30", "1 h 30 min".
    if let Some((start, more, stop)) = amount(text, end)
        && text.get(end..start).is_some_and(|between| between.trim().is_empty() || between.trim() == "and")
        && more < 60.0
    {
        let tail = text.get(stop..).unwrap_or("");
        match unit(tail) {
            Some((smaller, length)) if smaller < seconds => {
                low += more * smaller;
                end = stop + length;
            }
            // "2h30", and "1 h 30" where no other thing is counted.
            None if seconds > 1.0 && (start == end || (stop - start == 2 && !counts(tail))) => {
                low += more * seconds / 60.0;
                end = stop;
            }
            Some(_) | None => {}
        }
    }
    if let Some(next) = text.get(end..).and_then(ranged)
        && let Some((_, high, stop)) = amount(text, end + next).filter(|(start, ..)| *start == end + next)
        && let Some((seconds, _)) = text.get(stop..).and_then(unit)
    {
        return span(low, high * seconds);
    }
    span(low, low)
}

/// Whether a word follows, of which there are so many.
fn counts(tail: &str) -> bool {
    tail.trim_start().starts_with(char::is_alphanumeric)
}

fn span(low: f64, high: f64) -> Option<Estimate> {
    let longest = 60.0 * 60.0 * 24.0 * 366.0;
    if !(low >= 0.0 && low <= high && high > 0.0 && high <= longest) {
        return None;
    }
    Some(Estimate {
        from: Duration::try_from_secs_f64(low).ok()?,
        to: Duration::try_from_secs_f64(high).ok()?,
    })
}

/// The next number from a byte on: its start, value and end. A number that goes on from a letter or a dot is part of a
/// name ("t3", "v1.2").
fn amount(text: &str, from: usize) -> Option<(usize, f64, usize)> {
    let rest = text.get(from..)?;
    let start = from + rest.find(|c: char| c.is_ascii_digit() || fraction(c).is_some())?;
    let tail = text.get(start..)?;
    let first = tail.chars().next()?;
    if let Some(value) = fraction(first) {
        return Some((start, value, start + first.len_utf8()));
    }
    let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
    let mut digits = tail.get(..end)?.to_owned();
    let mut stop = start + end;
    let more = text.get(stop..).unwrap_or("");
    if let Some(decimals) = more.strip_prefix(['.', ',']) {
        let end = decimals.find(|c: char| !c.is_ascii_digit()).unwrap_or(decimals.len());
        if end > 0 {
            digits.push('.');
            digits.push_str(decimals.get(..end)?);
            stop += 1 + end;
        }
    }
    let mut value: f64 = digits.parse().ok()?;
    let next = text.get(stop..).and_then(|rest| rest.chars().next());
    if let Some((c, half)) = next.and_then(|c| fraction(c).map(|half| (c, half))) {
        value += half;
        stop += c.len_utf8();
    }
    Some((start, value, stop))
}

fn fraction(c: char) -> Option<f64> {
    match c {
        '½' => Some(0.5),
        '¼' => Some(0.25),
        '¾' => Some(0.75),
        _ => None,
    }
}

/// Bytes to skip when a range goes on here: "-", "–", "to", "bis", "à", "~".
fn ranged(rest: &str) -> Option<usize> {
    let trimmed = rest.trim_start();
    let skipped = rest.len() - trimmed.len();
    let word = [
        "to ", "bis ", "à ", "a ", "до ", "tot ", "do ", "..", "-", "–", "—", "~", "〜", "～", "至", "到",
        "－",
    ]
    .iter()
    .find(|word| trimmed.starts_with(**word))?;
    let after = trimmed.get(word.len()..)?;
    let lead = after.trim_start_matches([' ', '~', '\u{a0}']);
    lead.starts_with(|c: char| c.is_ascii_digit() || fraction(c).is_some())
        .then_some(skipped + word.len() + (after.len() - lead.len()))
}

/// The seconds of a unit at the start of a text, and the bytes it takes.
fn unit(rest: &str) -> Option<(f64, usize)> {
    let trimmed = rest.trim_start_matches([' ', '\u{a0}', '-']);
    let skipped = rest.len() - trimmed.len();
    for (seconds, names) in GLUED {
        if let Some(name) = names.iter().find(|name| trimmed.starts_with(**name)) {
            return Some((*seconds, skipped + name.len()));
        }
    }
    let end = trimmed.find(|c: char| !c.is_alphabetic()).unwrap_or(trimmed.len());
    let word = trimmed.get(..end)?.to_lowercase();
    UNITS
        .iter()
        .find(|(_, names)| names.contains(&word.as_str()))
        .map(|(seconds, _)| (*seconds, skipped + end))
}

/// Units of languages that write without spaces; the longest first.
const GLUED: &[(f64, &[&str])] = &[
    (3600.0, &["時間", "小时", "小時", "시간"]),
    (60.0, &["分钟", "分鐘", "分間", "分", "분"]),
    (1.0, &["秒钟", "秒鐘", "秒間", "秒", "초"]),
    (86_400.0, &["日間", "天", "일"]),
];

const UNITS: &[(f64, &[&str])] = &[
    (
        1.0,
        &[
            "s",
            "sec",
            "secs",
            "second",
            "seconds",
            "sek",
            "sekunde",
            "sekunden",
            "seconde",
            "secondes",
            "segundo",
            "segundos",
            "secondo",
            "secondi",
            "seconden",
            "sekund",
            "sekundy",
            "секунд",
            "секунды",
            "сек",
            "с",
            "saniye",
            "sn",
            "sekunder",
        ],
    ),
    (
        60.0,
        &[
            "m",
            "min",
            "mins",
            "minute",
            "minutes",
            "minuten",
            "minuto",
            "minutos",
            "minuti",
            "minuut",
            "minut",
            "minuty",
            "мин",
            "минут",
            "минуты",
            "минута",
            "хв",
            "хвилин",
            "хвилини",
            "dakika",
            "dk",
            "minuter",
            "minutter",
            "mn",
        ],
    ),
    (
        3600.0,
        &[
            "h",
            "hr",
            "hrs",
            "hour",
            "hours",
            "std",
            "stunde",
            "stunden",
            "heure",
            "heures",
            "hora",
            "horas",
            "ora",
            "ore",
            "uur",
            "uren",
            "godzina",
            "godziny",
            "godzin",
            "godz",
            "ч",
            "час",
            "часа",
            "часов",
            "год",
            "година",
            "години",
            "saat",
            "timme",
            "timmar",
            "timer",
            "hodina",
            "hodiny",
            "hodin",
        ],
    ),
    (
        86_400.0,
        &[
            "d", "day", "days", "tag", "tage", "tagen", "jour", "jours", "día", "días", "dia", "dias",
            "giorno", "giorni", "dag", "dagen", "dzień", "dni", "день", "дня", "дней", "дні", "днів", "gün",
            "dagar", "dage",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_write_them() {
        for (text, from, to) in [
            ("30-45 minutes", 1800, 2700),
            ("~5 min", 300, 300),
            ("½ h", 1800, 1800),
            ("1½ hours", 5400, 5400),
            ("2h30", 9000, 9000),
            ("1 h 30 min", 5400, 5400),
            ("1 h 30", 5400, 5400),
            ("1 h 12 tasks", 3600, 3600),
            ("30–45 Minuten", 1800, 2700),
            ("30 min - 1 h", 1800, 3600),
            ("約30分", 1800, 1800),
            ("5〜10分", 300, 600),
            ("2 小时", 7200, 7200),
            ("30분", 1800, 1800),
            ("5 до 8 минут", 300, 480),
            ("Duration: ~2 hours (including troubleshooting)", 7200, 7200),
            ("15 to 20 mins", 900, 1200),
            ("0,5 Std", 1800, 1800),
        ] {
            let found = estimate(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.from.as_secs(), found.to.as_secs()), (from, to), "{text}");
        }
        for text in ["", "2 tasks", "15.12", "soon", "10-5 min", "2025-12-01", "99999999 hours"] {
            assert_eq!(estimate(text), None, "{text}");
        }
    }
}
