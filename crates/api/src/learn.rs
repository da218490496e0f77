//! "Save as known problem": what a failure offers, what would be written, and the file.

use crate::Problem;
use crate::console::Console;
use crate::importing::save_whole;
use crate::own::FOLDER;
use crate::views::{KnownDraft, KnownFolder, KnownMessage, KnownOffer, KnownSaved, shown_work, told};
use holdpoint_engine::evidence;
use holdpoint_known::{Draft, Evidence, Message, Owner, catalogue, claimed, messages, propose, prove, slug};
use holdpoint_plan::StepId;
use holdpoint_redact::Redactor;
use holdpoint_run::{RunId, State};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use ts_rs::TS;

/// Longest id that a title gives, and that a file name is made of.
const LONGEST_ID: usize = 64;

/// A failure.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct KnownFrom {
    /// The run's id.
    pub run: String,
    /// The step that failed.
    pub step: String,
}

/// A known problem to be.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct KnownForm {
    /// The run's id.
    pub run: String,
    /// The step that failed.
    pub step: String,
    /// Which of the offered messages it is recognised by; counts from 0.
    pub message: usize,
    /// Stem of its file; null takes it from the title.
    pub id: Option<String>,
    /// A few words, as a heading.
    pub title: String,
    /// What is true when it matches; may be empty.
    pub meaning: String,
    /// Where it comes from.
    pub cause: String,
    /// What to do, first things first.
    pub repairs: Vec<String>,
    /// What it is recognised by.
    pub regex: String,
    /// `user` or `plan`.
    #[ts(type = "\"user\" | \"plan\"")]
    pub to: String,
}

impl Console {
    /// What a failure offers to be recognised by.
    pub async fn known_offer(&self, run: &RunId, step: &StepId) -> Result<KnownOffer, Problem> {
        let state = self.state(run).await?;
        let offered = |message: Message| KnownMessage {
            place: message.place.word().to_owned(),
            regex: propose(&message.text),
            text: message.text,
        };
        let folder = |owner: Owner| {
            let folder = self.known_folder(&state, owner)?;
            Some(KnownFolder { to: owner.word().to_owned(), folder: folder.display().to_string() })
        };
        Ok(KnownOffer {
            messages: said(&state, step)?.into_iter().map(offered).collect(),
            folders: [Owner::User, Owner::Plan].into_iter().filter_map(folder).collect(),
        })
    }

    /// The step of a run that has failed, where there is one.
    ///
    /// # Errors
    /// None has, or several have: they are named.
    pub async fn failed_step(&self, run: &RunId) -> Result<StepId, Problem> {
        let state = self.state(run).await?;
        let has_failed =
            |step: &&holdpoint_plan::Step| state.work(&shown_work(&state, &step.id)).and_then(told).is_some();
        let failed: Vec<StepId> = state.plan.steps().filter(has_failed).map(|step| step.id.clone()).collect();
        match failed.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(Problem::new(format!("no step of run {run} has failed"))
                .code("refused")
                .hint("a known problem is learnt from a failure: `holdpoint runs` lists the runs")),
            several => {
                let ids: Vec<&str> = several.iter().map(StepId::as_str).collect();
                Err(Problem::new(format!("several steps of run {run} have failed: {}", ids.join(", ")))
                    .code("usage")
                    .hint(format!("name one: --from {run}:{}", ids.first().copied().unwrap_or_default())))
            }
        }
    }

    /// What would be written. Nothing is.
    pub async fn known_draft(&self, form: &KnownForm) -> Result<KnownDraft, Problem> {
        let state = self.state(&RunId::new(form.run.clone())?).await?;
        self.drafted(form, &state)
    }

    /// Writes the file of a known problem; one that is there is never replaced.
    pub async fn save_known(&self, form: &KnownForm) -> Result<KnownSaved, Problem> {
        let state = self.state(&RunId::new(form.run.clone())?).await?;
        let draft = self.drafted(form, &state)?;
        let Some(yaml) = draft.yaml else {
            let causes = draft.faults.into_iter().map(|(field, said)| format!("{field}: {said}"));
            let refused = Problem::new("the known problem was not saved").code("refused");
            return Err(Problem { causes: causes.collect(), ..refused });
        };
        let file = PathBuf::from(&draft.file);
        let base =
            self.known_folder(&state, owner(&form.to)?).and_then(|folder| Some(folder.parent()?.to_owned()));
        make_inside(&file, base.as_deref())?;
        save_whole(&file, yaml.as_bytes(), false)?;
        Ok(KnownSaved { id: id_of(form), file: draft.file })
    }

    fn drafted(&self, form: &KnownForm, state: &State) -> Result<KnownDraft, Problem> {
        let step = step_id(&form.step)?;
        let message = said(state, &step)?.into_iter().nth(form.message).ok_or_else(|| {
            Problem::new(format!("step {step} offers no message {}", form.message + 1)).code("usage")
        })?;
        let folder = self.known_folder(state, owner(&form.to)?).ok_or_else(|| {
            Problem::new("the folder of the plan is not known")
                .code("usage")
                .hint("save it to the user's folder")
        })?;
        let id = id_of(form);
        let file = folder.join(format!("{id}.yaml"));
        let draft = Draft {
            id: id.clone(),
            title: form.title.clone(),
            meaning: form.meaning.clone(),
            cause: form.cause.clone(),
            repairs: form.repairs.clone(),
            regex: form.regex.clone(),
            source: format!("run {}, step {}", form.run, form.step),
            message,
        };
        let plan = state.started.as_ref().map(|started| PathBuf::from(&started.plan_path));
        let shelf = self.shelf(plan.as_deref());
        let mut faults: Vec<(String, String)> = Vec::new();
        let mut fault = |field: &str, said: String| faults.push((field.to_owned(), said));
        if draft.title.trim().is_empty() {
            fault("title", "say in a few words what it is".to_owned());
        } else if form.id.as_deref().is_some_and(|asked| !asked.trim().is_empty() && asked.trim() != id) {
            fault("id", format!("an id has 1 to {LONGEST_ID} of a-z, 0-9 and `-`: it is the file's name"));
        } else if id.is_empty() {
            fault("id", "the title has none of a-z and 0-9: choose an id for the file".to_owned());
        } else if catalogue().iter().any(|ours| ours.id == id) {
            fault(
                "id",
                format!("`{id}` is a problem that Holdpoint knows itself: choose another title or id"),
            );
        } else if file.symlink_metadata().is_ok() || shelf.own().iter().any(|own| own.problem.id == id) {
            fault(
                "id",
                format!("`{id}` is there already, and is never overwritten: choose another title or id"),
            );
        }
        if draft.cause.trim().is_empty() && draft.repairs.iter().all(|repair| repair.trim().is_empty()) {
            fault("cause", "say where it comes from, or what mends it".to_owned());
        }
        let (mut matches, mut yaml) = (false, None);
        if draft.regex.trim().is_empty() {
            fault("regex", "say what it is recognised by".to_owned());
        } else {
            match claimed(&draft.regex, shelf.own()) {
                Err(why) => fault("regex", why.lines().last().unwrap_or_default().trim().to_owned()),
                Ok(claims) if !claims.is_empty() => fault(
                    "regex",
                    format!(
                        "it would also explain what is about {}: name more of the message",
                        claims.join(", ")
                    ),
                ),
                Ok(_) => {}
            }
            match draft.yaml().map_err(|fault| fault.message).and_then(|text| {
                let proof = prove(&id, &text, &[]).map_err(|fault| fault.message)?;
                Ok((proof.broken.is_empty(), text))
            }) {
                Ok((true, text)) => (matches, yaml) = (true, Some(text)),
                Ok((false, _)) => fault("regex", "it does not match the message".to_owned()),
                // What is wrong with the title, the id or the expression was said above.
                Err(said) if faults.is_empty() => faults.push(("file".to_owned(), said)),
                Err(_) => {}
            }
        }
        if !matches && !draft.regex.trim().is_empty() {
            // Without a title there is no file to try, and the expression is tried all the same.
            let stand_in = Draft { id: "x".to_owned(), title: "x".to_owned(), ..draft };
            let text = stand_in.yaml().ok();
            matches = text
                .and_then(|text| prove("x", &text, &[]).ok())
                .is_some_and(|proof| proof.broken.is_empty());
        }
        let yaml = yaml.filter(|_| faults.is_empty());
        Ok(KnownDraft { file: file.display().to_string(), yaml, matches, faults })
    }

    fn known_folder(&self, state: &State, owner: Owner) -> Option<PathBuf> {
        match owner {
            Owner::User => Some(self.places.known().join(FOLDER)),
            Owner::Plan => Some(Path::new(&state.started.as_ref()?.plan_path).parent()?.join(FOLDER)),
        }
    }
}

