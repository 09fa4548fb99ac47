use proptest::prelude::*;

use super::*;

/// One algorithm of each family with a parameter.
fn with_parameters() -> [Algorithm; 7] {
    let part = PartMebibytes::new(8).unwrap();
    [
        Algorithm::blake2b(256).unwrap(),
        Algorithm::blake3(512).unwrap(),
        Algorithm::S3Etag(part),
        Algorithm::S3Crc32(part),
        Algorithm::S3Crc32c(part),
        Algorithm::S3Sha1(part),
        Algorithm::S3Sha256(part),
    ]
}

fn every() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.into_iter().chain(with_parameters())
}

#[test]
fn all_lists_every_algorithm_without_a_parameter_once_in_declared_order() {
    assert!(Algorithm::ALL.is_sorted_by(|left, right| left < right));
    assert_eq!(every().count(), <Algorithm as strum::EnumCount>::COUNT);
}

#[test]
fn an_algorithm_is_small() {
    assert!(size_of::<Algorithm>() <= 4);
}

#[test]
fn the_names_are_those_of_the_api_in_its_order() {
    // The contract of the API, GET /algorithms
    let names = "blake3 sha256 sha512 sha224 sha384 sha512_256 sha3_256 sha3_512 blake2b sha1 md5 \
                 crc32 crc32c xxh3_64 xxh3_128 sha3_224 sha3_384 sha512_224 xxh32 xxh64 crc64 crc64nvme \
                 ripemd160 sm3 whirlpool md4 ed2k tiger blake2s quickxor dropbox mailru hidrive";
    assert_eq!(Algorithm::ALL.map(Algorithm::name).join(" "), names);
    let names = "blake2b_256 blake3_512 s3_etag_8 s3_crc32_8 s3_crc32c_8 s3_sha1_8 s3_sha256_8";
    assert_eq!(with_parameters().map(Algorithm::name).join(" "), names);
}

#[test]
fn the_default_is_blake3_and_alone_in_having_subtrees() {
    assert_eq!(Algorithm::default(), Algorithm::Blake3);
    let parallel = Algorithm::ALL.into_iter().filter(|algorithm| algorithm.is_subtree_parallel());
    assert_eq!(parallel.collect::<Vec<_>>(), [Algorithm::Blake3]);
}

#[test]
fn only_the_broken_the_short_and_the_unkeyed_checks_are_insecure() {
    let weak = every().filter(|algorithm| !algorithm.is_secure());
    let names = "sha1 md5 crc32 crc32c xxh3_64 xxh3_128 xxh32 xxh64 crc64 crc64nvme ripemd160 md4 ed2k tiger quickxor \
                 mailru hidrive s3_etag_8 s3_crc32_8 s3_crc32c_8 s3_sha1_8";
    assert_eq!(weak.map(Algorithm::name).collect::<Vec<_>>().join(" "), names);
    let of_bits = |bits| [Algorithm::blake2b(bits), Algorithm::blake3(bits)].map(|one| one.unwrap().is_secure());
    assert_eq!(
        [8, 160, 216, 224, 256, 512].map(of_bits),
        [[false; 2], [false; 2], [false; 2], [true; 2], [true; 2], [true; 2]]
    );
}

#[test]
fn the_tags_are_those_of_the_tools_of_the_field() {
    // coreutils, shasum, xxhsum, b3sum, rhash and OpenBSD's cksum
    let tags = "BLAKE3 SHA256 SHA512 SHA224 SHA384 SHA512/256 SHA3-256 SHA3-512 BLAKE2b SHA1 MD5 CRC32 CRC32C XXH3 \
                XXH128 SHA3-224 SHA3-384 SHA512/224 XXH32 XXH64 CRC64 CRC64NVME RMD160 SM3 WHIRLPOOL MD4 ED2K TIGER \
                BLAKE2s QUICKXOR DROPBOX MAILRU HIDRIVE";
    assert_eq!(Algorithm::ALL.map(Algorithm::bsd_tag).join(" "), tags);
    let tags = "BLAKE2b-256 BLAKE3-512 s3_etag_8 s3_crc32_8 s3_crc32c_8 s3_sha1_8 s3_sha256_8";
    assert_eq!(with_parameters().map(Algorithm::bsd_tag).join(" "), tags);
}

