//! Reads a script and walks it. A line is a part of the plan, (after `+`) of its next revision, a command, or (after
//! `=`) what must be so.

use super::driver::{Run, done_by, outcome, receipt};
use super::people::{checked, signature, signed};
use super::plans::{ACCOUNT, hours, id, plan};
use holdpoint_plan::{ItemId, Plan, StageId};
use holdpoint_run::{
    ActionPlan, Adopted, Adoption, Answer, Ask, AskOption, At, Choice, Command, Diagnosis, Evidence, Fact,
    HoldKey, How, Interruption, Mode, Moment, Question, Refusal, RunEnd, State, Status, Work, covers_digest,
    differences, interruption, next, standing,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Walks one script, then replays its journal.
pub(crate) fn check(name: &str, text: &str) {
    let lines: Vec<_> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let of_plan = |line: &&str| {
        ["stage ", "read ", "probe ", "change ", "twice ", "ask ", "list ", "together "]
            .iter()
            .any(|word| line.starts_with(word))
    };
    let (of_plan, rest): (Vec<&str>, Vec<&str>) = lines.into_iter().partition(of_plan);
    let (revision, rest): (Vec<&str>, Vec<&str>) = rest.into_iter().partition(|line| line.starts_with('+'));
    let revision: Vec<&str> = revision.into_iter().map(|line| line.trim_start_matches(['+', ' '])).collect();
    let mut walk = Walk { run: Run::new(plan(&of_plan)), facts: Vec::new(), kept: None, revision: None };
    if !revision.is_empty() {
        let revision = Arc::new(plan(&revision));
        walk.run.state.know(Arc::clone(&revision));
        walk.revision = Some(revision);
    }
    for line in rest {
        let place = format!("{name}: `{line}`");
        if let Some(claim) = line.strip_prefix('=') {
            walk.claim(&words(claim), &place);
            continue;
        }
        let (command, refusal) = match line.split_once(" ! ") {
            Some((command, refusal)) => (command, Some(refusal.trim())),
            None => (line, None),
        };
        match (walk.command(&words(command)), refusal) {
            (Ok(()), None) => {}
            (Ok(()), Some(wanted)) => panic!("{place}: was accepted, and should be refused: {wanted}"),
            (Err(refusal), None) => panic!("{place}: was refused: {refusal}"),
            (Err(refusal), Some(wanted)) => {
                let said = refusal.to_string();
                assert!(said.contains(wanted), "{place}: was refused with `{said}`");
            }
        }
    }
    walk.run.replay();
}

struct Walk {
    run: Run,
    facts: Vec<Fact>,
    /// A signature kept to be given again.
    kept: Option<holdpoint_run::Signature>,
    /// The plan as it was edited meanwhile.
    revision: Option<Arc<Plan>>,
}

impl Walk {
    fn command(&mut self, words: &[String]) -> Result<(), Refusal> {
        let all: Vec<&str> = words.iter().map(String::as_str).collect();
        let rest = |from: usize| all.get(from..).unwrap_or_default().join(" ");
        let by = done_by("alice");
        let command = match all.as_slice() {
            ["go"] => {
                self.run.drive(|_| false);
                return Ok(());
            }
            ["go", step, status] => {
                let (step, status) = (work(step), (*status).to_owned());
                self.run.drive(|state| status_of(state, &step) == status);
                assert_eq!(status_of(&self.run.state, &step), status);
                return Ok(());
            }
            ["ends", step, how] => {
                self.run.outcomes.insert(id(step), (*how).into());
                return Ok(());
            }
            ["value", step, value] => {
                self.run.values.insert(id(step), json!(value));
                return Ok(());
            }
            ["world", value] => {
                self.run.world = json!(value);
                return Ok(());
            }
            ["start", mode, who, more @ ..] => {
                let mode = if *mode == "live" { Mode::Live } else { Mode::Practice };
                let account = more.first().copied().unwrap_or(ACCOUNT);
                return self.run.start(mode, who, account).map(|facts| self.facts = facts);
            }
            ["sign", hold, who, ..] => {
                let hold = key(hold);
                let signature = signature(&self.run.state, &hold, who, &words[3..], self.run.now);
                self.kept = Some(signature.clone());
                Command::Sign { hold, signature: Box::new(signature) }
            }
            ["sign_again", hold] => {
                let signature = self.kept.clone().expect("a signature was given");
                Command::Sign { hold: key(hold), signature: Box::new(signature) }
            }
            ["glass", hold, who, ..] => {
                let hold = key(hold);
                let signature = signature(&self.run.state, &hold, who, &words[3..], self.run.now);
                Command::BreakGlass { hold, signature: Box::new(signature) }
            }
            ["wait", length] => {
                self.run.now = At(self.run.now.0 + hours(length).as_millis() as i64);
                return Ok(());
            }
            ["adopt", ..] => Command::Adopt(Box::new(self.adopted(&words[1..])?)),
            ["close_obligation", name, ..] => {
                let (id, reason) = ((*name).to_owned(), rest(2));
                Command::CloseObligation { id, by, reason, evidence: None }
            }
            ["move_obligation", name, length, ..] => {
                let due = Some(At(self.run.now.0 + hours(length).as_millis() as i64));
                let (id, owner) = ((*name).to_owned(), Some("platform".to_owned()));
                Command::MoveObligation { id, due, owner, by, reason: rest(3) }
            }
            ["open", hold] => Command::OpenHold { hold: key(hold), covers: Vec::new() },
            ["pin", "start"] => Command::Pin { moment: Moment::Start, pins: Vec::new() },
            ["pin", "change"] => Command::Pin { moment: Moment::BeforeFirstChange, pins: Vec::new() },
            ["takeover"] => Command::TakeOver { driver: "2 on console".into(), reason: "resumed".into() },
            ["intend", step] => self.run.intend(&work(step)),
            ["intend", step, how] => altered(self.run.intend(&work(step)), how, &self.run),
            ["skip_by_condition", step] => Command::SkipByCondition { step: id(step) },
            ["answer", step, ..] => Command::Answer { work: work(step), answer: answer(&words[2..]), by },
            ["asks", step, key] => Command::Ask { work: work(step), question: Box::new(question(key)) },
            ["settled", step, key] => {
                Command::Withdraw { work: work(step), key: (*key).into(), why: "time was up".into() }
            }
            ["reply", step, key, option, who, ..] => {
                let covers = covers_digest(&question(key).covers(option));
                let signature = signed(&self.run.state, covers, who, &words[5..], self.run.now);
                let (key, option) = ((*key).to_owned(), (*option).to_owned());
                Command::Reply { work: work(step), key, option, signature: Box::new(signature) }
            }
            ["send", step, action] => Command::Send { work: work(step), action: number(action) },
            ["not_sent", step, action] => {
                Command::NotSent { work: work(step), action: number(action), why: "throttled".into() }
            }
            ["receive", step, action] => Command::Receive {
                work: work(step),
                action: number(action),
                receipt: receipt(),
                how: How::Answered,
            },
            ["verify", step] => Command::Verify { work: work(step) },
            ["conclude", step, "succeeded"] => {
                let outcome = Box::new(self.run.success(&id(step.trim_start_matches('~'))));
                Command::Conclude { work: work(step), outcome }
            }
            ["conclude", step, how] => {
                Command::Conclude { work: work(step), outcome: Box::new(outcome(how)) }
            }
            ["lose", step] => Command::BecomeUnknown {
                work: work(step),
                diagnosis: Box::new(Diagnosis::of("the answer was lost")),
            },
            ["retry", step] => choice(step, Choice::Retry { mended: None }),
            ["again", step, from] => choice(step, Choice::Again { from: id(from), reason: None }),
            ["stop", step, how] => Command::Stop { work: work(step), hard: *how == "hard", by, reason: None },
            ["skip", step, ..] => choice(step, Choice::Skip { reason: rest(2) }),
            ["took", step, action] => {
                choice(step, Choice::TookEffect { action: number(action), receipt: receipt() })
            }
            ["took_not", step, action, ..] => {
                choice(step, Choice::TookNoEffect { action: number(action), reason: rest(3) })
            }
            ["tick", list, item, ..] => ticked(list, item, true, &words[3..]),
            ["untick", list, item, ..] => ticked(list, item, false, &words[3..]),
            ["keep", step] => Command::Keep {
                work: work(step),
                evidence: Evidence {
                    name: "log".into(),
                    digest: "e".into(),
                    media: "text/plain".into(),
                    bytes: 1,
                },
            },
            ["rollback", ..] => rollback(&words[1..]),
            ["abort", ..] => Command::Abort { by, reason: rest(1) },
            ["close", how] => Command::Close { end: end(how) },
            other => panic!("no command {other:?}"),
        };
        self.run.command(command).map(|facts| self.facts = facts)
    }

    /// `keep:step` and `again:step`, and why.
    fn adopted(&self, words: &[String]) -> Result<Adopted, Refusal> {
        let plan = self.revision.as_ref().expect("a revision");
        let changes = differences(&self.run.state, plan)?;
        let mut adopted = Adopted {
            digest: plan.digest.clone(),
            path: "a.plan.md".into(),
            by: done_by("alice"),
            reason: String::new(),
            changes,
            fates: BTreeMap::new(),
            vars: BTreeMap::new(),
            pins: Vec::new(),
            undo: self.run.undo_of(plan),
        };
        for word in words {
            match word.split_once(':') {
                Some(("keep", step)) => adopted.fates.insert(id(step), Adoption::Keep),
                Some(("again", step)) => adopted.fates.insert(id(step), Adoption::Again),
                Some(_) | None => {
                    adopted.reason = word.clone();
                    None
                }
            };
        }
        Ok(adopted)
    }

    fn claim(&self, words: &[String], place: &str) {
        let all: Vec<&str> = words.iter().map(String::as_str).collect();
        let state = &self.run.state;
        match all.as_slice() {
            ["facts", kinds @ ..] => {
                let found: Vec<_> = self.facts.iter().map(kind).collect();
                assert_eq!(found, kinds, "{place}");
            }
            ["waits", wanted @ ..] => assert_eq!(waits(state), wanted.join(" "), "{place}"),
            ["next", wanted] => {
                let found = next(state).map_or("none".into(), |effect| kind_of(&format!("{effect:?}")));
                assert_eq!(found, *wanted, "{place}");
            }
            ["end", wanted] => {
                assert_eq!(state.end.map(|(end, _)| end), Some(end(wanted)), "{place}");
            }
            ["stale", step, names @ ..] => {
                assert_eq!(state.steps[&id(step)].stale, names, "{place}");
            }
            ["ticked", list, items @ ..] => {
                let ticks = state.steps[&id(list)].items.iter().filter(|(_, tick)| tick.on);
                assert_eq!(ticks.map(|(id, _)| id.as_str()).collect::<Vec<_>>(), items, "{place}");
            }
            ["voided", hold, count] => {
                assert_eq!(state.holds[&key(hold)].voided.len(), number(count), "{place}");
            }
            ["undo", steps @ ..] => {
                let set =
                    state.rollback.as_ref().map_or_else(|| state.rollback_set(), |known| known.set.clone());
                assert_eq!(set.iter().map(|item| item.step.as_str()).collect::<Vec<_>>(), steps, "{place}");
            }
            ["obligation", name, "open", length] => {
                let known = &state.obligations[*name];
                assert!(known.closed.is_none(), "{place}");
                let due = At(known.opened_at.0 + hours(length).as_millis() as i64);
                assert_eq!(known.obligation.due, Some(due), "{place}");
                assert!(known.is_overdue(At(due.0 + 1)) && !known.is_overdue(due), "{place}");
            }
            ["obligation", name, "open"] => assert!(state.obligations[*name].closed.is_none(), "{place}"),
            ["obligation", name, "closed", who] => {
                let end = state.obligations[*name].closed.as_ref().expect(place);
                assert_eq!(&end.by.name, who, "{place}");
            }
            ["cautions", wanted @ ..] => {
                let found = state.cautions(&state.rollback_set());
                assert_eq!(found.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), wanted, "{place}");
            }
            ["broken", count] => assert_eq!(state.broken.len(), number(count), "{place}"),
            ["differs", wanted @ ..] => {
                let revision = self.revision.as_ref().expect("a revision");
                let found = differences(state, revision).unwrap_or_else(|unfit| panic!("{place}: {unfit}"));
                let said = found.iter().map(|one| {
                    let how = serde_json::to_value(one.how).unwrap().as_str().unwrap().to_owned();
                    format!("{}:{how}{}", one.step, if one.decide { "?" } else { "" })
                });
                assert_eq!(said.collect::<Vec<_>>(), wanted, "{place}");
            }
            ["epoch", wanted] => assert_eq!(state.epoch as usize, number(wanted), "{place}"),
            ["attempt", step, wanted] => {
                assert_eq!(state.work(&work(step)).unwrap().attempt as usize, number(wanted), "{place}");
            }
            ["stands", step, wanted @ ..] => {
                assert_eq!(
                    format!("{:?}", standing(state, &id(step))).replace('"', ""),
                    wanted.join(" "),
                    "{place}"
                );
            }
            [step, wanted] => assert_eq!(status_of(state, &work(step)), *wanted, "{place}"),
            other => panic!("{place}: no claim {other:?}"),
        }
    }
}

