//! One digest: an algorithm and its bytes, without a heap allocation.
//!
//! A [`Digest`] always has the length of its algorithm. Two digests are equal only if algorithm and bytes are. Its text
//! is lower-case hexadecimal, most significant byte first, also for the CRCs and XXH3. Both cases are read.

use std::fmt;

use super::{Algorithm, UnknownAlgorithm};

/// The length of the longest digest of any algorithm, in bytes.
pub const MAX_DIGEST_BYTES: usize = 64;

/// A digest of one algorithm.
///
/// ```
/// use hivesum_core::{Algorithm, Digest};
///
/// let digest = Digest::from_hex(Algorithm::Crc32, "CBF43926")?;
/// assert_eq!(digest.as_bytes(), [0xcb, 0xf4, 0x39, 0x26]);
/// assert_eq!(digest.to_string(), "cbf43926");
/// assert!(Digest::from_hex(Algorithm::Md5, "CBF43926").is_err());
/// # Ok::<(), hivesum_core::digest::DigestInvalid>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    /// Zero beyond the algorithm's length, so that equal digests are equal field by field.
    array: [u8; MAX_DIGEST_BYTES],
}

impl Digest {
    /// The digest of these bytes.
    ///
    /// # Errors
    /// [`DigestInvalid::Length`] if they are not as many as the algorithm's digests have.
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, DigestInvalid> {
        if bytes.len() != algorithm.digest_bytes() {
            return Err(DigestInvalid::Length { algorithm });
        }
        let mut array = [0; MAX_DIGEST_BYTES];
        array[..bytes.len()].copy_from_slice(bytes);
        Ok(Self { algorithm, array })
    }

    /// Reads hexadecimal digits, in either case; exactly as many as the algorithm's digests have.
    ///
    /// # Errors
    /// [`DigestInvalid`] if there are more or fewer, or if one is not a digit.
    pub fn from_hex(algorithm: Algorithm, digits: impl AsRef<[u8]>) -> Result<Self, DigestInvalid> {
        let (digits, length) = (digits.as_ref(), algorithm.digest_bytes());
        if digits.len() != 2 * length {
            return Err(DigestInvalid::Length { algorithm });
        }
        let mut array = [0; MAX_DIGEST_BYTES];
        hex::decode_to_slice(digits, &mut array[..length]).map_err(|_| DigestInvalid::Digit)?;
        Ok(Self { algorithm, array })
    }

    /// What somebody may mean who searches for a digest: the one of `ALGORITHM:HEX`, or of HEX alone those of every
    /// algorithm with digests of its length. Digests of unusual lengths, such as BLAKE2b of 3 bytes, need their name: they
    /// are rather parts of a digest.
    ///
    /// # Errors
    /// [`SoughtInvalid`]; which part of the text is not right.
    pub fn sought(text: &str) -> Result<Vec<Self>, SoughtInvalid> {
        if let Some((name, hex)) = text.split_once(':') {
            return Ok(vec![Self::from_hex(name.parse()?, hex)?]);
        }
        if !Algorithm::ALL.iter().any(|algorithm| 2 * algorithm.digest_bytes() == text.len()) {
            return Err(SoughtInvalid::Length);
        }
        let of_length = Algorithm::of_length(text.len() / 2).iter();
        Ok(of_length.map(|&algorithm| Self::from_hex(algorithm, text)).collect::<Result<_, _>>()?)
    }

    /// Its algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.array[..self.algorithm.digest_bytes()]
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 2 * MAX_DIGEST_BYTES];
        let digits = &mut digits[..2 * self.algorithm.digest_bytes()];
        hex::encode_to_slice(self.as_bytes(), digits).map_err(|_| fmt::Error)?;
        f.pad(str::from_utf8(digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::LowerHex for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{self}", self.algorithm)
    }
}

/// Why bytes or digits are not a digest of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestInvalid {
    /// There are too many or too few.
    #[error("a {algorithm} digest has {digits} hexadecimal digits", digits = 2 * algorithm.digest_bytes())]
    Length {
        /// The expected algorithm.
        algorithm: Algorithm,
    },
    /// A character is not a hexadecimal digit.
    #[error("a digest consists of hexadecimal digits only")]
    Digit,
}

