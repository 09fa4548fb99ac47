//! What each hasher is reading, noted where it outlives the process: a slot a hasher in a small mapped file.
//!
//! Written for every file, so it must cost no system call: a few stores into a page that stays in memory. It is
//! never synced, for only the death of the process matters; after one, the next start reads the file and
//! knows which files were being read. A note half written counts as none.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering, compiler_fence};

use memmap2::{MmapMut, MmapOptions};

/// Bytes of one slot.
const SLOT_BYTES: usize = 8192;

/// Bytes before the name: whether there is one, its length, where in the file, who asked.
const HEAD_BYTES: usize = 4 + 4 + 8 + 16;

/// Longer paths are cut: two that differ only after so many bytes count as one.
const NAME_BYTES: usize = SLOT_BYTES - HEAD_BYTES;

/// Who asked for a file to be read, as whoever asked understands it.
pub type JobTag = [u8; 16];

/// What a hasher was reading when the process died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The job that read it.
    pub job_tag: JobTag,
    /// The start of the path, see [`Slots::note`].
    pub path: Vec<u8>,
    /// Where in the file the quantum began.
    pub offset: u64,
}

/// Slots, one for each hasher.
#[derive(Debug)]
pub struct Slots {
    start: *mut u8,
    count: usize,
    _map: MmapMut,
}

// SAFETY: `start` points into `_map`, which lives as long and never moves; a slot is written by one hasher at a
// time, and a mix of two writers (a stuck hasher and the one in its place) is a wrong note, not a wrong memory
// access: `note` and `forget` stay within the slot whatever it holds.
unsafe impl Send for Slots {}
// SAFETY: as above.
unsafe impl Sync for Slots {}

impl Slots {
    /// Reads what an earlier process left, then makes the file anew, empty.
    ///
    /// # Errors
    /// When the file cannot be written or mapped.
    pub fn open(path: &Path, count: usize) -> io::Result<(Self, Vec<Note>)> {
        let notes = fs::read(path).map(|bytes| notes_of(&bytes)).unwrap_or_default();
        // Another file in its place: an engine of this process that is on its way out may still write to the old one.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        // Written, not only made long: a page without a block on a full disk would be a signal on first use.
        io::Write::write_all(&mut &file, &vec![0; count * SLOT_BYTES])?;
        // SAFETY: the file is ours alone (its directory is for its owner, the server's lock is held), so nobody
        // truncates it under the map.
        let mut map = unsafe { MmapOptions::new().len(count * SLOT_BYTES).map_mut(&file)? };
        Ok((Self { start: map.as_mut_ptr(), count, _map: map }, notes))
    }

    /// Notes that the hasher of this slot turns to a file: its path in up to two parts with a `/` between
    /// them. Paths longer than the slot are cut.
    pub fn note(&self, slot: usize, job_tag: JobTag, (directory, name): (&[u8], &[u8]), offset: u64) {
        let Some(place) = self.place(slot) else { return };
        let slash: &[u8] = if directory.is_empty() || name.is_empty() { b"" } else { b"/" };
        self.state(place).store(0, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        let mut length = 0;
        for part in [directory, slash, name] {
            let part = &part[..part.len().min(NAME_BYTES - length)];
            // SAFETY: `place` is the start of a whole slot; `length` and the part's length together are at most
            // NAME_BYTES.
            unsafe { std::ptr::copy_nonoverlapping(part.as_ptr(), place.add(HEAD_BYTES + length), part.len()) };
            length += part.len();
        }
        // SAFETY: within the slot's head; unaligned writes need no alignment.
        unsafe {
            place.add(4).cast::<u32>().write_unaligned(length as u32);
            place.add(8).cast::<u64>().write_unaligned(offset);
            place.add(16).cast::<JobTag>().write_unaligned(job_tag);
        }
        // The process may die between any two instructions, and its stores stay in their order: the kernel
        // keeps the page. Only the compiler must not reorder them.
        compiler_fence(Ordering::SeqCst);
        self.state(place).store(1, Ordering::Release);
    }

    /// Notes that the hasher of this slot reads nothing.
    pub(crate) fn forget(&self, slot: usize) {
        if let Some(place) = self.place(slot) {
            self.state(place).store(0, Ordering::Release);
        }
    }

    fn place(&self, slot: usize) -> Option<*mut u8> {
        // SAFETY: the map is `count` slots long.
        (slot < self.count).then(|| unsafe { self.start.add(slot * SLOT_BYTES) })
    }

    fn state(&self, place: *mut u8) -> &AtomicU32 {
        // SAFETY: slots begin at multiples of 8,192 in a map that begins at a page, so the word is aligned; it is
        // only ever used as an atomic, and lives as long as the map.
        unsafe { AtomicU32::from_ptr(place.cast()) }
    }
}

fn notes_of(bytes: &[u8]) -> Vec<Note> {
    bytes.chunks_exact(SLOT_BYTES).filter_map(note_of).collect()
}

fn note_of(slot: &[u8]) -> Option<Note> {
    let (head, name) = slot.split_at(HEAD_BYTES);
    let state = u32::from_ne_bytes(*head.first_chunk()?);
    let length = u32::from_ne_bytes(*head[4..].first_chunk()?) as usize;
    let offset = u64::from_ne_bytes(*head[8..].first_chunk()?);
    let job_tag = *head[16..].first_chunk()?;
    (state == 1 && length <= NAME_BYTES).then(|| Note { job_tag, path: name[..length].to_vec(), offset })
}

/// A path as a note has it.
pub fn as_noted(path: &[u8]) -> &[u8] {
    &path[..path.len().min(NAME_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reopened(path: &Path) -> Vec<Note> {
        Slots::open(path, 3).unwrap().1
    }

    #[test]
    fn what_was_being_read_is_known_after_the_process_and_what_was_done_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slots");
        let (slots, before) = Slots::open(&path, 3).unwrap();
        assert_eq!(before, []);
        slots.note(0, [1; 16], (b"a/b", b"done"), 0);
        slots.forget(0);
        slots.note(1, [2; 16], (b"", b"a much longer name"), 0);
        slots.note(1, [2; 16], (b"", b"top"), 7);
        slots.note(2, [3; 16], (b"d", b""), u64::MAX);
        slots.note(3, [4; 16], (b"there is no such", b"slot"), 0);
        drop(slots);
        let note = |job_tag, path: &[u8], offset| Note { job_tag: [job_tag; 16], path: path.to_vec(), offset };
        assert_eq!(reopened(&path), [note(2, b"top", 7), note(3, b"d", u64::MAX)]);
        assert_eq!(reopened(&path), [], "told once");
    }

    #[test]
    fn a_path_longer_than_its_slot_is_cut_and_stays_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slots");
        let (slots, _) = Slots::open(&path, 3).unwrap();
        let long = vec![b'x'; 3 * SLOT_BYTES];
        slots.note(1, [7; 16], (&long, b"name"), 0);
        drop(slots);
        let notes = reopened(&path);
        assert_eq!((notes.len(), &notes[0].path[..]), (1, as_noted(&long)));
    }

    #[test]
    fn a_damaged_slot_is_no_note() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slots");
        for content in [&b"short"[..], &[1; SLOT_BYTES], &[0xFF; 2 * SLOT_BYTES]] {
            fs::write(&path, content).unwrap();
            assert_eq!(reopened(&path), []);
        }
    }
}
