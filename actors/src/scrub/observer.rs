//! What a run tells while it goes on: events that are committed, files that are not compared, and progress.
//!
//! The run never waits for the person who reads it, and keeps nothing of what it has told but figures.

use std::collections::BTreeMap;

use hivesum_core::fixity::Event;
use hivesum_core::result::{ErrorCode, FileMeta, Progress, ReadFrom};
use tokio::sync::watch;

/// File systems that are told apart in a [`ReadTally`].
const MAX_DEVICES: usize = 64;

/// Whoever is told what a run does. Calls come from the thread of the run, which goes on after they return.
pub trait ScrubObserver {
    /// Some files are being read, with this progress.
    fn scan_began(&mut self, progress: watch::Receiver<Progress>);

    /// Something is not compared.
    fn noticed(&mut self, notice: Notice);

    /// Something has happened, and is committed.
    fn happened(&mut self, event: &Event);
}

/// What is not compared in a run: it is as it was, for all that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A directory that cannot be listed, or a file of which nothing is known.
    Unreachable {
        /// Its path.
        path: Vec<u8>,
    },
    /// A directory beneath which a disk was mounted that is not there any more.
    Unmounted {
        /// Its path.
        path: Vec<u8>,
    },
    /// Known files that could not be reached because of either.
    KnownUnreachable {
        /// How many, at least one.
        files: u64,
    },
    /// A file that somebody writes to, in a fixed collection, or that could not be read for a reason that says nothing of
    /// its content.
    NotCompared {
        /// Its path.
        path: Vec<u8>,
        /// The reason.
        code: ErrorCode,
        /// The `errno` of the system call that failed, or 0.
        errno: i32,
    },
    /// A file that somebody has accepted or changed in the store meanwhile.
    ChangedMeanwhile {
        /// Its path.
        path: Vec<u8>,
    },
}

/// What was read in a run. Reads that confirm a deviation count, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadTally {
    /// Files, each as often as it was read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were read from their devices.
    pub from_device: u64,
    /// Files that may have been read from memory.
    pub from_cache: u64,
    /// Files of which that is not known, by the `st_dev` of their file systems. After the first 64 of these the others
    /// are counted as 0.
    pub unknown: BTreeMap<u64, u64>,
}

impl ReadTally {
    pub(super) fn count(&mut self, meta: &FileMeta, read_from: Option<ReadFrom>) {
        self.files += 1;
        self.bytes += meta.size;
        match read_from {
            None => {}
            Some(ReadFrom::Device) => self.from_device += 1,
            Some(ReadFrom::Cache) => self.from_cache += 1,
            Some(ReadFrom::Unknown) => self.count_unknown(meta.device),
        }
    }

    fn count_unknown(&mut self, device: u64) {
        let is_counted = self.unknown.contains_key(&device) || self.unknown.len() < MAX_DEVICES;
        *self.unknown.entry(if is_counted { device } else { 0 }).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_are_told_apart_up_to_a_bound() {
        let mut tally = ReadTally::default();
        (1..=MAX_DEVICES as u64 + 2).chain([1]).for_each(|device| tally.count_unknown(device));
        assert_eq!((tally.unknown.len(), tally.unknown[&1], tally.unknown[&0]), (MAX_DEVICES + 1, 2, 2));
    }
}
