//! Which message is in which lane.
//!
//! A lane digests the whole blocks of its message, then its tail: the bytes that are left, with their padding, in one or
//! two blocks of a buffer of its own. Then it takes the next message at once. All lanes run for as many blocks as the
//! shortest of them has left; a lane without a message digests the blocks of another one, for nothing.

use crate::sys::lanes::{Frame, Kernel, Lanes};

/// Two blocks of the longest kind: 144 bytes in SHA3-224, but only one of them, and 128 in SHA-512.
pub(super) const TAIL_BYTES: usize = 256;

/// A digest with a state of `S` words.
pub(super) trait Function<const S: usize> {
    type Word: Copy + Default;
    /// What the compression needs to know of the blocks of a lane, beside their bytes.
    type Note: Copy;
    const BLOCK_BYTES: usize;

    /// The state before the first block.
    fn initial(&self) -> [Self::Word; S];

    /// How many bytes of a message are digested from where they are. The others go into the tail.
    fn bytes_before_tail(&self, message: &[u8]) -> usize {
        message.len() - message.len() % Self::BLOCK_BYTES
    }

    /// Writes the tail of a message of so many bytes: the last of them and the padding. `tail` has zeros only. Gives the
    /// number of bytes, one block or two.
    fn write_tail(&self, message_bytes: u64, rest: &[u8], tail: &mut [u8; TAIL_BYTES]) -> usize;

    fn note(&self, run: LaneRun) -> Self::Note;

    /// Adds one block of every lane to the states.
    fn compress<V: Lanes<Self::Word, N>, const N: usize>(
        proof: V::Proof,
        state: &mut [V; S],
        blocks: Blocks<'_, Self::Note, N>,
    );
}

/// The next run of a lane.
pub(super) struct LaneRun {
    /// Which message.
    pub(super) message: usize,
    /// Whether it begins with the first block of the message.
    pub(super) is_start: bool,
    /// The bytes of the message that are in the tail, if this is the tail.
    pub(super) in_tail: Option<usize>,
}

/// One block of every lane.
pub(super) struct Blocks<'a, Note, const N: usize> {
    pub(super) rows: &'a [&'a [u8]; N],
    pub(super) notes: &'a [Note; N],
    /// Which block of the run.
    pub(super) index: usize,
    /// How many the run has.
    pub(super) count: usize,
}

/// Digests the messages in this order. `put` gets the number of each and its last state.
pub(super) fn digest_in_lanes<F: Function<S>, const S: usize, const N: usize>(
    frame: impl Frame<F::Word, N>,
    function: &F,
    (messages, order): (&[&[u8]], &[u32]),
    mut put: impl FnMut(usize, [F::Word; S]),
) {
    let mut schedule = Schedule::<F, S, N>::new(function, messages, order);
    while let Some((any, blocks)) = schedule.next_run() {
        let rows = std::array::from_fn(|lane| schedule.row(if schedule.lanes[lane].is_idle() { any } else { lane }));
        let notes = std::array::from_fn(|lane| function.note(schedule.lanes[lane].as_run()));
        let mut state = schedule.state;
        frame.run(Run::<F, S, N> { state: &mut state, rows, notes, blocks });
        schedule.state = state;
        schedule.advance(blocks, &mut put);
    }
}

/// So many blocks of every lane, which are added to the states.
pub(super) struct Run<'a, F: Function<S>, const S: usize, const N: usize> {
    /// Word by word, each of all lanes.
    pub(super) state: &'a mut [[F::Word; N]; S],
    pub(super) rows: [&'a [u8]; N],
    pub(super) notes: [F::Note; N],
    pub(super) blocks: usize,
}

