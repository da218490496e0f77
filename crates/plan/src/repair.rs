//! Mojibake: UTF-8 that some program read as MacRoman or Windows-1252, undone for viewing. Lines stay where they are.

use crate::Repaired;
use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1252, WINDOWS_1254};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Text that was misread more often than this is beyond repair.
const MOST_LAYERS: usize = 3;

/// Repairs a text; `None` when nothing is damaged.
pub(crate) fn repair(text: &str) -> Option<Repaired> {
    let layers = layers(text);
    let (damage, _) = layers.first()?;
    let places: usize = layers.iter().map(|(_, undone)| undone.places).sum();
    let guessed: usize = layers.iter().map(|(_, undone)| undone.guessed).sum();
    let often = if layers.len() > 1 { format!(" {} times over", layers.len()) } else { String::new() };
    let by_guess = match guessed {
        0 => String::new(),
        some => format!(", {some} of them completed by guess"),
    };
    Some(Repaired {
        damage: format!("UTF-8 read as {}{often}, {}{by_guess}", damage.name, counted(places, "place")),
        places,
        guessed,
        text: layers.into_iter().last().map(|(_, undone)| undone.text)?,
    })
}

/// Repairs a title or an item of a text that is known to be damaged.
pub(crate) fn phrase(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let undone =
        damages().iter().map(|damage| undo(text, damage)).max_by_key(|undone| (undone.exact, undone.guessed));
    undone.map_or_else(|| text.to_owned(), |undone| undone.text)
}

/// The repaired text, and for each time that it was misread, the last first, where its pieces stand.
pub(crate) fn pieces(text: &str) -> Option<(String, Vec<Vec<Piece>>)> {
    let layers = layers(text);
    let sound = layers.last().map(|(_, undone)| undone.text.clone())?;
    Some((sound, layers.into_iter().rev().map(|(_, undone)| undone.pieces).collect()))
}

/// A piece of a repaired text and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Start in the repaired text.
    pub(crate) start: usize,
    /// Start in the damaged text.
    pub(crate) from: usize,
    /// Byte for byte the same; else repaired as a whole.
    pub(crate) same: bool,
}

/// Every misreading undone, the last one first: a text may have been misread, saved, and misread again.
fn layers(text: &str) -> Vec<(&'static Damage, Undone)> {
    let mut layers: Vec<(&'static Damage, Undone)> = Vec::new();
    if text.is_ascii() {
        return layers;
    }
    while layers.len() < MOST_LAYERS {
        let damaged = layers.last().map_or(text, |(_, undone)| undone.text.as_str());
        let Some(layer) = best(damaged) else { break };
        layers.push(layer);
    }
    layers
}

/// A way in which UTF-8 was misread.
struct Damage {
    name: &'static str,
    /// Character → the byte that it stood for.
    bytes: HashMap<char, u8>,
    /// Whether bytes that mean nothing there were dropped on the way.
    drops: bool,
}

#[derive(Default)]
struct Undone {
    text: String,
    pieces: Vec<Piece>,
    places: usize,
    guessed: usize,
    exact: usize,
}

impl Undone {
    /// Adds text that stands at a byte of the damaged text.
    fn push(&mut self, c: char, from: usize, same: bool) {
        self.piece(from, same);
        self.text.push(c);
    }

    /// Adds text that no damage touches.
    fn keep(&mut self, text: &str, from: usize) {
        self.piece(from, true);
        self.text.push_str(text);
    }

    fn piece(&mut self, from: usize, same: bool) {
        if !same || self.pieces.last().is_none_or(|last| !last.same) {
            self.pieces.push(Piece { start: self.text.len(), from, same });
        }
    }
}

/// Symbols that plans are full of, the likelier of two first: what is left of one after bytes were dropped may fit several.
const LIKELY: &str = "✅❌⚠⏭⏸⏳⏰⏱⏹▶◀☐☑✓✔✖✗➡→←↑↓↔⇒•●○◆★☆–—‘’“”…™ℹ⚙⚡⛔✉✏✨❓❗❤⭐⬆⬇➕➖≥≤≠≈∞─│├└═\
📝🔍🚀🎯📋📁📊💡🔴🟡🟢🔵⚪🟠🔧🔨🔐🔒🔓🔑🎉🏁🏗🏠🐛🧪📦📂📄📅📈📉📌📍📎📐📏📖📚📣📧📱🗂🗃🗄🗑🌍🌐🔄🔁🔌🔎🔔🔗🔥💰💬💾💻🛑🛠🛡🚨🚧🚫🚦👀👉👍👥🤖🤔🎨🎓⏩⏪🅰🆕🆗🐍🐳🐘🖥🖼\
\u{fe0f}";

/// Windows-1252 has no character for the first five; Windows-1254 for none of the seven.
/// A soft hyphen and a no-break space survive copying badly.
const DROPPED: [u8; 9] = [0x81, 0x8d, 0x8f, 0x90, 0x9d, 0x8e, 0x9e, 0xad, 0xa0];

fn damages() -> &'static [Damage; 2] {
    static ALL: OnceLock<[Damage; 2]> = OnceLock::new();
    ALL.get_or_init(|| {
        // The Turkish page differs in six letters, none of which the Western one has: one table reads both.
        let mut western = table(WINDOWS_1252);
        western.extend(table(WINDOWS_1254));
        [
            Damage { name: "MacRoman", bytes: table(MACINTOSH), drops: false },
            Damage { name: "Windows-1252", bytes: western, drops: true },
        ]
    })
}

