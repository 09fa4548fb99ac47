//! Files of a batch that are not hashed at once, open: large ones, and those that wait to be read.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{Advice, fadvise};
use rustix::process::{Resource, getrlimit};

use crate::file::{Now, OpenFile};
use crate::result::{FileMeta, Stability};

/// A file that is too large for a batch, open.
#[derive(Debug)]
pub struct LargeFound {
    /// Which entry of the plan.
    pub index: usize,
    /// The open file.
    pub file: OpenFile,
    /// What `fstat` returned before the read.
    pub meta: FileMeta,
    /// How far its digest can be trusted.
    pub stability: Stability,
    /// Whether it is mapped.
    pub mapped: bool,
}

/// Files that wait may hold this fraction of the descriptors of the process: one in eight. Walks, other files and
/// connections need the others.
const FRACTION: u64 = 8;

/// How many files wait, or are read side by side, in this process.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Permits an open file to wait, until it is dropped.
#[derive(Debug)]
pub(crate) struct WaitPermit(());

impl WaitPermit {
    /// `None` if too many files wait.
    pub(crate) fn acquire() -> Option<Self> {
        fail::fail_point!("no_permit", |_| None);
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self::up_to(usize::try_from(descriptors / FRACTION).unwrap_or(usize::MAX))
    }

    fn up_to(most: usize) -> Option<Self> {
        let more = |open: usize| (open < most).then_some(open + 1);
        OPEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(()))
    }
}

impl Drop for WaitPermit {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A file that is read later than it was opened: side by side with others, or once its bytes are in memory.
#[derive(Debug)]
pub(crate) struct OpenFound {
    pub(crate) index: usize,
    pub(crate) file: OpenFile,
    /// What `fstat` returned before the read.
    pub(crate) meta: FileMeta,
    pub(crate) stability: Stability,
    /// When it was looked at.
    pub(crate) now: Now,
    pub(crate) _permit: WaitPermit,
}

/// Files that wait, within bounds.
#[derive(Debug)]
pub(super) struct Waiting {
    files: Vec<OpenFound>,
    bytes: u64,
    most_files: usize,
    most_bytes: u64,
}

impl Waiting {
    /// So many at most, with so many bytes, each by one file more.
    pub(super) const fn up_to(most_files: usize, most_bytes: u64) -> Self {
        Self { files: Vec::new(), bytes: 0, most_files, most_bytes }
    }

    /// Adds one, and asks for its bytes.
    pub(super) fn add(&mut self, found: OpenFound) {
        // Nothing waits for these bytes yet, so that the device may read whole files ahead, one after the other.
        let _ = fadvise(found.file.fd(), 0, None, Advice::WillNeed);
        self.bytes += found.meta.size;
        self.files.push(found);
    }

    /// Whether they are to be read before another file is opened. `most_bytes` is less than usual where bytes are
    /// rationed.
    pub(super) fn is_full(&self, most_bytes: Option<u64>) -> bool {
        self.bytes >= most_bytes.unwrap_or(u64::MAX).min(self.most_bytes) || self.files.len() >= self.most_files
    }

    /// Takes all of them, in the order in which they came.
    pub(super) fn take(&mut self) -> Vec<OpenFound> {
        self.bytes = 0;
        std::mem::take(&mut self.files)
    }
}
