//! The statements of a fence as blocks: what each becomes, and which lines come along.

use super::gaps::Gaps;
use crate::lift::{self, Context, Kept, Lifted, Verdict, kept};
use crate::shell::{Reach, Script, Shape, Statement, Word, WordPart, reach, unwrap_command};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// Lines of a fence that one step owns.
#[derive(Debug)]
pub(super) struct Block {
    /// First line, with the comments above; the next block's first line ends it.
    pub(super) line: usize,
    /// Its statements.
    pub(super) statements: Range<usize>,
    pub(super) owner: Owner,
    /// Id of the step.
    pub(super) id: String,
    /// Folder in which its script begins.
    pub(super) dir: Option<String>,
}

/// What becomes of the lines of a block.
#[derive(Debug)]
pub(super) enum Owner {
    Lifted(Box<Lifted>),
    /// Stays a script.
    Kept(Kept),
}

/// What becomes of one statement, or of those that it takes along.
#[derive(Debug)]
pub(super) struct Fate {
    pub(super) statements: Range<usize>,
    pub(super) verdict: Verdict,
    /// Could have been lifted, and the operator refused.
    pub(super) refused: bool,
    /// The block that it is in.
    pub(super) block: usize,
}

/// A fence, statement by statement.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) blocks: Vec<Block>,
    pub(super) fates: Vec<Fate>,
}

/// How the walk asks for ids and for refusals.
pub(super) trait Asks {
    /// A free id for a step.
    fn id(&mut self, name: &str) -> String;
    /// Whether the operator refused a lift that begins with this statement.
    fn is_refused(&mut self, at: usize) -> bool;
}

/// Goes through a fence. At the statements in `cuts` another block begins. `never` says why nothing of it is lifted, where that is so. `None` when it would be more blocks
/// than there is room for.
pub(super) fn walk(
    script: &Script,
    text: &str,
    context: &mut Context,
    asks: &mut dyn Asks,
    never: Option<&str>,
    cuts: &[usize],
    room: usize,
) -> Option<Walked> {
    let gaps = Gaps::of(script, text);
    let mut walked = Walked::default();
    // Absorbed statements that wait for the block after them, and the folder in which they began.
    let mut waiting: Option<(usize, Option<String>)> = None;
    let mut at = 0;
    while let Some(statement) = script.statements.get(at) {
        let folder = context.folder_of(statement);
        let (verdict, refused) = verdict(script, at, text, context, asks, never);
        let take = match &verdict {
            Verdict::Lifted(lifted) => lifted.take.max(1).min(script.statements.len() - at),
            Verdict::Kept(_) | Verdict::Absorbed { .. } => 1,
        };
        let statements = at..at + take;
        let mut id = None;
        let cut = cuts.contains(&at);
        match &verdict {
            Verdict::Absorbed { .. } => {
                let talk = only_talks(statement);
                match walked.blocks.last_mut().filter(|_| talk && waiting.is_none() && !cut) {
                    Some(last) => last.statements.end = statements.end,
                    None => {
                        waiting.get_or_insert((at, folder));
                    }
                }
            }
            Verdict::Lifted(lifted) => {
                let name = asks.id(&lifted.name);
                id = Some(name.clone());
                let (from, dir) = waiting.take().unwrap_or((at, None));
                let owner = Owner::Lifted(lifted.clone());
                push(&mut walked.blocks, script, &gaps, from..statements.end, owner, name, dir);
            }
            Verdict::Kept(kept) => match walked.blocks.last_mut() {
                // What waits since a cut begins a block, too.
                Some(Block { statements: own, owner: Owner::Kept(before), id: name, .. })
                    if !cuts.iter().any(|cut| own.end <= *cut && *cut <= at) =>
                {
                    waiting = None;
                    own.end = statements.end;
                    merge(before, kept);
                    id = Some(name.clone());
                }
                _ => {
                    let name = asks.id(&name_of(Some(statement)));
                    id = Some(name.clone());
                    let (from, dir) = waiting.take().unwrap_or((at, kept.dir.clone()));
                    let owner = Owner::Kept(kept.clone());
                    push(&mut walked.blocks, script, &gaps, from..statements.end, owner, name, dir);
                }
            },
        }
        context.enter(script, text, at, &verdict, id.as_deref());
        let block = walked.blocks.len().saturating_sub(usize::from(waiting.is_none()));
        if walked.blocks.len() > room {
            return None;
        }
        walked.fates.push(Fate { statements: statements.clone(), verdict, refused, block });
        at = statements.end;
    }
    if let Some((from, dir)) = waiting {
        last(&mut walked, script, text, context, asks, &gaps, from, dir);
    }
    Some(walked)
}

