//! One entry of a manifest: a name, and the digest that the manifest claims for it.

use std::borrow::Cow;

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::{Engine as _, alphabet};

use super::hint::Hint;
use crate::digest::{Algorithm, Digest, MAX_DIGEST_BYTES};

/// Base64 that ignores bits left over in the last digit.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// A name and its claimed digest, from one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The name, unescaped.
    pub name: Cow<'a, [u8]>,
    /// The digest.
    pub digest: Claimed,
}

/// How the digests in checksum lines are encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Digits {
    /// Hexadecimal, in either case.
    #[default]
    Hex,
    /// Hexadecimal, or base64 with padding, as `cksum --base64` writes it.
    HexOrBase64,
}

impl Digits {
    /// Whether this byte may occur in a digest.
    pub(super) const fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::HexOrBase64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
        }
    }
}

/// A digest that a manifest claims: its bytes, and its algorithm if the line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    tag: Option<Algorithm>,
    length: u8,
    /// Its text has bits that no digest has: base64 whose last digit is not the one that an encoder writes. No file
    /// matches it.
    is_of_no_file: bool,
    array: [u8; MAX_DIGEST_BYTES],
}

/// The shortest untagged digest of unusual length that is told from a word of a text.
const SHORTEST_UNUSUAL_BYTES: usize = 16;

/// The lengths of the short digests: CRC-32, and XXH3 or CRC-64.
const SHORT_BYTES: [usize; 2] = [4, 8];

impl Claimed {
    /// A computed digest.
    #[must_use]
    pub fn of(digest: Digest) -> Self {
        let mut array = [0; MAX_DIGEST_BYTES];
        let bytes = digest.as_bytes();
        array[..bytes.len()].copy_from_slice(bytes);
        Self { tag: Some(digest.algorithm()), length: bytes.len() as u8, is_of_no_file: false, array }
    }

    /// The same digest with this algorithm. `None` if it cannot be of this algorithm.
    #[must_use]
    pub fn resolved(&self, algorithm: Algorithm) -> Option<Self> {
        let fits = match self.tag {
            Some(tag) => tag == algorithm,
            None => usize::from(self.length) == algorithm.digest_bytes(),
        };
        fits.then_some(Self { tag: Some(algorithm), ..*self })
    }

    /// The digest of a line that names its algorithm. `None` if the digits do not fit the algorithm.
    pub(super) fn tagged(algorithm: Algorithm, digits: &[u8]) -> Option<Self> {
        Self::tagged_in(Digits::Hex, algorithm, digits)
    }

    /// The same, in this encoding.
    pub(super) fn tagged_in(form: Digits, algorithm: Algorithm, digits: &[u8]) -> Option<Self> {
        let claimed = Self::untagged_in(form, digits, Some(Hint::Algorithm(algorithm)))?;
        Some(Self { tag: Some(algorithm), ..claimed })
    }

    /// An untagged digest.
    #[cfg(test)]
    pub(crate) fn untagged_for_tests(digits: &str) -> Self {
        Self::of_hex(digits.as_bytes()).unwrap()
    }

    /// The digest of a line that does not name its algorithm. `None` if the digits do not fit the hint, or any usual
    /// algorithm without one.
    pub(super) fn untagged(digits: &[u8], hint: Option<Hint>) -> Option<Self> {
        Self::untagged_in(Digits::Hex, digits, hint)
    }

    /// The same, in this encoding. Only one length is ambiguous: 64 digits may be SHA-384 in base64. If they are
    /// hexadecimal digits, they are read as hexadecimal.
    pub(super) fn untagged_in(form: Digits, digits: &[u8], hint: Option<Hint>) -> Option<Self> {
        let fits = |claimed: &Self| match hint {
            Some(hint) => hint.of_length(claimed.as_bytes().len()).is_some(),
            None => claimed.has_usual_length(),
        };
        let in_base64 = || Self::of_base64(digits).filter(|_| form == Digits::HexOrBase64).filter(fits);
        Self::of_hex(digits).filter(fits).or_else(in_base64)
    }

