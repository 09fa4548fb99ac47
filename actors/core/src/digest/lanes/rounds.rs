//! Digests of long messages side by side, whose bytes arrive piece by piece.
//!
//! There are [`SLOTS`] messages at a time, whatever the width of the vectors. A round brings the next piece of each of
//! them. All lanes run for as many blocks as the shortest piece has left, then for those of the next longer one. A lane
//! without a piece digests the blocks of another one, for nothing, and keeps its state. Bytes that do not fill a block
//! wait for the next piece.

use super::kind::Kind;
use super::schedule::{Function, Run, TAIL_BYTES};
use super::{md, sha2, sha3};
use crate::sys::lanes::portable::Portable;
use crate::sys::lanes::{Frame, Instructions};

/// How many messages are digested side by side.
pub(crate) const SLOTS: usize = 16;

/// The longest block: that of SHA3-224.
const MAX_BLOCK_BYTES: usize = 144;

/// The running states of one algorithm, one for each slot.
pub(in crate::digest) trait Rounds {
    /// The next piece of this slot is the first one of a message.
    fn begin(&mut self, slot: usize);

    /// Adds a piece to each slot; an empty one adds nothing.
    fn update(&mut self, pieces: &[&[u8]; SLOTS]);

    /// Ends the messages of these slots. `put` gets each slot and its digest.
    fn finish(&mut self, slots: &[usize], put: &mut dyn FnMut(usize, &[u8]));
}

/// The states of an algorithm, in lanes of these instructions. `None` for BLAKE3, whose crate digests the chunks of one
/// message side by side.
pub(super) fn rounds_of(kind: Kind, instructions: Instructions) -> Option<Box<dyn Rounds>> {
    let bytes = kind.algorithm().digest_bytes();
    let of_sha256 = |initial| {
        of_32_bits(
            instructions,
            move || sha2::Sha256(initial),
            move |words: [u32; 8], put| {
                put(&words.map(u32::to_be_bytes).as_flattened()[..bytes]);
            },
        )
    };
    let of_sha512 = |initial| {
        of_64_bits(
            instructions,
            move || sha2::Sha512(initial),
            move |words: [u64; 8], put| {
                put(&words.map(u64::to_be_bytes).as_flattened()[..bytes]);
            },
        )
    };
    let end_sha3 =
        move |words: [u64; 25], put: &mut dyn FnMut(&[u8])| put(&words.map(u64::to_le_bytes).as_flattened()[..bytes]);
    Some(match kind {
        Kind::Blake3 => return None,
        Kind::Md5 => of_32_bits(
            instructions,
            || md::Md5,
            |words: [u32; 4], put| {
                put(words.map(u32::to_le_bytes).as_flattened());
            },
        ),
        Kind::Sha1 => of_32_bits(
            instructions,
            || md::Sha1,
            |words: [u32; 5], put| {
                put(words.map(u32::to_be_bytes).as_flattened());
            },
        ),
        Kind::Sha224 => of_sha256(sha2::SHA224),
        Kind::Sha256 => of_sha256(sha2::SHA256),
        Kind::Sha384 => of_sha512(sha2::SHA384),
        Kind::Sha512 => of_sha512(sha2::SHA512),
        Kind::Sha512_224 => of_sha512(sha2::SHA512_224),
        Kind::Sha512_256 => of_sha512(sha2::SHA512_256),
        Kind::Sha3_224 => of_64_bits(instructions, || sha3::Sha3::<18>, end_sha3),
        Kind::Sha3_256 => of_64_bits(instructions, || sha3::Sha3::<17>, end_sha3),
        Kind::Sha3_384 => of_64_bits(instructions, || sha3::Sha3::<13>, end_sha3),
        Kind::Sha3_512 => of_64_bits(instructions, || sha3::Sha3::<9>, end_sha3),
    })
}

fn of_32_bits<F, const S: usize>(
    instructions: Instructions,
    function: impl Fn() -> F,
    digest: impl Fn([u32; S], &mut dyn FnMut(&[u8])) + 'static,
) -> Box<dyn Rounds>
where
    F: Function<S, Word = u32, Note = ()> + 'static,
{
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512(frame) => Box::new(SideBySide::<_, F, _, S, 16>::new(frame, function(), digest)),
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2(frame) => Box::new(SideBySide::<_, F, _, S, 8>::new(frame, function(), digest)),
        Instructions::Portable => Box::new(SideBySide::<_, F, _, S, 4>::new(Portable, function(), digest)),
    }
}

fn of_64_bits<F, const S: usize>(
    instructions: Instructions,
    function: impl Fn() -> F,
    digest: impl Fn([u64; S], &mut dyn FnMut(&[u8])) + 'static,
) -> Box<dyn Rounds>
where
    F: Function<S, Word = u64, Note = ()> + 'static,
{
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512(frame) => Box::new(SideBySide::<_, F, _, S, 8>::new(frame, function(), digest)),
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2(frame) => Box::new(SideBySide::<_, F, _, S, 4>::new(frame, function(), digest)),
        Instructions::Portable => Box::new(SideBySide::<_, F, _, S, 2>::new(Portable, function(), digest)),
    }
}

struct SideBySide<R, F: Function<S>, D, const S: usize, const N: usize> {
    frame: R,
    function: F,
    /// Passes on the digest that a state ends with.
    digest: D,
    groups: Vec<Group<F::Word, S, N>>,
}

/// The slots that share one vector.
struct Group<W, const S: usize, const N: usize> {
    /// Word by word, each of all lanes.
    state: [[W; N]; S],
    slots: [Slot; N],
}

#[derive(Clone, Copy)]
struct Slot {
    /// The first `waiting` bytes do not fill a block yet.
    block: [u8; MAX_BLOCK_BYTES],
    waiting: usize,
    message_bytes: u64,
}

