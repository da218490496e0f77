//! A run at the terminal: what goes on is told, what waits for a person is asked.

use crate::commands::accept_at_the_terminal;
use crate::exit::Exit;
use crate::{asking, diagnosis, output};
use holdpoint_api::{Chosen, Console, GoBack, Problem};
use holdpoint_engine::{Clock as _, Invitation, MachineClock, RunHandle};
use holdpoint_identity::Env;
use holdpoint_redact::Secret;
use holdpoint_run::{
    Answer, Ask, Decision, HoldKey, Interruption, Mode, RunEnd, RunId, State, Status, Work, interruption,
    sources,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is typed for a signer who has no profile here.
const GUEST: &str = "guest";

/// How a run is driven here.
#[derive(Clone, Copy)]
pub(crate) struct Manner<'a> {
    /// The environment, for secrets that are wanted.
    pub(crate) env: &'a Env,
    /// Sign, tick and answer as the practice people.
    pub(crate) auto_sign: bool,
    /// Standard output is for a program.
    pub(crate) json: bool,
}

/// Drives a run until it is over, or waits for a person who is not here.
pub(crate) async fn walk(console: &Arc<Console>, run: &RunId, manner: Manner<'_>) -> Result<Exit, Problem> {
    let Some(handle) = console.handle(run) else {
        return Ok(match console.state(run).await?.end {
            Some((RunEnd::Done, _)) => Exit::Done,
            Some(_) => Exit::Failed,
            None => Exit::Waits,
        });
    };
    let _keys = crate::interrupts::heed(console, run, &handle, manner.json);
    let mut teller = Teller::new(manner.json);
    let mut changes = handle.changes();
    loop {
        changes.borrow_and_update();
        let state = handle.state();
        teller.tell(console, &handle, &state);
        if let Some((end, _)) = state.end {
            handle.finished().await;
            console.settled(run).await;
            return Ok(if end == RunEnd::Done { Exit::Done } else { Exit::Failed });
        }
        if let Some(why) = handle.board(|board| board.halted.clone()) {
            return Err(Problem::new(format!("run {run} stopped here: {why}")));
        }
        let person = Person { console, run, handle: &handle, manner };
        let wants = handle.board(|board| board.wants.clone());
        if !wants.is_empty() {
            if let Some(exit) = person.give(&wants).await? {
                return Ok(exit);
            }
            continue;
        }
        if let Some(lapse) = handle.board(|board| board.lapsed.clone()).filter(|lapse| !lapse.mended)
            && let Some(exit) = person.sign_in_again(&state, &lapse.said).await?
        {
            return Ok(exit);
        }
        if let Some(waits) = interruption(&state).filter(|waits| !person.is_over(&state, waits)) {
            if let Some(exit) = person.attend(&state, waits).await? {
                return Ok(exit);
            }
            continue;
        }
        if changes.changed().await.is_err() {
            return Err(Problem::new(format!("the driver of run {run} has gone")));
        }
    }
}

/// Who answers: a person at the terminal, or `--auto-sign`.
struct Person<'a> {
    console: &'a Arc<Console>,
    run: &'a RunId,
    handle: &'a RunHandle,
    manner: Manner<'a>,
}

