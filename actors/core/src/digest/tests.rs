//! Every algorithm against published digests, and against itself however the bytes are split.

mod parts;

pub(super) use hivesum_test_support::cycle;
use proptest::prelude::*;

use super::vectors::{BLAKE3_VECTORS, MILLION, OF_TWO_BLOCKS, TWO_BLOCKS};
use super::{Algorithm, Chain};

/// The digest of these bytes in one update.
pub(super) fn digest_of(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    let mut chain = Chain::new(algorithm);
    chain.update(bytes);
    let mut digest = Vec::new();
    chain.finalize_into(&mut digest);
    digest
}

/// Around a block, a rate or a limit of every algorithm: minus 1, exact, plus 1. The padding of MD5, SHA-1 and SHA-2
/// (56 of 64, 112 of 128), the rates of SHA-3 (72, 136), XXH3's paths (16, 128, 240), BLAKE3's chunk (1,024) and widest
/// steps (8 and 16 chunks), a read (65,536).
const THRESHOLDS: [usize; 43] = [
    0, 1, 2, 3, 15, 16, 17, 55, 56, 57, 63, 64, 65, 71, 72, 73, 111, 112, 113, 127, 128, 129, 135, 136, 137, 143, 144,
    145, 239, 240, 241, 1023, 1024, 1025, 8191, 8192, 8193, 16383, 16384, 16385, 65535, 65536, 65537,
];

/// SHA-256 of the digests at all [`THRESHOLDS`], end to end, each computed with the tools that `self_test/answers.rs`
/// names: `for n in THRESHOLDS: digest of (bytes(range(251)) * 500)[:n]`.
const OF_THRESHOLDS: [(Algorithm, &str); 33] = [
    (Algorithm::Blake3, "d58cf9158e44024b2a7286c16d3a4fd65ec56817134348495a33a422c9acba26"),
    (Algorithm::Sha256, "6b2a13cb3fdbd2b913b12651fe6170f7e9728336b928c85c320e118cef996325"),
    (Algorithm::Sha512, "9ef34c11902c4c86a9d50ada9412a510bd68ec4ae447636225bcf841e23bdfdc"),
    (Algorithm::Sha224, "987825c590d8de2e7471eb0e4d70e342cd83081c1315050865d03670d23b99b6"),
    (Algorithm::Sha384, "78593b64fcfd22a72432ec74a7bc95bb63ec581a9529a9df51d6b2732e05d396"),
    (Algorithm::Sha512_256, "f329c1e89dc09e5f4bfb8fa80b9374e02240f113eade52295ccc7a9a98eee53a"),
    (Algorithm::Sha3_256, "da484d06a8156d0035dd9c8c594008ff38ce45ba17a3a468a0ac20b28c55aa69"),
    (Algorithm::Sha3_512, "5ef059aa3d4f4015131c464e82efe9a71a1edb1553189b3ef01f051b17c38cb6"),
    (Algorithm::Blake2b, "4e7997cf3d40e9dc22eebdff192d4de1dc90ffbf6815acace89f29b67338c85f"),
    (Algorithm::Sha1, "2da24770d0cff48141959dbfb4a87bbd8ba7682cdb59c7d9b9ec668a6e8678bb"),
    (Algorithm::Md5, "a99e8bb18a1860e4e304a0cea78e4275f02d182acac284c4b46c9d0d8c654d5d"),
    (Algorithm::Crc32, "63ba7ccd2c36e71e476b346fd16f37946051a99afdc7852a92077fad75fbef88"),
    (Algorithm::Crc32c, "9ba39c5030c7dce60e04cb4f7bdc6fb65e22acbe7f968af3ffc9d0674366a100"),
    (Algorithm::Xxh3_64, "e5cfc1a9d8a4b4222c2a2d7b1c357ded87f954e8e922ef9270aabc3ba75c9438"),
    (Algorithm::Xxh3_128, "37d8c19134d369b830282ee11f185204e170df6c66866b84268ce46843de28e8"),
    (Algorithm::Sha3_224, "dfb0ea5c2b7e9d3c2f0bfaf481b53d9cfd508d8787376f302106c2949b998c13"),
    (Algorithm::Sha3_384, "3d490aa8a32989b2558060669973df6e24b1a08bab938d05c72befe07f73a116"),
    (Algorithm::Sha512_224, "b25f11d445aecb4e933eea7967843a5fbe13dc79a09a227c75344f7073248fe3"),
    (Algorithm::Xxh32, "0479cb9b1dbaead993b76f539f7a125540ee7835c02127e8497327e31ac003a5"),
    (Algorithm::Xxh64, "df7092ab262e5419be4dfede18a03aef495304e6e05ec9dc29ddaedb6633757c"),
    (Algorithm::Crc64, "2b9d7bcf98366f4ef988949d93681ee391d38db6dc9d4cce8afed4d952644a3d"),
    (Algorithm::Crc64Nvme, "b9652f1a6166f74e3aec33a59f56516cbcd68b6b138ad200e1cde2d0294ca603"),
    (Algorithm::Ripemd160, "89b6b31be06a0fb1c6217f0d4c5ed2c81d670f7fb16bb7db2e621a05ff01d1dc"),
    (Algorithm::Sm3, "bf601f80fd5979fb58217782c9e951d748556ff1bac01c496557805627f540bf"),
    (Algorithm::Whirlpool, "ea6bd25f52eef63bfca545a84cf2bc9eb5f0c8d969f67e7add69636e26efd46e"),
    (Algorithm::Md4, "dd8c3fa2c19d814c5e2f0534c3a1fcb189c70a58a85d05085b4fef71f59fd66e"),
    (Algorithm::Ed2k, "dd8c3fa2c19d814c5e2f0534c3a1fcb189c70a58a85d05085b4fef71f59fd66e"),
    (Algorithm::Tiger, "33885ddfd93b15b1aa4a2f55cffb9da40a4934faf23154abb2c9811d165f2bb6"),
    (Algorithm::Blake2s, "92398e686709156797c95f2a9c28f0e4ea06f50b6b08e9aae3d8fa9fe8371c90"),
    (Algorithm::QuickXor, "c9d68a991b30e8a1416a60780fa597e68fe274864c50af0e2655dfeb6d592520"),
    (Algorithm::Dropbox, "10cbcddaf129e92d9661f8e88f192d697d22cd8dbe9c754c3203d3444ac4c5e7"),
    (Algorithm::Mailru, "2fcc4a224e5b88c12f17f18eb10986645b0b8832f36d0de03e4a7b8de874f46f"),
    (Algorithm::Hidrive, "4b713c79dd41d3c3e4e2abd7ae40388624da67faae21736ad7d74db32f8871ef"),
];

