//! `hivesum convert --to asc_mhl`: a history that the reference implementation accepts, and what it cannot carry.

use hivesum_test_support::has_tool;

use super::work_dir::{HIVESUM, WorkDir, arg};

/// `hello\n`, as coreutils and xxhsum have it.
const MD5_OF_HELLO: &str = "b1946ac92492d2347c6235b4d2611184";

fn film() -> WorkDir {
    WorkDir::with(&[(b"film/Clips/a.mov", b"hello\n"), (b"film/b & c", b"1"), (b"film/empty", b"")])
}

/// Runs the reference implementation on the folder, which says with its exit status whether all is well.
fn accepts(dir: &WorkDir, command: &[&str]) -> bool {
    dir.run(command[0], [&command[1..], &["film"]].concat()).code == Some(0)
}

#[test]
fn the_reference_implementation_accepts_what_is_written_and_finds_damage_by_it() {
    if !has_tool("ascmhl") || !has_tool("ascmhl-debug") {
        return;
    }
    let both: [&[&str]; 2] = [&["ascmhl", "diff"], &["ascmhl-debug", "verify"]];
    for algorithms in ["md5", "sha512,xxh64", "md5,sha1,sha512,xxh64,xxh3_64,xxh3_128"] {
        let dir = film();
        dir.hivesum(["hash", "-a", algorithms, "film", "--format", "bsd", "-o", "sums"]).expect_success();
        let converted = dir.hivesum(["convert", "--to", "asc_mhl", "--root", "film", "sums"]);
        assert_eq!(converted.code, Some(0), "{algorithms}: {}", converted.stderr());
        for command in both {
            assert!(accepts(&dir, command), "{algorithms}: {command:?}");
        }
        dir.write("film/Clips/a.mov", "hullo\n");
        assert!(!accepts(&dir, both[1]), "{algorithms}");
        std::fs::remove_file(dir.path("film/Clips/a.mov")).unwrap();
        assert!(!accepts(&dir, both[0]), "{algorithms}");
    }
}

#[test]
fn names_sizes_and_digests_are_those_of_the_manifest_and_audit_reads_them() {
    let dir = film();
    dir.hivesum(["hash", "-a", "md5", "film", "--format", "csv", "-o", "sums.csv"]).expect_success();
    let refused = dir.hivesum(["convert", "--to", "asc_mhl", "--root", "film", "sums.csv"]);
    assert!(refused.stderr().contains("whole seconds only for the time of this file"), "{}", refused.stderr());
    assert!(!dir.path("film/ascmhl").exists());
    let converted = dir.hivesum(["convert", "--to", "asc_mhl", "--root", "film", "--drop-details", "sums.csv"]);
    assert!(converted.stderr().contains("converted 3 files, 3 digests; read back"), "{}", converted.stderr());

    let history = std::fs::read_dir(dir.path("film/ascmhl")).unwrap().map(|entry| entry.unwrap().path());
    let generation = history.into_iter().find(|path| path.extension().is_some_and(|end| end == "mhl")).unwrap();
    let name = generation.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("0001_film_2"), "{name}");
    let text = std::fs::read_to_string(&generation).unwrap();
    let hello = format!(">Clips/a.mov</path>\n      <md5 action=\"original\">{MD5_OF_HELLO}</md5>");
    assert!(text.contains(&hello) && text.contains("<path size=\"6\" "), "{text}");
    assert!(text.contains(">b &amp; c</path>"), "{text}");

    let audit = dir.hivesum(["audit", "film"]);
    assert_eq!(audit.code, Some(0), "{}{}", audit.stdout(), audit.stderr());
}

#[test]
fn a_manifest_with_sizes_needs_no_files() {
    let dir = WorkDir::new();
    std::fs::create_dir(dir.path("disk")).unwrap();
    let csv = format!("path,size,modified_at,md5\n./a,6,2020-01-02T03:04:05Z,{MD5_OF_HELLO}\n");
    let converted = dir.feed(HIVESUM, csv.as_bytes(), ["convert", "--to", "asc_mhl", "-o", "disk", "-"]);
    assert_eq!(converted.code, Some(0), "{}", converted.stderr());
    let again = dir.feed(HIVESUM, csv.as_bytes(), ["convert", "--to", "asc_mhl", "-o", "disk", "-"]);
    assert!(again.stderr().contains("disk/ascmhl: a history is there already"), "{}", again.stderr());
}

