//! `hivesum audit DIR` alone: with the manifests that lie in the directory.

use crate::work_dir::WorkDir;

#[test]
fn a_debian_system_is_audited_with_the_lists_of_its_packages() {
    let dir = WorkDir::with(&[(b"root/usr/bin/a", b"hello\n"), (b"root/etc/unlisted", b"x")]);
    let md5 = dir.digest("md5sum", "root/usr/bin/a");
    dir.write("root/var/lib/dpkg/info/a.md5sums", format!("{md5}  usr/bin/a\n"));
    let ran = dir.hivesum(["audit", "root"]);
    assert_eq!(
        (ran.code, ran.stdout().as_str()),
        (Some(0), "1 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n")
    );
    assert!(ran.stderr().contains("a Debian system of 1 package"), "{}", ran.stderr());
    dir.write("root/usr/bin/a", "hullo\n");
    let ran = dir.hivesum(["audit", "root"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout().starts_with("modified: usr/bin/a\n"), "{}", ran.stdout());
}

#[test]
fn vendored_crates_are_audited_with_their_checksums_and_a_new_file_is_found() {
    let dir = WorkDir::with(&[(b"vendor/fnv/src/lib.rs", b"hello\n")]);
    let sha256 = dir.digest("sha256sum", "vendor/fnv/src/lib.rs");
    let checksums = format!("{{\"files\":{{\"src/lib.rs\":\"{sha256}\"}},\"package\":\"{sha256}\"}}");
    dir.write("vendor/fnv/.cargo-checksum.json", checksums);
    let ran = dir.hivesum(["audit", "vendor"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout());
    assert!(ran.stderr().contains("a cargo vendor directory of 1 crate"), "{}", ran.stderr());
    dir.write("vendor/fnv/src/new.rs", "");
    let ran = dir.hivesum(["audit", "vendor"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout().starts_with("new: fnv/src/new.rs\n"), "{}", ran.stdout());
}

#[test]
fn a_directory_without_manifests_is_refused() {
    let dir = WorkDir::with(&[(b"d/a", b"1")]);
    let ran = dir.hivesum(["audit", "d"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr().contains("name a manifest or a job; nothing known was found in d"), "{}", ran.stderr());
}

#[test]
fn the_checksum_file_of_a_directory_is_found_and_of_several_one_is_to_be_named() {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"d/b", b"2")]);
    let sums = format!("{}  a\n{}  b\n", dir.digest("sha256sum", "d/a"), dir.digest("sha256sum", "d/b"));
    dir.write("d/SHA256SUMS", &sums);
    let ran = dir.hivesum(["audit", "d"]);
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(0), "hivesum: compared with d/SHA256SUMS\n"));
    dir.write("d/b", "3");
    let ran = dir.hivesum(["audit", "d"]);
    assert_eq!((ran.code, ran.stdout().starts_with("modified: b")), (Some(1), true), "{}", ran.stdout());
    dir.write("d/B3SUMS", sums);
    let ran = dir.hivesum(["audit", "d"]);
    let why = "several checksum files lie in d: name one with --manifest: SHA256SUMS, B3SUMS";
    assert_eq!((ran.code, ran.stderr().contains(why)), (Some(2), true), "{}", ran.stderr());
}

/// As bagit.py 1.9 writes them: LF and CR are encoded, percent signs are not.
#[test]
fn the_names_of_a_bag_mean_the_files_that_bag_check_takes_them_for() {
    let files: [(&str, &str); 3] = [("50%", "50%"), ("%25", "%25"), ("n\nl", "n%0Al")];
    let dir = WorkDir::new();
    dir.write("bag/bagit.txt", "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n");
    let mut list = String::new();
    for (name, written) in files {
        dir.write(format!("bag/data/{name}"), name);
        list += &format!(
            "{}  data/{written}\n",
            dir.digest("sha256sum", format!("bag/data/{name}")).trim_start_matches('\\')
        );
    }
    dir.write("bag/manifest-sha256.txt", list);
    let expect = |command: &[&str], said: &str| {
        let ran = dir.hivesum(command);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), said), "{}", ran.stderr());
    };
    let all_matched = "3 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
    for version in ["0.97", "1.0"] {
        dir.write("bag/bagit.txt", format!("BagIt-Version: {version}\nTag-File-Character-Encoding: UTF-8\n"));
        expect(&["bag", "check", "bag"], "valid: 3 files, 9 bytes\n");
        expect(&["audit", "bag"], all_matched);
    }
    std::fs::rename(dir.path("bag/data/%25"), dir.path("bag/data/%")).unwrap();
    expect(&["bag", "check", "bag"], "valid: 3 files, 9 bytes\n");
    expect(&["audit", "bag"], all_matched);
}

