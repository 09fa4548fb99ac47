//! `hivesum find`: a digest, or a file, in all stored jobs.

use hivesum_test_support::vectors::ABC_BLAKE3;
use serde_json::json;

use super::service::Service;
use super::work_dir::WorkDir;

#[test]
fn a_digest_and_a_file_are_found_in_every_job_that_has_them() {
    let dir =
        WorkDir::with(&[(b"t/a", b"abc"), (b"t/d/b", b"abc"), (b"t/c", b"x"), (b"same", b"abc"), (b"other", b"y")]);
    let service = Service::start(&dir);
    let both = service.run(json!({ "algorithms": ["blake3", "sha256"] }));
    let part = service.run(json!({ "algorithms": ["sha256"], "path": "d" }));
    let md5 = service.run(json!({ "algorithms": ["md5"], "path": "c" }));
    let find = |what: &str| dir.hivesum(["find", what, "--state", "s"]);

    let of_both = format!("{both}\tt\t\ta\n{both}\tt\t\td/b\n");
    let of_part = format!("{part}\tt\td\tb\n");
    for what in [ABC_BLAKE3.to_owned(), format!("blake3:{ABC_BLAKE3}")] {
        let found = find(&what);
        assert_eq!((found.code, found.stdout()), (Some(0), of_both.clone()), "{what}: {}", found.stderr());
    }
    let said = find(&format!("blake3:{ABC_BLAKE3}")).stderr();
    assert_eq!(said, "hivesum: 1 job searched; 2 jobs not searched, without a digest of the algorithm\n");
    let sha256 = dir.digest("sha256sum", "same");
    assert_eq!(find(&format!("sha256:{sha256}")).stdout(), format!("{of_part}{of_both}"), "the newest first");

    let file = find("same");
    assert_eq!((file.code, file.stdout()), (Some(0), format!("{of_part}{of_both}")), "{}", file.stderr());
    assert_eq!(file.stderr(), "hivesum: 3 jobs searched\n");
    assert_eq!(find("t/c").stdout().lines().filter(|line| line.starts_with(&md5)).count(), 1);
    let absent = find("other");
    assert_eq!((absent.code, absent.stdout().as_str()), (Some(1), ""), "{}", absent.stderr());
    let unknown = find(&"0".repeat(64));
    let told = "no job has digests of the other algorithms that it may be of, such as sha3_256";
    assert!(unknown.code == Some(1) && unknown.stderr().contains(told), "{}", unknown.stderr());
    assert!(unknown.stderr().contains("as blake3 in "), "{}", unknown.stderr());
    drop(service);
    assert_eq!(find(ABC_BLAKE3).stdout(), of_both, "without the service, too");
}

#[test]
fn what_is_no_digest_and_no_file_is_refused_and_a_directory_is_no_file() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let service = Service::start(&dir);
    service.run(json!({}));
    for (what, code, why) in [
        ("nothing", 2, "no such file, and no usual digest has this length"),
        ("", 2, "no such file, and no digest"),
        (&"z".repeat(64), 2, "no such file, and no digest"),
        ("sha257:00", 2, "no such file, and no digest"),
        ("t", 1, "t: "),
    ] {
        let refused = dir.hivesum(["find", what, "--state", "s"]);
        assert_eq!((refused.code, refused.stdout().as_str()), (Some(code), ""), "{what}: {}", refused.stderr());
        assert!(refused.stderr().contains(why), "{what}: {}", refused.stderr());
    }
    let elsewhere = dir.hivesum(["find", ABC_BLAKE3, "--state", "elsewhere"]);
    assert_eq!(elsewhere.code, Some(1));
    assert!(elsewhere.stderr().contains("no service has stored jobs"), "{}", elsewhere.stderr());
}
