//! Whether a later line takes an image from this machine's Docker, where a step that pushes it leaves none. What the lines of
//! a file do with images is found out once, for all builds that ask.

use super::Call;
use super::assigned;
use super::context::Context;
use super::values::{Values, placeholder_name, var_name};
use super::verdict::{Keep, keep};
use crate::shell::{Assignment, Command, Script, Shape, Statement, Word, WordPart};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// How many statements are looked through for a use of an image.
const FARTHEST: usize = 2_000;
/// How many of them may be about images.
const MOST: usize = 400;

/// Programs that take images from this machine's Docker.
const PROGRAMS: [&str; 15] = [
    "docker",
    "docker-compose",
    "podman",
    "nerdctl",
    "finch",
    "kind",
    "k3d",
    "minikube",
    "trivy",
    "grype",
    "syft",
    "dive",
    "snyk",
    "skopeo",
    "cosign",
];

/// The scripts of a file, of which those from a number on come after the fence that is gone through, and what was found out
/// about the images in them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Later {
    scripts: Arc<Vec<(Arc<Script>, String)>>,
    /// For each script the number of its first statement in the file.
    firsts: Arc<Vec<usize>>,
    from: usize,
    watched: Arc<Watched>,
    /// Found out by the first build that asks, for those after it too. Copies share it: what a walk that is given up has
    /// found out holds for the walk after it.
    images: Arc<Mutex<Option<Images>>>,
}

/// What the names of images in a file may depend on.
#[derive(Debug, Default)]
struct Watched {
    /// Variables of the shell.
    variables: BTreeSet<String>,
    /// Variables of the plan that no assignment brings.
    asked: BTreeSet<String>,
}

impl Later {
    /// Goes to the fence before the script of that number; nothing that was found out is lost while the scripts are the same.
    pub(crate) fn see(&mut self, scripts: &Arc<Vec<(Arc<Script>, String)>>, from: usize) {
        if !Arc::ptr_eq(&self.scripts, scripts) {
            let mut count = 0;
            let firsts = scripts.iter().map(|(script, _)| {
                let first = count;
                count += script.statements.len();
                first
            });
            let firsts = Arc::new(firsts.collect());
            let watched = Arc::new(Watched::of(scripts.iter().flat_map(|(script, _)| &script.statements)));
            *self = Self { scripts: Arc::clone(scripts), firsts, watched, ..Self::default() };
        }
        self.from = from;
    }

    /// A variable has got another value than its assignment alone says.
    pub(crate) fn sets(&mut self, name: &str) {
        if self.watched.variables.contains(name) {
            self.forget();
        }
    }

    /// The plan has a variable that no assignment brought.
    pub(crate) fn asks_for(&mut self, name: &str) {
        if self.watched.asked.contains(name) {
            self.forget();
        }
    }

    /// The target is known better.
    pub(crate) fn reaches(&mut self) {
        self.forget();
    }

    /// What was found out stays with the copies, for which it still holds.
    fn forget(&mut self) {
        self.images = Arc::default();
    }

    /// The number in the file of a statement of the script that is gone through; `None` where it is no script of the file.
    fn number(&self, script: &Script, at: usize) -> Option<usize> {
        let own = self.from.checked_sub(1)?;
        let (same, _) = self.scripts.get(own)?;
        std::ptr::eq(same.as_ref(), script).then_some(self.firsts.get(own)? + at)
    }

    /// Statements from a number on, with the texts of their scripts.
    fn statements(&self, from: usize) -> impl Iterator<Item = (&str, &Statement)> {
        let first = self.firsts.partition_point(|first| *first <= from).saturating_sub(1);
        let skipped = from - self.firsts.get(first).copied().unwrap_or(from);
        self.scripts.get(first..).unwrap_or_default().iter().flat_map(statements).skip(skipped)
    }

    /// Refuses where one of the names is taken from a statement on.
    fn refuse(&self, from: usize, context: &Context, names: &BTreeSet<String>) -> Result<(), Keep> {
        let mut found = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        let known = found.take().filter(|known| (known.looked.start..=known.looked.end).contains(&from));
        let images = found.insert(known.unwrap_or_else(|| Images::new(from, context)));
        let mut rest = self.statements(images.looked.end);
        images.refuse(from, names, &mut rest)
    }
}

