//! One entry of a manifest: a name and the digest that the manifest claims for it.

use std::borrow::Cow;

use crate::digest::{Algorithm, Algorithms, Digest, MAX_DIGEST_BYTES};

/// A name and its claimed digest, as one line says them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The name's bytes, escapes resolved.
    pub name: Cow<'a, [u8]>,
    /// The digest.
    pub digest: Claimed,
}

/// A digest that a manifest claims: bytes, and whose they are as far as the line says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    tag: Option<Algorithm>,
    length: u8,
    places: [u8; MAX_DIGEST_BYTES],
}

impl Claimed {
    /// A digest that somebody computed.
    #[must_use]
    pub fn of(digest: Digest) -> Self {
        let mut places = [0; MAX_DIGEST_BYTES];
        let bytes = digest.as_bytes();
        places[..bytes.len()].copy_from_slice(bytes);
        Self { tag: Some(digest.algorithm()), length: bytes.len() as u8, places }
    }

    /// The same digest, said to be of this algorithm; nothing where that cannot be.
    #[must_use]
    pub fn resolved(&self, algorithm: Algorithm) -> Option<Self> {
        let fits = match self.tag {
            Some(tag) => tag == algorithm,
            None => usize::from(self.length) == algorithm.digest_bytes(),
        };
        fits.then_some(Self { tag: Some(algorithm), ..*self })
    }

    /// The digest of a line that names its algorithm; nothing unless its digits are that algorithm's.
    pub(super) fn tagged(algorithm: Algorithm, digits: &[u8]) -> Option<Self> {
        let claimed = Self::decode(digits)?;
        (claimed.as_bytes().len() == algorithm.digest_bytes()).then_some(Self { tag: Some(algorithm), ..claimed })
    }

    /// The digest of a line that does not name its algorithm; nothing unless its digits are those of the
    /// algorithm asked for, or of any where none is.
    pub(super) fn untagged(digits: &[u8], asked: Option<Algorithm>) -> Option<Self> {
        let claimed = Self::decode(digits)?;
        let length = claimed.as_bytes().len();
        let fits = match asked {
            Some(algorithm) => length == algorithm.digest_bytes(),
            None => !candidates(length).is_empty(),
        };
        fits.then_some(claimed)
    }

    fn decode(digits: &[u8]) -> Option<Self> {
        let length = digits.len() / 2;
        let mut places = [0; MAX_DIGEST_BYTES];
        hex::decode_to_slice(digits, places.get_mut(..length)?).ok()?;
        Some(Self { tag: None, length: u8::try_from(length).ok()?, places })
    }

    /// The digest's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.places[..usize::from(self.length)]
    }

    /// The algorithm that the line names, if it does.
    #[must_use]
    pub const fn tag(&self) -> Option<Algorithm> {
        self.tag
    }

    /// What must be computed to judge the digest. An algorithm known for untagged digests counts where the
    /// digest may be of it.
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

    /// The algorithms that may have made it, most likely first: the line's own, else those that its length
    /// stands for.
    #[must_use]
    pub fn candidates(&self) -> &'static [Algorithm] {
        match self.tag {
            Some(algorithm) => just(algorithm),
            None => candidates(usize::from(self.length)),
        }
    }
}

/// A list of one algorithm.
fn just(algorithm: Algorithm) -> &'static [Algorithm] {
    let place = Algorithm::ALL.iter().position(|&known| known == algorithm);
    place.map_or(&[], |place| std::slice::from_ref(&Algorithm::ALL[place]))
}

/// The algorithms that an untagged digest of this many bytes stands for, most likely first.
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

/// The algorithm that a manifest's own name tells: `SHA256SUMS`, `sha512sums.txt`, `x.sha256`, `B3SUMS`, `a.b3`.
/// Letters count in either case; directories in front do not count.
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
    fn a_manifest_is_known_by_its_name() {
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
    fn a_length_stands_for_algorithms_of_that_length() {
        for length in 0..=65 {
            assert!(candidates(length).iter().all(|algorithm| algorithm.digest_bytes() == length));
        }
        assert_eq!(candidates(32), [Algorithm::Sha256, Algorithm::Blake3]);
    }
}
