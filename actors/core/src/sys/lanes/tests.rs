//! What the vectors do, word by word.

use super::*;

/// The operations of a kind of vector on words that differ in every lane.
struct Operations<'a, W, const N: usize> {
    rows: [&'a [u8]; N],
    out: &'a mut Vec<[W; N]>,
}

macro_rules! operations_on {
    ($word:ty) => {
        impl<const N: usize> Kernel<$word, N> for Operations<'_, $word, N> {
            #[inline(always)]
            fn run<V: Lanes<$word, N>>(self, proof: V::Proof) {
                let columns = V::transposed(proof, &self.rows, 3, WordOrder::LittleEndian);
                let swapped = V::transposed(proof, &self.rows, 3, WordOrder::BigEndian);
                let [a, b] = [columns[0], swapped[1]];
                let (c, ones) = (V::splat(proof, 0x5A5A_0FF0), V::splat(proof, <$word>::MAX));
                let results = [
                    a.add(b),
                    a.xor(b),
                    a.and(b),
                    a.or(b),
                    a.not_and(b),
                    a.rotate_right(7),
                    a.rotate_right(31),
                    a.shift_right(3),
                    a.xor3(b, c),
                    a.choose(b, c),
                    a.majority(b, c),
                    a.xor_not_and(b, c),
                    a.xor_or_not(b, c, ones),
                ];
                for vector in columns.into_iter().chain(swapped).chain(results) {
                    let mut words = [0; N];
                    vector.store(&mut words);
                    let mut again = [0; N];
                    V::load(proof, &words).store(&mut again);
                    assert_eq!(words, again);
                    self.out.push(words);
                }
            }
        }

        impl<'a, const N: usize> Operations<'a, $word, N> {
            /// What they must give, lane by lane.
            fn expected(rows: &[&'a [u8]; N]) -> Vec<[$word; N]> {
                let word =
                    |lane: usize, index: usize| *rows[lane][3 + index * size_of::<$word>()..].first_chunk().unwrap();
                let column = |index| std::array::from_fn(|lane| <$word>::from_le_bytes(word(lane, index)));
                let swapped = |index| std::array::from_fn(|lane| <$word>::from_be_bytes(word(lane, index)));
                let mut all: Vec<[$word; N]> = (0..N).map(column).chain((0..N).map(swapped)).collect();
                let of_lane = |lane: usize| {
                    let (a, b, c): ($word, $word, $word) = (all[0][lane], all[N + 1][lane], 0x5A5A_0FF0);
                    [
                        a.wrapping_add(b),
                        a ^ b,
                        a & b,
                        a | b,
                        !a & b,
                        a.rotate_right(7),
                        a.rotate_right(31),
                        a >> 3,
                        a ^ b ^ c,
                        (a & b) | (!a & c),
                        (a & b) | (a & c) | (b & c),
                        a ^ (!b & c),
                        b ^ (a | !c),
                    ]
                };
                let results: [[$word; 13]; N] = std::array::from_fn(of_lane);
                all.extend((0..13).map(|index| std::array::from_fn(|lane| results[lane][index])));
                all
            }
        }
    };
}

operations_on!(u32);
operations_on!(u64);

macro_rules! check {
    ($frame:expr, $word:ty, $lanes:literal) => {{
        let bytes = hivesum_test_support::cycle(3 + 64 + 7 * $lanes);
        let rows: [&[u8]; $lanes] = std::array::from_fn(|lane| &bytes[7 * lane..]);
        let mut out = Vec::new();
        $frame.run(Operations::<$word, $lanes> { rows, out: &mut out });
        assert_eq!(out, Operations::<$word, $lanes>::expected(&rows));
    }};
}

#[test]
fn every_vector_does_what_its_words_do() {
    for instructions in Instructions::available() {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(frame) => {
                check!(frame, u32, 16);
                check!(frame, u64, 8);
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2(frame) => {
                check!(frame, u32, 8);
                check!(frame, u64, 4);
            }
            Instructions::Portable => {
                check!(portable::Portable, u32, 4);
                check!(portable::Portable, u64, 2);
            }
        }
    }
}

#[test]
fn a_row_may_end_with_its_last_word() {
    let bytes = [7; 3 + 64];
    for instructions in Instructions::available() {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(frame) => {
                frame.run(Operations::<u32, 16> { rows: [&bytes; 16], out: &mut Vec::new() })
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2(frame) => {
                frame.run(Operations::<u32, 8> { rows: [&bytes[..35]; 8], out: &mut Vec::new() })
            }
            Instructions::Portable => {
                portable::Portable.run(Operations::<u32, 4> { rows: [&bytes[..19]; 4], out: &mut Vec::new() });
            }
        }
    }
}

#[test]
fn the_environment_names_instructions_of_this_machine_or_has_no_effect() {
    for name in Instructions::available().map(Instructions::name) {
        assert_eq!(widest_of(OsStr::new(name)), Some(name));
        assert_eq!(Instructions::up_to(Some(name)).next().map(Instructions::name), Some(name));
    }
    for word in ["", "AVX2", "avx10", "none", "portable "] {
        assert_eq!(widest_of(OsStr::new(word)), None, "{word:?}");
    }
    assert_eq!(Instructions::up_to(None).count(), Instructions::available().count());
}