impl Person<'_> {
    fn is_here(&self) -> bool {
        output::has_person() && !self.manner.json
    }

    /// A question whose time was up before anybody came: what AWS has done instead is seen by the step itself.
    fn is_over(&self, state: &State, waits: &Interruption) -> bool {
        let Interruption::Asking(work) = waits else { return false };
        let question = state.work(work).and_then(|known| known.question.as_ref());
        let expired = question
            .and_then(|question| question.expires_at)
            .is_some_and(|at| at <= MachineClock::new(1.0).now());
        expired && !self.is_here() && !self.manner.auto_sign
    }

    fn is_halted(&self) -> bool {
        self.handle.board(|board| board.halted.is_some())
    }

    fn leave(&self, exit: Exit, why: &str) -> Option<Exit> {
        output::note(format!("{why}; `holdpoint resume {}` goes on", self.run));
        Some(exit)
    }

    /// `vars.api_token` is `HOLDPOINT_SECRET_API_TOKEN`.
    fn in_environment(&self, name: &str) -> Option<String> {
        let variable = format!("HOLDPOINT_SECRET_{}", name.strip_prefix("vars.")?.to_uppercase());
        self.manner.env.get(&variable).map(str::to_owned)
    }

    async fn give(&self, wants: &[String]) -> Result<Option<Exit>, Problem> {
        for name in wants {
            let value = match self.in_environment(name) {
                Some(value) => value,
                None if self.is_here() => asking::secret(name)?,
                None => return Ok(self.leave(Exit::Waits, &format!("the run waits for the secret {name}"))),
            };
            self.console.give_secret(self.run, name.clone(), Secret::new(value)).await?;
        }
        Ok(None)
    }

    /// In practice the person who runs signs in again. Live, whoever is here does so at a browser, and the run notices.
    async fn sign_in_again(&self, state: &State, said: &str) -> Result<Option<Exit>, Problem> {
        let practice = state.mode() == Mode::Practice;
        match (practice, self.is_here()) {
            (true, _) if self.manner.auto_sign => self.told(self.console.sign_in_again(self.run).await),
            (true, true) => {
                match asking::ask("  the sign-in is over: s = sign in again, q = leave it open:")?.as_deref()
                {
                    Some("s") => self.told(self.console.sign_in_again(self.run).await),
                    Some("q") | None => Ok(self.leave(Exit::Waits, said)),
                    Some(_) => Ok(None),
                }
            }
            (false, true) => Ok(None),
            (_, false) => Ok(self.leave(Exit::Waits, said)),
        }
    }

    /// Attends to what waits; an exit when nobody here can.
    async fn attend(&self, state: &State, waits: Interruption) -> Result<Option<Exit>, Problem> {
        match waits {
            Interruption::Hold(hold) if self.manner.auto_sign => self.auto_sign(state, &hold).await,
            Interruption::Hold(hold) if self.is_here() => self.sign(state, &hold).await,
            Interruption::Hold(hold) => {
                Ok(self.leave(Exit::Waits, &format!("waits for signatures before {hold}")))
            }
            Interruption::NoGo(hold) if self.is_here() => self.after_no_go(state, &hold).await,
            Interruption::NoGo(hold) => Ok(self.leave(Exit::Failed, &format!("no-go before {hold}"))),
            Interruption::Asking(work) if self.manner.auto_sign => self.auto_answer(state, work).await,
            Interruption::Asking(work) if self.is_here() => self.answer(state, work).await,
            Interruption::Asking(work) => Ok(self.leave(Exit::Waits, &format!("{work} waits for a person"))),
            Interruption::Failure(work) if self.is_here() => self.decide(state, work).await,
            Interruption::Failure(work) => Ok(self.failed(state, &work)),
            Interruption::Unknown(work) if self.is_here() => self.settle(work).await,
            Interruption::Unknown(work) => Ok(self.leave(
                Exit::Waits,
                &format!("nobody knows whether {work} took effect: a person must decide"),
            )),
            Interruption::Stale(step) if self.is_here() => self.decide_stale(step).await,
            Interruption::Stale(step) => {
                Ok(self.leave(Exit::Waits, &format!("{step} is stale: a person must decide")))
            }
        }
    }

    /// Signs as the first practice people whose signatures count.
    async fn auto_sign(&self, state: &State, hold: &HoldKey) -> Result<Option<Exit>, Problem> {
        let signed: Vec<String> = state
            .holds
            .get(hold)
            .map(|open| open.signatures.iter().map(|one| one.signer.person.name.clone()).collect())
            .unwrap_or_default();
        let mut refused = Vec::new();
        for who in self.handle.signers().into_iter().rev().filter(|who| !signed.contains(who)) {
            match self.console.sign(self.run, hold, Decision::Go, &who, None, true).await {
                Ok(()) => return Ok(None),
                // Not a refusal: the run itself has stopped, which is told where the walk looks next.
                Err(_) if self.is_halted() => return Ok(None),
                Err(problem) => refused.push(problem.message),
            }
        }
        let why = format!("nobody in practice can sign the hold before {hold}: {}", refused.join("; "));
        Ok(self.leave(Exit::Waits, &why))
    }

    async fn sign(&self, state: &State, hold: &HoldKey) -> Result<Option<Exit>, Problem> {
        output::line(format!("\n◆ Go or no-go: {hold}"));
        if let Some(open) = state.holds.get(hold) {
            open.covers
                .iter()
                .for_each(|one| output::line(format!("    covers {}: {}", one.name, one.shown)));
        }
        let signers = self.handle.signers();
        output::line(format!("    may sign here: {}", signers.join(", ")));
        let may_break = state.rule_of(hold).is_some_and(|rule| rule.break_glass);
        if may_break {
            output::line("    x = pass it alone, in an emergency");
        }
        let Some(answer) = asking::ask("  g = go, n = no-go, q = leave it open:")? else {
            return Ok(self.leave(Exit::Waits, "nobody answers"));
        };
        let decision = match answer.as_str() {
            "g" | "go" => Decision::Go,
            "n" | "no-go" => Decision::NoGo,
            "q" => return Ok(self.leave(Exit::Waits, "left open")),
            "x" if may_break => return self.break_glass(hold).await,
            _ => return Ok(None),
        };
        let first = signers.first().cloned().unwrap_or_default();
        let live = state.mode() == Mode::Live;
        let or_guest = if live { format!(", {GUEST} = somebody who signs in here") } else { String::new() };
        let who = asking::ask(&format!("  signed by [{first}]{or_guest}:"))?
            .filter(|who| !who.is_empty())
            .unwrap_or(first);
        let reason = match decision {
            Decision::NoGo => asking::ask("  why:")?,
            Decision::Go => None,
        };
        if who == GUEST {
            return self.sign_as_guest(hold, decision, reason).await;
        }
        self.told(self.console.sign(self.run, hold, decision, &who, reason, false).await)
    }

    /// One person passes the hold, against its rule: that stays in sight for ever.
    async fn break_glass(&self, hold: &HoldKey) -> Result<Option<Exit>, Problem> {
        output::line(
            "    the hold is passed without the signatures that it wants; that stays in the journal and the report",
        );
        let first = self.handle.signers().first().cloned().unwrap_or_default();
        let who = asking::ask(&format!("  by [{first}]:"))?.filter(|who| !who.is_empty()).unwrap_or(first);
        match asking::ask("  what the emergency is (nothing = not now):")? {
            Some(why) if !why.is_empty() => {
                self.told(self.console.break_glass(self.run, hold, &who, why).await)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Somebody else signs in here, for this one signature.
    async fn sign_as_guest(
        &self,
        hold: &HoldKey,
        decision: Decision,
        reason: Option<String>,
    ) -> Result<Option<Exit>, Problem> {
        let show = |at: Invitation| {
            output::line(format!("    open in a private window, signed in as nobody: {}", at.url));
            output::line(format!("    the page must show the code: {}", at.user_code));
        };
        let signed = self.handle.sign_as_guest(hold.clone(), decision, reason, &show).await;
        self.told(signed.map_err(Problem::from))
    }

    async fn after_no_go(&self, state: &State, hold: &HoldKey) -> Result<Option<Exit>, Problem> {
        output::line(format!("\n✕ no-go before {hold}"));
        match asking::ask("  s = sign again, b = roll back, a = abort, q = leave it open:")?.as_deref() {
            Some("s") => self.sign(state, hold).await,
            Some("b") => self.roll_back().await,
            Some("a") => self.abort().await,
            Some("q") | None => Ok(self.leave(Exit::Failed, "left open")),
            Some(_) => Ok(None),
        }
    }

    /// Ticks every item, and answers as the plan recommends.
    async fn auto_answer(&self, state: &State, work: Work) -> Result<Option<Exit>, Problem> {
        let ask = ask_of(state, &work);
        if ask.items {
            return self.auto_tick(state, &work).await;
        }
        let option =
            ask.options.iter().find(|one| one.recommended).or(ask.options.first()).map(|one| one.id.clone());
        let wanted = ask.fields.iter().filter(|field| !field.optional);
        let fields: BTreeMap<_, _> = wanted.map(|field| (field.name.clone(), "practice".into())).collect();
        let reason = Some("practised with --auto-sign".to_owned());
        let answer =
            Answer { fields, option, reason: reason.clone(), phrase: ask.phrase.clone(), evidence: reason };
        match self.console.answer(self.run, work, answer, None).await {
            Ok(()) => Ok(None),
            Err(_) if self.is_halted() => Ok(None),
            Err(problem) => Ok(self.leave(Exit::Waits, &problem.message)),
        }
    }

    /// What may be left for later is left, as a rehearsal of that.
    async fn auto_tick(&self, state: &State, work: &Work) -> Result<Option<Exit>, Problem> {
        let Some(step) = state.plan.step(&work.step) else { return Ok(Some(Exit::Failed)) };
        let ticks = state.steps.get(&step.id).map(|known| &known.items);
        let open = step.items.iter().filter(|item| {
            !item.optional
                && item.later.is_none()
                && !ticks.and_then(|ticks| ticks.get(&item.id)).is_some_and(|tick| tick.on)
        });
        for item in open {
            let reason = Some("practised with --auto-sign".to_owned());
            let evidence = item.evidence.as_ref().map(|_| "practised with --auto-sign".to_owned());
            self.console.tick(self.run, step.id.clone(), item.id.clone(), true, reason, evidence).await?;
        }
        Ok(None)
    }

    /// What is asked while a step is followed is signed: by whom.
    fn who_answers(&self, state: &State, work: &Work) -> Result<Option<String>, Problem> {
        if state.work(work).is_none_or(|known| known.question.is_none()) {
            return Ok(None);
        }
        let signers = self.handle.signers();
        let first = signers.first().cloned().unwrap_or_default();
        output::line(format!("    may sign here: {}", signers.join(", ")));
        let who = asking::ask(&format!("  signed by [{first}]:"))?;
        Ok(who.filter(|who| !who.is_empty()))
    }

    async fn answer(&self, state: &State, work: Work) -> Result<Option<Exit>, Problem> {
        let ask = ask_of(state, &work);
        output::line(format!("\n? {}", ask.instructions));
        if ask.items {
            return self.tick(state, &work).await;
        }
        ask.link.iter().for_each(|link| output::line(format!("  {link}")));
        ask.copy.iter().for_each(|copy| output::line(format!("  {}:\n{}", copy.label, copy.text)));
        let mut answer = Answer::default();
        for option in &ask.options {
            let mark = if option.recommended { " (recommended)" } else { "" };
            output::line(format!("  {}: {}{mark}", option.id, option.title));
        }
        if !ask.options.is_empty() {
            answer.option = asking::ask("  option:")?;
            answer.reason = asking::ask("  why:")?;
        }
        for field in &ask.fields {
            let value = match field.secret {
                true => asking::secret(&field.prompt)?,
                false => asking::ask(&format!("  {}:", field.prompt))?.unwrap_or_default(),
            };
            answer.fields.insert(field.name.clone(), value.into());
        }
        if let Some(evidence) = &ask.evidence {
            answer.evidence = asking::ask(&format!("  evidence ({evidence}):"))?;
        }
        if let Some(phrase) = &ask.phrase {
            answer.phrase = asking::ask(&format!("  type `{phrase}` to go on:"))?;
        } else if ask.fields.is_empty() && ask.options.is_empty() && !asking::yes("  done?")? {
            return Ok(self.leave(Exit::Waits, "left open"));
        }
        let who = self.who_answers(state, &work)?;
        self.told(self.console.answer(self.run, work, answer, who.as_deref()).await)
    }

    async fn tick(&self, state: &State, work: &Work) -> Result<Option<Exit>, Problem> {
        let Some(step) = state.plan.step(&work.step) else { return Ok(Some(Exit::Failed)) };
        let ticks = state.steps.get(&step.id).map(|known| &known.items);
        for item in &step.items {
            if ticks.and_then(|ticks| ticks.get(&item.id)).is_some_and(|tick| tick.on) {
                continue;
            }
            let optional = if item.optional { " (optional)" } else { "" };
            if !asking::yes(&format!("  [ ] {}{optional}", item.text))? {
                if item.optional {
                    continue;
                }
                return Ok(self.leave(Exit::Waits, "left open"));
            }
            let reason = match &item.from {
                Some(from) => asking::ask(&format!("  step {from} ticks this; why by hand:"))?,
                None => None,
            };
            let evidence = match &item.evidence {
                Some(wanted) => asking::ask(&format!("  evidence ({wanted}):"))?,
                None => None,
            };
            let done =
                self.console.tick(self.run, step.id.clone(), item.id.clone(), true, reason, evidence).await;
            self.told(done)?;
        }
        Ok(None)
    }

    fn failed(&self, state: &State, work: &Work) -> Option<Exit> {
        let set = state.rollback_set();
        output::note(format!("{work} failed, and nobody is here to decide"));
        for from in sources(state, work) {
            output::note(format!("`holdpoint resume {} --from {from}` walks again from {from}", self.run));
        }
        if !set.is_empty() && state.rollback.is_none() {
            output::note(format!("`holdpoint rollback {}` puts back what this run changed", self.run));
        }
        self.leave(Exit::Failed, "the run waits for a decision")
    }

    async fn decide(&self, state: &State, work: Work) -> Result<Option<Exit>, Problem> {
        let can = state.rollback.is_none() && !state.rollback_set().is_empty();
        let back = if can { ", b = roll back the set" } else { "" };
        let from = sources(state, &work).into_iter().next();
        let again = from.as_ref().map(|from| format!(", p = walk again from {from}")).unwrap_or_default();
        let answer = asking::ask(&format!(
            "  r = retry{again}, s = skip with a reason{back}, a = abort, q = leave it open:"
        ))?;
        match (answer.as_deref(), from) {
            (Some("p"), Some(from)) => {
                self.told(self.console.choose(self.run, work.step, Chosen::Again(from), None).await)
            }
            (answer, _) => self.decided(answer, work, can).await,
        }
    }

    async fn decided(&self, answer: Option<&str>, work: Work, can: bool) -> Result<Option<Exit>, Problem> {
        match answer {
            Some("r") => {
                let mended =
                    asking::ask("  what was mended (may be empty):")?.filter(|text| !text.is_empty());
                self.told(self.console.choose(self.run, work.step, Chosen::Retry, mended).await)
            }
            Some("s") => {
                let why = asking::ask("  why:")?;
                self.told(self.console.choose(self.run, work.step, Chosen::Skip, why).await)
            }
            Some("b") if can => self.roll_back().await,
            Some("a") => self.abort().await,
            Some("q") | None => Ok(self.leave(Exit::Failed, "left open")),
            Some(_) => Ok(None),
        }
    }

    async fn settle(&self, work: Work) -> Result<Option<Exit>, Problem> {
        match asking::ask("  y = it took effect, n = it did not (it is sent again), q = leave it open:")?
            .as_deref()
        {
            Some(answer @ ("y" | "n")) => {
                let why = asking::ask("  how do you know:")?;
                let chosen = if answer == "y" { Chosen::TookEffect } else { Chosen::TookNoEffect };
                self.told(self.console.choose(self.run, work.step, chosen, why).await)
            }
            Some("q") | None => Ok(self.leave(Exit::Waits, "left open")),
            Some(_) => Ok(None),
        }
    }

    async fn decide_stale(&self, step: holdpoint_plan::StepId) -> Result<Option<Exit>, Problem> {
        output::line(format!("\n! {step} used a value that has changed since"));
        match asking::ask("  r = walk it again, k = keep its result with a reason, q = leave it open:")?
            .as_deref()
        {
            Some("r") => self.told(self.console.choose(self.run, step, Chosen::Retry, None).await),
            Some("k") => {
                let why = asking::ask("  why:")?;
                self.told(self.console.choose(self.run, step, Chosen::Skip, why).await)
            }
            Some("q") | None => Ok(self.leave(Exit::Waits, "left open")),
            Some(_) => Ok(None),
        }
    }

    async fn roll_back(&self) -> Result<Option<Exit>, Problem> {
        let set = self.console.rollback_preview(self.run, None).await?;
        set.steps.iter().for_each(|undo| output::line(format!("    {}", undo.text)));
        let mut accepts = BTreeMap::new();
        if !accept_at_the_terminal(&set, &mut accepts)? {
            return Ok(None);
        }
        let Some(reason) = asking::ask("  why roll back:")? else { return Ok(None) };
        self.told(self.console.roll_back(self.run, GoBack { reason, only: None, accepts }).await)
    }

    async fn abort(&self) -> Result<Option<Exit>, Problem> {
        if !asking::yes("  end the run and leave everything as it is?")? {
            return Ok(None);
        }
        let Some(why) = asking::ask("  why:")? else { return Ok(None) };
        self.told(self.console.abort(self.run, &why).await)
    }

    /// A refusal is told, and asked again.
    fn told(&self, done: Result<(), Problem>) -> Result<Option<Exit>, Problem> {
        if let Err(problem) = done {
            output::error(&problem.to_string());
        }
        Ok(None)
    }
}

fn ask_of(state: &State, work: &Work) -> Ask {
    let known = state.work(work);
    if let Some(question) = known.and_then(|known| known.question.as_ref()) {
        return question.ask.clone();
    }
    let intent = known.and_then(|known| known.intent.as_ref());
    intent.and_then(|intent| intent.ask.clone()).unwrap_or_default()
}

/// Tells what changed, once.
struct Teller {
    silent: bool,
    seen: BTreeMap<Work, (Status, u32)>,
    lines: BTreeMap<Work, u64>,
}

impl Teller {
    fn new(json: bool) -> Self {
        Self { silent: json, seen: BTreeMap::new(), lines: BTreeMap::new() }
    }

    fn tell(&mut self, console: &Console, handle: &RunHandle, state: &State) {
        if self.silent {
            return;
        }
        let undos = state
            .rollback
            .iter()
            .flat_map(|rollback| &rollback.set)
            .map(|item| Work::undo(item.step.clone()));
        let forward = state.plan.steps().map(|step| Work::forward(step.id.clone()));
        for work in forward.chain(undos) {
            self.lines_of(handle, &work);
            let Some(known) = state.work(&work) else { continue };
            let now = (known.status, known.attempt);
            if known.status != Status::Pending && self.seen.get(&work) != Some(&now) {
                self.seen.insert(work.clone(), now);
                self.changed(console, state, &work);
            }
        }
    }

    fn lines_of(&mut self, handle: &RunHandle, work: &Work) {
        let after = self.lines.get(work).copied().unwrap_or(0);
        let fresh: Vec<_> = handle.board(|board| {
            let lines = board.work(work).map(|known| known.lines.iter().cloned().collect::<Vec<_>>());
            lines.unwrap_or_default()
        });
        for line in fresh.iter().filter(|line| line.number > after) {
            output::line(format!("      {} {}", line.source, line.text));
        }
        if let Some(last) = fresh.last() {
            self.lines.insert(work.clone(), last.number);
        }
    }

    fn changed(&self, console: &Console, state: &State, work: &Work) {
        let Some((known, step)) = state.work(work).zip(state.plan.step(&work.step)) else { return };
        let undo = if work.is_undo() { "undo: " } else { "" };
        let title = format!("{undo}{} ({})", step.title, work.step);
        let took = known.began_at.zip(known.ended_at).map(|(from, to)| (to.0 - from.0) as f64 / 1000.0);
        let took = took.map(|seconds| format!(", {seconds:.1} s")).unwrap_or_default();
        match known.status {
            Status::Pending | Status::Sent | Status::Verifying => {}
            Status::Running | Status::Asking => output::line(format!("▸ {title}")),
            Status::Waiting => {
                let summary = known.intent.as_ref().map(|intent| intent.summary.clone()).unwrap_or_default();
                output::line(format!("▸ {title}: {summary}"));
            }
            Status::Succeeded => output::line(format!("✓ {title}{took}")),
            Status::Skipped => output::line(format!("– {title}: left out")),
            Status::NotPractised => output::line(format!("○ {title}: not practised")),
            Status::Compensated => output::line(format!("↩ {title}: put back")),
            Status::Failed | Status::Unknown | Status::RolledBackByAws | Status::Superseded => {
                output::line(format!("✕ {title}{took}"));
                let (shown, faults) = console.known_of(state, work);
                known.outcome.iter().for_each(|outcome| diagnosis::told(outcome, &shown, &faults));
            }
        }
    }
}
