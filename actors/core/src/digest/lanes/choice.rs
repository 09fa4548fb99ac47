//! With which instructions an algorithm uses lanes on this machine.

use std::sync::OnceLock;

use super::kind::{Kind, Work};
use super::plan::is_faster;
use super::rounds::{Rounds, SLOTS, rounds_of};
use crate::digest::Chain;
use crate::sys::lanes::Instructions;

/// The instructions for this algorithm: the widest that are faster than the plain code. `None` where there are none, and
/// where their digests of some messages differ from those of the plain code. It is found out once in a process.
pub(super) fn chosen(kind: Kind) -> Option<Instructions> {
    static CHOSEN: [OnceLock<Option<Instructions>>; Kind::ALL.len()] = [const { OnceLock::new() }; Kind::ALL.len()];
    *CHOSEN[kind as usize].get_or_init(|| choose(kind, agrees))
}

/// Whether there are instructions that are faster than the plain code. They have not been compared with it yet.
pub(super) fn exist(kind: Kind) -> bool {
    fastest(kind).is_some()
}

fn fastest(kind: Kind) -> Option<Instructions> {
    Instructions::used().find(|instructions| is_faster(kind, *instructions))
}

fn choose(kind: Kind, agrees: impl Fn(Kind, Instructions) -> bool) -> Option<Instructions> {
    let instructions = fastest(kind)?;
    if agrees(kind, instructions) {
        return Some(instructions);
    }
    let (algorithm, lanes) = (kind.algorithm().name(), instructions.name());
    tracing::error!(algorithm, lanes, "lanes give wrong digests on this machine, so they are not used");
    None
}

/// Around a block, and a chunk, of each algorithm with lanes. More messages than any vector has lanes.
const TEST_LENGTHS: [usize; 36] = [
    0, 1, 3, 55, 56, 57, 63, 64, 65, 71, 72, 73, 103, 104, 105, 111, 112, 113, 119, 120, 127, 128, 129, 135, 136, 137,
    143, 144, 145, 239, 240, 241, 1023, 1024, 1025, 3073,
];

/// Whether lanes and the plain code give the same digests of some messages, whole and by pieces.
pub(super) fn agrees(kind: Kind, instructions: Instructions) -> bool {
    let bytes: Vec<u8> = (0..=250).cycle().take(4096).collect();
    let messages: Vec<&[u8]> = TEST_LENGTHS.iter().enumerate().map(|(at, length)| &bytes[at..][..*length]).collect();
    let mut chain = Chain::new(kind.algorithm());
    let mut plain = |message: &&[u8]| {
        let mut digest = Vec::new();
        chain.update(message);
        chain.finalize_reset_into(&mut digest);
        digest
    };
    let expected: Vec<Vec<u8>> = messages.iter().map(&mut plain).collect();
    let order: Vec<u32> = (0..messages.len() as u32).collect();
    let mut equal = 0;
    kind.digest(Work { instructions, messages: &messages, order: &order }, &mut |index, in_lane: &[u8]| {
        equal += usize::from(expected[index] == in_lane);
    });
    let by_pieces = rounds_of(kind, instructions).is_none_or(|rounds| pieces_agree(rounds, &messages, &expected));
    equal == messages.len() && by_pieces
}

/// Whether the messages have these digests if they come in halves.
fn pieces_agree(mut rounds: Box<dyn Rounds>, messages: &[&[u8]], expected: &[Vec<u8>]) -> bool {
    let mut equal = 0;
    for (messages, expected) in messages.chunks(SLOTS).zip(expected.chunks(SLOTS)) {
        let half = |which: usize| {
            std::array::from_fn(|slot| {
                let (first, second) = messages.get(slot).map_or((&[][..], &[][..]), |it| it.split_at(it.len() / 2));
                [first, second][which]
            })
        };
        let slots: Vec<usize> = (0..messages.len()).collect();
        slots.iter().for_each(|slot| rounds.begin(*slot));
        rounds.update(&half(0));
        rounds.update(&half(1));
        rounds.finish(&slots, &mut |slot, digest| equal += usize::from(expected[slot] == digest));
    }
    equal == messages.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_that_differ_from_the_plain_code_are_not_used() {
        for (kind, _) in Kind::ALL {
            assert_eq!(choose(kind, agrees).map(Instructions::name), fastest(kind).map(Instructions::name));
            assert!(choose(kind, |_, _| false).is_none());
        }
    }
}
