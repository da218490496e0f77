//! The report as one HTML file: no script, no address, prints as it shows.

use crate::document::{Block, Document, Line, Row, Section, Span, mark};
use crate::escape;
use crate::gather::for_html;
use crate::words::Tone;
use crate::{Report, layout};

/// Begins the journal in a page: data, which no browser runs.
pub(crate) const JOURNAL: &str = "<script type=\"application/json\" id=\"journal\">";

const STYLE: &str = include_str!("report.css");

/// The report as one HTML file that needs nothing else.
pub fn to_html(report: &Report) -> String {
    let Document { title, banner, sections } = layout::document(report);
    let mode = if banner.is_some() { "practice" } else { "live" };
    let title = escape::html(&title);
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Belt and braces: everything is escaped, and nothing could be loaded or run if it were not.
    out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n");
    out.push_str(&format!(
        "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body class=\"{mode}\">\n"
    ));
    if let Some(banner) = &banner {
        out.push_str(&format!("<div class=\"banner\" role=\"note\">{}</div>\n", escape::html(banner)));
    }
    out.push_str(&format!("<main>\n<h1>{title}</h1>\n<nav aria-label=\"Contents\">"));
    for Section { id, title, .. } in &sections {
        out.push_str(&format!("<a href=\"#{id}\">{}</a> ", escape::html(title)));
    }
    out.push_str("</nav>\n");
    for Section { id, title, blocks } in &sections {
        out.push_str(&format!("<section id=\"{id}\">\n<h2>{}</h2>\n", escape::html(title)));
        for block in blocks {
            write_block(&mut out, block);
        }
        out.push_str("</section>\n");
    }
    out.push_str("</main>\n");
    if let Some(journal) = report.carried.journal() {
        out.push_str(&format!("{JOURNAL}{}</script>\n", for_html(journal)));
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn write_block(out: &mut String, block: &Block) {
    match block {
        Block::Heading(text) => out.push_str(&format!("<h3>{}</h3>\n", line(text))),
        Block::Text(text) => out.push_str(&format!("<p>{}</p>\n", line(text))),
        Block::Facts(facts) => {
            out.push_str("<dl>\n");
            for (label, text) in facts {
                out.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", escape::html(label), line(text)));
            }
            out.push_str("</dl>\n");
        }
        Block::List(points) => {
            out.push_str("<ul>\n");
            for point in points {
                out.push_str(&format!("<li>{}</li>\n", line(point)));
            }
            out.push_str("</ul>\n");
        }
        Block::Table(heads, rows) => {
            let heads: Vec<_> =
                heads.iter().map(|head| format!("<th scope=\"col\">{}</th>", escape::html(head))).collect();
            out.push_str(&format!(
                "<div class=\"table\"><table>\n<thead><tr>{}</tr></thead>\n<tbody>\n",
                heads.concat()
            ));
            for Row { event, cells } in rows {
                let cells: Vec<_> = cells.iter().map(|cell| format!("<td>{}</td>", line(cell))).collect();
                let anchor = event.map_or_else(String::new, |seq| format!(" id=\"e{seq}\""));
                out.push_str(&format!("<tr{anchor}>{}</tr>\n", cells.concat()));
            }
            out.push_str("</tbody></table></div>\n");
        }
        Block::Log(lines) => {
            out.push_str("<pre tabindex=\"0\">");
            for line in lines {
                out.push_str(&escape::html(line));
                out.push('\n');
            }
            out.push_str("</pre>\n");
        }
    }
}

fn line(Line(spans): &Line) -> String {
    let words: Vec<_> = spans
        .iter()
        .map(|span| match span {
            Span::Plain(text) => escape::html(text),
            Span::Strong(text) => format!("<b>{}</b>", escape::html(text)),
            // What fits a column stays on one line; an ARN or a digest may break anywhere.
            Span::Code(text) if text.chars().count() <= 24 => {
                format!("<code class=\"short\">{}</code>", escape::html(text))
            }
            Span::Code(text) => format!("<code>{}</code>", escape::html(text)),
            Span::Quiet(text) => format!("<span class=\"quiet\">{}</span>", escape::html(text)),
            Span::State(tone, word) => format!(
                "<span class=\"state {}\"><span aria-hidden=\"true\">{}</span> {}</span>",
                class(*tone),
                mark(*tone),
                escape::html(word)
            ),
            Span::Event(seq) => format!("<a class=\"event\" href=\"#e{seq}\">#{seq}</a>"),
        })
        .collect();
    words.join(" ")
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Ok => "ok",
        Tone::Warn => "warn",
        Tone::Danger => "danger",
        Tone::Running => "running",
        Tone::Hold => "hold",
        Tone::Quiet => "quiet",
    }
}
