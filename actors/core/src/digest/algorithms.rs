//! A set of algorithms: never empty, without repeats, in the order in which they were requested.
//!
//! The order matters: it is the order of the digests in a file's stride and in every output. The set is plain data
//! without a heap allocation, so messages and job records can carry it as it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Algorithm, UnknownAlgorithm};

/// A non-empty ordered set of algorithms; its serde form is the list of their names.
///
/// ```
/// use hivesum_core::{Algorithm, Algorithms};
///
/// let algorithms: Algorithms = "sha256, BLAKE3".parse()?;
/// assert_eq!(algorithms.as_slice(), [Algorithm::Sha256, Algorithm::Blake3]);
/// assert_eq!(algorithms.to_string(), "sha256,blake3");
/// // The digests of one file, end to end: where each begins.
/// assert_eq!(algorithms.digest_bytes(), 64);
/// assert_eq!(algorithms.position(Algorithm::Blake3), Some(32));
/// # Ok::<(), hivesum_core::digest::AlgorithmsInvalid>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "Vec<Algorithm>", try_from = "Vec<Algorithm>")]
pub struct Algorithms {
    /// From `len` on this holds the first algorithm again, so that equal sets are equal field by field.
    array: [Algorithm; MAX_ALGORITHMS],
    len: u8,
}

/// How many algorithms a set can hold: all without a parameter, and some with one.
pub const MAX_ALGORITHMS: usize = 48;

impl Algorithms {
    /// A single algorithm.
    #[must_use]
    pub const fn single(algorithm: Algorithm) -> Self {
        Self { array: [algorithm; MAX_ALGORITHMS], len: 1 }
    }

    /// These algorithms in this order. A repeated algorithm counts only the first time.
    ///
    /// # Errors
    /// [`AlgorithmsInvalid::Missing`] if there is none, [`AlgorithmsInvalid::TooMany`] if there are more than
    /// [`MAX_ALGORITHMS`] different ones.
    pub fn new(algorithms: impl IntoIterator<Item = Algorithm>) -> Result<Self, AlgorithmsInvalid> {
        let mut algorithms = algorithms.into_iter();
        let mut set = Self::single(algorithms.next().ok_or(AlgorithmsInvalid::Missing)?);
        for algorithm in algorithms {
            set.insert(algorithm)?;
        }
        Ok(set)
    }

    fn insert(&mut self, algorithm: Algorithm) -> Result<(), AlgorithmsInvalid> {
        if !self.contains(algorithm) {
            let len = self.len();
            *self.array.get_mut(len).ok_or(AlgorithmsInvalid::TooMany)? = algorithm;
            self.len += 1;
        }
        Ok(())
    }

    /// The algorithms in the requested order.
    #[must_use]
    pub fn as_slice(&self) -> &[Algorithm] {
        &self.array[..self.len()]
    }

    /// The algorithms in the requested order.
    pub fn iter(&self) -> std::iter::Copied<std::slice::Iter<'_, Algorithm>> {
        self.as_slice().iter().copied()
    }

    /// How many algorithms there are, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// The algorithm that was requested first.
    #[must_use]
    pub const fn first(&self) -> Algorithm {
        self.array[0]
    }

    /// Whether this algorithm was requested.
    #[must_use]
    pub fn contains(&self, algorithm: Algorithm) -> bool {
        self.as_slice().contains(&algorithm)
    }

    /// The length of a stride in bytes: the digests of one file, end to end.
    #[must_use]
    pub fn digest_bytes(&self) -> usize {
        self.iter().map(Algorithm::digest_bytes).sum()
    }

    /// The offset of this algorithm's digest in a stride, in bytes. `None` if it was not requested.
    #[must_use]
    pub fn position(&self, algorithm: Algorithm) -> Option<usize> {
        let index = self.iter().position(|one| one == algorithm)?;
        Some(self.iter().take(index).map(Algorithm::digest_bytes).sum())
    }
}

impl Default for Algorithms {
    fn default() -> Self {
        Self::single(Algorithm::default())
    }
}

impl<'a> IntoIterator for &'a Algorithms {
    type Item = Algorithm;
    type IntoIter = std::iter::Copied<std::slice::Iter<'a, Algorithm>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Algorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Display for Algorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, algorithm) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{algorithm}")?;
        }
        Ok(())
    }
}

impl FromStr for Algorithms {
    type Err = AlgorithmsInvalid;

    /// Reads names separated by commas, `blake3,sha256`. Blanks around a name are ignored.
    fn from_str(list: &str) -> Result<Self, AlgorithmsInvalid> {
        let mut algorithms = Vec::new();
        for word in list.split(',').map(str::trim) {
            if word.is_empty() {
                return Err(AlgorithmsInvalid::Missing);
            }
            algorithms.push(word.parse()?);
        }
        Self::new(algorithms)
    }
}

impl From<Algorithms> for Vec<Algorithm> {
    fn from(algorithms: Algorithms) -> Self {
        algorithms.as_slice().to_vec()
    }
}

impl TryFrom<Vec<Algorithm>> for Algorithms {
    type Error = AlgorithmsInvalid;

    fn try_from(algorithms: Vec<Algorithm>) -> Result<Self, AlgorithmsInvalid> {
        Self::new(algorithms)
    }
}