/// Absorbed statements at the end go with the block before them; where nothing else stands in the fence, they stay a
/// script, since every line has an owner.
#[expect(clippy::too_many_arguments, reason = "the end of the walk, which has all of it at hand")]
fn last(
    walked: &mut Walked,
    script: &Script,
    text: &str,
    context: &mut Context,
    asks: &mut dyn Asks,
    gaps: &Gaps,
    from: usize,
    dir: Option<String>,
) {
    let end = script.statements.len();
    let number = walked.blocks.len();
    if let Some(last) = walked.blocks.last_mut() {
        last.statements.end = end;
        walked.fates.iter_mut().for_each(|fate| fate.block = fate.block.min(number - 1));
        return;
    }
    let mut all: Option<Kept> = None;
    for at in from..end {
        let one = kept(script, at, text, context, "It stands alone in its fence.");
        match &mut all {
            Some(all) => merge(all, &one),
            None => all = Some(one),
        }
    }
    if let Some(all) = all {
        let name = asks.id(&name_of(script.statements.get(from)));
        push(&mut walked.blocks, script, gaps, from..end, Owner::Kept(all), name, dir);
    }
}

fn verdict(
    script: &Script,
    at: usize,
    text: &str,
    context: &Context,
    asks: &mut dyn Asks,
    never: Option<&str>,
) -> (Verdict, bool) {
    let found = lift::verdict(script, at, text, context);
    if !matches!(found, Verdict::Lifted(_)) {
        return (found, false);
    }
    let stays = |why: &str| Verdict::Kept(kept(script, at, text, context, why));
    if asks.is_refused(at) {
        return (stays("The lift was refused."), true);
    }
    match never {
        Some(why) => (stays(why), false),
        None => (found, false),
    }
}

fn push(
    blocks: &mut Vec<Block>,
    script: &Script,
    gaps: &Gaps,
    statements: Range<usize>,
    owner: Owner,
    id: String,
    dir: Option<String>,
) {
    let lines = |at: usize| script.statements.get(at).map_or(0..0, |statement| statement.lines.clone());
    let line = match blocks.last() {
        None => 0,
        Some(before) => {
            gaps.cut(lines(before.statements.end.saturating_sub(1)).end, lines(statements.start).start)
        }
    };
    blocks.push(Block { line, statements, owner, id, dir });
}

/// Two statements in one script: the worse effect, all that both read, each reason once.
fn merge(into: &mut Kept, one: &Kept) {
    let rank = |effect| match effect {
        crate::Effect::Read => 0,
        crate::Effect::Idempotent => 1,
        crate::Effect::Once => 2,
        crate::Effect::Destructive => 3,
    };
    if rank(one.effect) > rank(into.effect) {
        into.effect = one.effect;
    }
    for (name, value) in &one.env {
        into.env.entry(name.clone()).or_insert_with(|| value.clone());
    }
    into.vars.extend(one.vars.iter().cloned());
}

/// State of the shell that a step cannot hand on: functions, options, traps, what a sourced file sets, and variables that
/// only the script computes. A fence that has some may only be cut where nothing below needs it.
pub(super) fn makes_state(script: &Script) -> bool {
    script.statements.iter().any(|statement| state(statement).is_some())
}

