//! Known problems of one's own: the folders `known-problems` beside a plan and of the user, read within bounds.
//!
//! Nobody vouched for what stands beside a plan. It is read as text; what leads out of the folder is not followed; what
//! is wrong is told, and neither stops a run nor hides anything that Holdpoint knows.

use crate::console::Console;
use crate::views::{KnownView, has_failed, known_views, own_faults, told};
use holdpoint_known::{Fault, File, LARGEST_FILE, MOST_FILES, Owner, Shelf};
use holdpoint_run::{State, Work};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Name of the folder, beside a plan and in `HOLDPOINT_HOME`.
pub(crate) const FOLDER: &str = "known-problems";

/// Most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// Plans whose problems are remembered.
const REMEMBERED: usize = 16;

/// What was read of a plan's folder and the user's, and what the files looked like then.
type Remembered = (Vec<Seen>, Arc<Shelf>);

/// What is remembered, by plan folder.
#[derive(Default)]
pub(crate) struct Held(Mutex<BTreeMap<PathBuf, Remembered>>);

/// A file as the folder shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    owner: Owner,
    path: PathBuf,
    /// Length and time of its last change, or why it is not read.
    stands: Result<(u64, Option<SystemTime>), Fault>,
}

/// A file of one's own that was read by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFile {
    /// Stem of its name.
    pub id: String,
    /// What is in it.
    pub text: String,
}

impl Console {
    /// The known problems of one's own that explain failures of this run: the user's, and those beside its plan. None
    /// are read while nothing has failed.
    pub fn shelf_for(&self, state: &State) -> Option<Arc<Shelf>> {
        if !has_failed(state) {
            return None;
        }
        let plan = state.started.as_ref().map(|started| PathBuf::from(&started.plan_path));
        Some(self.shelf(plan.as_deref()))
    }

    /// The known problems that work shows which did not go as asked, one's own first, and what is wrong with files of
    /// one's own.
    pub fn known_of(&self, state: &State, work: &Work) -> (Vec<KnownView>, Vec<String>) {
        let Some(told) = state.work(work).and_then(told) else { return (Vec::new(), Vec::new()) };
        let shelf = self.shelf_for(state);
        (known_views(told, shelf.as_deref()), shelf.as_deref().map(own_faults).unwrap_or_default())
    }

    pub(crate) fn shelf(&self, plan: Option<&Path>) -> Arc<Shelf> {
        let seen = look(&self.places.known(), plan);
        let key = plan.map(Path::to_owned).unwrap_or_default();
        let mut held = self.own.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, shelf)) = held.get(&key).filter(|(before, _)| *before == seen) {
            return Arc::clone(shelf);
        }
        let shelf = Arc::new(read(&seen));
        if held.len() >= REMEMBERED {
            held.clear();
        }
        held.insert(key, (seen, Arc::clone(&shelf)));
        shelf
    }
}

/// Reads the user's folder, and the one beside a plan.
pub fn shelf_of(home: &Path, plan: Option<&Path>) -> Shelf {
    read(&look(home, plan))
}

/// Reads a file that somebody named. It is read within the same bounds, and may be anywhere.
///
/// # Errors
/// What is wrong with it.
pub fn own_file(path: &Path) -> Result<OwnFile, Fault> {
    let whole = |error: std::io::Error| Fault::whole(format!("it cannot be read: {error}"));
    let metadata = std::fs::metadata(path).map_err(whole)?;
    let stands = standing(&metadata);
    stands?;
    Ok(OwnFile { id: id_of(path), text: text_of(path)? })
}

fn look(home: &Path, plan: Option<&Path>) -> Vec<Seen> {
    let mut seen = Vec::new();
    look_in(Owner::User, home, &mut seen);
    if let Some(beside) = plan.and_then(Path::parent) {
        look_in(Owner::Plan, beside, &mut seen);
    }
    seen
}

