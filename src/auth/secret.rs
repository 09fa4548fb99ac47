//! Random secrets and their comparison, and the sign-in link that carries one and works once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;

/// 256 random bits.
#[derive(Clone)]
pub(super) struct Secret([u8; 32]);

impl Secret {
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits)?;
        Ok(Self(bits))
    }

    pub(super) fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Whether `text` is this secret in hex. The time it takes does not depend on where they differ.
    pub(super) fn is(&self, text: &str) -> bool {
        let mut guess = [0; 32];
        hex::decode_to_slice(text, &mut guess).is_ok() && bool::from(self.0.ct_eq(&guess))
    }
}

/// A number for the name of a token, used as the key for counting its requests.
pub(super) fn number_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

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
    fn a_secret_equals_its_own_hex_and_nothing_else() {
        let secret = Secret::new().unwrap();
        assert!(secret.is(&secret.to_hex()));
        let other = Secret::new().unwrap().to_hex();
        for wrong in ["", "00", &other, &secret.to_hex()[1..]] {
            assert!(!secret.is(wrong), "{wrong:?} was accepted");
        }
    }
}

#[cfg(test)]
mod sign_in_link_tests {
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
