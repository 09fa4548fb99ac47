//! Compares files with the entries of their manifest, and counts the verdicts.
//!
//! An untagged digest may be of several algorithms. Matches narrow them for the whole manifest, so that one file cannot
//! match as SHA-256 and the next one as BLAKE3. An entry with several digests matches only if all of them do.

use hivesum_core::digest::{Algorithm, Algorithms, Digest};
use hivesum_core::manifest::{Candidates, Claimed};
use hivesum_core::result::{ErrorCode, ReadFrom, Stability, Status};

use super::verdict::{Compared, Counts, Judged, Mismatch, Missing, NamesSeen, Verdict};
use crate::cli::error::reason;

/// An entry of the manifest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    /// Its name in the manifest.
    pub(super) name: &'a [u8],
    /// Its digests.
    pub(super) claims: &'a [Claimed],
}

/// The result of hashing one file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileResult<'a> {
    pub(super) status: Status,
    /// The digests, concatenated.
    pub(super) digests: &'a [u8],
    /// The algorithms of the digests, in order.
    pub(super) algorithms: &'a Algorithms,
    /// Where the bytes came from, if that is asked for.
    pub(super) read_from: Option<ReadFrom>,
}

impl<'a> FileResult<'a> {
    /// The result of hashing standard input.
    pub(super) const fn stream(digests: &'a [u8], algorithms: &'a Algorithms) -> Self {
        Self { status: Status::Hashed(Stability::Stable), digests, algorithms, read_from: None }
    }

    /// The digests of these algorithms, as far as they were computed.
    fn all_of(&self, algorithms: Algorithms) -> Vec<Digest> {
        let digest = |algorithm| Digest::new(algorithm, self.digest_of(algorithm)?).ok();
        algorithms.iter().filter_map(digest).collect()
    }

    fn digest_of(&self, algorithm: Algorithm) -> Option<&'a [u8]> {
        let at = self.algorithms.position(algorithm)?;
        self.digests.get(at..at + algorithm.digest_bytes())
    }
}

/// Judges the entries of one manifest.
#[derive(Debug)]
pub(super) struct Judge {
    /// The algorithms that untagged lines may be of.
    candidates: Candidates,
    /// The algorithms that matches have decided, until they are reported. At most one for each length.
    newly_decided: Vec<Algorithm>,
    /// The algorithm that a malformed line is assumed to be of.
    expected: Algorithm,
    missing: Missing,
    unreadable: NamesSeen,
    counts: Counts,
}

impl Judge {
    /// The candidates are those of the manifest before any file was read.
    pub(super) fn new(candidates: Candidates, expected: Algorithm, missing: Missing) -> Self {
        let unreadable = NamesSeen::new();
        Self { candidates, newly_decided: Vec::new(), expected, missing, unreadable, counts: Counts::default() }
    }

    /// The algorithms that untagged lines may still be of.
    pub(super) const fn candidates(&self) -> &Candidates {
        &self.candidates
    }

    /// The algorithms that matches have decided. Each is returned only once.
    pub(super) fn take_newly_decided(&mut self) -> Vec<Algorithm> {
        std::mem::take(&mut self.newly_decided)
    }

    /// The algorithm to name in a warning about a malformed line.
    pub(super) const fn expected(&self) -> Algorithm {
        self.expected
    }

    pub(super) const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Judges an entry whose file could not be read.
    pub(super) fn unreadable(&mut self, entry: &Entry<'_>, why: String) -> Judged {
        self.counts.well_formed += 1;
        self.not_compared(entry, Verdict::Unreadable(why))
    }

    /// Judges an entry without a name: there is no file with an empty one.
    pub(super) fn unnamed(&mut self) -> Judged {
        let status = Status::Error { code: ErrorCode::NotFound, errno: libc::ENOENT };
        let nothing = FileResult { status, digests: &[], algorithms: &Algorithms::default(), read_from: None };
        self.judge(&Entry { name: b"", claims: &[] }, &nothing)
    }

