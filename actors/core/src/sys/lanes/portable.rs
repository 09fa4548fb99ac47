//! Lanes in plain arrays, for every processor. They are slower than one message after the other: they show that the
//! code which they share with the other vectors is right, also under Miri.

use super::vector::{Frame, Kernel, Lanes, WordOrder};

/// Lanes in an array.
#[derive(Clone, Copy)]
pub(crate) struct Array<W, const N: usize>([W; N]);

/// Needs no special instructions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

macro_rules! lanes_in_arrays {
    ($word:ty, $lanes:literal) => {
        impl Lanes<$word, $lanes> for Array<$word, $lanes> {
            type Proof = Portable;

            fn splat(_: Portable, word: $word) -> Self {
                Self([word; $lanes])
            }

            fn load(_: Portable, words: &[$word; $lanes]) -> Self {
                Self(*words)
            }

            fn store(self, words: &mut [$word; $lanes]) {
                *words = self.0;
            }

            fn transposed(_: Portable, rows: &[&[u8]; $lanes], at: usize, order: WordOrder) -> [Self; $lanes] {
                std::array::from_fn(|word| {
                    Self(rows.map(|row| {
                        let bytes = row[at + word * size_of::<$word>()..].first_chunk();
                        let bytes = *bytes.expect("a row has as many words as there are lanes");
                        match order {
                            WordOrder::LittleEndian => <$word>::from_le_bytes(bytes),
                            WordOrder::BigEndian => <$word>::from_be_bytes(bytes),
                        }
                    }))
                })
            }

            fn add(self, other: Self) -> Self {
                Self(std::array::from_fn(|lane| self.0[lane].wrapping_add(other.0[lane])))
            }

            fn xor(self, other: Self) -> Self {
                Self(std::array::from_fn(|lane| self.0[lane] ^ other.0[lane]))
            }

            fn and(self, other: Self) -> Self {
                Self(std::array::from_fn(|lane| self.0[lane] & other.0[lane]))
            }

            fn or(self, other: Self) -> Self {
                Self(std::array::from_fn(|lane| self.0[lane] | other.0[lane]))
            }

            fn not_and(self, other: Self) -> Self {
                Self(std::array::from_fn(|lane| !self.0[lane] & other.0[lane]))
            }

            fn rotate_right(self, bits: u32) -> Self {
                Self(self.0.map(|word| word.rotate_right(bits)))
            }

            fn shift_right(self, bits: u32) -> Self {
                Self(self.0.map(|word| word >> bits))
            }
        }

        impl Frame<$word, $lanes> for Portable {
            fn run<K: Kernel<$word, $lanes>>(self, kernel: K) {
                kernel.run::<Array<$word, $lanes>>(self);
            }
        }
    };
}

lanes_in_arrays!(u32, 4);
lanes_in_arrays!(u64, 2);
