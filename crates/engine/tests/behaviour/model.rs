//! A family of executors on the model world: some only look, one sends one action, one sends two, one asks a person, one
//! puts back what was pinned. They tell everything they know, secrets too: keeping those is the engine's part.

use crate::world::{Fault, World};
use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Registry, Task};
use holdpoint_plan::Action;
use holdpoint_redact::Secret;
use holdpoint_run::{
    ActionPlan, Ask, AskField, AskOption, Diagnosis, External, Intent, Lane, OutputValue, Question, Receipt,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a minted token is: long enough to be looked for, and of no known look.
pub(crate) const MINTED: &str = "minted-9f3ac1d7e5";

/// One kind of the model.
struct Model {
    kind: &'static str,
    world: Arc<World>,
}

/// All kinds, on this world.
pub(crate) fn registry(world: &Arc<World>) -> Registry {
    let kinds = ["ecs.check", "http.check", "ecs.scale", "ecs.deploy", "ecs.rollback", "shell", "manual"];
    let model = |kind| Arc::new(Model { kind, world: Arc::clone(world) }) as Arc<dyn Executor>;
    kinds.into_iter().map(model).collect()
}

fn key(with: &Value) -> String {
    format!("ecs/{}/{}", with["cluster"].as_str().unwrap_or("-"), with["service"].as_str().unwrap_or("-"))
}

fn receipt(task: &Task, action: usize) -> Receipt {
    Receipt {
        external: vec![External { kind: "deployment".into(), id: effect(task, action) }],
        request_id: None,
        body: json!({ "env": task.with["env"] }),
    }
}

/// Names one action of one attempt.
fn effect(task: &Task, action: usize) -> String {
    format!("{}#{action}", task.mark())
}

/// The call that answers what waits.
const ANSWER: &str = "model:Answer";

/// What is asked while the step is followed.
fn question(task: &Task) -> Question {
    let option = AskOption {
        id: "continue".into(),
        title: "Go on".into(),
        risk: None,
        details: None,
        recommended: true,
    };
    let action = ActionPlan { call: ANSWER.into(), input: json!({"hook": task.work.to_string()}) };
    Question {
        key: format!("hook of {}", task.work),
        ask: Ask { options: vec![option], ..Ask::default() },
        actions: [("continue".to_owned(), action)].into(),
        reasons: Vec::new(),
        expires_at: None,
        if_unanswered: None,
    }
}

impl Model {
    /// A check that belongs to a step has faults of its own.
    fn strikes(&self, task: &Task, matches: impl Fn(Fault) -> bool) -> Option<Fault> {
        let checks = task.work.lane == Lane::Forward && task.uses != task.step.action.uses;
        let work = if checks { format!("check of {}", task.work) } else { task.work.to_string() };
        self.world.strikes(&work, matches)
    }

    fn signed_in(&self) -> Result<(), Diagnosis> {
        match self.world.answers() {
            true => Ok(()),
            false => {
                Err(Diagnosis::of("ExpiredToken: The security token included in the request is expired"))
            }
        }
    }

    /// Uses all that a step may keep things with, and tells each of them a secret.
    async fn keep(&self, task: &Task) -> Result<(), Diagnosis> {
        let digest = task.safe.seal(MINTED.as_bytes()).await?;
        let opened = task.safe.open(&digest).await?;
        assert_eq!(opened.expose(), MINTED.as_bytes());
        assert!(!format!("{opened:?}").contains(MINTED));
        std::fs::write(task.scratch.join("plain"), MINTED).unwrap();
        let given = task.with.to_string();
        let kept = task.safe.keep("given.json", "application/json", given.as_bytes()).await?;
        assert_eq!((kept.name.as_str(), kept.digest.len()), ("given.json", 64));
        task.progress.shows(json!({ "card": "operation", "given": task.with }));
        Ok(())
    }

    /// What was started waits until somebody answers.
    fn asks(&self, task: &Task) -> bool {
        let of = task.work.to_string();
        self.world.things().faults.iter().any(|(work, fault)| *work == of && *fault == Fault::Asks)
    }

    fn apply(&self, task: &Task, action: usize, call: &str) {
        if call == ANSWER {
            let of = task.work.to_string();
            let asked = self.world.strikes(&of, |fault| fault == Fault::Asks);
            assert!(asked.is_some(), "an answer is sent once, to what waits for it");
            self.world.things().took_effect.push(effect(task, action));
            return;
        }
        let mut things = self.world.things();
        things.took_effect.push(effect(task, action));
        let key = key(&task.with);
        match self.kind {
            "ecs.scale" | "ecs.deploy" => {
                things.sizes.insert(key, task.with["desired_count"].clone());
            }
            "ecs.rollback" => {
                let before = task.pins.get(&key).and_then(|pin| pin.content.clone()).unwrap_or_default();
                things.sizes.insert(key, before["size"].clone());
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Executor for Model {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn undo(&self, action: &Action) -> Option<Action> {
        let undone = matches!(self.kind, "ecs.scale" | "ecs.deploy");
        let mut with = action.with.clone();
        if let Some(with) = with.as_object_mut() {
            with.retain(|name, _| name == "cluster" || name == "service");
        }
        undone.then(|| Action { uses: "ecs.rollback".into(), with, expect: Value::Null, script: None })
    }

    fn pins(&self, with: &Value) -> Vec<String> {
        if matches!(self.kind, "ecs.scale" | "ecs.deploy") { vec![key(with)] } else { Vec::new() }
    }

    async fn pin(&self, _task: &Task, key: &str) -> Result<Option<Value>, Diagnosis> {
        self.signed_in()?;
        Ok(self.world.things().sizes.get(key).map(|size| json!({ "size": size })))
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        self.signed_in()?;
        if self.strikes(task, |fault| fault == Fault::PrepareFails).is_some() {
            return Err(Diagnosis::of("it cannot be prepared"));
        }
        let action = |call: &str| ActionPlan { call: call.into(), input: task.with.clone() };
        let actions = match self.kind {
            "ecs.scale" | "ecs.rollback" | "shell" => vec![action("model:Apply")],
            "ecs.deploy" => vec![action("model:Register"), action("model:Apply")],
            _ => Vec::new(),
        };
        let fields = task.with["fields"].as_object().into_iter().flatten();
        let ask = (self.kind == "manual").then(|| Ask {
            fields: fields
                .map(|(name, field)| AskField {
                    name: name.clone(),
                    prompt: String::new(),
                    secret: field["secret"] == true,
                    pattern: None,
                    optional: field["optional"] == true,
                })
                .collect(),
            ..Ask::default()
        });
        let world = json!({ "before": self.world.things().sizes.get(&key(&task.with)) });
        Ok(Intent {
            summary: format!("{} {}", self.kind, task.with),
            actions,
            world,
            ask,
            ..Intent::default()
        })
    }

    async fn act(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        _receipts: &[Receipt],
    ) -> Result<Receipt, ActError> {
        let call = intent.actions[action].call.as_str();
        task.progress.line("stdout", None, format!("sending {} with {}", effect(task, action), task.with));
        self.signed_in().map_err(ActError::Refused)?;
        let lost = || ActError::Ambiguous(Diagnosis::of("the connection broke"));
        match self
            .strikes(task, |fault| matches!(fault, Fault::Refused | Fault::LostBefore | Fault::LostAfter))
        {
            Some(Fault::Refused) => {
                return Err(ActError::Refused(
                    Diagnosis::of("AWS refused it")
                        .says("What AWS says", "ThrottlingException: Rate exceeded"),
                ));
            }
            Some(Fault::LostBefore) => return Err(lost()),
            Some(_) => {
                self.apply(task, action, call);
                return Err(lost());
            }
            None => {}
        }
        self.apply(task, action, call);
        Ok(receipt(task, action))
    }

    async fn observe(
        &self,
        task: &Task,
        _intent: &Intent,
        action: usize,
        _receipts: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        self.signed_in()?;
        if self.strikes(task, |fault| fault == Fault::Blind).is_some() {
            return Ok(Observation::Unsettled(Diagnosis::of("the world does not settle it")));
        }
        let there = self.world.things().took_effect.contains(&effect(task, action));
        Ok(match there {
            true => Observation::TookEffect(receipt(task, action)),
            false => Observation::TookNoEffect { why: "nothing bears its mark".into() },
        })
    }

    async fn follow(&self, task: &Task, _intent: &Intent, receipts: &[Receipt]) -> Ending {
        if let Err(expired) = self.signed_in() {
            return Ending::Failed(expired);
        }
        if self.asks(task) {
            task.asks.ask(question(task)).await;
            return std::future::pending().await;
        }
        let ends = |fault| matches!(fault, Fault::Fails(_) | Fault::Hangs | Fault::Breaks | Fault::PutBack);
        match self.strikes(task, ends) {
            Some(Fault::Hangs) => std::future::pending().await,
            Some(Fault::Breaks) => panic!("a defect of an executor, which this test wants"),
            Some(Fault::PutBack) => return Ending::RolledBackByAws(Diagnosis::of("AWS put it back")),
            Some(Fault::Fails(log)) => {
                let said = format!("it ended, having been given {}", task.with);
                let diagnosis = Diagnosis::of("it did not come up").says("The tasks", said);
                return Ending::Failed(Diagnosis { last_log: vec![log.into()], ..diagnosis });
            }
            Some(_) | None => {}
        }
        if let ("shell", Lane::Forward) = (self.kind, task.work.lane)
            && let Err(diagnosis) = self.keep(task).await
        {
            return Ending::Failed(diagnosis);
        }
        match (self.kind, task.work.lane) {
            ("ecs.deploy", Lane::Forward) => {
                // What the operator has seen to have taken effect has no id.
                let id = receipts.last().and_then(|last| Some(last.external.first()?.id.clone()));
                Ending::outputs([("deployment", json!(id))])
            }
            ("shell", Lane::Forward) => Ending::Succeeded {
                outputs: [("plain".to_owned(), OutputValue::plain(json!(format!("said {MINTED}"))))].into(),
                secret_outputs: [("token".to_owned(), Secret::new(MINTED))].into(),
                judgements: Vec::new(),
                note: Some(format!("with {}", task.with)),
            },
            _ => Ending::Succeeded {
                outputs: BTreeMap::new(),
                secret_outputs: BTreeMap::new(),
                judgements: Vec::new(),
                note: None,
            },
        }
    }
}
