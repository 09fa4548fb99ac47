//! Work: files of one job that a node hashes, how it asks for them, and how it answers.
//!
//! A work is in the broker's queue until its results are with the coordinator. A node claims it before it reads
//! anything, so work of a job that has ended costs nothing, and results count only from the node that holds the work.

use std::num::NonZeroU64;

use hivesum_core::digest::Algorithms;
use hivesum_core::file::{Reach, RelPath};
use hivesum_core::hash::FilePart;
use hivesum_core::result::{FileMeta, Stability};
use serde::{Deserialize, Serialize};

use super::entries::{Entries, Identity, Meta};
use super::names::RootId;
use super::rows::ResultRows;
use super::wire::{Blob, Malformed, Message};

/// Files of one work, at most.
pub(crate) const MAX_WORK_ENTRIES: usize = 2048;

/// One attempt of a job. Whatever another attempt has left in the broker or on a node does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct ScanKey {
    pub(crate) job: [u8; 16],
    pub(crate) attempt: u64,
}

/// One work of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct WorkTag {
    pub(crate) scan: ScanKey,
    pub(crate) number: u64,
}

/// How the files of a work are hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkRules {
    /// Their names, separated by commas.
    algorithms: String,
    cross_filesystems: bool,
    pub(crate) from_device: bool,
    /// What one node may read per second for the scan; 0 if that has no limit.
    max_bytes_per_second: u64,
    /// Whether it waits for scans of normal priority.
    pub(crate) low: bool,
}

impl WorkRules {
    pub(crate) fn new(algorithms: &Algorithms, reach: Reach, from_device: bool) -> Self {
        let cross_filesystems = reach == Reach::Everywhere;
        let algorithms = algorithms.to_string();
        Self { algorithms, cross_filesystems, from_device, max_bytes_per_second: 0, low: false }
    }

    /// The same, at most so fast on each node.
    pub(crate) fn at_most(self, bytes_per_second: Option<u64>, low: bool) -> Self {
        Self { max_bytes_per_second: bytes_per_second.map_or(0, |bytes| bytes.max(1)), low, ..self }
    }

    pub(crate) fn max_bytes_per_second(&self) -> Option<NonZeroU64> {
        NonZeroU64::new(self.max_bytes_per_second)
    }

    pub(crate) fn algorithms(&self) -> Result<Algorithms, Malformed> {
        self.algorithms.parse().map_err(|_| Malformed::Rule("it asks for an algorithm that is not known"))
    }

    pub(crate) const fn reach(&self) -> Reach {
        if self.cross_filesystems { Reach::Everywhere } else { Reach::OneFilesystem }
    }
}

/// Files to hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) tag: WorkTag,
    pub(crate) root: RootId,
    /// The path of the job beneath the root.
    path: Blob,
    pub(crate) rules: WorkRules,
    pub(crate) entries: Entries,
    /// Results that the coordinator has, by the index of their entries, in order.
    pub(crate) known: Vec<KnownFile>,
    /// The part of its only file that is to be hashed, if it is not all of it.
    #[serde(skip)]
    pub(crate) part: Option<FilePart>,
}

/// What the coordinator knows of a file: if it is still so, the file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownFile {
    pub(crate) index: u32,
    meta: Meta,
    pub(crate) stability: Stability,
}

impl KnownFile {
    pub(crate) fn new(index: u32, meta: FileMeta, stability: Stability) -> Self {
        Self { index, meta: meta.into(), stability }
    }

    pub(crate) fn meta(&self) -> FileMeta {
        self.meta.into()
    }
}

impl Work {
    pub(crate) fn new(tag: WorkTag, root: RootId, path: &RelPath, rules: WorkRules) -> Self {
        let path = Blob(path.as_bytes().to_vec());
        Self { tag, root, path, rules, entries: Entries::default(), known: Vec::new(), part: None }
    }

    pub(crate) fn path(&self) -> Result<RelPath, Malformed> {
        path_of(&self.path)
    }
}

/// The path of a message, if a request could have it.
pub(super) fn path_of(path: &Blob) -> Result<RelPath, Malformed> {
    RelPath::new(path.0.clone()).map_err(|_| Malformed::Rule("its path is none beneath a root"))
}

impl Message for Work {
    fn check(&self) -> Result<(), Malformed> {
        self.path()?;
        self.rules.algorithms()?;
        self.entries.check(MAX_WORK_ENTRIES)?;
        if self.entries.is_empty() {
            return Err(Malformed::Rule("it has no files"));
        }
        let are_sorted = self.known.is_sorted_by(|one, next| one.index < next.index);
        let are_entries = self.known.last().is_none_or(|last| (last.index as usize) < self.entries.len());
        if are_sorted && are_entries { Ok(()) } else { Err(Malformed::Rule("it knows files that it does not have")) }
    }
}

/// A node asks whether it may do a work that was delivered to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) tag: WorkTag,
    /// Of the node's process.
    pub(crate) session: u64,
}

impl Message for Claim {
    fn check(&self) -> Result<(), Malformed> {
        Ok(())
    }
}

/// Files of a work that a node of a pool looks at before its first work of a scan, at most.
pub(crate) const MAX_SAMPLE: usize = 64;

/// Which files of a work with so many of them: evenly spread, the first one among them.
pub(crate) fn sample_of(files: usize) -> impl ExactSizeIterator<Item = usize> {
    let sample = files.min(MAX_SAMPLE);
    (0..sample).map(move |number| number * files / sample)
}

/// A node shows what it sees under the names of a sample of a work's files, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) claim: Claim,
    pub(crate) seen: Vec<Option<Identity>>,
}

impl Message for Shown {
    fn check(&self) -> Result<(), Malformed> {
        if self.seen.len() <= MAX_SAMPLE { Ok(()) } else { Err(Malformed::Rule("it shows too many files")) }
    }
}

/// The answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ClaimAnswer {
    /// The node holds the work. The results of so many of its first files are there.
    Holds { settled: u32 },
    /// Before the node gets it, it is to show what it sees of a sample of the files.
    Show,
    /// Nobody wants its results.
    Stale,
    /// Another node is to do it: this one sees other files under the root's name.
    Elsewhere,
}

impl Message for ClaimAnswer {
    fn check(&self) -> Result<(), Malformed> {
        Ok(())
    }
}

/// Results of some files of a work that follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) tag: WorkTag,
    pub(crate) session: u64,
    /// The index of the first file.
    pub(crate) first: u32,
    pub(crate) rows: ResultRows,
}

impl Message for Done {
    fn check(&self) -> Result<(), Malformed> {
        self.rows.check(MAX_WORK_ENTRIES)
    }
}

/// The answer to results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DoneAnswer {
    /// The results of so many of its first files are there.
    Taken { settled: u32 },
    /// The node does not hold the work, or nobody wants its results.
    Stale,
}

impl Message for DoneAnswer {
    fn check(&self) -> Result<(), Malformed> {
        Ok(())
    }
}

/// A node is at a work: bytes that it has read for files whose results are not told yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) tag: WorkTag,
    pub(crate) session: u64,
    pub(crate) bytes_under_way: u64,
}

impl Message for Progress {
    fn check(&self) -> Result<(), Malformed> {
        Ok(())
    }
}

/// Every node stops what it does for this attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cancel {
    pub(crate) scan: ScanKey,
}

impl Message for Cancel {
    fn check(&self) -> Result<(), Malformed> {
        Ok(())
    }
}
