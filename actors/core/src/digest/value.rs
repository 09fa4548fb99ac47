//! One digest: an algorithm and its bytes, held without a heap.
//!
//! A [`Digest`] always has the length of its algorithm, so two digests are equal only if they are of one
//! algorithm and of the same bytes. Its text is lower-case hexadecimal, most significant byte first, for
//! the CRCs and XXH3 too; either case is read.

use std::fmt;

use super::Algorithm;

/// The length of the longest digest there is, in bytes.
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
    /// Places past the algorithm's length are zero, so that equal digests are equal field by field.
    places: [u8; MAX_DIGEST_BYTES],
}

impl Digest {
    /// The digest of these bytes.
    ///
    /// # Errors
    /// [`DigestInvalid::Length`] if their number is not the algorithm's.
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, DigestInvalid> {
        if bytes.len() != algorithm.digest_bytes() {
            return Err(DigestInvalid::Length { algorithm });
        }
        let mut places = [0; MAX_DIGEST_BYTES];
        places[..bytes.len()].copy_from_slice(bytes);
        Ok(Self { algorithm, places })
    }

    /// Reads exactly the algorithm's number of hexadecimal digits, in either case.
    ///
    /// # Errors
    /// [`DigestInvalid`] if there are more or fewer, or one is no digit.
    pub fn from_hex(algorithm: Algorithm, digits: impl AsRef<[u8]>) -> Result<Self, DigestInvalid> {
        let (digits, length) = (digits.as_ref(), algorithm.digest_bytes());
        if digits.len() != 2 * length {
            return Err(DigestInvalid::Length { algorithm });
        }
        let mut places = [0; MAX_DIGEST_BYTES];
        hex::decode_to_slice(digits, &mut places[..length]).map_err(|_| DigestInvalid::Digit)?;
        Ok(Self { algorithm, places })
    }

    /// Its algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its bytes, as many as the algorithm has.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.places[..self.algorithm.digest_bytes()]
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

/// Bytes or digits that are no digest of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestInvalid {
    /// There are too many or too few.
    #[error("a {algorithm} digest has {digits} hexadecimal digits", digits = 2 * algorithm.digest_bytes())]
    Length {
        /// The algorithm that it was to be a digest of.
        algorithm: Algorithm,
    },
    /// A character is no hexadecimal digit.
    #[error("a digest has hexadecimal digits only")]
    Digit,
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

    proptest! {
        #[test]
        fn a_printed_digest_is_read_back(index in 0..15_usize, bytes: [u8; 64], shouted: bool) {
            let algorithm = Algorithm::ALL[index];
            let digest = Digest::new(algorithm, &bytes[..algorithm.digest_bytes()]).unwrap();
            prop_assert_eq!(digest.as_bytes(), &bytes[..algorithm.digest_bytes()]);
            let text = digest.to_string();
            let text = if shouted { text.to_ascii_uppercase() } else { text };
            prop_assert_eq!(Digest::from_hex(algorithm, text), Ok(digest));
        }
    }
}
