//! A run without a world: commands are decided, sealed into a chain, opened again and folded.

use super::people::{actor, checked};
use super::plans::{ACCOUNT, REGION, hours, target};
use holdpoint_plan::{Plan, StepId};
use holdpoint_run::chain::{Draft, Event, Stored, genesis, open, seal};
use holdpoint_run::{
    ActionPlan, Ask, AskField, AskOption, At, Command, Covered, Diagnosis, Effect, Fact, HoldKey, How,
    Intent, Lane, Leaves, Mode, Outcome, OutputValue, Receipt, Refusal, RunId, Started, State, UndoItem,
    Used, Work, decide, json_digest, next,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A journal and its fold, with a model of the world that the executors of the script follow.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) state: State,
    /// The plan that it began with.
    first: Arc<Plan>,
    pub(crate) journal: Vec<Stored>,
    pub(crate) now: At,
    /// What the next conclusion of a step is, instead of success.
    pub(crate) outcomes: BTreeMap<StepId, String>,
    /// Output `value` of a step.
    pub(crate) values: BTreeMap<StepId, Value>,
    /// Values of what holds cover.
    pub(crate) world: Value,
    head: [u8; 32],
}

impl Run {
    pub(crate) fn new(plan: Plan) -> Self {
        let run = run_id();
        let head = genesis(&run);
        let first = Arc::new(plan);
        Self {
            state: State::new(run, Arc::clone(&first)),
            first,
            journal: Vec::new(),
            now: At(1_790_000_000_000),
            outcomes: BTreeMap::new(),
            values: BTreeMap::new(),
            world: json!("as it was"),
            head,
        }
    }

    /// Decides and stores; the kinds of the facts come back.
    pub(crate) fn command(&mut self, command: Command) -> Result<Vec<Fact>, Refusal> {
        self.now = At(self.now.0 + 1000);
        let facts = decide(&self.state, command, self.now)?;
        for fact in &facts {
            let draft = Draft {
                at: self.now,
                monotonic: self.journal.len() as u64,
                actor: "model".into(),
                identity: None,
                mode: self.state.mode(),
                fact: fact.clone(),
            };
            let seq = self.state.seq + 1;
            let stored = seal(&self.state.run, seq, self.head, &draft).unwrap();
            let event = open(&self.state.run, seq, &self.head, &stored).unwrap();
            assert_eq!(event.event, *fact, "a fact reads back as it was written");
            // What was decided must follow: the engine stores facts before it folds them.
            self.state.evolve(&event, &stored.hash).expect("a decided fact evolves");
            self.head = stored.hash;
            self.journal.push(stored);
        }
        Ok(facts)
    }

    pub(crate) fn start(&mut self, mode: Mode, who: &str, account: &str) -> Result<Vec<Fact>, Refusal> {
        let started = Started {
            title: self.state.plan.title.clone(),
            plan_digest: self.state.plan.digest.clone(),
            plan_path: "a.plan.md".into(),
            mode,
            target: target(),
            profile: "deployer".into(),
            starter: checked(who, account, self.now),
            scenario: None,
            speed: 1.0,
            vars: BTreeMap::new(),
            git_sha: None,
            working_copy: None,
            version: "0.1.0".into(),
            driver: "1 on console".into(),
            undo: self.undo_of(&self.state.plan),
        };
        self.command(Command::Start(Box::new(started)))
    }

    /// What can be undone of a plan.
    pub(crate) fn undo_of(&self, plan: &Plan) -> Vec<UndoItem> {
        let undo = |step: &holdpoint_plan::Step| {
            let summary = format!("put {} back", step.id);
            step.undo.clone().map(|action| UndoItem { step: step.id.clone(), action, summary })
        };
        plan.steps().filter_map(undo).collect()
    }

