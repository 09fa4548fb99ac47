//! The algorithms: their names, tags and lengths, and how a name is read.
//!
//! One [`Row`] per algorithm is the only place with these facts. The order of [`Algorithm::ALL`] is the order in which
//! the API lists them. The caller decides whether an algorithm fits a purpose, with the help of
//! [`Algorithm::is_secure`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A digest algorithm; its serde form is its [name](Self::name).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::VariantArray,
)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Algorithm {
    /// BLAKE3, 256 bits: the default, and the only one whose pieces of one file can be digested separately.
    #[default]
    Blake3,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// SHA-224 (FIPS 180-4).
    Sha224,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512/256 (FIPS 180-4): not a shortened SHA-512, because it starts from other values.
    Sha512_256,
    /// SHA3-256 (FIPS 202).
    Sha3_256,
    /// SHA3-512 (FIPS 202).
    Sha3_512,
    /// BLAKE2b with 512 bits (RFC 7693), as in `b2sum`.
    Blake2b,
    /// SHA-1 (FIPS 180-4); collisions are feasible.
    Sha1,
    /// MD5 (RFC 1321); a collision takes seconds.
    Md5,
    /// CRC-32 of zip, gzip and SFV (ISO-HDLC, reflected polynomial `EDB88320`).
    Crc32,
    /// CRC-32C (Castagnoli) of iSCSI and ext4 (reflected polynomial `82F63B78`).
    Crc32c,
    /// XXH3 with 64 bits and seed 0.
    Xxh3_64,
    /// XXH3 with 128 bits and seed 0, also known as XXH128.
    Xxh3_128,
}

/// The facts about one algorithm.
struct Row {
    name: &'static str,
    bsd_tag: &'static str,
    digest_bytes: usize,
    strength: Strength,
    /// Other spellings of the name that are accepted, in lower case.
    spellings: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Strength {
    /// No way is known to find two inputs with the same digest.
    Secure,
    /// Detects accidents, does not stop an attacker.
    Weak,
}

impl Row {
    const fn secure(
        name: &'static str,
        bsd_tag: &'static str,
        digest_bytes: usize,
        spellings: &'static [&'static str],
    ) -> Self {
        Self { name, bsd_tag, digest_bytes, strength: Strength::Secure, spellings }
    }

    const fn weak(
        name: &'static str,
        bsd_tag: &'static str,
        digest_bytes: usize,
        spellings: &'static [&'static str],
    ) -> Self {
        Self { name, bsd_tag, digest_bytes, strength: Strength::Weak, spellings }
    }
}

impl Algorithm {
    /// Every algorithm, in the order in which the API lists them.
    pub const ALL: [Self; 15] = crate::variants();

    const fn row(self) -> Row {
        match self {
            Self::Blake3 => Row::secure("blake3", "BLAKE3", 32, &[]),
            Self::Sha256 => Row::secure("sha256", "SHA256", 32, &["sha-256"]),
            Self::Sha512 => Row::secure("sha512", "SHA512", 64, &["sha-512"]),
            Self::Sha224 => Row::secure("sha224", "SHA224", 28, &["sha-224"]),
            Self::Sha384 => Row::secure("sha384", "SHA384", 48, &["sha-384"]),
            Self::Sha512_256 => {
                let spellings = &["sha512-256", "sha-512-256", "sha512/256", "sha-512/256"];
                Row::secure("sha512_256", "SHA512-256", 32, spellings)
            }
            Self::Sha3_256 => Row::secure("sha3_256", "SHA3-256", 32, &["sha3-256"]),
            Self::Sha3_512 => Row::secure("sha3_512", "SHA3-512", 64, &["sha3-512"]),
            Self::Blake2b => Row::secure("blake2b", "BLAKE2b", 64, &["blake2b-512", "blake2b_512"]),
            Self::Sha1 => Row::weak("sha1", "SHA1", 20, &["sha-1"]),
            Self::Md5 => Row::weak("md5", "MD5", 16, &["md-5"]),
            Self::Crc32 => Row::weak("crc32", "CRC32", 4, &["crc-32"]),
            Self::Crc32c => Row::weak("crc32c", "CRC32C", 4, &["crc-32c"]),
            Self::Xxh3_64 => Row::weak("xxh3_64", "XXH3-64", 8, &["xxh3-64"]),
            Self::Xxh3_128 => Row::weak("xxh3_128", "XXH3-128", 16, &["xxh3-128", "xxh128"]),
        }
    }

    /// The name in the API, on the command line and in stored jobs, such as `sha512_256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The length of a digest in bytes.
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        self.row().digest_bytes
    }

    /// Whether a matching digest proves the content even if an attacker chose it.
    #[must_use]
    pub const fn is_secure(self) -> bool {
        matches!(self.row().strength, Strength::Secure)
    }

    /// The tag in BSD lines, `TAG (name) = hex`, such as `SHA512-256`.
    #[must_use]
    pub const fn bsd_tag(self) -> &'static str {
        self.row().bsd_tag
    }

    /// The algorithm of a BSD tag; case matters. `BLAKE2b-512` is read as `BLAKE2b`: coreutils never writes it, but
    /// `b2sum -c` and `cksum -c` (9.1) accept it.
    #[must_use]
    pub fn from_bsd_tag(tag: &[u8]) -> Option<Self> {
        if tag == b"BLAKE2b-512" {
            return Some(Self::Blake2b);
        }
        Self::ALL.into_iter().find(|algorithm| algorithm.bsd_tag().as_bytes() == tag)
    }

    /// Whether the pieces of one file can be digested separately and merged; see [`subtree`](super::subtree).
    #[must_use]
    pub const fn is_subtree_parallel(self) -> bool {
        matches!(self, Self::Blake3)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Algorithm> for &'static str {
    fn from(algorithm: Algorithm) -> Self {
        algorithm.name()
    }
}

impl TryFrom<String> for Algorithm {
    type Error = UnknownAlgorithm;

    fn try_from(word: String) -> Result<Self, UnknownAlgorithm> {
        word.parse()
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads a name or one of its common spellings (`SHA-256`, `sha3-512`, `blake2b-512`); case does not matter.
    fn from_str(word: &str) -> Result<Self, UnknownAlgorithm> {
        let lower = word.to_ascii_lowercase();
        let has_name = |row: Row| row.name == lower || row.spellings.contains(&lower.as_str());
        Self::ALL
            .into_iter()
            .find(|algorithm| has_name(algorithm.row()))
            .ok_or_else(|| UnknownAlgorithm(word.to_owned()))
    }
}

/// A word that is not the name of an algorithm. The text lists all names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown algorithm {0:?}: known algorithms are {names}", names = known_names())]
pub struct UnknownAlgorithm(pub String);

fn known_names() -> String {
    Algorithm::ALL.map(Algorithm::name).join(", ")
}

#[cfg(test)]
mod tests;
