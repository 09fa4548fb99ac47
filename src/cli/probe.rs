//! Finds the algorithm of digests that do not name theirs by hashing a few of the listed files with all that they may be
//! of, so that a whole tree need not be hashed with each of them.
//!
//! The smallest files are read first, and reading ends when one algorithm is left for every length. Empty files are
//! not read: several checksums of nothing are 0. What no file decides stays undecided.

use hivesum_core::compare::Baseline;
use hivesum_core::manifest::Candidates;
use hivesum_core::result::ItemRef;
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
    pub(super) const BRIEF: Self = Self { looked_at: 1024, files: 32 };

    /// Every file that may decide.
    pub(super) const EVERY_FILE: Self = Self { looked_at: usize::MAX, files: usize::MAX };
}

/// How many files are read in the first round; each next round reads eight times as many.
const FIRST_ROUND: usize = 1;

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
    let (mut names, mut round) = (&names[..], FIRST_ROUND);
    while !names.is_empty() && !baseline.undecided(candidates).is_empty() {
        let (now, later) = names.split_at(round.min(names.len()));
        read(engine, tree, (baseline, candidates), now)?;
        (names, round) = (later, round.saturating_mul(8));
    }
    Ok(())
}

/// The names of the smallest files with undecided digests.
fn smallest(tree: &Tree, baseline: &Baseline, candidates: &Candidates, effort: Effort) -> anyhow::Result<Vec<Vec<u8>>> {
    let names = baseline.undecided_names(candidates);
    let step = names.count().div_ceil(effort.looked_at).max(1);
    let mut found = tree.sizes(baseline.undecided_names(candidates).step_by(step))?;
    found.retain(|(size, _)| *size > 0);
    found.sort_by_key(|(size, _)| *size);
    Ok(found.into_iter().take(effort.files).map(|(_, name)| name.to_vec()).collect())
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
        for row in rows.iter() {
            path.clear();
            row.path_into(&mut path);
            baseline.narrow(candidates, &ItemRef::of_row(row, &path, rows.algorithms()));
        }
    }
    // A scan that broke off has read fewer files, and so decided less.
    let _ = scan.blocking_finish();
    Ok(())
}