#[test]
fn a_tag_is_read_back_in_any_case() {
    for algorithm in every() {
        for tag in
            [algorithm.bsd_tag().to_owned(), algorithm.bsd_tag().to_lowercase(), algorithm.bsd_tag().to_uppercase()]
        {
            assert_eq!(Algorithm::from_bsd_tag(tag.as_bytes()), Some(algorithm), "{tag}");
            assert_eq!(Algorithm::of_tag(tag.as_bytes()), Some(Tag { algorithm, byte_order: ByteOrder::BigEndian }));
        }
    }
    for wrong in
        [&b""[..], b"SHA256 ", b" MD5", b"BLAKE2b-", b"SHA-3", b"MD5\xFF", b"SHA256SUM", b"XXH3_LE_LE", b"_LE", b"LE"]
    {
        assert_eq!(Algorithm::of_tag(wrong), None, "{wrong:?}");
    }
    assert_eq!(Algorithm::of_tag(&vec![b'A'; 1 << 20]), None);
}

#[test]
fn the_tags_of_earlier_releases_are_still_read() {
    for (tag, algorithm) in [
        ("SHA512-256", Algorithm::Sha512_256),
        ("XXH3-64", Algorithm::Xxh3_64),
        ("XXH3-128", Algorithm::Xxh3_128),
        ("BLAKE2b-512", Algorithm::Blake2b),
    ] {
        assert_eq!(Algorithm::from_bsd_tag(tag.as_bytes()), Some(algorithm), "{tag}");
    }
}

#[test]
fn the_tags_of_xxhsum_with_little_endian_digits_are_told_apart() {
    // xxhsum 0.8.1 --little-endian --tag -H0 to -H3
    for (tag, algorithm) in [
        ("XXH32_LE", Algorithm::Xxh32),
        ("XXH64_LE", Algorithm::Xxh64),
        ("XXH128_LE", Algorithm::Xxh3_128),
        ("XXH3_LE", Algorithm::Xxh3_64),
    ] {
        let tag = Algorithm::of_tag(tag.as_bytes());
        assert_eq!(tag, Some(Tag { algorithm, byte_order: ByteOrder::LittleEndian }));
    }
    for tag in ["XXH64_LE", "MD5_LE", "CRC32_LE"] {
        assert_eq!(Algorithm::from_bsd_tag(tag.as_bytes()), None, "{tag}");
    }
    assert_eq!(Algorithm::of_tag(b"MD5_LE"), None);
}

#[test]
fn what_tools_write_is_read() {
    let blake2b = |bits| Algorithm::blake2b(bits).unwrap();
    for (words, algorithm) in [
        ("BLAKE3 BLAKE3-256 blake3_256", Algorithm::Blake3),
        ("SHA-256 SHA2-256 sha256", Algorithm::Sha256),
        ("SHA512-256 Sha512-256 SHA512/256 SHA-512/256 SHA2-512/256 sha512_256", Algorithm::Sha512_256),
        ("SHA512/224 SHA-512/224 SHA2-512/224 SHA512-224", Algorithm::Sha512_224),
        ("SHA3-224 SHA3_224 sha3/224", Algorithm::Sha3_224),
        ("SHA3-384 SHA3_384", Algorithm::Sha3_384),
        ("SHA3-512 SHA3_512", Algorithm::Sha3_512),
        ("BLAKE2B BLAKE2b BLAKE2B-512 BLAKE2b512 blake2b-512", Algorithm::Blake2b),
        ("BLAKE2b-256 BLAKE2B-256 blake2b256 blake2b_256", blake2b(256)),
        ("BLAKE2b-8", blake2b(8)),
        ("BLAKE2S BLAKE2s BLAKE2S-256 BLAKE2S256", Algorithm::Blake2s),
        ("BLAKE3-512 blake3_512", Algorithm::blake3(512).unwrap()),
        ("sha-1 SHA1", Algorithm::Sha1),
        ("CRC-32C CRC32C", Algorithm::Crc32c),
        ("CRC64 CRC-64 CRC-64/XZ", Algorithm::Crc64),
        ("CRC64NVME CRC-64/NVME crc64nvme", Algorithm::Crc64Nvme),
        ("XXH3 XXH3_64 XXH3-64", Algorithm::Xxh3_64),
        ("XXH128 XXH3-128 XXH3_128", Algorithm::Xxh3_128),
        ("XXH64 xxh64", Algorithm::Xxh64),
        ("XXH32", Algorithm::Xxh32),
        ("RMD160 RIPEMD160 RIPEMD-160 rmd160", Algorithm::Ripemd160),
        ("SM3 sm3", Algorithm::Sm3),
        ("WHIRLPOOL whirlpool", Algorithm::Whirlpool),
        ("TIGER tiger", Algorithm::Tiger),
        ("MD4 md4", Algorithm::Md4),
        ("ED2K ed2k", Algorithm::Ed2k),
        ("QuickXorHash quickxor", Algorithm::QuickXor),
        ("s3_etag_16 S3-ETAG-16", Algorithm::S3Etag(PartMebibytes::new(16).unwrap())),
    ] {
        for word in words.split(' ') {
            assert_eq!(word.parse(), Ok(algorithm), "{word}");
            assert_eq!(Algorithm::from_bsd_tag(word.as_bytes()), Some(algorithm), "{word}");
        }
    }
}

