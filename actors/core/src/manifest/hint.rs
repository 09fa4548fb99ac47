//! What the name of a manifest tells about the algorithm of its untagged digests: one rule for every command.
//!
//! `SHA256SUMS`, `x.sha3-384`, `manifest-sha512.txt` and `blake2b.txt` tell an algorithm; `B2SUMS`, `f.sha3` and `x.sha`
//! a family, of which the length of a digest chooses; `x.gost` an algorithm that hivesum lacks, which is said and never
//! taken for another one. A name that tells nothing leaves it to the length of the digests.

use std::borrow::Cow;

use crate::digest::{Algorithm, Algorithms, unsupported_algorithm};

/// What a name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// One algorithm.
    Algorithm(Algorithm),
    /// Algorithms of one family.
    Family(Family),
    /// An algorithm that hivesum lacks, in its usual spelling.
    Unsupported(&'static str),
}

/// Algorithms that share a name in practice and differ in the length of their digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// BLAKE2b of any length (`b2sum -l`), and BLAKE2s.
    Blake2,
    /// BLAKE3 of any length (`b3sum -l`).
    Blake3,
    /// SHA-1 and SHA-2 (`.sha`, `shasum`).
    Sha,
    /// SHA-2.
    Sha2,
    /// SHA-3.
    Sha3,
    /// XXH32, XXH64 and XXH3.
    Xxh,
    /// The cyclic redundancy checks.
    Crc,
}

impl Family {
    fn has(self, algorithm: Algorithm) -> bool {
        let name = algorithm.name();
        match self {
            Self::Blake2 => name.starts_with("blake2"),
            Self::Blake3 => name.starts_with("blake3"),
            Self::Sha => algorithm == Algorithm::Sha1 || Self::Sha2.has(algorithm),
            Self::Sha2 => ["sha224", "sha256", "sha384", "sha512"].iter().any(|one| name.starts_with(one)),
            Self::Sha3 => name.starts_with("sha3_"),
            Self::Xxh => name.starts_with("xxh"),
            Self::Crc => name.starts_with("crc"),
        }
    }
}

impl Hint {
    /// What the file name of a manifest tells. Case and directories do not matter.
    #[must_use]
    pub fn of_name(path: &[u8]) -> Option<Self> {
        let name = path.rsplit(|&byte| byte == b'/').next()?;
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        let stem = without_wrapping(&name);
        let (before, was_listed) = without_list_word(stem);
        if was_listed && let Some(hint) = longest_ending(before) {
            return Some(hint);
        }
        let extension = stem.split_once('.').and_then(|(_, after)| longest_ending_at(after, &['.']));
        extension.or_else(|| of_word(stem)).or_else(|| of_word(after_list_word(stem)?))
    }

    /// The algorithms that an untagged digest of this many bytes may be of. `None` if there is none.
    #[must_use]
    pub fn of_length(self, digest_bytes: usize) -> Option<Algorithms> {
        match self {
            Self::Algorithm(one) => (one.digest_bytes() == digest_bytes).then(|| Algorithms::single(one)),
            Self::Family(family) => {
                Algorithms::new(Algorithm::of_length(digest_bytes).iter().copied().filter(|one| family.has(*one))).ok()
            }
            Self::Unsupported(_) => None,
        }
    }
}

/// The name without extensions that say nothing about the content: text, signed, compressed.
fn without_wrapping(mut name: &str) -> &str {
    while let Some(rest) =
        [".txt", ".asc", ".gpg", ".sig", ".gz", ".list"].iter().find_map(|end| name.strip_suffix(end))
    {
        name = rest;
    }
    name
}

/// Words for a list of digests.
const LIST_WORDS: [&str; 9] =
    ["checksums", "checksum", "hashes", "hash", "digests", "digest", "sums", "sum", "manifest"];

/// What is before a word for a list at the end, and whether there is one.
fn without_list_word(stem: &str) -> (&str, bool) {
    let before = LIST_WORDS.iter().find_map(|word| stem.strip_suffix(word));
    (before.unwrap_or(stem).trim_end_matches(SEPARATORS), before.is_some())
}

/// What follows a word for a list: `manifest-sha256`, `checksums_sha512`.
fn after_list_word(stem: &str) -> Option<&str> {
    let after = LIST_WORDS.iter().find_map(|word| {
        let at = stem.find(word)?;
        let is_start = at == 0 || stem[..at].ends_with(SEPARATORS) || &stem[..at] == "tag";
        is_start.then(|| &stem[at + word.len()..])
    })?;
    after.starts_with(SEPARATORS).then(|| after.trim_start_matches(SEPARATORS))
}

const SEPARATORS: [char; 4] = ['-', '_', '.', ' '];

/// The longest ending of the name, from a separator on, that tells something: `x-sha3-256` tells SHA3-256.
fn longest_ending(name: &str) -> Option<Hint> {
    longest_ending_at(name, &SEPARATORS)
}

