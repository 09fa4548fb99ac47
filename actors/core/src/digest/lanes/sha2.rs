//! SHA-2 in lanes (FIPS 180-4): SHA-224 and SHA-256 of 32-bit words, SHA-384, SHA-512 and SHA-512/t of 64-bit words.

use super::schedule::{Blocks, Function, LaneRun, TAIL_BYTES};
use super::words::{block_of_16, end_with_length, unrolled};
use crate::digest::constants::{SHA256_CONSTANTS, SHA512_CONSTANTS};
use crate::sys::lanes::{Lanes, WordOrder};

/// SHA-256, or SHA-224 from other values.
pub(super) struct Sha256(pub(super) [u32; 8]);

/// SHA-512, or one of the shorter ones from other values.
pub(super) struct Sha512(pub(super) [u64; 8]);

impl Function<8> for Sha256 {
    type Word = u32;
    type Note = ();
    const BLOCK_BYTES: usize = 64;

    fn initial(&self) -> [u32; 8] {
        self.0
    }

    fn write_tail(&self, message_bytes: u64, rest: &[u8], tail: &mut [u8; TAIL_BYTES]) -> usize {
        let bits = (message_bytes * 8).to_be_bytes();
        end_with_length::<64>(rest, &bits, tail)
    }

    fn note(&self, _: LaneRun) {}

    #[inline(always)]
    fn compress<V: Lanes<u32, N>, const N: usize>(proof: V::Proof, state: &mut [V; 8], blocks: Blocks<'_, (), N>) {
        let words = block_of_16(proof, blocks.rows, blocks.index * 64, WordOrder::BigEndian);
        rounds(proof, state, words, &PARAMETERS_32);
    }
}

impl Function<8> for Sha512 {
    type Word = u64;
    type Note = ();
    const BLOCK_BYTES: usize = 128;

    fn initial(&self) -> [u64; 8] {
        self.0
    }

    fn write_tail(&self, message_bytes: u64, rest: &[u8], tail: &mut [u8; TAIL_BYTES]) -> usize {
        let bits = (u128::from(message_bytes) * 8).to_be_bytes();
        end_with_length::<128>(rest, &bits, tail)
    }

    fn note(&self, _: LaneRun) {}

    #[inline(always)]
    fn compress<V: Lanes<u64, N>, const N: usize>(proof: V::Proof, state: &mut [V; 8], blocks: Blocks<'_, (), N>) {
        let words = block_of_16(proof, blocks.rows, blocks.index * 128, WordOrder::BigEndian);
        rounds(proof, state, words, &PARAMETERS_64);
    }
}

/// What differs between both. The rotations are those of section 4.1; the last of `schedule_0` and of `schedule_1` is a
/// shift.
struct Parameters<W: 'static> {
    sum_0: [u32; 3],
    sum_1: [u32; 3],
    schedule_0: [u32; 3],
    schedule_1: [u32; 3],
    /// One for each round.
    constants: &'static [W],
}

const PARAMETERS_32: Parameters<u32> = Parameters {
    sum_0: [2, 13, 22],
    sum_1: [6, 11, 25],
    schedule_0: [7, 18, 3],
    schedule_1: [17, 19, 10],
    constants: &SHA256_CONSTANTS,
};

const PARAMETERS_64: Parameters<u64> = Parameters {
    sum_0: [28, 34, 39],
    sum_1: [14, 18, 41],
    schedule_0: [1, 8, 7],
    schedule_1: [19, 61, 6],
    constants: &SHA512_CONSTANTS,
};

#[inline(always)]
fn rounds<W: Copy, V: Lanes<W, N>, const N: usize>(
    proof: V::Proof,
    state: &mut [V; 8],
    mut words: [V; 16],
    parameters: &Parameters<W>,
) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for sixteen in (0..parameters.constants.len()).step_by(16) {
        if sixteen > 0 {
            unrolled!(i in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] {
                let second = shifted(words[(i + 14) % 16], &parameters.schedule_1);
                let fifteenth = shifted(words[(i + 1) % 16], &parameters.schedule_0);
                words[i] = words[i].add(fifteenth).add(words[(i + 9) % 16].add(second));
            });
        }
        unrolled!(i in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] {
            let constant = V::splat(proof, parameters.constants[sixteen + i]);
            let first = h.add(constant.add(words[i])).add(e.choose(f, g)).add(rotated(e, &parameters.sum_1));
            let second = rotated(a, &parameters.sum_0).add(a.majority(b, c));
            (h, g, f, e) = (g, f, e, d.add(first));
            (d, c, b, a) = (c, b, a, first.add(second));
        });
    }
    let after = [a, b, c, d, e, f, g, h];
    for word in 0..8 {
        state[word] = state[word].add(after[word]);
    }
}

#[inline(always)]
fn rotated<W: Copy, V: Lanes<W, N>, const N: usize>(word: V, bits: &[u32; 3]) -> V {
    word.rotate_right(bits[0]).xor3(word.rotate_right(bits[1]), word.rotate_right(bits[2]))
}

#[inline(always)]
fn shifted<W: Copy, V: Lanes<W, N>, const N: usize>(word: V, bits: &[u32; 3]) -> V {
    word.rotate_right(bits[0]).xor3(word.rotate_right(bits[1]), word.shift_right(bits[2]))
}

// The values to start from, section 5.3.
pub(super) const SHA224: [u32; 8] =
    [0xc105_9ed8, 0x367c_d507, 0x3070_dd17, 0xf70e_5939, 0xffc0_0b31, 0x6858_1511, 0x64f9_8fa7, 0xbefa_4fa4];

pub(super) const SHA256: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

pub(super) const SHA384: [u64; 8] = [
    0xcbbb_9d5d_c105_9ed8,
    0x629a_292a_367c_d507,
    0x9159_015a_3070_dd17,
    0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31,
    0x8eb4_4a87_6858_1511,
    0xdb0c_2e0d_64f9_8fa7,
    0x47b5_481d_befa_4fa4,
];

pub(super) const SHA512: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

pub(super) const SHA512_224: [u64; 8] = [
    0x8c3d_37c8_1954_4da2,
    0x73e1_9966_89dc_d4d6,
    0x1dfa_b7ae_32ff_9c82,
    0x679d_d514_582f_9fcf,
    0x0f6d_2b69_7bd4_4da8,
    0x77e3_6f73_04c4_8942,
    0x3f9d_85a8_6a1d_36c8,
    0x1112_e6ad_91d6_92a1,
];

pub(super) const SHA512_256: [u64; 8] = [
    0x2231_2194_fc2b_f72c,
    0x9f55_5fa3_c84c_64c2,
    0x2393_b86b_6f53_b151,
    0x9638_7719_5940_eabd,
    0x9628_3ee2_a88e_ffe3,
    0xbe5e_1e25_5386_3992,
    0x2b01_99fc_2c85_b8aa,
    0x0eb7_2ddc_81c5_2ca2,
];
