//! What files should be: the entries of a manifest, in walk order, one per name.
//!
//! Names are compared without a leading `./`. Absolute names and names with `..` are refused: a baseline describes one
//! tree.

mod builder;
mod untagged;

pub use self::builder::BaselineBuilder;
use super::difference::Fact;
use super::spelling::Spelling;
use crate::digest::{Algorithms, AlgorithmsInvalid};
use crate::file::{PathInvalid, RelPath};
use crate::manifest::{Candidates, Claimed};
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
    /// What is known of entries besides their digests. Most manifests tell nothing.
    known: Vec<Known>,
    entries: Vec<Entry>,
}

/// Where the parts of an entry are.
#[derive(Debug, Clone, Copy)]
struct Entry {
    name_at: usize,
    claims_at: usize,
    name_len: u32,
    claims_len: u32,
    /// The index of what is known of it, from 1; 0 for nothing.
    known: u32,
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
        self.entries.retain(|entry| is_wanted(entry.name(names)));
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
        entry.name(&self.names)
    }

    pub(super) fn get(&self, index: usize) -> Option<Expected<'_>> {
        let entry = self.entries.get(index)?;
        Some(Expected {
            name: self.name(entry),
            digests: &self.claims[entry.claims_at..][..entry.claims_len as usize],
            known: self.known.get((entry.known as usize).wrapping_sub(1)).copied().unwrap_or_default(),
        })
    }

    /// All digests of all entries. Those of merged entries may come twice.
    pub(super) fn claims(&self) -> &[Claimed] {
        &self.claims
    }
}

impl Entry {
    fn name<'n>(&self, names: &'n [u8]) -> &'n [u8] {
        &names[self.name_at..][..self.name_len as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Algorithm, Digest};
    use crate::manifest::Record;

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
    fn what_a_merged_entry_claims_is_in_the_order_of_the_manifest_and_copied_once() {
        let mut builder = BaselineBuilder::new();
        let bytes: Vec<u8> = (0..100).map(|number| number % 50).collect();
        for byte in &bytes {
            builder.push(&record("a", *byte)).unwrap();
            builder.push(&record("b", *byte)).unwrap();
        }
        let first = Record { size: Some(7), ..record("c", 1) };
        builder.push(&first).unwrap();
        builder.push(&record("c", 2)).unwrap();
        let baseline = builder.finish();
        for index in 0..2 {
            let of_entry = baseline.get(index).unwrap().digests;
            assert!(of_entry.iter().map(|claim| claim.as_bytes()[0]).eq(0..50));
        }
        assert_eq!(baseline.get(2).unwrap().known.size, Some(7), "of the first record");
        assert!(baseline.claims.len() <= 2 * (2 * bytes.len() + 2), "{} claims", baseline.claims.len());
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
