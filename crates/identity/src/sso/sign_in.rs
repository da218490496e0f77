//! One sign-in a session, whoever asks: the first begins it, the others join, and a cancel reaches all.

use super::error::{SignInError, Trouble};
use super::events::{Cancel, How, SignInEvent, SignInEvents};
use super::lock::{self, Lock, Try};
use super::session::SsoSession;
use super::standing::Standing;
use super::tokens::{Desk, Line, Tokens, blocking, standing_of};
use super::vanity::{self, Portal};
use super::{browser, device};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// Who asks within this time after a sign-in ended, in whichever process, meant that one.
const JUST_NOW: Duration = Duration::from_secs(10);
/// How often the sign-in of another process is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// A sign-in and all who wait for it.
pub(crate) struct UnderWay {
    asked_by: String,
    cancel: Cancel,
    stages: watch::Sender<Stages>,
    /// Why the first asker could open no browser.
    pub(crate) no_browser: watch::Sender<Option<String>>,
    waiters: AtomicUsize,
    /// Nobody cancelled it: the last who waited has gone.
    is_left: AtomicBool,
}

#[derive(Default)]
struct Stages {
    events: Vec<SignInEvent>,
    outcome: Option<Result<Standing, SignInError>>,
}

impl Tokens {
    /// Signs in, or joins the sign-in of this session that is under way: `on` is then told who asked for it and every
    /// stage so far. A second process waits for the first, and finds its token. `cancel` ends it for all who wait;
    /// dropping this future takes one of them away, and the last takes the sign-in along.
    ///
    /// `asked_by` is shown to the others, as `the console` or `holdpoint login (process 4711)`.
    ///
    /// # Errors
    /// [`SignInError`], each with its next action.
    pub async fn sign_in(
        &self,
        session: &SsoSession,
        how: How,
        asked_by: &str,
        on: &dyn SignInEvents,
        cancel: &Cancel,
    ) -> Result<Standing, SignInError> {
        let (under, is_first) = self.joined(session, how, asked_by);
        let _here = Waiter { line: self.desk.line(session), under: under.clone() };
        if !is_first {
            on.tell(&SignInEvent::Waiting { asked_by: under.asked_by.clone() });
        }
        let mut stages = under.stages.subscribe();
        let mut told = 0;
        loop {
            let (events, outcome) = {
                let stages = stages.borrow_and_update();
                (stages.events[told..].to_vec(), stages.outcome.clone())
            };
            told += events.len();
            for event in &events {
                on.tell(event);
                if let (SignInEvent::Open { url }, true) = (event, is_first)
                    && let Err(why) = on.open(url)
                {
                    under.no_browser.send_replace(Some(why));
                }
            }
            if let Some(outcome) = outcome {
                return outcome;
            }
            tokio::select! {
                changed = stages.changed() => {
                    if let Err(error) = changed {
                        return Err(Trouble::Broke { why: error.to_string() }.into());
                    }
                }
                () = cancel.cancelled(), if !under.cancel.is_cancelled() => under.cancel.cancel(),
            }
        }
    }

    /// Who is signing in to this session in this process.
    pub fn signing_in(&self, session: &SsoSession) -> Option<String> {
        let line = self.desk.line(session);
        let under = line.under.lock().unwrap_or_else(PoisonError::into_inner);
        under.as_ref().map(|under| under.asked_by.clone())
    }

    /// Cancels the sign-in of this session in this process, whoever began it. `false` when there is none.
    pub fn cancel_sign_in(&self, session: &SsoSession) -> bool {
        let line = self.desk.line(session);
        let under = line.under.lock().unwrap_or_else(PoisonError::into_inner);
        under.as_ref().inspect(|under| under.cancel.cancel()).is_some()
    }

    fn joined(&self, session: &SsoSession, how: How, asked_by: &str) -> (Arc<UnderWay>, bool) {
        let line = self.desk.line(session);
        let mut slot = line.under.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under) = slot.as_ref()
            && !under.cancel.is_cancelled()
        {
            under.waiters.fetch_add(1, Ordering::SeqCst);
            return (under.clone(), false);
        }
        let under = Arc::new(UnderWay {
            asked_by: asked_by.to_owned(),
            cancel: Cancel::new(),
            stages: watch::Sender::default(),
            no_browser: watch::Sender::default(),
            waiters: AtomicUsize::new(1),
            is_left: AtomicBool::new(false),
        });
        *slot = Some(under.clone());
        drop(slot);
        let (desk, session, own) = (self.desk.clone(), session.clone(), under.clone());
        tokio::spawn(async move {
            // A task of its own: should it break off, those who wait are told.
            let flow = tokio::spawn(flow(desk.clone(), session.clone(), how, own.clone()));
            let outcome =
                flow.await.unwrap_or_else(|error| Err(Trouble::Broke { why: error.to_string() }.into()));
            let line = desk.line(&session);
            let mut slot = line.under.lock().unwrap_or_else(PoisonError::into_inner);
            if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, &own)) {
                *slot = None;
            }
            drop(slot);
            own.stages.send_modify(|stages| stages.outcome = Some(outcome));
        });
        (under, true)
    }
}

impl UnderWay {
    pub(crate) fn tell(&self, event: SignInEvent) {
        self.stages.send_modify(|stages| stages.events.push(event));
    }
}

struct Waiter {
    line: Arc<Line>,
    under: Arc<UnderWay>,
}

