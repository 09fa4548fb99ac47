//! The running state of one algorithm over a sequence of bytes.
//!
//! A serial digest is a chain: each byte needs the state after the byte before it, so the state is passed on from
//! quantum to quantum. The state is boxed: a [`Chain`] is three words, and a reset allocates nothing. How the bytes
//! are split into updates does not change the digest.
//!
//! Most states can be saved and resumed in another process ([`Chain::save`]): those of RustCrypto, the CRCs and what is
//! made of them. The crates for BLAKE2 and xxHash do not expose their states. A BLAKE3 chain is not saved either: large files are
//! digested in [subtrees](super::subtree), whose state is saved.

mod bulk;
mod checks;
mod clouds;
mod crypto;
mod of_algorithm;
mod parts;
mod state;

use std::fmt;

use self::of_algorithm::{new_state, restored_state};
use self::state::State;
use super::Algorithm;

/// One algorithm's state after the bytes so far.
pub struct Chain {
    algorithm: Algorithm,
    state: Box<dyn State>,
}

impl Chain {
    /// The state before the first byte.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, state: new_state(algorithm) }
    }

    /// Its algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
    }

    /// The serialised state, to resume from in another process. `None` if this algorithm's state cannot be saved. It
    /// may contain bytes of the file.
    #[must_use]
    pub fn save(&self) -> Option<Vec<u8>> {
        self.state.save()
    }

    /// Resumes from a state that [`save`](Self::save) returned. `None` if it is not a state of this algorithm.
    #[must_use]
    pub fn restore(algorithm: Algorithm, saved: &[u8]) -> Option<Self> {
        Some(Self { algorithm, state: restored_state(algorithm, saved)? })
    }

    /// Appends the digest of all bytes to `out`.
    pub fn finalize_into(mut self, out: &mut Vec<u8>) {
        self.finalize_reset_into(out);
    }

    /// Appends the digest of all bytes to `out` and resets the state.
    pub fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        self.state.finalize_reset_into(out);
    }
}

impl Clone for Chain {
    fn clone(&self) -> Self {
        Self { algorithm: self.algorithm, state: self.state.boxed_clone() }
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state may contain bytes of a file, so it must not appear in a log.
        f.debug_struct("Chain").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::tests::{cycle, digest_of};

    #[test]
    fn a_chain_is_three_words_and_moves_between_threads() {
        fn travels<T: Send + Sync + 'static>() {}
        travels::<Chain>();
        assert_eq!(size_of::<Chain>(), 3 * size_of::<usize>());
    }

    #[test]
    fn a_clone_is_independent() {
        let bytes = cycle(5000);
        for algorithm in Algorithm::ALL {
            let mut original = Chain::new(algorithm);
            original.update(&bytes[..3000]);
            let mut copy = original.clone();
            original.update(b"something else");
            copy.update(&bytes[3000..]);
            let mut out = Vec::new();
            copy.finalize_into(&mut out);
            assert_eq!(out, digest_of(algorithm, &bytes), "{algorithm}");
        }
    }

    #[test]
    fn a_reset_chain_starts_again_and_appends() {
        for algorithm in Algorithm::ALL {
            let mut chain = Chain::new(algorithm);
            let mut out = b"before".to_vec();
            for length in [3000, 0, 5] {
                chain.update(&cycle(length));
                chain.finalize_reset_into(&mut out);
            }
            let apart = [3000, 0, 5].map(|length| digest_of(algorithm, &cycle(length))).concat();
            assert_eq!(out, [b"before", &*apart].concat(), "{algorithm}");
        }
    }

    #[test]
    fn a_saved_state_is_resumed_and_some_states_cannot_be_saved() {
        let bytes = cycle(5000);
        let mut cannot = Vec::new();
        for algorithm in Algorithm::ALL {
            for cut in [0, 1, 127, 1024, 4096, 5000] {
                let mut chain = Chain::new(algorithm);
                chain.update(&bytes[..cut]);
                let Some(saved) = chain.save() else {
                    cannot.push(algorithm);
                    break;
                };
                let mut restored = Chain::restore(algorithm, &saved).unwrap();
                restored.update(&bytes[cut..]);
                let mut out = Vec::new();
                restored.finalize_into(&mut out);
                assert_eq!(out, digest_of(algorithm, &bytes), "{algorithm} cut at {cut}");
                assert!(Chain::restore(algorithm, &saved[1..]).is_none(), "{algorithm}");
            }
        }
        let names = "blake3 blake2b xxh3_64 xxh3_128 xxh32 xxh64 blake2s mailru hidrive";
        assert_eq!(cannot.into_iter().map(Algorithm::name).collect::<Vec<_>>().join(" "), names);
    }

    #[test]
    fn its_debug_form_shows_no_state() {
        assert_eq!(format!("{:?}", Chain::new(Algorithm::Md5)), "Chain { algorithm: Md5, .. }");
    }
}
