//! Changes that are shown before they are made, profiles and repairs: drafts by id, made and taken back by it.

use crate::Problem;
use crate::console::Console;
use crate::views::{DraftView, Update};
use holdpoint_identity::config::{Generated, Pick, SessionOf, Template, Undo, Why, generate, undo};
use holdpoint_identity::doctor::{Done, Repair, repair};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use ts_rs::TS;

/// How many drafts are kept: an older one is asked for anew.
const KEPT: usize = 32;

/// Drafts that were shown.
#[derive(Default)]
pub(crate) struct Drafts {
    made: u64,
    by_id: BTreeMap<u64, Shown>,
}

struct Shown {
    view: DraftView,
    what: Arc<Repair>,
    undo: Option<Undo>,
}

/// What a console holds of them.
pub(crate) type Held = Mutex<Drafts>;

/// Which profiles to generate, and how.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ProfilesGenerate {
    /// The session's key.
    pub session: String,
    /// Accounts, with one role or all of them; empty is everything that is known.
    pub pick: Vec<PickRole>,
    /// How names and settings are made.
    pub template: TemplateOf,
}

/// An account and a role of it.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PickRole {
    /// Twelve digits.
    pub account: String,
    /// The role; null is every role.
    pub role: Option<String>,
}

/// How names and settings are made.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TemplateOf {
    /// With `{account_name}`, `{account_id}`, `{role}` and `{session}`, each with `|slug` or `|lower`.
    pub name: String,
    /// Put before every name.
    pub prefix: String,
    /// `region` of each profile; none when empty.
    pub region: String,
    /// `output` of each profile; none when empty.
    pub output: String,
    /// Only these roles; all when empty.
    pub roles: Vec<String>,
    /// Follow accounts that were renamed.
    pub rename: bool,
    /// Remove profiles of the block whose account or role is not there any more.
    pub prune: bool,
}

impl Console {
    /// Prepares profiles for the accounts of a session. Nothing is written.
    pub async fn generate_profiles(&self, args: ProfilesGenerate) -> Result<DraftView, Problem> {
        let session = self.sso_session(&args.session).await?;
        self.grown(&session.key()).await;
        let known = self.identities.portal.known(&session);
        if known.is_empty() {
            return Err(Problem::new(format!("no accounts of SSO session {} are known yet", session.name))
                .hint("sign in and refresh the accounts first"));
        }
        let wanted = |account: &str, role: &str| {
            args.pick.is_empty()
                || args
                    .pick
                    .iter()
                    .any(|pick| pick.account == account && pick.role.as_deref().is_none_or(|one| one == role))
        };
        let picks: Vec<Pick> = known
            .iter()
            .flat_map(|account| account.roles.iter().map(move |role| (account, role)))
            .filter(|(account, role)| wanted(&account.id, role))
            .map(|(account, role)| Pick {
                account: account.id.clone(),
                account_name: account.name.clone(),
                role: role.clone(),
            })
            .collect();
        let TemplateOf { name, prefix, region, output, roles, rename, prune } = args.template;
        let template = Template { name, prefix, region, output, roles, rename, prune };
        let of = SessionOf {
            name: session.name.clone(),
            start_url: session.start_url.clone(),
            region: session.region.clone(),
            scopes: session.scopes.clone(),
            legacy: session.legacy,
        };
        let generated = generate(&self.config.env, &of, &picks, &template)
            .map_err(|error| Problem::new(error.to_string()).code("template"))?;
        let title = format!("Profiles of SSO session {}", session.name);
        let (profiles, problems) = (profiles_in(&generated), problems_in(&generated));
        Ok(self.show(title, Repair::Edit(generated.draft), profiles, problems))
    }

    /// Writes a draft that was shown, with a backup.
    pub fn apply_draft(&self, id: &str) -> Result<DraftView, Problem> {
        let draft = {
            let drafts = self.drafts();
            let shown = drafts.by_id.get(&number(id)?).ok_or_else(gone)?;
            if shown.view.applied {
                return Ok(shown.view.clone());
            }
            Arc::clone(&shown.what)
        };
        let done = repair(&draft, &self.backups(), self.system_now())
            .map_err(|error| Problem::new(error.to_string()).code("not_written"))?;
        let view = self.changed(id, |shown| {
            shown.view.applied = true;
            shown.view.can_apply = false;
            if let Done::Edited(undo) = done {
                shown.view.can_undo = true;
                shown.view.backup = undo.backup.as_ref().map(|path| path.display().to_string());
                shown.undo = Some(undo);
            }
        })?;
        self.tell(Update::Accounts);
        self.tell(Update::Home);
        Ok(view)
    }

