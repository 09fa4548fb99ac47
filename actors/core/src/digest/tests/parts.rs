//! The algorithms whose digests have a structure of blocks, around the ends of those, and those with a parameter.
//!
//! The expected digests are those of `rhash --ed2k` 1.4.3, of `rclone hashsum` 1.60.1 (Dropbox, HiDrive, Mail.ru,
//! QuickXorHash), of Python's hashlib and zlib, part by part (S3), and of hashlib and the blake3 package (all lengths of
//! BLAKE2b and BLAKE3; some also of `b2sum -l` and `b3sum -l`), each of the 251-cycle unless said otherwise.

use proptest::prelude::*;

use super::{cycle, digest_of};
use crate::digest::{Algorithm, Chain};

fn hex_of(algorithm: &str, bytes: &[u8]) -> String {
    hex::encode(digest_of(algorithm.parse().unwrap(), bytes))
}

fn are_reproduced(algorithm: &str, expected: &[(usize, &str)]) {
    for (length, digest) in expected {
        assert_eq!(hex_of(algorithm, &cycle(*length)), *digest, "{algorithm} of {length} bytes");
    }
}

#[test]
fn an_ed2k_digest_of_whole_chunks_ends_with_an_empty_one_as_in_rhash() {
    are_reproduced(
        "ed2k",
        &[
            (9_727_999, "8bc46f92ea3ad078998cc7baf97c31c3"),
            (9_728_000, "22155255a2ed92712ccd01ad0eb9e8cb"),
            (9_728_001, "07149b89efa248c03d7e2c5e734d2d88"),
            (19_455_999, "96667a4bdc607ac41cd06c00ccf3013e"),
            (19_456_000, "b22937d7a5bb74050fb54037fe573649"),
            (19_456_001, "2bd1f2c5e81ab3f0fe4410ffe9658859"),
            (29_184_000, "bddf16d460d62e74e4bccfda2bccc84f"),
        ],
    );
}

#[test]
fn a_dropbox_digest_is_of_4_mib_blocks() {
    are_reproduced(
        "dropbox",
        &[
            (4_194_303, "e1d05b9adf4293b7fec11b099ce74116fc06dfa733a9833be9166ab4c769da43"),
            (4_194_304, "b9654428408015906b44a00935b70af33830aa344b780b0eabd535a133150d04"),
            (4_194_305, "4a6cc0a344febaa07772e7c974834b2fb1d24594d4ba15f27c97a54699709f44"),
            (8_388_607, "dc2a3b163e6f9b7ad135c5876c7dce26ba594580614c2ca929bd4b3e9aef36e7"),
            (8_388_608, "b76a633d9733b991a976dba723df6940bfaf789390a929fe8f68fd1b4705c8c1"),
            (8_388_609, "c84ee1d6377d71687c1cfe37be0897c4e351df175ea677ca2c918736a9cfb476"),
        ],
    );
}

#[test]
fn a_mailru_digest_of_up_to_20_bytes_is_the_bytes() {
    are_reproduced(
        "mailru",
        &[
            (19, "000102030405060708090a0b0c0d0e0f10111200"),
            (20, "000102030405060708090a0b0c0d0e0f10111213"),
            (21, "f76acea396fbd1097f8a679965399d11a2210f98"),
            (159, "425a9381fce3a4112e99f245420d9f64b0fbefb2"),
            (160, "8a9f1e0409ae3cf08f749dc7af473de64295f608"),
            (161, "e49a2a6edc62f1c1932fef8378771df6ba7fc854"),
            (320, "10ec788b5fc3b43ecd1774974ce0588db27816be"),
        ],
    );
}

#[test]
fn a_quickxor_digest_comes_round_after_160_bytes() {
    are_reproduced(
        "quickxor",
        &[
            (19, "e00990888644800218e000085b800216c0800638"),
            (20, "e00990888644a60218e000085c800216c0800638"),
            (21, "e00990888644a64219e000085d800216c0800638"),
            (159, "ffe1062e59d08b4755b393849275a1127cf9221d"),
            (160, "ffe1062e59d08b4755b39384ad75a1127cf9c20e"),
            (161, "5fe1062e59d08b4755b39384ac75a1127cf9c20e"),
            (320, "fe519b75f41aae0224da60b24c8037a4826d2e02"),
        ],
    );
}

