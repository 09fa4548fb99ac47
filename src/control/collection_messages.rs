//! What is said of collections on the control socket: the files that somebody accepts, as they were shown to them.
//!
//! Names are bytes, so paths are Base64 of them; digests are hex, as in the API. Whether a file is accepted is decided by
//! the service, which compares what was shown with what it knows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_core::fixity::{Condition, FileState, Seen};
use serde::{Deserialize, Serialize};

/// A file as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Its path in the collection, Base64 of its bytes.
    pub path_b64: String,
    /// How it compared.
    pub condition: Condition,
    /// The digests that it had last, end to end, in hex; null if it had never been read.
    pub digests: Option<String>,
}

impl Shown {
    /// What a person is shown of this state.
    #[must_use]
    pub fn of(state: &FileState) -> Self {
        let Seen { condition, digests } = Seen::of(state);
        Self { path_b64: STANDARD.encode(&state.path), condition, digests: digests.map(hex::encode) }
    }

    /// The path, and what was shown; the words of a refusal if it is not written as it should be.
    ///
    /// # Errors
    /// When the path is no Base64 or the digests are no hex.
    pub fn read(&self) -> Result<(Vec<u8>, Seen), &'static str> {
        let path = STANDARD.decode(&self.path_b64).map_err(|_| "path_b64 is Base64 of a path")?;
        let digests = self.digests.as_ref().map(hex::decode).transpose().map_err(|_| "digests are hex digits")?;
        Ok((path, Seen { condition: self.condition, digests }))
    }

    /// About how many bytes it takes in a request, and not fewer.
    #[must_use]
    pub fn request_bytes(&self) -> usize {
        // The names of the members, and the longest condition.
        100 + self.path_b64.len() + self.digests.as_ref().map_or(0, String::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_comes_back_and_fits_into_the_bytes_that_are_counted_for_it() {
        let shown = Shown { path_b64: STANDARD.encode(b"\xff/a"), condition: Condition::ReadsDisagree, digests: None };
        let seen = Seen { condition: Condition::ReadsDisagree, digests: None };
        assert_eq!(shown.read(), Ok((b"\xff/a".to_vec(), seen)));
        let long = Shown { digests: Some("00".repeat(500)), ..shown };
        assert!(serde_json::to_vec(&long).unwrap().len() < long.request_bytes());
        for wrong in [
            Shown { path_b64: "?".to_owned(), ..long.clone() },
            Shown { digests: Some("0g".to_owned()), ..long.clone() },
        ] {
            assert!(wrong.read().is_err(), "{wrong:?}");
        }
    }
}
