//! The parameters of algorithms, which exist only with a valid value, and the names that contain them.
//!
//! A name is a `&'static str` whatever the parameter, so the names of all values stand in tables that are made at
//! compile time.

use std::fmt;
use std::num::{NonZeroU8, NonZeroU16};

/// A length of BLAKE2b digests other than the usual 512 bits: a multiple of 8 bits from 8 to 504.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blake2bLength(NonZeroU8);

/// A length of BLAKE3 digests other than the usual 256 bits: a multiple of 8 bits from 8 to 512.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blake3Length(NonZeroU8);

/// The size of the parts of a multipart upload to Amazon S3 in MiB: from 1 to 5120.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartMebibytes(NonZeroU16);

const fn whole_bytes(bits: u64) -> Option<NonZeroU8> {
    if !bits.is_multiple_of(8) || bits > 512 {
        return None;
    }
    NonZeroU8::new((bits / 8) as u8)
}

impl Blake2bLength {
    /// This many bits. `None` for 512, which is [`Blake2b`](super::Algorithm::Blake2b), and if BLAKE2b has no digests
    /// of that length.
    #[must_use]
    pub const fn of_bits(bits: u64) -> Option<Self> {
        match (bits, whole_bytes(bits)) {
            (512, _) | (_, None) => None,
            (_, Some(bytes)) => Some(Self(bytes)),
        }
    }

    /// The length in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0.get() as usize
    }

    pub(super) const fn name(self) -> &'static str {
        BLAKE2B_NAMES[self.bytes() - 1].as_str()
    }

    pub(super) const fn bsd_tag(self) -> &'static str {
        BLAKE2B_TAGS[self.bytes() - 1].as_str()
    }
}

impl Blake3Length {
    /// This many bits. `None` for 256, which is [`Blake3`](super::Algorithm::Blake3), and for more than 512.
    #[must_use]
    pub const fn of_bits(bits: u64) -> Option<Self> {
        match (bits, whole_bytes(bits)) {
            (256, _) | (_, None) => None,
            (_, Some(bytes)) => Some(Self(bytes)),
        }
    }

    /// The length in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0.get() as usize
    }

    pub(super) const fn name(self) -> &'static str {
        BLAKE3_NAMES[self.bytes() - 1].as_str()
    }

    pub(super) const fn bsd_tag(self) -> &'static str {
        BLAKE3_TAGS[self.bytes() - 1].as_str()
    }
}

impl PartMebibytes {
    /// S3's largest part, 5 GiB.
    pub const MAX: u64 = 5120;

    /// This many MiB. `None` for 0 and for more than [`MAX`](Self::MAX).
    #[must_use]
    pub const fn new(mebibytes: u64) -> Option<Self> {
        if mebibytes > Self::MAX {
            return None;
        }
        match NonZeroU16::new(mebibytes as u16) {
            Some(mebibytes) => Some(Self(mebibytes)),
            None => None,
        }
    }

    /// The size in MiB.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get() as u64
    }

    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.get() << 20
    }

    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    pub(super) const fn etag_name(self) -> &'static str {
        S3_ETAG_NAMES[self.index()].as_str()
    }

    pub(super) const fn crc32_name(self) -> &'static str {
        S3_CRC32_NAMES[self.index()].as_str()
    }

    pub(super) const fn crc32c_name(self) -> &'static str {
        S3_CRC32C_NAMES[self.index()].as_str()
    }

    pub(super) const fn sha1_name(self) -> &'static str {
        S3_SHA1_NAMES[self.index()].as_str()
    }

    pub(super) const fn sha256_name(self) -> &'static str {
        S3_SHA256_NAMES[self.index()].as_str()
    }
}

impl fmt::Display for PartMebibytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

static BLAKE2B_NAMES: [Word<11>; 63] = numbered("blake2b_", 8);
static BLAKE2B_TAGS: [Word<11>; 63] = numbered("BLAKE2b-", 8);
static BLAKE3_NAMES: [Word<10>; 64] = numbered("blake3_", 8);
static BLAKE3_TAGS: [Word<10>; 64] = numbered("BLAKE3-", 8);
static S3_ETAG_NAMES: [Word<12>; PartMebibytes::MAX as usize] = numbered("s3_etag_", 1);
static S3_CRC32_NAMES: [Word<13>; PartMebibytes::MAX as usize] = numbered("s3_crc32_", 1);
static S3_CRC32C_NAMES: [Word<14>; PartMebibytes::MAX as usize] = numbered("s3_crc32c_", 1);
static S3_SHA1_NAMES: [Word<12>; PartMebibytes::MAX as usize] = numbered("s3_sha1_", 1);
static S3_SHA256_NAMES: [Word<14>; PartMebibytes::MAX as usize] = numbered("s3_sha256_", 1);

