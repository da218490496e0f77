//! CloudWatch Logs: reading, where the text says which lines must come.

use super::aws::{Aws, Operation};
use super::flags::Takes::{Many, Nothing, One};
use super::said::Said;
use super::verdict::{Answer, Draft, Keep, keep};
use serde_json::{Value, json};

pub(crate) const ALL: &[Operation] = &[
    Operation {
        service: "logs",
        name: "tail",
        flags: &[
            ("--follow", Nothing),
            ("--since", One),
            ("--format", One),
            ("--log-stream-names", Many),
            ("--log-stream-name-prefix", One),
            ("--filter-pattern", One),
        ],
        lift: tail,
    },
    Operation {
        service: "logs",
        name: "filter-log-events",
        flags: &[
            ("--log-group-name", One),
            ("--log-stream-names", Many),
            ("--log-stream-name-prefix", One),
            ("--filter-pattern", One),
            ("--start-time", One),
            ("--end-time", One),
            ("--limit", One),
        ],
        lift: filter,
    },
    Operation {
        service: "logs",
        name: "get-log-events",
        flags: &[
            ("--log-group-name", One),
            ("--log-stream-name", One),
            ("--start-from-head", Nothing),
            ("--limit", One),
        ],
        lift: get,
    },
];

fn tail(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    let group = match aws.options.rest.as_slice() {
        [group] => group.clone(),
        _ => return keep("it names no log group"),
    };
    // What the CLI shows when nothing else is asked for.
    let since = match aws.options.one("--since") {
        None => "10m".to_owned(),
        Some(text) => length(text)?,
    };
    expecting(aws, group, aws.options.all("--log-stream-names"), Some(since))
}

fn filter(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.options.refuse(
        &["--start-time", "--end-time", "--limit"],
        "cuts a piece out of the log that a check does not know",
    )?;
    let group = aws.options.needed("--log-group-name")?;
    aws.call.values().guess("lines of before the run do not count");
    expecting(aws, group, aws.options.all("--log-stream-names"), None)
}

fn get(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.options.refuse(&["--limit"], "cuts a piece out of the log that a check does not know")?;
    let group = aws.options.needed("--log-group-name")?;
    aws.call.values().guess("lines of before the run do not count");
    expecting(aws, group, aws.options.all("--log-stream-name"), None)
}

fn expecting(
    aws: &Aws<'_, '_, '_>,
    group: String,
    streams: Vec<String>,
    since: Option<String>,
) -> Result<Answer, Keep> {
    aws.options
        .refuse(&["--filter-pattern"], "matches by CloudWatch's own rules, and a check by the letters")?;
    aws.shown_only()?;
    let said = aws.call.scene.said(1);
    let lines = lines(&said).unwrap_or_default();
    if lines.is_empty() {
        return keep(if said.is_empty() {
            "it shows a log; nothing says which lines must come"
        } else {
            "what should come of it is said in words that no check knows"
        });
    }
    let name = group.rsplit('/').find(|part| !part.is_empty()).unwrap_or("log").to_owned();
    Ok(Draft::of("logs.expect", format!("{name}_log"))
        .with("group", group)
        .maybe("streams", (!streams.is_empty()).then(|| json!(streams)))
        .maybe("stream_prefix", aws.options.one("--log-stream-name-prefix"))
        .maybe("since", since)
        .maybe("within", within(&said))
        .expects("contains", Some(Value::from(lines)))
        .into())
}

/// Lines that must come: what stands below "Expected output:", or in quotes, each as far as it is sure to be the same.
/// `None` where something else is said of the log, too.
fn lines(said: &Said) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for block in &said.blocks {
        let Some((heading, below)) = block.split_first() else { continue };
        if is_denied(heading) {
            return None;
        }
        if heading.trim().ends_with(':') {
            if below.iter().any(|line| is_denied(line)) {
                return None;
            }
            found.extend(below.iter().filter_map(|line| sure(line)));
        } else {
            let mark = ['"', '`'].into_iter().find(|mark| heading.matches(*mark).count() == 2)?;
            found.extend(heading.split(mark).nth(1).and_then(sure));
        }
    }
    found.dedup();
    Some(found)
}

/// Whether a line says what must not be.
fn is_denied(line: &str) -> bool {
    let lower = format!(" {} ", line.to_lowercase());
    [" no ", " not ", "n't ", " never ", " without ", " none ", " nothing "]
        .iter()
        .any(|word| lower.contains(word))
}

/// What of a line is surely the same each time: dots and capitals that stand for something, and times, are not.
fn sure(line: &str) -> Option<String> {
    let line = line.trim().trim_matches(|c: char| {
        !c.is_alphanumeric() && !matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | '/' | '"')
    });
    let sure = line
        .split("...")
        .flat_map(|part| part.split(['…', '<', '>']))
        .flat_map(|part| part.split(" X "))
        .flat_map(|part| part.split(" N "))
        .flat_map(pieces_without_times)
        .map(str::trim)
        .max_by_key(|part| part.len())?;
    (sure.chars().filter(|c| c.is_alphabetic()).count() >= 5).then(|| sure.to_owned())
}

/// A line without its times and dates.
fn pieces_without_times(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for word in line.split_whitespace() {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let time = digits >= 4
            && word.contains([':', '-'])
            && word.chars().next().is_some_and(|c| c.is_ascii_digit() || c == '[');
        if time {
            let at = line.get(start..).and_then(|rest| rest.find(word)).map_or(start, |at| start + at);
            pieces.push(line.get(start..at).unwrap_or_default());
            start = at + word.len();
        }
    }
    pieces.push(line.get(start..).unwrap_or_default());
    pieces
}

/// "(within 10 minutes)".
fn within(said: &Said) -> Option<String> {
    let all = said.all().to_lowercase();
    let rest = all.split("within ").nth(1)?;
    let mut words = rest.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let number: u32 = words.next()?.parse().ok()?;
    let unit = match words.next()? {
        "minutes" | "minute" | "min" | "mins" => "m",
        "seconds" | "second" | "sec" | "secs" => "s",
        _ => return None,
    };
    Some(format!("{number}{unit}"))
}

/// `10m`, `1h`, `2d`, `90s`: the CLI's lengths are a plan's. Weeks and times are not.
fn length(text: &str) -> Result<String, Keep> {
    match text.parse::<crate::kinds::Dur>() {
        Ok(length) => Ok(length.to_string()),
        Err(_) => {
            keep(format!("since `{}` is no length of time back from now", super::assigned::shown(text)))
        }
    }
}
