//! Scripts, good and bad, each a folder: the script and what it is read as.

use crate::common::{entries, home, same};
use holdpoint_plan::shell::{
    Command, Dialect, Joint, Script, Shape, Word, WordPart, parse_as, unwrap_command,
};
use std::fmt::Write;

#[test]
fn every_script_reads_as_expected() {
    let mut problems = Vec::new();
    for case in entries(&home().join("tests/shell")) {
        let file = entries(&case)
            .into_iter()
            .find(|file| file.file_stem().is_some_and(|stem| stem == "script"))
            .expect("a case has a script");
        let info = file.extension().expect("the language of the script").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("read a script");
        let script = parse_as(&text, Dialect::of_info(&info));
        same(&shown(&script, &text), &case.join("expected.txt"), &mut problems);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn shown(script: &Script, text: &str) -> String {
    let mut out = String::new();
    for statement in &script.statements {
        let lines = &statement.lines;
        let background = if statement.background { " &" } else { "" };
        writeln!(out, "{}..{}{background}", lines.start, lines.end).expect("write");
        shape(&statement.shape, text, 1, &mut out);
    }
    for comment in &script.comments {
        let own = if comment.own_line { "" } else { " (behind a command)" };
        writeln!(out, "comment {}{own}: {}", comment.line, comment.text).expect("write");
    }
    for problem in &script.problems {
        let raw = &text[problem.span.start..problem.span.end];
        writeln!(out, "problem {raw:?}: {} {:?}", problem.message, problem.meant).expect("write");
    }
    for line in &script.output {
        writeln!(out, "output {}: {}", line.line, &text[line.span.start..line.span.end]).expect("write");
    }
    for prompt in &script.prompts {
        writeln!(out, "prompt {:?}", &text[prompt.start..prompt.end]).expect("write");
    }
    out
}

fn shape(shape_: &Shape, text: &str, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    match shape_ {
        Shape::Assignments(list) => {
            for one in list {
                let exported = if one.exported { "export " } else { "" };
                writeln!(out, "{pad}{exported}{} = {}", one.name, word(&one.value)).expect("write");
            }
        }
        Shape::Simple(one) => command(one, text, &pad, out),
        Shape::Pipeline(list) => {
            writeln!(out, "{pad}pipeline").expect("write");
            list.iter().for_each(|one| command(one, text, &format!("{pad}  "), out));
        }
        Shape::List(items) => {
            for (joint, one) in items {
                let mark = match joint {
                    Joint::First => "first",
                    Joint::And => "&&",
                    Joint::Or => "||",
                    Joint::Then => ";",
                    Joint::Beside => "&",
                };
                writeln!(out, "{pad}{mark}").expect("write");
                shape(one, text, depth + 1, out);
            }
        }
        Shape::Compound { word, commands } => {
            writeln!(out, "{pad}compound {word}").expect("write");
            commands.iter().for_each(|one| command(one, text, &format!("{pad}  "), out));
        }
        Shape::NotUnderstood(why) => writeln!(out, "{pad}NOT UNDERSTOOD: {why}").expect("write"),
    }
}

fn command(one: &Command, text: &str, pad: &str, out: &mut String) {
    let unwrapped = unwrap_command(one);
    let mut line = pad.to_owned();
    for assignment in unwrapped.environment.iter() {
        write!(line, "{}={} ", assignment.name, word(&assignment.value)).expect("write");
    }
    let words: Vec<String> = unwrapped.words.iter().map(word).collect();
    writeln!(out, "{line}{}", words.join(" ")).expect("write");
    for wrapper in &unwrapped.wrappers {
        let raw = &text[wrapper.span.start..wrapper.span.end];
        writeln!(out, "{pad}  by {:?} in {raw:?}", wrapper.kind).expect("write");
    }
    for redirect in &one.redirects {
        writeln!(out, "{pad}  {} {}", redirect.operator, word(&redirect.target)).expect("write");
        if let Some(heredoc) = &redirect.heredoc {
            let raw = &text[heredoc.span.start..heredoc.span.end];
            writeln!(out, "{pad}    expands {}: {:?} of {raw:?}", heredoc.expands, heredoc.body)
                .expect("write");
        }
    }
}

fn word(one: &Word) -> String {
    let parts: Vec<String> = one
        .parts
        .iter()
        .map(|part| match part {
            WordPart::Text { text, quoted: true } => format!("{text:?}"),
            WordPart::Text { text, quoted: false } => text.clone(),
            WordPart::Variable { name, otherwise: None, exact: true } => format!("«${name}»"),
            WordPart::Variable { name, otherwise, exact } => format!("«${name} {otherwise:?} {exact}»"),
            WordPart::Command(inside) => format!("«$({inside})»"),
            WordPart::Arithmetic(inside) => format!("«(({inside}))»"),
            WordPart::Glob(text) => format!("«glob {text}»"),
            WordPart::Placeholder(text) => format!("«fill in {text}»"),
            WordPart::Template(text) => format!("«template {text}»"),
        })
        .collect();
    if parts.is_empty() { "''".to_owned() } else { parts.concat() }
}
