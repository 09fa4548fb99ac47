//! Lanes in AVX-512: 16 words of 32 bits, or 8 of 64.
//!
//! The feature sets F, BW (bytes are swapped) and VL are asked for. All processors with BW have VL.

use std::arch::x86_64::*;

use super::vector::{Frame, Kernel, Lanes, WordOrder};

/// Shows that the processor has AVX-512 F, BW and VL.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl");
        has_all.then_some(Self(()))
    }
}

/// 16 words of 32 bits. Values come from functions that ask for the proof, so the processor has the instructions.
#[derive(Clone, Copy)]
pub(crate) struct U32x16(__m512i);

/// 8 words of 64 bits. Values come from functions that ask for the proof, so the processor has the instructions.
#[derive(Clone, Copy)]
pub(crate) struct U64x8(__m512i);

/// Bytes of a vector.
const BYTES: usize = 64;

#[inline(always)]
fn row(_: Avx512, row: &[u8], at: usize) -> __m512i {
    let bytes: &[u8; BYTES] = row[at..].first_chunk().expect("a row has as many words as there are lanes");
    // SAFETY: the proof shows that the processor has AVX-512; 64 bytes are read, at any alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

macro_rules! lanes_in_avx512 {
    ($vector:ident, $word:ty, $lanes:literal, $splat:ident($signed:ty), $add:ident, $rotate:ident, $shift:ident) => {
        impl Lanes<$word, $lanes> for $vector {
            type Proof = Avx512;

            #[inline(always)]
            fn splat(_: Avx512, word: $word) -> Self {
                // SAFETY: the proof shows that the processor has AVX-512.
                Self(unsafe { $splat(word as $signed) })
            }

            #[inline(always)]
            fn load(_: Avx512, words: &[$word; $lanes]) -> Self {
                // SAFETY: as above; the words are 64 bytes, which are read at any alignment.
                Self(unsafe { _mm512_loadu_si512(words.as_ptr().cast()) })
            }

            #[inline(always)]
            fn store(self, words: &mut [$word; $lanes]) {
                // SAFETY: as in `load`; 64 bytes are written.
                unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), self.0) }
            }

            #[inline(always)]
            fn transposed(proof: Avx512, rows: &[&[u8]; $lanes], at: usize, order: WordOrder) -> [Self; $lanes] {
                let mut vectors = [Self(row(proof, rows[0], at)); $lanes];
                for lane in 1..$lanes {
                    vectors[lane] = Self(row(proof, rows[lane], at));
                }
                if order == WordOrder::BigEndian {
                    for vector in &mut vectors {
                        *vector = vector.swapped();
                    }
                }
                Self::transpose(vectors)
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: a vector exists, so the processor has AVX-512. So it is in all functions below.
                Self(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm512_xor_si512(self.0, other.0) })
            }

            #[inline(always)]
            fn and(self, other: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm512_and_si512(self.0, other.0) })
            }

            #[inline(always)]
            fn or(self, other: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm512_or_si512(self.0, other.0) })
            }

            #[inline(always)]
            fn not_and(self, other: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm512_andnot_si512(self.0, other.0) })
            }

            // The number of bits is a constant wherever this is inlined, and becomes part of the instruction.
            #[inline(always)]
            fn rotate_right(self, bits: u32) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { $rotate(self.0, $splat(bits as $signed)) })
            }

            #[inline(always)]
            fn shift_right(self, bits: u32) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { $shift(self.0, _mm_cvtsi32_si128(bits as i32)) })
            }

            // The constants are truth tables: the bit at 4 a + 2 b + c is the result for the bits a, b and c.
            #[inline(always)]
            fn xor3(self, second: Self, third: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm512_ternarylogic_epi32::<0x96>(self.0, second.0, third.0) })
            }

            #[inline(always)]
            fn choose(self, yes: Self, no: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm512_ternarylogic_epi32::<0xCA>(self.0, yes.0, no.0) })
            }

            #[inline(always)]
            fn majority(self, second: Self, third: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm512_ternarylogic_epi32::<0xE8>(self.0, second.0, third.0) })
            }

            #[inline(always)]
            fn xor_not_and(self, second: Self, third: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm512_ternarylogic_epi32::<0xD2>(self.0, second.0, third.0) })
            }

            #[inline(always)]
            fn xor_or_not(self, second: Self, third: Self, _: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm512_ternarylogic_epi32::<0x39>(self.0, second.0, third.0) })
            }
        }

        impl Frame<$word, $lanes> for Avx512 {
            fn run<K: Kernel<$word, $lanes>>(self, kernel: K) {
                #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
                fn frame<K: Kernel<$word, $lanes>>(proof: Avx512, kernel: K) {
                    kernel.run::<$vector>(proof);
                }
                // SAFETY: the proof shows that the processor has these features.
                unsafe { frame(self, kernel) }
            }
        }
    };
}

