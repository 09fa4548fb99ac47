//! The known-answer self-test that every algorithm must pass before it is used.
//!
//! A defect of a processor, compiler or crate would produce wrong digests silently. So before its first use each
//! algorithm is compared with digests that other programs computed, on inputs long enough for its widest SIMD path.
//! After a failure it must not be used. BLAKE3 takes 0.25 ms in a release build, the slowest, Whirlpool, 2 ms
//! (measured on an EPYC core with SHA-NI and AVX-512), so nothing is tested that is not used.

mod answers;

use std::fmt;
use std::mem::Discriminant;
use std::sync::{PoisonError, RwLock};

use self::answers::{Answers, answers, tested_as};
use super::subtree::{SubtreeMerger, Subtrees};
use super::{Algorithm, Chain};

/// Tests these algorithms, in this order.
///
/// # Errors
/// The first [`SelfTestFailure`]: digests of that algorithm must not be used.
pub fn self_test(algorithms: impl IntoIterator<Item = Algorithm>) -> Result<(), SelfTestFailure> {
    let cycle: Vec<u8> = (0..=250).cycle().take(CYCLE_BYTES).collect();
    first_failure(algorithms, |algorithm, part| passes(algorithm, part, &answers(algorithm), &cycle))
}

/// Tests those of these algorithms that have not passed in this process yet. An algorithm with a parameter is tested
/// once for all of its kind.
///
/// # Errors
/// As [`self_test`]. What failed is tested again the next time.
pub fn self_test_once(algorithms: impl IntoIterator<Item = Algorithm>) -> Result<(), SelfTestFailure> {
    /// One entry for each kind at most.
    static PASSED: RwLock<Vec<Discriminant<Algorithm>>> = RwLock::new(Vec::new());
    for algorithm in algorithms {
        let kind = std::mem::discriminant(&algorithm);
        if PASSED.read().unwrap_or_else(PoisonError::into_inner).contains(&kind) {
            continue;
        }
        fail::fail_point!("self_test", |_| Err(SelfTestFailure { algorithm, part: SelfTestPart::Long }));
        self_test([algorithm])?;
        let mut passed = PASSED.write().unwrap_or_else(PoisonError::into_inner);
        if !passed.contains(&kind) {
            passed.push(kind);
        }
    }
    Ok(())
}

fn first_failure(
    algorithms: impl IntoIterator<Item = Algorithm>,
    passes: impl Fn(Algorithm, SelfTestPart) -> bool,
) -> Result<(), SelfTestFailure> {
    for algorithm in algorithms.into_iter().map(tested_as) {
        let wrong = parts(algorithm).iter().copied().find(|part| !passes(algorithm, *part));
        if let Some(part) = wrong {
            return Err(SelfTestFailure { algorithm, part });
        }
    }
    Ok(())
}

/// An algorithm whose digest differs from the known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("self-test failed: {algorithm} gives a wrong digest of {part} on this machine")]
#[non_exhaustive]
pub struct SelfTestFailure {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The input with the wrong digest.
    pub part: SelfTestPart,
}

/// One input of the self-test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SelfTestPart {
    /// No bytes at all.
    Empty,
    /// `abc`, shorter than a block of any algorithm.
    Short,
    /// 102,400 bytes of a 251-cycle, in two parts of different length.
    Long,
    /// The same bytes as merged subtrees; BLAKE3 only.
    Subtrees,
}

impl fmt::Display for SelfTestPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Empty => "no bytes",
            Self::Short => "3 bytes",
            Self::Long => "102400 bytes",
            Self::Subtrees => "102400 bytes in subtrees",
        })
    }
}

/// The longest input of BLAKE3's official vectors.
const CYCLE_BYTES: usize = 102_400;

/// Six full pieces of 16 chunks, which is one AVX-512 step, and a shorter seventh.
const PIECES: Subtrees = match Subtrees::new(16 * 1024) {
    Ok(pieces) => pieces,
    Err(_) => unreachable!(),
};

fn parts(algorithm: Algorithm) -> &'static [SelfTestPart] {
    use SelfTestPart::{Empty, Long, Short, Subtrees};
    if algorithm.is_subtree_parallel() { &[Empty, Short, Long, Subtrees] } else { &[Empty, Short, Long] }
}