    /// Does what the engine does until a person or the end is reached, or `until` says stop.
    pub(crate) fn drive(&mut self, until: impl Fn(&State) -> bool) {
        for _ in 0..1000 {
            if until(&self.state) {
                return;
            }
            let Some(effect) = next(&self.state) else { return };
            self.effect(effect);
        }
        panic!("the run does not come to rest: {:?}", next(&self.state));
    }

    /// One effect, as an engine would answer it.
    pub(crate) fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Pin(moment) => self.told(Command::Pin { moment, pins: Vec::new() }),
            Effect::OpenHold(hold) => {
                let covers = self.covers();
                self.told(Command::OpenHold { hold, covers });
            }
            Effect::Begin(work) if self.left_out(&work) => {
                self.told(Command::SkipByCondition { step: work.step });
            }
            Effect::Begin(work) => {
                let command = self.intend(&work);
                self.told(command);
            }
            Effect::Act(work, action) => {
                self.told(Command::Send { work: work.clone(), action });
                self.told(Command::Receive { work, action, receipt: receipt(), how: How::Answered });
            }
            Effect::Settle(work, action) => {
                self.told(Command::Receive { work, action, receipt: receipt(), how: How::Observed });
            }
            Effect::Follow(work) => {
                let outcome = match self.outcomes.remove(&work.step) {
                    Some(other) => outcome(&other),
                    None => self.success(&work.step),
                };
                self.told(Command::Conclude { work, outcome: Box::new(outcome) });
            }
            Effect::Close(end) => self.told(Command::Close { end }),
        }
    }

    /// What would be intended now.
    pub(crate) fn intend(&self, work: &Work) -> Command {
        let step = self.state.plan.step(&work.step).unwrap();
        let actions = match (work.lane, step.action.uses.as_str()) {
            (Lane::Undo, _) | (Lane::Forward, "change" | "probe" | "terraform.apply") => 1,
            (Lane::Forward, "twice") => 2,
            (Lane::Forward, _) => 0,
        };
        let ask = match (work.lane, step.action.uses.as_str()) {
            (Lane::Forward, "list") => Some(Ask { items: true, ..Ask::default() }),
            (Lane::Forward, "ask") => Some(question(&step.id)),
            (Lane::Forward | Lane::Undo, _) => None,
        };
        let action =
            ActionPlan { call: "ecs:UpdateService".into(), input: json!({ "of": work.to_string() }) };
        let used = step.action.with.get("uses").and_then(Value::as_str).map(|name| Used {
            name: format!("steps.{name}.outputs.value"),
            digest: json_digest(&self.value(name)),
        });
        // `leaves=3h` or, until a step succeeds, `leaves=harden`.
        let leaves = step.action.with.get("leaves").and_then(Value::as_str).map(|rest| Leaves {
            what: format!("what {} left", step.id),
            owner: None,
            within: rest.ends_with('h').then(|| hours(rest)),
            due: None,
            until: (!rest.ends_with('h')).then(|| StepId::new(rest).unwrap()),
        });
        let holds = [
            step.hold.is_some().then(|| HoldKey::Step(step.id.clone())),
            self.state.plan.stage_of(&step.id).map(|stage| HoldKey::Stage(stage.id.clone())),
        ];
        Command::Intend {
            work: work.clone(),
            intent: Box::new(Intent { actions: vec![action; actions], ask, leaves, ..Intent::default() }),
            identity: (actions > 0).then(|| checked("alice", ACCOUNT, self.now)),
            used: used.into_iter().collect(),
            covers: holds.into_iter().flatten().map(|key| (key, self.covers())).collect(),
        }
    }

    /// Checks the whole journal again from its bytes: dense, unbroken, and folding to this very state.
    pub(crate) fn replay(&self) {
        let mut again = State::new(self.state.run.clone(), Arc::clone(&self.first));
        self.state.revisions.values().for_each(|plan| again.know(Arc::clone(plan)));
        let mut head = genesis(&again.run);
        for (index, stored) in self.journal.iter().enumerate() {
            let event: Event = open(&again.run, index as u64 + 1, &head, stored).expect("an unbroken chain");
            again.evolve(&event, &stored.hash).expect("a journal that folds");
            head = stored.hash;
        }
        assert_eq!(format!("{again:?}"), format!("{:?}", self.state), "replay gives the same state");
    }

    pub(crate) fn success(&self, step: &StepId) -> Outcome {
        let value = OutputValue::plain(self.value(step.as_str()));
        Outcome::Succeeded { outputs: [("value".to_owned(), value)].into(), judgements: vec![], note: None }
    }

    fn told(&mut self, command: Command) {
        let shown = format!("{command:?}");
        if let Err(refusal) = self.command(command) {
            panic!("the driver was refused `{refusal}` at {shown}");
        }
    }

    fn covers(&self) -> Vec<Covered> {
        let one = |name: &str, value: &Value| Covered {
            name: name.into(),
            digest: json_digest(value),
            shown: value.to_string(),
        };
        vec![one("plan", &json!(self.state.plan.digest)), one("world", &self.world)]
    }

    fn value(&self, step: &str) -> Value {
        self.values
            .iter()
            .find(|(id, _)| id.as_str() == step)
            .map_or(json!("first"), |(_, value)| value.clone())
    }

    /// Conditions of the model: `steps.<id>.outputs.value=<text>`, or `never`.
    fn left_out(&self, work: &Work) -> bool {
        let condition = self.state.plan.step(&work.step).and_then(|step| step.when.clone());
        !work.is_undo()
            && condition.is_some_and(|condition| match condition.split_once(':') {
                Some((name, text)) => {
                    let step = name.split('.').nth(1).unwrap();
                    self.value(step) != json!(text)
                }
                None => condition == "never",
            })
    }
}