    /// Whether these may be the digits of a digest, and not a short word of a text.
    fn has_usual_length(&self) -> bool {
        let bytes = self.as_bytes().len();
        SHORT_BYTES.contains(&bytes) || bytes >= SHORTEST_UNUSUAL_BYTES && !Algorithm::of_length(bytes).is_empty()
    }

    /// Whether a short word of a text may look like it, such as a date of 8 digits.
    pub(super) fn is_short(&self) -> bool {
        self.tag.is_none() && SHORT_BYTES.contains(&usize::from(self.length))
    }

    /// Hexadecimal digits of any number of whole bytes.
    pub(super) fn of_hex(digits: &[u8]) -> Option<Self> {
        let length = digits.len() / 2;
        let mut array = [0; MAX_DIGEST_BYTES];
        hex::decode_to_slice(digits, array.get_mut(..length)?).ok()?;
        Some(Self { tag: None, length: u8::try_from(length).ok()?, is_of_no_file: false, array })
    }

    /// Base64 with padding. Digits that no encoder writes, because their last one has bits left over, are a digest that
    /// no file has: coreutils compares the text, and so reports the file as failed and not the line as malformed.
    fn of_base64(digits: &[u8]) -> Option<Self> {
        // The decoder needs room in whole groups of three bytes.
        let mut room = [0; MAX_DIGEST_BYTES.next_multiple_of(3)];
        let length = LENIENT.decode_slice(digits, &mut room).ok()?;
        let is_of_no_file = STANDARD.decode_slice(digits, &mut room).is_err();
        let mut array = [0; MAX_DIGEST_BYTES];
        array.get_mut(..length)?.copy_from_slice(&room[..length]);
        Some(Self { tag: None, length: u8::try_from(length).ok()?, is_of_no_file, array })
    }

    /// Whether the file with this digest has the claimed one.
    #[must_use]
    pub fn is(&self, digest: &[u8]) -> bool {
        !self.is_of_no_file && self.as_bytes() == digest
    }

    /// The same digest, written least significant byte first.
    pub(super) fn reversed(mut self) -> Self {
        self.array[..usize::from(self.length)].reverse();
        self
    }

    /// The bytes of the digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.array[..usize::from(self.length)]
    }

    /// The algorithm, if the line names it.
    #[must_use]
    pub const fn tag(&self) -> Option<Algorithm> {
        self.tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_only_on_request_and_must_be_padded() {
        let base64 = |digest: &[u8]| STANDARD.encode(digest).into_bytes();
        for algorithm in Algorithm::ALL {
            let digest: Vec<u8> = (0..algorithm.digest_bytes()).map(|at| 0xFF - at as u8).collect();
            let (digits, hex) = (base64(&digest), hex::encode(&digest));
            let read = |form, digits: &[u8]| Claimed::tagged_in(form, algorithm, digits);
            let wanted = Claimed::of(Digest::new(algorithm, &digest).unwrap());
            assert_eq!(read(Digits::HexOrBase64, &digits), Some(wanted));
            assert_eq!(read(Digits::HexOrBase64, hex.as_bytes()), Some(wanted));
            assert_eq!((read(Digits::Hex, &digits), read(Digits::Hex, hex.as_bytes())), (None, Some(wanted)));
            let bare = digits.strip_suffix(b"=").unwrap_or(&digits[1..]);
            assert_eq!(read(Digits::HexOrBase64, bare), None, "{algorithm}: a digit is missing");
            assert_eq!(read(Digits::HexOrBase64, &base64(&[&digest[..], b"x"].concat())), None, "{algorithm}");
        }
        let longest = base64(&[0xFF; MAX_DIGEST_BYTES + 1]);
        assert_eq!(Claimed::untagged_in(Digits::HexOrBase64, &longest, None), None);
    }
}