fn passes(algorithm: Algorithm, part: SelfTestPart, answers: &Answers, cycle: &[u8]) -> bool {
    match part {
        SelfTestPart::Empty => streamed(algorithm, &[]) == answers.empty,
        SelfTestPart::Short => streamed(algorithm, &[b"abc"]) == answers.abc,
        SelfTestPart::Long => {
            // Not a multiple of any block size, so that every state keeps part of a block between the updates.
            let (head, tail) = cycle.split_at(cycle.len() / 3);
            streamed(algorithm, &[head, tail]) == answers.cycle
        }
        SelfTestPart::Subtrees => merged(cycle).is_some_and(|digest| hex::encode(digest) == answers.cycle),
    }
}

fn streamed(algorithm: Algorithm, parts: &[&[u8]]) -> String {
    let mut chain = Chain::new(algorithm);
    parts.iter().for_each(|bytes| chain.update(bytes));
    let mut digest = Vec::with_capacity(algorithm.digest_bytes());
    chain.finalize_into(&mut digest);
    hex::encode(digest)
}

fn merged(bytes: &[u8]) -> Option<[u8; 32]> {
    let mut merger = SubtreeMerger::new();
    let offsets = (0..).step_by(PIECES.piece_bytes() as usize);
    for (piece, offset) in bytes.chunks(PIECES.piece_bytes() as usize).zip(offsets) {
        merger.push(PIECES.chaining_value(offset, piece));
    }
    merger.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::tests::cycle;

    #[test]
    fn every_algorithm_passes() {
        assert_eq!(self_test(Algorithm::ALL), Ok(()));
        assert_eq!(self_test([]), Ok(()));
    }

    #[test]
    fn every_length_and_every_size_of_parts_is_tested_as_one_of_its_kind() {
        let of = |word: &str| word.parse::<Algorithm>().unwrap();
        let words = ["blake2b_8", "blake3_8", "s3_etag_5120", "s3_crc32_9", "s3_crc32c_9", "s3_sha1_9", "s3_sha256_9"];
        assert_eq!(self_test(words.map(of)), Ok(()));
        assert_eq!(self_test_once(words.map(of)), Ok(()));
        let failure = first_failure([of("blake3_8")], |_, _| false).unwrap_err();
        assert_eq!(failure.algorithm, of("blake3_512"));
    }

    #[test]
    fn the_first_failure_is_returned() {
        let (algorithm, part) = (Algorithm::Md5, SelfTestPart::Short);
        let outcome = first_failure(Algorithm::ALL, |one, tested| one < algorithm || one == algorithm && tested < part);
        assert_eq!(outcome, Err(SelfTestFailure { algorithm, part }));
    }

    #[test]
    fn blake3_alone_is_also_tested_in_subtrees() {
        for algorithm in Algorithm::ALL {
            let tested = parts(algorithm).contains(&SelfTestPart::Subtrees);
            assert_eq!(tested, algorithm == Algorithm::Blake3);
        }
    }

    #[test]
    fn a_wrong_digest_of_any_part_is_found() {
        let bytes = cycle(CYCLE_BYTES);
        for algorithm in Algorithm::ALL {
            for part in parts(algorithm).iter().copied() {
                let right = answers(algorithm);
                assert!(passes(algorithm, part, &right, &bytes), "{algorithm}, {part}");
                let wrong = match part {
                    SelfTestPart::Empty => Answers { empty: right.abc, ..right },
                    SelfTestPart::Short => Answers { abc: right.cycle, ..right },
                    SelfTestPart::Long | SelfTestPart::Subtrees => Answers { cycle: right.empty, ..right },
                };
                assert!(!passes(algorithm, part, &wrong, &bytes), "{algorithm}, {part}");
            }
        }
    }

    #[test]
    fn the_subtrees_are_really_merged() {
        assert_eq!(merged(&cycle(CYCLE_BYTES)).map(hex::encode).as_deref(), Some(answers(Algorithm::Blake3).cycle));
        assert_ne!(merged(&cycle(CYCLE_BYTES - 1)).map(hex::encode).as_deref(), Some(answers(Algorithm::Blake3).cycle));
        assert_eq!(merged(b"one piece"), None);
    }

    #[test]
    fn a_failure_names_the_algorithm_and_the_input() {
        let failure = SelfTestFailure { algorithm: Algorithm::Sha3_256, part: SelfTestPart::Long };
        assert_eq!(
            failure.to_string(),
            "self-test failed: sha3_256 gives a wrong digest of 102400 bytes on this machine"
        );
    }
}
