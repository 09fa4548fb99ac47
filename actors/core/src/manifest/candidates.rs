//! The algorithms that the untagged digests of one manifest may be of.
//!
//! For each length of digest there is a set. The name of the manifest or `-a` gives it, else it is all algorithms with
//! that length. A digest that matches its file narrows the set to the algorithms that match it; one that matches none
//! leaves the set alone, so that a damaged file decides nothing. Several algorithms can agree: the CRCs of an empty file
//! are all 0.

use super::entry::Claimed;
use super::hint::Hint;
use crate::digest::{Algorithm, Algorithms};

/// The sets of candidates of one manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidates {
    hint: Option<Hint>,
    /// At most one for each length of digest, so at most 64.
    narrowed: Vec<(usize, Algorithms)>,
}

/// What a file's digests say about one claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The algorithms that were tried.
    pub tried: Algorithms,
    /// Those of them that match; `None` if none does.
    pub matching: Option<Algorithms>,
}

impl Candidates {
    /// The candidates before the first line. The hint is `-a`, or what the name of the manifest tells.
    #[must_use]
    pub const fn new(hint: Option<Hint>) -> Self {
        Self { hint, narrowed: Vec::new() }
    }

    /// The algorithms that this digest may be of. `None` if there is none: hivesum has no algorithm of that length, or
    /// the name tells another one.
    #[must_use]
    pub fn of(&self, claimed: &Claimed) -> Option<Algorithms> {
        if let Some(tag) = claimed.tag() {
            return Some(Algorithms::single(tag));
        }
        self.of_length(claimed.as_bytes().len())
    }

    fn unnarrowed(&self, length: usize) -> Option<Algorithms> {
        match self.hint {
            Some(hint) => hint.of_length(length),
            None => Algorithms::new(Algorithm::of_length(length).iter().copied()).ok(),
        }
    }