/// The lines of a step's failure, without secrets: what the ledger keeps has none, and is looked through once more.
fn said(state: &State, step: &StepId) -> Result<Vec<Message>, Problem> {
    if state.plan.step(step).is_none() {
        return Err(Problem::new(format!("run {} has no step {step}", state.run)).code("not_found"));
    }
    let told = state.work(&shown_work(state, step)).and_then(told).ok_or_else(|| {
        Problem::new(format!("step {step} of run {} has not failed", state.run))
            .code("refused")
            .hint("`holdpoint show RUN` names what has")
    })?;
    let redactor = Redactor::new([]);
    let seen = evidence(told);
    let clean = seen.lines().map(|(place, text)| (place, redactor.redact_str(text).into_owned()));
    Ok(messages(&clean.fold(Evidence::default(), |seen, (place, text)| seen.with(place, text))))
}

fn id_of(form: &KnownForm) -> String {
    let id = form.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    let mut id = id.map_or_else(|| slug(&form.title), str::to_owned);
    // An id is a file's name: what would lead elsewhere is none.
    id.retain(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-');
    id.truncate(LONGEST_ID);
    id
}

fn owner(to: &str) -> Result<Owner, Problem> {
    match to {
        "user" => Ok(Owner::User),
        "plan" => Ok(Owner::Plan),
        other => Err(Problem::new(format!("`{other}` is no place for a known problem: `user` or `plan`"))
            .code("usage")),
    }
}

fn step_id(text: &str) -> Result<StepId, Problem> {
    StepId::new(text).map_err(|bad| Problem::new(bad.to_string()).code("usage"))
}

/// Makes the folder of a file; one that is a link out of `base` is refused, as it would not be read either.
fn make_inside(file: &Path, base: Option<&Path>) -> Result<(), Problem> {
    let (Some(folder), Some(base)) = (file.parent(), base) else {
        return Err(Problem::new(format!("{} has no folder", file.display())));
    };
    let could_not = |error: std::io::Error| {
        Problem::new(format!("{} cannot be made: {error}", folder.display()))
            .hint("save it to the other folder")
    };
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(could_not(error)),
        Ok(()) | Err(_) => {}
    }
    let (real, base) = (folder.canonicalize().map_err(could_not)?, base.canonicalize().map_err(could_not)?);
    match real.starts_with(&base) {
        true => Ok(()),
        false => Err(Problem::new(format!("{} is a link that leads elsewhere", folder.display()))
            .code("refused")
            .hint("put a folder in its place, or save it to the other one")),
    }
}
