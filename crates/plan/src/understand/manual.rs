//! Work by hand: click paths, links into a console, SQL to be pasted; and inline code that is a command.

use super::fold::{Phrases, fold};
use super::written::{Code, Node, Style, Text, Written};
use super::{ManualStep, Said, Understanding};
use std::sync::OnceLock;

/// How many parts after the instructions may be the SQL that they speak of.
const NEAR: usize = 3;

pub(super) fn read(written: &Written, found: &mut Understanding) {
    let mut last: Option<(usize, Option<usize>)> = None;
    for (at, node) in written.nodes.iter().enumerate() {
        match node {
            Node::Text(text) => {
                inline(text, &mut found.commands_inline);
                let list = text.item.and_then(|item| written.items.get(item)).map(|item| item.list);
                let same = last.is_some_and(|(_, before)| list.is_some() && before == list);
                if same && let Some(step) = found.manual_steps.last_mut() {
                    add(step, text);
                    last = Some((at, list));
                } else if by_hand(&text.plain())
                    || text.runs.iter().any(|run| matches!(&run.style, Style::Link(to) if is_console(to)))
                {
                    found.manual_steps.push(whole(written, at, text, list));
                    last = Some((at, list));
                }
            }
            Node::Code(code) => {
                if let Some((from, _)) = last.filter(|(from, _)| at - from <= NEAR)
                    && code.language == "sql"
                    && let Some(step) = found.manual_steps.last_mut().filter(|step| step.sql.is_none())
                {
                    step.sql = Some(code.text.trim_end().to_owned());
                    step.span.end = code.span.end;
                    last = Some((from.max(at), None));
                } else if let Some(step) = block(code) {
                    found.manual_steps.push(step);
                    last = Some((at, None));
                }
            }
            Node::Heading(_) => last = None,
            Node::Table(_) => {}
        }
    }
}

/// A step that begins at a text; the items before it in its list belong to it.
fn whole(written: &Written, at: usize, text: &Text, list: Option<usize>) -> ManualStep {
    let mut step = ManualStep { span: text.span, instructions: Vec::new(), links: Vec::new(), sql: None };
    if list.is_some() {
        let before = written.nodes.get(..at).unwrap_or_default().iter().rev().map_while(|node| match node {
            Node::Text(other) => {
                let own = other.item.and_then(|item| written.items.get(item)).map(|item| item.list);
                (own == list).then_some(other)
            }
            Node::Heading(_) | Node::Table(_) | Node::Code(_) => None,
        });
        let earlier: Vec<&Text> = before.collect();
        for other in earlier.into_iter().rev() {
            step.span.start = step.span.start.min(other.span.start);
            add(&mut step, other);
        }
    }
    add(&mut step, text);
    step
}

fn add(step: &mut ManualStep, text: &Text) {
    step.instructions
        .extend(text.plain().lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()));
    step.span.end = step.span.end.max(text.span.end);
    for run in &text.runs {
        match &run.style {
            Style::Link(to) => step.links.push(to.clone()),
            Style::Plain | Style::Strong | Style::Code => step.links.extend(links(&run.text)),
            Style::Break => {}
        }
    }
}

/// A block of instructions: no shell, and it leads into a console.
fn block(code: &Code) -> Option<ManualStep> {
    if code.is_shell()
        || code.ours
        || !matches!(code.language.as_str(), "" | "text" | "txt" | "plain" | "plaintext")
        || !by_hand(&code.text)
    {
        return None;
    }
    let lines = code.text.lines().map(str::trim).filter(|line| !line.is_empty());
    let sql = code.text.lines().map(str::trim).find(|line| is_sql(line)).map(str::to_owned);
    Some(ManualStep {
        span: code.span,
        instructions: lines.map(str::to_owned).collect(),
        links: links(&code.text).collect(),
        sql,
    })
}

fn is_sql(line: &str) -> bool {
    let upper = line.to_ascii_uppercase();
    ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "CREATE TABLE ", "ALTER TABLE ", "DROP TABLE "]
        .iter()
        .any(|lead| upper.starts_with(lead))
}

