//! Compares the digests of one file with what an entry claims, and narrows what untagged digests may be of.
//!
//! All claims of an entry must match, each under what the claims before it have left: two digests of one file cannot
//! match under two algorithms where the manifest has one. A file of which one digest does not match decides nothing.

use crate::digest::{Algorithm, Algorithms};
use crate::manifest::{Candidates, Claimed};
use crate::result::EntryDigests;

/// A file that differs from its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Differs {
    /// The algorithms of the claims that do not match: of an untagged one all that were tried, at least none.
    pub(super) failed: Vec<Algorithm>,
    /// What the claims say about the entry, once they are compared with the file.
    pub(super) entry: EntryDigests,
}

/// Compares every claim of an entry with the digests of its file, and narrows the candidates if all match.
pub(super) fn match_all<'d>(
    candidates: &mut Candidates,
    claims: &[Claimed],
    digest_of: impl Fn(Algorithm) -> Option<&'d [u8]>,
) -> Result<(), Differs> {
    if let [only] = claims {
        return match_one(candidates, only, &digest_of)
            .map(drop)
            .map_err(|failed| Differs { failed, entry: EntryDigests::Unsettled });
    }
    let mut narrowed = candidates.clone();
    let mut failed: Option<Vec<Algorithm>> = None;
    let (mut has_the_content, mut names_its_algorithm) = (false, true);
    for claim in claims {
        match match_one(&mut narrowed, claim, &digest_of) {
            Ok(matching) => has_the_content |= matching.iter().all(Algorithm::is_secure),
            Err(tried) => {
                // One that does not may be of another algorithm than those that were tried.
                names_its_algorithm &= claim.tag().is_some();
                failed.get_or_insert_default().extend(tried);
            }
        }
    }
    let entry = match has_the_content && names_its_algorithm {
        true => EntryDigests::Contradict,
        false => EntryDigests::Unsettled,
    };
    match failed {
        Some(failed) => Err(Differs { failed, entry }),
        None => {
            *candidates = narrowed;
            Ok(())
        }
    }
}

/// Narrows by one claim. Returns the algorithms that it matches under; the error is what was tried.
fn match_one<'d>(
    candidates: &mut Candidates,
    claim: &Claimed,
    digest_of: &impl Fn(Algorithm) -> Option<&'d [u8]>,
) -> Result<Algorithms, Vec<Algorithm>> {
    let Some(outcome) = candidates.compare(claim, digest_of) else { return Err(Vec::new()) };
    let Some(matching) = outcome.matching else { return Err(outcome.tried.iter().collect()) };
    candidates.narrow(claim, &outcome);
    Ok(matching)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Digest, MultiHasher};

    fn digest(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
        let mut hasher = MultiHasher::new(&Algorithms::single(algorithm));
        hasher.update(bytes);
        let mut out = Vec::new();
        hasher.finalize_reset_into(&mut out);
        out
    }

    fn claimed(algorithm: Algorithm) -> Claimed {
        Claimed::untagged_for_tests(&hex::encode(digest(algorithm, b"hello\n")))
    }

    fn match_hello(candidates: &mut Candidates, claims: &[Claimed]) -> Result<(), Differs> {
        let digests: Vec<_> = Algorithm::of_length(32).iter().map(|one| (*one, digest(*one, b"hello\n"))).collect();
        let of = |wanted| digests.iter().find(|(one, _)| *one == wanted).map(|(_, digest)| &digest[..]);
        match_all(candidates, claims, of)
    }

    #[test]
    fn two_untagged_digests_of_one_length_cannot_match_under_two_algorithms() {
        let mut candidates = Candidates::default();
        let both = [claimed(Algorithm::Sha256), claimed(Algorithm::Blake3)];
        assert_eq!(match_hello(&mut candidates, &both).unwrap_err().failed, [Algorithm::Sha256]);
        assert_eq!(candidates, Candidates::default(), "it decides nothing");
        assert_eq!(match_hello(&mut candidates, &[both[1]]), Ok(()));
        assert_eq!(candidates.decided(32), Some(Algorithm::Blake3));
        assert_eq!(match_hello(&mut candidates, &[both[0]]).unwrap_err().failed, [Algorithm::Blake3]);
    }

    #[test]
    fn all_that_was_tried_is_named_if_nothing_matches() {
        let other = Claimed::untagged_for_tests(&"0".repeat(64));
        let failed = match_hello(&mut Candidates::default(), &[other]).unwrap_err().failed;
        assert_eq!(failed, Algorithm::of_length(32));
    }

    #[test]
    fn an_entry_contradicts_itself_if_a_secure_digest_matches_and_another_that_names_its_algorithm_does_not() {
        use Algorithm::{Blake3, Md5, Sha256};
        let right = |algorithm| Claimed::of(Digest::new(algorithm, &digest(algorithm, b"hello\n")).unwrap());
        let wrong =
            |algorithm: Algorithm| Claimed::of(Digest::new(algorithm, &vec![0; algorithm.digest_bytes()]).unwrap());
        let hello = |wanted: Algorithm| Some(digest(wanted, b"hello\n"));
        let [blake3, sha256, md5] = [Blake3, Sha256, Md5].map(|algorithm| hello(algorithm).unwrap());
        let of = |wanted| {
            [(Blake3, &blake3), (Sha256, &sha256), (Md5, &md5)]
                .iter()
                .find(|(one, _)| *one == wanted)
                .map(|(_, digest)| &digest[..])
        };
        for (claims, entry) in [
            ([right(Blake3), wrong(Sha256)], EntryDigests::Contradict),
            ([wrong(Sha256), right(Blake3)], EntryDigests::Contradict),
            ([right(Sha256), wrong(Sha256)], EntryDigests::Contradict),
            ([right(Sha256), wrong(Md5)], EntryDigests::Contradict),
            ([right(Md5), wrong(Sha256)], EntryDigests::Unsettled),
            ([wrong(Blake3), wrong(Sha256)], EntryDigests::Unsettled),
        ] {
            assert_eq!(match_all(&mut Candidates::default(), &claims, of).unwrap_err().entry, entry, "{claims:?}");
        }
    }
}