#[test]
fn a_manifest_with_every_detail_is_converted_without_those_that_are_dropped() {
    let dir = WorkDir::with(&[(b"tree/a", b"hello\n"), (b"tree/d/b", b"there\n")]);
    std::fs::create_dir(dir.path("disk")).unwrap();
    let ndjson = dir.hivesum(["hash", "-a", "md5", "-f", "ndjson", "tree"]).expect_success();
    let convert = |more: &[&str]| {
        let args = ["convert", "--to", "asc_mhl", "-o", "disk"].iter().chain(more).chain(&["-"]);
        dir.feed(HIVESUM, ndjson.as_bytes(), args.copied())
    };
    let refused = convert(&[]);
    assert!(refused.stderr().contains("no place for the ctime and inode"), "{}", refused.stderr());
    let converted = convert(&["--drop-details"]);
    assert_eq!(converted.code, Some(0), "{}", converted.stderr());
    assert!(
        converted.stderr().contains("converted 2 files, 2 digests; read back and verified"),
        "{}",
        converted.stderr()
    );
}

#[test]
fn what_asc_mhl_cannot_carry_is_refused_with_the_name_and_nothing_is_written() {
    let dir = WorkDir::with(&[(b"tree/a", b"hello\n")]);
    let (csv, md5) = ("path,size,modified_at", MD5_OF_HELLO);
    let blake3 = "0".repeat(64);
    for (manifest, why) in [
        (format!("MD5 (b) = {md5}\n"), "b: no file of this name is in --root"),
        (format!("MD5 (../b) = {md5}\n"), "../b: the path has a `.` or `..` component"),
        (format!("MD5 (/b) = {md5}\n"), "/b: the path is absolute"),
        (format!("BLAKE3 (a) = {blake3}\n"), "ASC MHL cannot carry blake3"),
        (format!("BLAKE3 (a) = {blake3}\nMD5 (a) = {md5}\n"), "say with -a which digests to keep, such as -a md5"),
        ("XXH32 (a) = 00000000\n".to_owned(), "ASC MHL cannot carry xxh32"),
        (format!("MD5 (a) = {md5}\nMD5 (a) = {}\n", "0".repeat(32)), "two different digests"),
        (format!("{csv},md5\na\u{1},6,,{md5}\n"), "ASC MHL cannot carry the name"),
        ("{\"items\":[{\"path\":\"a\",\"status\":\"error\",\"code\":\"permission\"}]}".to_owned(), "failure of this"),
    ] {
        let refused = dir.feed(HIVESUM, manifest.as_bytes(), ["convert", "--to", "asc_mhl", "--root", "tree", "-"]);
        assert_eq!(refused.code, Some(1), "{manifest}");
        assert!(refused.stderr().contains(why), "{manifest}: {}", refused.stderr());
        assert_eq!(std::fs::read_dir(dir.path("tree")).unwrap().count(), 1, "{manifest}");
    }
    for (name, why) in [("../b", "the name leads out of the directory"), ("/b", "the name is absolute")] {
        let outside = format!("{csv},md5\n{name},6,,{md5}\n");
        let refused = dir.feed(HIVESUM, outside.as_bytes(), ["convert", "--to", "asc_mhl", "-o", "tree", "-"]);
        assert!(refused.stderr().contains(&format!("{name}: {why}")), "{}", refused.stderr());
    }
    let manifest = format!("MD5 (a) = {md5}\n");
    let refused = dir.feed(HIVESUM, manifest.as_bytes(), ["convert", "--to", "asc_mhl", "-o", "tree", "-"]);
    assert!(refused.stderr().contains("a: the asc_mhl format needs the size of this file"), "{}", refused.stderr());
    let nowhere = dir.feed(HIVESUM, manifest.as_bytes(), ["convert", "--to", "asc_mhl", "-"]);
    assert_eq!(nowhere.code, Some(2));
    let unknown = dir.hivesum(["convert", "--to", "mhl", "x"]);
    assert!(unknown.stderr().contains("ocfl_sidecar, or asc_mhl"), "{}", unknown.stderr());
    let latin = dir.feed(
        HIVESUM,
        &[b"MD5 (caf\xe9) = ", md5.as_bytes(), b"\n"].concat(),
        [arg("convert"), arg("--to"), arg("asc_mhl"), arg("-o"), arg("tree"), arg("-")],
    );
    assert_eq!((latin.code, dir.path("tree/ascmhl").exists()), (Some(1), false));
}
