use proptest::prelude::*;

use super::*;

#[test]
fn all_lists_every_algorithm_once_in_declared_order() {
    assert!(Algorithm::ALL.is_sorted_by(|left, right| left < right));
    assert_eq!(Algorithm::ALL.map(|algorithm| algorithm as usize), std::array::from_fn(|index| index));
}

#[test]
fn the_names_are_those_of_the_api_in_its_order() {
    // The contract of the API, GET /algorithms
    let names = "blake3 sha256 sha512 sha224 sha384 sha512_256 sha3_256 sha3_512 blake2b sha1 md5 \
                 crc32 crc32c xxh3_64 xxh3_128";
    assert_eq!(Algorithm::ALL.map(Algorithm::name).join(" "), names);
}

#[test]
fn the_default_is_blake3_and_alone_in_having_subtrees() {
    assert_eq!(Algorithm::default(), Algorithm::Blake3);
    let parallel = Algorithm::ALL.into_iter().filter(|algorithm| algorithm.is_subtree_parallel());
    assert_eq!(parallel.collect::<Vec<_>>(), [Algorithm::Blake3]);
}

#[test]
fn only_the_broken_and_the_unkeyed_checks_are_insecure() {
    let weak = Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_secure());
    assert_eq!(weak.map(Algorithm::name).collect::<Vec<_>>().join(" "), "sha1 md5 crc32 crc32c xxh3_64 xxh3_128");
}

#[test]
fn the_tags_are_those_of_the_formats() {
    // The contract of the formats
    let tags = "BLAKE3 SHA256 SHA512 SHA224 SHA384 SHA512-256 SHA3-256 SHA3-512 BLAKE2b SHA1 MD5 \
                CRC32 CRC32C XXH3-64 XXH3-128";
    assert_eq!(Algorithm::ALL.map(Algorithm::bsd_tag).join(" "), tags);
}

#[test]
fn a_tag_is_read_back_and_its_case_counts() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::from_bsd_tag(algorithm.bsd_tag().as_bytes()), Some(algorithm));
    }
    assert_eq!(Algorithm::from_bsd_tag(b"BLAKE2b-512"), Some(Algorithm::Blake2b));
    for wrong in ["", "sha256", "SHA-256", "SHA256 ", "BLAKE2B", "BLAKE2b-256", "BLAKE2b-", "SHA512_256"] {
        assert_eq!(Algorithm::from_bsd_tag(wrong.as_bytes()), None, "{wrong:?}");
    }
}

#[test]
fn common_spellings_are_read() {
    for (word, algorithm) in [
        ("BLAKE3", Algorithm::Blake3),
        ("SHA-256", Algorithm::Sha256),
        ("Sha512-256", Algorithm::Sha512_256),
        ("sha-512/256", Algorithm::Sha512_256),
        ("sha3-256", Algorithm::Sha3_256),
        ("SHA3-512", Algorithm::Sha3_512),
        ("blake2b-512", Algorithm::Blake2b),
        ("sha-1", Algorithm::Sha1),
        ("CRC-32C", Algorithm::Crc32c),
        ("xxh3-64", Algorithm::Xxh3_64),
        ("XXH128", Algorithm::Xxh3_128),
    ] {
        assert_eq!(word.parse(), Ok(algorithm));
    }
}

#[test]
fn no_two_algorithms_share_a_spelling() {
    for algorithm in Algorithm::ALL {
        for spelling in algorithm.row().spellings {
            assert_eq!(spelling.parse(), Ok(algorithm));
            assert_eq!(*spelling, spelling.to_ascii_lowercase(), "would never be found");
        }
    }
}

#[test]
fn an_unknown_name_is_repeated_beside_the_known_ones() {
    // XXH64 is another function than XXH3 with 64 bits, BLAKE2b-256 is not what BLAKE2b is here.
    for word in ["", "sha257", "xxh64", "blake2b-256", "sha-3", " md5", "s-h-a256", "ＭＤ５"] {
        let refused = word.parse::<Algorithm>().unwrap_err();
        assert_eq!(refused, UnknownAlgorithm(word.to_owned()));
        let text = refused.to_string();
        assert!(text.contains(&format!("{word:?}")), "{text}");
        assert!(Algorithm::ALL.iter().all(|algorithm| text.contains(algorithm.name())), "{text}");
    }
}

#[test]
fn the_serde_form_is_the_name() {
    for algorithm in Algorithm::ALL {
        let json = serde_json::to_string(&algorithm).unwrap();
        assert_eq!(json, format!("{:?}", algorithm.name()));
        assert_eq!(serde_json::from_str::<Algorithm>(&json).unwrap(), algorithm);
    }
    let refused = serde_json::from_str::<Algorithm>("\"rot13\"").unwrap_err();
    assert!(refused.to_string().contains("rot13"), "{refused}");
}

proptest! {
    #[test]
    fn a_printed_algorithm_is_read_back_in_any_case(index in 0..15_usize, upper: u16) {
        let algorithm = Algorithm::ALL[index];
        let shout = |(at, letter): (usize, char)| {
            if upper >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
        };
        let word: String = algorithm.to_string().chars().enumerate().map(shout).collect();
        prop_assert_eq!(word.parse(), Ok(algorithm));
    }
}
