//! Profiles from the accounts and roles of an SSO session, in a marked block of the config file that is ours alone.
//!
//! A profile of the block is recognised by account and role, not by its name: a second run changes nothing, a renamed
//! account keeps its profile's name until that is asked for, and what has gone from the tree stays until pruning is asked for.

use super::doc::{BadEdit, Doc, Pair};
use super::draft::{Draft, EditError};
use super::reading::{Grammar, Reading, Section, SectionId, SectionKind, read};
use crate::profiles::files;
use crate::{Env, FileKind, ProfilesError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The SSO session that the profiles sign in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOf {
    /// Its name, as in `[sso-session name]`.
    pub name: String,
    /// Its start URL. The section is written into the block when no file has it.
    pub start_url: String,
    /// Its region.
    pub region: String,
    /// Its scopes; `sso:account:access` when there is none.
    pub scopes: Vec<String>,
    /// A profile that carries the start URL itself, without refresh.
    pub legacy: bool,
}

/// One role in one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pick {
    /// Twelve digits.
    pub account: String,
    /// The account's name, as its organisation has it.
    pub account_name: String,
    /// The role (permission set).
    pub role: String,
}

/// How names and settings are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    /// With `{account_name}`, `{account_id}`, `{role}` and `{session}`; `|slug` after a name makes it lower case with
    /// dashes, `|lower` only lower case.
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
    /// Remove profiles of the block whose account or role is not in the tree any more.
    pub prune: bool,
}

/// What would be written, and what not and why.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The change itself.
    pub draft: Draft,
    /// Names that are new.
    pub added: Vec<String>,
    /// Names whose settings change.
    pub changed: Vec<String>,
    /// Old name, new name.
    pub renamed: Vec<(String, String)>,
    /// Names that are removed.
    pub removed: Vec<String>,
    /// What stays as it is although the tree says otherwise, or is left out: name and reason.
    pub left: Vec<(String, Why)>,
}

/// Why a profile is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// A profile of the same account and role stands outside of the block.
    ByHand {
        /// Its name.
        as_name: String,
    },
    /// Its account or role is not in the tree any more.
    Gone,
    /// By the template it would have another name now.
    WouldBe {
        /// The other name.
        name: String,
    },
    /// The account has no name, so its number was taken.
    Nameless,
    /// Somebody added this section to the block by hand.
    Foreign,
}

/// Why nothing can be generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The files cannot be read.
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    /// The change cannot be made.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The template is off.
    #[error("the template `{template}` cannot be used: {why}")]
    Template {
        /// As given.
        template: String,
        /// What is wrong.
        why: String,
    },
    /// There is nowhere to write.
    #[error("there is no home folder to find the AWS config file in: set HOME or AWS_CONFIG_FILE")]
    NoHome,
    /// The tree is empty.
    #[error("the account tree has nothing to make a profile of: refresh the accounts, or choose other roles")]
    Nothing,
}

impl Default for Template {
    fn default() -> Self {
        Self {
            name: "{account_name|slug}-{role}".to_owned(),
            prefix: String::new(),
            region: String::new(),
            output: String::new(),
            roles: Vec::new(),
            rename: false,
            prune: false,
        }
    }
}

/// Prepares the block of a session. Nothing is written; [`super::apply`] does that.
///
/// # Errors
/// [`GenerateError`].
pub fn generate(
    env: &Env,
    session: &SessionOf,
    picks: &[Pick],
    template: &Template,
) -> Result<Generated, GenerateError> {
    let files = files::read(env)?;
    let path = files.config.path.clone().ok_or(GenerateError::NoHome)?;
    let picks: BTreeSet<&Pick> = picks
        .iter()
        .filter(|pick| template.roles.is_empty() || template.roles.contains(&pick.role))
        .collect();
    if picks.is_empty() && !template.prune {
        return Err(GenerateError::Nothing);
    }
    let credentials =
        read(Grammar::Sdk, FileKind::Credentials, files.credentials.text.as_deref().unwrap_or_default());
    let credentials = credentials.unwrap_or_default();
    let names = names_of(session, &picks, template)?;
    let mut work = Work::default();
    let draft = Draft::of(&path, FileKind::Config, |text| {
        let mut doc = Doc::new(FileKind::Config, text);
        let inside = doc.block(&session.name)?.unwrap_or_else(|| Doc::new(FileKind::Config, ""));
        let whole = read(Grammar::Sdk, FileKind::Config, text).unwrap_or_default();
        let inside = work.block(inside, &whole, &credentials, session, &names, template)?;
        doc.set_block(&session.name, &inside)?;
        Ok((doc.text(), work.touched.clone()))
    })?;
    let Work { added, changed, renamed, removed, left, touched: _ } = work;
    Ok(Generated { draft, added, changed, renamed, removed, left })
}

/// What is done and left, as it is found.
#[derive(Default)]
struct Work {
    added: Vec<String>,
    changed: Vec<String>,
    renamed: Vec<(String, String)>,
    removed: Vec<String>,
    left: Vec<(String, Why)>,
    touched: BTreeSet<SectionId>,
}