fn look_in(owner: Owner, base: &Path, seen: &mut Vec<Seen>) {
    let folder = base.join(FOLDER);
    if let Err(error) = folder.symlink_metadata()
        && error.kind() == std::io::ErrorKind::NotFound
    {
        return;
    }
    let mut fault =
        |path: &Path, fault: Fault| seen.push(Seen { owner, path: path.to_owned(), stands: Err(fault) });
    let inside = base.canonicalize().and_then(|base| Ok((base, folder.canonicalize()?)));
    let (base, inside) = match inside {
        Ok(both) => both,
        Err(error) => return fault(&folder, Fault::whole(format!("the folder cannot be read: {error}"))),
    };
    if !inside.starts_with(&base) {
        let message =
            "the folder is a link that leads elsewhere, and is not followed: put a folder in its place";
        return fault(&folder, Fault::whole(message));
    }
    let entries = match std::fs::read_dir(&inside) {
        Ok(entries) => entries,
        Err(error) => return fault(&folder, Fault::whole(format!("the folder cannot be read: {error}"))),
    };
    let names = entries.take(MOST_ENTRIES).filter_map(|entry| Some(entry.ok()?.file_name()));
    let mut names: Vec<PathBuf> = names.map(PathBuf::from).filter(|name| is_problem(name)).collect();
    names.sort();
    if names.len() > MOST_FILES {
        let message = format!("there are more than {MOST_FILES} files: the first of them by name are read");
        fault(&folder, Fault::whole(message));
    }
    for name in names.into_iter().take(MOST_FILES) {
        let path = folder.join(&name);
        seen.push(Seen { owner, stands: stands(&path, &inside), path });
    }
}

/// `queue-is-full.yaml`; what is hidden is somebody's editor.
fn is_problem(name: &Path) -> bool {
    let hidden = name.to_str().is_some_and(|name| name.starts_with('.'));
    !hidden && name.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

fn stands(path: &Path, inside: &Path) -> Result<(u64, Option<SystemTime>), Fault> {
    let whole = |error: std::io::Error| Fault::whole(format!("it cannot be read: {error}"));
    let real = path.canonicalize().map_err(whole)?;
    if !real.starts_with(inside) {
        return Err(Fault::whole(
            "it is a link that leads out of its folder, and is not followed: put a copy in its place",
        ));
    }
    standing(&std::fs::metadata(&real).map_err(whole)?)
}

/// Length and time of a file that can be read; of a pipe or a folder why not.
fn standing(metadata: &std::fs::Metadata) -> Result<(u64, Option<SystemTime>), Fault> {
    if !metadata.is_file() {
        return Err(Fault::whole("it is no file"));
    }
    if metadata.len() > LARGEST_FILE as u64 {
        let message = format!(
            "it has {} bytes, and a known problem at most {LARGEST_FILE}: split or shorten it",
            metadata.len()
        );
        return Err(Fault::whole(message));
    }
    Ok((metadata.len(), metadata.modified().ok()))
}

fn read(seen: &[Seen]) -> Shelf {
    let mut texts = Vec::new();
    let mut faults = Vec::new();
    for one in seen {
        let shown = one.path.display().to_string();
        let text = one.stands.clone().and_then(|_| text_of(&one.path));
        match text {
            Ok(text) => texts.push((one.owner, shown, id_of(&one.path), text)),
            Err(fault) => faults.push((shown, fault)),
        }
    }
    let files = texts.iter().map(|(owner, path, id, text)| File { owner: *owner, path, id, text });
    faults.into_iter().fold(Shelf::of(files), |shelf, (path, fault)| shelf.with_fault(path, fault))
}

fn text_of(path: &Path) -> Result<String, Fault> {
    let whole = |error: std::io::Error| Fault::whole(format!("it cannot be read: {error}"));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(whole)?;
    // A file that grows while it is read is read as far as it takes to say that it is too large.
    file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(whole)?;
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let column = before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) as u64 + 1;
        Fault { line, column, message: "it is not UTF-8 from here on: save it as UTF-8".to_owned() }
    })
}

fn id_of(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
