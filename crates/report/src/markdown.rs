//! The report as Markdown that forges and editors show alike.

use crate::document::{Block, Document, Line, Row, Section, Span, mark};
use crate::escape;
use crate::{Report, layout};

/// The report as Markdown. Links lead to the list of events at its end.
pub fn to_markdown(report: &Report) -> String {
    let Document { title, banner, sections } = layout::document(report);
    let mut out = format!("# {}\n", escape::markdown(&title));
    if let Some(banner) = &banner {
        out.push_str(&format!("\n> **{}**\n", escape::markdown(banner)));
    }
    // A page of Markdown ends anywhere: practice is said in every heading.
    let suffix = if banner.is_some() { " (practice)" } else { "" };
    for Section { title, blocks, .. } in &sections {
        out.push_str(&format!("\n## {}{suffix}\n", escape::markdown(title)));
        for block in blocks {
            out.push('\n');
            write_block(&mut out, block);
        }
    }
    out
}

fn write_block(out: &mut String, block: &Block) {
    match block {
        Block::Heading(text) => out.push_str(&format!("### {}\n", line(text))),
        Block::Text(text) => out.push_str(&format!("{}\n", escape::line_start(line(text)))),
        Block::Facts(facts) => {
            out.push_str("| | |\n|---|---|\n");
            for (label, text) in facts {
                out.push_str(&format!("| {label} | {} |\n", line(text)));
            }
        }
        Block::List(points) => {
            for point in points {
                out.push_str(&format!("- {}\n", escape::line_start(line(point))));
            }
        }
        Block::Table(heads, rows) => {
            out.push_str(&format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len())));
            for Row { event, cells } in rows {
                let cells: Vec<_> = cells.iter().map(line).collect();
                let anchor = event.map_or_else(String::new, |seq| format!("<a id=\"e{seq}\"></a>"));
                out.push_str(&format!("| {anchor}{} |\n", cells.join(" | ")));
            }
        }
        Block::Log(lines) => {
            let fence = escape::fence(lines);
            out.push_str(&format!("{fence}text\n"));
            for line in lines {
                out.push_str(&escape::visible(line).replace('\n', " "));
                out.push('\n');
            }
            out.push_str(&format!("{fence}\n"));
        }
    }
}

fn line(Line(spans): &Line) -> String {
    let words: Vec<_> = spans
        .iter()
        .map(|span| match span {
            Span::Plain(text) => escape::markdown(text),
            Span::Strong(text) | Span::Quiet(text) if text.trim().is_empty() => String::new(),
            Span::Quiet(text) => format!("*{}*", escape::markdown(text.trim())),
            Span::Strong(text) => format!("**{}**", escape::markdown(text.trim())),
            Span::Code(text) => escape::markdown_code(text),
            Span::State(tone, word) => format!("{} {}", mark(*tone), escape::markdown(word)),
            Span::Event(seq) => format!("[#{seq}](#e{seq})"),
        })
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}