fn table(encoding: &'static Encoding) -> HashMap<char, u8> {
    (0x80..=0xff_u8)
        .filter_map(|byte| {
            let single = [byte];
            let (text, _) = encoding.decode_without_bom_handling(&single);
            text.chars().next().filter(|c| *c != '\u{fffd}').map(|c| (c, byte))
        })
        .collect()
}

/// What is left of a likely symbol → the symbol.
fn remains() -> &'static HashMap<Vec<u8>, char> {
    static ALL: OnceLock<HashMap<Vec<u8>, char>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut found = HashMap::new();
        for c in LIKELY.chars() {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).as_bytes();
            for dropped in [5, 7, 8, 9] {
                let gone = DROPPED.get(..dropped).unwrap_or(&DROPPED);
                let left: Vec<u8> = bytes.iter().copied().filter(|byte| !gone.contains(byte)).collect();
                if left.len() < bytes.len() && !left.is_empty() {
                    found.entry(left).or_insert(c);
                }
            }
        }
        found
    })
}

/// The damage that explains most, if it explains anything exactly: a guess alone proves nothing.
fn best(text: &str) -> Option<(&'static Damage, Undone)> {
    damages()
        .iter()
        .filter(|damage| is_likely(text, damage))
        .map(|damage| (damage, undo(text, damage)))
        .filter(|(_, undone)| undone.exact > 0)
        .max_by_key(|(_, undone)| undone.exact)
}

/// Whether two characters stand side by side that were the first two bytes of one: nothing is read exactly without.
fn is_likely(text: &str, damage: &Damage) -> bool {
    foreign_runs(text).any(|(at, run)| {
        let run = text.get(at..at + run).unwrap_or_default();
        let mut first = false;
        run.chars().any(|c| {
            let byte = damage.bytes.get(&c).copied().unwrap_or(0);
            let found = first && (0x80..0xc0).contains(&byte);
            first = byte >= 0xc2;
            found
        })
    })
}

/// Stretches without ASCII, each with its length in bytes. Most of a plan is ASCII, which no damage touches.
fn foreign_runs(text: &str) -> impl Iterator<Item = (usize, usize)> {
    /// Bytes that are looked at together.
    const TOGETHER: usize = 64;
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while bytes.get(at..at + TOGETHER).is_some_and(<[u8]>::is_ascii) {
            at += TOGETHER;
        }
        let rest = bytes.get(at..)?;
        let start = at + rest.iter().position(|byte| !byte.is_ascii())?;
        let run = bytes.get(start..)?;
        let length = run.iter().position(u8::is_ascii).unwrap_or(run.len());
        at = start + length;
        Some((start, length))
    })
}

fn undo(text: &str, damage: &Damage) -> Undone {
    let mut undone = Undone { text: String::with_capacity(text.len()), ..Undone::default() };
    let mut run: Vec<(usize, char, u8)> = Vec::new();
    let mut done = 0;
    for (start, length) in foreign_runs(text) {
        if done < start {
            undone.keep(text.get(done..start).unwrap_or_default(), done);
        }
        for (at, c) in text.get(start..start + length).unwrap_or_default().char_indices() {
            match damage.bytes.get(&c) {
                Some(byte) => run.push((start + at, c, *byte)),
                None => {
                    flush(&mut run, damage, &mut undone);
                    undone.push(c, start + at, true);
                }
            }
        }
        flush(&mut run, damage, &mut undone);
        done = start + length;
    }
    if done < text.len() {
        undone.keep(text.get(done..).unwrap_or_default(), done);
    }
    undone
}

