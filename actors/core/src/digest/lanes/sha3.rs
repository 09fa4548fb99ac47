//! SHA-3 in lanes (FIPS 202).

use super::schedule::{Blocks, Function, LaneRun, TAIL_BYTES};
use super::words::unrolled;
use crate::sys::lanes::{Lanes, WordOrder};

/// SHA-3 that absorbs this many words with each block.
pub(super) struct Sha3<const RATE: usize>;

impl<const RATE: usize> Function<25> for Sha3<RATE> {
    type Word = u64;
    type Note = ();
    const BLOCK_BYTES: usize = RATE * 8;

    fn initial(&self) -> [u64; 25] {
        [0; 25]
    }

    fn write_tail(&self, _: u64, rest: &[u8], tail: &mut [u8; TAIL_BYTES]) -> usize {
        tail[..rest.len()].copy_from_slice(rest);
        // The bits 01 of SHA-3, and the first and the last bit of the padding.
        tail[rest.len()] = 0x06;
        tail[RATE * 8 - 1] |= 0x80;
        RATE * 8
    }

    fn note(&self, _: LaneRun) {}

    #[inline(always)]
    fn compress<V: Lanes<u64, N>, const N: usize>(proof: V::Proof, state: &mut [V; 25], blocks: Blocks<'_, (), N>) {
        let at = blocks.index * RATE * 8;
        let mut absorbed = 0;
        while absorbed + N <= RATE {
            let words: [V; N] = V::transposed(proof, blocks.rows, at + absorbed * 8, WordOrder::LittleEndian);
            for word in 0..N {
                state[absorbed + word] = state[absorbed + word].xor(words[word]);
            }
            absorbed += N;
        }
        while absorbed < RATE {
            let mut words = [0; N];
            for (word, row) in words.iter_mut().zip(blocks.rows) {
                let bytes = row[at + absorbed * 8..].first_chunk().expect("a row has whole blocks");
                *word = u64::from_le_bytes(*bytes);
            }
            state[absorbed] = state[absorbed].xor(V::load(proof, &words));
            absorbed += 1;
        }
        for constant in ROUND_CONSTANTS {
            round(proof, state, constant);
        }
    }
}

#[inline(always)]
fn round<V: Lanes<u64, N>, const N: usize>(proof: V::Proof, state: &mut [V; 25], constant: u64) {
    let mut columns = [state[0]; 5];
    unrolled!(x in [0 1 2 3 4] {
        columns[x] = state[x].xor3(state[x + 5], state[x + 10]).xor3(state[x + 15], state[x + 20]);
    });
    let mut moved = *state;
    unrolled!(x in [0 1 2 3 4] {
        let theta = columns[(x + 4) % 5].xor(columns[(x + 1) % 5].rotate_right(63));
        unrolled!(y in [0 1 2 3 4] {
            let word = state[x + 5 * y].xor(theta);
            let bits = ROTATIONS[x + 5 * y];
            moved[y + 5 * ((2 * x + 3 * y) % 5)] = if bits == 0 { word } else { word.rotate_right(64 - bits) };
        });
    });
    unrolled!(y in [0 1 2 3 4] {
        unrolled!(x in [0 1 2 3 4] {
            let row = 5 * y;
            state[row + x] = moved[row + x].xor_not_and(moved[row + (x + 1) % 5], moved[row + (x + 2) % 5]);
        });
    });
    state[0] = state[0].xor(V::splat(proof, constant));
}

/// By how much the word at x + 5 y is rotated to the left, table 2.
const ROTATIONS: [u32; 25] =
    [0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14];

/// Algorithm 5.
const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];
