//! The algorithms with lanes, and how their last states become digests.

use super::schedule::{Function, digest_in_lanes};
use super::{blake3, md, sha2, sha3};
use crate::digest::Algorithm;
use crate::sys::lanes::Instructions;
use crate::sys::lanes::portable::Portable;

/// An algorithm with lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Blake3,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512_224,
    Sha512_256,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
}

/// Messages to digest.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) instructions: Instructions,
    pub(super) messages: &'a [&'a [u8]],
    /// Which of them, in this order.
    pub(super) order: &'a [u32],
}

impl Kind {
    pub(super) const ALL: [(Self, Algorithm); 13] = [
        (Self::Blake3, Algorithm::Blake3),
        (Self::Md5, Algorithm::Md5),
        (Self::Sha1, Algorithm::Sha1),
        (Self::Sha224, Algorithm::Sha224),
        (Self::Sha256, Algorithm::Sha256),
        (Self::Sha384, Algorithm::Sha384),
        (Self::Sha512, Algorithm::Sha512),
        (Self::Sha512_224, Algorithm::Sha512_224),
        (Self::Sha512_256, Algorithm::Sha512_256),
        (Self::Sha3_224, Algorithm::Sha3_224),
        (Self::Sha3_256, Algorithm::Sha3_256),
        (Self::Sha3_384, Algorithm::Sha3_384),
        (Self::Sha3_512, Algorithm::Sha3_512),
    ];

    pub(super) fn of(algorithm: Algorithm) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, one)| *one == algorithm).map(|(kind, _)| kind)
    }

    pub(super) fn algorithm(self) -> Algorithm {
        Self::ALL[self as usize].1
    }

    /// Bytes of a message in one block.
    pub(super) const fn block_bytes(self) -> usize {
        match self {
            Self::Blake3 | Self::Md5 | Self::Sha1 | Self::Sha224 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 | Self::Sha512_224 | Self::Sha512_256 => 128,
            Self::Sha3_224 => 144,
            Self::Sha3_256 => 136,
            Self::Sha3_384 => 104,
            Self::Sha3_512 => 72,
        }
    }

    /// Digests the messages in lanes. `put` gets the number of each and its digest.
    pub(super) fn digest(self, work: Work<'_>, put: &mut impl FnMut(usize, &[u8])) {
        if work.order.is_empty() {
            return;
        }
        match self {
            Self::Blake3 => of_blake3(work, put),
            Self::Md5 => of_32_bits(&md::Md5, work, |index, words| {
                put(index, words.map(u32::to_le_bytes).as_flattened());
            }),
            Self::Sha1 => of_32_bits(&md::Sha1, work, |index, words| {
                put(index, words.map(u32::to_be_bytes).as_flattened());
            }),
            Self::Sha224 => self.of_sha256(sha2::SHA224, work, put),
            Self::Sha256 => self.of_sha256(sha2::SHA256, work, put),
            Self::Sha384 => self.of_sha512(sha2::SHA384, work, put),
            Self::Sha512 => self.of_sha512(sha2::SHA512, work, put),
            Self::Sha512_224 => self.of_sha512(sha2::SHA512_224, work, put),
            Self::Sha512_256 => self.of_sha512(sha2::SHA512_256, work, put),
            Self::Sha3_224 => self.of_sha3(&sha3::Sha3::<18>, work, put),
            Self::Sha3_256 => self.of_sha3(&sha3::Sha3::<17>, work, put),
            Self::Sha3_384 => self.of_sha3(&sha3::Sha3::<13>, work, put),
            Self::Sha3_512 => self.of_sha3(&sha3::Sha3::<9>, work, put),
        }
    }

    fn of_sha256(self, initial: [u32; 8], work: Work<'_>, put: &mut impl FnMut(usize, &[u8])) {
        let bytes = self.algorithm().digest_bytes();
        of_32_bits(&sha2::Sha256(initial), work, |index, words| {
            put(index, &words.map(u32::to_be_bytes).as_flattened()[..bytes]);
        });
    }

    fn of_sha512(self, initial: [u64; 8], work: Work<'_>, put: &mut impl FnMut(usize, &[u8])) {
        let bytes = self.algorithm().digest_bytes();
        of_64_bits(&sha2::Sha512(initial), work, |index, words| {
            put(index, &words.map(u64::to_be_bytes).as_flattened()[..bytes]);
        });
    }

    fn of_sha3<const R: usize>(self, sha3: &sha3::Sha3<R>, work: Work<'_>, put: &mut impl FnMut(usize, &[u8])) {
        let bytes = self.algorithm().digest_bytes();
        of_64_bits(sha3, work, |index, words| {
            put(index, &words.map(u64::to_le_bytes).as_flattened()[..bytes]);
        });
    }
}

fn of_32_bits<F: Function<S, Word = u32>, const S: usize>(
    function: &F,
    Work { instructions, messages, order }: Work<'_>,
    put: impl FnMut(usize, [u32; S]),
) {
    let work = (messages, order);
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512(frame) => digest_in_lanes::<F, S, 16>(frame, function, work, put),
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2(frame) => digest_in_lanes::<F, S, 8>(frame, function, work, put),
        Instructions::Portable => digest_in_lanes::<F, S, 4>(Portable, function, work, put),
    }
}

fn of_64_bits<F: Function<S, Word = u64>, const S: usize>(
    function: &F,
    Work { instructions, messages, order }: Work<'_>,
    put: impl FnMut(usize, [u64; S]),
) {
    let work = (messages, order);
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512(frame) => digest_in_lanes::<F, S, 8>(frame, function, work, put),
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2(frame) => digest_in_lanes::<F, S, 4>(frame, function, work, put),
        Instructions::Portable => digest_in_lanes::<F, S, 2>(Portable, function, work, put),
    }
}

fn of_blake3(Work { instructions, messages, order }: Work<'_>, put: &mut impl FnMut(usize, &[u8])) {
    let work = (messages, order);
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512(frame) => blake3::digest_blake3::<16>(frame, work, put),
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2(frame) => blake3::digest_blake3::<8>(frame, work, put),
        Instructions::Portable => blake3::digest_blake3::<4>(Portable, work, put),
    }
}