#[test]
fn the_official_blake3_vectors_are_reproduced() {
    for (length, expected) in BLAKE3_VECTORS {
        assert_eq!(hex::encode(digest_of(Algorithm::Blake3, &cycle(*length))), *expected, "{length} bytes");
    }
}

#[test]
fn the_nist_two_block_digests_are_reproduced() {
    for (algorithm, message, expected) in OF_TWO_BLOCKS {
        assert_eq!(hex::encode(digest_of(algorithm, TWO_BLOCKS[message].as_bytes())), expected, "{algorithm}");
    }
}

#[test]
fn the_digests_of_a_million_times_a_are_reproduced() {
    assert_eq!(MILLION.map(|(algorithm, _)| algorithm), Algorithm::ALL);
    let million = vec![b'a'; 1_000_000];
    for (algorithm, expected) in MILLION {
        assert_eq!(hex::encode(digest_of(algorithm, &million)), expected, "{algorithm}");
    }
}

#[test]
fn the_digests_of_every_length_around_a_threshold_are_reproduced() {
    assert_eq!(OF_THRESHOLDS.map(|(algorithm, _)| algorithm), Algorithm::ALL);
    for (algorithm, expected) in OF_THRESHOLDS {
        let digests: Vec<u8> = THRESHOLDS.into_iter().flat_map(|length| digest_of(algorithm, &cycle(length))).collect();
        assert_eq!(digests.len(), THRESHOLDS.len() * algorithm.digest_bytes(), "{algorithm}");
        assert_eq!(hex::encode(digest_of(Algorithm::Sha256, &digests)), expected, "{algorithm}");
    }
}

#[test]
fn the_published_check_values_of_the_crcs_are_reproduced() {
    // The `check` values of CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/XZ and CRC-64/NVME in the catalogue of parametrised CRC
    // algorithms.
    assert_eq!(hex::encode(digest_of(Algorithm::Crc32, b"123456789")), "cbf43926");
    assert_eq!(hex::encode(digest_of(Algorithm::Crc32c, b"123456789")), "e3069283");
    assert_eq!(hex::encode(digest_of(Algorithm::Crc64, b"123456789")), "995dc9bbdf1939fa");
    assert_eq!(hex::encode(digest_of(Algorithm::Crc64Nvme, b"123456789")), "ae8b14860a799888");
}

#[test]
fn a_cut_at_any_threshold_does_not_change_the_digest() {
    let bytes = cycle(65_600);
    for algorithm in Algorithm::ALL {
        let whole = digest_of(algorithm, &bytes);
        for cut in THRESHOLDS {
            let mut chain = Chain::new(algorithm);
            chain.update(&bytes[..cut]);
            chain.update(&bytes[cut..]);
            let mut digest = Vec::new();
            chain.finalize_into(&mut digest);
            assert_eq!(digest, whole, "{algorithm} cut at {cut}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn streamed_in_any_cuts_is_one_shot(cuts in prop::collection::vec(prop_oneof![0..300_usize, 0..20_000_usize], 0..12)) {
        let bytes = cycle(cuts.iter().sum());
        for algorithm in Algorithm::ALL {
            let mut chain = Chain::new(algorithm);
            let mut rest = bytes.as_slice();
            for cut in &cuts {
                let (now, later) = rest.split_at(*cut);
                chain.update(now);
                rest = later;
            }
            let mut streamed = Vec::new();
            chain.finalize_reset_into(&mut streamed);
            prop_assert_eq!(streamed, digest_of(algorithm, &bytes), "{}", algorithm);
        }
    }
}
