//! Several digests of the same bytes, read once.
//!
//! With several algorithms the bytes are processed in blocks that are small enough to stay in the core's cache until
//! the last algorithm has used them. One [`MultiHasher`] serves file after file:
//! [`finalize_reset_into`](MultiHasher::finalize_reset_into) resets it without an allocation.

use super::{Algorithms, Chain, lanes};

/// Measured over 256 MiB on one core with 1 MiB of L2 cache: blake3, crc32c and xxh3_128 together are 1.2 times as fast
/// with blocks of 64 or 128 KiB as without blocks, and slower with blocks below 16 KiB. With a slower digest in the
/// set, blocks make no difference.
const BLOCK_BYTES: usize = 64 * 1024;

/// The running states of a set of algorithms over the same bytes.
///
/// ```
/// use hivesum_core::result::split_digests;
/// use hivesum_core::{Algorithms, MultiHasher};
///
/// let algorithms: Algorithms = "md5,crc32".parse()?;
/// let mut hasher = MultiHasher::new(&algorithms);
/// hasher.update(b"a");
/// hasher.update(b"bc");
/// let mut digests = Vec::new();
/// hasher.finalize_reset_into(&mut digests);
/// let digests: Vec<_> = split_digests(&digests, &algorithms).map(|digest| digest.to_string()).collect();
/// assert_eq!(digests, ["900150983cd24fb0d6963f7d28e17f72", "352441c2"]);
/// # Ok::<(), hivesum_core::digest::AlgorithmsInvalid>(())
/// ```
#[derive(Debug, Clone)]
pub struct MultiHasher {
    /// In the order of the set, at least one.
    chains: Vec<Chain>,
    absorbed_bytes: u64,
}

impl MultiHasher {
    /// The states of these algorithms before the first byte.
    #[must_use]
    pub fn new(algorithms: &Algorithms) -> Self {
        Self { chains: algorithms.iter().map(Chain::new).collect(), absorbed_bytes: 0 }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.absorbed_bytes += bytes.len() as u64;
        if let [only] = self.chains.as_mut_slice() {
            return only.update(bytes);
        }
        for block in bytes.chunks(BLOCK_BYTES) {
            for chain in &mut self.chains {
                chain.update(block);
            }
        }
    }

    /// Appends the digests of all bytes to `out`, in the order of the set, and resets the states.
    pub fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        for chain in &mut self.chains {
            chain.finalize_reset_into(out);
        }
        self.absorbed_bytes = 0;
    }

    /// Whether messages may be digested faster together than one after the other.
    pub(crate) fn has_lanes(&self) -> bool {
        self.chains.iter().any(|chain| lanes::exist(chain.algorithm()))
    }

    /// Whether long messages may be digested faster side by side than one after the other.
    pub(crate) fn has_streams(&self) -> bool {
        self.chains.iter().any(|chain| lanes::exist_for_streams(chain.algorithm()))
    }

    /// Digests every message, from states without a byte. `put` gets the number of a message, where in its stride a
    /// digest begins, and the digest; one algorithm after the other, and the messages in any order.
    pub(crate) fn digest_messages(&mut self, messages: &[&[u8]], mut put: impl FnMut(usize, usize, &[u8])) {
        let mut at = 0;
        for chain in &mut self.chains {
            lanes::digest_messages(chain, messages, |index, digest| put(index, at, digest));
            at += chain.algorithm().digest_bytes();
        }
    }

    /// How many bytes were added since the start or the last reset.
    #[must_use]
    pub const fn absorbed(&self) -> u64 {
        self.absorbed_bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::Algorithm;
    use crate::digest::tests::{cycle, digest_of};

    fn apart(algorithms: &Algorithms, bytes: &[u8]) -> Vec<u8> {
        algorithms.iter().flat_map(|algorithm| digest_of(algorithm, bytes)).collect()
    }

    #[test]
    fn it_moves_between_threads() {
        fn travels<T: Send + Clone + 'static>() {}
        travels::<MultiHasher>();
    }

    #[test]
    fn it_gives_what_each_chain_gives_alone_around_the_block_size() {
        let all = Algorithms::new(Algorithm::ALL).unwrap();
        let mut hasher = MultiHasher::new(&all);
        let mut out = Vec::new();
        for length in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES + 7] {
            hasher.update(&cycle(length));
            assert_eq!(hasher.absorbed(), length as u64);
            out.clear();
            hasher.finalize_reset_into(&mut out);
            assert_eq!(out, apart(&all, &cycle(length)), "{length} bytes");
            assert_eq!(hasher.absorbed(), 0);
        }
    }

    #[test]
    fn messages_that_are_digested_together_have_the_digests_of_each() {
        let bytes = cycle(5000);
        let messages: Vec<&[u8]> = (0..70).map(|index| &bytes[..index * 71]).collect();
        for set in ["md5", "sha256,blake3", "crc32,sha3-256,xxh3-128,sha512,sha1", "crc32"] {
            let algorithms: Algorithms = set.parse().unwrap();
            let mut hasher = MultiHasher::new(&algorithms);
            let mut strides = vec![vec![0; algorithms.digest_bytes()]; messages.len()];
            hasher.digest_messages(&messages, |index, at, digest| {
                strides[index][at..at + digest.len()].copy_from_slice(digest);
            });
            for (stride, message) in strides.iter().zip(&messages) {
                assert_eq!(*stride, apart(&algorithms, message), "{set} of {} bytes", message.len());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn it_gives_what_each_chain_gives_alone(
            indices in prop::collection::vec(0..Algorithm::ALL.len(), 1..6),
            cuts in prop::collection::vec(0..100_000_usize, 0..4),
            files in 1..3_usize,
        ) {
            let set = Algorithms::new(indices.into_iter().map(|index| Algorithm::ALL[index])).unwrap();
            let mut hasher = MultiHasher::new(&set);
            let bytes = cycle(cuts.iter().sum());
            let (mut out, mut expected) = (Vec::new(), Vec::new());
            for _ in 0..files {
                let mut rest = bytes.as_slice();
                for cut in &cuts {
                    let (now, later) = rest.split_at(*cut);
                    hasher.update(now);
                    rest = later;
                }
                prop_assert_eq!(hasher.absorbed(), bytes.len() as u64);
                hasher.finalize_reset_into(&mut out);
                expected.extend(apart(&set, &bytes));
            }
            prop_assert_eq!(out, expected);
        }
    }
}