/// `"why" only:one,two accept:schema:one="it is fine"`
fn rollback(words: &[String]) -> Command {
    let (mut reason, mut only, mut accepts) = (String::new(), None, BTreeMap::new());
    for word in words {
        match word.split_once(':') {
            Some(("only", steps)) => only = Some(steps.split(',').map(id).collect()),
            Some(("accept", rest)) => {
                let (caution, why) = rest.split_once('=').unwrap();
                accepts.insert(caution.to_owned(), why.to_owned());
            }
            Some(_) | None => reason = word.clone(),
        }
    }
    Command::RollBack { by: done_by("alice"), reason, only, accepts }
}

/// Go on or back: both send something; to wait sends nothing.
fn question(key: &str) -> Question {
    let option = |id: &str| AskOption {
        id: id.into(),
        title: id.into(),
        risk: None,
        details: None,
        recommended: false,
    };
    let action =
        |id: &str| (id.to_owned(), ActionPlan { call: "ecs:Answer".into(), input: json!({"is": id}) });
    Question {
        key: key.into(),
        ask: Ask { options: ["on", "back", "later"].map(option).into(), ..Ask::default() },
        actions: [action("on"), action("back")].into(),
        reasons: vec!["back".into()],
        expires_at: None,
        if_unanswered: None,
    }
}

