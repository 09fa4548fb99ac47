//! The known-answer self-test that every algorithm passes before anything is served.
//!
//! A processor, compiler or crate that gets a digest wrong gives wrong digests in silence: so, at start,
//! each algorithm is held to answers that other programs gave, on inputs long enough to enter its widest
//! SIMD path. A failure refuses to serve. All algorithms together take 2.4 ms in a release build, BLAKE3
//! alone 0.25 ms (measured on an EPYC core with SHA-NI and AVX-512).

use std::fmt;

use super::subtree::{SubtreeMerger, Subtrees};
use super::{Algorithm, Chain};

/// Tests these algorithms, in their order.
///
/// # Errors
/// The first [`SelfTestFailure`]: digests of that algorithm must not be given to anybody.
pub fn self_test(algorithms: impl IntoIterator<Item = Algorithm>) -> Result<(), SelfTestFailure> {
    let cycle: Vec<u8> = (0..=250).cycle().take(CYCLE_BYTES).collect();
    hold(algorithms, |algorithm, part| passes(algorithm, part, &answers(algorithm), &cycle))
}

fn hold(
    algorithms: impl IntoIterator<Item = Algorithm>,
    passes: impl Fn(Algorithm, SelfTestPart) -> bool,
) -> Result<(), SelfTestFailure> {
    for algorithm in algorithms {
        let wrong = parts(algorithm).iter().copied().find(|part| !passes(algorithm, *part));
        if let Some(part) = wrong {
            return Err(SelfTestFailure { algorithm, part });
        }
    }
    Ok(())
}

/// An algorithm that gave another digest than the known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("self-test failed: {algorithm} gives a wrong digest of {part} on this machine")]
pub struct SelfTestFailure {
    /// The algorithm that is not to be trusted.
    pub algorithm: Algorithm,
    /// What it got wrong.
    pub part: SelfTestPart,
}

/// One input of the self-test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SelfTestPart {
    /// No bytes at all.
    Empty,
    /// `abc`, less than a block of anything.
    Short,
    /// 102,400 bytes of a 251-cycle in two unequal parts.
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

/// Six full pieces of 16 chunks, what one AVX-512 step takes, and a seventh that is short.
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
            // No multiple of any block size, so that every state carries a part of a block over.
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

/// The known digests of one algorithm, in hex.
struct Answers {
    empty: &'static str,
    abc: &'static str,
    /// Of [`CYCLE_BYTES`] bytes 0, 1, ... 250, 0, 1, ...
    cycle: &'static str,
}

/// Where they are from: FIPS 180-4, FIPS 202, RFC 7693, RFC 1321 and BLAKE3's `test_vectors.json` where
/// these have them; else, and as a check, `sha*sum`, `b2sum` and `md5sum` (coreutils 9.1), `openssl dgst`
/// 3.0.19 (SHA-512/256, SHA-3), `b3sum`, zlib through Python (CRC-32), `rhash --crc32c` and `xxhsum` 0.8.1.
const fn answers(algorithm: Algorithm) -> Answers {
    match algorithm {
        Algorithm::Blake3 => Answers {
            empty: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            abc: "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
            cycle: "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
        },
        Algorithm::Sha256 => Answers {
            empty: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            cycle: "74588b7f0bcc354ac14d9cf199fa3a20c05f0c7293b9075b2f2e146e718de800",
        },
        Algorithm::Sha512 => Answers {
            empty: "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
            abc: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            cycle: "2acda2d1386c8cd9ef01c797cfd154b073e7ea26e4c5741e9f2aee089dc8106cb887526d5bbb04920c2b742b2dab945e2a8db4cd31f58ac945aec9df89b1f18d",
        },
        Algorithm::Sha224 => Answers {
            empty: "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
            abc: "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
            cycle: "aac848360c49755efb11547e980f6b1ddff196e6f65262066370344a",
        },
        Algorithm::Sha384 => Answers {
            empty: "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
            abc: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            cycle: "2c63ef39f81d19e88281bd6e79f7e0e96f5e79dda4ddea49d9f552442c47820a9faadf38643e329fd9861a727b461543",
        },
        Algorithm::Sha512_256 => Answers {
            empty: "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
            abc: "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
            cycle: "7e1a5dd777c4f5e7187851fbfa090799708f20388013696edf7243350f3e0068",
        },
        Algorithm::Sha3_256 => Answers {
            empty: "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
            abc: "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
            cycle: "14f61e0b532a9566801359c3238ccfc25b66b2c64815393498ffc1f60fc731e6",
        },
        Algorithm::Sha3_512 => Answers {
            empty: "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
            abc: "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
            cycle: "6b34fe8ac80287611f4eec1802c19d5432a1a1ddd067c1288825577b3bd52ef404451d50f52c863a148bbac86172288ae6155f03ae1f0a9dc09aa13179dd1c79",
        },
        Algorithm::Blake2b => Answers {
            empty: "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce",
            abc: "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
            cycle: "cbd9d7d77a4d66c0a2ddea931b1e7d91271005545f56f444decea823f7adc9bb0791bead840bdd341f04bc1baf1847248aa536baeafa40bda3a06229ae62ffd5",
        },
        Algorithm::Sha1 => Answers {
            empty: "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            abc: "a9993e364706816aba3e25717850c26c9cd0d89d",
            cycle: "f18b928d893ae172a000efa19b80e1c04fb36414",
        },
        Algorithm::Md5 => Answers {
            empty: "d41d8cd98f00b204e9800998ecf8427e",
            abc: "900150983cd24fb0d6963f7d28e17f72",
            cycle: "1a0f81547e5ba2e9c4a4b94a74731993",
        },
        Algorithm::Crc32 => Answers { empty: "00000000", abc: "352441c2", cycle: "5cc1ce13" },
        Algorithm::Crc32c => Answers { empty: "00000000", abc: "364b3fb7", cycle: "7957da17" },
        Algorithm::Xxh3_64 => Answers { empty: "2d06800538d394c2", abc: "78af5f94892f3950", cycle: "1428e17f1cac2837" },
        Algorithm::Xxh3_128 => Answers {
            empty: "99aa06d3014798d86001c324468d497f",
            abc: "06b05ab6733a618578af5f94892f3950",
            cycle: "ecd387d36185351b1428e17f1cac2837",
        },
    }
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
    fn the_first_failure_is_told() {
        let (algorithm, part) = (Algorithm::Md5, SelfTestPart::Short);
        let outcome = hold(Algorithm::ALL, |one, tested| one < algorithm || one == algorithm && tested < part);
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
