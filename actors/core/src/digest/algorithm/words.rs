//! How a name or a tag is read.
//!
//! Words are compared folded: in lower case, and with `-`, `_` and `/` as one separator. Nothing else is forgiven: a
//! word that is not exactly a spelling of an algorithm names none.

use std::str::FromStr;

use super::kinds::Algorithm;
use super::parameters::PartMebibytes;
use super::unsupported::unsupported_algorithm;

/// Longer words name no algorithm.
const MAX_WORD_BYTES: usize = 24;

/// What the tag of a BSD line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The order in which the digits follow.
    pub byte_order: ByteOrder,
}

/// The order of the bytes of a digest in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// The most significant byte first: everywhere but in lines of `xxhsum --little-endian`.
    BigEndian,
    /// The least significant byte first: the bytes must be reversed.
    LittleEndian,
}

impl Algorithm {
    /// The algorithm and the byte order of a tag such as `SHA512/256`, `BLAKE2b-256`, `XXH3` or `XXH64_LE`.
    #[must_use]
    pub fn of_tag(tag: &[u8]) -> Option<Tag> {
        let word = str::from_utf8(tag).ok()?;
        if let Some(algorithm) = of_word(word) {
            return Some(Tag { algorithm, byte_order: ByteOrder::BigEndian });
        }
        let (word, ending) = word.split_at_checked(word.len().checked_sub("_LE".len())?)?;
        let algorithm = of_word(word).filter(|_| ending.eq_ignore_ascii_case("_LE"))?;
        let is_xxhash = matches!(algorithm.family(), "xxHash");
        is_xxhash.then_some(Tag { algorithm, byte_order: ByteOrder::LittleEndian })
    }

    /// The algorithm of a BSD tag whose digits have the most significant byte first.
    #[must_use]
    pub fn from_bsd_tag(tag: &[u8]) -> Option<Self> {
        of_word(str::from_utf8(tag).ok()?)
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads a name or one of its common spellings (`SHA-256`, `sha3-512`, `blake2b-512`); case does not matter.
    fn from_str(word: &str) -> Result<Self, UnknownAlgorithm> {
        of_word(word).ok_or_else(|| UnknownAlgorithm(word.to_owned()))
    }
}

impl TryFrom<String> for Algorithm {
    type Error = UnknownAlgorithm;

    fn try_from(word: String) -> Result<Self, UnknownAlgorithm> {
        word.parse()
    }
}

fn of_word(word: &str) -> Option<Algorithm> {
    let mut array = [0; MAX_WORD_BYTES];
    let folded = array.get_mut(..word.len())?;
    folded.iter_mut().zip(word.bytes()).for_each(|(folded, byte)| *folded = fold(byte));
    let is_word = |known: &str| known.len() == folded.len() && known.bytes().map(fold).eq(folded.iter().copied());
    let is_spelling = |algorithm: &Algorithm| {
        is_word(algorithm.name())
            || is_word(algorithm.bsd_tag())
            || algorithm.spellings().iter().any(|one| is_word(one))
    };
    Algorithm::ALL.into_iter().find(is_spelling).or_else(|| with_parameter(str::from_utf8(folded).ok()?))
}

const fn fold(byte: u8) -> u8 {
    match byte {
        b'_' | b'/' => b'-',
        _ => byte.to_ascii_lowercase(),
    }
}

/// `blake2b-256`, `blake2b256`, `s3-etag-8`.
fn with_parameter(folded: &str) -> Option<Algorithm> {
    let (stem, number) = folded.split_at(folded.trim_end_matches(|letter: char| letter.is_ascii_digit()).len());
    let number: u64 = number.parse().ok().filter(|_| !number.starts_with('0'))?;
    let parts = || PartMebibytes::new(number);
    match stem {
        "blake2b" | "blake2b-" => Algorithm::blake2b(number),
        "blake3-" => Algorithm::blake3(number),
        "s3-etag-" => parts().map(Algorithm::S3Etag),
        "s3-crc32-" => parts().map(Algorithm::S3Crc32),
        "s3-crc32c-" => parts().map(Algorithm::S3Crc32c),
        "s3-sha1-" => parts().map(Algorithm::S3Sha1),
        "s3-sha256-" => parts().map(Algorithm::S3Sha256),
        _ => None,
    }
}

/// The names that stand for many, and what their numbers may be.
const WITH_PARAMETER: [(&str, &str); 3] = [
    ("blake2b", "blake2b_N has N bits, a multiple of 8 from 8 to 512"),
    ("blake3", "blake3_N has N bits, a multiple of 8 from 8 to 512"),
    ("s3", "s3_etag_N (or s3_crc32_N, s3_crc32c_N, s3_sha1_N, s3_sha256_N) has parts of N MiB, 1 to 5120"),
];

/// A word that is not the name of an algorithm. The text says what may be meant and lists all names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown algorithm {0:?}: {hint}known algorithms are {names}", hint = hint(.0), names = known_names())]
pub struct UnknownAlgorithm(pub String);

fn hint(word: &str) -> String {
    if let Some(name) = unsupported_algorithm(word) {
        return format!("{name} is not supported; ");
    }
    let word = word.to_ascii_lowercase();
    let meant = WITH_PARAMETER.iter().find(|(family, _)| word.starts_with(family));
    match (nearest(&word), meant) {
        (_, Some((_, rule))) => format!("{rule}; "),
        (Some(name), None) => format!("did you mean {name}? "),
        (None, None) => String::new(),
    }
}

/// How many letters a mistyped name may have wrong, missing, too many or swapped.
const MAX_TYPOS: usize = 2;

/// The name that a word is most likely mistyped for. A word of which too little is left is none.
fn nearest(word: &str) -> Option<&'static str> {
    if word.len() > MAX_WORD_BYTES {
        return None;
    }
    let typos = |algorithm: &Algorithm| (strsim::damerau_levenshtein(word, algorithm.name()), algorithm.name());
    let (typos, name) = Algorithm::ALL.iter().map(typos).min_by_key(|(typos, _)| *typos)?;
    (typos <= MAX_TYPOS && 2 * typos < name.len()).then_some(name)
}

fn known_names() -> String {
    format!("{}, blake2b_N, blake3_N, s3_etag_N", Algorithm::ALL.map(Algorithm::name).join(", "))
}
