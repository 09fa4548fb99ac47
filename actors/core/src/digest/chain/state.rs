//! The states of the crates that compute digests, behind one trait, and which of them can be saved.

use blake2::Blake2b512;
use md5::Md5;
use sha1::Sha1;
use sha2::digest::FixedOutputReset;
use sha2::digest::common::hazmat::SerializableState;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512, Sha512_256};
use sha3::{Sha3_256, Sha3_512};
use xxhash_rust::xxh3::Xxh3Default;

use super::super::algorithm::Algorithm;

/// The state before the first byte.
pub(super) fn new_state(algorithm: Algorithm) -> Box<dyn State> {
    match algorithm {
        Algorithm::Blake3 => Box::new(Blake3(blake3::Hasher::new())),
        Algorithm::Sha256 => Box::new(Resumable(Sha256::new())),
        Algorithm::Sha512 => Box::new(Resumable(Sha512::new())),
        Algorithm::Sha224 => Box::new(Resumable(Sha224::new())),
        Algorithm::Sha384 => Box::new(Resumable(Sha384::new())),
        Algorithm::Sha512_256 => Box::new(Resumable(Sha512_256::new())),
        Algorithm::Sha3_256 => Box::new(Resumable(Sha3_256::new())),
        Algorithm::Sha3_512 => Box::new(Resumable(Sha3_512::new())),
        Algorithm::Blake2b => Box::new(Blake2b(Blake2b512::new())),
        Algorithm::Sha1 => Box::new(Resumable(Sha1::new())),
        Algorithm::Md5 => Box::new(Resumable(Md5::new())),
        Algorithm::Crc32 => Box::new(Crc32(crc32fast::Hasher::new())),
        Algorithm::Crc32c => Box::new(Crc32c(0)),
        Algorithm::Xxh3_64 => Box::new(Xxh3::<false>(Xxh3Default::new())),
        Algorithm::Xxh3_128 => Box::new(Xxh3::<true>(Xxh3Default::new())),
    }
}

/// A saved state. `None` if it is not one of this algorithm.
pub(super) fn restored_state(algorithm: Algorithm, saved: &[u8]) -> Option<Box<dyn State>> {
    Some(match algorithm {
        Algorithm::Sha256 => Resumable::<Sha256>::restore(saved)?,
        Algorithm::Sha512 => Resumable::<Sha512>::restore(saved)?,
        Algorithm::Sha224 => Resumable::<Sha224>::restore(saved)?,
        Algorithm::Sha384 => Resumable::<Sha384>::restore(saved)?,
        Algorithm::Sha512_256 => Resumable::<Sha512_256>::restore(saved)?,
        Algorithm::Sha3_256 => Resumable::<Sha3_256>::restore(saved)?,
        Algorithm::Sha3_512 => Resumable::<Sha3_512>::restore(saved)?,
        Algorithm::Sha1 => Resumable::<Sha1>::restore(saved)?,
        Algorithm::Md5 => Resumable::<Md5>::restore(saved)?,
        Algorithm::Crc32 => Box::new(Crc32::restore(saved)?),
        Algorithm::Crc32c => Box::new(Crc32c(u32::from_le_bytes(saved.try_into().ok()?))),
        Algorithm::Blake3 | Algorithm::Blake2b | Algorithm::Xxh3_64 | Algorithm::Xxh3_128 => return None,
    })
}

/// What every state can do.
pub(super) trait State: BoxedClone + Send + Sync {
    fn update(&mut self, bytes: &[u8]);
    fn finalize_reset_into(&mut self, out: &mut Vec<u8>);
    fn save(&self) -> Option<Vec<u8>> {
        None
    }
}

/// Clones a trait object; `Clone` itself cannot.
pub(super) trait BoxedClone {
    fn boxed_clone(&self) -> Box<dyn State>;
}

impl<T: State + Clone + 'static> BoxedClone for T {
    fn boxed_clone(&self) -> Box<dyn State> {
        Box::new(self.clone())
    }
}

/// The algorithms of the RustCrypto crates whose states can be saved.
#[derive(Clone)]
struct Resumable<D>(D);

impl<D: sha2::Digest + FixedOutputReset + SerializableState + Clone + Send + Sync + 'static> Resumable<D> {
    fn restore(saved: &[u8]) -> Option<Box<dyn State>> {
        let state = D::deserialize(&saved.try_into().ok()?).ok()?;
        Some(Box::new(Self(state)))
    }
}

impl<D: sha2::Digest + FixedOutputReset + SerializableState + Clone + Send + Sync + 'static> State for Resumable<D> {
    fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.0, bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&sha2::Digest::finalize_reset(&mut self.0));
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.serialize().to_vec())
    }
}

#[derive(Clone)]
struct Blake2b(Blake2b512);

impl State for Blake2b {
    fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.0, bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&sha2::Digest::finalize_reset(&mut self.0));
    }
}

#[derive(Clone)]
struct Blake3(blake3::Hasher);

impl State for Blake3 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.finalize().as_bytes());
        self.0.reset();
    }
}

#[derive(Clone)]
struct Crc32(crc32fast::Hasher);

impl State for Crc32 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.clone().finalize().to_be_bytes());
        self.0.reset();
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.clone().finalize().to_le_bytes().to_vec())
    }
}

impl Crc32 {
    /// The CRC of the bytes so far is the whole state.
    fn restore(saved: &[u8]) -> Option<Self> {
        Some(Self(crc32fast::Hasher::new_with_initial(u32::from_le_bytes(saved.try_into().ok()?))))
    }
}

/// The CRC of the bytes so far.
#[derive(Clone)]
struct Crc32c(u32);

impl State for Crc32c {
    fn update(&mut self, bytes: &[u8]) {
        self.0 = crc32c::crc32c_append(self.0, bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&std::mem::take(&mut self.0).to_be_bytes());
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.to_le_bytes().to_vec())
    }
}

/// XXH3 with a digest of 64 bits, or of 128 bits if `WIDE`.
#[derive(Clone)]
struct Xxh3<const WIDE: bool>(Xxh3Default);

impl<const WIDE: bool> State for Xxh3<WIDE> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        match WIDE {
            true => out.extend_from_slice(&self.0.digest128().to_be_bytes()),
            false => out.extend_from_slice(&self.0.digest().to_be_bytes()),
        }
        self.0.reset();
    }
}
