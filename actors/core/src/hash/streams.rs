//! Files of a batch that are read side by side: sixteen at a time, a piece of each in turn.
//!
//! They are too long to be kept whole, and their digests are faster in the lanes of a vector than one after the other.
//! So they stay open until there are enough of them. A file that is done makes room for the next one at once, the
//! longest first, so that all lanes end at about the same time. A file that changed, or that a panic interrupted, is
//! read again alone.

use super::found::{OpenFound, Waiting};
use super::heartbeat::Heartbeat;
use super::task::{BatchTask, catch_panic};
use crate::digest::{SLOTS, Streams};
use crate::file::{ReadBuffers, ReadDeadline, ReadFailure, STREAM_PIECE_BYTES};
use crate::result::Status;

/// Files whose bytes are so many are read at once. In lanes that takes as long as one piece of a large file by the plain
/// code: some 12 ms.
const MOST_BYTES: u64 = 64 << 20;

/// At most so many files are read at once.
const MOST_FILES: usize = 64;

/// The files that wait to be read side by side.
pub(super) const fn waiting() -> Waiting {
    Waiting::up_to(MOST_FILES, MOST_BYTES)
}

/// What came of one file.
pub(super) enum Ended {
    /// It stayed the same. Its digests, if it has some.
    Settled(Status, Vec<u8>),
    /// It is to be read alone. Whether it has been read once in vain.
    Again(bool),
}

/// Reads these files, the longest first. Gives each file and what came of it.
pub(super) fn read(
    mut files: Vec<OpenFound>,
    buffers: &mut ReadBuffers,
    task: &BatchTask,
    heartbeat: &Heartbeat,
) -> Vec<(OpenFound, Ended)> {
    files.sort_by_key(|file| std::cmp::Reverse(file.meta.size));
    let mut ended: Vec<Ended> = files.iter().map(|_| Ended::Again(false)).collect();
    let lengths: Vec<u64> = files.iter().map(|file| file.meta.size).collect();
    if let Some((alone, digests)) = Streams::plan(&task.rules.algorithms, &lengths) {
        let mut reading = Reading { files: &files, buffers, task, heartbeat, digests, ended: &mut ended };
        // What was not settled before a panic is read again.
        let _ = catch_panic(|| reading.read_from(alone));
    }
    files.into_iter().zip(ended).collect()
}

/// Files while they are read.
struct Reading<'a> {
    files: &'a [OpenFound],
    buffers: &'a mut ReadBuffers,
    task: &'a BatchTask,
    heartbeat: &'a Heartbeat,
    digests: Streams,
    ended: &'a mut [Ended],
}

/// How far the file in a slot was read.
struct Place {
    file: usize,
    offset: u64,
    deadline: ReadDeadline,
}

impl Reading<'_> {
    /// Reads the files from this one on.
    fn read_from(&mut self, first: usize) {
        let mut next = first..self.files.len();
        let mut slots: [Option<Place>; SLOTS] = [const { None }; SLOTS];
        loop {
            let mut lengths = [0; SLOTS];
            for (slot, place) in slots.iter_mut().enumerate() {
                if place.is_none() {
                    *place = next.next().map(|file| self.begin(slot, file));
                }
                let Some(at) = place else { continue };
                match self.read_piece(slot, at) {
                    Ok(bytes) => lengths[slot] = bytes,
                    Err(failure) => {
                        self.ended[at.file] = after_failure(failure);
                        *place = None;
                    }
                }
            }
            if lengths == [0; SLOTS] && slots.iter().all(Option::is_none) {
                return;
            }
            self.digests.update(&self.buffers.arena.pieces(lengths));
            self.settle(&mut slots);
        }
    }

    fn begin(&mut self, slot: usize, file: usize) -> Place {
        self.digests.begin(slot);
        Place { file, offset: 0, deadline: self.buffers.deadline() }
    }

    /// Reads the next piece of a file. Gives its length.
    fn read_piece(&mut self, slot: usize, at: &mut Place) -> Result<usize, ReadFailure> {
        let OpenFound { index, file, meta, .. } = &self.files[at.file];
        self.heartbeat.begin(*index);
        self.task.note_read(self.heartbeat, *index, at.offset);
        fail::fail_point!("stream_piece");
        if at.offset > 0 {
            at.deadline.check()?;
        }
        let bytes = (meta.size - at.offset).min(STREAM_PIECE_BYTES as u64) as usize;
        self.buffers.arena.read_piece(file.fd(), slot, (at.offset, bytes))?;
        at.offset += bytes as u64;
        Ok(bytes)
    }

    /// Ends the files that were read to their ends, and frees their slots.
    fn settle(&mut self, slots: &mut [Option<Place>; SLOTS]) {
        let is_done =
            |place: &&mut Option<Place>| place.as_ref().is_some_and(|at| at.offset == self.files[at.file].meta.size);
        let numbered = slots.iter_mut().enumerate().filter(|(_, place)| is_done(place));
        let done: Vec<(usize, Place)> = numbered.filter_map(|(slot, place)| Some((slot, place.take()?))).collect();
        if done.is_empty() {
            return;
        }
        let numbers: Vec<usize> = done.iter().map(|(slot, _)| *slot).collect();
        let strides = self.digests.finish(&numbers);
        let stride = self.task.rules.algorithms.digest_bytes();
        for ((_, at), digests) in done.iter().zip(strides.chunks_exact(stride)) {
            let OpenFound { file, meta, stability, .. } = &self.files[at.file];
            self.ended[at.file] = match file.meta_now() {
                Ok(later) if meta.same_content(&later) => Ended::Settled(Status::Hashed(*stability), digests.to_vec()),
                Ok(_) => Ended::Again(true),
                Err(errno) => Ended::Settled(Status::of_errno(errno), Vec::new()),
            };
        }
    }
}

fn after_failure(failure: ReadFailure) -> Ended {
    match failure {
        // It was cut short: what it is now tells whether that is its end.
        ReadFailure::MissingBytes => Ended::Again(true),
        ReadFailure::NotInMemory => Ended::Again(false),
        ReadFailure::System(errno) => Ended::Settled(Status::of_errno(errno), Vec::new()),
    }
}
