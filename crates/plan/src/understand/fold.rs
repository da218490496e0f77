//! Words made comparable across spellings (case, accents, full width), and tables of phrases found in one pass.

use aho_corasick::AhoCorasick;
use unicode_normalization::UnicodeNormalization;

/// Lowercase letters and digits, everything else as single spaces, with a space at both ends. Accents go; full width
/// becomes normal width.
pub(crate) fn fold(text: &str) -> String {
    crate::work::spend(text.len());
    if text.is_ascii() {
        return plain(text);
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push(' ');
    // ASCII is the same in every form, and no mark that is left without accents joins it.
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let (plain, after) = rest.split_at(ascii);
        plain.chars().for_each(|c| push(c.to_ascii_lowercase(), &mut out));
        let other = after.bytes().position(|byte| byte.is_ascii()).unwrap_or(after.len());
        let (strange, after) = after.split_at(other);
        let bare = strange.nfkd().filter(|c| !is_accent(*c)).flat_map(char::to_lowercase);
        bare.nfc().for_each(|c| push(c, &mut out));
        rest = after;
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

/// Phrases and what each means. A space at an end of a phrase is the border of a word; languages that write without
/// spaces have none.
pub(crate) struct Phrases<T> {
    found: Option<AhoCorasick>,
    meanings: Vec<T>,
}

/// A phrase in a folded text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit<T> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) meaning: T,
}

impl<T: Copy> Phrases<T> {
    /// A row of the table: a meaning, and its phrases parted by `|`.
    pub(crate) fn new(rows: &[(T, &str)]) -> Self {
        let mut phrases = Vec::new();
        let mut meanings = Vec::new();
        for (meaning, row) in rows {
            for phrase in row.split('|').filter(|phrase| !phrase.trim().is_empty()) {
                let folded = fold(phrase.trim());
                let lead = if phrase.starts_with(' ') { folded.as_str() } else { folded.trim_start() };
                phrases.push(if phrase.ends_with(' ') { lead } else { lead.trim_end() }.to_owned());
                meanings.push(*meaning);
            }
        }
        // A table that cannot be built (it would have to be larger than memory) finds nothing.
        Self { found: AhoCorasick::new(&phrases).ok(), meanings }
    }

    /// Every phrase in a folded text, also those inside others.
    pub(crate) fn hits<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = Hit<T>> + 'a {
        self.found.iter().flat_map(move |found| found.find_overlapping_iter(folded)).filter_map(|hit| {
            let meaning = *self.meanings.get(hit.pattern().as_usize())?;
            Some(Hit { start: hit.start(), end: hit.end(), meaning })
        })
    }

    /// Whether any of the phrases stands in a text that is not folded yet.
    pub(crate) fn any(&self, text: &str) -> bool {
        self.hits(&fold(text)).next().is_some()
    }
}

/// The same for ASCII, which most lines are.
fn plain(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(b' ');
    let mut gap = true;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(byte.to_ascii_lowercase());
            gap = false;
        } else if !gap {
            out.push(b' ');
            gap = true;
        }
    }
    if !gap {
        out.push(b' ');
    }
    String::from_utf8(out).unwrap_or_default()
}

fn push(c: char, out: &mut String) {
    match c {
        'ß' => out.push_str("ss"),
        'æ' => out.push_str("ae"),
        'œ' => out.push_str("oe"),
        'ł' => out.push('l'),
        'ø' => out.push('o'),
        'ı' => out.push('i'),
        c if c.is_alphanumeric() => out.push(c.to_ascii_lowercase()),
        _ if out.ends_with(' ') => {}
        _ => out.push(' '),
    }
}

/// Marks above and below letters, and the selector that makes a symbol colourful.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{20e3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_word() {
        assert_eq!(fold("Étape 2 – Déployer"), " etape 2 deployer ");
        assert_eq!(fold("ＤＯＮＥ！"), " done ");
        assert_eq!(fold("1️⃣ Straße"), " 1 strasse ");
        assert_eq!(fold("ステップ３：ビルド"), " ステップ3 ビルド ");
        assert_eq!(fold("각 단계"), " 각 단계 ");
        assert_eq!(fold(""), " ");
    }
}
