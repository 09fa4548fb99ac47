//! What files should be: the entries of a manifest, in walk order, one per name.
//!
//! Names are compared without a leading `./`. Absolute names and names with `..` are refused: a baseline describes one
//! tree.

mod untagged;

use crate::digest::{Algorithms, AlgorithmsInvalid};
use crate::file::{PathInvalid, RelPath};
use crate::manifest::{Candidates, Claimed, Record};

use super::difference::Fact;
use super::spelling::{Spelling, without_dot};
use crate::result::{Known, walk_order};

/// The entries of a manifest, sorted and merged.
///
/// ```
/// use hivesum_core::manifest::Candidates;
/// use hivesum_core::{BaselineBuilder, Claimed, Digest, Record};
///
/// let mut builder = BaselineBuilder::new();
/// for (name, digits) in [("b", "00000001"), ("./a/x", "00000002"), ("a/x", "00000002")] {
///     let digest = Claimed::of(Digest::from_hex(hivesum_core::Algorithm::Crc32, digits)?);
///     builder.push(&Record { name: name.into(), digests: vec![digest], ..Record::default() })?;
/// }
/// let baseline = builder.finish();
/// assert_eq!(baseline.names().collect::<Vec<_>>(), [&b"a/x"[..], b"b"]);
/// assert_eq!(baseline.algorithms(&Candidates::default())?.to_string(), "crc32");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    names: Vec<u8>,
    claims: Vec<Claimed>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    name_at: usize,
    name_len: usize,
    claims_at: usize,
    claims_len: usize,
    known: Known,
}

/// One entry, borrowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) name: &'a [u8],
    pub(super) digests: &'a [Claimed],
    pub(super) known: Known,
}

impl Baseline {
    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The names in walk order.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> + Clone {
        (0..self.len()).filter_map(|index| Some(self.get(index)?.name))
    }

    /// The same entries under the names that a spelling gives them.
    ///
    /// # Errors
    /// The first name that is no name in a tree then, and what is wrong with it.
    pub fn respelled(&self, spelling: &Spelling) -> Result<Self, (Vec<u8>, PathInvalid)> {
        let mut builder = BaselineBuilder::new();
        for one in (0..self.len()).filter_map(|index| self.get(index)) {
            let name = spelling.read(one.name);
            match RelPath::new(&*name) {
                Ok(_) if name.is_empty() => return Err((one.name.to_vec(), PathInvalid("is empty"))),
                Ok(_) => builder.add(&name, one.digests, one.known),
                Err(invalid) => return Err((one.name.to_vec(), invalid)),
            }
        }
        Ok(builder.finish())
    }

    /// Keeps only the entries with these names.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&[u8]) -> bool) {
        let names = &self.names;
        self.entries.retain(|entry| is_wanted(&names[entry.name_at..][..entry.name_len]));
    }

    /// The entries as facts, in walk order.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        let fact =
            |one: Expected<'_>| Fact { path: one.name.to_vec(), known: one.known, digests: one.digests.to_vec() };
        (0..self.len()).filter_map(move |index| self.get(index).map(fact))
    }

    /// The algorithms to compute for every file. `candidates` are those of untagged digests.
    ///
    /// # Errors
    /// If there are more than a set holds: digests of very many lengths that do not name their algorithms.
    pub fn algorithms(&self, candidates: &Candidates) -> Result<Algorithms, AlgorithmsInvalid> {
        let kinds = self.kinds();
        let all = kinds.iter().filter_map(|claim| candidates.of(claim)).flat_map(|set| set.as_slice().to_vec());
        let mut all = all.peekable();
        if all.peek().is_none() {
            return Ok(Algorithms::default());
        }
        Algorithms::new(all)
    }

    /// The entry with this name.
    fn index_of(&self, name: &[u8]) -> Option<usize> {
        self.entries.binary_search_by(|entry| walk_order(self.name(entry), name)).ok()
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        &self.names[entry.name_at..][..entry.name_len]
    }

    pub(super) fn get(&self, index: usize) -> Option<Expected<'_>> {
        let entry = self.entries.get(index)?;
        Some(Expected {
            name: self.name(entry),
            digests: &self.claims[entry.claims_at..][..entry.claims_len],
            known: entry.known,
        })
    }

    /// All digests of all entries.
    pub(super) fn claims(&self) -> &[Claimed] {
        &self.claims
    }
}

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

    fn add(&mut self, name: &[u8], claims: &[Claimed], known: Known) {
        let raw = &mut self.raw;
        raw.entries.push(Entry {
            name_at: raw.names.len(),
            name_len: name.len(),
            claims_at: raw.claims.len(),
            claims_len: claims.len(),
            known,
        });
        raw.names.extend_from_slice(name);
        raw.claims.extend_from_slice(claims);
    }

    /// Sorts the entries and merges those with the same name.
    #[must_use]
    pub fn finish(self) -> Baseline {
        let raw = self.raw;
        let mut order: Vec<usize> = (0..raw.len()).collect();
        let name = |index: usize| raw.name(&raw.entries[index]);
        order.sort_by(|&one, &other| walk_order(name(one), name(other)).then(one.cmp(&other)));
        let mut sorted = Baseline { names: Vec::with_capacity(raw.names.len()), ..Baseline::default() };
        for index in order {
            let entry = raw.entries[index];
            let claims = &raw.claims[entry.claims_at..][..entry.claims_len];
            sorted.append(name(index), claims, entry.known);
        }
        sorted
    }
}

