//! Lanes against the plain code and published digests: every width, every length, every neighbour.

use proptest::prelude::*;

use super::choice::agrees;
use super::digest_messages;
use super::kind::{Kind, Work};
use super::rounds::{SLOTS, rounds_of};
use crate::digest::tests::{cycle, digest_of};
use crate::digest::vectors::{BLAKE3_VECTORS, MILLION, OF_TWO_BLOCKS, TWO_BLOCKS};
use crate::digest::{Algorithm, Chain};
use crate::sys::lanes::Instructions;

/// Around the padding, a block, a chunk and the longest message of every algorithm with lanes.
const LENGTHS: [usize; 30] = [
    0, 1, 55, 56, 63, 64, 65, 71, 72, 73, 103, 104, 105, 111, 112, 127, 128, 129, 135, 136, 137, 143, 144, 145, 1023,
    1024, 1025, 16383, 16384, 16385,
];

fn in_lanes(kind: Kind, instructions: Instructions, messages: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut digests = vec![Vec::new(); messages.len()];
    let order: Vec<u32> = (0..messages.len() as u32).collect();
    kind.digest(Work { instructions, messages, order: &order }, &mut |index, digest: &[u8]| {
        assert!(digests[index].is_empty(), "a message is digested once");
        digests[index] = digest.to_vec();
    });
    digests
}

/// Digests messages in slots, by pieces of these lengths in turn. A slot that is free takes the next message.
fn in_rounds(kind: Kind, instructions: Instructions, messages: &[&[u8]], pieces: &[usize]) -> Vec<Vec<u8>> {
    let mut rounds = rounds_of(kind, instructions).unwrap();
    let mut digests = vec![Vec::new(); messages.len()];
    let (mut waiting, mut lengths) = (0..messages.len(), pieces.iter().cycle());
    let mut slots: [Option<(usize, &[u8])>; SLOTS] = [None; SLOTS];
    while !(waiting.is_empty() && slots.iter().all(Option::is_none)) {
        for (number, slot) in slots.iter_mut().enumerate().filter(|(_, slot)| slot.is_none()) {
            *slot = waiting.next().map(|message| (message, messages[message]));
            rounds.begin(number);
        }
        let mut now: [&[u8]; SLOTS] = [&[]; SLOTS];
        for (piece, slot) in now.iter_mut().zip(&mut slots) {
            let Some((_, rest)) = slot else { continue };
            (*piece, *rest) = rest.split_at(rest.len().min(*lengths.next().unwrap()));
        }
        rounds.update(&now);
        let is_done = |number: &usize| slots[*number].is_some_and(|(_, rest)| rest.is_empty());
        let done: Vec<usize> = (0..SLOTS).filter(is_done).collect();
        rounds.finish(&done, &mut |number, digest| {
            let (message, _) = slots[number].take().expect("a slot ends once");
            digests[message] = digest.to_vec();
        });
    }
    digests
}

fn for_every_width(mut test: impl FnMut(Kind, Algorithm, Instructions)) {
    for (kind, algorithm) in Kind::ALL {
        assert_eq!((Kind::of(algorithm), kind.algorithm()), (Some(kind), algorithm));
        Instructions::available().for_each(|instructions| test(kind, algorithm, instructions));
    }
}

#[test]
fn every_width_agrees_with_the_plain_code() {
    for_every_width(|kind, algorithm, instructions| {
        assert!(agrees(kind, instructions), "{algorithm} in {}", instructions.name());
    });
}

#[test]
fn published_digests_are_reproduced_in_every_width() {
    let (million, cycle) = (vec![b'a'; 1_000_000], cycle(102_400));
    for_every_width(|kind, algorithm, instructions| {
        let published = OF_TWO_BLOCKS.into_iter().filter(|(one, ..)| *one == algorithm);
        let mut expected: Vec<_> = published.map(|(_, which, hex)| (TWO_BLOCKS[which].as_bytes(), hex)).collect();
        let (_, of_million) = MILLION.into_iter().find(|(one, _)| *one == algorithm).unwrap();
        expected.push((&million, of_million));
        if kind == Kind::Blake3 {
            expected.extend(BLAKE3_VECTORS.iter().map(|(length, hex)| (&cycle[..*length], *hex)));
        }
        let messages: Vec<&[u8]> = expected.iter().map(|(message, _)| *message).collect();
        for (digest, (message, hex)) in in_lanes(kind, instructions, &messages).iter().zip(&expected) {
            let named = format!("{algorithm} of {} bytes in {}", message.len(), instructions.name());
            assert_eq!(hex::encode(digest), *hex, "{named}");
        }
    });
}

