//! The running state of one algorithm over one run of bytes.
//!
//! A serial digest is a chain: each byte needs the state after the byte before it, so the state itself
//! travels from quantum to quantum. It sits behind one box: a [`Chain`] is three words wherever it goes,
//! and its reset allocates nothing. How bytes are cut into updates never shows in a digest.
//!
//! Most states can be kept over the end of the process and gone on with ([`Chain::save`]): SHA-2, SHA-3, SHA-1,
//! MD5 and the CRCs. The crates give no way to the states of BLAKE2b and XXH3, and a BLAKE3 of a whole run of
//! bytes has none worth keeping: large files take it in [subtrees](super::subtree), whose state is kept.

use std::fmt;

use blake2::Blake2b512;
use md5::Md5;
use sha1::Sha1;
use sha2::digest::FixedOutputReset;
use sha2::digest::common::hazmat::SerializableState;
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

    /// The state, to go on from in another process; nothing where the algorithm's cannot be kept. It gives bytes
    /// of the file away.
    #[must_use]
    pub fn save(&self) -> Option<Vec<u8>> {
        self.state.save()
    }

    /// A state that [`save`](Self::save) gave; nothing where it is none of this algorithm.
    #[must_use]
    pub fn restore(algorithm: Algorithm, saved: &[u8]) -> Option<Self> {
        Some(Self { algorithm, state: saved_state(algorithm, saved)? })
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
        Algorithm::Blake2b => Box::new(Blake2b(Blake2b512::new())),
        Algorithm::Sha1 => Box::new(Serial(Sha1::new())),
        Algorithm::Md5 => Box::new(Serial(Md5::new())),
        Algorithm::Crc32 => Box::new(Crc32(crc32fast::Hasher::new())),
        Algorithm::Crc32c => Box::new(Crc32c(0)),
        Algorithm::Xxh3_64 => Box::new(Xxh3_64(Xxh3Default::new())),
        Algorithm::Xxh3_128 => Box::new(Xxh3_128(Xxh3Default::new())),
    }
}

fn saved_state(algorithm: Algorithm, saved: &[u8]) -> Option<Box<dyn Running>> {
    Some(match algorithm {
        Algorithm::Sha256 => Serial::<Sha256>::restore(saved)?,
        Algorithm::Sha512 => Serial::<Sha512>::restore(saved)?,
        Algorithm::Sha224 => Serial::<Sha224>::restore(saved)?,
        Algorithm::Sha384 => Serial::<Sha384>::restore(saved)?,
        Algorithm::Sha512_256 => Serial::<Sha512_256>::restore(saved)?,
        Algorithm::Sha3_256 => Serial::<Sha3_256>::restore(saved)?,
        Algorithm::Sha3_512 => Serial::<Sha3_512>::restore(saved)?,
        Algorithm::Sha1 => Serial::<Sha1>::restore(saved)?,
        Algorithm::Md5 => Serial::<Md5>::restore(saved)?,
        Algorithm::Crc32 => Box::new(Crc32::restore(saved)?),
        Algorithm::Crc32c => Box::new(Crc32c(u32::from_le_bytes(saved.try_into().ok()?))),
        Algorithm::Blake3 | Algorithm::Blake2b | Algorithm::Xxh3_64 | Algorithm::Xxh3_128 => return None,
    })
}

/// What every state can do.
trait Running: Send + Sync {
    fn update(&mut self, bytes: &[u8]);
    fn finalize_reset_into(&mut self, out: &mut Vec<u8>);
    fn boxed_clone(&self) -> Box<dyn Running>;
    fn save(&self) -> Option<Vec<u8>> {
        None
    }
}

/// The algorithms of the RustCrypto crates whose states can be kept.
#[derive(Clone)]
struct Serial<D>(D);

impl<D: sha2::Digest + FixedOutputReset + SerializableState + Clone + Send + Sync + 'static> Serial<D> {
    fn restore(saved: &[u8]) -> Option<Box<dyn Running>> {
        let state = D::deserialize(&saved.try_into().ok()?).ok()?;
        Some(Box::new(Self(state)))
    }
}

impl<D: sha2::Digest + FixedOutputReset + SerializableState + Clone + Send + Sync + 'static> Running for Serial<D> {
    fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.0, bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&sha2::Digest::finalize_reset(&mut self.0));
    }

    fn boxed_clone(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.serialize().to_vec())
    }
}

#[derive(Clone)]
struct Blake2b(Blake2b512);

impl Running for Blake2b {
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

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.clone().finalize().to_le_bytes().to_vec())
    }
}

impl Crc32 {
    /// The CRC so far stands for all bytes before: nothing more is needed to go on.
    fn restore(saved: &[u8]) -> Option<Self> {
        Some(Self(crc32fast::Hasher::new_with_initial(u32::from_le_bytes(saved.try_into().ok()?))))
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

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.to_le_bytes().to_vec())
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
    fn a_saved_state_goes_on_where_it_was_and_those_that_cannot_say_so() {
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
        assert_eq!(cannot, [Algorithm::Blake3, Algorithm::Blake2b, Algorithm::Xxh3_64, Algorithm::Xxh3_128]);
    }

    #[test]
    fn its_debug_form_shows_no_state() {
        assert_eq!(format!("{:?}", Chain::new(Algorithm::Md5)), "Chain { algorithm: Md5, .. }");
    }
}
