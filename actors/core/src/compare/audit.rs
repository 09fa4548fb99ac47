//! The audit: compares results in walk order with a manifest, and gives each a verdict.
//!
//! Results are judged as they arrive. Only at the end it is known which entries have no result, and which new files are
//! moved ones. A digest that does not name its algorithm may be of several ones; matches narrow them for the whole
//! manifest ([`Candidates`]). Memory: the baseline, and the new and changed files whose content is in the baseline, up to
//! a limit (`trace`).

mod findings;
mod own;
mod trace;

pub use self::findings::{Absent, Findings};
pub use self::own::ManifestContent;
pub use self::trace::Traced;
use self::trace::{Entries, Fate, Tracer};
use super::baseline::Baseline;
use super::matching::{Differs, match_all};
use crate::digest::{Algorithm, Algorithms, AlgorithmsInvalid};
use crate::manifest::Candidates;
use crate::result::{
    AuditCounts, ErrorCode, Evidence, ItemRef, Judged, Known, SkipReason, Status, Verdict, is_below, walk_order,
};

/// A running audit. Results must be in walk order; [`finish`](Self::finish) returns what was missing or moved.
///
/// ```
/// use hivesum_core::hash::hash_targets;
/// use hivesum_core::manifest::Candidates;
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
/// let mut audit = Audit::new(builder.finish(), Candidates::default());
/// let rules = ScanRules::new(audit.algorithms()?);
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
    /// The algorithms that untagged digests may be of.
    candidates: Candidates,
    next: usize,
    rows: u64,
    /// Entries without a result.
    unseen: Vec<Unseen>,
    /// The last result with an error: it may be a directory that could not be entered.
    unreadable: Option<(Vec<u8>, ErrorCode)>,
    /// What became of each entry.
    fates: Vec<Fate>,
    tracer: Tracer,
    counts: AuditCounts,
    manifest: Option<ManifestContent>,
    skipped: Skipped,
}

/// What becomes of a result that is no regular file and is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skipped {
    /// It has no verdict.
    LeftOut,
    /// It is unreadable.
    Unreadable,
}

/// An entry of the baseline without a result.
#[derive(Debug, Clone, Copy)]
struct Unseen {
    index: usize,
    /// The error of its directory, if that could not be entered.
    directory_error: Option<ErrorCode>,
}

impl Audit {
    /// Starts an audit. `candidates` are the algorithms that untagged digests may be of.
    #[must_use]
    pub fn new(baseline: Baseline, candidates: Candidates) -> Self {
        let (tracer, fates) = (Tracer::new(&baseline), vec![Fate::Unknown; baseline.len()]);
        Self {
            baseline,
            candidates,
            next: 0,
            rows: 0,
            unseen: Vec::new(),
            unreadable: None,
            fates,
            tracer,
            counts: AuditCounts::default(),
            manifest: None,
            skipped: Skipped::LeftOut,
        }
    }

    /// The same audit; a file that has the content of the manifest and is not listed is not new, and has no verdict.
    #[must_use]
    pub fn with_manifest(self, manifest: Option<ManifestContent>) -> Self {
        Self { manifest, ..self }
    }

    /// The same audit of a tree that may have regular files alone, such as the payload of a bag (RFC 8493 section 2.1.2):
    /// a symbolic link, or anything else that was skipped, is unreadable. Files of hivesum's own still have no verdict.
    #[must_use]
    pub fn of_regular_files(self) -> Self {
        Self { skipped: Skipped::Unreadable, ..self }
    }

    /// The algorithms to compute for every file.
    ///
    /// # Errors
    /// As [`Baseline::algorithms`].
    pub fn algorithms(&self) -> Result<Algorithms, AlgorithmsInvalid> {
        self.baseline.algorithms(&self.candidates)
    }

    /// The verdicts so far; new files may become moved ones at the end.
    #[must_use]
    pub fn counts(&self) -> &AuditCounts {
        &self.counts
    }

    /// Judges the next result in walk order.
    pub fn judge(&mut self, item: &ItemRef<'_>) -> Judged {
        self.judge_closely(item).0
    }

    /// Judges the next result in walk order. Of a file whose content differs, returns the algorithms that failed, too: of
    /// an untagged digest all that were tried.
    pub fn judge_closely(&mut self, item: &ItemRef<'_>) -> (Judged, Vec<Algorithm>) {
        let row = self.rows;
        self.rows += 1;
        let listed = self.advance_to(item.path);
        if let Status::Error { code, .. } = item.status {
            self.unreadable = Some((item.path.to_vec(), code));
        }
        let (judged, failed) = match listed {
            Some(index) => self.judge_listed((row, index), item),
            None => (self.judge_new(row, item), Vec::new()),
        };
        if let Some(verdict) = judged.verdict {
            self.counts.count(verdict);
        }
        (judged, failed)
    }

