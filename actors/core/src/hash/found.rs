//! Files of a batch that are not hashed at once, open: large ones, and those that wait to be read side by side.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Resource, getrlimit};

use crate::file::OpenFile;
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

/// A file to be read side by side with others, open.
#[derive(Debug)]
pub(crate) struct StreamFound {
    pub(crate) index: usize,
    pub(crate) file: OpenFile,
    /// What `fstat` returned before the read.
    pub(crate) meta: FileMeta,
    pub(crate) stability: Stability,
    pub(crate) _permit: WaitPermit,
}
