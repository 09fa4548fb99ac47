//! The digests of several long messages at once, each by all algorithms of a set.
//!
//! An algorithm with lanes has the messages side by side in them, as far as that is faster; another one has a running
//! state for each. A message is in one of [`SLOTS`] slots, from its first piece to its digests.

use super::lanes::{self, Rounds, SLOTS};
use super::{Algorithms, Chain};

/// The running states of a set of algorithms, for a message in each slot.
pub(crate) struct Streams {
    /// In the order of the set.
    states: Vec<States>,
    digest_bytes: usize,
}

enum States {
    Lanes(Box<dyn Rounds>),
    /// One for each slot.
    Chains(Vec<Chain>),
}

impl Streams {
    /// How many of the first of these messages are digested faster alone, and states for the others. The lengths are
    /// sorted, from the longest on. `None` if all are.
    pub(crate) fn plan(algorithms: &Algorithms, lengths: &[u64]) -> Option<(usize, Self)> {
        let (mut alone, mut has_lanes) = (0, false);
        let states_of = |algorithm| match lanes::rounds(algorithm, lengths) {
            Some((longest, rounds)) => {
                (alone, has_lanes) = (longest.max(alone), true);
                States::Lanes(rounds)
            }
            None => States::Chains(vec![Chain::new(algorithm); SLOTS]),
        };
        let states = algorithms.iter().map(states_of).collect();
        has_lanes.then(|| (alone, Self { states, digest_bytes: algorithms.digest_bytes() }))
    }

    /// The next piece of this slot is the first one of a message.
    pub(crate) fn begin(&mut self, slot: usize) {
        for states in &mut self.states {
            match states {
                States::Lanes(rounds) => rounds.begin(slot),
                States::Chains(chains) => chains[slot] = Chain::new(chains[slot].algorithm()),
            }
        }
    }

    /// Adds a piece to each slot; an empty one adds nothing.
    pub(crate) fn update(&mut self, pieces: &[&[u8]; SLOTS]) {
        for states in &mut self.states {
            match states {
                States::Lanes(rounds) => rounds.update(pieces),
                States::Chains(chains) => {
                    chains.iter_mut().zip(pieces).for_each(|(chain, piece)| chain.update(piece));
                }
            }
        }
    }

    /// Ends the messages of these slots. Gives their digests, one stride after the other.
    pub(crate) fn finish(&mut self, slots: &[usize]) -> Vec<u8> {
        let mut strides = vec![0; slots.len() * self.digest_bytes];
        let (stride, mut at) = (self.digest_bytes, 0);
        for states in &mut self.states {
            let mut bytes = 0;
            let mut put = |slot: usize, digest: &[u8]| {
                let index = slots.iter().position(|one| *one == slot).unwrap_or_default();
                strides[index * stride + at..][..digest.len()].copy_from_slice(digest);
                bytes = digest.len();
            };
            match states {
                States::Lanes(rounds) => rounds.finish(slots, &mut put),
                States::Chains(chains) => {
                    for &slot in slots {
                        let mut digest = Vec::new();
                        chains[slot].finalize_reset_into(&mut digest);
                        put(slot, &digest);
                    }
                }
            }
            at += bytes;
        }
        strides
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::tests::{cycle, digest_of};

    #[test]
    fn each_slot_has_the_digests_of_its_message_by_every_algorithm() {
        for set in ["md5,sha3-256", "crc32,sha512,blake3,sha1"] {
            let algorithms: Algorithms = set.parse().unwrap();
            let messages: Vec<Vec<u8>> = (0..40).map(|index| cycle(index * 1000)).collect();
            let Some((0, mut streams)) = Streams::plan(&algorithms, &[40_000; 40]) else {
                return assert!(!lanes::exist_for_streams(crate::digest::Algorithm::Md5), "there are lanes");
            };
            for some in messages.chunks(SLOTS) {
                (0..some.len()).for_each(|slot| streams.begin(slot));
                for from in [0, 20_000] {
                    let piece = |message: &'_ Vec<u8>| from.min(message.len())..message.len().min(from + 20_000);
                    let pieces = std::array::from_fn(|slot| some.get(slot).map_or(&[][..], |it| &it[piece(it)]));
                    streams.update(&pieces);
                }
                let slots: Vec<usize> = (0..some.len()).rev().collect();
                let strides = streams.finish(&slots);
                for (slot, stride) in slots.iter().zip(strides.chunks_exact(algorithms.digest_bytes())) {
                    let expected: Vec<u8> = algorithms.iter().flat_map(|one| digest_of(one, &some[*slot])).collect();
                    assert_eq!(stride, expected, "{set}, slot {slot}");
                }
            }
        }
    }

    #[test]
    fn what_is_faster_alone_is_not_digested_side_by_side() {
        let plan = |set: &str, lengths: &[u64]| Streams::plan(&set.parse().unwrap(), lengths).map(|(alone, _)| alone);
        assert_eq!(plan("blake3,crc32", &[100_000; 40]), None);
        assert_eq!(plan("md5", &[100_000]), None);
        if lanes::exist_for_streams(crate::digest::Algorithm::Md5) {
            let one_is_long = [&[8_000_000][..], &[100_000; 16]].concat();
            assert_eq!(plan("md5", &one_is_long), Some(1));
        }
    }
}