/// What a phrase says of work in a browser.
#[derive(Clone, Copy)]
enum Hand {
    Click,
    Console,
}

/// Whether words say that somebody is to work in a browser.
fn by_hand(text: &str) -> bool {
    static TABLE: OnceLock<Phrases<Hand>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        Phrases::new(&[(
            Hand::Click,
            " go to the console | in the console click | click on | click the | klicken sie | cliquez sur | haga clic | haz clic | clique em \
             | fare clic | klik op | kliknij | klikněte | нажмите на | нажмите кнопку | натисніть | tıklayın | klicka på |クリック|点击|點擊|클릭",
        ), (
            Hand::Console,
            " aws console | management console | aws konsole| aws managementkonsole | console aws | consola de aws | consola aws \
             | consola de administración | console da aws | console di aws | konsola aws | konsoli aws | konzole aws | консоль aws \
             | консоли aws | консолі aws | aws konsol|awsコンソール|aws マネジメントコンソール|マネジメントコンソール|aws 控制台|aws控制台\
             |管理控制台|aws 콘솔|aws콘솔|관리 콘솔",
        )])
    });
    let folded = fold(text);
    let (mut clicked, mut named) = (false, None);
    for hit in table.hits(&folded) {
        match hit.meaning {
            Hand::Click => clicked = true,
            Hand::Console => named = named.or(Some(hit)),
        }
    }
    // "Copy the query in the AWS console" is no path; "AWS console → RDS" is one, "Open the AWS console" begins one.
    let path = text.contains(['→', '›', '»', '➜']) || text.contains(" > ") || text.contains("->");
    let begins = named
        .is_some_and(|hit| folded.get(..hit.start).is_some_and(|lead| lead.split_whitespace().count() <= 3));
    clicked
        || (named.is_some() && (path || begins))
        || (text.contains("console.a") && text.split_whitespace().any(is_console))
}

/// `https://eu-west-3.console.aws.amazon.com/rds/…`.
fn is_console(url: &str) -> bool {
    let at = url.find("https://").and_then(|at| url.get(at + 8..));
    let host = at.and_then(|rest| rest.split(['/', ')', '>', '`']).next()).unwrap_or("");
    host == "console.aws.amazon.com"
        || host.ends_with(".console.aws.amazon.com")
        || host.ends_with(".console.amazonaws.cn")
        || host.ends_with(".console.amazonaws-us-gov.com")
}

fn links(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace().filter_map(|word| {
        let at = word.find("https://")?;
        let rest = word.get(at..)?;
        let end = rest.find(['`', ')', '>', '"', '\'']).unwrap_or(rest.len());
        rest.get(..end).map(|url| url.trim_end_matches([',', '.']).to_owned())
    })
}

/// Programs that plans call inline.
const PROGRAMS: [&str; 34] = [
    "aws",
    "terraform",
    "tofu",
    "docker",
    "docker-compose",
    "podman",
    "kubectl",
    "helm",
    "git",
    "gh",
    "npm",
    "npx",
    "yarn",
    "pnpm",
    "pip",
    "python",
    "python3",
    "curl",
    "wget",
    "cdk",
    "sam",
    "copilot",
    "eb",
    "serverless",
    "pulumi",
    "ansible",
    "ansible-playbook",
    "make",
    "psql",
    "mysql",
    "ssh",
    "scp",
    "alembic",
    "cargo",
];

/// Inline code of two words and more that begins with a program.
fn inline(text: &Text, found: &mut Vec<Said>) {
    for run in text.runs.iter().filter(|run| run.style == Style::Code) {
        let mut words = run
            .text
            .split_whitespace()
            .skip_while(|word| word.contains('=') || *word == "sudo" || *word == "$");
        let program = words.next().unwrap_or("");
        if PROGRAMS.contains(&program) && words.next().is_some() {
            found.push(Said { span: run.span, text: run.text.trim().to_owned(), mark: None });
        }
    }
}
