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

/// Ended links that are remembered, so that whoever opens one is told why it does not work.
const MAX_ENDED: usize = 64;

/// What a token is among the sign-in links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redeemed {
    /// The token of an open link, which it has ended.
    Works,
    /// The token of a link that has ended.
    Ended(LinkEnd),
    /// Not the token of a link that is remembered.
    Unknown,
}

/// Why a sign-in link works no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkEnd {
    /// Somebody signed in with it.
    Used,
    /// Its ten minutes are over.
    Expired,
    /// Newer links took its place.
    Replaced,
}

impl LinkEnd {
    /// What whoever opens the link is told.
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Used => "this sign-in link was used already: `hivesum token link` prints a fresh one",
            Self::Expired => "this sign-in link has expired: `hivesum token link` prints a fresh one",
            Self::Replaced => {
                "newer sign-in links have taken the place of this one: `hivesum token link` prints a fresh one"
            }
        }
    }
}

/// The sign-in links.
#[derive(Default)]
pub(super) struct SignInLinks(Mutex<Links>);

#[derive(Default)]
struct Links {
    /// The secrets of the open links and when they expire, the oldest first.
    open: VecDeque<(Secret, Instant)>,
    /// The latest that have ended, the oldest first.
    ended: VecDeque<(Secret, LinkEnd)>,
}

impl Links {
    fn end(&mut self, secret: Secret, why: LinkEnd) {
        if self.ended.len() == MAX_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back((secret, why));
    }
}

impl SignInLinks {
    /// Opens a link and returns its token.
    pub(super) fn open(&self) -> Result<String, getrandom::Error> {
        let secret = Secret::new()?;
        let token = secret.to_hex();
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if links.open.len() == MAX_OPEN
            && let Some((oldest, until)) = links.open.pop_front()
        {
            let why = if Instant::now() < until { LinkEnd::Replaced } else { LinkEnd::Expired };
            links.end(oldest, why);
        }
        links.open.push_back((secret, Instant::now() + LIFETIME));
        Ok(token)
    }

    /// Ends the link with this token. It works if it was sent in time and for the first time.
    pub(super) fn redeem(&self, token: &str) -> Redeemed {
        self.redeem_at(token, Instant::now())
    }

    fn redeem_at(&self, token: &str, now: Instant) -> Redeemed {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = links.open.iter().position(|(secret, _)| secret.is(token));
        if let Some((secret, until)) = at.and_then(|at| links.open.remove(at)) {
            let in_time = now < until;
            links.end(secret, if in_time { LinkEnd::Used } else { LinkEnd::Expired });
            return if in_time { Redeemed::Works } else { Redeemed::Ended(LinkEnd::Expired) };
        }
        let ended = links.ended.iter().find(|(secret, _)| secret.is(token));
        ended.map_or(Redeemed::Unknown, |&(_, why)| Redeemed::Ended(why))
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
        assert_eq!(links.redeem("0"), Redeemed::Unknown);
        for token in &tokens {
            assert_eq!([links.redeem(token), links.redeem(token)], [Redeemed::Works, Redeemed::Ended(LinkEnd::Used)]);
        }
    }

    #[test]
    fn a_link_works_for_ten_minutes() {
        let links = SignInLinks::default();
        let token = links.open().unwrap();
        let late = Instant::now() + Duration::from_secs(601);
        assert_eq!([late, late].map(|at| links.redeem_at(&token, at)), [Redeemed::Ended(LinkEnd::Expired); 2]);
    }

    #[test]
    fn one_link_more_than_may_be_open_closes_the_oldest() {
        let links = SignInLinks::default();
        let tokens: Vec<_> = (0..=MAX_OPEN).map(|_| links.open().unwrap()).collect();
        assert_eq!(links.redeem(&tokens[0]), Redeemed::Ended(LinkEnd::Replaced));
        let redeemed = tokens.iter().filter(|token| links.redeem(token) == Redeemed::Works).count();
        assert_eq!(redeemed, MAX_OPEN);
    }

    #[test]
    fn so_many_ended_links_are_remembered_and_no_more() {
        let links = SignInLinks::default();
        let tokens: Vec<_> = (0..=MAX_ENDED)
            .map(|_| links.open().unwrap())
            .inspect(|token| {
                links.redeem(token);
            })
            .collect();
        assert_eq!(links.redeem(&tokens[0]), Redeemed::Unknown);
        assert!(tokens[1..].iter().all(|token| links.redeem(token) == Redeemed::Ended(LinkEnd::Used)));
    }
}
