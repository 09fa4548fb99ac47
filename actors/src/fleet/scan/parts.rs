//! Large files of a pool that several nodes hash at once, in parts: subtrees of the file's BLAKE3 tree.
//!
//! A part is a work of its own, with the chaining value of its bytes as the result. The values are merged in the order
//! of the file. All parts must be of one state of the file: where a node has seen other times than another, all of it is
//! hashed again, as often as a file that changes under a single reader.

use std::collections::BTreeMap;

use hivesum_core::digest::subtree::{ChainingValue, SubtreeMerger};
use hivesum_core::hash::{FilePart, READ_ATTEMPTS};
use hivesum_core::result::{ErrorCode, FileMeta, Origin, ReadFrom, Stability, Status};

use super::assembly::Place;

/// The length of a part: some seconds of work, and never shorter than one quantum of a node.
pub(super) const PART_BYTES: u64 = 1 << 30;

/// Parts of one file that are sent before an earlier one is there.
const PARTS_AHEAD: u64 = 256;

/// The files of a scan that are hashed in parts and not done, in the order of the walk.
#[derive(Debug, Default)]
pub(super) struct PartedFiles {
    files: BTreeMap<Place, PartedFile>,
}

#[derive(Debug)]
struct PartedFile {
    bytes: u64,
    attempts: usize,
    /// The number of the next part to send.
    next: u64,
    merger: SubtreeMerger,
    /// Values that wait for an earlier one.
    early: BTreeMap<u64, ChainingValue>,
    /// What the first result has said.
    seen: Option<FileMeta>,
    stability: Stability,
    read_from: Option<ReadFrom>,
    bytes_done: u64,
}

/// What the result of a part leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parted {
    /// More parts are to come.
    More,
    /// The file is hashed again from its beginning: its parts were of different states.
    Again,
    /// This is its result.
    Done(PartedResult),
}

/// The result of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartedResult {
    pub(super) meta: FileMeta,
    pub(super) status: Status,
    pub(super) origin: Origin,
    pub(super) digest: Vec<u8>,
}

/// What a node has found of a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartRow<'a> {
    pub(super) meta: FileMeta,
    pub(super) status: Status,
    pub(super) origin: Origin,
    pub(super) digest: &'a [u8],
}

impl PartedFiles {
    /// Whether a file of this size has more than one part.
    pub(super) const fn is_for(bytes: u64) -> bool {
        bytes > PART_BYTES
    }

    pub(super) fn add(&mut self, place: Place, bytes: u64) {
        self.files.insert(place, PartedFile::new(bytes));
    }

    /// The next part to send, of the earliest file that has one.
    pub(super) fn take(&mut self) -> Option<(Place, FilePart)> {
        self.files.iter_mut().find_map(|(place, file)| Some((*place, file.take()?)))
    }

    /// Bytes of the parts that are there.
    pub(super) fn bytes_done(&self) -> u64 {
        self.files.values().map(|file| file.bytes_done).sum()
    }

    /// Takes what a node has found of a part that was sent.
    pub(super) fn enter(&mut self, place: Place, part: FilePart, row: PartRow<'_>) -> Parted {
        let Some(file) = self.files.get_mut(&place) else { return Parted::More };
        let parted = file.enter(part, row);
        if let Parted::Done(_) = parted {
            self.files.remove(&place);
        }
        parted
    }

    /// Its result is known without its parts.
    pub(super) fn forget(&mut self, place: Place) {
        self.files.remove(&place);
    }
}

impl PartedFile {
    fn new(bytes: u64) -> Self {
        Self {
            bytes,
            attempts: 0,
            next: 0,
            merger: SubtreeMerger::new(),
            early: BTreeMap::new(),
            seen: None,
            stability: Stability::Stable,
            read_from: None,
            bytes_done: 0,
        }
    }

    fn take(&mut self) -> Option<FilePart> {
        let offset = self.next * PART_BYTES;
        if offset >= self.bytes || self.next >= self.merger.pieces() + PARTS_AHEAD {
            return None;
        }
        self.next += 1;
        FilePart::new(self.bytes, offset, PART_BYTES.min(self.bytes - offset))
    }

    fn enter(&mut self, part: FilePart, row: PartRow<'_>) -> Parted {
        let (Status::Hashed(stability), Ok(value)) = (row.status, row.digest.try_into()) else {
            return done(row.meta, row.status, row.origin);
        };
        let meta = *self.seen.get_or_insert(row.meta);
        if !meta.is_same_file(&row.meta) {
            let attempts = self.attempts + 1;
            if attempts >= READ_ATTEMPTS {
                return done(row.meta, Status::error(ErrorCode::FileChanged), Origin::Read);
            }
            *self = Self { attempts, ..Self::new(self.bytes) };
            return Parted::Again;
        }
        if stability == Stability::Unverified {
            self.stability = stability;
        }
        self.read_from = ReadFrom::joined(self.read_from, row.origin.read_from());
        self.bytes_done += part.bytes();
        self.early.insert(part.offset() / PART_BYTES, value);
        while let Some(value) = self.early.remove(&self.merger.pieces()) {
            self.merger.push(value);
        }
        match self.merger.pieces() == self.bytes.div_ceil(PART_BYTES) {
            false => Parted::More,
            true => {
                let digest = std::mem::take(&mut self.merger).finish().expect("it has more than one part").to_vec();
                let origin = Origin::of_read(self.read_from);
                Parted::Done(PartedResult { meta, status: Status::Hashed(self.stability), origin, digest })
            }
        }
    }
}

