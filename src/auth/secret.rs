//! Random secrets and their comparison, and the sign-in links that carry one each and work once.

use std::collections::VecDeque;
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

/// How long a link works.
const LIFETIME: Duration = Duration::from_secs(600);

/// Links that may be open at a time. A further one closes the oldest.
const MAX_OPEN: usize = 16;

/// The open sign-in links.
#[derive(Default)]
pub(super) struct SignInLinks {
    /// Their secrets and when they expire, the oldest first.
    open: Mutex<VecDeque<(Secret, Instant)>>,
}

impl SignInLinks {
    /// Opens a link and returns its token.
    pub(super) fn open(&self) -> Result<String, getrandom::Error> {
        let secret = Secret::new()?;
        let token = secret.to_hex();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() == MAX_OPEN {
            open.pop_front();
        }
        open.push_back((secret, Instant::now() + LIFETIME));
        Ok(token)
    }

    /// Whether this is the token of a link, sent in time and for the first time.
    pub(super) fn redeem(&self, token: &str) -> bool {
        self.redeem_at(token, Instant::now())
    }

    fn redeem_at(&self, token: &str, now: Instant) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = open.iter().position(|(secret, _)| secret.is(token)) else { return false };
        open.remove(at).is_some_and(|(_, until)| now < until)
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
    fn every_link_works_once() {
        let links = SignInLinks::default();
        let tokens = [links.open().unwrap(), links.open().unwrap()];
        assert_ne!(tokens[0], tokens[1]);
        assert!(!links.redeem("0"));
        for token in &tokens {
            assert_eq!([links.redeem(token), links.redeem(token)], [true, false]);
        }
    }

    #[test]
    fn a_link_works_for_ten_minutes() {
        let links = SignInLinks::default();
        let token = links.open().unwrap();
        assert!(!links.redeem_at(&token, Instant::now() + Duration::from_secs(601)));
    }

    #[test]
    fn one_link_more_than_may_be_open_closes_the_oldest() {
        let links = SignInLinks::default();
        let tokens: Vec<_> = (0..=MAX_OPEN).map(|_| links.open().unwrap()).collect();
        let redeemed = tokens.iter().filter(|token| links.redeem(token)).count();
        assert_eq!((redeemed, links.redeem(&tokens[0])), (MAX_OPEN, false));
    }
}