impl Watched {
    fn of<'s>(all: impl Iterator<Item = &'s Statement>) -> Self {
        let mut found = Self::default();
        let mut open: Vec<&Word> = Vec::new();
        let mut values: HashMap<&str, Vec<&Word>> = HashMap::new();
        for statement in all {
            crate::work::spend(1);
            let mut assigns = |one: &'s Assignment| values.entry(&one.name).or_default().push(&one.value);
            for command in statement.commands() {
                if is_about_images(command) {
                    open.extend(&command.words);
                }
                command.assignments.iter().for_each(&mut assigns);
            }
            assigned_in(&statement.shape, &mut assigns);
        }
        // The words of such commands, and the values of the variables in them.
        while let Some(word) = open.pop() {
            for part in &word.parts {
                match part {
                    WordPart::Variable { name, .. } => {
                        if found.variables.insert(name.clone()) {
                            found.asked.insert(var_name(name));
                            open.extend(values.remove(name.as_str()).unwrap_or_default());
                        }
                    }
                    WordPart::Placeholder(what) => {
                        found.asked.insert(placeholder_name(what));
                    }
                    WordPart::Text { .. }
                    | WordPart::Command(_)
                    | WordPart::Arithmetic(_)
                    | WordPart::Glob(_)
                    | WordPart::Template(_) => {}
                }
            }
        }
        found
    }
}

/// Refuses a build or a copy whose image a later line of the script, or of a later fence, takes from this machine.
pub(crate) fn refuse_if_used(
    call: &Call<'_, '_>,
    take: usize,
    names: &BTreeSet<String>,
    pushed: &[String],
) -> Result<(), Keep> {
    let scene = call.scene;
    let context = scene.context();
    let names: BTreeSet<String> = names.iter().chain(pushed).map(|name| known(context, name)).collect();
    let later = context.later();
    let after = scene.at + take;
    match later.number(scene.script, after) {
        Some(number) => later.refuse(number, context, &names),
        None => {
            let same = scene.script.statements.get(after..).unwrap_or_default();
            let here = same.iter().map(|statement| (scene.text, statement));
            let there = later.scripts.get(later.from..).unwrap_or_default().iter().flat_map(statements);
            Images::new(0, context).refuse(0, &names, &mut here.chain(there))
        }
    }
}

/// What some statements in a row do with images of this machine: as many as the builds so far had to look at.
#[derive(Debug)]
struct Images {
    /// Numbers of the statements that were looked at.
    looked: Range<usize>,
    /// As the shell would know its variables after them.
    context: Context,
    /// Commands about images, in order.
    commands: Vec<Told>,
    /// By what such commands name, their places in `commands`; without those that go to the registry.
    named: HashMap<String, Vec<usize>>,
    /// Places of those that take an image of which nobody knows which one it is.
    unknown: Vec<usize>,
}

/// A command about images.
#[derive(Debug)]
struct Told {
    /// The number of its statement.
    statement: usize,
    /// It gives the names to an image that it builds anew.
    makes: bool,
    /// As the shell would know them by then; `None` for what is only known when it runs.
    words: Vec<Option<String>>,
}

impl Images {
    /// Before the statement of that number.
    fn new(from: usize, context: &Context) -> Self {
        Self {
            looked: from..from,
            context: context.by_itself(),
            commands: Vec::new(),
            named: HashMap::new(),
            unknown: Vec::new(),
        }
    }

    /// Looks at one more statement.
    fn look(&mut self, text: &str, statement: &Statement) {
        crate::work::spend(1);
        for command in statement.commands().into_iter().filter(|command| is_about_images(command)) {
            self.command(command, text);
        }
        self.looked.end += 1;
        assigned::learn(&mut self.context, statement, text);
    }

