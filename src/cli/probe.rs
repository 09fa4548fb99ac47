//! Finds the algorithm of digests that do not name theirs by hashing a few of the listed files with all that they may be
//! of, so that a whole tree need not be hashed with each of them.
//!
//! The smallest files are read first, and reading ends when one algorithm is left for every length. Empty files are
//! not read: several checksums of nothing are 0. What no file decides stays undecided.

use hivesum_core::compare::{Baseline, probe};
use hivesum_core::manifest::Candidates;
use hivesum_core::walk::Target;

use super::engine::RunningEngine;
use super::tree::Tree;

/// How much is read at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// How many names are looked at to find small files.
    looked_at: usize,
    /// How many files are read.
    files: usize,
}

impl Effort {
    /// Before the whole tree is read anyway.
    pub(super) const BRIEF: Self = Self { looked_at: probe::LOOKED_AT, files: probe::MOST_FILES };

    /// Every file that may decide.
    pub(super) const EVERY_FILE: Self = Self { looked_at: usize::MAX, files: usize::MAX };
}

/// Narrows what the untagged digests of the baseline may be of, by files of the tree.
pub(super) fn narrow(
    engine: &RunningEngine,
    tree: &Tree,
    (baseline, candidates): (&Baseline, &mut Candidates),
    effort: Effort,
) -> anyhow::Result<()> {
    if baseline.undecided(candidates).is_empty() {
        return Ok(());
    }
    let names: Vec<Vec<u8>> = smallest(tree, baseline, candidates, effort)?;
    for round in probe::rounds(&names) {
        if baseline.undecided(candidates).is_empty() {
            break;
        }
        read(engine, tree, (baseline, candidates), round)?;
    }
    Ok(())
}

/// The names of the smallest files with undecided digests.
fn smallest(tree: &Tree, baseline: &Baseline, candidates: &Candidates, effort: Effort) -> anyhow::Result<Vec<Vec<u8>>> {
    let found = tree.sizes(probe::names(baseline, candidates, effort.looked_at))?;
    Ok(probe::smallest(found, effort.files).map(|(_, name)| name.to_vec()).collect())
}

fn read(
    engine: &RunningEngine,
    tree: &Tree,
    (baseline, candidates): (&Baseline, &mut Candidates),
    files: &[Vec<u8>],
) -> anyhow::Result<()> {
    let target = Target::Listed { dir: tree.dir()?, names: files.iter().collect() };
    let mut scan = engine.handle.scan(engine.args.scan(vec![target], baseline.algorithms(candidates)?))?;
    let mut path = Vec::new();
    while let Some(rows) = scan.blocking_next() {
        probe::narrow_by(baseline, candidates, &rows, &mut path);
    }
    // A scan that broke off has read fewer files, and so decided less.
    let _ = scan.blocking_finish();
    Ok(())
}
