//! `hivesum check` where it does more than `sha256sum --check`.

use std::io::Write;
use std::process::Stdio;

use hivesum_test_support::has_tool;
use hivesum_test_support::process::peak_bytes;

use super::work_dir::{HIVESUM, Ran, WorkDir};

/// Files `a`, `b` and `c`, all different.
fn three_files() -> WorkDir {
    WorkDir::with(&[(b"a", b"1"), (b"b", b"22"), (b"c", b"333")])
}

#[test]
fn the_first_match_decides_the_algorithm_of_digests_of_64_digits() {
    let dir = three_files();
    for (algorithm, tag) in [("blake3", "BLAKE3"), ("sha256", "SHA256")] {
        let mut sums = format!("{}  c\n", "0".repeat(64));
        sums.push_str(&dir.hivesum(["hash", "-a", algorithm, "a", "b"]).expect_success());
        dir.write("sums", sums);
        let ran = dir.hivesum(["check", "sums"]);
        assert_eq!(ran.code, Some(1));
        assert_eq!(ran.stdout(), "c: FAILED\na: OK\nb: OK\n");
        let said = ran.stderr();
        let lines: Vec<_> = said.lines().collect();
        let [tried, decided, "hivesum: WARNING: 1 computed checksum did NOT match"] = lines[..] else {
            panic!("{said}")
        };
        let tried = tried.strip_prefix("hivesum: c: does not match as any of: ").unwrap();
        for one in ["SHA256", "BLAKE3", "SHA3-256"] {
            assert!(tried.split(", ").any(|tag| tag == one), "{tried}");
        }
        assert_eq!(decided, format!("hivesum: sums: untagged digests of 256 bits are {tag}"));
    }
}

#[test]
fn untagged_digests_of_two_algorithms_do_not_both_match() {
    let dir = three_files();
    let sha256 = dir.hivesum(["hash", "-a", "sha256", "b"]).expect_success();
    dir.write("sums", dir.hivesum(["hash", "-a", "blake3", "a"]).expect_success() + &sha256);
    let ran = dir.hivesum(["check", "sums"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "a: OK\nb: FAILED\n"));
}

#[test]
fn the_name_of_a_manifest_decides_its_algorithm() {
    let dir = three_files();
    let sums = dir.hivesum(["hash", "a", "b"]).expect_success();
    for name in ["B3SUMS", "x.b3", "b3sums.txt"] {
        dir.write(name, &sums);
        assert_eq!(dir.hivesum(["check", name]).expect_success(), "a: OK\nb: OK\n");
    }
    dir.write("SHA256SUMS", &sums);
    assert_eq!(dir.hivesum(["check", "SHA256SUMS"]).stdout(), "a: FAILED\nb: FAILED\n");
    assert_eq!(
        dir.hivesum(["check", "-a", "blake3", "SHA256SUMS"]).expect_success(),
        "a: OK\nb: OK\n",
        "-a takes precedence"
    );
}

#[test]
fn digests_in_base64_from_openssl_are_accepted_on_request() {
    if !has_tool("openssl") {
        return;
    }
    let dir = three_files();
    let base64 = |algorithm: &str, name: &str| {
        let digest = dir.run("openssl", ["dgst", algorithm, "-binary", name]);
        dir.feed("openssl", &digest.stdout, ["base64", "-A"]).expect_success()
    };
    let mut sums = String::new();
    for algorithm in ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"] {
        let (a, b) = (base64(&format!("-{algorithm}"), "a"), base64(&format!("-{algorithm}"), "b"));
        sums += &format!("{a}  a\n{} (b) = {b}\n", algorithm.to_uppercase());
    }
    dir.write("sums", &sums);
    let ran = dir.hivesum(["check", "--strict", "--base64", "sums"]);
    assert_eq!((ran.code, ran.stdout()), (Some(0), "a: OK\nb: OK\n".repeat(6)), "{}", ran.stderr());
    let without = dir.hivesum(["check", "sums"]);
    let why = "hivesum: sums: no properly formatted checksum lines found\n";
    assert_eq!((without.code, without.stdout(), without.stderr().as_str()), (Some(1), String::new(), why));
    dir.write("a", "2");
    let ran = dir.hivesum(["check", "--base64", "-a", "sha256", "sums"]);
    assert_eq!((ran.code, ran.stdout()), (Some(1), "a: FAILED\nb: OK\n".to_owned()));
    // In an SFV line the name comes first.
    dir.write("sfv", "a 1AD5BE0D\n");
    assert_eq!(dir.hivesum(["check", "--base64", "sfv"]).stdout(), "a: OK\n");
}