    fn command(&mut self, command: &Command, text: &str) {
        crate::work::spend(command.words.len());
        let values = Values::new(&self.context, text);
        let read = command.words.iter().map(|word| values.text(word).ok());
        let words: Vec<Option<String>> =
            read.map(|word| word.map(|word| known(&self.context, &word))).collect();
        let place = self.commands.len();
        let seen: Vec<Option<&str>> = words.iter().map(Option::as_deref).collect();
        let makes = makes(&seen);
        if makes || !asks_registry(&seen) {
            for word in seen.iter().flatten() {
                let places = self.named.entry((*word).to_owned()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
            if !makes && has_unknown_image(&seen) {
                self.unknown.push(place);
            }
        }
        self.commands.push(Told { statement: self.looked.end, makes, words });
    }

    /// Refuses where one of the names is taken from a statement on; `rest` are the statements behind those that were looked
    /// at, of which only as many are looked at as it takes to say so.
    fn refuse<'s>(
        &mut self,
        from: usize,
        names: &BTreeSet<String>,
        rest: &mut impl Iterator<Item = (&'s str, &'s Statement)>,
    ) -> Result<(), Keep> {
        // Answers that are not there yet are looked for behind ever more statements.
        let mut step = 8;
        loop {
            if let Some(answer) = self.answer(from, names) {
                return answer;
            }
            let before = self.looked.end;
            for (text, statement) in rest.by_ref().take(step) {
                self.look(text, statement);
            }
            if self.looked.end == before {
                return Ok(());
            }
            step *= 2;
        }
    }

    /// What the statements say that were looked at; `None` where those behind them matter.
    fn answer(&self, from: usize, names: &BTreeSet<String>) -> Option<Result<(), Keep>> {
        crate::work::spend(names.len());
        let first = self.commands.partition_point(|command| command.statement < from);
        // From a build on that makes one of them anew, that name is another image's.
        let mut taken: Vec<(usize, &str)> = Vec::new();
        let mut gone: Option<usize> = Some(from);
        for name in names {
            let places = self.named.get(name).map(Vec::as_slice).unwrap_or_default();
            let next = places.get(places.partition_point(|place| *place < first));
            match next.and_then(|place| Some((*place, self.commands.get(*place)?))) {
                Some((_, command)) if command.makes => {
                    gone = gone.map(|gone| gone.max(command.statement));
                }
                Some((place, _)) => {
                    gone = None;
                    taken.push((place, name));
                }
                None => gone = None,
            }
        }
        let used = taken.iter().map(|(place, _)| *place).min();
        let unknown = self.unknown.get(self.unknown.partition_point(|place| *place < first)).copied();
        let stop = used.into_iter().chain(unknown).min();
        let stop = stop.and_then(|place| Some((place, self.commands.get(place)?)));
        let crowded = self.commands.get(first + MOST).map(|command| command.statement);
        let distant = Some(from + FARTHEST + 1).filter(|statement| self.looked.contains(statement));
        let far = crowded.into_iter().chain(distant).min();
        let stopped = stop.map(|(_, command)| command.statement);
        let ends = far.into_iter().chain(stopped).min();
        if gone.is_some_and(|gone| ends.is_none_or(|end| gone < end)) {
            return Some(Ok(()));
        }
        if far.is_some() && far == ends {
            return Some(keep(
                "so much comes after it that nobody knows whether the image is needed on this machine",
            ));
        }
        let (place, command) = stop?;
        let here = |word: &&str| taken.iter().any(|(at, name)| *at == place && name == word);
        Some(match command.words.iter().flatten().map(String::as_str).find(here) {
            Some(name) => {
                keep(format!("a later line takes `{}` from this machine's Docker", assigned::shown(name)))
            }
            None => {
                keep("a later line takes an image from this machine's Docker that is only known when it runs")
            }
        })
    }
}

/// An image's name where all variables of the plan have their defaults.
fn known(context: &Context, name: &str) -> String {
    let settled = context.settled(name).unwrap_or_else(|| name.to_owned());
    plain(&settled).to_owned()
}

fn assigned_in<'s>(shape: &'s Shape, found: &mut impl FnMut(&'s Assignment)) {
    match shape {
        Shape::Assignments(assignments) => assignments.iter().for_each(found),
        Shape::List(items) => items.iter().for_each(|(_, shape)| assigned_in(shape, found)),
        Shape::Simple(_) | Shape::Pipeline(_) | Shape::Compound { .. } | Shape::NotUnderstood(_) => {}
    }
}

fn statements((script, text): &(Arc<Script>, String)) -> impl Iterator<Item = (&str, &Statement)> {
    script.statements.iter().map(move |statement| (text.as_str(), statement))
}

fn is_about_images(command: &Command) -> bool {
    command.words.iter().filter_map(Word::literal).any(|word| is_program(&word))
}

fn is_program(word: &str) -> bool {
    PROGRAMS.contains(&word.rsplit('/').next().unwrap_or_default())
}

/// The name without the tag that Docker adds by itself.
pub(crate) fn plain(name: &str) -> &str {
    let name = name.strip_prefix("docker-daemon:").unwrap_or(name);
    name.strip_suffix(":latest").unwrap_or(name)
}

/// The words of a command of Docker behind its name.
fn verb<'w>(words: &[Option<&'w str>]) -> Vec<&'w str> {
    let at = words.iter().position(|word| word.is_some_and(is_program));
    let rest = at.and_then(|at| words.get(at + 1..)).unwrap_or_default();
    rest.iter().map_while(|word| *word).collect()
}

