//! What a compression function needs of a vector, and how it is compiled for one.

/// In which order the bytes of a word stand in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordOrder {
    LittleEndian,
    BigEndian,
}

/// `N` words of type `W`, one of each lane.
pub(crate) trait Lanes<W: Copy, const N: usize>: Copy {
    /// Shows that the processor has the instructions.
    type Proof: Copy;

    /// The same word in every lane.
    fn splat(proof: Self::Proof, word: W) -> Self;

    fn load(proof: Self::Proof, words: &[W; N]) -> Self;

    fn store(self, words: &mut [W; N]);

    /// The next `N` words of every lane, from byte `at` of its row on: the first word of every lane, then the second
    /// ones, and so on.
    fn transposed(proof: Self::Proof, rows: &[&[u8]; N], at: usize, order: WordOrder) -> [Self; N];

    fn add(self, other: Self) -> Self;

    fn xor(self, other: Self) -> Self;

    fn and(self, other: Self) -> Self;

    fn or(self, other: Self) -> Self;

    /// `!self & other`.
    fn not_and(self, other: Self) -> Self;

    /// By fewer bits than a word has, and by at least one.
    fn rotate_right(self, bits: u32) -> Self;

    fn shift_right(self, bits: u32) -> Self;

    fn xor3(self, second: Self, third: Self) -> Self {
        self.xor(second).xor(third)
    }

    /// The bits of `yes` where `self` has ones, and those of `no` where it has zeros.
    fn choose(self, yes: Self, no: Self) -> Self {
        no.xor(self.and(yes.xor(no)))
    }

    /// What two of the three say.
    fn majority(self, second: Self, third: Self) -> Self {
        self.and(second).xor(third.and(self.xor(second)))
    }

    /// `self ^ (!second & third)`, Keccak's chi.
    fn xor_not_and(self, second: Self, third: Self) -> Self {
        self.xor(second.not_and(third))
    }

    /// `second ^ (self | !third)`, MD5's I. `ones` has all bits set.
    fn xor_or_not(self, second: Self, third: Self, ones: Self) -> Self {
        second.xor(self.or(third.xor(ones)))
    }
}

/// Code that is compiled for several kinds of vectors.
///
/// `run`, and everything that it calls with vectors, must be `#[inline(always)]`: only what ends up inside the frame is
/// compiled for its instructions. Closures are not.
pub(crate) trait Kernel<W: Copy, const N: usize> {
    fn run<V: Lanes<W, N>>(self, proof: V::Proof);
}

/// Runs kernels of `N` lanes with words of type `W`.
pub(crate) trait Frame<W: Copy, const N: usize>: Copy {
    fn run<K: Kernel<W, N>>(self, kernel: K);
}
