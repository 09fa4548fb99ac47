//! Which algorithms the formats of other tools can carry, and which digests need no tag.

use crate::digest::Algorithm;

/// The algorithms of hashdeep, in the order of its columns.
pub(super) const HASHDEEP_ALGORITHMS: [Algorithm; 5] =
    [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Tiger, Algorithm::Whirlpool];

/// Whether mtree has a word for the algorithm that both NetBSD's mtree and bsdtar read.
pub(super) fn is_of_mtree(algorithm: Algorithm) -> bool {
    matches!(algorithm.name(), "md5" | "sha1" | "sha256" | "sha384" | "sha512" | "ripemd160")
}

/// Whether a `RECORD` may have the algorithm: Python's hashlib has it, and the PEPs allow it as SHA-256 or better.
pub(super) fn is_of_wheels(algorithm: Algorithm) -> bool {
    let sha3 = ["sha3_224", "sha3_256", "sha3_384", "sha3_512"];
    matches!(algorithm.name(), "sha256" | "sha384" | "sha512" | "blake2b" | "blake2s")
        || sha3.contains(&algorithm.name())
}

/// Whether an untagged digest may be read as one of this algorithm.
pub(super) fn is_told_by_length(algorithm: Algorithm) -> bool {
    let bytes = algorithm.digest_bytes();
    (matches!(bytes, 4 | 8) || bytes >= 16) && Algorithm::of_length(bytes).contains(&algorithm)
}
