//! Digests of many short messages side by side, each in a lane of the processor's vectors.
//!
//! One message after the other leaves most of a vector unit idle: a digest needs each block's result for the next. So
//! MD5, SHA-1, SHA-2, SHA-3 and BLAKE3 are also written for vectors, with one message in each lane. Whether that is
//! faster depends on the messages: [`plan`] decides it from their lengths. All other algorithms, long messages and
//! what is left over go through the plain code of [`Chain`]. Lanes are used after they have given the same digests as
//! the plain code on this machine, and never if they differed.

mod blake3;
mod choice;
mod kind;
mod md;
mod plan;
mod rounds;
mod schedule;
mod sha2;
mod sha3;
#[cfg(test)]
mod tests;
mod words;

use self::choice::chosen;
use self::kind::{Kind, Work};
pub(super) use self::rounds::Rounds;
pub(crate) use self::rounds::SLOTS;
use self::rounds::rounds_of;
use super::{Algorithm, Chain};

/// Whether this machine has lanes for the algorithm that are faster than its plain code.
pub(super) fn exist(algorithm: Algorithm) -> bool {
    Kind::of(algorithm).is_some_and(choice::exist)
}

/// Whether long messages of the algorithm may be digested faster side by side than one after the other.
pub(super) fn exist_for_streams(algorithm: Algorithm) -> bool {
    algorithm != Algorithm::Blake3 && exist(algorithm)
}

/// How many of the first of these messages, whose lengths are sorted from the longest on, are digested faster one after
/// the other, and the states for the others. `None` if all are, or if the lanes were wrong.
pub(super) fn rounds(algorithm: Algorithm, lengths: &[u64]) -> Option<(usize, Box<dyn Rounds>)> {
    let kind = Kind::of(algorithm)?;
    let instructions = chosen(kind)?;
    let alone = plan::longest_alone(kind, instructions, lengths);
    let rounds = rounds_of(kind, instructions)?;
    (alone < lengths.len()).then_some((alone, rounds))
}

/// Digests every message, with the algorithm of a chain that has no bytes yet. `put` gets the number of each message
/// and its digest, in any order.
///
/// ```
/// use hivesum_core::digest::{Algorithm, Chain, digest_messages};
///
/// let messages: [&[u8]; 2] = [b"abc", b""];
/// let mut digests = [String::new(), String::new()];
/// digest_messages(&mut Chain::new(Algorithm::Md5), &messages, |index, digest| digests[index] = hex::encode(digest));
/// assert_eq!(digests, ["900150983cd24fb0d6963f7d28e17f72", "d41d8cd98f00b204e9800998ecf8427e"]);
/// ```
pub fn digest_messages(chain: &mut Chain, messages: &[&[u8]], mut put: impl FnMut(usize, &[u8])) {
    let several = messages.len() > 1;
    let kind = Kind::of(chain.algorithm()).filter(|_| several);
    let lanes = kind.and_then(|kind| Some((kind, chosen(kind)?)));
    let plain = match lanes {
        Some((kind, instructions)) => {
            let plan = plan::plan(messages, kind, instructions);
            kind.digest(Work { instructions, messages, order: &plan.in_lanes }, &mut put);
            plan.plain
        }
        None => (0..messages.len() as u32).collect(),
    };
    let mut digest = Vec::with_capacity(chain.algorithm().digest_bytes());
    for index in plain {
        chain.update(messages[index as usize]);
        digest.clear();
        chain.finalize_reset_into(&mut digest);
        put(index as usize, &digest);
    }
}
