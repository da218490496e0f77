//! Numbers in titles: "Stage 2:", "Étape 2", "步骤一", "1.", "1️⃣".

use super::fold::fold;

/// The number of a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number {
    /// As the author counts: `2`, `A`, `1.3`.
    pub(crate) text: String,
    /// A word such as "step" stands with it; else it is a bare number, which says less.
    pub(crate) keyed: bool,
    /// Its value among its siblings, where it has one.
    pub(crate) value: Option<u32>,
}

/// Reads the number that a title begins with.
pub(crate) fn number(title: &str) -> Option<Number> {
    let folded = fold(title);
    let plain = folded.trim();
    keyed(plain, title).or_else(|| bare(title))
}

/// Words that stand before or after the number of a stage: English, German, French, Spanish, Portuguese, Italian, Dutch,
/// Polish, Czech, Russian, Ukrainian, Turkish, Swedish, Danish, Norwegian, Romanian, Hungarian, Indonesian, Vietnamese.
const WORDS: &[&str] = &[
    "stage",
    "phase",
    "step",
    "session",
    "schritt",
    "stufe",
    "etappe",
    "etape",
    "paso",
    "fase",
    "etapa",
    "passo",
    "passaggio",
    "stap",
    "krok",
    "etap",
    "faza",
    "faze",
    "шаг",
    "этап",
    "фаза",
    "стадия",
    "крок",
    "етап",
    "adim",
    "asama",
    "steg",
    "trin",
    "trinn",
    "pas",
    "lepes",
    "langkah",
    "tahap",
    "buoc",
    "giai doan",
];

/// The same in languages that write without spaces.
const GLUED: &[&str] = &[
    "ステップ",
    "手順",
    "フェーズ",
    "段階",
    "工程",
    "ステージ",
    "步骤",
    "步驟",
    "阶段",
    "階段",
    "단계",
    "스텝",
];

const DIGITS: &str = "一二三四五六七八九十";

const SPELT: [&str; 11] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

fn keyed(plain: &str, title: &str) -> Option<Number> {
    for word in WORDS {
        if let Some(rest) = plain.strip_prefix(word) {
            let spaced = rest.starts_with(' ');
            let words = word.split(' ').count();
            if let Some(found) = counted(rest.trim_start(), spaced, title, words) {
                return Some(found);
            }
        }
    }
    glued(plain).or_else(|| turned(plain))
}

/// "ステップ1", "手順 2", "步骤一", "단계 1"; "第一步", "第2阶段"; "1단계".
fn glued(plain: &str) -> Option<Number> {
    for word in GLUED {
        if let Some(rest) = plain.strip_prefix(word)
            && let Some((found, _)) = leading(rest.trim_start())
        {
            return Some(found);
        }
    }
    let after = plain.strip_prefix('第').unwrap_or(plain);
    let (found, rest) = leading(after)?;
    let rest = rest.trim_start();
    let unit = GLUED.iter().any(|word| rest.starts_with(word))
        || (after.len() < plain.len() && ['步', '章', '段'].iter().any(|unit| rest.starts_with(*unit)));
    unit.then_some(found)
}

/// "1 adım", "1 этап", "1ere étape", "2nd phase": the number first.
fn turned(plain: &str) -> Option<Number> {
    let (found, rest) = leading(plain)?;
    let rest = ["st ", "nd ", "rd ", "th ", "ere ", "er ", "e ", "eme ", " й ", " и ", " "]
        .iter()
        .find_map(|tail| rest.strip_prefix(tail))?;
    let word = rest.split(' ').next().unwrap_or("");
    WORDS.contains(&word).then_some(found)
}

/// A number after a word: digits, a letter or Roman number that ends there, a number spelt out.
fn counted(rest: &str, spaced: bool, title: &str, words: usize) -> Option<Number> {
    if let Some((found, _)) = leading(rest) {
        return Some(found);
    }
    let word = rest.split(' ').next().filter(|_| spaced)?;
    let roman = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"];
    let value = if let Some(at) = SPELT.iter().position(|spelt| *spelt == word) {
        u32::try_from(at).ok()
    } else if let Some(at) = roman.iter().position(|number| *number == word).filter(|_| ends(title, words)) {
        u32::try_from(at + 1).ok()
    } else if let [letter @ b'a'..=b'h'] = word.as_bytes() {
        Some(u32::from(letter - b'a') + 1).filter(|_| ends(title, words))
    } else {
        return None;
    };
    value.map(|value| Number { text: word.to_uppercase(), keyed: true, value: Some(value) })
}

/// Whether the word after so many words is in capitals and ends there: "Phase A: …", but not "Paso a paso".
fn ends(title: &str, words: usize) -> bool {
    let title = title.trim_start_matches(|c: char| !c.is_alphanumeric());
    let mut tokens = title.split_whitespace().skip(words);
    let Some(token) = tokens.next().map(|token| token.trim_start_matches('#')) else { return false };
    let name = token.trim_end_matches(|c: char| !c.is_alphanumeric());
    let next = tokens.next();
    let parted = name.len() < token.len() || next.is_none_or(|next| !next.starts_with(char::is_alphanumeric));
    name.chars().all(|c| c.is_ascii_uppercase()) && parted
}