#[test]
fn a_hidrive_digest_sums_up_256_digests_a_level() {
    are_reproduced(
        "hidrive",
        &[
            (4_095, "2caece4ba3abec43b152a7e92fff760f9116cb81"),
            (4_096, "92ca8f2b4163e64a1b53e0fde263ad56cbdb75fc"),
            (4_097, "9e47c2598e024d36d2bffbc476ca9c95c771b536"),
            (8_192, "11745340b8c3ad478ebde658ce14221e94fd7fe8"),
            (1_044_480, "8d46a709b2e3da265be11c8d880de569bd1b60d6"),
            (1_048_576, "a2ca6e54ee3cbeee59bf0b8f2f8fcec168a93811"),
            (1_048_577, "ae19fba3bd70e7d01a0fe9ba1fad3e4ad272f83a"),
            (1_052_672, "019407ca9ca3b46908dc8007d2b91da2e28a09c5"),
            (2_097_152, "392fb18c229cdba8bc5a1f385492b6520e4ada6c"),
            (2_097_153, "9a6d47cf4bed0c8165dc4fbd3084715bf32162e6"),
            (16_777_216, "36733838b47d594aa97a1b570cecd2c3191b2a8f"),
        ],
    );
    for length in [1, 4096, 4097, 1 << 20, (1 << 20) + 5, 1 << 24] {
        assert_eq!(hex_of("hidrive", &vec![0; length]), "0".repeat(40), "{length} zeros");
    }
}

#[test]
fn blocks_of_zeros_count_in_a_hidrive_digest_but_are_not_digested() {
    // Zeros, bytes of the cycle, zeros.
    for (before, bytes, after, expected) in [
        (4096, 4096, 0, "39eb6f2621f6b74f4b4d0d707ecd27a95d0ba135"),
        (4096, 4096, 4096, "39eb6f2621f6b74f4b4d0d707ecd27a95d0ba135"),
        (1044480, 4096, 5, "cdde033e9cf09d8a4925cf071f5802e953365810"),
        (1048576, 4096, 1048576, "a54f330ff01b14423384b7e505cc63a7c6c9632c"),
        (0, 10, 12288, "0bf6f09b92f34d43cfe64dcdd25f159993669c0d"),
    ] {
        let bytes = [vec![0; before], cycle(bytes), vec![0; after]].concat();
        assert_eq!(hex_of("hidrive", &bytes), expected, "{before} zeros before");
    }
}

#[test]
fn a_level_of_a_hidrive_digest_may_be_filled_at_the_end() {
    // 255 full levels and one more digest: the second level is full only when the first one ends.
    let bytes = cycle(251 * 4096);
    let mut left = 255 * 256 * 4096 + 5;
    let mut chain = Chain::new(Algorithm::Hidrive);
    while left > 0 {
        let now = &bytes[..bytes.len().min(left)];
        chain.update(now);
        left -= now.len();
    }
    let mut digest = Vec::new();
    chain.finalize_into(&mut digest);
    assert_eq!(hex::encode(digest), "aaf4cbedd2bc33a7debf9ff6dd1115f3e611647b");
}

#[test]
fn a_digest_of_s3_is_of_the_digests_of_its_parts() {
    for (algorithm, of_11_mib, of_10_mib) in [
        ("s3_etag_5", "af35a684675c366900bb097be2dffe92", "1e4f501cf04fe65dfa57940273a0cecf"),
        ("s3_crc32_5", "fdb29689", "b2f3a18f"),
        ("s3_crc32c_5", "a4ed8375", "79bbda15"),
        ("s3_sha1_5", "4cf4f4bccae64ec6f61c35490275e76bb53224ee", "06ff1e0ee07b44f5843f5a30c127e7e79fe6b089"),
        (
            "s3_sha256_5",
            "ff612fdc8cf5d463a4f5010b5ffca1d9a33ac7e11b64ac18f53d45d256105290",
            "1cd0836c659a0090173887acdbeea11d99fa75f5ee908ef0575819dc278bc099",
        ),
    ] {
        are_reproduced(algorithm, &[(11 << 20, of_11_mib), (10 << 20, of_10_mib)]);
    }
}

