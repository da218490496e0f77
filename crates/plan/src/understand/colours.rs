//! Coloured signs that stand for the colour itself: "🟢 Green" and "🔵 Blue" are environments and no statuses.

use super::fold::fold;

/// The signs of a colour, and how its name begins in the languages of the tables.
const COLOURS: &[(&str, &[&str])] = &[
    (
        "🟢💚",
        &[
            "green",
            "grun",
            "vert",
            "verde",
            "groen",
            "zielon",
            "zelen",
            "зелен",
            "yesil",
            "gron",
            "緑",
            "グリーン",
            "绿",
            "綠",
            "녹색",
            "초록",
            "그린",
        ],
    ),
    (
        "🔵",
        &[
            "blue",
            "blau",
            "bleu",
            "azul",
            "blu",
            "blauw",
            "niebiesk",
            "modr",
            "син",
            "голуб",
            "блакитн",
            "mavi",
            "bla",
            "青",
            "ブルー",
            "蓝",
            "藍",
            "파란",
            "파랑",
            "블루",
        ],
    ),
    (
        "🔴",
        &[
            "red",
            "rot",
            "rouge",
            "rojo",
            "vermelho",
            "rosso",
            "rood",
            "czerwon",
            "красн",
            "червон",
            "kirmizi",
            "赤",
            "红",
            "紅",
        ],
    ),
    (
        "🟡",
        &[
            "yellow", "gelb", "jaune", "amarillo", "amarelo", "giallo", "geel", "zolt", "желт", "жовт",
            "sari", "黄", "黃",
        ],
    ),
    (
        "🟠",
        &[
            "orange",
            "naranja",
            "laranja",
            "arancio",
            "oranje",
            "pomarancz",
            "oranzov",
            "оранжев",
            "turuncu",
            "橙",
        ],
    ),
    (
        "⚪⬜",
        &[
            "white", "weiss", "blanc", "blanco", "branco", "bianco", "wit", "bial", "bil", "бел", "біл",
            "beyaz", "白",
        ],
    ),
];

/// Whether a text begins with a coloured sign and then names that colour.
pub(super) fn is_named(text: &str) -> bool {
    let mut chars = text.chars();
    let Some((_, names)) =
        chars.next().and_then(|sign| COLOURS.iter().find(|(signs, _)| signs.contains(sign)))
    else {
        return false;
    };
    let after = fold(chars.as_str());
    let word = after.split_whitespace().next().unwrap_or("");
    names.iter().any(|name| {
        // Short names are whole words: "bla" is blue in Swedish, and "blast" is not.
        if name.is_ascii() && name.len() <= 5 {
            word == *name || word.strip_suffix(['e', 's', 'a', 'o', 'i']) == Some(name)
        } else {
            word.starts_with(name)
        }
    })
}