/// Digits (or Chinese numerals) at the start, and what follows.
fn leading(plain: &str) -> Option<(Number, &str)> {
    let end = plain.find(|c: char| !c.is_ascii_digit()).unwrap_or(plain.len());
    if end > 0 {
        let (digits, rest) = plain.split_at_checked(end)?;
        if end > 3 {
            return None;
        }
        return Some((Number { text: digits.to_owned(), keyed: true, value: digits.parse().ok() }, rest));
    }
    let first = plain.chars().next()?;
    let at = DIGITS.chars().position(|digit| digit == first)?;
    let value = u32::try_from(at + 1).ok()?;
    let rest = plain.get(first.len_utf8()..)?;
    Some((Number { text: value.to_string(), keyed: true, value: Some(value) }, rest))
}

/// "1. Build", "1) Build", "1️⃣ Build", "1.2 Build", "A. Build", "① Build", "一、部署".
fn bare(title: &str) -> Option<Number> {
    let title = title.trim_start_matches(|c: char| !c.is_alphanumeric());
    let mut chars = title.chars();
    let first = chars.next()?;
    let after = chars.as_str();
    let made = |text: String, value: Option<u32>| Some(Number { text, keyed: false, value });
    if let Some(value) = circled(first) {
        return made(value.to_string(), Some(value));
    }
    if let Some(at) = DIGITS.chars().position(|digit| digit == first) {
        let value = u32::try_from(at + 1).ok();
        return if after.starts_with(['、', '.', '．', ')']) {
            made((at + 1).to_string(), value)
        } else {
            None
        };
    }
    if matches!(first, 'A'..='H') && after.starts_with([')', '.']) && after.get(1..)?.starts_with(' ') {
        return made(first.to_string(), Some(u32::from(first) - u32::from('A') + 1));
    }
    let end = title.find(|c: char| !c.is_ascii_digit()).unwrap_or(title.len());
    let (digits, mut rest) = title.split_at_checked(end).filter(|_| end == 1 || end == 2)?;
    let mut text = digits.to_owned();
    let mut last = digits;
    while let Some(next) =
        rest.strip_prefix('.').filter(|next| next.starts_with(|c: char| c.is_ascii_digit()))
    {
        let end = next.find(|c: char| !c.is_ascii_digit()).unwrap_or(next.len());
        let (more, after) = next.split_at_checked(end).filter(|_| end <= 2)?;
        text.push('.');
        text.push_str(more);
        last = more;
        rest = after;
    }
    let parted = rest.starts_with(['.', ')', ':', '．', '、', '\u{fe0f}', '\u{20e3}'])
        || [" - ", " – ", " — "].iter().any(|dash| rest.starts_with(dash))
        || (text.contains('.') && rest.starts_with(' '));
    let named = rest.chars().any(char::is_alphabetic);
    if parted && named { made(text, last.parse().ok()) } else { None }
}

fn circled(c: char) -> Option<u32> {
    match c {
        '①'..='⑳' => Some(u32::from(c) - u32::from('①') + 1),
        '❶'..='❿' => Some(u32::from(c) - u32::from('❶') + 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_any_dress() {
        for (title, text, keyed) in [
            ("Stage 2: wire", "2", true),
            ("**Step #3** – push", "3", true),
            ("Phase A", "A", true),
            ("Phase two", "TWO", true),
            ("Étape 2 : build", "2", true),
            ("Schritt 3 – Freigabe", "3", true),
            ("ステップ１：ビルド", "1", true),
            ("步骤一：构建", "1", true),
            ("第二步 推送", "2", true),
            ("阶段 3", "3", true),
            ("1단계: 빌드", "1", true),
            ("Шаг 4. Проверка", "4", true),
            ("Adım 1: Derleme", "1", true),
            ("2. Adım: Gönder", "2", true),
            ("1️⃣ Build", "1", false),
            ("🚀 1. Build", "1", false),
            ("2) Push", "2", false),
            ("1.3 Migrate", "1.3", false),
            ("③ 確認", "3", false),
            ("二、部署", "2", false),
        ] {
            let found = number(title).unwrap_or_else(|| panic!("{title}"));
            assert_eq!((found.text.as_str(), found.keyed), (text, keyed), "{title}");
        }
        for title in [
            "2025-12-01 notes",
            "Steps",
            "Stage a release",
            "Phase out",
            "15.12",
            "A plan",
            "3 services",
            "Passport 1",
            "Paso a paso",
            "Étape d'installation",
        ] {
            let found = number(title);
            assert!(found.is_none(), "{title}: {found:?}");
        }
    }
}
