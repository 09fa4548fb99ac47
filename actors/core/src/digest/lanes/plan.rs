//! Which messages are digested in lanes, and which one after the other.
//!
//! All lanes take a step together, whether they have a message or not, and a step takes longer than a block of the plain
//! code: few messages, and one that is much longer than all others, are faster without lanes.

use std::cmp::Reverse;

use super::kind::Kind;
use crate::sys::lanes::Instructions;

/// The numbers of the messages, in the order in which they are digested.
pub(super) struct Plan {
    pub(super) in_lanes: Vec<u32>,
    pub(super) plain: Vec<u32>,
}

/// Plans the fastest way: the longest messages one after the other, as long as that saves more steps of all lanes than
/// it costs, and the others in lanes, the longest first.
pub(super) fn plan(messages: &[&[u8]], kind: Kind, instructions: Instructions) -> Plan {
    let mut by_blocks: Vec<(u32, u32)> =
        (0..).zip(messages).map(|(index, bytes)| (blocks(kind, bytes), index)).collect();
    by_blocks.sort_unstable_by_key(|(blocks, _)| Reverse(*blocks));
    let fixed = by_blocks.partition_point(|(_, index)| is_too_long(kind, instructions, messages[*index as usize]));
    let plain =
        fixed + fewest_percent(&by_blocks[fixed..], step_percent(kind, instructions), lanes(kind, instructions));
    let numbers = |some: &[(u32, u32)]| some.iter().map(|(_, index)| *index).collect();
    Plan { in_lanes: numbers(&by_blocks[plain..]), plain: numbers(&by_blocks[..plain]) }
}

/// How many of the first messages, the longest, are digested by the plain code if all of these lengths are there.
pub(super) fn longest_alone(kind: Kind, instructions: Instructions, lengths: &[u64]) -> usize {
    let blocks = |length: &u64| u32::try_from(length / kind.block_bytes() as u64 + 1).unwrap_or(u32::MAX);
    let by_blocks: Vec<(u32, u32)> = lengths.iter().map(|length| (blocks(length), 0)).collect();
    fewest_percent(&by_blocks, step_percent(kind, instructions), lanes(kind, instructions))
}

/// How many of the first, longest messages are digested by the plain code. Costs are in hundredths of its time for a
/// block.
fn fewest_percent(by_blocks: &[(u32, u32)], step_percent: u64, lanes: u64) -> usize {
    let mut left: u64 = by_blocks.iter().map(|(blocks, _)| u64::from(*blocks)).sum();
    let all_plain = left * 100;
    let (mut best, mut best_cost) = (by_blocks.len(), all_plain);
    for (count, (blocks, _)) in by_blocks.iter().enumerate() {
        let steps = left.div_ceil(lanes).max(u64::from(*blocks));
        let cost = all_plain - left * 100 + steps * step_percent;
        if cost < best_cost {
            (best, best_cost) = (count, cost);
        }
        left -= u64::from(*blocks);
    }
    best
}

/// Whether lanes of this kind save time where all of them are full.
pub(super) fn is_faster(kind: Kind, instructions: Instructions) -> bool {
    step_percent(kind, instructions) < 100 * lanes(kind, instructions)
}