/// Why a text names no digest to search for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SoughtInvalid {
    /// The algorithm before the colon is not known.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
    /// The digits are no digest of the algorithm.
    #[error(transparent)]
    Digest(#[from] DigestInvalid),
    /// No usual algorithm has digests of so many digits.
    #[error("no usual digest has this length")]
    Length,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_digest_just_fits() {
        assert_eq!(Algorithm::ALL.map(Algorithm::digest_bytes).iter().max(), Some(&MAX_DIGEST_BYTES));
    }

    #[test]
    fn another_length_is_refused() {
        for algorithm in Algorithm::ALL {
            let refused = DigestInvalid::Length { algorithm };
            for length in [0, algorithm.digest_bytes() - 1, algorithm.digest_bytes() + 1, 65, 1000] {
                assert_eq!(Digest::new(algorithm, &vec![7; length]), Err(refused));
                assert_eq!(Digest::from_hex(algorithm, "07".repeat(length)), Err(refused));
            }
            assert_eq!(Digest::from_hex(algorithm, vec![b'0'; 2 * algorithm.digest_bytes() - 1]), Err(refused));
        }
        let text = DigestInvalid::Length { algorithm: Algorithm::Sha256 }.to_string();
        assert_eq!(text, "a sha256 digest has 64 hexadecimal digits");
    }

    #[test]
    fn only_hexadecimal_digits_are_read() {
        for wrong in ["0g000000", " 0000000", "0x000000", "+0000000", "0000000\n", "000000\u{e9}"] {
            assert_eq!(Digest::from_hex(Algorithm::Crc32, wrong), Err(DigestInvalid::Digit), "{wrong:?}");
        }
    }

    #[test]
    fn the_text_is_lower_case_hex_in_byte_order() {
        let digest = Digest::from_hex(Algorithm::Crc32, "CbF43926").unwrap();
        assert_eq!(digest.as_bytes(), [0xcb, 0xf4, 0x39, 0x26]);
        assert_eq!(
            format!("{digest} {digest:x} {digest:?} {digest:>10}"),
            "cbf43926 cbf43926 crc32:cbf43926   cbf43926"
        );
    }

    #[test]
    fn digests_of_two_algorithms_differ_even_with_equal_bytes() {
        let of = |algorithm| Digest::new(algorithm, &[1; 32]).unwrap();
        assert_ne!(of(Algorithm::Sha256), of(Algorithm::Blake3));
        assert_eq!(of(Algorithm::Sha256), of(Algorithm::Sha256));
    }

    #[test]
    fn a_digest_is_sought_under_its_algorithm_or_under_all_of_its_length() {
        let names = |text: &str| {
            Digest::sought(text).map(|digests| digests.iter().map(|digest| digest.algorithm()).collect::<Vec<_>>())
        };
        let hex = "07".repeat(32);
        assert_eq!(names(&format!("sha256:{hex}")), Ok(vec![Algorithm::Sha256]));
        assert_eq!(names(&hex).unwrap(), Algorithm::of_length(32));
        assert_eq!(names("070707"), Err(SoughtInvalid::Length));
        assert_eq!(
            names("sha256:07"),
            Err(SoughtInvalid::Digest(DigestInvalid::Length { algorithm: Algorithm::Sha256 }))
        );
        assert_eq!(names(&"0g".repeat(32)), Err(SoughtInvalid::Digest(DigestInvalid::Digit)));
        assert!(matches!(names("sha257:07"), Err(SoughtInvalid::Algorithm(_))));
    }

    proptest! {
        #[test]
        fn a_printed_digest_is_read_back(index in 0..Algorithm::ALL.len(), bytes: [u8; 64], shouted: bool) {
            let algorithm = Algorithm::ALL[index];
            let digest = Digest::new(algorithm, &bytes[..algorithm.digest_bytes()]).unwrap();
            prop_assert_eq!(digest.as_bytes(), &bytes[..algorithm.digest_bytes()]);
            let text = digest.to_string();
            let text = if shouted { text.to_ascii_uppercase() } else { text };
            prop_assert_eq!(Digest::from_hex(algorithm, text), Ok(digest));
        }
    }
}
