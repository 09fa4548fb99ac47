//! Finds duplicates in three stages: by size, by first and last block, by whole content. Each stage reads only files
//! that may still have a duplicate.

use hivesum_actors::scan::{ScanOutcome, ScanSpec};
use hivesum_core::compare::{Copy, Group, groups};
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::hash::Coverage;
use hivesum_core::result::{FileIdentity, NameList, Status};

use super::report::Found;
use super::trees::Trees;
use crate::cli::engine::RunningEngine;
use crate::cli::error::reason;
use crate::cli::terminal::Terminal;

/// Files with the same digest of this algorithm have the same content.
pub(super) const COMPARED_BY: Algorithm = Algorithm::Blake3;

/// The search for duplicates in directories.
pub(super) struct Stages<'a> {
    pub(super) trees: &'a Trees,
    pub(super) engine: &'a RunningEngine,
    pub(super) terminal: &'a Terminal,
    /// Whether something could not be read.
    pub(super) failed: bool,
}

/// A group of files with the same content, and their digest.
#[derive(Debug)]
pub(super) struct SameContent {
    group: Group,
    digest: ContentDigest,
}

impl SameContent {
    /// The group with the names of its files.
    pub(super) fn found<'a>(&'a self, names: &'a NameList) -> Found<'a> {
        let name = |&index: &u64| names.get(usize::try_from(index).ok()?);
        Found { group: &self.group, digest: &self.digest, names: self.group.places.iter().filter_map(name).collect() }
    }
}

/// The index of a name among those of all directories.
type NameIndex = usize;

/// A digest of [`COMPARED_BY`].
type ContentDigest = [u8; 32];

impl Stages<'_> {
    /// Groups of files of at least this size with the same content.
    pub(super) fn groups(&mut self, min_size: u64) -> anyhow::Result<Vec<SameContent>> {
        let all = (0..self.trees.files.len()).filter(|&index| self.size(index) >= min_size);
        let candidates = self.sharing_key(all.map(|index| (self.size(index), index)).collect());
        let by_ends = self.digests(candidates, Coverage::Ends)?;
        let candidates =
            self.sharing_key(by_ends.into_iter().map(|(index, ends)| ((self.size(index), ends), index)).collect());
        let digests = self.digests(candidates, Coverage::Whole)?;
        let copies = digests
            .iter()
            .map(|&(index, ref digest)| Copy::new(index as u64, self.size(index), digest, self.identity(index)));
        let found = groups(copies.collect(), min_size).into_iter().map(|group| {
            let first = group.places.first().and_then(|&index| digest_of(usize::try_from(index).ok()?, &digests));
            SameContent { digest: first.copied().unwrap_or_default(), group }
        });
        Ok(found.collect())
    }

    fn name(&self, index: NameIndex) -> &[u8] {
        self.trees.name(index)
    }

    fn size(&self, index: NameIndex) -> u64 {
        self.trees.files[index].size
    }

    fn identity(&self, index: NameIndex) -> FileIdentity {
        FileIdentity::of_meta(&self.trees.files[index])
    }

    /// The names whose key is also that of another file, in walk order. Hard links to one file are not duplicates.
    fn sharing_key<K: Ord>(&self, mut keyed: Vec<(K, NameIndex)>) -> Vec<NameIndex> {
        keyed.sort_unstable();
        let mut sharing = Vec::new();
        for candidates in keyed.chunk_by(|(one, _), (other, _)| one == other) {
            let first = self.identity(candidates[0].1);
            if candidates.iter().any(|(_, index)| self.identity(*index) != first) {
                sharing.extend(candidates.iter().map(|(_, index)| *index));
            }
        }
        sharing.sort_unstable();
        sharing
    }

    /// Digests of files, whole or of their ends alone, in walk order of the names. A file with several names is read
    /// once; files that cannot be read are reported and left out.
    fn digests(
        &mut self,
        mut indexes: Vec<NameIndex>,
        coverage: Coverage,
    ) -> anyhow::Result<Vec<(NameIndex, ContentDigest)>> {
        indexes.sort_unstable_by_key(|&index| (self.identity(index), index));
        let files: Vec<_> = indexes.chunk_by(|&one, &other| self.identity(one) == self.identity(other)).collect();
        let mut first_names: Vec<_> = files.iter().map(|names| names[0]).collect();
        first_names.sort_unstable();
        let read = self.read(&first_names, coverage)?;
        let mut digests = Vec::with_capacity(indexes.len());
        for names in files {
            if let Some(digest) = digest_of(names[0], &read) {
                digests.extend(names.iter().map(|&index| (index, *digest)));
            }
        }
        digests.sort_unstable_by_key(|&(index, _)| index);
        Ok(digests)
    }

    /// Digests of the files with these names, which ascend, in this order.
    fn read(&mut self, indexes: &[NameIndex], coverage: Coverage) -> anyhow::Result<Vec<(NameIndex, ContentDigest)>> {
        let targets = self.trees.targets(indexes)?;
        let scan = self.engine.args.scan(targets, Algorithms::single(COMPARED_BY));
        let mut scan = self.engine.handle.scan(ScanSpec { coverage, ..scan })?;
        if coverage == Coverage::Whole {
            self.terminal.follow(scan.progress());
        }
        let (mut digests, mut indexes) = (Vec::with_capacity(indexes.len()), indexes.iter().copied());
        while let Some(rows) = scan.blocking_next() {
            for (row, index) in rows.iter().zip(indexes.by_ref().take(rows.len())) {
                match (row.status, row.digests.try_into()) {
                    // A file whose size has changed in the meantime is not compared.
                    (Status::Hashed(_), Ok(digest)) if row.meta.size == self.size(index) => {
                        digests.push((index, digest));
                    }
                    (Status::Hashed(_), _) => self.report_failure(index, "File changed while it was read"),
                    (status, _) => self.report_failure(index, &reason(status).unwrap_or_default()),
                }
            }
        }
        if scan.blocking_finish().outcome != ScanOutcome::Completed {
            anyhow::bail!("the scan was aborted: not everything was read");
        }
        Ok(digests)
    }

    fn report_failure(&mut self, index: NameIndex, why: &str) {
        self.terminal.message_about(self.name(index), why);
        self.failed = true;
    }
}

/// The digest of a name in a list that is sorted by name.
fn digest_of(index: NameIndex, digests: &[(NameIndex, ContentDigest)]) -> Option<&ContentDigest> {
    let at = digests.binary_search_by_key(&index, |&(index, _)| index).ok()?;
    Some(&digests[at].1)
}
