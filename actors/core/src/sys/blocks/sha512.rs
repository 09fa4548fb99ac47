//! SHA-512 (FIPS 180-4, section 6.4.2) with AVX2 and BMI2: the message schedule in vectors, four words at a time, beside
//! the rounds in general registers.
//!
//! The words of the schedule, each with its constant, go through memory: a compiler would move them between both kinds of
//! registers, which takes longer.

use std::arch::asm;
use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi64, _mm_or_si128, _mm_slli_epi64, _mm_srli_epi64, _mm_xor_si128, _mm256_add_epi64,
    _mm256_alignr_epi8, _mm256_castsi128_si256, _mm256_castsi256_si128, _mm256_extracti128_si256,
    _mm256_inserti128_si256, _mm256_loadu_si256, _mm256_or_si256, _mm256_permute2x128_si256, _mm256_setr_epi8,
    _mm256_shuffle_epi8, _mm256_slli_epi64, _mm256_srli_epi64, _mm256_store_si256, _mm256_xor_si256,
};
use std::is_x86_feature_detected as has;

/// Adds these blocks to the state. False, and nothing was done, where this processor lacks the instructions.
pub(super) fn compress(state: &mut [u64; 8], blocks: &[[u8; 128]], constants: &[u64; 80]) -> bool {
    if !(has!("avx2") && has!("bmi1") && has!("bmi2")) {
        return false;
    }
    // SAFETY: the processor has the instructions.
    unsafe { compress_blocks(state, blocks, constants) };
    true
}

/// Sixteen words of the schedule, each with its constant.
#[repr(C, align(32))]
struct Sums([u64; 16]);

/// Four words to begin with the one of this number.
#[inline]
#[target_feature(enable = "avx2")]
fn four_of(words: &[u64], from: usize) -> __m256i {
    let four: &[u64] = &words[from..from + 4];
    // SAFETY: four words are as long as the vector, and the load asks for no alignment.
    unsafe { _mm256_loadu_si256(four.as_ptr().cast()) }
}

impl Sums {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn put(&mut self, from: usize, words: __m256i, constants: __m256i) {
        let four: &mut [u64] = &mut self.0[from..from + 4];
        // SAFETY: four words are as long as the vector, and each fourth word of these is aligned to 32 bytes.
        unsafe { _mm256_store_si256(four.as_mut_ptr().cast(), _mm256_add_epi64(words, constants)) };
    }

    /// The sum of this number and another word.
    #[inline(always)]
    fn plus<const AT: usize>(&self, mut word: u64) -> u64 {
        const { assert!(AT < 16) };
        // SAFETY: it reads a word of the array.
        unsafe {
            asm!(
                "add {word}, qword ptr [{sums} + {at}]",
                word = inout(reg) word,
                sums = in(reg) self.0.as_ptr(),
                at = const AT * 8,
                options(pure, readonly, nostack),
            );
        }
        word
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotated<const RIGHT: i32, const LEFT: i32>(words: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_srli_epi64::<RIGHT>(words), _mm256_slli_epi64::<LEFT>(words))
}

/// The function sigma 0 of four words.
#[inline]
#[target_feature(enable = "avx2")]
fn sigma_0(words: __m256i) -> __m256i {
    let rotations = _mm256_xor_si256(rotated::<1, 63>(words), rotated::<8, 56>(words));
    _mm256_xor_si256(rotations, _mm256_srli_epi64::<7>(words))
}

/// The function sigma 1 of two words.
#[inline]
#[target_feature(enable = "avx2")]
fn sigma_1(words: __m128i) -> __m128i {
    let by_19 = _mm_or_si128(_mm_srli_epi64::<19>(words), _mm_slli_epi64::<45>(words));
    let by_61 = _mm_or_si128(_mm_srli_epi64::<61>(words), _mm_slli_epi64::<3>(words));
    _mm_xor_si128(_mm_xor_si128(by_19, by_61), _mm_srli_epi64::<6>(words))
}

/// Four words that begin one word after the first of eight.
#[inline]
#[target_feature(enable = "avx2")]
fn one_on(low: __m256i, high: __m256i) -> __m256i {
    _mm256_alignr_epi8::<8>(_mm256_permute2x128_si256::<0x21>(low, high), low)
}

/// One round, which reads the sum of this number. `b_xor_c` is that of the majority of `a`, `b` and `c`, which has bits in
/// common with that of the next round.
macro_rules! round {
    ($sums:ident, $b_xor_c:ident,
     $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $at:expr) => {
        let chosen = $sums.plus::<{ $at }>($h).wrapping_add(!$e & $g).wrapping_add($e & $f);
        let sum_1 = $e.rotate_right(14) ^ $e.rotate_right(18) ^ $e.rotate_right(41);
        let first = chosen.wrapping_add(sum_1);
        $d = $d.wrapping_add(first);
        let a_xor_b = $a ^ $b;
        let majority = ($b_xor_c & a_xor_b) ^ $b;
        $b_xor_c = a_xor_b;
        let sum_0 = $a.rotate_right(28) ^ $a.rotate_right(34) ^ $a.rotate_right(39);
        $h = first.wrapping_add(majority).wrapping_add(sum_0);
    };
}

/// Four rounds, and meanwhile the four words of sixteen rounds later. They are put in the place of those in use.
macro_rules! four_rounds {
    ($sums:ident, $b_xor_c:ident, $words:ident, $i:literal, $constants:expr,
     $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
        let fifteenth = sigma_0(one_on($words[$i], $words[($i + 1) % 4]));
        round!($sums, $b_xor_c, $a $b $c $d $e $f $g $h, $i * 4);
        let seventh = one_on($words[($i + 2) % 4], $words[($i + 3) % 4]);
        let sum = _mm256_add_epi64(_mm256_add_epi64($words[$i], seventh), fifteenth);
        round!($sums, $b_xor_c, $h $a $b $c $d $e $f $g, $i * 4 + 1);
        let last = sigma_1(_mm256_extracti128_si256::<1>($words[($i + 3) % 4]));
        let low = _mm_add_epi64(_mm256_castsi256_si128(sum), last);
        round!($sums, $b_xor_c, $g $h $a $b $c $d $e $f, $i * 4 + 2);
        let high = _mm_add_epi64(_mm256_extracti128_si256::<1>(sum), sigma_1(low));
        $words[$i] = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high);
        round!($sums, $b_xor_c, $f $g $h $a $b $c $d $e, $i * 4 + 3);
        $sums.put($i * 4, $words[$i], $constants);
    };
}

