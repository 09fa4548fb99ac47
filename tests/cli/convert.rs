//! `hivesum convert`: to another format and back without loss.

use super::work_dir::{HIVESUM, WorkDir};

const NAMES: [&[u8]; 6] = [b"d/a b", b"d/b\\s", b"d/c,\"d\"", b"d/n\nl", b"d/latin\xe9", b"d/%41"];

#[test]
fn a_conversion_and_back_gives_the_same_text() {
    let dir = WorkDir::with(&NAMES.map(|name| (name, name)));
    dir.hivesum(["hash", "-a", "blake3,md5", "d", "-o", "CHECKSUMS"]).expect_success();
    for format in ["csv", "json", "ndjson"] {
        let there = dir.hivesum(["convert", "--to", format, "CHECKSUMS", "-o", "there"]);
        let said = "hivesum: converted 6 files, 12 digests; read back and verified\n";
        assert_eq!((there.code, there.stderr().as_str()), (Some(0), said), "{format}");
        let back = dir.hivesum(["convert", "--to", "bsd", "there"]);
        assert_eq!(back.stdout, std::fs::read(dir.path("CHECKSUMS")).unwrap(), "{format}");
    }
}

#[test]
fn a_conversion_with_a_loss_is_refused_and_nothing_is_written() {
    let dir = WorkDir::with(&[(b"d/n\nl", b"1"), (b"d/a", b"2")]);
    dir.hivesum(["hash", "-a", "crc32", "d", "--format", "csv", "-o", "sums.csv"]).expect_success();
    let refused = dir.hivesum(["convert", "--to", "gnu", "sums.csv", "-o", "out"]);
    assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""));
    assert!(
        refused.stderr().contains("d/a: the gnu format has no place for the size of this file"),
        "{}",
        refused.stderr()
    );
    assert!(!dir.path("out").exists());
    let dropped = dir.hivesum(["convert", "--to", "gnu", "--drop-details", "sums.csv"]);
    assert_eq!((dropped.code, dropped.stdout().lines().count()), (Some(0), 2));
    let refused = dir.hivesum(["convert", "--to", "sfv", "--drop-details", "sums.csv"]);
    assert!(refused.stderr().contains("cannot carry a name that holds CR or LF"), "{}", refused.stderr());
    let refused = dir.hivesum(["convert", "--to", "b3sum", "--drop-details", "sums.csv"]);
    assert!(refused.stderr().contains("the b3sum format carries blake3 only"), "{}", refused.stderr());
}

#[test]
fn untagged_digests_need_their_algorithm() {
    let dir = WorkDir::with(&[(b"a", b"1")]);
    let sums = dir.hivesum(["hash", "a"]).expect_success();
    let refused = dir.feed(HIVESUM, sums.as_bytes(), ["convert", "--to", "csv", "-"]);
    assert!(
        refused
            .stderr()
            .contains("it may be sha256, blake3, sha3_256, sha512_256, blake2b_256, blake2s or sm3: say which with -a"),
        "{}",
        refused.stderr()
    );
    let converted = dir.feed(HIVESUM, sums.as_bytes(), ["convert", "--to", "csv", "-a", "blake3", "-"]);
    assert!(converted.stdout().starts_with("path,size,modified_at,blake3\r\na,,,"), "{}", converted.stdout());
    dir.write("B3SUMS", &sums);
    assert_eq!(dir.hivesum(["convert", "--to", "bsd", "B3SUMS"]).stdout(), format!("BLAKE3 (a) = {}\n", &sums[..64]));
    let junk = dir.feed(HIVESUM, b"junk\n", ["convert", "--to", "csv", "-"]);
    assert!(junk.stderr().contains("no line is an entry; not read: 1 line (1)"), "{}", junk.stderr());
}