    /// Compares one entry with its file.
    pub(super) fn judge(&mut self, entry: &Entry<'_>, result: &FileResult<'_>) -> Judged {
        self.counts.well_formed += 1;
        match reason(result.status) {
            Some(_) if is_missing(result.status) && self.missing == Missing::Ignored => {
                let (verdict, compared) = (Verdict::Ignored, Compared::default());
                Judged { verdict, compared, mismatches: Vec::new(), counts: false, read_from: None }
            }
            Some(why) if is_missing(result.status) => self.not_compared(entry, Verdict::Missing(why)),
            Some(why) => self.not_compared(entry, Verdict::Unreadable(why)),
            None => self.compared(entry, result),
        }
    }

    fn not_compared(&mut self, entry: &Entry<'_>, verdict: Verdict) -> Judged {
        let counts = self.unreadable.is_new(entry.name);
        self.counts.unreadable += u64::from(counts);
        let mut compared = Compared { digests: entry.claims.len(), ..Compared::default() };
        for claimed in entry.claims {
            add(&mut compared.others, self.candidates.of(claimed));
        }
        Judged { verdict, compared, mismatches: Vec::new(), counts, read_from: None }
    }

    fn compared(&mut self, entry: &Entry<'_>, result: &FileResult<'_>) -> Judged {
        let mut compared = Compared { digests: entry.claims.len(), ..Compared::default() };
        let mut mismatches = Vec::new();
        for claimed in entry.claims {
            if let Some(mismatch) = self.mismatch(claimed, result, &mut compared) {
                mismatches.push(mismatch);
            }
        }
        let (count, verdict) = match !entry.claims.is_empty() && mismatches.is_empty() {
            true => (&mut self.counts.matched, Verdict::Ok),
            false => (&mut self.counts.mismatched, Verdict::Failed),
        };
        *count += 1;
        Judged { verdict, compared, mismatches, counts: true, read_from: result.read_from }
    }

    /// How the file differs from this digest; `None` if it has it. What matches narrows the candidates.
    fn mismatch(&mut self, claimed: &Claimed, result: &FileResult<'_>, compared: &mut Compared) -> Option<Mismatch> {
        let Some(outcome) = self.candidates.compare(claimed, |algorithm| result.digest_of(algorithm)) else {
            return Some(Mismatch { expected: *claimed, computed: Vec::new() });
        };
        self.newly_decided.extend(self.candidates.narrow(claimed, &outcome));
        self.expected = outcome.matching.unwrap_or(outcome.tried).first();
        match outcome.matching {
            Some(matching) => {
                add(&mut compared.matching, Some(matching));
                None
            }
            None => {
                add(&mut compared.others, Some(outcome.tried));
                Some(Mismatch { expected: *claimed, computed: result.all_of(outcome.tried) })
            }
        }
    }
}

/// Adds these algorithms to a set. A set that is full stays as it is.
fn add(set: &mut Option<Algorithms>, more: Option<Algorithms>) {
    *set = match (*set, more) {
        (Some(set), Some(more)) => Some(Algorithms::new(set.iter().chain(&more)).unwrap_or(set)),
        (set, more) => set.or(more),
    };
}