impl<F: Function<S>, const S: usize, const N: usize> Kernel<F::Word, N> for Run<'_, F, S, N> {
    #[inline(always)]
    fn run<V: Lanes<F::Word, N>>(self, proof: V::Proof) {
        let mut state = [V::splat(proof, F::Word::default()); S];
        for (vector, words) in state.iter_mut().zip(self.state.iter()) {
            *vector = V::load(proof, words);
        }
        for index in 0..self.blocks {
            let blocks = Blocks { rows: &self.rows, notes: &self.notes, index, count: self.blocks };
            F::compress(proof, &mut state, blocks);
        }
        for (vector, words) in state.iter().zip(self.state.iter_mut()) {
            vector.store(words);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Whole,
    Tail,
}

#[derive(Clone, Copy)]
struct Lane {
    message: usize,
    phase: Phase,
    /// The next byte of the message, or of the tail.
    at: usize,
    end: usize,
    /// The bytes of the message before the tail.
    whole_bytes: usize,
    message_bytes: usize,
}

impl Lane {
    const IDLE: Self = Self { message: 0, phase: Phase::Idle, at: 0, end: 0, whole_bytes: 0, message_bytes: 0 };

    fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    fn as_run(&self) -> LaneRun {
        let in_tail = (self.phase == Phase::Tail).then_some(self.message_bytes - self.whole_bytes);
        let is_start = self.at == 0 && (in_tail.is_none() || self.whole_bytes == 0);
        LaneRun { message: self.message, is_start, in_tail }
    }
}

struct Schedule<'a, F: Function<S>, const S: usize, const N: usize> {
    function: &'a F,
    messages: &'a [&'a [u8]],
    waiting: std::slice::Iter<'a, u32>,
    lanes: [Lane; N],
    tails: [[u8; TAIL_BYTES]; N],
    /// Word by word, each of all lanes.
    state: [[F::Word; N]; S],
}

impl<'a, F: Function<S>, const S: usize, const N: usize> Schedule<'a, F, S, N> {
    fn new(function: &'a F, messages: &'a [&'a [u8]], order: &'a [u32]) -> Self {
        let mut schedule = Self {
            function,
            messages,
            waiting: order.iter(),
            lanes: [Lane::IDLE; N],
            tails: [[0; TAIL_BYTES]; N],
            state: [[F::Word::default(); N]; S],
        };
        (0..N).for_each(|lane| schedule.take_next(lane));
        schedule
    }

    /// A lane with a message, and the number of blocks until the first of the lanes is done.
    fn next_run(&self) -> Option<(usize, usize)> {
        let left = |lane: &Lane| (lane.end - lane.at) / F::BLOCK_BYTES;
        let busy = self.lanes.iter().enumerate().filter(|(_, lane)| !lane.is_idle());
        busy.map(|(index, lane)| (index, left(lane))).min_by_key(|(_, blocks)| *blocks)
    }

    fn row(&self, lane: usize) -> &[u8] {
        let Lane { message, phase, at, end, .. } = self.lanes[lane];
        match phase {
            Phase::Idle => &[],
            Phase::Whole => &self.messages[message][at..end],
            Phase::Tail => &self.tails[lane][at..end],
        }
    }

    fn advance(&mut self, blocks: usize, put: &mut impl FnMut(usize, [F::Word; S])) {
        for index in 0..N {
            let lane = &mut self.lanes[index];
            lane.at += blocks * F::BLOCK_BYTES;
            if lane.is_idle() || lane.at < lane.end {
                continue;
            }
            if lane.phase == Phase::Whole {
                self.begin_tail(index);
            } else {
                put(lane.message, std::array::from_fn(|word| self.state[word][index]));
                self.take_next(index);
            }
        }
    }

    fn take_next(&mut self, lane: usize) {
        self.lanes[lane] = Lane::IDLE;
        let Some(&message) = self.waiting.next() else { return };
        let message = message as usize;
        let bytes = self.messages[message];
        let whole_bytes = self.function.bytes_before_tail(bytes);
        for (words, first) in self.state.iter_mut().zip(self.function.initial()) {
            words[lane] = first;
        }
        let message_bytes = bytes.len();
        self.lanes[lane] = Lane { message, phase: Phase::Whole, at: 0, end: whole_bytes, whole_bytes, message_bytes };
        if whole_bytes == 0 {
            self.begin_tail(lane);
        }
    }

    fn begin_tail(&mut self, lane: usize) {
        let Lane { message, phase, at, end, whole_bytes, .. } = &mut self.lanes[lane];
        let bytes = self.messages[*message];
        self.tails[lane] = [0; TAIL_BYTES];
        *end = self.function.write_tail(bytes.len() as u64, &bytes[*whole_bytes..], &mut self.tails[lane]);
        (*phase, *at) = (Phase::Tail, 0);
    }
}
