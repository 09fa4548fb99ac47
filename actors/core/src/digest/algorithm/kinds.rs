//! The algorithms themselves.

use serde::{Deserialize, Serialize};

use super::parameters::{Blake2bLength, Blake3Length, PartMebibytes};

/// A digest algorithm; its serde form is its [name](Self::name).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::EnumCount,
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
    /// SHA3-224 (FIPS 202).
    Sha3_224,
    /// SHA3-384 (FIPS 202).
    Sha3_384,
    /// SHA-512/224 (FIPS 180-4): not a shortened SHA-512.
    Sha512_224,
    /// XXH32 with seed 0.
    Xxh32,
    /// XXH64 with seed 0: another function than [`Xxh3_64`](Self::Xxh3_64).
    Xxh64,
    /// CRC-64 of xz and 7-Zip (ECMA-182, reflected polynomial `C96C5795D7870F42`, known as CRC-64/XZ).
    Crc64,
    /// CRC-64/NVME, the default of Amazon S3 (reflected polynomial `9A6C9329AC4BC9B5`).
    Crc64Nvme,
    /// RIPEMD-160 (Dobbertin, Bosselaers and Preneel, 1996).
    Ripemd160,
    /// SM3 (GB/T 32905-2016).
    Sm3,
    /// Whirlpool, its final version (ISO/IEC 10118-3).
    Whirlpool,
    /// MD4 (RFC 1320); a collision takes no time.
    Md4,
    /// eD2k: MD4 of the MD4s of 9,728,000-byte chunks, of a file of less than one chunk its MD4. A file of whole
    /// chunks counts as having an empty last one, as in eMule and rhash; some older programs leave that out.
    Ed2k,
    /// Tiger with 192 bits (Anderson and Biham, 1995), in the byte order of its authors and of rhash.
    Tiger,
    /// BLAKE2s with 256 bits (RFC 7693).
    Blake2s,
    /// The QuickXorHash of OneDrive and SharePoint, in hex like all digests.
    QuickXor,
    /// The `content_hash` of Dropbox: SHA-256 of the SHA-256s of 4 MiB blocks.
    Dropbox,
    /// The digest of Mail.ru Cloud: SHA-1 of `mrCloud`, the bytes and their count; up to 20 bytes stand for themselves.
    Mailru,
    /// The digest of HiDrive: SHA-1s of 4 KiB blocks, added up in levels of 256.
    Hidrive,
    /// BLAKE2b with fewer than 512 bits, as in `b2sum -l`.
    Blake2bShort(Blake2bLength),
    /// BLAKE3 with other than 256 bits, as in `b3sum -l`.
    Blake3Long(Blake3Length),
    /// The ETag of a multipart upload to Amazon S3: MD5 of the MD5s of its parts. A file of one part or less is taken
    /// as an upload of one part, as S3 does for those; what was uploaded without parts has its MD5 as its ETag.
    S3Etag(PartMebibytes),
    /// S3's composite CRC-32: of the CRC-32s of the parts.
    S3Crc32(PartMebibytes),
    /// S3's composite CRC-32C: of the CRC-32Cs of the parts.
    S3Crc32c(PartMebibytes),
    /// S3's composite SHA-1: of the SHA-1s of the parts.
    S3Sha1(PartMebibytes),
    /// S3's composite SHA-256: of the SHA-256s of the parts.
    S3Sha256(PartMebibytes),
}

impl Algorithm {
    /// Every algorithm without a parameter, in the order in which the API lists them.
    pub const ALL: [Self; 33] = [
        Self::Blake3,
        Self::Sha256,
        Self::Sha512,
        Self::Sha224,
        Self::Sha384,
        Self::Sha512_256,
        Self::Sha3_256,
        Self::Sha3_512,
        Self::Blake2b,
        Self::Sha1,
        Self::Md5,
        Self::Crc32,
        Self::Crc32c,
        Self::Xxh3_64,
        Self::Xxh3_128,
        Self::Sha3_224,
        Self::Sha3_384,
        Self::Sha512_224,
        Self::Xxh32,
        Self::Xxh64,
        Self::Crc64,
        Self::Crc64Nvme,
        Self::Ripemd160,
        Self::Sm3,
        Self::Whirlpool,
        Self::Md4,
        Self::Ed2k,
        Self::Tiger,
        Self::Blake2s,
        Self::QuickXor,
        Self::Dropbox,
        Self::Mailru,
        Self::Hidrive,
    ];

    /// BLAKE2b with this many bits: a multiple of 8 from 8 to 512.
    #[must_use]
    pub const fn blake2b(bits: u64) -> Option<Self> {
        match (bits, Blake2bLength::of_bits(bits)) {
            (512, _) => Some(Self::Blake2b),
            (_, Some(length)) => Some(Self::Blake2bShort(length)),
            (_, None) => None,
        }
    }

    /// BLAKE3 with this many bits: a multiple of 8 from 8 to 512.
    #[must_use]
    pub const fn blake3(bits: u64) -> Option<Self> {
        match (bits, Blake3Length::of_bits(bits)) {
            (256, _) => Some(Self::Blake3),
            (_, Some(length)) => Some(Self::Blake3Long(length)),
            (_, None) => None,
        }
    }

    /// Whether the pieces of one file can be digested separately and merged; see [`subtree`](crate::digest::subtree).
    #[must_use]
    pub const fn is_subtree_parallel(self) -> bool {
        matches!(self, Self::Blake3)
    }
}