    /// Takes an applied draft back, unless somebody has written the file since.
    pub fn undo_draft(&self, id: &str) -> Result<DraftView, Problem> {
        let take_back = {
            let drafts = self.drafts();
            let shown = drafts.by_id.get(&number(id)?).ok_or_else(gone)?;
            shown
                .undo
                .clone()
                .ok_or_else(|| Problem::new("this change was not made, so there is nothing to undo"))?
        };
        undo(&take_back, &self.backups())
            .map_err(|error| Problem::new(error.to_string()).code("not_written"))?;
        let view = self.changed(id, |shown| {
            shown.view.applied = false;
            shown.view.can_apply = true;
            shown.view.can_undo = false;
            shown.undo = None;
        })?;
        self.tell(Update::Accounts);
        self.tell(Update::Home);
        Ok(view)
    }

    /// Keeps a draft and shows it.
    pub(crate) fn show(
        &self,
        title: String,
        what: Repair,
        profiles: Vec<String>,
        problems: Vec<String>,
    ) -> DraftView {
        let mut drafts = self.drafts();
        drafts.made += 1;
        let id = drafts.made;
        let (path, diff, action, can_apply) = match &what {
            Repair::Edit(draft) if draft.is_empty() => (draft.path(), String::new(), None, false),
            Repair::Edit(draft) => (draft.path(), draft.diff().to_owned(), None, true),
            Repair::Chmod { path, .. } => (path.as_path(), String::new(), Some(what.preview()), true),
            Repair::Remove(paths) => {
                let first = paths.first().map(PathBuf::as_path).unwrap_or(Path::new(""));
                (first, String::new(), Some(what.preview()), true)
            }
            Repair::Command(_) => (Path::new(""), String::new(), Some(what.preview()), false),
        };
        let view = DraftView {
            id: id.to_string(),
            title,
            path: path.display().to_string(),
            diff,
            action,
            profiles,
            problems,
            can_apply,
            applied: false,
            can_undo: false,
            backup: None,
        };
        drafts.by_id.insert(id, Shown { view: view.clone(), what: Arc::new(what), undo: None });
        while drafts.by_id.len() > KEPT {
            drafts.by_id.pop_first();
        }
        view
    }

    fn changed(&self, id: &str, change: impl FnOnce(&mut Shown)) -> Result<DraftView, Problem> {
        let mut drafts = self.drafts();
        let shown = drafts.by_id.get_mut(&number(id)?).ok_or_else(gone)?;
        change(shown);
        Ok(shown.view.clone())
    }

    fn backups(&self) -> PathBuf {
        self.places.home.join("backups")
    }

    fn drafts(&self) -> MutexGuard<'_, Drafts> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number(id: &str) -> Result<u64, Problem> {
    id.parse().map_err(|_| gone())
}

fn gone() -> Problem {
    Problem::new("this draft is not kept any more").code("not_found").hint("prepare it again")
}

fn profiles_in(generated: &Generated) -> Vec<String> {
    let renamed = generated.renamed.iter().map(|(_, new)| new.clone());
    generated.added.iter().chain(&generated.changed).cloned().chain(renamed).collect()
}

fn problems_in(generated: &Generated) -> Vec<String> {
    let removed = generated.removed.iter().map(|name| format!("{name} is removed"));
    let renamed = generated.renamed.iter().map(|(old, new)| format!("{old} becomes {new}"));
    let left = generated.left.iter().map(|(name, why)| match why {
        Why::ByHand { as_name } => format!("{name} is left out: {as_name} leads there already"),
        Why::Gone => format!("{name} stays, though its account or role is not there any more"),
        Why::WouldBe { name: other } => format!("{name} keeps its name; by the template it would be {other}"),
        Why::Nameless => format!("{name}: the account has no name, so its number was taken"),
        Why::Foreign => format!("{name} stays: it was added to the block by hand"),
    });
    removed.chain(renamed).chain(left).collect()
}
