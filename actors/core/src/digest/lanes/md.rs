//! MD5 (RFC 1321) and SHA-1 (FIPS 180-4) in lanes.

use super::schedule::{Blocks, Function, LaneRun, TAIL_BYTES};
use super::words::{block_of_16, end_with_length, unrolled};
use crate::digest::constants::MD5_CONSTANTS;
use crate::sys::lanes::{Lanes, WordOrder};

/// MD5.
pub(super) struct Md5;

/// SHA-1.
pub(super) struct Sha1;

/// The first four are those of MD5, too.
const INITIAL: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

impl Function<4> for Md5 {
    type Word = u32;
    type Note = ();
    const BLOCK_BYTES: usize = 64;

    fn initial(&self) -> [u32; 4] {
        [INITIAL[0], INITIAL[1], INITIAL[2], INITIAL[3]]
    }

    fn write_tail(&self, message_bytes: u64, rest: &[u8], tail: &mut [u8; TAIL_BYTES]) -> usize {
        let bits = (message_bytes * 8).to_le_bytes();
        end_with_length::<64>(rest, &bits, tail)
    }

    fn note(&self, _: LaneRun) {}

    #[inline(always)]
    fn compress<V: Lanes<u32, N>, const N: usize>(proof: V::Proof, state: &mut [V; 4], blocks: Blocks<'_, (), N>) {
        let words: [V; 16] = block_of_16(proof, blocks.rows, blocks.index * 64, WordOrder::LittleEndian);
        let ones = V::splat(proof, u32::MAX);
        let [mut a, mut b, mut c, mut d] = *state;
        // `step` of a round reads word `first + step * factor`; the rotations of a round repeat after four steps.
        macro_rules! round {
            ($round:literal, $mixed:expr, $first:literal + step * $factor:literal, $left:expr) => {
                unrolled!(step in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] {
                    let constant = V::splat(proof, MD5_CONSTANTS[$round * 16 + step]);
                    let sum = a.add(constant.add(words[($first + step * $factor) % 16])).add($mixed);
                    let left: [u32; 4] = $left;
                    (a, d, c, b) = (d, c, b, b.add(sum.rotate_right(32 - left[step % 4])));
                });
            };
        }
        round!(0, b.choose(c, d), 0 + step * 1, [7, 12, 17, 22]);
        round!(1, d.choose(b, c), 1 + step * 5, [5, 9, 14, 20]);
        round!(2, b.xor3(c, d), 5 + step * 3, [4, 11, 16, 23]);
        round!(3, b.xor_or_not(c, d, ones), 0 + step * 7, [6, 10, 15, 21]);
        let after = [a, b, c, d];
        for word in 0..4 {
            state[word] = state[word].add(after[word]);
        }
    }
}

impl Function<5> for Sha1 {
    type Word = u32;
    type Note = ();
    const BLOCK_BYTES: usize = 64;

    fn initial(&self) -> [u32; 5] {
        INITIAL
    }

    fn write_tail(&self, message_bytes: u64, rest: &[u8], tail: &mut [u8; TAIL_BYTES]) -> usize {
        let bits = (message_bytes * 8).to_be_bytes();
        end_with_length::<64>(rest, &bits, tail)
    }

    fn note(&self, _: LaneRun) {}

    #[inline(always)]
    fn compress<V: Lanes<u32, N>, const N: usize>(proof: V::Proof, state: &mut [V; 5], blocks: Blocks<'_, (), N>) {
        let mut words: [V; 16] = block_of_16(proof, blocks.rows, blocks.index * 64, WordOrder::BigEndian);
        let [mut a, mut b, mut c, mut d, mut e] = *state;
        macro_rules! twenty {
            ($from:literal, $constant:literal, $mixed:expr) => {
                let constant = V::splat(proof, $constant);
                unrolled!(step in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19] {
                    let at = ($from + step) % 16;
                    if $from + step >= 16 {
                        let others = words[(at + 13) % 16].xor3(words[(at + 8) % 16], words[(at + 2) % 16]);
                        words[at] = words[at].xor(others).rotate_right(31);
                    }
                    let sum = e.add(constant.add(words[at])).add($mixed).add(a.rotate_right(27));
                    (e, d, c, b, a) = (d, c, b.rotate_right(2), a, sum);
                });
            };
        }
        twenty!(0, 0x5a82_7999, b.choose(c, d));
        twenty!(20, 0x6ed9_eba1, b.xor3(c, d));
        twenty!(40, 0x8f1b_bcdc, b.majority(c, d));
        twenty!(60, 0xca62_c1d6, b.xor3(c, d));
        let after = [a, b, c, d, e];
        for word in 0..5 {
            state[word] = state[word].add(after[word]);
        }
    }
}