    /// Compares the claim with the digests of its file. Nothing is narrowed yet.
    #[must_use]
    pub fn compare<'d>(&self, claimed: &Claimed, digest_of: impl Fn(Algorithm) -> Option<&'d [u8]>) -> Option<Outcome> {
        let tried = self.of(claimed)?;
        let matches = |algorithm: &Algorithm| digest_of(*algorithm).is_some_and(|digest| claimed.is(digest));
        Some(Outcome { tried, matching: Algorithms::new(tried.iter().filter(matches)).ok() })
    }

    /// Keeps only the algorithms that matched this claim. Returns the algorithm if only one is left now and there were
    /// several before.
    pub fn narrow(&mut self, claimed: &Claimed, outcome: &Outcome) -> Option<Algorithm> {
        let matching = outcome.matching?;
        if claimed.tag().is_some() || matching.len() == outcome.tried.len() {
            return None;
        }
        let length = claimed.as_bytes().len();
        self.narrowed.retain(|(of, _)| *of != length);
        self.narrowed.push((length, matching));
        (matching.len() == 1).then(|| matching.first())
    }

    /// Keeps only these algorithms for digests of this many bytes. Changes nothing if none of them is a candidate.
    pub(crate) fn keep(&mut self, digest_bytes: usize, kept: &Algorithms) {
        let Some(set) = self.of_length(digest_bytes) else { return };
        if let Ok(left) = Algorithms::new(set.iter().filter(|algorithm| kept.contains(*algorithm))) {
            self.narrowed.retain(|(of, _)| *of != digest_bytes);
            self.narrowed.push((digest_bytes, left));
        }
    }

    /// The candidates for untagged digests of this many bytes.
    fn of_length(&self, digest_bytes: usize) -> Option<Algorithms> {
        let narrowed = self.narrowed.iter().find(|(of, _)| *of == digest_bytes);
        narrowed.map(|(_, set)| *set).or_else(|| self.unnarrowed(digest_bytes))
    }

    /// The digest with its algorithm, if only one is possible.
    #[must_use]
    pub fn resolved(&self, claimed: &Claimed) -> Option<Claimed> {
        match self.of(claimed)?.as_slice() {
            [only] => claimed.resolved(*only),
            _ => None,
        }
    }

    /// The only algorithm that digests of this many bytes can still be of.
    #[must_use]
    pub fn decided(&self, digest_bytes: usize) -> Option<Algorithm> {
        let set = self.of_length(digest_bytes)?;
        (set.len() == 1).then(|| set.first())
    }

    /// The algorithm of the untagged digests, as it was given or first found.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        match self.hint {
            Some(Hint::Algorithm(given)) => Some(given),
            Some(Hint::Family(_) | Hint::Unsupported(_)) | None => self.found().next(),
        }
    }

    /// The algorithms that matches have found, in the order in which they were found.
    pub fn found(&self) -> impl Iterator<Item = Algorithm> {
        self.narrowed.iter().filter(|(_, set)| set.len() == 1).map(|(_, set)| set.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Digest, MultiHasher};

    fn untagged(digest: &[u8]) -> Claimed {
        Claimed::untagged(hex::encode(digest).as_bytes(), None).unwrap()
    }

    /// The digest of some bytes with one algorithm.
    fn digest(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
        let mut hasher = MultiHasher::new(&Algorithms::single(algorithm));
        hasher.update(bytes);
        let mut out = Vec::new();
        hasher.finalize_reset_into(&mut out);
        Digest::new(algorithm, &out).unwrap().as_bytes().to_vec()
    }

    fn judge(candidates: &mut Candidates, claimed: &Claimed, file: &[u8]) -> (bool, Option<Algorithm>) {
        let tried = candidates.of(claimed).unwrap();
        let digests: Vec<_> = tried.iter().map(|one| (one, digest(one, file))).collect();
        let of = |algorithm| digests.iter().find(|(one, _)| *one == algorithm).map(|(_, digest)| &digest[..]);
        let outcome = candidates.compare(claimed, of).unwrap();
        (outcome.matching.is_some(), candidates.narrow(claimed, &outcome))
    }

    #[test]
    fn a_match_decides_among_all_algorithms_of_a_length() {
        for bytes in [4, 8, 16, 20, 28, 32, 48, 64] {
            for algorithm in Algorithm::of_length(bytes).iter().copied() {
                let mut candidates = Candidates::new(None);
                let claimed = untagged(&digest(algorithm, b"hello\n"));
                let several = candidates.of(&claimed).unwrap().len() > 1;
                assert_eq!(judge(&mut candidates, &claimed, b"other"), (false, None), "a damaged file decides nothing");
                assert_eq!(judge(&mut candidates, &claimed, b"hello\n"), (true, several.then_some(algorithm)));
                assert_eq!(candidates.decided(bytes), Some(algorithm));
                assert_eq!(judge(&mut candidates, &claimed, b"hello\n"), (true, None), "it is said once");
            }
        }
    }

    #[test]
    fn only_what_is_computed_is_kept_and_never_nothing() {
        let mut candidates = Candidates::new(None);
        candidates.keep(32, &Algorithms::single(Algorithm::Md5));
        assert_eq!(candidates, Candidates::new(None), "no digest of 32 bytes is one of MD5");
        candidates.keep(32, &Algorithms::new([Algorithm::Sha256, Algorithm::Blake3, Algorithm::Md5]).unwrap());
        assert_eq!(candidates.of(&untagged(&[1; 32])).unwrap().len(), 2);
        candidates.keep(32, &Algorithms::single(Algorithm::Sha256));
        assert_eq!((candidates.decided(32), candidates.decided(16)), (Some(Algorithm::Sha256), None));
    }

    #[test]
    fn digests_on_which_algorithms_agree_leave_several() {
        let mut candidates = Candidates::new(None);
        let empty = untagged(&[0; 4]);
        assert_eq!(judge(&mut candidates, &empty, b""), (true, None), "crc32 and crc32c of nothing are 0");
        assert!(candidates.of(&empty).unwrap().len() > 1);
        let crc32c = untagged(&digest(Algorithm::Crc32c, b"hello\n"));
        assert_eq!(judge(&mut candidates, &crc32c, b"hello\n"), (true, Some(Algorithm::Crc32c)));
        let crc32 = untagged(&digest(Algorithm::Crc32, b"hello\n"));
        assert_eq!(judge(&mut candidates, &crc32, b"hello\n"), (false, None), "another algorithm was decided");
        assert_eq!(candidates.found().collect::<Vec<_>>(), [Algorithm::Crc32c]);
    }

    #[test]
    fn the_name_of_the_manifest_leaves_one_and_each_length_is_decided_alone() {
        let candidates = Candidates::new(Hint::of_name(b"SHA256SUMS"));
        assert_eq!(candidates.of(&untagged(&[1; 32])).unwrap().as_slice(), [Algorithm::Sha256]);
        assert_eq!(candidates.of(&untagged(&[1; 16])), None);
        let tagged = Claimed::tagged(Algorithm::Md5, &[b'0'; 32]).unwrap();
        assert_eq!(candidates.of(&tagged).unwrap().as_slice(), [Algorithm::Md5]);
        let mut both = Candidates::new(None);
        let (md5, sha256) = (untagged(&digest(Algorithm::Md5, b"x")), untagged(&digest(Algorithm::Sha256, b"x")));
        assert_eq!(judge(&mut both, &md5, b"x"), (true, Some(Algorithm::Md5)));
        assert_eq!(judge(&mut both, &sha256, b"x"), (true, Some(Algorithm::Sha256)));
    }
}