impl Slot {
    const EMPTY: Self = Self { block: [0; MAX_BLOCK_BYTES], waiting: 0, message_bytes: 0 };

    /// Adds bytes of the piece to those that wait, until they are a block. Gives the bytes that are left.
    fn fill<'p>(&mut self, piece: &'p [u8], block_bytes: usize) -> &'p [u8] {
        let (now, later) = piece.split_at(piece.len().min(block_bytes - self.waiting));
        self.block[self.waiting..][..now.len()].copy_from_slice(now);
        self.waiting += now.len();
        later
    }
}

impl<R, F, D, const S: usize, const N: usize> SideBySide<R, F, D, S, N>
where
    R: Frame<F::Word, N>,
    F: Function<S, Note = ()>,
{
    fn new(frame: R, function: F, digest: D) -> Self {
        let group = || Group { state: [[F::Word::default(); N]; S], slots: [Slot::EMPTY; N] };
        Self { frame, function, digest, groups: (0..SLOTS / N).map(|_| group()).collect() }
    }
}

impl<R, F, D, const S: usize, const N: usize> Rounds for SideBySide<R, F, D, S, N>
where
    R: Frame<F::Word, N>,
    F: Function<S, Note = ()>,
    D: Fn([F::Word; S], &mut dyn FnMut(&[u8])),
{
    fn begin(&mut self, slot: usize) {
        let (group, lane) = (&mut self.groups[slot / N], slot % N);
        for (words, first) in group.state.iter_mut().zip(self.function.initial()) {
            words[lane] = first;
        }
        group.slots[lane] = Slot::EMPTY;
    }

    fn update(&mut self, pieces: &[&[u8]; SLOTS]) {
        let (pieces, _) = pieces.as_chunks::<N>();
        for (group, pieces) in self.groups.iter_mut().zip(pieces) {
            group.update::<F>(self.frame, *pieces);
        }
    }

    fn finish(&mut self, slots: &[usize], put: &mut dyn FnMut(usize, &[u8])) {
        for (number, group) in self.groups.iter_mut().enumerate() {
            let lanes = slots.iter().filter(|slot| *slot / N == number).map(|slot| slot % N);
            let mut tails = [[0; TAIL_BYTES]; N];
            let mut lengths = [0; N];
            for lane in lanes.clone() {
                let Slot { block, waiting, message_bytes } = &group.slots[lane];
                lengths[lane] = self.function.write_tail(*message_bytes, &block[..*waiting], &mut tails[lane]);
            }
            group.run::<F>(self.frame, &std::array::from_fn(|lane| &tails[lane][..lengths[lane]]));
            for lane in lanes {
                let words = std::array::from_fn(|word| group.state[word][lane]);
                (self.digest)(words, &mut |digest| put(number * N + lane, digest));
            }
        }
    }
}

impl<W: Copy, const S: usize, const N: usize> Group<W, S, N> {
    fn update<F: Function<S, Word = W, Note = ()>>(&mut self, frame: impl Frame<W, N>, mut pieces: [&[u8]; N]) {
        for (slot, piece) in self.slots.iter_mut().zip(pieces) {
            slot.message_bytes += piece.len() as u64;
        }
        if self.slots.iter().any(|slot| slot.waiting > 0) {
            pieces = self.end_blocks::<F>(frame, pieces);
        }
        self.run::<F>(frame, &pieces);
        for (slot, piece) in self.slots.iter_mut().zip(pieces) {
            slot.fill(&piece[piece.len() - piece.len() % F::BLOCK_BYTES..], F::BLOCK_BYTES);
        }
    }

    /// Fills the blocks that wait, and digests those that are full. Gives what is left of the pieces.
    fn end_blocks<'p, F: Function<S, Word = W, Note = ()>>(
        &mut self,
        frame: impl Frame<W, N>,
        mut pieces: [&'p [u8]; N],
    ) -> [&'p [u8]; N] {
        let (mut blocks, mut lengths) = ([[0; MAX_BLOCK_BYTES]; N], [0; N]);
        for (lane, slot) in self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.waiting > 0) {
            pieces[lane] = slot.fill(pieces[lane], F::BLOCK_BYTES);
            if slot.waiting == F::BLOCK_BYTES {
                (blocks[lane], lengths[lane], slot.waiting) = (slot.block, F::BLOCK_BYTES, 0);
            }
        }
        self.run::<F>(frame, &std::array::from_fn(|lane| &blocks[lane][..lengths[lane]]));
        pieces
    }

    /// Adds the whole blocks of these rows to the states.
    fn run<F: Function<S, Word = W, Note = ()>>(&mut self, frame: impl Frame<W, N>, rows: &[&[u8]; N]) {
        let mut done = 0;
        loop {
            let left: [usize; N] = std::array::from_fn(|lane| (rows[lane].len() / F::BLOCK_BYTES).saturating_sub(done));
            let busy = left.iter().enumerate().filter(|(_, blocks)| **blocks > 0);
            let Some((any, &blocks)) = busy.min_by_key(|(_, blocks)| **blocks) else { return };
            let bytes = done * F::BLOCK_BYTES..(done + blocks) * F::BLOCK_BYTES;
            let now = std::array::from_fn(|lane| &rows[if left[lane] > 0 { lane } else { any }][bytes.clone()]);
            let mut state = self.state;
            frame.run(Run::<F, S, N> { state: &mut state, rows: now, notes: [(); N], blocks });
            for (words, after) in self.state.iter_mut().zip(state) {
                for lane in (0..N).filter(|lane| left[*lane] > 0) {
                    words[lane] = after[lane];
                }
            }
            done += blocks;
        }
    }
}