    /// Passes over a result that is not judged, so that the next one has its index.
    pub fn pass_over(&mut self) {
        self.rows += 1;
    }

    /// Goes past the entries before this path. Returns the entry with this path, if there is one.
    fn advance_to(&mut self, path: &[u8]) -> Option<usize> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        while let Some(expected) = self.baseline.get(self.next) {
            match walk_order(expected.name, path) {
                Greater => return None,
                Equal => {
                    self.next += 1;
                    return Some(self.next - 1);
                }
                Less => self.add_unseen(),
            }
        }
        None
    }

    /// Records that the next entry has no result.
    fn add_unseen(&mut self) {
        let Some(expected) = self.baseline.get(self.next) else { return };
        let unreadable = self.unreadable.as_ref().filter(|(directory, _)| is_below(expected.name, directory));
        let directory_error = unreadable.map(|(_, code)| *code);
        self.unseen.push(Unseen { index: self.next, directory_error });
        self.next += 1;
    }

    fn judge_listed(&mut self, (row, index): (u64, usize), item: &ItemRef<'_>) -> (Judged, Vec<Algorithm>) {
        let verdict = match item.status {
            Status::Hashed(_) => return self.judge_content((row, index), item),
            Status::Error { code: ErrorCode::NotFound, .. } => {
                // It was deleted after the walk, or was opened by name and does not exist. It may have moved.
                self.unseen.push(Unseen { index, directory_error: None });
                return Default::default();
            }
            Status::Error { .. } | Status::Skipped(_) => Verdict::Unreadable,
        };
        (Judged { verdict: Some(verdict), evidence: None }, Vec::new())
    }

    fn judge_content(&mut self, (row, index): (u64, usize), item: &ItemRef<'_>) -> (Judged, Vec<Algorithm>) {
        let Some(expected) = self.baseline.get(index) else { return Default::default() };
        match match_all(&mut self.candidates, expected.digests, |algorithm| item.digest(algorithm)) {
            Ok(()) => {
                self.fates[index] = Fate::Matched;
                (Judged { verdict: Some(Verdict::Matched), evidence: None }, Vec::new())
            }
            Err(Differs { failed, entry }) => {
                let traces = Evidence::between(&expected.known, &Known::of_result(&item.meta, item.status));
                let evidence = Evidence { digests: entry, ..traces };
                let verdict = evidence.verdict();
                self.fates[index] = Fate::Changed;
                self.tracer.keep(row, item, verdict);
                (Judged { verdict: Some(verdict), evidence: Some(evidence) }, failed)
            }
        }
    }

    fn judge_new(&mut self, row: u64, item: &ItemRef<'_>) -> Judged {
        let verdict = match item.status {
            Status::Skipped(SkipReason::Internal) | Status::Error { code: ErrorCode::NotFound, .. } => None,
            Status::Skipped(_) if self.skipped == Skipped::LeftOut => None,
            Status::Skipped(_) | Status::Error { .. } => Some(Verdict::Unreadable),
            Status::Hashed(_) if self.manifest.as_ref().is_some_and(|manifest| manifest.is_content_of(item)) => None,
            Status::Hashed(_) => {
                self.tracer.keep(row, item, Verdict::New);
                Some(Verdict::New)
            }
        };
        Judged { verdict, evidence: None }
    }

    /// Ends the audit. Entries without a result are missing, unless a new file has their content.
    #[must_use]
    pub fn finish(mut self) -> Findings {
        while self.next < self.baseline.len() {
            self.add_unseen();
        }
        for unseen in self.unseen.iter().filter(|unseen| unseen.directory_error.is_none()) {
            self.fates[unseen.index] = Fate::Missing;
        }
        let (baseline, candidates) = (&self.baseline, &self.candidates);
        let traces = self.tracer.trace(&Entries { baseline, candidates, fates: &self.fates });
        let mut absent = Vec::new();
        // Results arrived in walk order, so the unseen entries are in walk order, too.
        for unseen in self.unseen.iter().filter(|unseen| !traces.moved.contains(&unseen.index)) {
            let Some(expected) = self.baseline.get(unseen.index) else { continue };
            let verdict = if unseen.directory_error.is_some() { Verdict::Unreadable } else { Verdict::Missing };
            self.counts.count(verdict);
            let code = unseen.directory_error.unwrap_or(ErrorCode::NotFound);
            absent.push(Absent { path: expected.name.to_vec(), verdict, code });
        }
        let moves = traces.moved.len() as u64;
        self.counts.new -= moves;
        self.counts.moved += moves;
        let algorithm = self.baseline.untagged_algorithm(&self.candidates);
        let undecided = self.baseline.undecided(&self.candidates);
        let found = self.candidates.found().collect();
        Findings {
            counts: self.counts,
            traced: traces.all,
            untraced: traces.untraced,
            absent,
            algorithm,
            found,
            undecided,
        }
    }
}

#[cfg(test)]
mod tests;
