//! Word from a person that what goes on should stop: [`Stops`].

use tokio::sync::watch;

/// How far it is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stop {
    /// It goes on.
    #[default]
    No,
    /// It is asked to end, and puts away what it has.
    Gently,
    /// It is ended, whatever it is doing.
    Hard,
}

impl Stop {
    /// As the journal has it.
    pub(crate) fn of(stopping: Option<bool>) -> Self {
        match stopping {
            None => Self::No,
            Some(false) => Self::Gently,
            Some(true) => Self::Hard,
        }
    }
}

/// Where an executor hears of it. After a crash it hears again what was said before.
#[derive(Debug, Clone)]
pub struct Stops(watch::Receiver<Stop>);

impl Stops {
    /// Word of somebody.
    pub fn new(from: watch::Receiver<Stop>) -> Self {
        Self(from)
    }

    /// Nobody is there who could say it.
    pub fn never() -> Self {
        Self(watch::channel(Stop::No).1)
    }

    /// Waits until it is to be stopped so far; for ever where nobody says it.
    pub async fn until(&self, far: Stop) {
        let mut said = self.0.clone();
        if said.wait_for(|said| *said >= far).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
