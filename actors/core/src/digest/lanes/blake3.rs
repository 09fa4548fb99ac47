//! BLAKE3 in lanes: the chunks of many messages side by side, then the parents of one level of all trees, and so on.
//!
//! Sections 2.1 to 2.5 of the paper by O'Connor, Aumasson, Neves and Wilcox-O'Hearn, "BLAKE3: one function, fast
//! everywhere". Only for short messages: of a longer one the crate digests as many chunks side by side.

use super::schedule::{Blocks, Function, LaneRun, TAIL_BYTES, digest_in_lanes};
use super::words::{block_of_16, unrolled};
use crate::sys::lanes::{Frame, Lanes, WordOrder};

const CHUNK_BYTES: usize = 1024;
const VALUE_BYTES: usize = 32;

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;

/// Digests messages of fewer than 4 TiB: only the lower half of the number of a chunk is counted.
pub(super) fn digest_blake3<const N: usize>(
    frame: impl Frame<u32, N>,
    (messages, order): (&[&[u8]], &[u32]),
    put: &mut impl FnMut(usize, &[u8]),
) {
    let mut trees = Vec::with_capacity(order.len());
    let mut chunks = Vec::new();
    let mut nodes = Vec::new();
    for &message in order {
        let bytes = messages[message as usize];
        let first = nodes.len();
        let count = bytes.len().div_ceil(CHUNK_BYTES).max(1);
        for counter in 0..count {
            chunks.push(&bytes[counter * CHUNK_BYTES..bytes.len().min((counter + 1) * CHUNK_BYTES)]);
            nodes.push(Node { counter: counter as u32, first: CHUNK_START, last: CHUNK_END | root_if(count == 1) });
        }
        trees.push(Tree { message: message as usize, first, count });
    }
    let mut values = values_of(frame, &chunks, nodes);
    loop {
        trees.retain(|tree| {
            let is_done = tree.count == 1;
            if is_done {
                put(tree.message, &values[tree.first]);
            }
            !is_done
        });
        if trees.is_empty() {
            return;
        }
        values = parents_of(frame, &values, &mut trees);
    }
}

/// The values of one level of a message's tree.
struct Tree {
    message: usize,
    first: usize,
    count: usize,
}

/// A chunk, or a parent of two values.
struct Node {
    counter: u32,
    /// Flags of its first block.
    first: u32,
    /// Flags of its last block.
    last: u32,
}

const fn root_if(is_root: bool) -> u32 {
    if is_root { ROOT } else { 0 }
}

/// Joins the values of each tree in pairs. What is left over belongs to the next level as it is, so that every left
/// subtree is complete.
fn parents_of<const N: usize>(
    frame: impl Frame<u32, N>,
    values: &[[u8; VALUE_BYTES]],
    trees: &mut [Tree],
) -> Vec<[u8; VALUE_BYTES]> {
    let mut pairs = Vec::new();
    let mut nodes = Vec::new();
    for tree in trees.iter() {
        for pair in values[tree.first..][..tree.count].chunks_exact(2) {
            pairs.push(pair.as_flattened());
            nodes.push(Node { counter: 0, first: PARENT, last: root_if(tree.count == 2) });
        }
    }
    let parents = values_of(frame, &pairs, nodes);
    let mut level = Vec::with_capacity(parents.len() + trees.len());
    let mut joined = parents.iter();
    for tree in trees {
        let first = level.len();
        level.extend(joined.by_ref().take(tree.count / 2));
        if tree.count % 2 == 1 {
            level.push(values[tree.first + tree.count - 1]);
        }
        *tree = Tree { message: tree.message, first, count: level.len() - first };
    }
    level
}

/// The chaining values of these chunks or parents.
fn values_of<const N: usize>(frame: impl Frame<u32, N>, inputs: &[&[u8]], nodes: Vec<Node>) -> Vec<[u8; VALUE_BYTES]> {
    let mut values = vec![[0; VALUE_BYTES]; inputs.len()];
    // Full chunks first: all lanes begin and end them at the same time.
    let mut order: Vec<u32> = (0..inputs.len() as u32).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(inputs[index as usize].len().div_ceil(64)));
    digest_in_lanes::<_, 8, N>(frame, &Blake3(nodes), (inputs, &order), |index, words| {
        for (bytes, word) in values[index].chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    });
    values
}

struct Blake3(Vec<Node>);