impl Work {
    fn block(
        &mut self,
        mut inside: Doc,
        whole: &Reading,
        credentials: &Reading,
        session: &SessionOf,
        names: &BTreeMap<&Pick, (String, bool)>,
        template: &Template,
    ) -> Result<Doc, BadEdit> {
        let own: BTreeSet<SectionId> = inside.sections().into_iter().collect();
        self.session(&mut inside, whole, &own, session)?;
        // Who stands for which account and role: in the block, and outside of it.
        let (mut in_block, mut by_hand) = (BTreeMap::new(), BTreeMap::new());
        for (id, section) in whole.sections.iter().filter(|(id, _)| id.kind == SectionKind::Profile) {
            let Some(key) = key_of(section, session) else {
                if own.contains(id) {
                    self.left.push((id.name.clone(), Why::Foreign));
                }
                continue;
            };
            if own.contains(id) {
                in_block.insert(key, id)
            } else {
                by_hand.insert(key, id)
            };
        }
        let mut taken: BTreeSet<String> = whole
            .sections
            .keys()
            .chain(credentials.sections.keys())
            .filter(|id| id.kind == SectionKind::Profile)
            .map(|id| id.name.clone())
            .collect();
        let (mut wanted, mut new, mut gone) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        let mut edits = Edits::default();
        for (pick, (name, is_nameless)) in names {
            let key = (pick.account.clone(), pick.role.clone());
            wanted.insert(key.clone());
            let pairs = pairs_of(session, pick, template)?;
            if let Some(id) = in_block.get(&key) {
                self.known(&mut edits, whole, id, name, &pairs, template, &mut taken);
                continue;
            }
            if let Some(other) = by_hand.get(&key) {
                self.left.push((name.clone(), Why::ByHand { as_name: other.name.clone() }));
                continue;
            }
            let name = free(name, &pick.account, &taken);
            taken.insert(name.clone());
            if *is_nameless {
                self.left.push((name.clone(), Why::Nameless));
            }
            let id = SectionId::profile(name.as_str());
            new.push((id.clone(), pairs));
            self.touched.insert(id);
            self.added.push(name);
        }
        for (_, id) in in_block.into_iter().filter(|(key, _)| !wanted.contains(key)) {
            if template.prune {
                gone.insert(id.clone());
                self.touched.insert(id.clone());
                self.removed.push(id.name.clone());
            } else {
                self.left.push((id.name.clone(), Why::Gone));
            }
        }
        inside.set_many(&edits.values)?;
        inside.rename_sections(&edits.names)?;
        inside.remove_sections(&gone);
        inside.add_sections(&new)?;
        Ok(inside)
    }

    /// The session's own section stands in the block only when it stands nowhere else.
    fn session(
        &mut self,
        inside: &mut Doc,
        whole: &Reading,
        own: &BTreeSet<SectionId>,
        session: &SessionOf,
    ) -> Result<(), BadEdit> {
        let id = SectionId::sso_session(session.name.as_str());
        if session.legacy || (whole.section(&id).is_some() && !own.contains(&id)) {
            return Ok(());
        }
        let scopes = match session.scopes.as_slice() {
            [] => "sso:account:access".to_owned(),
            scopes => scopes.join(","),
        };
        let pairs = [
            Pair::new("sso_start_url", session.start_url.as_str())?,
            Pair::new("sso_region", session.region.as_str())?,
            Pair::new("sso_registration_scopes", scopes)?,
        ];
        if own.contains(&id) {
            let stale = stale(whole.section(&id), &pairs);
            inside.set_many(&BTreeMap::from([(id.clone(), stale)]))?;
        } else {
            inside.add_section(&id, &pairs)?;
        }
        self.touched.insert(id);
        Ok(())
    }

    /// A profile that the block has: its settings are brought up to date, keys that somebody added stay.
    #[expect(clippy::too_many_arguments, reason = "one step of a loop, with the loop's state")]
    fn known(
        &mut self,
        edits: &mut Edits,
        whole: &Reading,
        id: &SectionId,
        name: &str,
        pairs: &[Pair],
        template: &Template,
        taken: &mut BTreeSet<String>,
    ) {
        let stale = stale(whole.section(id), pairs);
        if !stale.is_empty() {
            self.changed.push(id.name.clone());
            self.touched.insert(id.clone());
            edits.values.insert(id.clone(), stale);
        }
        // A name that was made longer to be unique is not another name.
        if id.name == name || id.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')) {
            return;
        }
        if !template.rename || taken.contains(name) {
            self.left.push((id.name.clone(), Why::WouldBe { name: name.to_owned() }));
            return;
        }
        let to = SectionId::profile(name);
        taken.insert(name.to_owned());
        self.renamed.push((id.name.clone(), name.to_owned()));
        self.touched.extend([id.clone(), to.clone()]);
        edits.names.insert(id.clone(), to);
    }
}

