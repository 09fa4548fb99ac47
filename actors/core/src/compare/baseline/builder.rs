//! Collects, sorts and merges the entries of a baseline.

use super::{Baseline, Entry};
use crate::compare::difference::Fact;
use crate::compare::spelling::without_dot;
use crate::file::{PathInvalid, RelPath};
use crate::manifest::{Claimed, Record};
use crate::result::{Known, walk_order};

/// Collects the records of a manifest.
#[derive(Debug, Default)]
pub struct BaselineBuilder {
    raw: Baseline,
}

impl BaselineBuilder {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record. One without a digest is ignored.
    ///
    /// # Errors
    /// [`PathInvalid`], which says what is wrong with its name.
    pub fn push(&mut self, record: &Record) -> Result<(), PathInvalid> {
        if record.digests.is_empty() {
            return Ok(());
        }
        let name = without_dot(&record.name);
        RelPath::new(name)?;
        if name.is_empty() {
            return Err(PathInvalid("is empty"));
        }
        self.add(name, &record.digests, record.known());
        Ok(())
    }

    /// Adds what was known of a file of a walk.
    pub fn push_fact(&mut self, fact: &Fact) {
        if !fact.digests.is_empty() {
            self.add(&fact.path, &fact.digests, fact.known);
        }
    }

    pub(super) fn add(&mut self, name: &[u8], claims: &[Claimed], known: Known) {
        let raw = &mut self.raw;
        let has_known = known != Known::default();
        raw.known.extend(has_known.then_some(known));
        let known = if has_known { u32::try_from(raw.known.len()).unwrap_or(0) } else { 0 };
        let (name_at, claims_at) = (raw.names.len(), raw.claims.len());
        raw.names.extend_from_slice(name);
        raw.add_claims(claims_at, claims);
        let [name_len, claims_len] = [name.len(), raw.claims.len() - claims_at].map(|len| len as u32);
        raw.entries.push(Entry { name_at, claims_at, name_len, claims_len, known });
    }

    /// Sorts the entries and merges those with the same name. Names and digests stay where they are, so that this takes
    /// no further memory.
    #[must_use]
    pub fn finish(self) -> Baseline {
        let mut all = self.raw;
        let (names, mut entries) = (&all.names, std::mem::take(&mut all.entries));
        // Those with the same name in the order in which they came.
        entries.sort_unstable_by(|one, other| {
            walk_order(one.name(names), other.name(names)).then(one.claims_at.cmp(&other.claims_at))
        });
        entries.dedup_by(|next, first| {
            let is_same = next.name(&all.names) == first.name(&all.names);
            if is_same {
                all.merge(first, next);
            }
            is_same
        });
        all.entries = entries;
        all
    }
}

impl Baseline {
    /// Adds the digests that are not among those from `start` on.
    fn add_claims(&mut self, start: usize, claims: &[Claimed]) {
        for claim in claims {
            if !self.claims[start..].contains(claim) {
                self.claims.push(*claim);
            }
        }
    }

    /// Gives `first` the digests of `next`, too: together they stand behind all others.
    fn merge(&mut self, first: &mut Entry, next: &Entry) {
        let end = first.claims_at + first.claims_len as usize;
        if end != self.claims.len() {
            let start = self.claims.len();
            self.claims.extend_from_within(first.claims_at..end);
            first.claims_at = start;
        }
        let more = self.claims[next.claims_at..][..next.claims_len as usize].to_vec();
        self.add_claims(first.claims_at, &more);
        first.claims_len = (self.claims.len() - first.claims_at) as u32;
    }
}