#[test]
fn tags_and_lengths_decide_the_algorithms_of_a_mixed_manifest() {
    let dir = three_files();
    let tagged = dir.hivesum(["hash", "-a", "sha3_256,crc32c,xxh3_128,blake2b,sha512_256", "a", "b"]).expect_success();
    let mut untagged = String::new();
    for algorithm in ["md5", "sha1", "sha224", "sha384", "sha512"] {
        untagged.push_str(&dir.hivesum(["hash", "-a", algorithm, "c"]).expect_success());
    }
    dir.write("sums", tagged + &untagged);
    let expected = "a: OK\n".repeat(5) + &"b: OK\n".repeat(5) + &"c: OK\n".repeat(5);
    let all = dir.hivesum(["check", "--strict", "sums"]);
    assert_eq!((all.code, all.stdout()), (Some(0), expected));
    let found = "hivesum: sums: untagged digests of 128 bits are MD5\n";
    assert!(all.stderr().starts_with(found), "{}", all.stderr());
    let asked = dir.hivesum(["check", "-a", "sha1", "sums"]);
    assert_eq!((asked.code, asked.stdout().as_str()), (Some(0), "c: OK\n"));
    let said = "hivesum: sums: not read: 10 lines (1-10); 10 of another algorithm than sha1\n\
                hivesum: WARNING: 4 lines are improperly formatted\n";
    assert_eq!(asked.stderr(), said, "tags are foreign, and digests of another length are malformed");
}

#[test]
fn manifests_of_b3sum_and_sha256sum_are_checked() {
    if !has_tool("sha256sum") || !has_tool("b3sum") {
        return;
    }
    let dir = WorkDir::with(&[(b"a b", b"1"), (b"n\nl", b"2"), (b"b\\s", b"3"), (b"caf\xc3\xa9", b"4")]);
    let names = ["a b", "n\nl", "b\\s", "caf\u{e9}"];
    for (tool, flags) in [("sha256sum", &[][..]), ("sha256sum", &["--tag"]), ("sha512sum", &[]), ("b3sum", &[])] {
        let sums = dir.run(tool, flags.iter().chain(&names)).stdout;
        let ran = dir.feed(HIVESUM, &sums, ["check", "--strict", "-"]);
        assert_eq!(ran.code, Some(0), "{tool}: {}", ran.stderr());
        assert_eq!(ran.stdout(), "a b: OK\n\\n\\nl: OK\nb\\s: OK\ncaf\u{e9}: OK\n");
    }
}

#[test]
fn our_own_manifests_are_checked_in_every_line_format() {
    let names: [&[u8]; 6] = [b"d/a b", b"d/n\nl", b"d/b\\s", b"d/c\rr", b"d/latin\xe9", b"d/#x"];
    let dir = WorkDir::with(&names.map(|name| (name, name)));
    for args in
        [&["-a", "sha512"][..], &["--format", "bsd"], &["-a", "md5,blake3"], &["-z"], &["-z", "--format", "bsd"]]
    {
        let zero: &[&str] = if args.contains(&"-z") { &["-z"] } else { &[] };
        dir.hivesum(["hash", "d", "-o", "sums.b3"].iter().chain(args)).expect_success();
        let algorithm: &[&str] = if args.contains(&"sha512") { &["-a", "sha512"] } else { &[] };
        let ran = dir.hivesum(["check", "--strict", "--quiet", "sums.b3"].iter().chain(zero).chain(algorithm));
        assert_eq!((ran.code, ran.stderr(), ran.stdout()), (Some(0), String::new(), String::new()), "{args:?}");
    }
}

#[test]
fn thousands_of_entries_are_reported_in_the_order_of_the_manifest() {
    let dir = WorkDir::new();
    let mut expected = String::new();
    let mut sums = String::new();
    for number in 0..9000 {
        let name = format!("f{:04}", (number * 7001) % 9000);
        dir.write(&name, &name);
        expected.push_str(&format!("{name}: OK\n"));
    }
    for chunk in expected.lines().map(|line| &line[..5]).collect::<Vec<_>>().chunks(3000) {
        let several = ["hash", "-a", "md5,sha1", "--format", "bsd"].iter().chain(chunk);
        let lines = dir.hivesum(several).expect_success();
        // Alternating algorithms, so that two scans run side by side.
        let wanted = |(number, line): (usize, &str)| (number % 4 == 0 || number % 4 == 3).then(|| format!("{line}\n"));
        sums.extend(lines.lines().enumerate().filter_map(wanted));
    }
    assert_eq!(dir.feed(HIVESUM, sums.as_bytes(), ["check", "--strict"]).expect_success(), expected);
}

