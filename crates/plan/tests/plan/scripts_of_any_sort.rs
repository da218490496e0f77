//! Any text as a script: never a panic, every place inside of the text, every line with one owner.

use crate::laws::script as check;
use proptest::prelude::*;

/// What scripts are made of, and what breaks them.
const PIECES: [&str; 74] = [
    "aws",
    "ecs",
    "echo",
    "a",
    "-x",
    "--flag",
    "x=1",
    "$",
    "$A",
    "${A:-b}",
    "${#A[@]}",
    "$(",
    ")",
    "`",
    "'",
    "\"",
    "\\",
    "\\\n",
    "\\ \n",
    "\\ # c\n",
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "\t",
    ";",
    ";;",
    "&",
    "&&",
    "|",
    "||",
    "(",
    "((",
    "))",
    "{",
    "}",
    "{a,b}",
    "{{ vars.x }}",
    "<",
    ">",
    ">>",
    "2>&1",
    "<<EOF\n",
    "<<-'EOF'\n",
    "EOF\n",
    "  EOF\n",
    "<<<",
    "<(",
    "<arn>",
    "YOUR_TOKEN",
    "...",
    "# c",
    "#",
    "for",
    "in",
    "do",
    "done",
    "if",
    "then",
    "fi",
    "case",
    "esac",
    "while",
    "[[",
    "]]",
    "!",
    "“",
    "–",
    "\u{a0}",
    "$ ",
    "> ",
    "$env:X = 1",
    " ^\n",
    "ü🚀",
];

fn soup() -> impl Strategy<Value = String> {
    let piece =
        prop_oneof![6 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned), 1 => "\\PC{0,4}"];
    let joined = prop_oneof![Just(" "), Just(""), Just("\n")];
    proptest::collection::vec((piece, joined), 0..60)
        .prop_map(|pieces| pieces.into_iter().flat_map(|(piece, gap)| [piece, gap.to_owned()]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_scripts_in_any_order(script in soup()) {
        check(&script);
    }

    #[test]
    fn any_text(script in any::<String>()) {
        check(&script);
    }

    #[test]
    fn bytes_of_any_sort(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn scripts_of_the_cases_cut_at_any_byte() {
    for case in crate::common::entries(&crate::common::home().join("tests/shell")) {
        let scripts = crate::common::entries(&case);
        for file in scripts.iter().filter(|file| file.file_stem().is_some_and(|stem| stem == "script")) {
            let text = std::fs::read_to_string(file).expect("read a script");
            for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
                check(&text[..end]);
            }
        }
    }
}