fn longest_ending_at(name: &str, separators: &[char]) -> Option<Hint> {
    let (name, _) = without_list_word(name);
    let starts = name.match_indices(separators).map(|(at, _)| at + 1);
    std::iter::once(0).chain(starts).find_map(|start| of_word(&name[start..]))
}

fn of_word(word: &str) -> Option<Hint> {
    let family = match word {
        // `sum` and `cksum` name programs that write digests of many algorithms.
        "" | "sum" | "cksum" | "bsd" | "sysv" => return None,
        "b2" | "blake2" | "blake2b" => Some(Family::Blake2),
        "b3" | "blake3" => Some(Family::Blake3),
        "sha" | "sha12" => Some(Family::Sha),
        "sha2" => Some(Family::Sha2),
        "sha3" => Some(Family::Sha3),
        "xxh" | "xxhash" => Some(Family::Xxh),
        "crc" => Some(Family::Crc),
        _ => None,
    };
    let algorithm = || spelled(word).parse().ok().or_else(|| algorithm_of_joined_word(word)).map(Hint::Algorithm);
    family.map(Hint::Family).or_else(algorithm).or_else(|| unsupported_algorithm(word).map(Hint::Unsupported))
}

/// The algorithm of a word of letters and digits alone, as RFC 8493, 2.4, has it in the names of a bag's manifests.
pub(super) fn algorithm_of_joined_word(word: &str) -> Option<Algorithm> {
    Algorithm::ALL.into_iter().find(|one| one.name().replace('_', "") == word)
}

/// Spellings that only file names have: Node's `SHASUMS256`, rhash's `.wp`.
fn spelled(word: &str) -> Cow<'_, str> {
    match word.strip_prefix("shasums") {
        Some(bits) => format!("sha{bits}").into(),
        None if word == "rmd" => "ripemd160".into(),
        None if word == "wp" => "whirlpool".into(),
        None => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> String {
        match Hint::of_name(name.as_bytes()) {
            None => "nothing".to_owned(),
            Some(Hint::Algorithm(algorithm)) => algorithm.name().to_owned(),
            Some(Hint::Family(family)) => format!("{family:?}"),
            Some(Hint::Unsupported(name)) => format!("no {name}"),
        }
    }

    #[test]
    fn the_name_of_a_manifest_tells_an_algorithm_or_a_family() {
        for (name, expected) in [
            ("SHA256SUMS", "sha256"),
            ("/a/b/sha512sums.txt", "sha512"),
            ("x.tar.gz.sha256", "sha256"),
            ("x.sha256sum", "sha256"),
            ("x.sha256.sum", "sha256"),
            ("x.sha256.txt", "sha256"),
            ("B3SUMS", "Blake3"),
            ("backup.b3", "Blake3"),
            ("a.md5", "md5"),
            ("a.md5sums", "md5"),
            ("MD5SUMS.txt", "md5"),
            ("MD5SUMS", "md5"),
            ("CHECKSUMS.md5", "md5"),
            ("SHA1SUM", "sha1"),
            ("B2SUMS", "Blake2"),
            ("B2SUMS.asc", "Blake2"),
            ("blake2b.txt", "Blake2"),
            ("SHA-256SUMS", "sha256"),
            ("SHA512-256SUMS", "sha512_256"),
            ("terraform_1.5.0_SHA256SUMS", "sha256"),
            ("SHASUMS256.txt.asc", "sha256"),
            ("checksums-sha256.txt", "sha256"),
            ("sha256-checksums.txt", "sha256"),
            ("manifest-sha3_512.txt", "sha3_512"),
            ("tagmanifest-md5.txt", "md5"),
            ("manifest-sha3512.txt", "sha3_512"),
            ("f.sha3", "Sha3"),
            ("f.sha", "Sha"),
            ("x.crc32", "crc32"),
            ("sha256.txt", "sha256"),
            ("sums", "nothing"),
            ("CHECKSUMS", "nothing"),
            ("CHECKSUM", "nothing"),
            ("sha256/manifest", "nothing"),
            ("notes-about-md5.txt", "nothing"),
            ("m", "nothing"),
            ("sum", "nothing"),
            ("", "nothing"),
        ] {
            assert_eq!(told(name), expected, "{name}");
        }
    }

    #[test]
    fn a_family_leaves_the_choice_to_the_length() {
        let of = |name: &str, bytes| {
            let algorithms = Hint::of_name(name.as_bytes()).unwrap().of_length(bytes);
            algorithms.map_or_else(String::new, |set| set.to_string())
        };
        assert_eq!(of("f.sha3", 32), "sha3_256");
        assert_eq!(of("f.sha3", 64), "sha3_512");
        assert_eq!(of("f.sha", 20), "sha1");
        assert_eq!(of("B2SUMS", 64), "blake2b");
        assert_eq!(of("SHA256SUMS", 64), "");
    }
}
