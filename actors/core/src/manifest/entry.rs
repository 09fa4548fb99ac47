//! One entry of a manifest: a name, and the digest that the manifest claims for it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::{Algorithm, Algorithms, Digest, MAX_DIGEST_BYTES};

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
    array: [u8; MAX_DIGEST_BYTES],
}

impl Claimed {
    /// A computed digest.
    #[must_use]
    pub fn of(digest: Digest) -> Self {
        let mut array = [0; MAX_DIGEST_BYTES];
        let bytes = digest.as_bytes();
        array[..bytes.len()].copy_from_slice(bytes);
        Self { tag: Some(digest.algorithm()), length: bytes.len() as u8, array }
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
        let claimed = Self::untagged_in(form, digits, Some(algorithm))?;
        Some(Self { tag: Some(algorithm), ..claimed })
    }

    /// The digest of a line that does not name its algorithm. `None` if the digits do not fit the requested algorithm,
    /// or any algorithm if none was requested.
    pub(super) fn untagged(digits: &[u8], asked: Option<Algorithm>) -> Option<Self> {
        Self::untagged_in(Digits::Hex, digits, asked)
    }

    /// The same, in this encoding. Only one length is ambiguous: 64 digits may be SHA-384 in base64. If they are
    /// hexadecimal digits, they are read as hexadecimal.
    pub(super) fn untagged_in(form: Digits, digits: &[u8], asked: Option<Algorithm>) -> Option<Self> {
        let fits = |claimed: &Self| match asked {
            Some(algorithm) => claimed.as_bytes().len() == algorithm.digest_bytes(),
            None => !candidates(claimed.as_bytes().len()).is_empty(),
        };
        let in_base64 = || Self::of_base64(digits).filter(|_| form == Digits::HexOrBase64).filter(fits);
        Self::of_hex(digits).filter(fits).or_else(in_base64)
    }

    fn of_hex(digits: &[u8]) -> Option<Self> {
        let length = digits.len() / 2;
        let mut array = [0; MAX_DIGEST_BYTES];
        hex::decode_to_slice(digits, array.get_mut(..length)?).ok()?;
        Some(Self { tag: None, length: u8::try_from(length).ok()?, array })
    }

    fn of_base64(digits: &[u8]) -> Option<Self> {
        // The decoder needs room in whole groups of three bytes.
        let mut room = [0; MAX_DIGEST_BYTES.next_multiple_of(3)];
        let length = STANDARD.decode_slice(digits, &mut room).ok()?;
        let mut array = [0; MAX_DIGEST_BYTES];
        array.get_mut(..length)?.copy_from_slice(&room[..length]);
        Some(Self { tag: None, length: u8::try_from(length).ok()?, array })
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

    /// The algorithms to compute for checking the digest. `untagged` is the algorithm of untagged digests, if it is
    /// known; it is used if the length fits.
    #[must_use]
    pub fn possible(&self, untagged: Option<Algorithm>) -> Algorithms {
        if let Some(algorithm) = self.tag {
            return Algorithms::single(algorithm);
        }
        let fits = |algorithm: &Algorithm| algorithm.digest_bytes() == self.as_bytes().len();
        match untagged.filter(fits) {
            Some(algorithm) => Algorithms::single(algorithm),
            None => Algorithms::new(self.candidates().iter().copied()).unwrap_or_default(),
        }
    }

    /// The possible algorithms, most likely first: the one that the line names, else those with this length.
    #[must_use]
    pub fn candidates(&self) -> &'static [Algorithm] {
        match self.tag {
            Some(algorithm) => single(algorithm),
            None => candidates(usize::from(self.length)),
        }
    }
}

/// A list of one algorithm.
fn single(algorithm: Algorithm) -> &'static [Algorithm] {
    let index = Algorithm::ALL.iter().position(|&known| known == algorithm);
    index.map_or(&[], |index| std::slice::from_ref(&Algorithm::ALL[index]))
}

/// The possible algorithms of an untagged digest of this many bytes, most likely first.
#[must_use]
pub const fn candidates(digest_bytes: usize) -> &'static [Algorithm] {
    match digest_bytes {
        4 => &[Algorithm::Crc32],
        8 => &[Algorithm::Xxh3_64],
        16 => &[Algorithm::Md5],
        20 => &[Algorithm::Sha1],
        28 => &[Algorithm::Sha224],
        32 => &[Algorithm::Sha256, Algorithm::Blake3],
        48 => &[Algorithm::Sha384],
        64 => &[Algorithm::Sha512],
        _ => &[],
    }
}

/// The algorithm in the file name of a manifest: `SHA256SUMS`, `sha512sums.txt`, `x.sha256`, `B3SUMS`, `a.b3`. Case and
/// directories do not matter.
#[must_use]
pub fn algorithm_of_manifest_name(path: &[u8]) -> Option<Algorithm> {
    let name = path.rsplit(|&byte| byte == b'/').next()?;
    let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
    let stem = name.strip_suffix(".txt").unwrap_or(&name);
    let sums =
        stem.strip_suffix("sums").or_else(|| stem.strip_suffix("sum")).map(|word| word.trim_end_matches(['-', '_']));
    let extension = stem.rsplit_once('.').map(|(_, extension)| extension);
    let extension =
        extension.map(|word| word.strip_suffix("sums").or_else(|| word.strip_suffix("sum")).unwrap_or(word));
    sums.and_then(algorithm_of_word).or_else(|| extension.and_then(algorithm_of_word))
}

fn algorithm_of_word(word: &str) -> Option<Algorithm> {
    match word {
        "b3" => Some(Algorithm::Blake3),
        "b2" => Some(Algorithm::Blake2b),
        "" => None,
        word => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_algorithm_is_found_in_the_name_of_a_manifest() {
        for (name, algorithm) in [
            ("SHA256SUMS", Some(Algorithm::Sha256)),
            ("/a/b/sha512sums.txt", Some(Algorithm::Sha512)),
            ("x.tar.gz.sha256", Some(Algorithm::Sha256)),
            ("x.sha256sum", Some(Algorithm::Sha256)),
            ("B3SUMS", Some(Algorithm::Blake3)),
            ("backup.b3", Some(Algorithm::Blake3)),
            ("a.md5", Some(Algorithm::Md5)),
            ("MD5SUMS.txt", Some(Algorithm::Md5)),
            ("SHA1SUM", Some(Algorithm::Sha1)),
            ("B2SUMS", Some(Algorithm::Blake2b)),
            ("SHA-256SUMS", Some(Algorithm::Sha256)),
            ("sums", None),
            ("CHECKSUMS", None),
            ("sha256/manifest", None),
            ("m", None),
            ("", None),
        ] {
            assert_eq!(algorithm_of_manifest_name(name.as_bytes()), algorithm, "{name}");
        }
    }

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

    #[test]
    fn the_candidates_of_a_length_have_that_length() {
        for length in 0..=65 {
            assert!(candidates(length).iter().all(|algorithm| algorithm.digest_bytes() == length));
        }
        assert_eq!(candidates(32), [Algorithm::Sha256, Algorithm::Blake3]);
    }
}