#[test]
fn every_length_of_blake2b_and_blake3_is_reproduced() {
    let of_all = |bits: &[u64], make: fn(u64) -> Option<Algorithm>, lengths: [usize; 5]| {
        let each = bits.iter().flat_map(|bits| lengths.map(|length| digest_of(make(*bits).unwrap(), &cycle(length))));
        hex::encode(digest_of(Algorithm::Sha256, &each.collect::<Vec<_>>().concat()))
    };
    let of_blake2b: Vec<u64> = (1..=63).map(|bytes| 8 * bytes).collect();
    let of_blake3: Vec<u64> = (1..=64).filter(|bytes| *bytes != 32).map(|bytes| 8 * bytes).collect();
    assert_eq!(
        of_all(&of_blake2b, Algorithm::blake2b, [0, 3, 128, 129, 102_400]),
        "84fc78313adace063378ae3a4b4c1fb30fe2f812ab8e0f09a0558a0520987133"
    );
    assert_eq!(
        of_all(&of_blake3, Algorithm::blake3, [0, 3, 1024, 1025, 102_400]),
        "4764c95aa27d30704784c800e9c6860f0db22d7fc4226cfbb7c6641cc46314c9"
    );
}

/// Some with each structure: parts of 1 MiB, of 4 MiB, chunks of 9.3 MiB, blocks of 160 and 4096 bytes, two lengths.
/// Every byte of a saved state, set to its largest value, one at a time.
#[test]
fn no_byte_of_a_saved_state_makes_it_panic() {
    let structures = OF_STRUCTURES.into_iter().map(|name| name.parse().unwrap());
    for algorithm in Algorithm::ALL.into_iter().chain(structures) {
        let mut chain = Chain::new(algorithm);
        chain.update(&cycle(300));
        let Some(saved) = chain.save() else { continue };
        for at in 0..saved.len() {
            let damaged = [&saved[..at], &[0xff], &saved[at + 1..]].concat();
            let Some(mut chain) = Chain::restore(algorithm, &damaged) else { continue };
            chain.update(&[7; 5000]);
            let mut digest = Vec::new();
            chain.finalize_into(&mut digest);
            assert_eq!(digest.len(), algorithm.digest_bytes(), "{algorithm}");
        }
    }
}

const OF_STRUCTURES: [&str; 11] = [
    "s3_etag_1",
    "s3_crc32_1",
    "s3_crc32c_1",
    "s3_sha1_1",
    "s3_sha256_1",
    "dropbox",
    "ed2k",
    "quickxor",
    "hidrive",
    "blake2b_136",
    "blake3_504",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn streamed_in_any_cuts_and_saved_between_them_is_one_shot(
        name in prop::sample::select(&OF_STRUCTURES[..]),
        cuts in prop::collection::vec(prop_oneof![0..6000_usize, (1 << 20) - 2..(1 << 20) + 3_usize, 0..5_000_000_usize], 0..6),
    ) {
        let algorithm: Algorithm = name.parse().unwrap();
        let bytes = cycle(cuts.iter().sum());
        let mut chain = Chain::new(algorithm);
        let mut rest = bytes.as_slice();
        for cut in &cuts {
            let (now, later) = rest.split_at(*cut);
            chain.update(now);
            if let Some(saved) = chain.save() {
                chain = Chain::restore(algorithm, &saved).unwrap();
            }
            rest = later;
        }
        let mut streamed = Vec::new();
        chain.finalize_reset_into(&mut streamed);
        prop_assert_eq!(&streamed, &digest_of(algorithm, &bytes), "{}", algorithm);
        chain.update(b"abc");
        streamed.clear();
        chain.finalize_into(&mut streamed);
        prop_assert_eq!(streamed, digest_of(algorithm, b"abc"), "{} after a reset", algorithm);
    }

    #[test]
    fn a_damaged_state_never_panics(
        name in prop::sample::select(&OF_STRUCTURES[..]),
        length in 0..3_000_000_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        kept in any::<prop::sample::Index>(),
    ) {
        let algorithm: Algorithm = name.parse().unwrap();
        let mut chain = Chain::new(algorithm);
        chain.update(&cycle(length));
        let Some(mut saved) = chain.save() else { return Ok(()) };
        for (at, byte) in damage {
            let at = at.index(saved.len());
            saved[at] = byte;
        }
        for saved in [&saved[..], &saved[..kept.index(saved.len())]] {
            if let Some(mut chain) = Chain::restore(algorithm, saved) {
                chain.update(&[7; 5000]);
                let mut digest = Vec::new();
                chain.finalize_into(&mut digest);
                prop_assert_eq!(digest.len(), algorithm.digest_bytes());
            }
        }
    }
}
