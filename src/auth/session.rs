//! Sessions of the web page. The value of the cookie is `NUMBER.SECRET`: the number finds the session, the secret is
//! compared. Sessions live in memory, expire, and are limited in number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::secret::Secret;

/// The cookie's name.
pub(crate) const COOKIE: &str = "hivesum_session";

/// How long a session lasts.
pub(crate) const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The most sessions at a time; one more ends the oldest.
const MAX_SESSIONS: usize = 1024;

#[derive(Default)]
pub(super) struct Sessions {
    next: AtomicU64,
    open: RwLock<HashMap<u64, Session>>,
}

/// An open session.
#[derive(Clone)]
pub(super) struct Session {
    /// The public part of the cookie's value.
    pub(super) number: u64,
    /// The stored token that the session was opened with; none for a sign-in link.
    pub(super) token: Option<String>,
    secret: Secret,
    ends: Instant,
}

impl Sessions {
    /// Opens a session and returns the value of its cookie.
    pub(super) fn open(&self, token: Option<String>) -> Result<String, getrandom::Error> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let session = Session { number, token, secret: Secret::new()?, ends: Instant::now() + LIFETIME };
        let value = format!("{number}.{}", session.secret.to_hex());
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MAX_SESSIONS
            && let Some(oldest) = open.values().min_by_key(|session| session.ends).map(|session| session.number)
        {
            open.remove(&oldest);
        }
        open.insert(number, session);
        Ok(value)
    }

    /// The session that the value of a cookie names.
    pub(super) fn find(&self, value: &str) -> Option<Session> {
        let (number, secret) = value.split_once('.')?;
        let number: u64 = number.parse().ok()?;
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let session = open.get(&number).filter(|session| session.secret.is(secret))?;
        (session.ends > Instant::now()).then(|| session.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_by_its_whole_value_alone() {
        let sessions = Sessions::default();
        let value = sessions.open(None).unwrap();
        let other = sessions.open(None).unwrap();
        assert!(sessions.find(&value).is_some());
        let (number, _) = value.split_once('.').unwrap();
        let (_, secret_of_other) = other.split_once('.').unwrap();
        for wrong in ["", ".", number, &format!("{number}."), &format!("{number}.{secret_of_other}")] {
            assert!(sessions.find(wrong).is_none(), "{wrong:?} was accepted");
        }
    }

    #[test]
    fn one_session_too_many_ends_the_oldest() {
        let sessions = Sessions::default();
        let first = sessions.open(None).unwrap();
        let second = sessions.open(None).unwrap();
        for _ in 0..MAX_SESSIONS - 1 {
            sessions.open(None).unwrap();
        }
        assert!(sessions.find(&first).is_none());
        assert!(sessions.find(&second).is_some());
        assert_eq!(sessions.open.read().unwrap().len(), MAX_SESSIONS);
    }
}