/// Why a list is not a set of algorithms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlgorithmsInvalid {
    /// The list is empty, or a name between two commas is.
    #[error("the name of an algorithm is missing")]
    Missing,
    /// A word is not the name of an algorithm.
    #[error(transparent)]
    Unknown(#[from] UnknownAlgorithm),
    /// There are more different algorithms than one pass computes.
    #[error("at most {MAX_ALGORITHMS} algorithms can be computed at once")]
    TooMany,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::PartMebibytes;
    use Algorithm::{Blake3, Crc32, Md5, Sha256, Sha512};

    #[test]
    fn the_order_asked_for_is_kept_and_repeats_are_dropped() {
        let set = Algorithms::new([Sha512, Blake3, Sha512, Crc32, Blake3]).unwrap();
        assert_eq!(set.as_slice(), [Sha512, Blake3, Crc32]);
        assert_eq!((set.len(), set.first()), (3, Sha512));
        assert!(set.contains(Crc32) && !set.contains(Md5));
        assert_ne!(set, Algorithms::new([Blake3, Sha512, Crc32]).unwrap());
    }

    #[test]
    fn every_algorithm_fits_at_once() {
        let set = Algorithms::new(Algorithm::ALL.into_iter().chain(Algorithm::ALL)).unwrap();
        assert_eq!(set.as_slice(), Algorithm::ALL);
        assert_eq!(set.digest_bytes(), Algorithm::ALL.map(Algorithm::digest_bytes).iter().sum::<usize>());
    }

    #[test]
    fn more_algorithms_than_a_set_holds_are_refused_in_words() {
        let parts = |count| (1..=count).filter_map(PartMebibytes::new).map(Algorithm::S3Etag);
        assert_eq!(Algorithms::new(parts(48).chain(parts(48))).map(|set| set.len()), Ok(MAX_ALGORITHMS));
        let refused = Algorithms::new(parts(49)).unwrap_err();
        assert_eq!(refused.to_string(), "at most 48 algorithms can be computed at once");
        let names: Vec<_> = parts(49).map(Algorithm::name).collect();
        assert_eq!(names.join(",").parse::<Algorithms>(), Err(AlgorithmsInvalid::TooMany));
        assert!(serde_json::from_str::<Algorithms>(&serde_json::to_string(&names).unwrap()).is_err());
    }

    #[test]
    fn algorithms_with_a_parameter_are_apart_and_keep_readable_names() {
        let set: Algorithms = "blake2b_256,blake2b,s3_etag_8,s3_etag_16,blake3_512,blake2b-256".parse().unwrap();
        assert_eq!(set.to_string(), "blake2b_256,blake2b,s3_etag_8,s3_etag_16,blake3_512");
        assert_eq!(set.digest_bytes(), 32 + 64 + 16 + 16 + 64);
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, r#"["blake2b_256","blake2b","s3_etag_8","s3_etag_16","blake3_512"]"#);
        assert_eq!(serde_json::from_str::<Algorithms>(&json).unwrap(), set);
    }

    #[test]
    fn a_position_counts_the_bytes_before_it() {
        let set = Algorithms::new([Crc32, Sha512, Md5]).unwrap();
        assert_eq!(set.digest_bytes(), 4 + 64 + 16);
        assert_eq!([Crc32, Sha512, Md5].map(|one| set.position(one)), [Some(0), Some(4), Some(68)]);
        assert_eq!(set.position(Blake3), None);
    }

    #[test]
    fn sets_are_equal_however_they_were_made() {
        assert_eq!(Algorithms::new([Md5, Md5]).unwrap(), Algorithms::single(Md5));
        assert_eq!(Algorithms::default(), Algorithms::single(Blake3));
    }

    #[test]
    fn blanks_around_names_are_ignored() {
        let set: Algorithms = " blake3 ,\tSHA-256,sha256".parse().unwrap();
        assert_eq!(set.to_string(), "blake3,sha256");
        assert_eq!(format!("{set:?}"), "[Blake3, Sha256]");
    }

    #[test]
    fn an_empty_word_is_refused() {
        for list in ["", " ", ",", "blake3,", ",blake3", "blake3,,sha256", "blake3, ,sha256"] {
            assert_eq!(list.parse::<Algorithms>(), Err(AlgorithmsInvalid::Missing), "{list:?}");
        }
        assert_eq!(Algorithms::new([]), Err(AlgorithmsInvalid::Missing));
    }

    #[test]
    fn an_unknown_word_is_named() {
        let refused = "blake3,sha-257".parse::<Algorithms>().unwrap_err();
        assert_eq!(refused, AlgorithmsInvalid::Unknown(UnknownAlgorithm("sha-257".to_owned())));
    }

    #[test]
    fn the_serde_form_is_a_list_of_names() {
        let set = Algorithms::new([Sha256, Blake3]).unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["sha256","blake3"]"#);
        assert_eq!(serde_json::from_str::<Algorithms>(r#"["sha256","blake3","sha256"]"#).unwrap(), set);
        for wrong in ["[]", "\"sha256\"", r#"["sha256",""]"#, "null"] {
            assert!(serde_json::from_str::<Algorithms>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_printed_set_is_read_back(indices in prop::collection::vec(0..Algorithm::ALL.len(), 1..40)) {
            let set = Algorithms::new(indices.into_iter().map(|index| Algorithm::ALL[index])).unwrap();
            prop_assert_eq!(set.to_string().parse(), Ok(set));
            let json = serde_json::to_string(&set).unwrap();
            prop_assert_eq!(serde_json::from_str::<Algorithms>(&json).unwrap(), set);
        }
    }
}
