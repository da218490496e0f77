//! The texts that both grammars are held against: those of a list, and as many again made of the list's own pieces.

use holdpoint_identity::FileKind;
use serde_json::Value;

/// A named text of one of the two files.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) kind: FileKind,
    pub(crate) text: String,
}

/// The texts of `texts.json`.
pub(crate) fn listed() -> Vec<Text> {
    let list: Value = serde_json::from_str(include_str!("texts.json")).unwrap();
    let list = list.as_array().unwrap();
    assert!(list.len() >= 60, "{}", list.len());
    let text = |one: &Value| Text {
        name: one["name"].as_str().unwrap().to_owned(),
        kind: match one["credentials"].as_bool() {
            Some(true) => FileKind::Credentials,
            Some(false) | None => FileKind::Config,
        },
        text: one["text"].as_str().unwrap().to_owned(),
    };
    list.iter().map(text).collect()
}

/// Texts put together from pieces that mean something to a parser, the same ones each time.
pub(crate) fn made(count: usize) -> Vec<Text> {
    const PIECES: &[&str] = &[
        "[profile a]",
        "[profile b]",
        "[default]",
        "[profile default]",
        "[sso-session s]",
        "[services v]",
        "[a]",
        "[profile a b]",
        "[profile \"a\"]",
        "[DEFAULT]",
        "[ profile a ]",
        "[profile\ta]",
        "[plugins]",
        "[",
        "]",
        "[]",
        "region = eu-central-1",
        "region=eu-west-1",
        "Region : x",
        "output = json",
        "key =",
        "s3 =",
        "=",
        ":",
        "= v",
        " nested = 1",
        "  deeper = 2",
        "\tk = v",
        " loose",
        "# comment",
        "; comment",
        " # indented",
        " ; indented",
        "key = v # c",
        "key = v#c",
        "key = v ;c",
        "key = v;c",
        "[profile a] # c",
        "[profile a]#c",
        "[profile a] x",
        "a b = c",
        "a! = c",
        "\u{e4} = \u{f6}",
        "\u{a0}x = 1",
        "x\u{a0}= 1",
        "key = \u{2028}v",
        "",
        " ",
        "\t",
        "\u{b}",
        "\u{1c}",
        "x",
        "x: 1",
        "profile a",
        "role_arn = arn:aws:iam::111122223333:role/R",
        "\\",
        "\"",
        "'",
    ];
    const ENDS: &[&str] = &["\n", "\n", "\n", "\n", "\r\n", "\n\n", "\r", ""];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move |below: usize| {
        // Xorshift: the same texts on every machine.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let text = |at| {
        let mut text = String::new();
        if next(3) > 0 {
            text.push_str("[profile first]\n");
        }
        for _ in 0..next(9) {
            text.push_str(PIECES[next(PIECES.len())]);
            text.push_str(ENDS[next(ENDS.len())]);
        }
        let kind = if next(4) == 0 { FileKind::Credentials } else { FileKind::Config };
        Text { name: format!("made {at}: {text:?}"), kind, text }
    };
    (0..count).map(text).collect()
}
