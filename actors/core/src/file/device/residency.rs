//! Which parts of a range lie in the page cache, dropping them, and leaving them as they were found.
//!
//! The kernel keeps pages in folios of up to 2 MiB and drops whole folios or nothing, so everything here happens at
//! multiples of 2 MiB or at the end of the file. Dirty pages and pages that somebody has mapped are never dropped.

use std::num::NonZeroU64;
use std::os::fd::BorrowedFd;

use rustix::fs::{Advice, fadvise, fstat};

use crate::sys::storage::residency;

/// The largest folio (`MAX_PAGECACHE_ORDER` with pages of 4 KiB).
const CHUNK_BYTES: u64 = 2 << 20;

/// How much of a range is in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resident {
    Nothing,
    Some,
    /// All pages, or the kernel does not tell: to who neither owns the file nor may write to it, all pages are.
    All,
}

/// A range of a file in whole chunks, with what of it was in memory.
#[derive(Debug)]
pub(super) struct Chunks {
    start: u64,
    /// Of each chunk whether any of its pages was in memory.
    were_resident: Vec<bool>,
    /// Whether the last chunk reaches to the end of the file or beyond it.
    to_the_end: bool,
}

impl Chunks {
    /// Looks at the chunks that the bytes from `start` to `end` of a file lie in. `pages` is memory to be used.
    pub(super) fn around(file: BorrowedFd<'_>, (start, end): (u64, u64), pages: &mut Vec<u8>) -> Self {
        // A block device reports 0.
        let size = fstat(file).ok().map(|stat| stat.st_size as u64).filter(|&size| size > 0).unwrap_or(u64::MAX);
        let start = start / CHUNK_BYTES * CHUNK_BYTES;
        let end = end.next_multiple_of(CHUNK_BYTES);
        let chunks = ((end - start) / CHUNK_BYTES) as usize;
        let were_resident = match residency(file, start, end.min(size).saturating_sub(start) as usize, pages) {
            Ok(()) => {
                let per_chunk = CHUNK_BYTES as usize / rustix::param::page_size();
                let mut found: Vec<_> =
                    pages.chunks(per_chunk).map(|chunk| chunk.iter().any(|page| page & 1 != 0)).collect();
                found.resize(chunks, false);
                found
            }
            // What is not known stays.
            Err(_) => vec![true; chunks],
        };
        Self { start, were_resident, to_the_end: end >= size }
    }

    /// Drops all of them from memory, as far as the kernel does.
    pub(super) fn drop_all(&self, file: BorrowedFd<'_>) {
        self.advise(file, 0..self.were_resident.len(), Advice::DontNeed);
    }

    /// Leaves them as they were found, after all of them were read: what was not in memory is dropped again.
    pub(super) fn restore(&self, file: BorrowedFd<'_>) {
        let mut from = 0;
        for run in self.were_resident.chunk_by(|one, other| one == other) {
            let advice = if run.first() == Some(&true) { Advice::WillNeed } else { Advice::DontNeed };
            self.advise(file, from..from + run.len(), advice);
            from += run.len();
        }
    }

    fn advise(&self, file: BorrowedFd<'_>, chunks: std::ops::Range<usize>, advice: Advice) {
        let offset = self.start + chunks.start as u64 * CHUNK_BYTES;
        let bytes = match self.to_the_end && chunks.end == self.were_resident.len() {
            // No length stands for the end of the file, wherever it is by now.
            true => None,
            false => NonZeroU64::new(chunks.len() as u64 * CHUNK_BYTES),
        };
        // What the kernel does not drop is found by the counts.
        let _ = fadvise(file, offset, bytes, advice);
    }
}

/// What of the bytes from `start` to `end` is in memory. `start` is a multiple of the page size.
pub(super) fn resident(file: BorrowedFd<'_>, (start, end): (u64, u64), pages: &mut Vec<u8>) -> Resident {
    if residency(file, start, (end - start) as usize, pages).is_err() {
        return Resident::All;
    }
    match pages.iter().filter(|&page| page & 1 != 0).count() {
        0 => Resident::Nothing,
        some if some == pages.len() => Resident::All,
        _ => Resident::Some,
    }
}
