//! The facts about each algorithm: one [`Row`] is the only place with them.

use std::fmt;

use super::kinds::Algorithm;

/// The facts about one algorithm.
struct Row {
    family: &'static str,
    name: &'static str,
    bsd_tag: &'static str,
    digest_bytes: usize,
    strength: Strength,
    /// Other spellings than the name and the tag, folded: lower case, with `-` as the only separator.
    spellings: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Strength {
    /// No way is known to find two inputs with the same digest, and trying takes 2^112 digests or more.
    Secure,
    /// Detects accidents, does not stop an attacker.
    Weak,
}

impl Row {
    const fn secure(family: &'static str, name: &'static str, bsd_tag: &'static str, digest_bytes: usize) -> Self {
        Self { family, name, bsd_tag, digest_bytes, strength: Strength::Secure, spellings: &[] }
    }

    const fn weak(family: &'static str, name: &'static str, bsd_tag: &'static str, digest_bytes: usize) -> Self {
        Self { strength: Strength::Weak, ..Self::secure(family, name, bsd_tag, digest_bytes) }
    }

    /// Two inputs with the same digest are found among the digests of 2^(half its bits) inputs.
    const fn by_length(family: &'static str, name: &'static str, bsd_tag: &'static str, digest_bytes: usize) -> Self {
        if digest_bytes < 28 {
            return Self::weak(family, name, bsd_tag, digest_bytes);
        }
        Self::secure(family, name, bsd_tag, digest_bytes)
    }

    const fn also(self, spellings: &'static [&'static str]) -> Self {
        Self { spellings, ..self }
    }
}

