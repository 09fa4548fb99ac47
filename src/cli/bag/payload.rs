//! Scans of a bag's files, collected: paths relative to some directory, and what came of each.

use std::os::fd::OwnedFd;

use anyhow::bail;
use hivesum_actors::scan::ScanOutcome;
use hivesum_core::digest::Algorithms;
use hivesum_core::result::{NameList, Status, split_digests};
use hivesum_core::walk::Target;

use hivesum_core::digest::Digest;

use crate::cli::engine::RunningEngine;
use crate::cli::terminal::Terminal;

/// One file, or what is there instead.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) path: Vec<u8>,
    pub(super) size: u64,
    pub(super) status: Status,
    /// In the order of the algorithms; none unless hashed.
    pub(super) digests: Vec<Digest>,
}

/// Everything below a directory, in walk order.
pub(super) fn tree(
    engine: &RunningEngine,
    terminal: &Terminal,
    dir: OwnedFd,
    algorithms: Algorithms,
) -> anyhow::Result<Vec<Seen>> {
    collect(engine, terminal, Target::Directory { dir, shown: Vec::new() }, algorithms)
}

/// Files by their paths beneath a directory, in this order.
pub(super) fn listed(
    engine: &RunningEngine,
    terminal: &Terminal,
    dir: OwnedFd,
    names: &[Vec<u8>],
    algorithms: Algorithms,
) -> anyhow::Result<Vec<Seen>> {
    let mut list = NameList::new();
    names.iter().for_each(|name| list.push(name));
    collect(engine, terminal, Target::Listed { dir, names: list }, algorithms)
}

fn collect(
    engine: &RunningEngine,
    terminal: &Terminal,
    target: Target,
    algorithms: Algorithms,
) -> anyhow::Result<Vec<Seen>> {
    let mut scan = engine.handle.scan(engine.args.scan(vec![target], algorithms))?;
    terminal.follow(scan.progress());
    let mut all = Vec::new();
    while let Some(rows) = scan.blocking_next() {
        all.extend(rows.iter().map(|row| {
            let mut path = Vec::new();
            row.path_into(&mut path);
            let digests = split_digests(row.digests, &algorithms).collect();
            Seen { path, size: row.meta.size, status: row.status, digests }
        }));
    }
    if scan.blocking_finish().outcome != ScanOutcome::Completed {
        bail!("the scan broke off");
    }
    Ok(all)
}
