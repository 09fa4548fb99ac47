//! Which algorithms a digest may be of that says no more than its length.

use super::kinds::Algorithm;

impl Algorithm {
    /// The algorithms that an untagged digest of this many bytes may be of, most likely first. Digests that only a
    /// cloud or eD2k has are never among them: those must be named.
    ///
    /// ```
    /// use hivesum_core::Algorithm;
    ///
    /// assert_eq!(Algorithm::of_length(16).first(), Some(&Algorithm::Md5));
    /// assert!(Algorithm::of_length(65).is_empty());
    /// ```
    #[must_use]
    pub const fn of_length(bytes: usize) -> &'static [Self] {
        match bytes {
            4 => const { &[Self::Crc32, Self::Crc32c, Self::Xxh32] },
            8 => const { &[Self::Xxh3_64, Self::Xxh64, Self::Crc64, Self::Crc64Nvme, blake2b(64)] },
            16 => const { &[Self::Md5, Self::Xxh3_128, Self::Md4, blake2b(128)] },
            20 => const { &[Self::Sha1, Self::Ripemd160, blake2b(160), blake3(160)] },
            24 => const { &[Self::Tiger, blake2b(192), blake3(192)] },
            28 => const { &[Self::Sha224, Self::Sha3_224, Self::Sha512_224, blake2b(224)] },
            32 => &OF_32_BYTES,
            48 => const { &[Self::Sha384, Self::Sha3_384, blake2b(384), blake3(384)] },
            64 => const { &[Self::Sha512, Self::Blake2b, Self::Sha3_512, Self::Whirlpool, blake3(512)] },
            1..=63 => &OF_ANY_LENGTH[bytes - 1],
            _ => &[],
        }
    }
}

static OF_32_BYTES: [Algorithm; 7] = [
    Algorithm::Sha256,
    Algorithm::Blake3,
    Algorithm::Sha3_256,
    Algorithm::Sha512_256,
    blake2b(256),
    Algorithm::Blake2s,
    Algorithm::Sm3,
];

/// BLAKE2b and BLAKE3 with 1 to 63 bytes: the two that may have any length.
static OF_ANY_LENGTH: [[Algorithm; 2]; 63] = {
    let mut pairs = [[Algorithm::Blake2b, Algorithm::Blake3]; 63];
    let mut index = 0;
    while index < pairs.len() {
        let bits = 8 * (index as u64 + 1);
        pairs[index] = [blake2b(bits), blake3(bits)];
        index += 1;
    }
    pairs
};

const fn blake2b(bits: u64) -> Algorithm {
    match Algorithm::blake2b(bits) {
        Some(algorithm) => algorithm,
        None => unreachable!(),
    }
}

const fn blake3(bits: u64) -> Algorithm {
    match Algorithm::blake3(bits) {
        Some(algorithm) => algorithm,
        None => unreachable!(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(bytes: usize) -> String {
        Algorithm::of_length(bytes).iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_candidates_of_a_length_have_that_length_and_are_told_apart() {
        for bytes in 0..=100 {
            let candidates = Algorithm::of_length(bytes);
            assert!(candidates.iter().all(|algorithm| algorithm.digest_bytes() == bytes), "{bytes}");
            let mut apart = candidates.to_vec();
            apart.sort_unstable();
            apart.dedup();
            assert_eq!(apart.len(), candidates.len(), "{bytes}");
            assert_eq!(candidates.is_empty(), bytes == 0 || bytes > 64, "{bytes}");
        }
    }

    #[test]
    fn every_algorithm_is_a_candidate_of_its_length_unless_it_must_be_named() {
        let named = Algorithm::ALL.into_iter().filter(|one| !Algorithm::of_length(one.digest_bytes()).contains(one));
        assert_eq!(
            named.map(Algorithm::name).collect::<Vec<_>>(),
            ["ed2k", "quickxor", "dropbox", "mailru", "hidrive"]
        );
    }

    #[test]
    fn the_most_likely_candidate_comes_first() {
        assert_eq!(names(4), "crc32 crc32c xxh32");
        assert_eq!(names(8), "xxh3_64 xxh64 crc64 crc64nvme blake2b_64");
        assert_eq!(names(16), "md5 xxh3_128 md4 blake2b_128");
        assert_eq!(names(20), "sha1 ripemd160 blake2b_160 blake3_160");
        assert_eq!(names(24), "tiger blake2b_192 blake3_192");
        assert_eq!(names(28), "sha224 sha3_224 sha512_224 blake2b_224");
        assert_eq!(names(32), "sha256 blake3 sha3_256 sha512_256 blake2b_256 blake2s sm3");
        assert_eq!(names(48), "sha384 sha3_384 blake2b_384 blake3_384");
        assert_eq!(names(64), "sha512 blake2b sha3_512 whirlpool blake3_512");
        assert_eq!((names(1).as_str(), names(63).as_str()), ("blake2b_8 blake3_8", "blake2b_504 blake3_504"));
    }
}
