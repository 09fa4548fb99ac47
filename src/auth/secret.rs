//! Random secrets and their comparison.

use std::hash::{DefaultHasher, Hash, Hasher};

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
