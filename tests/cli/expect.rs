//! `hivesum check FILE --expect DIGEST`: one file against one digest, as a release engineer copies it from a page.

use hivesum_test_support::has_tool;

use super::work_dir::{HIVESUM, WorkDir};

#[test]
fn a_file_is_checked_against_the_digests_of_system_tools() {
    let dir = WorkDir::with(&[(b"disk.iso", b"hello\n"), (b"other", b"bye\n")]);
    for (tool, algorithm, tag) in [
        ("md5sum", "md5", "MD5"),
        ("sha1sum", "sha1", "SHA1"),
        ("sha256sum", "sha256", "SHA256"),
        ("b2sum", "blake2b", "BLAKE2b"),
    ] {
        if !has_tool(tool) {
            continue;
        }
        let digest = dir.digest(tool, "disk.iso");
        let named = format!("{algorithm}:{}", digest.to_ascii_uppercase());
        assert_eq!(dir.hivesum(["check", "disk.iso", "--expect", &named]).expect_success(), "disk.iso: OK\n");
        let asked = ["check", "-a", algorithm, "--expect", &digest, "disk.iso"];
        assert_eq!(dir.hivesum(asked).expect_success(), "disk.iso: OK\n");
        let by_length = dir.hivesum(["check", "disk.iso", "--expect", &digest]);
        let told = format!("hivesum: --expect: untagged digests of {} bits are {tag}\n", 4 * digest.len());
        assert_eq!((by_length.code, by_length.stdout().as_str()), (Some(0), "disk.iso: OK\n"));
        assert_eq!(by_length.stderr(), told, "what was found is said");
        let wrong = dir.hivesum(["check", "other", "--expect", &named]);
        let has = dir.digest(tool, "other");
        let why = format!(
            "hivesum: other: expected {digest}\nhivesum: other: computed {has} ({tag})\n\
             hivesum: WARNING: 1 computed checksum did NOT match\n"
        );
        assert_eq!((wrong.code, wrong.stdout(), wrong.stderr()), (Some(1), "other: FAILED\n".to_owned(), why));
    }
}

#[test]
fn a_digest_that_matches_as_none_of_its_length_says_what_was_tried() {
    let dir = WorkDir::with(&[(b"f", b"hello\n")]);
    let ran = dir.hivesum(["check", "f", "--expect", &"0".repeat(64)]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "f: FAILED\n"));
    assert!(ran.stderr().starts_with("hivesum: f: does not match as any of: "), "{}", ran.stderr());
    for tag in ["SHA256", "BLAKE3", "SHA3-256"] {
        assert!(ran.stderr().contains(tag), "{tag}: {}", ran.stderr());
    }
}

#[test]
fn standard_input_and_names_with_any_bytes_are_checked() {
    // `cksum -a crc32b` and zlib have this for "hello\n".
    let crc = "crc32:363a3020";
    let dir = WorkDir::with(&[(b"a\\b", b"hello\n"), (b"n\nl", b"hello\n"), (b" blank", b"hello\n")]);
    for args in [&["check", "--expect", crc][..], &["check", "-", "--expect", crc]] {
        assert_eq!(dir.feed(HIVESUM, b"hello\n", args).expect_success(), "-: OK\n");
    }
    for (name, shown) in [("a\\b", "a\\b"), ("n\nl", "\\n\\nl"), (" blank", " blank")] {
        let ran = dir.hivesum(["check", name, "--expect", crc]);
        assert_eq!(ran.expect_success(), format!("{shown}: OK\n"));
    }
    let missing = dir.hivesum(["check", "nowhere", "--expect", crc]);
    assert_eq!((missing.code, missing.stdout().as_str()), (Some(1), "nowhere: FAILED open or read\n"));
    assert!(missing.stderr().starts_with("hivesum: nowhere: No such file or directory\n"), "{}", missing.stderr());
}

#[test]
fn what_is_no_digest_or_not_one_file_is_a_wrong_command_line() {
    let dir = WorkDir::with(&[(b"f", b"1"), (b"g", b"1")]);
    let (crc, sha) = ("00000000", format!("sha256:{}", "0".repeat(64)));
    for (args, why) in [
        (&["f", "--expect", "abc"][..], "it has 3 digits, and no algorithm has so many"),
        (&["f", "--expect", "hello"], "it may be HEX, ALGORITHM:HEX"),
        (&["f", "--expect", "sha256:00"], "it has 2 digits; sha256 has 64"),
        (&["f", "-a", "md5", "--expect", crc], "it has 8 digits; md5 has 32"),
        (&["f", "-a", "md5", "--expect", &sha], "it is of sha256, not of md5"),
        (&["f", "g", "--expect", crc], "--expect is the digest of one FILE; several are named"),
        (&["f", "--strict", "--expect", crc], "cannot be used with"),
    ] {
        let ran = dir.hivesum(["check"].iter().chain(args));
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(2), ""), "{args:?}");
        assert!(ran.stderr().contains(why), "{args:?}: {}", ran.stderr());
    }
}

#[test]
fn a_line_of_a_checksum_file_and_an_integrity_value_are_read() {
    // printf 'hello\n' | sha256sum, and the same with `openssl dgst -sha256 -binary | base64`
    const HEX: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    let dir = WorkDir::with(&[(b"disk.iso", b"hello\n")]);
    for form in [
        format!("SHA256 (disk.iso) = {HEX}"),
        format!("{HEX}  disk.iso"),
        format!("{HEX} *dist/disk.iso"),
        format!("sha256={HEX}"),
        "sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=".to_owned(),
    ] {
        let ran = dir.hivesum(["check", "-q", "-a", "sha256", "disk.iso", "--expect", &form]);
        assert_eq!((ran.code, ran.stdout().as_str(), ran.stderr().as_str()), (Some(0), "", ""), "{form}");
    }
    let other = dir.hivesum(["check", "disk.iso", "--expect", &format!("SHA256 (other.iso) = {HEX}")]);
    assert_eq!((other.code, other.stdout().as_str()), (Some(0), "disk.iso: OK\n"));
    assert_eq!(other.stderr(), "hivesum: --expect: the digest is given for other.iso\n");
}
