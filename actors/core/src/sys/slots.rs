//! Which file each hasher is reading, recorded so that it survives a crash: one slot per hasher in a small mapped
//! file.
//!
//! A note is written for every file, so it may not cost a system call: it is a few stores into a page that stays in
//! memory. The file is never synced, because only a crash of the process matters, not of the machine. After a crash
//! the next process reads the file and knows which files were being read. A half-written note is ignored.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering, compiler_fence};

use memmap2::{MmapMut, MmapOptions};

/// Bytes of one slot.
const SLOT_BYTES: usize = 8192;

/// Bytes before the path: whether there is a note, the path's length, the offset in the file, the job.
const HEAD_BYTES: usize = 4 + 4 + 8 + 16;

/// Longer paths are cut: two paths that differ only after this many bytes count as the same.
const NAME_BYTES: usize = SLOT_BYTES - HEAD_BYTES;

/// Identifies the job that reads a file. Only the caller interprets it.
pub type JobTag = [u8; 16];

/// What a hasher was reading when the process crashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The job that read it.
    pub job_tag: JobTag,
    /// The start of the path, see [`Slots::note`].
    pub path: Vec<u8>,
    /// The offset in the file at which the quantum started.
    pub offset: u64,
}

/// The mapped file, with one slot for each hasher.
#[derive(Debug)]
pub struct Slots {
    start: *mut u8,
    count: usize,
    _map: MmapMut,
}

// SAFETY: `start` points into `_map`, which lives as long and never moves. A slot is written by one hasher at a time.
// Two writers at once (a stuck hasher and its replacement) produce a wrong note, not a wrong memory access: `note`
// and `forget` stay within the slot whatever it contains.
unsafe impl Send for Slots {}
// SAFETY: as above.
unsafe impl Sync for Slots {}

impl Slots {
    /// Reads the notes of an earlier process, then replaces the file by an empty one.
    ///
    /// # Errors
    /// If the file cannot be written or mapped.
    pub fn open(path: &Path, count: usize) -> io::Result<(Self, Vec<Note>)> {
        let notes = fs::read(path).map(|bytes| notes_of(&bytes)).unwrap_or_default();
        // A new file, not the old one emptied: another engine of this process that is stopping may still write to it.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        // Written, not only extended: on a full disk the first use of a page without a block would raise a signal.
        io::Write::write_all(&mut &file, &vec![0; count * SLOT_BYTES])?;
        // SAFETY: no other process uses the file (its directory is private to its owner, and the server holds the
        // lock), so it is not truncated while it is mapped.
        let mut map = unsafe { MmapOptions::new().len(count * SLOT_BYTES).map_mut(&file)? };
        Ok((Self { start: map.as_mut_ptr(), count, _map: map }, notes))
    }

    /// Notes that the hasher of this slot starts on a file. The path is a directory and a name, joined by a `/` where
    /// neither is empty. Paths longer than the slot are cut.
    pub fn note(&self, slot: usize, job_tag: JobTag, (directory, name): (&[u8], &[u8]), offset: u64) {
        let Some(start) = self.slot_start(slot) else { return };
        let slash: &[u8] = if directory.is_empty() || name.is_empty() { b"" } else { b"/" };
        self.state(start).store(0, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        let mut length = 0;
        for part in [directory, slash, name] {
            let part = &part[..part.len().min(NAME_BYTES - length)];
            // SAFETY: a whole slot begins at `start`; `length` and the part's length together are at most NAME_BYTES.
            unsafe { std::ptr::copy_nonoverlapping(part.as_ptr(), start.add(HEAD_BYTES + length), part.len()) };
            length += part.len();
        }
        // SAFETY: within the slot's head; unaligned writes need no alignment.
        unsafe {
            start.add(4).cast::<u32>().write_unaligned(length as u32);
            start.add(8).cast::<u64>().write_unaligned(offset);
            start.add(16).cast::<JobTag>().write_unaligned(job_tag);
        }
        // The process may crash between any two instructions. The kernel keeps the page with all stores so far, in
        // their order; only the compiler must not reorder them.
        compiler_fence(Ordering::SeqCst);
        self.state(start).store(1, Ordering::Release);
    }

    /// Notes that the hasher of this slot reads nothing.
    pub(crate) fn forget(&self, slot: usize) {
        if let Some(start) = self.slot_start(slot) {
            self.state(start).store(0, Ordering::Release);
        }
    }

    fn slot_start(&self, slot: usize) -> Option<*mut u8> {
        // SAFETY: the map is `count` slots long.
        (slot < self.count).then(|| unsafe { self.start.add(slot * SLOT_BYTES) })
    }

    fn state(&self, slot_start: *mut u8) -> &AtomicU32 {
        // SAFETY: slots begin at multiples of 8,192 in a map that begins at a page, so the word is aligned. It is only
        // used as an atomic and lives as long as the map.
        unsafe { AtomicU32::from_ptr(slot_start.cast()) }
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

/// A path as notes contain it: cut to the room of a slot.
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
    fn after_a_crash_the_notes_name_unfinished_files_only() {
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
        assert_eq!(reopened(&path), [], "the notes are read once");
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
    fn a_damaged_slot_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slots");
        for content in [&b"short"[..], &[1; SLOT_BYTES], &[0xFF; 2 * SLOT_BYTES]] {
            fs::write(&path, content).unwrap();
            assert_eq!(reopened(&path), []);
        }
    }
}