/// Changes of the block's profiles, made together.
#[derive(Default)]
struct Edits {
    values: BTreeMap<SectionId, Vec<Pair>>,
    names: BTreeMap<SectionId, SectionId>,
}

/// The pairs that a section does not have so.
fn stale(section: Option<&Section>, pairs: &[Pair]) -> Vec<Pair> {
    let differs = |pair: &&Pair| section.and_then(|section| section.get(pair.key())) != Some(pair.value());
    pairs.iter().filter(differs).cloned().collect()
}

/// Account and role of a profile that signs in by this session.
fn key_of(section: &Section, session: &SessionOf) -> Option<(String, String)> {
    let is_ours = match section.get("sso_session") {
        Some(name) => name == session.name,
        None => section.get("sso_start_url") == Some(session.start_url.as_str()),
    };
    let key = (section.get("sso_account_id")?.to_owned(), section.get("sso_role_name")?.to_owned());
    is_ours.then_some(key)
}

fn pairs_of(session: &SessionOf, pick: &Pick, template: &Template) -> Result<Vec<Pair>, BadEdit> {
    let mut pairs = if session.legacy {
        vec![
            Pair::new("sso_start_url", session.start_url.as_str())?,
            Pair::new("sso_region", session.region.as_str())?,
        ]
    } else {
        vec![Pair::new("sso_session", session.name.as_str())?]
    };
    pairs.push(Pair::new("sso_account_id", pick.account.as_str())?);
    pairs.push(Pair::new("sso_role_name", pick.role.as_str())?);
    for (key, value) in [("region", &template.region), ("output", &template.output)] {
        if !value.is_empty() {
            pairs.push(Pair::new(key, value.as_str())?);
        }
    }
    Ok(pairs)
}

/// Names by the template. Two that would be the same get their account's number, both of them; whether an account had
/// no usable name is told beside it.
fn names_of<'a>(
    session: &SessionOf,
    picks: &BTreeSet<&'a Pick>,
    template: &Template,
) -> Result<BTreeMap<&'a Pick, (String, bool)>, GenerateError> {
    let mut names = BTreeMap::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for pick in picks {
        let (name, is_nameless) = name_of(session, pick, template)?;
        *counts.entry(name.clone()).or_default() += 1;
        names.insert(*pick, (name, is_nameless));
    }
    for (pick, (name, _)) in &mut names {
        if counts.get(name).is_some_and(|count| *count > 1) {
            *name = format!("{name}-{}", pick.account);
        }
    }
    Ok(names)
}

fn name_of(session: &SessionOf, pick: &Pick, template: &Template) -> Result<(String, bool), GenerateError> {
    let bad = |why: String| GenerateError::Template { template: template.name.clone(), why };
    let mut name = template.prefix.clone();
    let mut is_nameless = false;
    let mut rest = template.name.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        name.push_str(before);
        let (field, after) = after.split_once('}').ok_or_else(|| bad("a `{` is not closed".to_owned()))?;
        rest = after;
        let (field, how) = match field.split_once('|') {
            Some((field, how)) => (field.trim(), Some(how.trim())),
            None => (field.trim(), None),
        };
        let value = match field {
            "account_name" => pick.account_name.as_str(),
            "account_id" => pick.account.as_str(),
            "role" => pick.role.as_str(),
            "session" => session.name.as_str(),
            other => {
                return Err(bad(format!("`{other}` is none of account_name, account_id, role and session")));
            }
        };
        let value = match how {
            None => safe(value),
            Some("lower") => safe(&value.to_lowercase()),
            Some("slug") => slug(value),
            Some(other) => return Err(bad(format!("`|{other}` is none of |slug and |lower"))),
        };
        if value.trim_matches('-').is_empty() {
            is_nameless = true;
            name.push_str(&pick.account);
        } else {
            name.push_str(&value);
        }
    }
    if rest.contains('}') {
        return Err(bad("a `}` has no `{` before it".to_owned()));
    }
    name.push_str(rest);
    let is_safe = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&b));
    match is_safe && !name.is_empty() {
        true => Ok((name, is_nameless)),
        false => Err(bad("a profile's name has only letters, digits and _ - / . % @ : +".to_owned())),
    }
}

/// Characters that a profile's name cannot have become dashes.
fn safe(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c) { c } else { '-' })
        .collect()
}

/// Lower case, with single dashes between what is left of the words.
fn slug(text: &str) -> String {
    let words = text.to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The name, or a longer one where somebody else has it.
fn free(name: &str, account: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    let with_account = if name.ends_with(account) { name.to_owned() } else { format!("{name}-{account}") };
    let numbered = (2..).map(|number| format!("{with_account}-{number}"));
    let mut names = std::iter::once(with_account.clone()).chain(numbered);
    // The sequence has no end, so one is free.
    names.find(|name| !taken.contains(name)).unwrap_or(with_account)
}
