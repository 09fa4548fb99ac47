//! The sign-in link that every start prints: its token opens one session, within ten minutes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::secret::Secret;

const LIFETIME: Duration = Duration::from_secs(600);

pub(super) struct SignInLink {
    secret: Secret,
    /// When the link expires; none once it was used.
    open_until: Mutex<Option<Instant>>,
}

impl SignInLink {
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self { secret: Secret::new()?, open_until: Mutex::new(Some(Instant::now() + LIFETIME)) })
    }

    pub(super) fn token(&self) -> String {
        self.secret.to_hex()
    }

    /// Whether this is the token of the link, sent in time and for the first time.
    pub(super) fn redeem(&self, token: &str) -> bool {
        self.redeem_at(token, Instant::now())
    }

    fn redeem_at(&self, token: &str, now: Instant) -> bool {
        if !self.secret.is(token) {
            return false;
        }
        let mut open_until = self.open_until.lock().unwrap_or_else(PoisonError::into_inner);
        open_until.take().is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_works_once() {
        let link = SignInLink::new().unwrap();
        assert!(!link.redeem("0"));
        assert!(link.redeem(&link.token()));
        assert!(!link.redeem(&link.token()));
    }

    #[test]
    fn a_link_works_for_ten_minutes() {
        let link = SignInLink::new().unwrap();
        assert!(!link.redeem_at(&link.token(), Instant::now() + Duration::from_secs(601)));
    }
}
