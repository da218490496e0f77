//! What must hold of any input, whatever it is: the laws that the tests here and the fuzz targets ask for.

use holdpoint_plan::import::{Import, ImportOptions, ImportState, import};
use holdpoint_plan::shell::{Command, Dialect, Script, Shape, Word, parse_as, reach_of, unwrap_command};
use holdpoint_plan::{Diagnostic, Level, Severity, Span, blocks, read, repair_edits};
use std::collections::BTreeSet;

fn once(bytes: &[u8]) -> Import {
    import(bytes, &ImportOptions::default())
}

/// The laws of a reading, for any bytes: every place inside of the text, a repair that can be carried out.
pub(crate) fn reading(bytes: &[u8]) {
    let reading = read(bytes);
    let text = reading.text.as_str();
    let inside = |span: Span| assert!(text.get(span.start..span.end).is_some(), "{span:?} in {text:?}");
    for finding in &reading.diagnostics {
        inside(finding.span);
        assert!(finding.line >= 1 && finding.column >= 1);
        for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
            inside(edit.span);
        }
    }
    reading.plan.stages.iter().for_each(|stage| inside(stage.span));
    reading.plan.steps().for_each(|step| inside(step.span));
    let shown = blocks(text);
    // To Markdown a lone carriage return ends a line, too; lines are counted by line feeds, so there two blocks may share one.
    let apart = usize::from(!text.replace("\r\n", "\n").contains('\r'));
    let ordered = shown.windows(2).all(|pair| pair[0].end_line + apart <= pair[1].start_line);
    assert!(ordered, "blocks of {text:?}");
    if let Some(offer) = repair_edits(bytes) {
        assert!(holdpoint_plan::apply(text, &offer.edits).is_ok(), "a repair of {text:?}");
    }
}

/// What an import never does, for any bytes: lose one, replace one, or put them in another order.
pub(crate) fn kept(bytes: &[u8]) -> Import {
    let done = once(bytes);
    assert_eq!(done.original, done.base);
    let mut rest = String::new();
    let (mut from, mut skip) = (0, 0);
    for edit in &done.edits {
        assert_eq!(edit.span.start, edit.span.end, "only insertions");
        let at = edit.span.start + skip;
        rest.push_str(&done.text[from..at]);
        assert_eq!(&done.text[at..at + edit.text.len()], edit.text);
        from = at + edit.text.len();
        skip += edit.text.len();
    }
    rest.push_str(&done.text[from..]);
    assert_eq!(rest, done.original, "the result without the insertions is the original");
    // The bytes of the file are those that came in, with the insertions between them.
    assert!(is_spread(bytes, &done.bytes), "every byte stays, in order");
    let starts: Vec<Span> = done.proposals.iter().map(|one| one.span).collect();
    assert!(starts.is_sorted_by_key(|span| span.start), "proposals stand in order");
    assert!(starts.iter().all(|span| done.original.get(span.start..span.end).is_some()), "places are places");
    done
}

/// All laws of an import, for any bytes: besides, the result is read as what it says, has no error that was not there, and
/// importing it again changes nothing.
pub(crate) fn imported(bytes: &[u8]) -> Import {
    let done = kept(bytes);
    let before = read(bytes);
    assert_eq!(done.original, before.text);
    assert_eq!(read(&done.bytes).text, done.text, "the bytes are read as the text");
    let known: BTreeSet<(String, String)> = errors(&before.diagnostics);
    let new: Vec<_> = errors(&done.reading.diagnostics).difference(&known).cloned().collect();
    assert!(new.is_empty(), "errors that were not there: {new:?}\n{}", done.text);
    assert_eq!(
        done.reading.plan.level == Level::Checked,
        matches!(done.state, ImportState::Imported | ImportState::CheckedAlready)
    );
    let twice = once(&done.bytes);
    assert_eq!(twice.text, done.text, "importing twice is importing once");
    assert_eq!(twice.bytes, done.bytes);
    done
}

fn errors(findings: &[Diagnostic]) -> BTreeSet<(String, String)> {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| (finding.code.clone(), finding.message.clone())).collect()
}

/// Whether all of the first stands in the second, in order.
fn is_spread(inner: &[u8], outer: &[u8]) -> bool {
    let mut outer = outer.iter();
    inner.iter().all(|byte| outer.any(|other| other == byte))
}

/// The laws of a script, for any text: every place inside of the text, every line with one owner.
pub(crate) fn script(text: &str) {
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