#[test]
fn published_digests_are_reproduced_in_rounds_of_every_width() {
    let million = vec![b'a'; 1_000_000];
    for_every_width(|kind, algorithm, instructions| {
        if kind == Kind::Blake3 {
            return assert!(rounds_of(kind, instructions).is_none());
        }
        let published = OF_TWO_BLOCKS.into_iter().filter(|(one, ..)| *one == algorithm);
        let mut expected: Vec<_> = published.map(|(_, which, hex)| (TWO_BLOCKS[which].as_bytes(), hex)).collect();
        let (_, of_million) = MILLION.into_iter().find(|(one, _)| *one == algorithm).unwrap();
        expected.push((&million, of_million));
        let messages: Vec<&[u8]> = expected.iter().map(|(message, _)| *message).collect();
        let digests = in_rounds(kind, instructions, &messages, &[65_536, 1, 0, 143]);
        for (digest, (message, hex)) in digests.iter().zip(&expected) {
            let named = format!("{algorithm} of {} bytes in {}", message.len(), instructions.name());
            assert_eq!(hex::encode(digest), *hex, "{named}");
        }
    });
}

#[test]
fn every_pair_of_lengths_in_neighbouring_slots_is_digested_as_one_by_one() {
    let bytes = cycle(16_385 + 251);
    let pairs = LENGTHS.iter().flat_map(|one| LENGTHS.iter().flat_map(move |other| [*one, *other]));
    let messages: Vec<&[u8]> = pairs.enumerate().map(|(at, length)| &bytes[at % 251..][..length]).collect();
    for_every_width(|kind, algorithm, instructions| {
        if kind == Kind::Blake3 {
            return;
        }
        for (digest, message) in in_rounds(kind, instructions, &messages, &[4096]).iter().zip(&messages) {
            let named = format!("{algorithm} of {} bytes in {}", message.len(), instructions.name());
            assert_eq!(*digest, digest_of(algorithm, message), "{named}");
        }
    });
}

#[test]
fn every_pair_of_lengths_in_neighbouring_lanes_is_digested_as_one_by_one() {
    let bytes = cycle(16_385 + 251);
    // Each message begins at another byte of the cycle, so that none is mistaken for another.
    let messages: Vec<&[u8]> = LENGTHS
        .iter()
        .flat_map(|one| LENGTHS.iter().flat_map(move |other| [*one, *other]))
        .enumerate()
        .map(|(at, length)| &bytes[at % 251..][..length])
        .collect();
    for_every_width(|kind, algorithm, instructions| {
        for (digest, message) in in_lanes(kind, instructions, &messages).iter().zip(&messages) {
            let named = format!("{algorithm} of {} bytes in {}", message.len(), instructions.name());
            assert_eq!(*digest, digest_of(algorithm, message), "{named}");
        }
    });
}

#[test]
fn a_single_message_and_none_are_digested() {
    for_every_width(|kind, algorithm, instructions| {
        assert!(in_lanes(kind, instructions, &[]).is_empty());
        assert_eq!(in_lanes(kind, instructions, &[b"abc"]), [digest_of(algorithm, b"abc")]);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_mix_of_pieces_is_digested_as_one_by_one(
        lengths in prop::collection::vec(prop_oneof![0..300_usize, 0..5000_usize, 0..70_000_usize], 1..40),
        pieces in prop::collection::vec(prop_oneof![0..300_usize, 1..9000_usize], 1..40),
    ) {
        let bytes = cycle(70_000 + 251);
        // Each message comes to its end.
        let pieces = [pieces, vec![5000]].concat();
        let messages: Vec<&[u8]> =
            lengths.iter().enumerate().map(|(at, length)| &bytes[at * 7 % 251..][..*length]).collect();
        for (kind, algorithm) in Kind::ALL.into_iter().filter(|(kind, _)| *kind != Kind::Blake3) {
            let instructions = Instructions::available().next().unwrap();
            for (digest, message) in in_rounds(kind, instructions, &messages, &pieces).iter().zip(&messages) {
                prop_assert_eq!(digest, &digest_of(algorithm, message), "{} of {} bytes", algorithm, message.len());
            }
        }
    }

    #[test]
    fn any_mix_of_messages_is_digested_as_one_by_one(
        lengths in prop::collection::vec(prop_oneof![0..300_usize, 0..5000_usize, 0..70_000_usize], 0..60),
    ) {
        let bytes = cycle(70_000 + 251);
        let messages: Vec<&[u8]> =
            lengths.iter().enumerate().map(|(at, length)| &bytes[at * 7 % 251..][..*length]).collect();
        for algorithm in Kind::ALL.map(|(_, algorithm)| algorithm).into_iter().chain([Algorithm::Crc32]) {
            let mut digests = vec![Vec::new(); messages.len()];
            digest_messages(&mut Chain::new(algorithm), &messages, |index, digest| digests[index] = digest.to_vec());
            for (digest, message) in digests.iter().zip(&messages) {
                prop_assert_eq!(digest, &digest_of(algorithm, message), "{} of {} bytes", algorithm, message.len());
            }
        }
    }
}