impl Drop for Waiter {
    fn drop(&mut self) {
        // Under the lock of those who join: nobody joins what the last one is just leaving.
        let _slot = self.line.under.lock().unwrap_or_else(PoisonError::into_inner);
        if self.under.waiters.fetch_sub(1, Ordering::SeqCst) == 1 && !self.under.cancel.is_cancelled() {
            self.under.is_left.store(true, Ordering::SeqCst);
            self.under.cancel.cancel();
        }
    }
}

async fn flow(
    desk: Arc<Desk>,
    session: SsoSession,
    how: How,
    under: Arc<UnderWay>,
) -> Result<Standing, SignInError> {
    // Outlives the sign-in, so that the note of a cancel is there before the next one has the lock.
    let slot = OnceLock::new();
    tokio::select! {
        // A result that is there wins over a cancel that comes with it: the last waiter leaves when it has its result.
        biased;
        done = signed_in(&desk, &session, how, &under, &slot) => done,
        () = under.cancel.cancelled() => {
            if let (Some(lock), false) = (slot.get(), under.is_left.load(Ordering::SeqCst)) {
                lock.leave(&format!("{CANCELLED}{}", nanos_of(desk.clock.now())));
            }
            Err(SignInError::Cancelled { session: session.name.clone() })
        }
    }
}

async fn signed_in(
    desk: &Arc<Desk>,
    session: &SsoSession,
    how: How,
    under: &Arc<UnderWay>,
    slot: &OnceLock<Lock>,
) -> Result<Standing, SignInError> {
    let began = desk.clock.now();
    let home = desk.home().ok_or(Trouble::NoHome)?.to_owned();
    let mut told = false;
    let lock = loop {
        match lock::try_take(&home, &format!("{}.sign-in", session.key()))? {
            Try::Held(lock) => break lock,
            Try::Other { note } => {
                if !told {
                    let is_name = !note.is_empty() && !note.starts_with(DONE) && !note.starts_with(CANCELLED);
                    let asked_by = if is_name { note } else { "another Holdpoint".to_owned() };
                    under.tell(SignInEvent::Waiting { asked_by });
                    told = true;
                }
                tokio::time::sleep(LOOK).await;
            }
        }
    };
    let note = lock.note();
    if told && is_cancelled_since(began, &note) {
        // The note stays, for the others who waited.
        return Err(SignInError::Cancelled { session: session.name.clone() });
    }
    if let Some(standing) = just_signed_in(desk, session, &note).await? {
        return Ok(standing);
    }
    let lock = slot.get_or_init(|| lock);
    lock.leave(&under.asked_by);
    let (of, on) = (session.clone(), desk.clone());
    let keeping = blocking(move || {
        let keeping = on.store.keeping(&of)?;
        on.store.probe(&of, keeping).map(|()| keeping)
    })
    .await
    .map_err(|trouble: Trouble| trouble)?;
    let portal: Portal = vanity::portal_of(&desk.env, session).await?;
    let by_code = || device::sign_in(desk, session, &portal, keeping, under);
    let document = match how {
        How::Browser if !session.legacy => {
            match browser::sign_in(desk, session, &portal, keeping, under).await? {
                browser::Came::Back(document) => *document,
                browser::Came::NoBrowser(why) => {
                    under.tell(SignInEvent::NoBrowser { why });
                    by_code().await?
                }
            }
        }
        How::Browser | How::Device => by_code().await?,
    };
    let line = desk.line(session);
    let _gate = line.gate.lock().await;
    let write = lock::take(&home, &session.key()).await?;
    let (of, on, kept) = (session.clone(), desk.clone(), document.clone());
    blocking(move || on.save(&of, keeping, &kept)).await.map_err(|trouble: Trouble| trouble)?;
    line.held().tried = None;
    write.leave("");
    let now = desk.clock.now();
    lock.leave(&format!(
        "{DONE}{}",
        now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
    ));
    Ok(standing_of(&document, keeping, now))
}

/// The note of a lock whose sign-in ended well.
const DONE: &str = "signed in at ";
/// The note of a lock whose sign-in a person cancelled. A process that was killed leaves none: the next takes over.
const CANCELLED: &str = "cancelled at ";

/// Whether the sign-in that was waited for since `began` was cancelled: an older cancel is not meant for who asks now.
fn is_cancelled_since(began: SystemTime, note: &str) -> bool {
    let at = note.strip_prefix(CANCELLED).and_then(|at| at.parse::<u128>().ok());
    at.is_some_and(|at| at >= nanos_of(began))
}

fn nanos_of(at: SystemTime) -> u128 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// How the session stands, when another process has just signed in.
async fn just_signed_in(
    desk: &Arc<Desk>,
    session: &SsoSession,
    note: &str,
) -> Result<Option<Standing>, Trouble> {
    let Some(at) = note.strip_prefix(DONE).and_then(|at| at.parse().ok()) else { return Ok(None) };
    let now = desk.clock.now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH + Duration::from_secs(at));
    if since.is_ok_and(|since| since > JUST_NOW) {
        return Ok(None);
    }
    let (desk, session) = (desk.clone(), session.clone());
    blocking(move || {
        let keeping = desk.store.keeping(&session)?;
        Ok(match desk.reload(&session, keeping)? {
            (_, super::cache::Found::One(document)) if document.left(now) > Duration::ZERO => {
                Some(standing_of(&document, keeping, now))
            }
            _ => None,
        })
    })
    .await
}
