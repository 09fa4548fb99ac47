//! What somebody meets who knows only the README: files that are somewhere else, lines that end with NUL, mistyped names, links
//! in a manifest, the options of `sha256sum`. Each is either understood or answered with what to do.

use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::work_dir::{HIVESUM, Ran, WorkDir};

fn tree() -> WorkDir {
    let dir = WorkDir::with(&[(b"dist/a", b"1"), (b"dist/sub/b", b"2"), (b"dist/c", b"3")]);
    let mut hash = dir.command(HIVESUM);
    hash.args(["hash", "-a", "sha256", "a", "c", "sub"]).current_dir(dir.path("dist"));
    let lines = Ran::of(hash.output().unwrap()).expect_success();
    dir.write("dist/SHA256SUMS", &lines);
    dir.write("dist/sub/SHA256SUMS", &lines);
    dir
}

#[test]
fn a_manifest_of_files_in_another_directory_says_where_they_are() {
    let dir = tree();
    for (manifest, directory) in [("dist/SHA256SUMS", "dist"), ("dist/sub/SHA256SUMS", "dist/sub/..")] {
        let ran = dir.hivesum(["check", manifest]);
        let hint = format!(
            "hivesum: {manifest}: all 3 files are missing here, but in {directory} there are files of these names: \
             --relative-to {directory}\n"
        );
        assert_eq!(ran.code, Some(1));
        assert!(
            ran.stderr().ends_with(&(hint + "hivesum: WARNING: 3 listed files could not be read\n")),
            "{}",
            ran.stderr()
        );
        let there = dir.hivesum(["check", "-q", manifest, "--relative-to", directory]);
        assert_eq!((there.code, there.stderr().as_str()), (Some(0), ""));
    }
    let far: String = (0..10).map(|number| format!("{}  far/{number}\n", "0".repeat(64))).collect();
    dir.write("far.sha256", far);
    let unknown = dir.hivesum(["check", "far.sha256"]);
    let hint = "all 10 files are missing: the names may be relative to another directory, see --relative-to and --strip-prefix\n\
                hivesum: WARNING: 10 listed files could not be read\n";
    assert!(unknown.stderr().ends_with(hint), "{}", unknown.stderr());
    let with_prefix = dir.hivesum(["check", "dist/SHA256SUMS", "--strip-prefix", "x"]).stderr();
    let told: Vec<_> = with_prefix.lines().filter(|line| !line.ends_with("No such file or directory")).collect();
    assert!(told[0].ends_with("--relative-to dist"), "before what else is said of the names: {told:?}");
    assert_eq!(told[1], "hivesum: dist/SHA256SUMS: 3 names do not begin with x: they are left as they are");
    assert!(!dir.hivesum(["check", "--status", "far.sha256"]).stderr().contains("relative"));
}

#[test]
fn one_missing_file_of_several_is_no_other_directory() {
    let dir = tree();
    std::fs::remove_file(dir.path("dist/c")).unwrap();
    let ran = dir.hivesum(["check", "--relative-to", "dist", "dist/SHA256SUMS"]);
    assert_eq!(ran.code, Some(1));
    assert!(!ran.stderr().contains("--relative-to"), "{}", ran.stderr());
}

#[test]
fn a_mistyped_algorithm_and_the_option_of_sha256sum_are_answered_with_what_is_meant() {
    let dir = WorkDir::with(&[(b"a", b"1")]);
    for (args, tip) in [
        (&["hash", "-a", "sha265", "a"][..], "did you mean sha256?"),
        (&["check", "-a", "blakee2b", "a"], "did you mean blake2b?"),
        (&["hash", "-c", "SHA256SUMS"], "use 'hivesum check FILE'"),
        (&["hash", "--check", "SHA256SUMS"], "use 'hivesum check FILE'"),
        (&["-c", "SHA256SUMS"], "use 'hivesum check FILE'"),
    ] {
        let ran = dir.hivesum(args);
        assert_eq!(ran.code, Some(2), "{args:?}");
        assert!(ran.stderr().contains(tip), "{args:?}: {}", ran.stderr());
    }
}

