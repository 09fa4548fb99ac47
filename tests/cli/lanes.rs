//! Digests do not depend on the width of the vectors that a processor has.

use hivesum_test_support::cycle;

use super::work_dir::{HIVESUM, Ran, WorkDir};

/// The algorithms that have lanes.
const ALGORITHMS: [&str; 12] = [
    "blake3",
    "md5",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha512_256",
    "sha3_224",
    "sha3_256",
    "sha3_384",
    "sha3_512",
];

/// Around blocks, chunks, and what is read at once; the last ones are read side by side.
const LENGTHS: [usize; 20] = [
    0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 1023, 1024, 1025, 16_383, 16_384, 16_385, 65_537, 300_000, 1_200_000,
];

#[test]
fn every_width_of_vectors_gives_the_same_digests_of_a_tree() {
    let dir = WorkDir::new();
    // Each length beside each other one that is not far from it in the list, several times: no lane is alone.
    for (number, length) in LENGTHS.into_iter().chain(LENGTHS.into_iter().rev()).chain(LENGTHS).enumerate() {
        let mut content = cycle(length);
        content.iter_mut().for_each(|byte| *byte ^= number as u8);
        dir.write(format!("d/{number:02}"), &content);
    }
    let hash = |algorithm: &str, lanes: &str| {
        let mut command = dir.command(HIVESUM);
        command.args(["hash", "--format", "gnu", "-a", algorithm, "d"]).env("HIVESUM_LANES", lanes);
        Ran::of(command.output().unwrap()).expect_success()
    };
    for algorithm in ALGORITHMS {
        let plain = hash(algorithm, "portable");
        assert_eq!(plain.lines().count(), 3 * LENGTHS.len());
        for lanes in ["avx2", "avx512"] {
            assert_eq!(hash(algorithm, lanes), plain, "{algorithm}, {lanes}");
        }
    }
}