lanes_in_avx512!(U32x16, u32, 16, _mm512_set1_epi32(i32), _mm512_add_epi32, _mm512_rorv_epi32, _mm512_srl_epi32);
lanes_in_avx512!(U64x8, u64, 8, _mm512_set1_epi64(i64), _mm512_add_epi64, _mm512_rorv_epi64, _mm512_srl_epi64);

/// The lower halves of both in turn, and the higher ones, within each 128 bits.
macro_rules! interleaved {
    ($low:ident, $high:ident, $from:expr, $one:expr, $other:expr) => {
        // SAFETY: a vector exists, so the processor has AVX-512.
        unsafe { ($low($from[$one].0, $from[$other].0), $high($from[$one].0, $from[$other].0)) }
    };
}

impl U32x16 {
    #[inline(always)]
    fn swapped(self) -> Self {
        // SAFETY: a vector exists, so the processor has AVX-512 F and BW.
        Self(unsafe {
            let order = _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
            _mm512_shuffle_epi8(self.0, order)
        })
    }

    #[inline(always)]
    fn transpose(rows: [Self; 16]) -> [Self; 16] {
        let mut pairs = rows;
        for pair in 0..8 {
            let (low, high) = interleaved!(_mm512_unpacklo_epi32, _mm512_unpackhi_epi32, rows, 2 * pair, 2 * pair + 1);
            (pairs[2 * pair], pairs[2 * pair + 1]) = (Self(low), Self(high));
        }
        // `fours[4 g + w]` has word w of the four rows of group g, in each 128 bits of another four words.
        let mut fours = pairs;
        for group in 0..4 {
            for half in 0..2 {
                let (one, other) = (4 * group + half, 4 * group + half + 2);
                let (low, high) = interleaved!(_mm512_unpacklo_epi64, _mm512_unpackhi_epi64, pairs, one, other);
                (fours[4 * group + 2 * half], fours[4 * group + 2 * half + 1]) = (Self(low), Self(high));
            }
        }
        let mut columns = fours;
        for word in 0..4 {
            let [first, second, third, fourth] =
                quarters([fours[word].0, fours[4 + word].0, fours[8 + word].0, fours[12 + word].0]);
            columns[word] = Self(first);
            columns[4 + word] = Self(second);
            columns[8 + word] = Self(third);
            columns[12 + word] = Self(fourth);
        }
        columns
    }
}

impl U64x8 {
    #[inline(always)]
    fn swapped(self) -> Self {
        // SAFETY: a vector exists, so the processor has AVX-512 F and BW.
        Self(unsafe {
            let order = _mm512_broadcast_i32x4(_mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
            _mm512_shuffle_epi8(self.0, order)
        })
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let mut pairs = rows;
        for pair in 0..4 {
            let (low, high) = interleaved!(_mm512_unpacklo_epi64, _mm512_unpackhi_epi64, rows, 2 * pair, 2 * pair + 1);
            (pairs[2 * pair], pairs[2 * pair + 1]) = (Self(low), Self(high));
        }
        let mut columns = pairs;
        for word in 0..2 {
            let [first, second, third, fourth] =
                quarters([pairs[word].0, pairs[2 + word].0, pairs[4 + word].0, pairs[6 + word].0]);
            columns[word] = Self(first);
            columns[2 + word] = Self(second);
            columns[4 + word] = Self(third);
            columns[6 + word] = Self(fourth);
        }
        columns
    }
}

/// The first 128 bits of all four, then the second ones, and so on.
#[inline(always)]
fn quarters([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    // SAFETY: both callers have vectors of this module, so the processor has AVX-512.
    unsafe {
        let (ab_low, ab_high) = (_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xEE>(a, b));
        let (cd_low, cd_high) = (_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xEE>(c, d));
        [
            _mm512_shuffle_i32x4::<0x88>(ab_low, cd_low),
            _mm512_shuffle_i32x4::<0xDD>(ab_low, cd_low),
            _mm512_shuffle_i32x4::<0x88>(ab_high, cd_high),
            _mm512_shuffle_i32x4::<0xDD>(ab_high, cd_high),
        ]
    }
}