#[test]
fn a_damaged_digit_of_one_of_two_digests_is_told_alike_by_check_and_compare() {
    let dir = WorkDir::with(&[(b"a", b"1"), (b"b", b"2")]);
    dir.hivesum(["hash", "-a", "blake3,sha256", "a", "b", "-f", "ndjson", "-o", "good.ndjson"]).expect_success();
    let sha256 = dir.digest("sha256sum", "a");
    dir.write("bad.ndjson", dir.read("good.ndjson").replace(&sha256, &"0".repeat(64)));
    let why = "the digests of this entry contradict each other: the manifest is damaged";
    let checked = dir.hivesum(["check", "bad.ndjson"]);
    assert_eq!((checked.code, checked.stdout().as_str()), (Some(1), "a: FAILED\nb: OK\n"));
    assert!(
        checked.stderr().starts_with(&format!("hivesum: a: {why}; does not match: SHA256")),
        "{}",
        checked.stderr()
    );
    let compared = dir.hivesum(["compare", "good.ndjson", "bad.ndjson"]);
    assert!(compared.stdout().ends_with(&format!("modified: a ({why})\n")), "{}", compared.stdout());
    let document = |args: &[&str]| serde_json::from_slice::<Value>(&dir.hivesum(args).stdout).unwrap();
    for args in [&["check", "-f", "json", "bad.ndjson"][..], &["compare", "-f", "json", "good.ndjson", "bad.ndjson"]] {
        let item = &document(args)["items"][0];
        assert_eq!((&item["verdict"], &item["evidence"]["digests"]), (&json!("modified"), &json!("contradict")));
    }
}

#[test]
fn symbolic_links_are_counted_in_the_same_words_and_are_no_files() {
    let dir = WorkDir::with(&[(b"t/a", b"1"), (b"t/b", b"2")]);
    symlink("a", dir.path("t/link")).unwrap();
    let hashed = dir.hivesum(["hash", "-a", "sha256", "t", "-f", "ndjson", "-o", "m.ndjson"]);
    assert!(hashed.stderr().starts_with("hivesum: skipped: 1 symbolic link"), "{}", hashed.stderr());
    let checked = dir.hivesum(["check", "m.ndjson"]);
    assert_eq!((checked.code, checked.stdout().as_str()), (Some(0), "t/a: OK\nt/b: OK\n"));
    assert_eq!(checked.stderr(), "hivesum: m.ndjson: skipped: 1 symbolic link\n");
    let converted = dir.hivesum(["convert", "--to", "csv", "--drop-details", "m.ndjson"]);
    assert_eq!((converted.code, converted.stdout().lines().count()), (Some(0), 3));
    let told = "hivesum: m.ndjson: skipped: 1 symbolic link: left out\n\
                hivesum: converted 2 files, 2 digests; read back and verified\n";
    assert_eq!(converted.stderr(), told);
    let carried = dir.hivesum(["convert", "--to", "json", "m.ndjson"]);
    assert_eq!(carried.stderr(), "hivesum: converted 2 files, 2 digests; read back and verified\n");
    assert!(carried.stdout().contains("symlink"), "JSON has a place for it: {}", carried.stdout());
}

#[test]
fn a_side_of_compare_that_is_not_there_is_named_with_how_to_list_jobs() {
    let dir = WorkDir::with(&[(b"a", b"1")]);
    dir.write("sums", dir.hivesum(["hash", "a"]).expect_success());
    for args in [["compare", "sums", "nosuchjob"], ["compare", "nosuchjob", "sums"]] {
        let ran = dir.hivesum(args);
        let why = "hivesum: nosuchjob is neither a file nor the id of a job (hivesum jobs list lists them)";
        assert!(ran.code == Some(2) && ran.stderr().starts_with(why), "{}", ran.stderr());
    }
}

#[test]
fn a_wrong_number_of_seconds_is_answered_with_what_is_expected() {
    let dir = WorkDir::with(&[(b"a", b"1")]);
    for seconds in ["soon", "0", "-1", "1.5", "99999999999"] {
        let ran = dir.hivesum(["hash", &format!("--read-timeout-seconds={seconds}"), "a"]);
        let why = "must be a whole number of seconds, at least 1";
        assert!(ran.code == Some(2) && ran.stderr().contains(why), "{seconds}: {}", ran.stderr());
    }
}

#[test]
fn lines_that_end_with_nul_are_read_by_every_command_without_an_option() {
    let dir = WorkDir::with(&[(b"t/a", b"1"), (b"t/b\nc", b"2")]);
    let lines = dir.hivesum(["hash", "-z", "-a", "sha256", "t"]).expect_success();
    dir.write("sums", lines);
    assert_eq!(dir.hivesum(["check", "-a", "sha256", "sums"]).expect_success(), "t/a: OK\n\\t/b\\nc: OK\n");
    dir.hivesum(["check", "-z", "-a", "sha256", "sums"]).expect_success();
    dir.write("sums.sha256", dir.read("sums"));
    dir.hivesum(["audit", "t", "--manifest", "sums.sha256"]).expect_success();
    dir.hivesum(["compare", "-a", "sha256", "sums.sha256", "sums"]).expect_success();
    let converted = dir.hivesum(["convert", "--to", "bsd", "sums.sha256"]).stdout();
    assert!(converted.starts_with("SHA256 (t/a) = "), "{converted}");
}