impl Baseline {
    /// Appends an entry that sorts after the last one or has the same name.
    fn append(&mut self, name: &[u8], claims: &[Claimed], known: Known) {
        let repeats = self.len().checked_sub(1).and_then(|last| self.get(last)).is_some_and(|last| last.name == name);
        if !repeats {
            self.entries.push(Entry {
                name_at: self.names.len(),
                name_len: name.len(),
                claims_at: self.claims.len(),
                claims_len: 0,
                known,
            });
            self.names.extend_from_slice(name);
        }
        let Some(entry) = self.entries.last_mut() else { return };
        for claim in claims {
            if !self.claims[entry.claims_at..].contains(claim) {
                self.claims.push(*claim);
                entry.claims_len += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Algorithm, Digest};

    fn record(name: &str, byte: u8) -> Record {
        let digests = vec![Claimed::of(Digest::new(Algorithm::Crc32, &[byte; 4]).unwrap())];
        Record { name: name.as_bytes().to_vec(), digests, ..Record::default() }
    }

    #[test]
    fn entries_are_in_walk_order_and_those_with_the_same_name_are_merged() {
        let mut builder = BaselineBuilder::new();
        for (name, byte) in [("b", 1), ("a.c", 2), ("./a/x", 3), ("a/x", 4), ("././b", 1)] {
            builder.push(&record(name, byte)).unwrap();
        }
        let baseline = builder.finish();
        assert_eq!(baseline.names().collect::<Vec<_>>(), [&b"a/x"[..], b"a.c", b"b"]);
        let digests: Vec<_> = (0..3).map(|index| baseline.get(index).unwrap().digests.len()).collect();
        assert_eq!(digests, [2, 1, 1], "a second digest is kept, a repeated one is not");
        assert_eq!(baseline.algorithms(&Candidates::default()), Ok(Algorithms::single(Algorithm::Crc32)));
    }

    #[test]
    fn names_that_lead_out_of_the_tree_are_refused() {
        for name in ["/etc/passwd", "../a", "a/../b", "./", "a//b", "a/"] {
            assert!(BaselineBuilder::new().push(&record(name, 1)).is_err(), "{name} was accepted");
        }
        let without = Record { digests: Vec::new(), ..record("../a", 1) };
        assert!(BaselineBuilder::new().push(&without).is_ok());
    }

    #[test]
    fn digests_of_more_algorithms_than_one_pass_computes_are_refused() {
        let mut builder = BaselineBuilder::new();
        for bytes in 16..=64 {
            let digests = vec![Claimed::untagged_for_tests(&"1f".repeat(bytes))];
            builder.push(&Record { name: b"a".to_vec(), digests, ..Record::default() }).unwrap();
        }
        let refused = builder.finish().algorithms(&Candidates::default());
        assert_eq!(refused, Err(AlgorithmsInvalid::TooMany));
        assert_eq!(BaselineBuilder::new().finish().algorithms(&Candidates::default()), Ok(Algorithms::default()));
    }
}