const fn row(algorithm: Algorithm) -> Row {
    match algorithm {
        Algorithm::Blake3 => Row::secure("BLAKE3", "blake3", "BLAKE3", 32).also(&["blake3-256"]),
        Algorithm::Blake3Long(length) => Row::by_length("BLAKE3", length.name(), length.bsd_tag(), length.bytes()),
        Algorithm::Blake2b => Row::secure("BLAKE2", "blake2b", "BLAKE2b", 64).also(&["blake2b-512", "blake2b512"]),
        Algorithm::Blake2bShort(length) => Row::by_length("BLAKE2", length.name(), length.bsd_tag(), length.bytes()),
        Algorithm::Blake2s => Row::secure("BLAKE2", "blake2s", "BLAKE2s", 32).also(&["blake2s-256", "blake2s256"]),
        Algorithm::Sha1 => Row::weak("SHA-1", "sha1", "SHA1", 20).also(&["sha-1"]),
        Algorithm::Sha224 => Row::secure("SHA-2", "sha224", "SHA224", 28).also(&["sha-224", "sha2-224"]),
        Algorithm::Sha256 => Row::secure("SHA-2", "sha256", "SHA256", 32).also(&["sha-256", "sha2-256"]),
        Algorithm::Sha384 => Row::secure("SHA-2", "sha384", "SHA384", 48).also(&["sha-384", "sha2-384"]),
        Algorithm::Sha512 => Row::secure("SHA-2", "sha512", "SHA512", 64).also(&["sha-512", "sha2-512"]),
        Algorithm::Sha512_224 => {
            Row::secure("SHA-2", "sha512_224", "SHA512/224", 28).also(&["sha-512-224", "sha2-512-224", "sha512224"])
        }
        Algorithm::Sha512_256 => {
            Row::secure("SHA-2", "sha512_256", "SHA512/256", 32).also(&["sha-512-256", "sha2-512-256", "sha512256"])
        }
        Algorithm::Sha3_224 => Row::secure("SHA-3", "sha3_224", "SHA3-224", 28).also(&["sha3224"]),
        Algorithm::Sha3_256 => Row::secure("SHA-3", "sha3_256", "SHA3-256", 32).also(&["sha3256"]),
        Algorithm::Sha3_384 => Row::secure("SHA-3", "sha3_384", "SHA3-384", 48).also(&["sha3384"]),
        Algorithm::Sha3_512 => Row::secure("SHA-3", "sha3_512", "SHA3-512", 64).also(&["sha3512"]),
        Algorithm::Md4 => Row::weak("MD", "md4", "MD4", 16).also(&["md-4"]),
        Algorithm::Md5 => Row::weak("MD", "md5", "MD5", 16).also(&["md-5"]),
        Algorithm::Ripemd160 => Row::weak("RIPEMD", "ripemd160", "RMD160", 20).also(&["ripemd-160", "rmd-160"]),
        Algorithm::Sm3 => Row::secure("SM3", "sm3", "SM3", 32).also(&["sm-3"]),
        Algorithm::Whirlpool => Row::secure("Whirlpool", "whirlpool", "WHIRLPOOL", 64),
        Algorithm::Tiger => Row::weak("Tiger", "tiger", "TIGER", 24).also(&["tiger192", "tiger-192"]),
        Algorithm::Crc32 => Row::weak("CRC", "crc32", "CRC32", 4).also(&["crc-32"]),
        Algorithm::Crc32c => Row::weak("CRC", "crc32c", "CRC32C", 4).also(&["crc-32c"]),
        Algorithm::Crc64 => Row::weak("CRC", "crc64", "CRC64", 8).also(&["crc-64", "crc64-xz", "crc-64-xz"]),
        Algorithm::Crc64Nvme => Row::weak("CRC", "crc64nvme", "CRC64NVME", 8).also(&["crc64-nvme", "crc-64-nvme"]),
        Algorithm::Xxh32 => Row::weak("xxHash", "xxh32", "XXH32", 4).also(&["xxhash32"]),
        Algorithm::Xxh64 => Row::weak("xxHash", "xxh64", "XXH64", 8).also(&["xxhash64"]),
        Algorithm::Xxh3_64 => Row::weak("xxHash", "xxh3_64", "XXH3", 8).also(&["xxh364"]),
        Algorithm::Xxh3_128 => Row::weak("xxHash", "xxh3_128", "XXH128", 16).also(&["xxh3128"]),
        Algorithm::Ed2k => Row::weak("MD", "ed2k", "ED2K", 16).also(&["edonkey"]),
        Algorithm::QuickXor => Row::weak("cloud", "quickxor", "QUICKXOR", 20).also(&["quickxorhash"]),
        Algorithm::Dropbox => Row::secure("cloud", "dropbox", "DROPBOX", 32),
        Algorithm::Mailru => Row::weak("cloud", "mailru", "MAILRU", 20),
        Algorithm::Hidrive => Row::weak("cloud", "hidrive", "HIDRIVE", 20),
        Algorithm::S3Etag(part) => Row::weak("cloud", part.etag_name(), part.etag_name(), 16),
        Algorithm::S3Crc32(part) => Row::weak("cloud", part.crc32_name(), part.crc32_name(), 4),
        Algorithm::S3Crc32c(part) => Row::weak("cloud", part.crc32c_name(), part.crc32c_name(), 4),
        Algorithm::S3Sha1(part) => Row::weak("cloud", part.sha1_name(), part.sha1_name(), 20),
        Algorithm::S3Sha256(part) => Row::secure("cloud", part.sha256_name(), part.sha256_name(), 32),
    }
}

impl Algorithm {
    /// The name in the API, on the command line and in stored jobs, such as `sha512_256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        row(self).name
    }

    /// What it belongs to, such as `SHA-2`; `cloud` for the digests that a storage service defines for itself.
    #[must_use]
    pub const fn family(self) -> &'static str {
        row(self).family
    }

    /// The length of a digest in bytes.
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        row(self).digest_bytes
    }

    /// Whether a matching digest proves the content even if an attacker chose it.
    #[must_use]
    pub const fn is_secure(self) -> bool {
        matches!(row(self).strength, Strength::Secure)
    }

    /// The tag in BSD lines, `TAG (name) = hex`, as the field's own tool writes and reads it: `SHA512/256` of shasum,
    /// `XXH128` of xxhsum, `BLAKE2b-256` of b2sum, `RMD160` of BSD.
    #[must_use]
    pub const fn bsd_tag(self) -> &'static str {
        row(self).bsd_tag
    }

    /// Other accepted spellings than the name and the tag, in lower case. Case does not matter, and `-`, `_` and `/`
    /// are the same.
    #[must_use]
    pub const fn spellings(self) -> &'static [&'static str] {
        row(self).spellings
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