/// The time of one step of all lanes, in hundredths of the plain code's time for one block. Measured on one core of an
/// AMD EPYC of family 26 with AVX-512 and SHA-NI, over 64 messages of 16 KiB (BLAKE3: 256 of 500 bytes), and rounded
/// up; MD5 and SHA-512 beside the compression functions of `sys/blocks`. Without SHA-NI the plain code of SHA-1 and
/// SHA-256 is slower, so lanes gain more than is planned with. SHA-1 and SHA-256 were not measured in AVX2, so the plain
/// code stays in use there.
fn step_percent(kind: Kind, instructions: Instructions) -> u64 {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512(_) => match kind {
            Kind::Blake3 => 180,
            Kind::Md5 => 240,
            Kind::Sha1 => 340,
            Kind::Sha224 | Kind::Sha256 => 610,
            Kind::Sha384 | Kind::Sha512 | Kind::Sha512_224 | Kind::Sha512_256 => 220,
            Kind::Sha3_224 | Kind::Sha3_256 | Kind::Sha3_384 | Kind::Sha3_512 => 90,
        },
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2(_) => match kind {
            Kind::Blake3 => 220,
            Kind::Md5 => 280,
            Kind::Sha1 | Kind::Sha224 | Kind::Sha256 => 800,
            Kind::Sha384 | Kind::Sha512 | Kind::Sha512_224 | Kind::Sha512_256 => 370,
            Kind::Sha3_224 | Kind::Sha3_256 | Kind::Sha3_384 | Kind::Sha3_512 => 180,
        },
        Instructions::Portable => 100 * lanes(kind, instructions),
    }
}

/// How many messages are digested side by side.
fn lanes(kind: Kind, instructions: Instructions) -> u64 {
    let vector_bytes = match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512(_) => 64,
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2(_) => 32,
        Instructions::Portable => 16,
    };
    match kind {
        Kind::Blake3 | Kind::Md5 | Kind::Sha1 | Kind::Sha224 | Kind::Sha256 => vector_bytes / 4,
        Kind::Sha384 | Kind::Sha512 | Kind::Sha512_224 | Kind::Sha512_256 => vector_bytes / 8,
        Kind::Sha3_224 | Kind::Sha3_256 | Kind::Sha3_384 | Kind::Sha3_512 => vector_bytes / 8,
    }
}

/// The blocks of a message with its padding, about.
fn blocks(kind: Kind, message: &[u8]) -> u32 {
    u32::try_from(message.len() / kind.block_bytes() + 1).unwrap_or(u32::MAX)
}

/// BLAKE3 alone digests several chunks of one message side by side, so that longer messages fill the lanes of its crate.
fn is_too_long(kind: Kind, instructions: Instructions, message: &[u8]) -> bool {
    let shorter_than = match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512(_) => 16 << 10,
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2(_) => 4 << 10,
        Instructions::Portable => 0,
    };
    kind == Kind::Blake3 && message.len() >= shorter_than
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_one_length_fill_the_lanes_once_there_are_enough() {
        // A step costs what four plain blocks cost.
        let plain_of = |count: usize| fewest_percent(&vec![(10, 0); count], 400, 16);
        assert_eq!([0, 1, 4, 5, 16, 160].map(plain_of), [0, 1, 4, 0, 0, 0]);
        // The 17th would make the lanes run twice.
        assert_eq!(plain_of(17), 0, "a step for two of them is on average shorter than a plain block");
        assert_eq!(fewest_percent(&[(100, 0), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5)], 400, 16), 1);
    }

    #[test]
    fn every_message_is_planned_once() {
        let bytes = vec![0; 100_000];
        let lengths = [3, 100_000, 0, 17_000, 1, 1, 64, 5000, 64, 64, 900, 70, 16_384];
        let messages: Vec<&[u8]> = lengths.iter().cycle().take(40).map(|length| &bytes[..*length]).collect();
        for (kind, _) in Kind::ALL {
            for instructions in Instructions::available() {
                let Plan { in_lanes, plain } = plan(&messages, kind, instructions);
                let mut planned = [in_lanes, plain].concat();
                planned.sort_unstable();
                assert!(planned.into_iter().eq(0..40), "{kind:?}");
            }
        }
    }

    #[test]
    fn what_the_crate_digests_side_by_side_is_left_to_it() {
        let bytes = [0; 16 << 10];
        for instructions in Instructions::available() {
            let Plan { in_lanes, plain } = plan(&[&bytes[..]; 40], Kind::Blake3, instructions);
            assert_eq!((in_lanes.len(), plain.len()), (0, 40), "{}", instructions.name());
        }
    }
}