/// Only for `ENOENT`. Other errors, such as `ENOTDIR` or `EACCES`, do not mean that a file is missing.
fn is_missing(status: Status) -> bool {
    matches!(status, Status::Error { errno: libc::ENOENT, .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_core::manifest::{Form, Limits, ManifestReader, ReadOptions};

    fn claimed(line: &str) -> Claimed {
        let options = ReadOptions::new(Limits::COMMAND_LINE);
        let mut reader = ManifestReader::new(line.as_bytes(), Form::Checksums, options).unwrap();
        match reader.next_record().unwrap() {
            Some((_, Ok(record))) => record.digests[0],
            other => panic!("{other:?}"),
        }
    }

    fn judge(judge: &mut Judge, claims: &[Claimed], result: &FileResult<'_>) -> Judged {
        judge.judge(&Entry { name: b"a", claims }, result)
    }

    #[test]
    fn the_first_match_decides_between_algorithms_for_the_whole_manifest() {
        let both: Algorithms = "sha256,blake3".parse().unwrap();
        let digests = [vec![1; 32], vec![2; 32]].concat();
        let result = FileResult::stream(&digests, &both);
        let line = |byte: &str| claimed(&format!("{}  a", byte.repeat(32)));
        let mut one = Judge::new(Candidates::default(), Algorithm::Sha256, Missing::Reported);
        let failed = judge(&mut one, &[line("03")], &result);
        assert_eq!((failed.verdict, failed.compared.others.is_some()), (Verdict::Failed, true));
        assert_eq!(one.take_newly_decided(), []);
        let matched = judge(&mut one, &[line("02")], &result);
        let blake3 = Algorithms::single(Algorithm::Blake3);
        assert_eq!((matched.verdict, matched.compared.matching), (Verdict::Ok, Some(blake3)));
        assert_eq!((one.take_newly_decided(), one.expected()), (vec![Algorithm::Blake3], Algorithm::Blake3));
        let failed = judge(&mut one, &[line("01")], &result);
        assert_eq!(failed.verdict, Verdict::Failed, "matches as SHA-256, but BLAKE3 is decided");
        assert_eq!(failed.compared.others, Some(blake3));
    }

    #[test]
    fn an_entry_matches_only_if_all_of_its_digests_do() {
        let both: Algorithms = "md5,crc32".parse().unwrap();
        let digests = [vec![1; 16], vec![2; 4]].concat();
        let result = FileResult::stream(&digests, &both);
        let md5 = claimed(&format!("MD5 (a) = {}", "01".repeat(16)));
        let crc32 = |byte: &str| claimed(&format!("CRC32 (a) = {}", byte.repeat(4)));
        let mut one = Judge::new(Candidates::default(), Algorithm::Sha256, Missing::Reported);
        assert_eq!(judge(&mut one, &[md5, crc32("02")], &result).verdict, Verdict::Ok);
        let failed = judge(&mut one, &[md5, crc32("03")], &result);
        assert_eq!(failed.verdict, Verdict::Failed);
        assert_eq!(failed.compared.matching, Some(Algorithms::single(Algorithm::Md5)));
        assert_eq!(failed.compared.others, Some(Algorithms::single(Algorithm::Crc32)));
        assert_eq!((one.counts().well_formed, one.counts().matched, one.counts().mismatched), (2, 1, 1));
    }

    #[test]
    fn only_files_that_do_not_exist_are_missing_and_each_counts_once() {
        let sha256 = Algorithms::single(Algorithm::Sha256);
        let entry = [claimed(&format!("{}  a", "0".repeat(64)))];
        let failed = |errno| FileResult {
            status: Status::Error { code: ErrorCode::NotFound, errno },
            digests: &[],
            algorithms: &sha256,
            read_from: None,
        };
        let mut ignoring = Judge::new(Candidates::default(), Algorithm::Sha256, Missing::Ignored);
        assert_eq!(judge(&mut ignoring, &entry, &failed(libc::ENOENT)).verdict, Verdict::Ignored);
        let not_a_directory = judge(&mut ignoring, &entry, &failed(libc::ENOTDIR));
        assert_eq!(not_a_directory.verdict, Verdict::Unreadable("Not a directory".to_owned()));
        assert_eq!((ignoring.counts().well_formed, ignoring.counts().unreadable), (2, 1));
        let mut reporting = Judge::new(Candidates::default(), Algorithm::Sha256, Missing::Reported);
        let missing = Verdict::Missing("No such file or directory".to_owned());
        for _ in 0..3 {
            assert_eq!(judge(&mut reporting, &entry, &failed(libc::ENOENT)).verdict, missing);
        }
        assert_eq!((reporting.counts().well_formed, reporting.counts().unreadable), (3, 1));
    }
}