/// Words are parted by blanks, save within double quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.trim().chars() {
        match (letter, words.last_mut()) {
            ('"', _) => quoted = !quoted,
            (' ', _) if !quoted => words.push(String::new()),
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `~api` is the undo of `api`.
fn work(name: &str) -> Work {
    name.strip_prefix('~').map_or_else(|| Work::forward(id(name)), |name| Work::undo(id(name)))
}

/// `:deploy` is the hold of a stage, `api` that of a step.
fn key(name: &str) -> HoldKey {
    name.strip_prefix(':')
        .map_or_else(|| HoldKey::Step(id(name)), |stage| HoldKey::Stage(StageId::new(stage).unwrap()))
}

fn number(text: &str) -> usize {
    text.parse().unwrap()
}

fn status_of(state: &State, work: &Work) -> String {
    let status: Status = state.work(work).unwrap().status;
    serde_json::to_value(status).unwrap().as_str().unwrap().to_owned()
}

fn end(word: &str) -> RunEnd {
    serde_json::from_value(json!(word)).unwrap()
}

fn kind(fact: &Fact) -> String {
    serde_json::to_value(fact).unwrap()["kind"].as_str().unwrap().to_owned()
}

fn kind_of(debug: &str) -> String {
    debug.split('(').next().unwrap().to_lowercase()
}

fn waits(state: &State) -> String {
    match interruption(state) {
        None => "none".into(),
        Some(Interruption::Hold(hold)) => format!("hold {hold}"),
        Some(Interruption::NoGo(hold)) => format!("no-go {hold}"),
        Some(Interruption::Asking(work)) => format!("asking {work}"),
        Some(Interruption::Failure(work)) => format!("failure {work}"),
        Some(Interruption::Unknown(work)) => format!("unknown {work}"),
        Some(Interruption::Stale(step)) => format!("stale {step}"),
    }
}

fn choice(step: &str, choice: Choice) -> Command {
    Command::Choose { work: work(step), choice, by: done_by("alice") }
}

fn ticked(list: &str, item: &str, on: bool, words: &[String]) -> Command {
    let word = |name: &str| {
        words.iter().find_map(|word| word.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')))
    };
    Command::Tick {
        step: id(list),
        item: ItemId::new(item).unwrap(),
        on,
        by: done_by(word("by").unwrap_or("alice")),
        reason: word("reason").map(Into::into),
        evidence: word("evidence").map(Into::into),
    }
}

fn answer(words: &[String]) -> Answer {
    let mut answer = Answer::default();
    for word in words {
        let (name, value) = word.split_once('=').unwrap();
        match name {
            "phrase" => answer.phrase = Some(value.into()),
            "option" => answer.option = Some(value.into()),
            "evidence" => answer.evidence = Some(value.into()),
            _ => {
                let value = if value == "null" { Value::Null } else { json!(value) };
                answer.fields.insert(name.into(), value);
            }
        }
    }
    answer
}

fn altered(mut command: Command, how: &str, run: &Run) -> Command {
    if let Command::Intend { identity, covers, .. } = &mut command {
        match how {
            "nobody" => *identity = None,
            "elsewhere" => *identity = Some(checked("alice", "123456789012", run.now)),
            "other_region" => {
                let mut other = checked("alice", ACCOUNT, run.now);
                other.region = "us-east-1".into();
                *identity = Some(other);
            }
            "uncompared" => covers.clear(),
            other => panic!("an intent has no {other}"),
        }
    }
    command
}
