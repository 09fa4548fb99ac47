//! The audit: a manifest on one side, results in walk order on the other, a verdict for each.
//!
//! Results are judged as they come. Which entries were not met, and which of the new files are moved ones, is
//! known at the end alone. A digest of 64 digits without a tag may be SHA-256 or BLAKE3; the first match decides
//! for the whole manifest. Memory: the baseline, and the new files whose content the baseline knows.

use std::collections::HashSet;

use super::baseline::{Baseline, Expected};
use super::pairs::{Candidate, pair};
use crate::digest::{Algorithm, Algorithms};
use crate::manifest::Claimed;
use crate::result::{
    AuditCounts, ErrorCode, Evidence, ItemRef, Judged, Known, Status, Verdict, is_below, split_digests, walk_order,
};

/// An audit under way. Results come in walk order; [`finish`](Self::finish) tells what was missing or moved.
///
/// ```
/// use hivesum_core::hash::hash_targets;
/// use hivesum_core::{Audit, BaselineBuilder, Claimed, Digest, Record, ScanRules, Target, Verdict, WalkSpec};
///
/// # let dir = tempfile::tempdir()?;
/// # let tree = dir.path();
/// let mut builder = BaselineBuilder::new();
/// for name in ["a", "b"] {
///     let digests = vec![Claimed::of(Digest::from_hex(hivesum_core::Algorithm::Crc32, "352441c2")?)];
///     builder.push(&Record { name: name.into(), digests, ..Record::default() })?;
/// }
/// std::fs::write(tree.join("a"), "abc")?;
///
/// let mut audit = Audit::new(builder.finish(), None);
/// let rules = ScanRules::new(audit.algorithms());
/// hash_targets(WalkSpec::new(vec![Target::directory(tree)?]), rules, |batch| {
///     for item in batch.items() {
///         assert_eq!(audit.judge(&item.as_ref()).verdict, Some(Verdict::Matched));
///     }
/// });
/// let findings = audit.finish();
/// assert_eq!(findings.absent[0].path, b"b");
/// assert_eq!((findings.counts.matched, findings.counts.missing), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Audit {
    baseline: Baseline,
    /// The algorithm of untagged digests, once it is known.
    decided: Option<Algorithm>,
    next: usize,
    rows: u64,
    /// Entries that were passed without a result of their name.
    unmet: Vec<Unmet>,
    /// The last result that may be a directory which could not be entered.
    closed: Option<(Vec<u8>, ErrorCode)>,
    /// First bytes of every digest in the baseline.
    contents: HashSet<u64>,
    strays: Vec<Stray>,
    counts: AuditCounts,
}

#[derive(Debug, Clone, Copy)]
struct Unmet {
    index: usize,
    /// Why nobody could look.
    behind: Option<ErrorCode>,
}

/// A new file whose content may be that of an entry.
#[derive(Debug)]
struct Stray {
    row: u64,
    path: Vec<u8>,
    size: u64,
    digests: Vec<Claimed>,
}

/// A new file that is a missing one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Which of the results judged, from 0.
    pub row: u64,
    /// Its path.
    pub path: Vec<u8>,
    /// The path it had.
    pub from: Vec<u8>,
}

/// An entry without a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Its path.
    pub path: Vec<u8>,
    /// `Missing`, or `Unreadable` where its directory could not be entered.
    pub verdict: Verdict,
    /// `NotFound`, or why its directory could not be entered.
    pub code: ErrorCode,
}

/// What is known at the end of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Findings {
    /// All verdicts.
    pub counts: AuditCounts,
    /// New files that are moved ones, in the order of the results.
    pub moves: Vec<Move>,
    /// Entries without a result, in walk order.
    pub absent: Vec<Absent>,
    /// The algorithm that untagged digests turned out to be of, or were known to be of.
    pub algorithm: Option<Algorithm>,
}

impl Audit {
    /// Begins an audit. `untagged` is the algorithm of untagged digests, where it is known.
    #[must_use]
    pub fn new(baseline: Baseline, untagged: Option<Algorithm>) -> Self {
        let contents = baseline.claims().iter().map(fingerprint).collect();
        Self {
            baseline,
            decided: untagged,
            next: 0,
            rows: 0,
            unmet: Vec::new(),
            closed: None,
            contents,
            strays: Vec::new(),
            counts: AuditCounts::default(),
        }
    }

    /// What must be computed of every file.
    #[must_use]
    pub fn algorithms(&self) -> Algorithms {
        self.baseline.algorithms(self.decided)
    }

    /// The verdicts so far; new files may turn out as moved ones.
    #[must_use]
    pub fn counts(&self) -> &AuditCounts {
        &self.counts
    }

    /// Judges the next result in walk order.
    pub fn judge(&mut self, item: &ItemRef<'_>) -> Judged {
        let row = self.rows;
        self.rows += 1;
        let listed = self.advance_to(item.path);
        if let Status::Error { code, .. } = item.status {
            self.closed = Some((item.path.to_vec(), code));
        }
        let judged = match listed {
            Some(index) => self.judge_listed(index, item),
            None => self.judge_stray(row, item),
        };
        if let Some(verdict) = judged.verdict {
            *self.counts.of(verdict) += 1;
        }
        judged
    }

