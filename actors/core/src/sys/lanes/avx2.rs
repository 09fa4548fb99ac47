//! Lanes in AVX2: 8 words of 32 bits, or 4 of 64.

use std::arch::x86_64::*;

use super::vector::{Frame, Kernel, Lanes, WordOrder};

/// Shows that the processor has AVX2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

/// 8 words of 32 bits. Values come from functions that ask for the proof, so the processor has the instructions.
#[derive(Clone, Copy)]
pub(crate) struct U32x8(__m256i);

/// 4 words of 64 bits. Values come from functions that ask for the proof, so the processor has the instructions.
#[derive(Clone, Copy)]
pub(crate) struct U64x4(__m256i);

/// Bytes of a vector.
const BYTES: usize = 32;

#[inline(always)]
fn row(_: Avx2, row: &[u8], at: usize) -> __m256i {
    let bytes: &[u8; BYTES] = row[at..].first_chunk().expect("a row has as many words as there are lanes");
    // SAFETY: the proof shows that the processor has AVX2; 32 bytes are read, at any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

macro_rules! lanes_in_avx2 {
    ($vector:ident, $word:ty, $lanes:literal, $splat:ident($signed:ty), $add:ident, $left:ident, $right:ident) => {
        impl Lanes<$word, $lanes> for $vector {
            type Proof = Avx2;

            #[inline(always)]
            fn splat(_: Avx2, word: $word) -> Self {
                // SAFETY: the proof shows that the processor has AVX2.
                Self(unsafe { $splat(word as $signed) })
            }

            #[inline(always)]
            fn load(_: Avx2, words: &[$word; $lanes]) -> Self {
                // SAFETY: as above; the words are 32 bytes, which are read at any alignment.
                Self(unsafe { _mm256_loadu_si256(words.as_ptr().cast()) })
            }

            #[inline(always)]
            fn store(self, words: &mut [$word; $lanes]) {
                // SAFETY: as in `load`; 32 bytes are written.
                unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), self.0) }
            }

            #[inline(always)]
            fn transposed(proof: Avx2, rows: &[&[u8]; $lanes], at: usize, order: WordOrder) -> [Self; $lanes] {
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
                // SAFETY: a vector exists, so the processor has AVX2. So it is in all functions below.
                Self(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm256_xor_si256(self.0, other.0) })
            }

            #[inline(always)]
            fn and(self, other: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm256_and_si256(self.0, other.0) })
            }

            #[inline(always)]
            fn or(self, other: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm256_or_si256(self.0, other.0) })
            }

            #[inline(always)]
            fn not_and(self, other: Self) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { _mm256_andnot_si256(self.0, other.0) })
            }

            // The number of bits is a constant wherever this is inlined, and becomes part of the instructions.
            #[inline(always)]
            fn rotate_right(self, bits: u32) -> Self {
                // SAFETY: see `add`.
                let left = unsafe { $left(self.0, _mm_cvtsi32_si128((<$word>::BITS - bits) as i32)) };
                self.shift_right(bits).or(Self(left))
            }

            #[inline(always)]
            fn shift_right(self, bits: u32) -> Self {
                // SAFETY: see `add`.
                Self(unsafe { $right(self.0, _mm_cvtsi32_si128(bits as i32)) })
            }
        }

        impl Frame<$word, $lanes> for Avx2 {
            fn run<K: Kernel<$word, $lanes>>(self, kernel: K) {
                #[target_feature(enable = "avx2")]
                fn frame<K: Kernel<$word, $lanes>>(proof: Avx2, kernel: K) {
                    kernel.run::<$vector>(proof);
                }
                // SAFETY: the proof shows that the processor has AVX2.
                unsafe { frame(self, kernel) }
            }
        }
    };
}

lanes_in_avx2!(U32x8, u32, 8, _mm256_set1_epi32(i32), _mm256_add_epi32, _mm256_sll_epi32, _mm256_srl_epi32);
lanes_in_avx2!(U64x4, u64, 4, _mm256_set1_epi64x(i64), _mm256_add_epi64, _mm256_sll_epi64, _mm256_srl_epi64);

/// The lower halves of both in turn, and the higher ones, within each 128 bits.
macro_rules! interleaved {
    ($low:ident, $high:ident, $from:expr, $one:expr, $other:expr) => {
        // SAFETY: a vector exists, so the processor has AVX2.
        unsafe { ($low($from[$one].0, $from[$other].0), $high($from[$one].0, $from[$other].0)) }
    };
}

/// The lower 128 bits of both, and the higher ones.
#[inline(always)]
fn halves(one: __m256i, other: __m256i) -> (__m256i, __m256i) {
    // SAFETY: the callers have vectors of this module, so the processor has AVX2.
    unsafe { (_mm256_permute2x128_si256::<0x20>(one, other), _mm256_permute2x128_si256::<0x31>(one, other)) }
}

impl U32x8 {
    #[inline(always)]
    fn swapped(self) -> Self {
        // SAFETY: a vector exists, so the processor has AVX2.
        Self(unsafe {
            let order = _mm256_broadcastsi128_si256(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
            _mm256_shuffle_epi8(self.0, order)
        })
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let mut pairs = rows;
        for pair in 0..4 {
            let (low, high) = interleaved!(_mm256_unpacklo_epi32, _mm256_unpackhi_epi32, rows, 2 * pair, 2 * pair + 1);
            (pairs[2 * pair], pairs[2 * pair + 1]) = (Self(low), Self(high));
        }
        // `fours[4 g + w]` has words w and w + 4 of the four rows of group g.
        let mut fours = pairs;
        for group in 0..2 {
            for half in 0..2 {
                let (one, other) = (4 * group + half, 4 * group + half + 2);
                let (low, high) = interleaved!(_mm256_unpacklo_epi64, _mm256_unpackhi_epi64, pairs, one, other);
                (fours[4 * group + 2 * half], fours[4 * group + 2 * half + 1]) = (Self(low), Self(high));
            }
        }
        let mut columns = fours;
        for word in 0..4 {
            let (low, high) = halves(fours[word].0, fours[4 + word].0);
            (columns[word], columns[4 + word]) = (Self(low), Self(high));
        }
        columns
    }
}

impl U64x4 {
    #[inline(always)]
    fn swapped(self) -> Self {
        // SAFETY: a vector exists, so the processor has AVX2.
        Self(unsafe {
            let order = _mm256_broadcastsi128_si256(_mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
            _mm256_shuffle_epi8(self.0, order)
        })
    }

    #[inline(always)]
    fn transpose(rows: [Self; 4]) -> [Self; 4] {
        let mut pairs = rows;
        for pair in 0..2 {
            let (low, high) = interleaved!(_mm256_unpacklo_epi64, _mm256_unpackhi_epi64, rows, 2 * pair, 2 * pair + 1);
            (pairs[2 * pair], pairs[2 * pair + 1]) = (Self(low), Self(high));
        }
        let mut columns = pairs;
        for word in 0..2 {
            let (low, high) = halves(pairs[word].0, pairs[2 + word].0);
            (columns[word], columns[2 + word]) = (Self(low), Self(high));
        }
        columns
    }
}
