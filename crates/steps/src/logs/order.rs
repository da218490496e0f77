//! Lines that must come in an order: in each log stream, since a stream is one container's log.

use super::SHOWN;
use holdpoint_cloud::LogLine;
use holdpoint_run::Judgement;
use std::collections::BTreeMap;
use std::time::Duration;

/// Where the first line with a text stands in its stream: when it was written, and which it was of those that were read,
/// for lines of one millisecond.
type Place = (i64, usize);

/// What was found of an order so far.
#[derive(Debug, Default)]
pub(super) struct Order {
    texts: Vec<String>,
    streams: BTreeMap<String, Vec<Option<(Place, String)>>>,
    read: usize,
}

impl Order {
    pub(super) fn of(texts: &[String]) -> Self {
        Self { texts: texts.to_vec(), ..Self::default() }
    }

    /// Takes in one line. Lines that come late have their place by when they were written.
    pub(super) fn take(&mut self, group: &str, line: &LogLine) {
        self.read += 1;
        for (nth, text) in self.texts.iter().enumerate() {
            if !line.message.contains(text.as_str()) {
                continue;
            }
            let places = self
                .streams
                .entry(format!("{group} {}", line.log_stream_name))
                .or_insert_with(|| vec![None; self.texts.len()]);
            let place = (line.timestamp, self.read);
            if let Some(known) = places.get_mut(nth)
                && known.as_ref().is_none_or(|(before, _)| place < *before)
            {
                *known = Some((place, line.message.trim_end().chars().take(SHOWN).collect()));
            }
        }
    }

    /// Whether nothing is left to wait for.
    pub(super) fn holds(&self) -> bool {
        self.texts.is_empty() || (!self.streams.is_empty() && self.streams.values().all(|of| is_ordered(of)))
    }

    /// The text that is waited for.
    pub(super) fn wanting(&self) -> Option<&str> {
        let missing = |of: &Vec<Option<(Place, String)>>| of.iter().position(Option::is_none);
        let nth = match self.streams.is_empty() {
            true => 0,
            false => self.streams.values().find_map(missing)?,
        };
        self.texts.get(nth).map(String::as_str)
    }

    pub(super) fn judgement(self, within: Duration, assumed: bool) -> Option<Judgement> {
        if self.texts.is_empty() {
            return None;
        }
        let holds = self.holds();
        let shown = self.streams.iter().find(|(_, of)| holds || !is_ordered(of));
        let found = match shown {
            Some((stream, of)) => format!("in {stream}: {}", told(&self.texts, of, within)),
            None => format!("none of them in {} lines, waited {} s", self.read, within.as_secs()),
        };
        let expected = self.texts.join(" → ");
        Some(Judgement { what: "lines come in this order".into(), expected, found, holds, assumed })
    }
}

fn is_ordered(of: &[Option<(Place, String)>]) -> bool {
    let mut before = None;
    of.iter().all(|one| {
        let place = one.as_ref().map(|(place, _)| *place);
        let follows = place.is_some_and(|place| before.is_none_or(|before| before < place));
        before = place;
        follows
    })
}

/// What a stream has, in the order it has it, and what it lacks.
fn told(texts: &[String], of: &[Option<(Place, String)>], within: Duration) -> String {
    let mut there: Vec<_> = of.iter().flatten().collect();
    there.sort_by_key(|(place, _)| *place);
    let mut told = there.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join(" → ");
    let missing = texts.iter().zip(of).filter(|(_, one)| one.is_none()).map(|(text, _)| text.as_str());
    let missing: Vec<&str> = missing.collect();
    if !missing.is_empty() {
        told.push_str(&format!("; no line with “{}”, waited {} s", missing.join("”, “"), within.as_secs()));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as `stream@time text` → whether the order holds, and what is said.
    fn check(lines: &[&str]) -> (bool, String) {
        let mut order = Order::of(&["migrated".to_owned(), "started".to_owned()]);
        for line in lines {
            let (head, message) = line.split_once(' ').unwrap();
            let (stream, at) = head.split_once('@').unwrap();
            let mut read = LogLine { log_stream_name: stream.to_owned(), ..LogLine::default() };
            read.timestamp = at.parse().unwrap();
            read.message = message.to_owned();
            order.take("/app", &read);
        }
        let judged = order.judgement(Duration::from_secs(20), false).unwrap();
        (judged.holds, judged.found)
    }

    #[test]
    fn each_container_has_the_order() {
        for (lines, holds, says) in [
            (&["a@1 migrated", "a@2 started"][..], true, "in /app a: migrated → started"),
            (&["a@2 started", "a@1 migrated"], true, "in /app a: migrated → started"),
            (&["a@1 migrated", "a@1 started"], true, "in /app a: migrated → started"),
            (
                &["a@1 migrated", "a@2 noise", "b@1 noise", "a@3 started"],
                true,
                "in /app a: migrated → started",
            ),
            (&["a@1 started", "a@1 migrated"], false, "in /app a: started → migrated"),
            (&["a@1 migrated and started"], false, "in /app a: migrated and started → migrated and started"),
            (&["a@1 started", "a@2 migrated", "a@3 started"], false, "in /app a: started → migrated"),
            (
                &["a@1 migrated", "a@2 started", "b@1 started", "b@2 migrated"],
                false,
                "in /app b: started → migrated",
            ),
            (
                &["a@1 migrated", "b@2 started"],
                false,
                "in /app a: migrated; no line with “started”, waited 20 s",
            ),
            (&["a@2 started"], false, "in /app a: started; no line with “migrated”, waited 20 s"),
            (&["a@1 noise"], false, "none of them in 1 lines, waited 20 s"),
            (&[], false, "none of them in 0 lines, waited 20 s"),
        ] {
            assert_eq!(check(lines), (holds, says.to_owned()), "{lines:?}");
        }
    }

    #[test]
    fn nothing_is_judged_where_no_order_is_wanted() {
        let order = Order::of(&[]);
        assert!(order.holds());
        assert!(order.judgement(Duration::ZERO, false).is_none());
    }
}
