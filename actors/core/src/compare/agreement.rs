//! Whether two sets of digests can be of the same content, where some do not name their algorithm.
//!
//! Digests with the same algorithm must be equal. A digest without one is held against those of its length that have no
//! partner of their own: equal digests show that both sides mean one algorithm, but different ones show nothing as long
//! as no equal pair of that length has been seen in the whole comparison.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::digest::{Algorithm, Algorithms, MultiHasher};
use crate::manifest::{Candidates, Claimed};
use crate::result::EntryDigests;

/// Whether two sets of digests can be of the same content. `None` if they have no algorithm in common. An untagged
/// digest may be of any of its candidates.
pub(super) fn agree(one: &[Claimed], other: &[Claimed], candidates: &Candidates) -> Option<bool> {
    let mut compared = None;
    for mine in one.iter().filter(|mine| mine.tag().is_some()) {
        for theirs in other.iter().filter(|theirs| theirs.tag() == mine.tag()) {
            compared = Some(compared.unwrap_or(true) && are_equal(mine, theirs));
        }
    }
    for (_, is_equal) in by_length(one, other, candidates) {
        compared = Some(compared.unwrap_or(true) && is_equal);
    }
    compared
}

/// What two sets of digests that do not agree say about the entries they are of: a secure one is in both, so the content
/// is the same, and another algorithm has two different ones.
pub(super) fn entries(one: &[Claimed], other: &[Claimed]) -> EntryDigests {
    let (mut has_the_content, mut differs) = (false, false);
    for mine in one {
        let Some(tag) = mine.tag() else { continue };
        for theirs in other.iter().filter(|theirs| theirs.tag() == Some(tag)) {
            has_the_content |= tag.is_secure() && are_equal(mine, theirs);
            differs |= !are_equal(mine, theirs);
        }
    }
    match has_the_content && differs {
        true => EntryDigests::Contradict,
        false => EntryDigests::Unsettled,
    }
}

fn are_equal(one: &Claimed, other: &Claimed) -> bool {
    one.is(other.as_bytes()) && other.is(one.as_bytes())
}

/// For each length in bytes at which a digest without algorithm can be compared: whether the digests are equal. Each of
/// the side with fewer of them must have an equal one on the other side.
fn by_length(one: &[Claimed], other: &[Claimed], candidates: &Candidates) -> Vec<(usize, bool)> {
    let mut lengths = Vec::new();
    for claim in one.iter().chain(other).filter(|claim| claim.tag().is_none()) {
        let bytes = claim.as_bytes().len();
        if lengths.iter().any(|(known, _)| *known == bytes) {
            continue;
        }
        let (mine, theirs) = (alone(one, other, bytes), alone(other, one, bytes));
        let (few, many) = if mine.len() <= theirs.len() { (mine, theirs) } else { (theirs, mine) };
        let mut held = few.iter().filter_map(|claim| has_equal(claim, &many, candidates)).peekable();
        if held.peek().is_some() {
            lengths.push((bytes, held.all(|is_equal| is_equal)));
        }
    }
    lengths
}

/// The digests of this length that are not compared with one of the same tag.
fn alone<'c>(claims: &'c [Claimed], others: &[Claimed], bytes: usize) -> Vec<&'c Claimed> {
    let has_partner = |claim: &Claimed| claim.tag().is_some() && others.iter().any(|other| other.tag() == claim.tag());
    claims.iter().filter(|claim| claim.as_bytes().len() == bytes && !has_partner(claim)).collect()
}

/// Whether one of the others is equal to it; `None` if it cannot be compared with any.
fn has_equal(claim: &Claimed, others: &[&Claimed], candidates: &Candidates) -> Option<bool> {
    let mut comparable = others.iter().filter(|other| are_comparable(claim, other, candidates)).peekable();
    comparable.peek()?;
    Some(comparable.any(|other| are_equal(claim, other)))
}

fn are_comparable(one: &Claimed, other: &Claimed, candidates: &Candidates) -> bool {
    let can_be = |claimed: &Claimed, algorithm| candidates.of(claimed).is_some_and(|all| all.contains(algorithm));
    match (one.tag(), other.tag()) {
        (Some(one), Some(other)) => one == other,
        (Some(tag), None) => can_be(other, tag),
        (None, Some(tag)) => can_be(one, tag),
        (None, None) => one.as_bytes().len() == other.as_bytes().len(),
    }
}

/// What the comparisons of digests without an algorithm have shown so far, for each length: at most 64.
#[derive(Debug, Default)]
pub(super) struct Untagged(Vec<Seen>);

#[derive(Debug)]
struct Seen {
    bytes: usize,
    agree: bool,
    differ: bool,
}

