//! Compares files with the entries of their manifest, and counts the verdicts.
//!
//! An untagged digest of 64 hex digits may be SHA-256 or BLAKE3. The first match decides for the whole manifest, so
//! that one file cannot match as SHA-256 and the next one as BLAKE3.

use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::Claimed;
use hivesum_core::result::{Stability, Status};

use super::verdict::{Counts, Missing, Verdict};
use crate::cli::error::reason;

/// The result of hashing one file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileResult<'a> {
    pub(super) status: Status,
    /// The digests, concatenated.
    pub(super) digests: &'a [u8],
    /// The algorithms of the digests, in order.
    pub(super) algorithms: &'a Algorithms,
}

impl<'a> FileResult<'a> {
    /// The result of hashing standard input.
    pub(super) const fn stream(digests: &'a [u8], algorithms: &'a Algorithms) -> Self {
        Self { status: Status::Hashed(Stability::Stable), digests, algorithms }
    }

    fn digest_of(&self, algorithm: Algorithm) -> Option<&'a [u8]> {
        let at = self.algorithms.position(algorithm)?;
        self.digests.get(at..at + algorithm.digest_bytes())
    }
}

/// Judges the entries of one manifest.
#[derive(Debug)]
pub(super) struct Judge {
    /// The algorithm of untagged lines, once it is known.
    decided: Option<Algorithm>,
    /// The algorithm that a match has decided, until it is reported.
    newly_decided: Option<Algorithm>,
    /// The algorithm that a malformed line is assumed to be of.
    expected: Algorithm,
    missing: Missing,
    counts: Counts,
}

impl Judge {
    /// `known` is the algorithm given by `-a` or by the name of the manifest.
    pub(super) fn new(known: Option<Algorithm>, missing: Missing) -> Self {
        let expected = known.unwrap_or(Algorithm::Sha256);
        Self { decided: known, newly_decided: None, expected, missing, counts: Counts::default() }
    }

    /// The algorithm of untagged lines, once it is known.
    pub(super) const fn decided(&self) -> Option<Algorithm> {
        self.decided
    }

    /// The algorithm that a match has decided. It is returned only once.
    pub(super) const fn take_newly_decided(&mut self) -> Option<Algorithm> {
        self.newly_decided.take()
    }

    /// The algorithm to name in a warning about a malformed line.
    pub(super) const fn expected(&self) -> Algorithm {
        self.expected
    }

    pub(super) const fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn count_malformed(&mut self) {
        self.counts.malformed += 1;
    }

    /// Counts a file that could not be read.
    pub(super) fn unreadable(&mut self, why: String) -> Verdict {
        self.counts.well_formed += 1;
        self.counts.unreadable += 1;
        Verdict::Unreadable(why)
    }

    /// Compares one entry with its file.
    pub(super) fn verdict(&mut self, claimed: &Claimed, result: &FileResult<'_>) -> Verdict {
        if let Some(why) = reason(result.status) {
            if self.missing == Missing::Ignored && is_missing(result.status) {
                self.counts.well_formed += 1;
                return Verdict::Ignored;
            }
            return self.unreadable(why);
        }
        self.counts.well_formed += 1;
        let possible = claimed.possible(self.decided);
        let matching = possible.iter().find(|&algorithm| result.digest_of(algorithm) == Some(claimed.as_bytes()));
        if possible.len() > 1 {
            (self.decided, self.newly_decided) = (matching, matching);
        }
        self.expected = matching.or(self.decided).unwrap_or_else(|| possible.first());
        match matching {
            Some(_) => {
                self.counts.matched += 1;
                Verdict::Ok
            }
            None => {
                self.counts.mismatched += 1;
                Verdict::Failed
            }
        }
    }
}

/// Only for `ENOENT`. Other errors, such as `ENOTDIR` or `EACCES`, do not mean that a file is missing.
fn is_missing(status: Status) -> bool {
    matches!(status, Status::Error { errno: libc::ENOENT, .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_core::manifest::{ChecksumLines, Found, Limits, ReadOptions};
    use hivesum_core::result::ErrorCode;

    fn claimed(line: &str) -> Claimed {
        let mut lines = ChecksumLines::new(line.as_bytes(), ReadOptions::new(Limits::COMMAND_LINE));
        match lines.next_entry().unwrap() {
            Some((_, Found::Entry(entry))) => entry.digest,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_match_decides_between_sha256_and_blake3_for_the_whole_manifest() {
        let both: Algorithms = "sha256,blake3".parse().unwrap();
        let digests = [vec![1; 32], vec![2; 32]].concat();
        let result = FileResult::stream(&digests, &both);
        let line = |byte: &str| claimed(&format!("{}  a", byte.repeat(32)));
        let mut judge = Judge::new(None, Missing::Reported);
        assert_eq!(judge.verdict(&line("03"), &result), Verdict::Failed);
        assert_eq!(judge.decided(), None);
        assert_eq!(judge.verdict(&line("02"), &result), Verdict::Ok);
        assert_eq!((judge.decided(), judge.expected()), (Some(Algorithm::Blake3), Algorithm::Blake3));
        assert_eq!(judge.verdict(&line("01"), &result), Verdict::Failed, "matches as SHA-256, but BLAKE3 is decided");
    }

    #[test]
    fn only_files_that_do_not_exist_are_missing() {
        let sha256 = Algorithms::single(Algorithm::Sha256);
        let entry = claimed(&format!("{}  a", "0".repeat(64)));
        let failed = |errno| FileResult {
            status: Status::Error { code: ErrorCode::NotFound, errno },
            digests: &[],
            algorithms: &sha256,
        };
        let mut judge = Judge::new(None, Missing::Ignored);
        assert_eq!(judge.verdict(&entry, &failed(libc::ENOENT)), Verdict::Ignored);
        let not_a_directory = judge.verdict(&entry, &failed(libc::ENOTDIR));
        assert_eq!(not_a_directory, Verdict::Unreadable("Not a directory".to_owned()));
        assert_eq!((judge.counts().well_formed, judge.counts().unreadable), (2, 1));
    }
}
