//! Scans of the files of a bag, with all results in memory.

use std::os::fd::OwnedFd;

use anyhow::bail;
use hivesum_actors::scan::ScanOutcome;
use hivesum_core::digest::{Algorithms, Digest};
use hivesum_core::result::{Status, split_digests};
use hivesum_core::walk::Target;

use crate::cli::engine::RunningEngine;
use crate::cli::terminal::Terminal;

/// The result of one file, or of something that is not a file.
#[derive(Debug, Clone)]
pub(super) struct ScannedFile {
    /// Relative to the directory that was scanned.
    pub(super) path: Vec<u8>,
    pub(super) size: u64,
    /// Last modification, nanoseconds since 1970.
    pub(super) mtime_ns: i128,
    pub(super) status: Status,
    /// In the order of the algorithms; empty if the file was not hashed.
    pub(super) digests: Vec<Digest>,
}

/// Runs scans and shows their progress.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'a> {
    pub(super) engine: &'a RunningEngine,
    pub(super) terminal: &'a Terminal,
}

impl Scanner<'_> {
    /// All files in a directory and its subdirectories, in walk order.
    pub(super) fn tree(&self, dir: OwnedFd, algorithms: Algorithms) -> anyhow::Result<Vec<ScannedFile>> {
        self.scan(Target::Directory { dir, shown: Vec::new() }, algorithms)
    }

    /// The files at these paths below a directory, in this order.
    pub(super) fn listed(
        &self,
        dir: OwnedFd,
        paths: &[Vec<u8>],
        algorithms: Algorithms,
    ) -> anyhow::Result<Vec<ScannedFile>> {
        self.scan(Target::Listed { dir, names: paths.iter().collect() }, algorithms)
    }

    fn scan(&self, target: Target, algorithms: Algorithms) -> anyhow::Result<Vec<ScannedFile>> {
        let mut scan = self.engine.handle.scan(self.engine.args.scan(vec![target], algorithms))?;
        self.terminal.follow(scan.progress());
        let mut files = Vec::new();
        while let Some(rows) = scan.blocking_next() {
            files.extend(rows.iter().map(|row| {
                let mut path = Vec::new();
                row.path_into(&mut path);
                let digests = split_digests(row.digests, &algorithms).collect();
                ScannedFile { path, size: row.meta.size, mtime_ns: row.meta.mtime_ns, status: row.status, digests }
            }));
        }
        if scan.blocking_finish().outcome != ScanOutcome::Completed {
            bail!("the scan was aborted: not everything was hashed");
        }
        Ok(files)
    }
}
