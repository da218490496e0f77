//! Taking a run over from the process that drives it: it is asked to let go; one that does not answer is shut out.
//!
//! A driver holds a lock that only its own end frees. Whoever asks writes who they are into a file beside it, and locks
//! that file for as long as they wait: a request whose author died asks for nothing. A driver that is awake sees it, lets
//! go between two effects, and what is in the journal goes on elsewhere. A driver that is stopped or hangs keeps its lock
//! on a file that is no more the run's: its next append does not follow the journal's head any more, and before it sends
//! anything it looks whose lock the run's is.

use crate::folder::{DriverLock, FolderError, RunFolder, failed, patiently, write_durably};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::time::Duration;

/// How often a driver looks whether it is asked to let go, and who asks whether it has.
pub(crate) const LOOK: Duration = Duration::from_millis(200);
/// Looks within which a driver that is awake has heard: ten seconds.
const HEARS: u32 = 50;
/// Looks within which a driver that has heard lets go, or is left alone again: a minute.
const LETS_GO: u32 = 300;

const REQUEST: &str = "take-over";
const HEARD: &str = "take-over.heard";

/// How asking a driver ended.
pub(crate) enum Asked {
    /// It let go, or had gone: this is its lock now.
    LetGo(DriverLock),
    /// It said what it must end first, and had not ended it yet.
    Busy(String),
    /// It said nothing.
    Silent,
}

impl RunFolder {
    /// Asks whoever drives to let go, and waits for that. A request that led to nothing ends with this call: nobody lets go
    /// of a run that nobody waits for.
    pub(crate) async fn ask_to_let_go(&self, driver: &str) -> Result<Asked, FolderError> {
        let path = self.path().join(REQUEST);
        let open = OpenOptions::new().create(true).write(true).truncate(false).open(&path);
        let mut request = open.map_err(|error| failed(&path, "made", &error))?;
        match patiently(&request) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Asked::Busy("nobody else takes it over".into())),
            Err(TryLockError::Error(error)) => return Err(failed(&path, "locked", &error)),
        }
        self.forget(HEARD)?;
        let write = request.set_len(0).and_then(|()| request.write_all(driver.as_bytes()));
        write.map_err(|error| failed(&path, "written", &error))?;
        let asked = self.wait_for_lock(driver).await;
        self.forget(HEARD)?;
        asked
    }

    async fn wait_for_lock(&self, driver: &str) -> Result<Asked, FolderError> {
        for look in 0..LETS_GO {
            if let Ok(lock) = self.lock(driver)? {
                return Ok(Asked::LetGo(lock));
            }
            if look >= HEARS && self.said(HEARD)?.is_none() {
                return Ok(Asked::Silent);
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(self.said(HEARD)?.map_or(Asked::Silent, Asked::Busy))
    }

    /// Who asks this driver to let go, if anybody does.
    pub(crate) fn asked_by(&self) -> Result<Option<String>, FolderError> {
        let path = self.path().join(REQUEST);
        let request = match File::open(&path) {
            Ok(request) => request,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, "read", &error)),
        };
        match request.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => self.said(REQUEST),
            Err(TryLockError::Error(error)) => Err(failed(&path, "locked", &error)),
        }
    }

    /// Tells who asks what must end first.
    pub(crate) fn say_heard(&self, what: &str) -> Result<(), FolderError> {
        match self.said(HEARD)?.is_some_and(|said| said == what) {
            true => Ok(()),
            false => write_durably(&self.path().join(HEARD), what.as_bytes()),
        }
    }

    /// Shuts out a driver that does not answer: the run has another lock from now on. `None` where `silent` is not who
    /// drives any more.
    pub(crate) fn wrest(&self, silent: &str, driver: &str) -> Result<Option<DriverLock>, FolderError> {
        // Of several that would, one does.
        let gate = self.path().join("take-over.lock");
        let open = OpenOptions::new().create(true).write(true).truncate(false).open(&gate);
        let gate_file = open.map_err(|error| failed(&gate, "made", &error))?;
        gate_file.lock().map_err(|error| failed(&gate, "locked", &error))?;
        let path = self.path().join("driver.lock");
        if self.driver()?.as_deref() == Some(silent) {
            std::fs::rename(&path, self.path().join("driver.lock.gone"))
                .map_err(|error| failed(&path, "put aside", &error))?;
        }
        Ok(self.lock(driver)?.ok())
    }

    /// Whether the run's lock is still this driver's.
    pub(crate) fn is_driven_by(&self, driver: &str) -> bool {
        match std::fs::read_to_string(self.path().join("driver.lock")) {
            Ok(who) => who == driver,
            // Between two locks it is not there. One that cannot be read was not given to anybody else.
            Err(error) => error.kind() != ErrorKind::NotFound,
        }
    }

    fn said(&self, name: &str) -> Result<Option<String>, FolderError> {
        let path = self.path().join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, "read", &error)),
        }
    }

    fn forget(&self, name: &str) -> Result<(), FolderError> {
        let path = self.path().join(name);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(&path, "deleted", &error)),
        }
    }
}
