//! The running state of one algorithm over one run of bytes.
//!
//! A serial digest is a chain: each byte needs the state after the byte before it, so the state itself
//! travels from quantum to quantum. It sits behind one box: a [`Chain`] is three words wherever it goes,
//! and its reset allocates nothing. How bytes are cut into updates never shows in a digest.

use std::fmt;

use blake2::Blake2b512;
use md5::Md5;
use sha1::Sha1;
use sha2::digest::FixedOutputReset;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512, Sha512_256};
use sha3::{Sha3_256, Sha3_512};
use xxhash_rust::xxh3::Xxh3Default;

use super::Algorithm;

/// One algorithm's state after the bytes so far.
pub struct Chain {
    algorithm: Algorithm,
    state: Box<dyn Running>,
}

impl Chain {
    /// The state before the first byte.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, state: initial(algorithm) }
    }

    /// Its algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
    }

    /// Appends the digest of all bytes taken in to `out`.
    pub fn finalize_into(mut self, out: &mut Vec<u8>) {
        self.finalize_reset_into(out);
    }

    /// Appends the digest of all bytes taken in to `out`, and starts anew.
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
        // The state could give away bytes of a file: it never reaches a log.
        f.debug_struct("Chain").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn initial(algorithm: Algorithm) -> Box<dyn Running> {
    match algorithm {
        Algorithm::Blake3 => Box::new(Blake3(blake3::Hasher::new())),
        Algorithm::Sha256 => Box::new(Serial(Sha256::new())),
        Algorithm::Sha512 => Box::new(Serial(Sha512::new())),
        Algorithm::Sha224 => Box::new(Serial(Sha224::new())),
        Algorithm::Sha384 => Box::new(Serial(Sha384::new())),
        Algorithm::Sha512_256 => Box::new(Serial(Sha512_256::new())),
        Algorithm::Sha3_256 => Box::new(Serial(Sha3_256::new())),
        Algorithm::Sha3_512 => Box::new(Serial(Sha3_512::new())),
        Algorithm::Blake2b => Box::new(Serial(Blake2b512::new())),
        Algorithm::Sha1 => Box::new(Serial(Sha1::new())),
        Algorithm::Md5 => Box::new(Serial(Md5::new())),
        Algorithm::Crc32 => Box::new(Crc32(crc32fast::Hasher::new())),
        Algorithm::Crc32c => Box::new(Crc32c(0)),
        Algorithm::Xxh3_64 => Box::new(Xxh3_64(Xxh3Default::new())),
        Algorithm::Xxh3_128 => Box::new(Xxh3_128(Xxh3Default::new())),
    }
}

/// What every state can do.
trait Running: Send + Sync {
    fn update(&mut self, bytes: &[u8]);
    fn finalize_reset_into(&mut self, out: &mut Vec<u8>);
    fn boxed_clone(&self) -> Box<dyn Running>;
}

/// The algorithms of the RustCrypto crates.
#[derive(Clone)]
struct Serial<D>(D);

impl<D: sha2::Digest + FixedOutputReset + Clone + Send + Sync + 'static> Running for Serial<D> {
    fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.0, bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&sha2::Digest::finalize_reset(&mut self.0));
    }

    fn boxed_clone(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Blake3(blake3::Hasher);

impl Running for Blake3 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.finalize().as_bytes());
        self.0.reset();
    }

    fn boxed_clone(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Crc32(crc32fast::Hasher);

impl Running for Crc32 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.clone().finalize().to_be_bytes());
        self.0.reset();
    }

    fn boxed_clone(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

/// The CRC so far.
#[derive(Clone)]
struct Crc32c(u32);

impl Running for Crc32c {
    fn update(&mut self, bytes: &[u8]) {
        self.0 = crc32c::crc32c_append(self.0, bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&std::mem::take(&mut self.0).to_be_bytes());
    }

    fn boxed_clone(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Xxh3_64(Xxh3Default);

impl Running for Xxh3_64 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.digest().to_be_bytes());
        self.0.reset();
    }

    fn boxed_clone(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Xxh3_128(Xxh3Default);

impl Running for Xxh3_128 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.digest128().to_be_bytes());
        self.0.reset();
    }

    fn boxed_clone(&self) -> Box<dyn Running> {
        Box::new(self.clone())
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
    fn a_clone_goes_its_own_way() {
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
    fn a_reset_chain_starts_anew_and_appends() {
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
    fn its_debug_form_shows_no_state() {
        assert_eq!(format!("{:?}", Chain::new(Algorithm::Md5)), "Chain { algorithm: Md5, .. }");
    }
}