#[test]
fn a_manifest_of_a_bag_that_is_named_covers_only_what_such_a_manifest_names() {
    let dir = WorkDir::with(&[(b"bag/a", b"1"), (b"bag/d/b", b"2")]);
    assert_eq!(dir.hivesum(["bag", "make", "bag"]).code, Some(0));
    let audit = |manifest: &str, dir_name: &str| {
        let ran = dir.hivesum(["audit", "--manifest", manifest, dir_name]);
        (ran.code, ran.stdout(), ran.stderr())
    };
    let (code, out, err) = audit("bag/manifest-sha256.txt", "bag");
    let all_matched = "2 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
    assert_eq!((code, &*out), (Some(0), all_matched), "{err}");
    assert!(err.contains("covers data/ alone; for its tag files: hivesum bag check bag\n"), "{err}");
    let (code, out, err) = audit("bag/manifest-sha256.txt", "bag/data");
    assert_eq!((code, &*out), (Some(0), all_matched), "{err}");
    let (code, out, err) = audit("bag/tagmanifest-sha256.txt", "bag");
    assert_eq!((code, out.contains(" 0 missing, 0 new,")), (Some(0), true), "{out}{err}");
    dir.write("bag/data/c", "3");
    let (code, out, _) = audit("bag/manifest-sha256.txt", "bag");
    assert_eq!((code, out.lines().next()), (Some(1), Some("new: data/c")), "{out}");
    std::fs::remove_file(dir.path("bag/bagit.txt")).unwrap();
    let (_, out, _) = audit("bag/manifest-sha256.txt", "bag");
    assert!(out.contains("new: bag-info.txt\n"), "a directory that is no bag: {out}");
}

#[test]
fn a_symbolic_link_in_the_payload_of_a_bag_is_told_by_audit_as_by_bag_check() {
    let dir = WorkDir::with(&[(b"bag/a", b"1")]);
    assert_eq!(dir.hivesum(["bag", "make", "bag"]).code, Some(0));
    std::os::unix::fs::symlink("a", dir.path("bag/data/link")).unwrap();
    std::os::unix::fs::symlink("bagit.txt", dir.path("bag/link")).unwrap();
    let check = dir.hivesum(["bag", "check", "bag"]);
    assert_eq!(
        (check.code, check.stdout().contains("data/link: symbolic link\n")),
        (Some(1), true),
        "{}",
        check.stdout()
    );
    let said = "unreadable: data/link (symbolic link)\n";
    for more in [&[][..], &["--manifest", "bag/manifest-sha256.txt"]] {
        let ran = dir.hivesum(["audit", "bag"].iter().chain(more));
        let out = ran.stdout();
        let is_told = out.starts_with(said) && out.ends_with(", 0 missing, 0 new, 1 unreadable\n");
        assert_eq!((ran.code, is_told), (Some(1), true), "{more:?}: {out}{}", ran.stderr());
    }
    dir.write("SUMS", format!("{}  data/a\n", dir.digest("sha256sum", "bag/data/a")));
    let ran = dir.hivesum(["audit", "bag/data", "--manifest", "SUMS", "--strip-prefix", "data"]);
    assert_eq!(ran.code, Some(0), "links in other directories are ignored: {}", ran.stdout());
}
