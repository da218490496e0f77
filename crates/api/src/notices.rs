//! What is told before it is too late: a sign-in, a role or a registration that ends and does not renew itself.

use crate::console::Console;
use crate::times::{iso_of, seconds};
use crate::views::{NoticeKind, NoticeView, Update};
use holdpoint_identity::Standing;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How long before its end a sign-in or a role is told of: time for a person to finish a sentence and sign in.
const SOON: Duration = Duration::from_secs(15 * 60);
/// How long before its end the registration of a client is told of: after it nothing renews.
const SOON_REGISTERED: Duration = Duration::from_secs(3 * 24 * 3600);

/// What was told already: of what, until when, and whether it had ended.
pub(crate) type Held = Mutex<BTreeSet<(String, i64, bool)>>;

/// Something that ends.
struct Ending {
    name: String,
    at: SystemTime,
    soon: Duration,
    session: Option<String>,
    what_then: &'static str,
}

impl Console {
    /// Looks at what ends, and tells what is new.
    pub(crate) async fn look_at_ends(self: &Arc<Self>) {
        let Ok(sessions) = self.sso_sessions().await else { return };
        let console = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || {
            let tokens = &console.identities.tokens;
            let of = |session: &holdpoint_identity::SsoSession| (session.clone(), tokens.standing(session));
            sessions.iter().map(of).collect::<Vec<_>>()
        });
        let Ok(read) = read.await else { return };
        let mut endings: Vec<Ending> = read
            .iter()
            .flat_map(|(session, standing)| of_standing(&session.name, &session.key(), standing))
            .collect();
        endings.extend(self.role_that_ends());
        let now = self.system_now();
        for ending in endings {
            if let Some(view) = notice(&ending, now) {
                let has_ended = view.kind == NoticeKind::Ended;
                let is_new = self.told.lock().unwrap_or_else(PoisonError::into_inner).insert((
                    ending.name.clone(),
                    seconds(ending.at),
                    has_ended,
                ));
                if is_new {
                    self.tell(Update::Notice { view });
                    self.tell(Update::Accounts);
                }
            }
        }
    }

    /// The keys of the identity chosen, when nothing renews them.
    fn role_that_ends(&self) -> Option<Ending> {
        let (profile, clock) = self.role_clock()?;
        (!clock.renews).then(|| Ending {
            name: format!("The role of {profile}"),
            at: clock.ends_at,
            soon: SOON,
            session: None,
            what_then: "Get new credentials from where these came, before the next step needs them.",
        })
    }
}

fn of_standing(name: &str, key: &str, standing: &Standing) -> Vec<Ending> {
    let Standing::SignedIn { expires_at, renews, registration_ends, session_ends, kept: _ } = standing else {
        return Vec::new();
    };
    let sign_in = session_ends.or_else(|| (!renews).then_some(*expires_at)).map(|at| Ending {
        name: format!("The sign-in of {name}"),
        at,
        soon: SOON,
        session: Some(key.to_owned()),
        what_then: "Sign in again before a step needs it.",
    });
    let registration = registration_ends.filter(|_| *renews).map(|at| Ending {
        name: format!("The registration of {name}"),
        at,
        soon: SOON_REGISTERED,
        session: Some(key.to_owned()),
        what_then: "Sign in again: that registers anew, and the sign-in goes on renewing itself.",
    });
    sign_in.into_iter().chain(registration).collect()
}

fn notice(ending: &Ending, now: SystemTime) -> Option<NoticeView> {
    let view = |kind, title| NoticeView {
        kind,
        title,
        said: ending.what_then.to_owned(),
        session: ending.session.clone(),
        ends_at: Some(iso_of(ending.at)),
    };
    match ending.at.duration_since(now) {
        Ok(left) if left > ending.soon => None,
        Ok(left) if !left.is_zero() => {
            Some(view(NoticeKind::Ending, format!("{} ends in {}", ending.name, in_words(left))))
        }
        Ok(_) | Err(_) => Some(view(NoticeKind::Ended, format!("{} has ended", ending.name))),
    }
}

fn in_words(left: Duration) -> String {
    let minutes = left.as_secs().div_ceil(60);
    match minutes {
        0..=119 => format!("{minutes} min"),
        120..=2879 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_identity::Keeping;

    #[test]
    fn only_what_does_not_renew_itself_is_told_and_in_time() {
        let at = |minutes: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(minutes * 60);
        let standing = |renews, registration_ends, session_ends| Standing::SignedIn {
            expires_at: at(100),
            renews,
            registration_ends,
            session_ends,
            kept: Keeping::Shared,
        };
        let told = |standing: &Standing, now: u64| -> Vec<String> {
            let endings = of_standing("corp", "k", standing);
            endings.iter().filter_map(|ending| notice(ending, at(now))).map(|view| view.title).collect()
        };
        assert!(told(&standing(true, None, None), 99).is_empty(), "it renews itself");
        assert!(told(&standing(false, None, None), 84).is_empty(), "too early");
        assert_eq!(told(&standing(false, None, None), 90), ["The sign-in of corp ends in 10 min"]);
        assert_eq!(told(&standing(false, None, None), 100), ["The sign-in of corp has ended"]);
        assert_eq!(told(&standing(true, None, Some(at(95))), 90), ["The sign-in of corp ends in 5 min"]);
        assert_eq!(
            told(&standing(true, Some(at(90 + 2880)), None), 90),
            ["The registration of corp ends in 2 days"]
        );
        assert!(told(&standing(false, Some(at(90)), None), 10).is_empty(), "it would not renew anyway");
        assert!(told(&Standing::SignedOut, 90).is_empty());
    }
}