pub(crate) fn run_id() -> RunId {
    RunId::new("7K2MTESTRUN").unwrap()
}

pub(crate) fn receipt() -> Receipt {
    Receipt { external: Vec::new(), request_id: Some("request-1".into()), body: json!({ "region": REGION }) }
}

pub(crate) fn outcome(word: &str) -> Outcome {
    let diagnosis = Diagnosis::of(format!("it {word}"));
    match word {
        "failed" => Outcome::Failed(diagnosis),
        "rolled_back_by_aws" => Outcome::RolledBackByAws(diagnosis),
        "superseded" => Outcome::Superseded(diagnosis),
        "unknown" => Outcome::Unknown(diagnosis),
        "not_practised" => Outcome::NotPractised { why: "it is a build".into() },
        "succeeded" => Outcome::Succeeded { outputs: BTreeMap::new(), judgements: Vec::new(), note: None },
        other => panic!("no step ends {other}"),
    }
}

pub(crate) fn done_by(name: &str) -> holdpoint_run::Actor {
    actor(name)
}

/// The step's name decides what is asked.
fn question(step: &StepId) -> Ask {
    let field = |name: &str, secret: bool, pattern: Option<&str>, optional: bool| AskField {
        name: name.into(),
        prompt: format!("Enter {name}"),
        secret,
        pattern: pattern.map(Into::into),
        optional,
    };
    let option = |id: &str| AskOption {
        id: id.into(),
        title: id.into(),
        risk: None,
        details: None,
        recommended: false,
    };
    match step.as_str() {
        "phrase" => Ask { phrase: Some("yes, drop it".into()), ..Ask::default() },
        "option" => Ask { options: vec![option("a"), option("b")], ..Ask::default() },
        "evidence" => Ask { evidence: Some("screenshot".into()), ..Ask::default() },
        "fields" => Ask {
            fields: vec![
                field("host", false, Some("db-[0-9]+|cache"), false),
                field("token", true, None, false),
                field("note", false, None, true),
            ],
            ..Ask::default()
        },
        _ => Ask { instructions: "Do it.".into(), ..Ask::default() },
    }
}