/// Reads a run of characters as the bytes that they stood for.
fn flush(run: &mut Vec<(usize, char, u8)>, damage: &Damage, undone: &mut Undone) {
    if run.is_empty() {
        return;
    }
    let bytes: Vec<u8> = run.iter().map(|(_, _, byte)| *byte).collect();
    let (mut exact, mut guessed, mut at) = (0, 0, 0);
    while let Some((from, c, _)) = run.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        // A control character where the page has none: it comes of a misreading before this one.
        let control = run.get(at + 1).is_some_and(|(_, next, _)| next.is_control());
        if let Some((read, length)) = whole(rest, control) {
            undone.push(read, *from, false);
            exact += 1;
            at += length;
        } else if let Some((read, length)) = guess(rest).filter(|_| damage.drops) {
            undone.push(read, *from, false);
            guessed += 1;
            at += length;
        } else {
            undone.push(*c, *from, true);
            at += 1;
        }
    }
    run.clear();
    undone.exact += exact;
    undone.places += usize::from(exact + guessed > 0);
    undone.guessed += usize::from(guessed > 0);
}

/// A whole character of UTF-8 at the start of the bytes.
fn whole(bytes: &[u8], control: bool) -> Option<(char, usize)> {
    let length = match bytes.first()? {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
    // A control character was never meant: `Â…` is text, not a lost U+0085.
    text.chars().next().filter(|c| control || !c.is_control()).map(|c| (c, length))
}

/// The likely symbol whose remains stand at the start of the bytes, the longest first.
fn guess(bytes: &[u8]) -> Option<(char, usize)> {
    if bytes.first().is_none_or(|first| *first < 0xe2) {
        return None;
    }
    (1..=3).rev().find_map(|length| {
        let found = bytes.get(..length).and_then(|left| remains().get(left))?;
        // A lone lead byte is a letter in itself, unless the variation selector after it says "symbol".
        let alone = length == 1 && bytes.get(1..3).is_none_or(|next| next != [0xef, 0xb8]);
        (!alone).then_some((*found, length))
    })
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(text: &str) -> String {
        MACINTOSH.decode_without_bom_handling(text.as_bytes()).0.into_owned()
    }

    fn western(text: &str, page: &'static Encoding, gone: &[u8]) -> String {
        let bytes: Vec<u8> = text.bytes().filter(|byte| !gone.contains(byte)).collect();
        page.decode_without_bom_handling(&bytes).0.into_owned()
    }

    #[test]
    fn macroman_comes_back_whole() {
        let text = "# Plan ✅ → “go” — 🟡 ⚠️\n- é ü ß\n";
        let repaired = repair(&mac(text)).unwrap();
        assert_eq!(repaired.text, text);
        assert_eq!((repaired.guessed, repaired.text.lines().count()), (0, 2));
        assert!(repaired.damage.starts_with("UTF-8 read as MacRoman"), "{}", repaired.damage);
    }

    #[test]
    fn dropped_bytes_are_guessed() {
        let text = "✅ ok\n❌ no\n⚠️ mind\n⏸️ wait\n⏭️ next\n🎯 aim\n📝 note\n→ on\n";
        let damaged = western(text, WINDOWS_1254, &[0x81, 0x8d, 0x8e, 0x8f, 0x90, 0x9d, 0x9e, 0xad]);
        let repaired = repair(&damaged).unwrap();
        assert_eq!(repaired.text, text);
        assert!(repaired.guessed >= 5, "{repaired:?}");
    }

    #[test]
    fn text_that_was_misread_twice() {
        let text = "# Ausrollen – später\n- Größe: 5 €, “fertig” ✔\n- déjà déployé\n";
        let twice = mac(&mac(text));
        let repaired = repair(&twice).unwrap();
        assert_eq!(repaired.text, text);
        assert!(repaired.damage.contains("2 times over"), "{}", repaired.damage);
    }

    #[test]
    fn sound_text_stays() {
        for text in [
            "plain",
            "Größe, café, naïve, œuvre",
            "✅ done → next — “quoted”",
            "Ünïcödé ® ™ © °C",
            "Türkçe ğüşıöç",
            "日本語 計画",
        ] {
            assert_eq!(repair(text), None, "{text}");
        }
    }
}