/// A short text. From `len` on the array is unused.
#[derive(Clone, Copy)]
struct Word<const MAX: usize> {
    array: [u8; MAX],
    len: u8,
}

impl<const MAX: usize> Word<MAX> {
    const fn as_str(&'static self) -> &'static str {
        match std::str::from_utf8(self.array.split_at(self.len as usize).0) {
            Ok(word) => word,
            Err(_) => unreachable!(),
        }
    }

    const fn push(&mut self, byte: u8) {
        self.array[self.len as usize] = byte;
        self.len += 1;
    }
}

/// The prefix followed by `step`, by twice `step`, and so on.
const fn numbered<const MAX: usize, const COUNT: usize>(prefix: &str, step: usize) -> [Word<MAX>; COUNT] {
    let mut words = [Word { array: [0; MAX], len: 0 }; COUNT];
    let mut index = 0;
    while index < COUNT {
        words[index] = with_number(prefix.as_bytes(), (index + 1) * step);
        index += 1;
    }
    words
}

const fn with_number<const MAX: usize>(prefix: &[u8], number: usize) -> Word<MAX> {
    let mut word = Word { array: [0; MAX], len: 0 };
    let mut at = 0;
    while at < prefix.len() {
        word.push(prefix[at]);
        at += 1;
    }
    let mut unit = 10_usize.pow(number.ilog10());
    while unit > 0 {
        word.push(b'0' + (number / unit % 10) as u8);
        unit /= 10;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_whole_number_of_bytes_within_bounds() {
        for bits in 0..=1100 {
            let of_blake2b = bits % 8 == 0 && (8..=504).contains(&bits);
            let of_blake3 = bits % 8 == 0 && (8..=512).contains(&bits) && bits != 256;
            assert_eq!(Blake2bLength::of_bits(bits).is_some(), of_blake2b, "{bits}");
            assert_eq!(Blake3Length::of_bits(bits).is_some(), of_blake3, "{bits}");
        }
        for bits in [u64::MAX, 1 << 32, (1 << 32) + 8, (1 << 11) + 8] {
            assert_eq!((Blake2bLength::of_bits(bits), Blake3Length::of_bits(bits)), (None, None));
        }
    }

    #[test]
    fn a_part_has_one_mebibyte_to_five_gibibytes() {
        for wrong in [0, 5121, 1 << 16, (1 << 16) + 1, u64::MAX] {
            assert_eq!(PartMebibytes::new(wrong), None);
        }
        let sizes = [1, 8, 5120].map(|size| PartMebibytes::new(size).unwrap());
        assert_eq!(sizes.map(PartMebibytes::get), [1, 8, 5120]);
        assert_eq!(sizes.map(PartMebibytes::bytes), [1_048_576, 8_388_608, 5_368_709_120]);
    }

    #[test]
    fn every_name_ends_with_its_number() {
        for bytes in 1..=64 {
            if let Some(length) = Blake2bLength::of_bits(8 * bytes) {
                assert_eq!(length.name(), format!("blake2b_{}", 8 * bytes));
                assert_eq!(length.bsd_tag(), format!("BLAKE2b-{}", 8 * bytes));
            }
            if let Some(length) = Blake3Length::of_bits(8 * bytes) {
                assert_eq!(length.name(), format!("blake3_{}", 8 * bytes));
                assert_eq!(length.bsd_tag(), format!("BLAKE3-{}", 8 * bytes));
            }
        }
        for size in (1..=PartMebibytes::MAX).map(|size| PartMebibytes::new(size).unwrap()) {
            assert_eq!(size.etag_name(), format!("s3_etag_{size}"));
            assert_eq!(size.crc32_name(), format!("s3_crc32_{size}"));
            assert_eq!(size.crc32c_name(), format!("s3_crc32c_{size}"));
            assert_eq!(size.sha1_name(), format!("s3_sha1_{size}"));
            assert_eq!(size.sha256_name(), format!("s3_sha256_{size}"));
        }
    }
}