    /// Passes the entries before this path. The entry of this path, if there is one.
    fn advance_to(&mut self, path: &[u8]) -> Option<usize> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        while let Some(expected) = self.baseline.get(self.next) {
            match walk_order(expected.name, path) {
                Greater => return None,
                Equal => {
                    self.next += 1;
                    return Some(self.next - 1);
                }
                Less => self.pass(),
            }
        }
        None
    }

    /// The next entry has no result.
    fn pass(&mut self) {
        let Some(expected) = self.baseline.get(self.next) else { return };
        let closed = self.closed.as_ref().filter(|(directory, _)| is_below(expected.name, directory));
        let behind = closed.map(|(_, code)| *code);
        self.unmet.push(Unmet { index: self.next, behind });
        self.next += 1;
    }

    fn judge_listed(&mut self, index: usize, item: &ItemRef<'_>) -> Judged {
        let verdict = match item.status {
            Status::Hashed(_) => return self.judge_content(index, item),
            Status::Error { code: ErrorCode::NotFound, .. } => {
                // Listed, met by the walk or opened by name, and gone: it may have moved.
                self.unmet.push(Unmet { index, behind: None });
                return Judged { verdict: None, evidence: None };
            }
            Status::Error { .. } | Status::Skipped(_) => Verdict::Unreadable,
        };
        Judged { verdict: Some(verdict), evidence: None }
    }

    fn judge_content(&mut self, index: usize, item: &ItemRef<'_>) -> Judged {
        let Some(expected) = self.baseline.get(index) else { return Judged::default() };
        let (matches, decided) = self.matches(&expected, item);
        if matches {
            self.decided = self.decided.or(decided);
            return Judged { verdict: Some(Verdict::Matched), evidence: None };
        }
        let evidence = Evidence::between(&expected.known, &Known::of_result(&item.meta));
        Judged { verdict: Some(evidence.verdict()), evidence: Some(evidence) }
    }

    /// Whether every claim holds, and the algorithm that an undecided one turned out to be of.
    fn matches(&self, expected: &Expected<'_>, item: &ItemRef<'_>) -> (bool, Option<Algorithm>) {
        let mut found = self.decided;
        for claim in expected.digests {
            let possible = claim.possible(found);
            let matching = possible.iter().find(|&one| item.digest(one) == Some(claim.as_bytes()));
            if matching.is_none() {
                return (false, None);
            }
            if possible.len() > 1 {
                found = matching;
            }
        }
        (true, found)
    }

    fn judge_stray(&mut self, row: u64, item: &ItemRef<'_>) -> Judged {
        let verdict = match item.status {
            Status::Skipped(_) | Status::Error { code: ErrorCode::NotFound, .. } => None,
            Status::Error { .. } => Some(Verdict::Unreadable),
            Status::Hashed(_) => {
                let digests: Vec<_> = split_digests(item.digests, item.algorithms).map(Claimed::of).collect();
                if digests.iter().any(|digest| self.contents.contains(&fingerprint(digest))) {
                    self.strays.push(Stray { row, path: item.path.to_vec(), size: item.meta.size, digests });
                }
                Some(Verdict::New)
            }
        };
        Judged { verdict, evidence: None }
    }

    /// Ends the audit: entries that no result had the name of are missing, unless their content was met elsewhere.
    #[must_use]
    pub fn finish(mut self) -> Findings {
        while self.next < self.baseline.len() {
            self.pass();
        }
        let moves = self.moves();
        let mut absent = Vec::new();
        let moved: HashSet<usize> = moves.iter().map(|(unmet, _)| *unmet).collect();
        // Behind a name that was opened and not found come those passed by the walk: in walk order again.
        for (_, unmet) in self.unmet.iter().enumerate().filter(|(place, _)| !moved.contains(place)) {
            let Some(expected) = self.baseline.get(unmet.index) else { continue };
            let verdict = if unmet.behind.is_some() { Verdict::Unreadable } else { Verdict::Missing };
            *self.counts.of(verdict) += 1;
            let code = unmet.behind.unwrap_or(ErrorCode::NotFound);
            absent.push(Absent { path: expected.name.to_vec(), verdict, code });
        }
        let mut moves: Vec<Move> = moves.into_iter().map(|(_, one)| one).collect();
        moves.sort_by_key(|one| one.row);
        self.counts.new -= moves.len() as u64;
        self.counts.moved += moves.len() as u64;
        Findings { counts: self.counts, moves, absent, algorithm: self.decided }
    }

    /// Pairs of a place among the unmet and a move.
    fn moves(&self) -> Vec<(usize, Move)> {
        let places: Vec<usize> = (0..self.unmet.len()).filter(|&place| self.unmet[place].behind.is_none()).collect();
        let expected: Vec<_> = places.iter().filter_map(|&place| self.baseline.get(self.unmet[place].index)).collect();
        let gone: Vec<_> = expected
            .iter()
            .map(|one| Candidate { path: one.name, size: one.known.size, digests: one.digests })
            .collect();
        let come: Vec<_> = self
            .strays
            .iter()
            .map(|stray| Candidate { path: &stray.path, size: Some(stray.size), digests: &stray.digests })
            .collect();
        let pairs = pair(&gone, &come, self.decided).into_iter().map(|(gone_at, come_at)| {
            let stray = &self.strays[come_at];
            let from = expected[gone_at].name.to_vec();
            (places[gone_at], Move { row: stray.row, path: stray.path.clone(), from })
        });
        pairs.collect()
    }
}

fn fingerprint(digest: &Claimed) -> u64 {
    let mut first = [0; 8];
    let bytes = digest.as_bytes();
    let len = bytes.len().min(8);
    first[..len].copy_from_slice(&bytes[..len]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests;