/// Eight rounds that read the sums from this number on.
macro_rules! eight_rounds {
    ($sums:ident, $b_xor_c:ident,
     $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $at:literal) => {
        round!($sums, $b_xor_c, $a $b $c $d $e $f $g $h, $at);
        round!($sums, $b_xor_c, $h $a $b $c $d $e $f $g, $at + 1);
        round!($sums, $b_xor_c, $g $h $a $b $c $d $e $f, $at + 2);
        round!($sums, $b_xor_c, $f $g $h $a $b $c $d $e, $at + 3);
        round!($sums, $b_xor_c, $e $f $g $h $a $b $c $d, $at + 4);
        round!($sums, $b_xor_c, $d $e $f $g $h $a $b $c, $at + 5);
        round!($sums, $b_xor_c, $c $d $e $f $g $h $a $b, $at + 6);
        round!($sums, $b_xor_c, $b $c $d $e $f $g $h $a, $at + 7);
    };
}

#[target_feature(enable = "avx2,bmi1,bmi2")]
fn compress_blocks(state: &mut [u64; 8], blocks: &[[u8; 128]], constants: &[u64; 80]) {
    let big_endian = _mm256_setr_epi8(
        7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8,
    );
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    let mut sums = Sums([0; 16]);
    for block in blocks {
        let before = [a, b, c, d, e, f, g, h];
        let mut words = [big_endian; 4];
        for four in 0..4 {
            // SAFETY: 32 bytes are as long as the vector, and the load asks for no alignment.
            let bytes = unsafe { _mm256_loadu_si256(block[four * 32..four * 32 + 32].as_ptr().cast()) };
            words[four] = _mm256_shuffle_epi8(bytes, big_endian);
            sums.put(four * 4, words[four], four_of(constants, four * 4));
        }
        let mut b_xor_c = b ^ c;
        for sixteen in 0..4 {
            let next = sixteen * 16 + 16;
            four_rounds!(sums, b_xor_c, words, 0, four_of(constants, next), a b c d e f g h);
            four_rounds!(sums, b_xor_c, words, 1, four_of(constants, next + 4), e f g h a b c d);
            four_rounds!(sums, b_xor_c, words, 2, four_of(constants, next + 8), a b c d e f g h);
            four_rounds!(sums, b_xor_c, words, 3, four_of(constants, next + 12), e f g h a b c d);
        }
        eight_rounds!(sums, b_xor_c, a b c d e f g h, 0);
        eight_rounds!(sums, b_xor_c, a b c d e f g h, 8);
        let _ = b_xor_c;
        let after = [a, b, c, d, e, f, g, h];
        [a, b, c, d, e, f, g, h] = std::array::from_fn(|word| before[word].wrapping_add(after[word]));
    }
    *state = [a, b, c, d, e, f, g, h];
}