#[test]
fn the_manifest_of_a_bag_has_no_dot_before_its_names_and_names_with_one_are_the_same_files() {
    let dir = WorkDir::with(&[(b"a", b"1"), (b"d/b", b"2")]);
    let lines = dir.hivesum(["hash", "-a", "sha256", "-f", "bagit", "."]).expect_success();
    let names: Vec<_> = lines.lines().map(|line| &line[66..]).collect();
    assert_eq!(names, ["data/a", "data/d/b"]);
    let with_dot = dir.hivesum(["hash", "-a", "sha256", "."]).expect_success();
    assert!(with_dot.lines().all(|line| line[66..].starts_with("./")), "as find and sha256sum write it: {with_dot}");
    let sums = WorkDir::with(&[(b"with", with_dot.as_bytes()), (b"without", with_dot.replace("./", "").as_bytes())]);
    assert_eq!(sums.hivesum(["compare", "-a", "sha256", "with", "without"]).code, Some(0));
}

#[test]
fn what_is_wrong_is_said_without_words_of_a_programmer() {
    let dir = WorkDir::with(&[(b"a", b"1")]);
    dir.write("list.json", "[1, 2]");
    dir.write("odd.json", "{\"algorithms\": 5, \"items\": [], \"summary\": {}}");
    dir.write("item.ndjson", "{\"path\": [], \"digests\": 3}\n");
    dir.write(".cargo-checksum.json", "{\"files\": [1], \"package\": null}");
    dir.write("package-lock.json", "{\"lockfileVersion\": \"x\", \"packages\": {\"a\": {\"integrity\": 3}}}");
    const OF_PROGRAMMERS: [&str; 10] =
        ["u8", "u32", "u64", "usize", "digit found", "invalid type", "sequence", "a map", "struct ", "non-zero type"];
    for args in [
        &["hash", "-j", "x", "a"][..],
        &["hash", "-j", "0", "a"],
        &["hash", "--read-timeout-seconds", "soon", "a"],
        &["check", "--read-timeout-seconds", "0", "a"],
        &["hash", "--read-timeout-seconds", "99999999999", "a"],
        &["hash", "--io", "fast", "a"],
        &["hash", "-f", "xml", "a"],
        &["compare", "-f", "xml", "a", "a"],
        &["convert", "--to", "xml", "a"],
        &["convert", "--from", "xml", "--to", "csv", "a"],
        &["check", "list.json"],
        &["check", "odd.json"],
        &["check", "item.ndjson"],
        &["check", ".cargo-checksum.json"],
        &["check", "package-lock.json"],
        &["compare", "odd.json", "item.ndjson"],
        &["convert", "--to", "csv", ".cargo-checksum.json"],
    ] {
        let ran = dir.hivesum(args);
        assert!(matches!(ran.code, Some(1 | 2)) && !ran.stderr().is_empty(), "{args:?}: {}", ran.stderr());
        for word in OF_PROGRAMMERS {
            assert!(!ran.stderr().contains(word), "{args:?}: {word}: {}", ran.stderr());
        }
    }
}

#[test]
fn a_directory_in_place_of_a_manifest_is_answered_with_the_commands_for_it() {
    let dir = tree();
    dir.write("empty/none", "");
    for (name, said) in [
        ("empty", "to compare it with what it should have, hivesum audit empty"),
        (
            "dist",
            "to compare it with what it should have, hivesum audit dist; to check the files of a list, hivesum check \
             dist/SHA256SUMS",
        ),
    ] {
        let ran = dir.hivesum(["check", name]);
        let said = format!("hivesum: {name}: Is a directory: {said}\n");
        assert_eq!((ran.code, ran.stderr()), (Some(1), said));
    }
}

#[test]
fn a_download_in_place_of_a_manifest_is_answered_with_how_to_check_it() {
    let dir = WorkDir::with(&[(b"disk image.iso", b"\0\x01\x02 an image\n\0"), (b"prose", b"no entry\n")]);
    let none = "no properly formatted checksum lines found\n";
    let ran = dir.hivesum(["check", "disk image.iso"]);
    let said = format!(
        "hivesum: 'disk image.iso': {none}hivesum: 'disk image.iso': it is no checksum file: to check it against a \
         digest, hivesum check 'disk image.iso' --expect DIGEST\n"
    );
    assert_eq!((ran.code, ran.stderr()), (Some(1), said));
    assert_eq!(dir.hivesum(["check", "prose"]).stderr(), format!("hivesum: prose: {none}"), "as sha256sum has it");
}
