//! SHA-2 in lanes (FIPS 180-4): SHA-224 and SHA-256 of 32-bit words, SHA-384, SHA-512 and SHA-512/t of 64-bit words.

use super::schedule::{Blocks, Function, LaneRun, TAIL_BYTES};
use super::words::{block_of_16, end_with_length, unrolled};
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
    constants: &K32,
};

const PARAMETERS_64: Parameters<u64> = Parameters {
    sum_0: [28, 34, 39],
    sum_1: [14, 18, 41],
    schedule_0: [1, 8, 7],
    schedule_1: [19, 61, 6],
    constants: &K64,
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

/// The constants of section 4.2.3.
const K64: [u64; 80] = [
    0x428a_2f98_d728_ae22,
    0x7137_4491_23ef_65cd,
    0xb5c0_fbcf_ec4d_3b2f,
    0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538,
    0x59f1_11f1_b605_d019,
    0x923f_82a4_af19_4f9b,
    0xab1c_5ed5_da6d_8118,
    0xd807_aa98_a303_0242,
    0x1283_5b01_4570_6fbe,
    0x2431_85be_4ee4_b28c,
    0x550c_7dc3_d5ff_b4e2,
    0x72be_5d74_f27b_896f,
    0x80de_b1fe_3b16_96b1,
    0x9bdc_06a7_25c7_1235,
    0xc19b_f174_cf69_2694,
    0xe49b_69c1_9ef1_4ad2,
    0xefbe_4786_384f_25e3,
    0x0fc1_9dc6_8b8c_d5b5,
    0x240c_a1cc_77ac_9c65,
    0x2de9_2c6f_592b_0275,
    0x4a74_84aa_6ea6_e483,
    0x5cb0_a9dc_bd41_fbd4,
    0x76f9_88da_8311_53b5,
    0x983e_5152_ee66_dfab,
    0xa831_c66d_2db4_3210,
    0xb003_27c8_98fb_213f,
    0xbf59_7fc7_beef_0ee4,
    0xc6e0_0bf3_3da8_8fc2,
    0xd5a7_9147_930a_a725,
    0x06ca_6351_e003_826f,
    0x1429_2967_0a0e_6e70,
    0x27b7_0a85_46d2_2ffc,
    0x2e1b_2138_5c26_c926,
    0x4d2c_6dfc_5ac4_2aed,
    0x5338_0d13_9d95_b3df,
    0x650a_7354_8baf_63de,
    0x766a_0abb_3c77_b2a8,
    0x81c2_c92e_47ed_aee6,
    0x9272_2c85_1482_353b,
    0xa2bf_e8a1_4cf1_0364,
    0xa81a_664b_bc42_3001,
    0xc24b_8b70_d0f8_9791,
    0xc76c_51a3_0654_be30,
    0xd192_e819_d6ef_5218,
    0xd699_0624_5565_a910,
    0xf40e_3585_5771_202a,
    0x106a_a070_32bb_d1b8,
    0x19a4_c116_b8d2_d0c8,
    0x1e37_6c08_5141_ab53,
    0x2748_774c_df8e_eb99,
    0x34b0_bcb5_e19b_48a8,
    0x391c_0cb3_c5c9_5a63,
    0x4ed8_aa4a_e341_8acb,
    0x5b9c_ca4f_7763_e373,
    0x682e_6ff3_d6b2_b8a3,
    0x748f_82ee_5def_b2fc,
    0x78a5_636f_4317_2f60,
    0x84c8_7814_a1f0_ab72,
    0x8cc7_0208_1a64_39ec,
    0x90be_fffa_2363_1e28,
    0xa450_6ceb_de82_bde9,
    0xbef9_a3f7_b2c6_7915,
    0xc671_78f2_e372_532b,
    0xca27_3ece_ea26_619c,
    0xd186_b8c7_21c0_c207,
    0xeada_7dd6_cde0_eb1e,
    0xf57d_4f7f_ee6e_d178,
    0x06f0_67aa_7217_6fba,
    0x0a63_7dc5_a2c8_98a6,
    0x113f_9804_bef9_0dae,
    0x1b71_0b35_131c_471b,
    0x28db_77f5_2304_7d84,
    0x32ca_ab7b_40c7_2493,
    0x3c9e_be0a_15c9_bebc,
    0x431d_67c4_9c10_0d4c,
    0x4cc5_d4be_cb3e_42b6,
    0x597f_299c_fc65_7e2a,
    0x5fcb_6fab_3ad6_faec,
    0x6c44_198c_4a47_5817,
];

/// The constants of section 4.2.2: the first halves of the longer ones.
const K32: [u32; 64] = {
    let mut halves = [0; 64];
    let mut round = 0;
    while round < 64 {
        halves[round] = (K64[round] >> 32) as u32;
        round += 1;
    }
    halves
};