/// What a lane's blocks are, beside their bytes. The first block of a run may begin a chunk, the last may end it.
#[derive(Clone, Copy)]
struct Note {
    counter: u32,
    first: u32,
    last: u32,
    last_bytes: u32,
}

impl Function<8> for Blake3 {
    type Word = u32;
    type Note = Note;
    const BLOCK_BYTES: usize = 64;

    fn initial(&self) -> [u32; 8] {
        INITIAL
    }

    /// The last block is the tail, also if it is whole: it has other flags.
    fn bytes_before_tail(&self, message: &[u8]) -> usize {
        message.len().saturating_sub(1) / 64 * 64
    }

    fn write_tail(&self, _: u64, rest: &[u8], tail: &mut [u8; TAIL_BYTES]) -> usize {
        tail[..rest.len()].copy_from_slice(rest);
        64
    }

    fn note(&self, run: LaneRun) -> Note {
        let Node { counter, first, last } = self.0[run.message];
        Note {
            counter,
            first: if run.is_start { first } else { 0 },
            last: if run.in_tail.is_some() { last } else { 0 },
            last_bytes: run.in_tail.map_or(64, |bytes| bytes as u32),
        }
    }

    #[inline(always)]
    fn compress<V: Lanes<u32, N>, const N: usize>(proof: V::Proof, state: &mut [V; 8], blocks: Blocks<'_, Note, N>) {
        let words: [V; 16] = block_of_16(proof, blocks.rows, blocks.index * 64, WordOrder::LittleEndian);
        let (mut counters, mut lengths, mut flags) = ([0; N], [64; N], [0; N]);
        let (is_first, is_last) = (blocks.index == 0, blocks.index + 1 == blocks.count);
        for lane in 0..N {
            let note = blocks.notes[lane];
            counters[lane] = note.counter;
            if is_first {
                flags[lane] |= note.first;
            }
            if is_last {
                flags[lane] |= note.last;
                lengths[lane] = note.last_bytes;
            }
        }
        let (zero, lengths) = (V::splat(proof, 0), V::load(proof, &lengths));
        let mut v = [zero; 16];
        unrolled!(word in [0 1 2 3 4 5 6 7] {
            v[word] = state[word];
        });
        unrolled!(word in [0 1 2 3] {
            v[8 + word] = V::splat(proof, INITIAL[word]);
        });
        (v[12], v[13]) = (V::load(proof, &counters), zero);
        (v[14], v[15]) = (lengths, V::load(proof, &flags));
        unrolled!(round in [0 1 2 3 4 5 6] {
            unrolled!(i in [0 1 2 3] {
                mix(&mut v, [i, 4 + i, 8 + i, 12 + i], words[ORDER[round][2 * i]], words[ORDER[round][2 * i + 1]]);
            });
            unrolled!(i in [0 1 2 3] {
                let (x, y) = (words[ORDER[round][8 + 2 * i]], words[ORDER[round][9 + 2 * i]]);
                mix(&mut v, [i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4], x, y);
            });
        });
        unrolled!(word in [0 1 2 3 4 5 6 7] {
            state[word] = v[word].xor(v[8 + word]);
        });
    }
}

#[inline(always)]
fn mix<V: Lanes<u32, N>, const N: usize>(v: &mut [V; 16], [a, b, c, d]: [usize; 4], x: V, y: V) {
    v[a] = v[a].add(v[b]).add(x);
    v[d] = v[d].xor(v[a]).rotate_right(16);
    v[c] = v[c].add(v[d]);
    v[b] = v[b].xor(v[c]).rotate_right(12);
    v[a] = v[a].add(v[b]).add(y);
    v[d] = v[d].xor(v[a]).rotate_right(8);
    v[c] = v[c].add(v[d]);
    v[b] = v[b].xor(v[c]).rotate_right(7);
}

/// That of SHA-256.
const INITIAL: [u32; 8] = super::sha2::SHA256;

/// Which word each step of each round reads: table 2, applied again and again.
const ORDER: [[usize; 16]; 7] = {
    const NEXT: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut order = [[0; 16]; 7];
    let mut round = 0;
    while round < 7 {
        let mut step = 0;
        while step < 16 {
            order[round][step] = if round == 0 { step } else { order[round - 1][NEXT[step]] };
            step += 1;
        }
        round += 1;
    }
    order
};