impl Untagged {
    /// Adds one file of both sides.
    pub(super) fn add(&mut self, one: &[Claimed], other: &[Claimed], candidates: &Candidates) {
        for (bytes, is_equal) in by_length(one, other, candidates) {
            let at = self.0.iter().position(|seen| seen.bytes == bytes).unwrap_or_else(|| {
                self.0.push(Seen { bytes, agree: false, differ: false });
                self.0.len() - 1
            });
            let of_length = |claim: &&Claimed| claim.as_bytes().len() == bytes;
            self.0[at].differ |= !is_equal;
            self.0[at].agree |= is_equal && one.iter().filter(of_length).all(tells_its_algorithm);
        }
    }

    /// Whether digests of some length never agree: they may be of different algorithms.
    pub(super) fn is_undecided(&self) -> bool {
        self.0.iter().any(|seen| seen.differ && !seen.agree)
    }
}

/// Whether equal digests show that their algorithms are equal: not those that two algorithms give for one content.
fn tells_its_algorithm(claim: &Claimed) -> bool {
    claim.tag().is_some() || !SHARED.iter().any(|shared| claim.is(shared))
}

/// The digests that two algorithms give for one and the same short content. A reflected CRC that begins and ends with
/// all bits set (CRC-32, CRC-32C, CRC-64) keeps its register clear once a byte of 0xff took each byte of it away: of up
/// to as many of those bytes as it has, it is those bytes and zeros whatever its polynomial. Of other contents of up to
/// two bytes no two algorithms give one digest (a test); of longer ones they do by chance only, one in 2^32.
static SHARED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut shared = Vec::new();
    let may_be_untagged = |one: &Algorithm| Algorithm::of_length(one.digest_bytes()).contains(one);
    for content in (0..=LONGEST_CRC).map(|bytes| vec![0xff; bytes]) {
        let mut digests: Vec<_> = Algorithm::ALL
            .into_iter()
            .filter(may_be_untagged)
            .map(|algorithm| digest_of(algorithm, &content))
            .collect();
        digests.sort_unstable();
        shared.extend(digests.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone()));
    }
    shared.sort_unstable();
    shared.dedup();
    shared
});

/// Bytes of the longest CRC.
const LONGEST_CRC: usize = 8;

/// Whether it may be the digest of an empty file.
pub(super) fn is_of_no_bytes(claim: &Claimed) -> bool {
    let set = Candidates::default().of(claim);
    set.iter().flat_map(Algorithms::iter).any(|algorithm| is_of_nothing(algorithm, claim.as_bytes()))
}

/// Whether it is the digest of an empty file with this algorithm.
fn is_of_nothing(algorithm: Algorithm, digest: &[u8]) -> bool {
    match OF_NOTHING.get(&algorithm) {
        Some(of_nothing) => of_nothing == digest,
        None => digest_of(algorithm, b"") == digest,
    }
}

/// The digests of an empty file with the algorithms that have no parameter: they are asked for once for each file of
/// which no size was recorded.
static OF_NOTHING: LazyLock<HashMap<Algorithm, Vec<u8>>> =
    LazyLock::new(|| Algorithm::ALL.into_iter().map(|algorithm| (algorithm, digest_of(algorithm, b""))).collect());

