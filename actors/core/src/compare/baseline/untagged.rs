//! The digests of a baseline that do not name their algorithm: what they may be of, and what files have shown.

use super::Baseline;
use crate::compare::matching::match_all;
use crate::digest::{Algorithm, Algorithms};
use crate::manifest::{Candidates, Claimed};
use crate::result::{ItemRef, Status};

impl Baseline {
    /// One claim of each algorithm and of each length without one: at most a few hundred.
    pub(super) fn kinds(&self) -> Vec<Claimed> {
        let mut kinds: Vec<Claimed> = Vec::new();
        for claim in (0..self.len()).filter_map(|index| self.get(index)).flat_map(|one| one.digests) {
            let kind = |known: &Claimed| (known.tag(), known.as_bytes().len());
            // Most claims are of the kind of the one before them.
            if !kinds.iter().rev().any(|known| kind(known) == kind(claim)) {
                kinds.push(*claim);
            }
        }
        kinds
    }

    /// The sets of algorithms that untagged digests may be of, where there are several.
    #[must_use]
    pub fn undecided(&self, candidates: &Candidates) -> Vec<Algorithms> {
        let untagged = self.kinds().into_iter().filter(|claim| claim.tag().is_none());
        untagged.filter_map(|claim| candidates.of(&claim)).filter(|set| set.len() > 1).collect()
    }

    /// Rules out algorithms that are not computed, for lengths of digest of which another one is. A scan whose files have
    /// told the algorithms computes no others.
    pub fn keep_computed(&self, candidates: &mut Candidates, computed: &Algorithms) {
        for set in self.undecided(candidates) {
            candidates.keep(set.first().digest_bytes(), computed);
        }
    }

    /// The algorithm of the digests that do not name theirs, as it was given or found. `None` if there are no such
    /// digests, or nothing has told.
    pub(in crate::compare) fn untagged_algorithm(&self, candidates: &Candidates) -> Option<Algorithm> {
        let kinds = self.kinds();
        // The reader has given an algorithm to what the name of the manifest decides, so that is told by its length.
        let decided = kinds.iter().find_map(|claim| {
            let decided = candidates.decided(claim.as_bytes().len())?;
            claim.tag().is_none_or(|tag| tag == decided).then_some(decided)
        });
        let is_used = |told: &Algorithm| kinds.iter().any(|claim| claim.resolved(*told).is_some());
        candidates.algorithm().filter(is_used).or(decided)
    }

    /// The names of entries with a digest that may be of several algorithms, in walk order.
    pub fn undecided_names<'b>(&'b self, candidates: &'b Candidates) -> impl Iterator<Item = &'b [u8]> {
        let is_undecided =
            |claim: &Claimed| claim.tag().is_none() && candidates.of(claim).is_some_and(|set| set.len() > 1);
        let entries = (0..self.len()).filter_map(|index| self.get(index));
        entries.filter(move |one| one.digests.iter().any(is_undecided)).map(|one| one.name)
    }

    /// Narrows what untagged digests may be of by the result of one file, in any order. A file that differs from its
    /// entry, or has none, decides nothing.
    pub fn narrow(&self, candidates: &mut Candidates, item: &ItemRef<'_>) {
        let at = self.index_of(item.path);
        if let (Some(expected), Status::Hashed(_)) = (at.and_then(|index| self.get(index)), item.status) {
            // The verdict is given later, when the whole tree is judged.
            let _ = match_all(candidates, expected.digests, |algorithm| item.digest(algorithm));
        }
    }
}