#[test]
fn no_two_algorithms_share_a_spelling() {
    for algorithm in every() {
        for spelling in algorithm.spellings() {
            assert_eq!(spelling.parse(), Ok(algorithm));
            assert_eq!(*spelling, spelling.to_ascii_lowercase().replace(['_', '/'], "-"), "would never be found");
        }
    }
}

#[test]
fn an_unknown_name_is_repeated_beside_the_known_ones() {
    for word in [
        "",
        "sha257",
        "xxh",
        "blake2b-255",
        "sha-3",
        "sha3",
        " md5",
        "s-h-a256",
        "ＭＤ５",
        "sha256sum",
        "blake2b_08",
        "blake2b_+8",
    ] {
        let refused = word.parse::<Algorithm>().unwrap_err();
        assert_eq!(refused, UnknownAlgorithm(word.to_owned()));
        let text = refused.to_string();
        assert!(text.contains(&format!("{word:?}")), "{text}");
        assert!(Algorithm::ALL.iter().all(|algorithm| text.contains(algorithm.name())), "{text}");
    }
}

#[test]
fn a_refused_word_that_nearly_means_something_is_explained() {
    for (word, why) in [
        ("GOST94", r#"unknown algorithm "GOST94": GOST R 34.11-94 is not supported; known"#),
        ("blake3_1024", r#""blake3_1024": blake3_N has N bits, a multiple of 8 from 8 to 512; known"#),
        ("blake2b-520", r#""blake2b-520": blake2b_N has N bits, a multiple of 8 from 8 to 512; known"#),
        ("blake2b_0", "blake2b_N has N bits"),
        ("s3_etag", "has parts of N MiB, 1 to 5120; known"),
        ("s3_etag_5121", "has parts of N MiB, 1 to 5120; known"),
        ("sha265", r#"unknown algorithm "sha265": did you mean sha256? known"#),
        ("SHA25", "did you mean sha256? known"),
        ("bleke3", "did you mean blake3? known"),
        ("mdd5", "did you mean md5? known"),
        ("rot13", r#"unknown algorithm "rot13": known algorithms are blake3,"#),
    ] {
        let text = word.parse::<Algorithm>().unwrap_err().to_string();
        assert!(text.contains(why), "{text}");
    }
}

#[test]
fn the_serde_form_is_the_name() {
    for algorithm in every() {
        let json = serde_json::to_string(&algorithm).unwrap();
        assert_eq!(json, format!("{:?}", algorithm.name()));
        assert_eq!(serde_json::from_str::<Algorithm>(&json).unwrap(), algorithm);
    }
    let refused = serde_json::from_str::<Algorithm>("\"rot13\"").unwrap_err();
    assert!(refused.to_string().contains("rot13"), "{refused}");
}

proptest! {
    #[test]
    fn a_printed_algorithm_is_read_back_in_any_case(algorithm in prop::sample::select(every().collect::<Vec<_>>()), upper: u16) {
        let shout = |(at, letter): (usize, char)| {
            if upper >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
        };
        let word: String = algorithm.to_string().chars().enumerate().map(shout).collect();
        prop_assert_eq!(word.parse(), Ok(algorithm));
    }
}