#[test]
fn several_manifests_are_checked_in_turn_and_any_failure_counts() {
    let dir = three_files();
    dir.write("one.b3", dir.hivesum(["hash", "a"]).expect_success());
    dir.write("two.b3", "junk\n");
    dir.write("three.b3", dir.hivesum(["hash", "c"]).expect_success());
    let ran = dir.hivesum(["check", "one.b3", "two.b3", "none", "three.b3"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "a: OK\nc: OK\n"));
    assert_eq!(
        ran.stderr(),
        "hivesum: two.b3: no properly formatted checksum lines found\nhivesum: none: No such file or directory\n"
    );
}

#[test]
fn a_nul_in_a_line_makes_it_malformed_and_does_not_cut_the_name() {
    let dir = three_files();
    let line = dir.hivesum(["hash", "a"]).expect_success();
    dir.write("sums.b3", line.replace("  a\n", "  a\0b\n"));
    let ran = dir.hivesum(["check", "-w", "sums.b3"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr().starts_with("hivesum: sums.b3: 1: improperly formatted BLAKE3 checksum line\n"));
}

#[test]
fn a_fifo_in_a_manifest_is_unreadable_and_does_not_block() {
    let dir = three_files();
    dir.fifo("pipe");
    dir.write("sums.b3", format!("{}  pipe\n", "0".repeat(64)) + &dir.hivesum(["hash", "a"]).expect_success());
    let ran = dir.hivesum(["check", "sums.b3"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "pipe: FAILED open or read\na: OK\n"));
    assert!(ran.stderr().starts_with("hivesum: pipe: not a regular file\n"));
}

#[test]
fn verdicts_that_cannot_be_written_are_an_error() {
    let dir = three_files();
    dir.write("sums.b3", dir.hivesum(["hash", "a"]).expect_success());
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ran = Ran::of(dir.command(HIVESUM).args(["check", "sums.b3"]).stdout(full).output().unwrap());
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), "hivesum: write error: No space left on device\n"));

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = Ran::of(dir.command(HIVESUM).args(["check", "sums.b3"]).stdout(writer).output().unwrap());
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), ""), "a closed pipe prints nothing, but is no success");
}

/// The longest line that is accepted.
const LINE_BYTES: usize = 1 << 20;

#[test]
fn a_line_at_the_length_limit_is_an_entry_and_a_longer_one_is_not() {
    let dir = three_files();
    let digest = dir.digest("md5sum", "a");
    for (more, code, said) in [(0, 1, "File name too long"), (1, 1, "no properly formatted checksum lines found")] {
        let name = "x".repeat(LINE_BYTES - digest.len() - 2 + more);
        let ran = dir.feed(HIVESUM, format!("{digest}  {name}\n").as_bytes(), ["check", "-"]);
        assert_eq!((ran.code, ran.stderr().contains(said)), (Some(code), true), "{more}");
    }
}

#[test]
fn an_endless_line_is_skipped_in_bounded_memory_and_reported_with_its_number() {
    let dir = three_files();
    let good = dir.hivesum(["hash", "-a", "md5", "a"]).expect_success();
    for (args, said, code) in [
        (&["check", "--warn", "-"][..], "'standard input': 2: improperly formatted MD5 checksum line\n", 0),
        (&["audit", ".", "--manifest", "-"], "not read: 1 line (2)\n", 1),
        (&["convert", "--to", "csv", "-a", "md5", "-"], "not read: 1 line (2)\n", 0),
    ] {
        let mut command = dir.command(HIVESUM);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(good.as_bytes()).unwrap();
        let piece = vec![b'a'; LINE_BYTES];
        // One GiB.
        (0..1024).for_each(|_| stdin.write_all(&piece).unwrap());
        let peak = peak_bytes(child.id());
        stdin.write_all(format!("\n{good}").as_bytes()).unwrap();
        drop(stdin);
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert!(ran.stderr().contains(said), "{args:?}: {}", ran.stderr());
        assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.stderr());
        assert!(peak < 256 << 20, "{args:?}: {peak} bytes for a line that is skipped");
    }
}
