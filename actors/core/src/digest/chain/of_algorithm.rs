//! Which state an algorithm has.

use blake2::{Blake2b512, Blake2s256};
use md4::Md4;
use md5::Md5;
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use sm3::Sm3;
use tiger::Tiger;
use whirlpool::Whirlpool;

use super::super::algorithm::Algorithm;
use super::checks::{Crc32, Crc32c, Crc64, Xxh3, Xxh32, Xxh64};
use super::clouds::{Hidrive, Mailru, QuickXor};
use super::crypto::{Blake2, Blake2bOfLength, Blake3, Blake3OfLength, InBulk, Resumable};
use super::parts::{Ending, OfParts};
use super::state::{Restore, State};

/// The bytes in a chunk of an eD2k digest.
const ED2K_CHUNK_BYTES: u64 = 9_728_000;

/// The bytes in a block of Dropbox's `content_hash`.
const DROPBOX_BLOCK_BYTES: u64 = 4 << 20;

/// The state before the first byte.
pub(super) fn new_state(algorithm: Algorithm) -> Box<dyn State> {
    state_of(algorithm, Fresh)
}

/// A saved state. `None` if it is not one of this algorithm.
pub(super) fn restored_state(algorithm: Algorithm, saved: &[u8]) -> Option<Box<dyn State>> {
    state_of(algorithm, Restored(saved))
}

/// How a state is made.
trait Make: Sized {
    type Made;
    /// One that can be saved.
    fn kept<S: State + Restore + Default + 'static>(self) -> Self::Made;
    /// One that cannot.
    fn lost<S: State + 'static>(self, new: impl FnOnce() -> S) -> Self::Made;
    /// One of parts, each with a state that can be saved.
    fn of_parts<S: State + Restore + Default + Clone + 'static>(self, part_bytes: u64, ending: Ending) -> Self::Made;
}

struct Fresh;

impl Make for Fresh {
    type Made = Box<dyn State>;

    fn kept<S: State + Restore + Default + 'static>(self) -> Self::Made {
        Box::new(S::default())
    }

    fn lost<S: State + 'static>(self, new: impl FnOnce() -> S) -> Self::Made {
        Box::new(new())
    }

    fn of_parts<S: State + Restore + Default + Clone + 'static>(self, part_bytes: u64, ending: Ending) -> Self::Made {
        Box::new(OfParts::<S>::new(part_bytes, ending))
    }
}

struct Restored<'a>(&'a [u8]);

impl Make for Restored<'_> {
    type Made = Option<Box<dyn State>>;

    fn kept<S: State + Restore + Default + 'static>(self) -> Self::Made {
        Some(Box::new(S::restore(self.0)?))
    }

    fn lost<S: State + 'static>(self, _: impl FnOnce() -> S) -> Self::Made {
        None
    }

    fn of_parts<S: State + Restore + Default + Clone + 'static>(self, part_bytes: u64, ending: Ending) -> Self::Made {
        Some(Box::new(OfParts::<S>::restored(part_bytes, ending, self.0)?))
    }
}

fn state_of<M: Make>(algorithm: Algorithm, make: M) -> M::Made {
    match algorithm {
        Algorithm::Blake3 => make.lost(Blake3::default),
        Algorithm::Blake3Long(length) => make.lost(|| Blake3OfLength::new(length)),
        Algorithm::Blake2b => make.lost(Blake2::<Blake2b512>::default),
        Algorithm::Blake2bShort(length) => make.lost(|| Blake2bOfLength::new(length)),
        Algorithm::Blake2s => make.lost(Blake2::<Blake2s256>::default),
        Algorithm::Sha1 => make.kept::<Resumable<Sha1>>(),
        Algorithm::Sha224 => make.kept::<Resumable<Sha224>>(),
        Algorithm::Sha256 => make.kept::<Resumable<Sha256>>(),
        Algorithm::Sha384 => make.kept::<InBulk<Sha384>>(),
        Algorithm::Sha512 => make.kept::<InBulk<Sha512>>(),
        Algorithm::Sha512_224 => make.kept::<InBulk<Sha512_224>>(),
        Algorithm::Sha512_256 => make.kept::<InBulk<Sha512_256>>(),
        Algorithm::Sha3_224 => make.kept::<Resumable<Sha3_224>>(),
        Algorithm::Sha3_256 => make.kept::<Resumable<Sha3_256>>(),
        Algorithm::Sha3_384 => make.kept::<Resumable<Sha3_384>>(),
        Algorithm::Sha3_512 => make.kept::<Resumable<Sha3_512>>(),
        Algorithm::Md4 => make.kept::<Resumable<Md4>>(),
        Algorithm::Md5 => make.kept::<InBulk<Md5>>(),
        Algorithm::Ripemd160 => make.kept::<Resumable<Ripemd160>>(),
        Algorithm::Sm3 => make.kept::<Resumable<Sm3>>(),
        Algorithm::Whirlpool => make.kept::<Resumable<Whirlpool>>(),
        Algorithm::Tiger => make.kept::<Resumable<Tiger>>(),
        Algorithm::Crc32 => make.kept::<Crc32>(),
        Algorithm::Crc32c => make.kept::<Crc32c>(),
        Algorithm::Crc64 => make.kept::<Crc64<false>>(),
        Algorithm::Crc64Nvme => make.kept::<Crc64<true>>(),
        Algorithm::Xxh32 => make.lost(Xxh32::default),
        Algorithm::Xxh64 => make.lost(Xxh64::default),
        Algorithm::Xxh3_64 => make.lost(Xxh3::<false>::default),
        Algorithm::Xxh3_128 => make.lost(Xxh3::<true>::default),
        Algorithm::QuickXor => make.kept::<QuickXor>(),
        Algorithm::Mailru => make.lost(Mailru::default),
        Algorithm::Hidrive => make.lost(Hidrive::default),
        Algorithm::Ed2k => make.of_parts::<Resumable<Md4>>(ED2K_CHUNK_BYTES, Ending::EmptyAfterWhole),
        Algorithm::Dropbox => make.of_parts::<Resumable<Sha256>>(DROPBOX_BLOCK_BYTES, Ending::Exact),
        Algorithm::S3Etag(part) => make.of_parts::<InBulk<Md5>>(part.bytes(), Ending::OnePartAtLeast),
        Algorithm::S3Crc32(part) => make.of_parts::<Crc32>(part.bytes(), Ending::OnePartAtLeast),
        Algorithm::S3Crc32c(part) => make.of_parts::<Crc32c>(part.bytes(), Ending::OnePartAtLeast),
        Algorithm::S3Sha1(part) => make.of_parts::<Resumable<Sha1>>(part.bytes(), Ending::OnePartAtLeast),
        Algorithm::S3Sha256(part) => make.of_parts::<Resumable<Sha256>>(part.bytes(), Ending::OnePartAtLeast),
    }
}