fn digest_of(algorithm: Algorithm, content: &[u8]) -> Vec<u8> {
    let (mut hasher, mut digest) = (MultiHasher::new(&Algorithms::single(algorithm)), Vec::new());
    hasher.update(content);
    hasher.finalize_reset_into(&mut digest);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Algorithm, Digest};

    fn tagged(algorithm: Algorithm, byte: u8) -> Claimed {
        Claimed::of(Digest::new(algorithm, &vec![byte; algorithm.digest_bytes()]).unwrap())
    }

    fn untagged(byte: u8, bytes: usize) -> Claimed {
        Claimed::untagged_for_tests(&hex::encode(vec![byte; bytes]))
    }

    fn agree_either_way(one: &[Claimed], other: &[Claimed]) -> Option<bool> {
        let there = agree(one, other, &Candidates::default());
        assert_eq!(there, agree(other, one, &Candidates::default()));
        there
    }

    #[test]
    fn digests_agree_only_where_they_can_be_compared() {
        use Algorithm::{Crc32, Crc32c};
        let crc32c = tagged(Crc32c, 1);
        assert_eq!(agree_either_way(&[tagged(Crc32, 1)], &[tagged(Crc32, 1)]), Some(true));
        assert_eq!(agree_either_way(&[tagged(Crc32, 1), crc32c], &[tagged(Crc32, 2), crc32c]), Some(false));
        assert_eq!(agree_either_way(&[tagged(Crc32, 1)], &[crc32c]), None);
        assert_eq!(agree_either_way(&[], &[crc32c]), None);
    }

    #[test]
    fn entries_contradict_each_other_if_a_secure_digest_is_equal_and_another_is_not() {
        use Algorithm::{Blake3, Md5, Sha256};
        let one = [tagged(Blake3, 1), tagged(Sha256, 1), tagged(Md5, 1)];
        for (other, expected) in [
            (vec![tagged(Blake3, 1), tagged(Sha256, 2)], EntryDigests::Contradict),
            (vec![tagged(Sha256, 1), tagged(Md5, 2)], EntryDigests::Contradict),
            (vec![tagged(Sha256, 2), tagged(Md5, 1)], EntryDigests::Unsettled),
            (vec![tagged(Sha256, 2), tagged(Blake3, 2)], EntryDigests::Unsettled),
            (vec![tagged(Sha256, 1), untagged(2, 16)], EntryDigests::Unsettled),
        ] {
            assert_eq!((entries(&one, &other), entries(&other, &one)), (expected, expected), "{other:?}");
        }
    }

    #[test]
    fn an_untagged_digest_is_held_against_every_digest_it_may_be() {
        use Algorithm::{Blake3, Sha256};
        let job = [tagged(Sha256, 1), tagged(Blake3, 2)];
        assert_eq!(agree_either_way(&job, &[untagged(1, 32)]), Some(true), "sha256");
        assert_eq!(agree_either_way(&job, &[untagged(2, 32)]), Some(true), "blake3");
        assert_eq!(agree_either_way(&job, &[untagged(3, 32)]), Some(false));
        assert_eq!(agree_either_way(&job, &[untagged(3, 16)]), None);
        let mixed = [tagged(Sha256, 1), untagged(2, 32)];
        assert_eq!(agree_either_way(&mixed, &[tagged(Sha256, 1)]), Some(true), "the other one may be of BLAKE3");
        assert_eq!(agree_either_way(&mixed, &job), Some(true));
        assert_eq!(agree_either_way(&mixed, &[untagged(2, 32), untagged(1, 32)]), Some(true));
    }

    #[test]
    fn equal_crcs_of_a_content_for_which_all_are_equal_do_not_show_that_both_are_of_one_algorithm() {
        let candidates = Candidates::default();
        for bytes in [4, 8] {
            let mut seen = Untagged::default();
            seen.add(&[untagged(1, bytes)], &[untagged(2, bytes)], &candidates);
            for ones in 0..=bytes {
                let hex = "ff".repeat(ones) + &"00".repeat(bytes - ones);
                let [one, other] = [(); 2].map(|()| Claimed::untagged_for_tests(&hex));
                seen.add(&[one], &[other], &candidates);
                assert!(seen.is_undecided(), "{hex}");
            }
            seen.add(&[untagged(3, bytes)], &[untagged(3, bytes)], &candidates);
            assert!(!seen.is_undecided());
        }
    }

    #[test]
    fn of_other_short_contents_no_two_algorithms_give_one_digest() {
        let weak = || [4, 8].into_iter().flat_map(|bytes| Algorithm::of_length(bytes).iter().copied());
        let contents = (0..=u8::MAX)
            .flat_map(|one| std::iter::once(vec![one]).chain((0..=u8::MAX).map(move |other| vec![one, other])));
        for content in contents.filter(|content| content.iter().any(|&byte| byte != 0xff)) {
            let mut digests: Vec<_> = weak().map(|algorithm| digest_of(algorithm, &content)).collect();
            digests.sort_unstable();
            digests.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1], "{content:?}"));
        }
        assert_eq!(SHARED.len(), (4 + 1) + (8 + 1), "of CRCs of 4 and of 8 bytes, and of nothing else");
    }

    #[test]
    fn the_digest_of_an_empty_file_is_known_of_algorithms_with_a_parameter_too() {
        for algorithm in [Algorithm::Sha256, Algorithm::blake2b(160).unwrap()] {
            let of_nothing = Digest::new(algorithm, &digest_of(algorithm, b"")).unwrap();
            assert!(is_of_no_bytes(&Claimed::of(of_nothing)), "{algorithm}");
            assert!(!is_of_no_bytes(&tagged(algorithm, 1)), "{algorithm}");
        }
    }

    #[test]
    fn each_length_is_decided_alone() {
        let candidates = Candidates::default();
        let mut seen = Untagged::default();
        seen.add(&[untagged(1, 16), untagged(1, 32)], &[untagged(1, 16), untagged(2, 32)], &candidates);
        assert!(seen.is_undecided(), "MD5 agrees, but SHA-256 was compared with BLAKE3");
    }
}
