//! `hivesum convert`: to another format and back, with nothing lost.

use super::work_dir::{HIVESUM, WorkDir};

const NAMES: [&[u8]; 6] = [b"d/a b", b"d/b\\s", b"d/c,\"d\"", b"d/n\nl", b"d/latin\xe9", b"d/%41"];

#[test]
fn there_and_back_is_the_same_text() {
    let dir = WorkDir::with(&NAMES.map(|name| (name, name)));
    dir.hivesum(["hash", "-a", "blake3,md5", "d", "-o", "CHECKSUMS"]).well();
    for format in ["csv", "json", "ndjson"] {
        let there = dir.hivesum(["convert", "--to", format, "CHECKSUMS", "-o", "there"]);
        let said = "hivesum: 6 files, 12 digests: read back and found the same\n";
        assert_eq!((there.code, there.stderr().as_str()), (Some(0), said), "{format}");
        let back = dir.hivesum(["convert", "--to", "bsd", "there"]);
        assert_eq!(back.stdout, std::fs::read(dir.path("CHECKSUMS")).unwrap(), "{format}");
    }
}

#[test]
fn what_would_be_lost_is_refused_by_name_and_nothing_is_written() {
    let dir = WorkDir::with(&[(b"d/n\nl", b"1"), (b"d/a", b"2")]);
    dir.hivesum(["hash", "-a", "crc32", "d", "--format", "csv", "-o", "sums.csv"]).well();
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
fn an_algorithm_that_nobody_tells_is_asked_for() {
    let dir = WorkDir::with(&[(b"a", b"1")]);
    let sums = dir.hivesum(["hash", "a"]).well();
    let refused = dir.feed(HIVESUM, sums.as_bytes(), ["convert", "--to", "csv", "-"]);
    assert!(refused.stderr().contains("may be of several algorithms: say which"), "{}", refused.stderr());
    let told = dir.feed(HIVESUM, sums.as_bytes(), ["convert", "--to", "csv", "-a", "blake3", "-"]);
    assert!(told.stdout().starts_with("path,size,modified_at,blake3\r\na,,,"), "{}", told.stdout());
    dir.write("B3SUMS", &sums);
    assert_eq!(dir.hivesum(["convert", "--to", "bsd", "B3SUMS"]).stdout(), format!("BLAKE3 (a) = {}\n", &sums[..64]));
    let junk = dir.feed(HIVESUM, b"junk\n", ["convert", "--to", "csv", "-"]);
    assert!(junk.stderr().contains("line 1 is not a manifest entry"), "{}", junk.stderr());
}