/// It gives the names to an image that it builds anew.
fn makes(words: &[Option<&str>]) -> bool {
    matches!(verb(words).as_slice(), ["build", ..] | ["buildx" | "image", "build", ..])
}

/// It goes to the registry, whatever is on this machine.
fn asks_registry(words: &[Option<&str>]) -> bool {
    matches!(
        verb(words).as_slice(),
        ["pull" | "login" | "logout", ..] | ["manifest", "inspect", ..] | ["buildx", "imagetools", ..]
    )
}

/// `docker tag $IMAGE …`, where nobody knows which one it is.
fn has_unknown_image(words: &[Option<&str>]) -> bool {
    const TAKING: [&str; 9] = ["run", "tag", "push", "inspect", "save", "create", "history", "rmi", "image"];
    if !verb(words).first().is_some_and(|verb| TAKING.contains(verb)) {
        return false;
    }
    words.windows(2).any(|pair| match pair {
        [Some(before), None] => {
            !before.starts_with('-') || matches!(*before, "--rm" | "-it" | "-ti" | "-i" | "-t" | "-d")
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lift::{Facts, Verdict, lift};
    use crate::shell::parse;

    /// What is found out once says the same as looking through all lines anew for each build.
    fn looked_through<'s>(
        statements: impl Iterator<Item = (&'s str, &'s Statement)>,
        context: &Context,
        mut names: BTreeSet<String>,
    ) -> Result<(), Keep> {
        let mut context = context.clone();
        let mut about = 0;
        for (count, (text, statement)) in statements.enumerate() {
            let commands: Vec<&Command> =
                statement.commands().into_iter().filter(|command| is_about_images(command)).collect();
            about += commands.len();
            if count > FARTHEST || about > MOST {
                return keep("much");
            }
            for command in commands {
                let values = Values::new(&context, text);
                let read = command.words.iter().map(|word| values.text(word).ok());
                let words: Vec<Option<String>> =
                    read.map(|word| word.map(|word| known(&context, &word))).collect();
                let words: Vec<Option<&str>> = words.iter().map(Option::as_deref).collect();
                if makes(&words) {
                    words.iter().flatten().for_each(|word| {
                        names.remove(*word);
                    });
                } else if !asks_registry(&words) {
                    if let Some(name) = words.iter().flatten().find(|word| names.contains(**word)) {
                        return keep(assigned::shown(name));
                    }
                    if has_unknown_image(&words) {
                        return keep("known when it runs");
                    }
                }
            }
            if names.is_empty() {
                break;
            }
            assigned::learn(&mut context, statement, text);
        }
        Ok(())
    }

    impl Later {
        /// Which statements are looked at by now.
        fn looked(&self) -> Option<Range<usize>> {
            self.images.lock().unwrap().as_ref().map(|images| images.looked.clone())
        }
    }

    const LINES: [&str; 26] = [
        "TAG=v1",
        "TAG=v2",
        "NEXT=$TAG-b",
        "IMG=111122223333.dkr.ecr.eu-west-1.amazonaws.com/a",
        "IMG=b",
        "REPO=$(terraform output -raw repo)",
        "OTHER=$REPO/x",
        "source env.sh",
        "docker build --platform linux/amd64 -t a:v1 .",
        "docker build --platform linux/amd64 -t $IMG:$TAG .",
        "docker build --platform linux/amd64 -t $REPO:$TAG .",
        "docker build --platform linux/amd64 -t b:${FRESH:-v1} .",
        "docker tag a:v1 $IMG:$NEXT",
        "docker tag $REPO:v1 a:v2",
        "docker push $IMG:$TAG",
        "docker push $REPO:v2",
        "docker push $OTHER:$UNSET",
        "docker push $SET_NOWHERE",
        "docker pull --platform linux/amd64 b:v1",
        "docker run --rm b:<release>",
        "for one in a b; do docker push $one:v1; done",
        "kind load docker-image b:$TAG-b && docker build -t b:v2 .",
        "ls -l",
        "echo docker push a:v1",
        "aws ecs describe-services --cluster shop --services a --region eu-west-1",
        "docker images",
    ];

    /// Walks scripts whose lines are taken by chance, and asks at every few statements. How often it was refused, and how
    /// often what was found out before served again.
    fn walked(mut chance: u64, fences: usize, lines: usize, every: usize) -> (usize, usize) {
        let mut next = |below: usize| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(chance >> 33).unwrap() % below
        };
        let scripts: Vec<(Arc<Script>, String)> = (0..fences)
            .map(|_| {
                let text: String = (0..lines).map(|_| format!("{}\n", LINES[next(LINES.len())])).collect();
                (Arc::new(parse(&text)), text)
            })
            .collect();
        let scripts = Arc::new(scripts);
        let mut context = Context::new(Facts::default());
        let (mut refused, mut again) = (0, 0);
        for (fence, (script, text)) in scripts.iter().enumerate() {
            context.begin_fence();
            context.expect_later(&scripts, fence + 1);
            let before = context.clone();
            for redone in [false, true] {
                // A walk may be given up, and begun again from what was known before.
                if redone && next(4) > 0 {
                    break;
                }
                context = before.clone();
                let mut at = 0;
                while at < script.statements.len() {
                    if next(every) == 0 {
                        let names = ["a:v1", "b:v1", "b:v2", "b:v1-b", "a:v2"];
                        let chosen = names.iter().filter(|_| next(3) == 0).map(|name| (*name).to_owned());
                        let mut chosen: BTreeSet<String> = chosen.collect();
                        chosen.insert(known(&context, "b"));
                        let number = context.later().number(script, at).unwrap();
                        let had = context.later().looked();
                        let found = context.later().refuse(number, &context, &chosen);
                        let has = context.later().looked();
                        again +=
                            usize::from(had.is_some_and(|had| Some(had.start) == has.map(|has| has.start)));
                        let rest = context.later().statements(number);
                        let expected = looked_through(rest, &context, chosen);
                        match (&found, &expected) {
                            (Ok(()), Ok(())) => {}
                            (Err(Keep(found)), Err(Keep(expected))) => {
                                refused += 1;
                                assert!(found.contains(expected), "{found}: {expected}");
                            }
                            _ => panic!("{found:?} and {expected:?} at {at} of {fence}:\n{text}"),
                        }
                    }
                    let verdict = lift(script, at, text, &context);
                    let id = format!("step_{fence}_{at}");
                    context.enter(script, text, at, &verdict, Some(&id));
                    at += match &verdict {
                        Verdict::Lifted(lifted) => lifted.take.max(1),
                        Verdict::Kept(_) | Verdict::Absorbed { .. } => 1,
                    };
                }
            }
        }
        (refused, again)
    }

    #[test]
    fn what_is_found_out_once_says_what_a_look_through_all_lines_would() {
        let (mut refused, mut again) = (0, 0);
        for chance in 1..=60 {
            let (more, served) = walked(chance, 8, 8, 2);
            (refused, again) = (refused + more, again + served);
        }
        let (more, served) = walked(7, 160, 16, 40);
        assert!(
            refused > 100 && more > 10 && again > 200 && served > 10,
            "{refused} {more} {again} {served}"
        );
    }
}
