//! Any text as a script: never a panic, every place inside of the text, every line with one owner.

use holdpoint_plan::Span;
use holdpoint_plan::shell::{Command, Dialect, Script, Shape, Word, parse_as, reach_of, unwrap_command};
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

fn check(text: &str) {
    for dialect in [Dialect::Unsaid, Dialect::Session, Dialect::Other("PowerShell")] {
        let script = parse_as(text, dialect);
        places(&script, text);
        owners(&script, text, dialect);
        for statement in &script.statements {
            let _judged = reach_of(&statement.shape);
        }
    }
}

fn places(script: &Script, text: &str) {
    let inside = |span: Span| {
        assert!(span.start <= span.end, "{span:?} in {text:?}");
        assert!(text.get(span.start..span.end).is_some(), "{span:?} on boundaries of {text:?}");
    };
    let within = |outer: Span, inner: Span| {
        inside(inner);
        assert!(outer.start <= inner.start && inner.end <= outer.end, "{inner:?} in {outer:?} of {text:?}");
    };
    let mut last = 0;
    for statement in &script.statements {
        inside(statement.span);
        assert!(
            statement.span.start >= last && statement.span.start < statement.span.end,
            "order in {text:?}"
        );
        last = statement.span.end;
        let ends = |until: usize| text.as_bytes()[..until].iter().filter(|byte| **byte == b'\n').count();
        let (before, through) = (ends(statement.span.start), ends(statement.span.end - 1));
        assert_eq!(statement.lines, before..through + 1, "lines of {:?} in {text:?}", statement.span);
        if let Shape::Assignments(list) = &statement.shape {
            for one in list {
                within(statement.span, one.span);
                within(one.span, one.value.span);
            }
        }
        for command in statement.commands() {
            within(statement.span, command.span);
            words(command, &within);
        }
    }
    script.comments.iter().for_each(|one| inside(one.span));
    script.problems.iter().for_each(|one| inside(one.span));
    script.output.iter().for_each(|one| inside(one.span));
    script.prompts.iter().for_each(|one| inside(*one));
}

fn words(command: &Command, within: &impl Fn(Span, Span)) {
    let each = |list: &[Word]| list.iter().for_each(|word| within(command.span, word.span));
    each(&command.words);
    for assignment in &command.assignments {
        within(command.span, assignment.span);
    }
    for redirect in &command.redirects {
        within(command.span, redirect.span);
        within(redirect.span, redirect.target.span);
        if let Some(heredoc) = &redirect.heredoc {
            within(Span { start: redirect.span.end, end: usize::MAX }, heredoc.span);
        }
    }
    let unwrapped = unwrap_command(command);
    each(&unwrapped.words);
    unwrapped.wrappers.iter().for_each(|wrapper| within(command.span, wrapper.span));
}

fn owners(script: &Script, text: &str, dialect: Dialect) {
    let mut at = 0;
    for (number, line) in text.split('\n').enumerate() {
        let span = at..at + line.len();
        at += line.len() + 1;
        let statements =
            script.statements.iter().filter(|statement| statement.lines.contains(&number)).count();
        let output = script.output.iter().filter(|typed| typed.line == number).count();
        assert!(
            statements + output <= 1,
            "line {number} of {text:?} has {statements} statements, {output} outputs"
        );
        let rest = script
            .prompts
            .iter()
            .rfind(|prompt| prompt.start >= span.start && prompt.end <= span.end)
            .map_or(line, |prompt| &text[prompt.end..span.end]);
        let bare = rest.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\\' || c == '\u{b}');
        let nothing = bare.trim().is_empty()
            || (bare.starts_with('#') && !matches!(dialect, Dialect::Other(_)))
            || script.comments.iter().any(|comment| comment.line == number && comment.own_line)
            || script
                .problems
                .iter()
                .any(|problem| problem.span.start <= span.end && problem.span.end >= span.start);
        assert!(nothing || statements + output == 1, "line {number} of {text:?} has no owner: {script:#?}");
    }
}