fn done(meta: FileMeta, status: Status, origin: Origin) -> Parted {
    Parted::Done(PartedResult { meta, status, origin, digest: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { plan: 1, index: 2 };
    const META: FileMeta = FileMeta { size: 3 * PART_BYTES, mtime_ns: 1, ctime_ns: 2, inode: 3, device: 4 };
    const STABLE: Status = Status::Hashed(Stability::Stable);

    fn files(bytes: u64) -> PartedFiles {
        let mut files = PartedFiles::default();
        files.add(PLACE, bytes);
        files
    }

    fn all_parts(files: &mut PartedFiles) -> Vec<FilePart> {
        std::iter::from_fn(|| files.take()).map(|(_, part)| part).collect()
    }

    fn row(meta: FileMeta, status: Status, digest: &[u8]) -> PartRow<'_> {
        PartRow { meta, status, origin: Origin::Read, digest }
    }

    #[test]
    fn the_values_of_parts_are_merged_in_their_order_whenever_they_come() {
        let mut files = files(3 * PART_BYTES - 7);
        let parts = all_parts(&mut files);
        let lengths: Vec<_> = parts.iter().map(|part| (part.offset(), part.bytes())).collect();
        let last = (2 * PART_BYTES, PART_BYTES - 7);
        assert_eq!(lengths, [(0, PART_BYTES), (PART_BYTES, PART_BYTES), last]);
        let mut merger = SubtreeMerger::new();
        [[0; 32], [1; 32], [2; 32]].into_iter().for_each(|value| merger.push(value));
        let other_device = FileMeta { device: 9, ..META };
        for (at, meta) in [(2, META), (0, other_device)] {
            assert_eq!(files.enter(PLACE, parts[at], row(meta, STABLE, &[at as u8; 32])), Parted::More);
        }
        assert_eq!(files.bytes_done(), 2 * PART_BYTES - 7);
        let unverified = Status::Hashed(Stability::Unverified);
        let Parted::Done(result) = files.enter(PLACE, parts[1], row(META, unverified, &[1; 32])) else { panic!() };
        assert_eq!((result.status, result.meta), (unverified, META), "a digest is worth what its worst part is");
        assert_eq!(result.digest, merger.finish().unwrap());
        assert!(files.take().is_none() && files.bytes_done() == 0);
    }

    #[test]
    fn parts_of_different_states_make_no_digest() {
        let mut files = files(3 * PART_BYTES);
        let changed = FileMeta { ctime_ns: 9, ..META };
        for attempt in 1..=READ_ATTEMPTS {
            let parts = all_parts(&mut files);
            assert_eq!(parts.len(), 3, "attempt {attempt}");
            assert_eq!(files.enter(PLACE, parts[0], row(META, STABLE, &[0; 32])), Parted::More);
            let parted = files.enter(PLACE, parts[1], row(changed, STABLE, &[1; 32]));
            match attempt {
                READ_ATTEMPTS => assert_eq!(parted, done(changed, Status::error(ErrorCode::FileChanged), Origin::Read)),
                _ => assert_eq!(parted, Parted::Again),
            }
        }
        assert!(files.take().is_none());
    }

    #[test]
    fn an_error_of_one_part_is_the_result_of_the_file() {
        let mut files = files(2 * PART_BYTES);
        let parts = all_parts(&mut files);
        let gone = Status::error(ErrorCode::NotFound);
        assert_eq!(files.enter(PLACE, parts[1], row(META, gone, &[])), done(META, gone, Origin::Read));
        assert_eq!(files.enter(PLACE, parts[0], row(META, STABLE, &[0; 32])), Parted::More, "nobody waits for it");
    }

    #[test]
    fn so_many_parts_are_sent_before_the_first_is_there_and_no_more() {
        let mut files = files(1000 * PART_BYTES);
        let parts = all_parts(&mut files);
        assert_eq!(parts.len() as u64, PARTS_AHEAD);
        assert_eq!(files.enter(PLACE, parts[1], row(META, STABLE, &[1; 32])), Parted::More);
        assert!(files.take().is_none());
        assert_eq!(files.enter(PLACE, parts[0], row(META, STABLE, &[0; 32])), Parted::More);
        assert_eq!(all_parts(&mut files).len(), 2);
    }
}