/// Whether a walk cuts a script where what is below needs what is above.
pub(super) fn is_torn(script: &Script, text: &str, walked: &Walked) -> bool {
    // The first block after which everything is run in another way, and the one that first sets each name.
    let mut all: Option<usize> = None;
    let mut names: HashMap<String, usize> = HashMap::new();
    for (number, block) in walked.blocks.iter().enumerate() {
        let kept = matches!(block.owner, Owner::Kept(_));
        if kept && all.is_some() {
            return true;
        }
        for statement in script.statements.get(block.statements.clone()).unwrap_or_default() {
            let above = |name: &str| names.get(name).is_some_and(|home| *home < number);
            if kept && !names.is_empty() && variables(statement, text).any(above) {
                return true;
            }
            match state(statement) {
                Some(State::All) => all = Some(number),
                Some(State::Names(made)) => {
                    made.into_iter().for_each(|name| {
                        names.entry(name).or_insert(number);
                    });
                }
                None => {}
            }
        }
    }
    false
}

/// What a statement leaves in the shell.
enum State {
    /// Whatever comes below is run in another way.
    All,
    /// Names of functions or variables.
    Names(BTreeSet<String>),
}

fn state(statement: &Statement) -> Option<State> {
    match &statement.shape {
        Shape::Assignments(assignments) => {
            let computed =
                assignments.iter().filter(|one| is_computed(&one.value)).map(|one| one.name.clone());
            let names: BTreeSet<String> = computed.collect();
            (!names.is_empty()).then_some(State::Names(names))
        }
        Shape::Compound { word, .. } if word == "function" => Some(State::All),
        Shape::Simple(_) | Shape::List(_) => {
            let all = statement.commands().iter().any(|command| {
                let first = command.words.first().and_then(Word::literal);
                matches!(
                    first.as_deref(),
                    Some("set" | "source" | "." | "trap" | "shopt" | "eval" | "alias" | "read")
                )
            });
            all.then_some(State::All)
        }
        Shape::Compound { .. } | Shape::Pipeline(_) | Shape::NotUnderstood(_) => None,
    }
}

fn is_computed(word: &Word) -> bool {
    word.parts.iter().any(|part| matches!(part, WordPart::Command(_) | WordPart::Arithmetic(_)))
}

/// Names after `$`, `${`, `${#` and `${!`.
fn variables<'t>(statement: &Statement, text: &'t str) -> impl Iterator<Item = &'t str> {
    let written = text.get(statement.span.start..statement.span.end).unwrap_or_default();
    written.match_indices(['$', '{', '#', '!']).filter_map(|(at, _)| {
        let name = written.get(at + 1..)?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        name.get(..end).filter(|name| !name.is_empty())
    })
}

/// `echo`, `printf`: said of what was done above it.
fn only_talks(statement: &Statement) -> bool {
    let commands = statement.commands();
    !commands.is_empty()
        && commands.iter().all(|command| {
            let program = command.words.first().and_then(Word::literal);
            matches!(program.as_deref(), Some("echo" | "printf" | ":" | "true"))
        })
}

/// `docker_push` of `docker push …`: the program and what it is told to do.
fn name_of(statement: Option<&Statement>) -> String {
    let commands = statement.map(Statement::commands).unwrap_or_default();
    let telling = commands
        .iter()
        .map(|command| unwrap_command(command).words)
        .find(|words| !words.is_empty() && !matches!(reach(words).reach, Reach::Local));
    let first = || commands.first().map(|command| Cow::Borrowed(command.words.as_slice()));
    let words = telling.or_else(first).unwrap_or_default();
    let mut name: Vec<String> = Vec::new();
    for word in words.iter().filter_map(Word::literal) {
        let fit = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.'));
        if name.len() >= 3
            || !fit
            || (!name.is_empty() && (word.starts_with(['-', '.', '/']) || word.contains(['/', '.'])))
        {
            break;
        }
        let last = word.rsplit('/').next().unwrap_or(&word);
        name.push(crate::sections::slug(last));
    }
    match name.join("_") {
        empty if empty.trim_matches('_').is_empty() => "script".to_owned(),
        name => name,
    }
}
