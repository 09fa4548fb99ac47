//! `audit`, `compare` and `duplicates` on the stored jobs of a service, while it runs and while it does not.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use hivesum_test_support::has_tool;
use hivesum_test_support::silent_corruption::corrupt_silently;
use hivesum_test_support::vectors::ABC_BLAKE3;
use serde_json::{Value, json};

use super::service::Service;
use super::work_dir::WorkDir;

/// The id of no job.
const NO_JOB: &str = "0197a2b4-6d3c-7000-8000-000000000001";

/// The evidence where all metadata is unchanged.
const UNCHANGED: &str = "content changed, size and mtime did not; ctime and inode are the same";

fn document(dir: &WorkDir, args: &[&str], code: i32) -> Value {
    let ran = dir.hivesum(args.iter().chain(&["--state", "s", "--format", "json"]));
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(code), ""), "{args:?}");
    serde_json::from_slice(&ran.stdout).unwrap()
}

fn verdicts(document: &Value) -> Vec<(&str, &str)> {
    let items = document["items"].as_array().unwrap().iter();
    let mut verdicts: Vec<_> =
        items.map(|item| (item["path"].as_str().unwrap(), item["verdict"].as_str().unwrap())).collect();
    verdicts.sort_unstable();
    verdicts
}

fn tree() -> WorkDir {
    WorkDir::with(&[
        (b"t/edited", b"1"),
        (b"t/gone", b"2"),
        (b"t/old", b"3"),
        (b"t/same", b"4"),
        (b"t/set back", b"5"),
        (b"t/latin\xe9", b"6"),
    ])
}

fn edit(dir: &WorkDir) {
    dir.write("t/edited", "one");
    fs::remove_file(dir.path("t/gone")).unwrap();
    fs::rename(dir.path("t/old"), dir.path("t/new")).unwrap();
    dir.write("t/added", "7");
    let file = File::options().write(true).open(dir.path("t/set back")).unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    file.write_all_at(b"V", 0).unwrap();
    file.set_modified(before).unwrap();
}

#[test]
fn an_audit_against_a_job_has_the_verdicts_and_the_evidence_of_its_manifest() {
    let dir = tree();
    let service = Service::start(&dir);
    let id = service.run(json!({}));
    let all_matched = "6 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
    assert_eq!(dir.hivesum(["audit", "t", "--job", &id, "--state", "s"]).expect_success(), all_matched);
    edit(&dir);
    drop(service);
    let manifest = dir.hivesum(["jobs", "export", "--format", "ndjson", &id, "--state", "s"]).expect_success();
    dir.write("m.ndjson", manifest);
    let by_job = document(&dir, &["audit", "t", "--job", &id], 1);
    let by_manifest = document(&dir, &["audit", "t", "--manifest", "m.ndjson"], 1);
    assert_eq!((verdicts(&by_job), &by_job["counts"]), (verdicts(&by_manifest), &by_manifest["counts"]));
    let counts = json!({ "matched": 2, "modified": 2, "moved": 1, "missing": 1, "new": 1, "unreadable": 0 });
    assert_eq!(by_job["counts"], counts);
    let evidence = |document: &Value| {
        let items = document["items"].as_array().unwrap();
        items.iter().find(|item| item["path"] == "set back").unwrap()["evidence"].clone()
    };
    let expected = json!({ "size": "same", "mtime": "same", "ctime": "changed", "inode": "same" });
    assert_eq!((evidence(&by_job), evidence(&by_manifest)), (expected.clone(), expected));
    let human = dir.hivesum(["audit", "t", "--job", &id, "--state", "s"]);
    let expected = "modified: edited (content, size and mtime changed; ctime changed, inode is the same)\n\
                    missing: gone\nmoved: old -> new\nnew: added\n\
                    modified: 'set back' (content changed, size and mtime did not; ctime changed, inode is the same)\n";
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let counts = "2 matched, 2 modified, 1 moved, 1 missing, 1 new, 0 unreadable\n";
    assert_eq!((human.code, lines(&human.stdout())), (Some(1), lines(&(expected.to_owned() + counts))));
}

#[test]
fn an_audit_can_use_one_algorithm_of_a_job_and_leaves_the_state_out() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    std::os::unix::fs::symlink("t/state", dir.path("s")).unwrap();
    fs::create_dir(dir.path("t/state")).unwrap();
    let id = Service::start(&dir).run(json!({ "algorithms": ["sha256", "md5"] }));
    let by = |algorithm: &str| dir.hivesum(["audit", "t", "--job", &id, "--state", "s", "-a", algorithm, "--all"]);
    assert_eq!(
        by("md5").expect_success(),
        "matched: a\n1 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n"
    );
    let document = document(&dir, &["audit", "t", "--job", &id, "-a", "md5"], 0);
    let digests = document["items"][0]["digests"].as_object().unwrap();
    assert_eq!(digests.keys().collect::<Vec<_>>(), ["md5"], "no other digest was computed");
    let wrong = by("blake3");
    let why = "hivesum: the job did not compute blake3, but sha256,md5\n";
    assert_eq!((wrong.code, wrong.stderr().as_str()), (Some(1), why));
}

#[test]
fn an_audit_against_a_job_excludes_what_the_job_excluded() {
    let dir = WorkDir::with(&[(b"t/a", b"1"), (b"t/b.tmp", b"2"), (b"t/cache/c", b"3"), (b"t/d/e", b"4")]);
    let id = Service::start(&dir).run(json!({ "exclude": ["*.tmp", "cache"] }));
    dir.write("t/cache/more", "5");
    let audit = || dir.hivesum(["audit", "t", "--job", &id, "--state", "s"]);
    assert_eq!(audit().expect_success(), "2 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n");
    dir.write("t/new", "6");
    let expected = "new: new\n2 matched, 0 modified, 0 moved, 0 missing, 1 new, 0 unreadable\n";
    assert_eq!((audit().code, audit().stdout().as_str()), (Some(1), expected));
}

#[test]
fn jobs_are_compared_with_each_other_as_the_service_does_and_with_manifests() {
    let dir = tree();
    let service = Service::start(&dir);
    let old = service.run(json!({}));
    // As bytes, because one name is not UTF-8.
    dir.write("old.b3", dir.hivesum(["jobs", "export", &old, "--state", "s"]).stdout);
    edit(&dir);
    let new = service.run(json!({ "algorithms": ["sha256", "blake3"] }));
    let by_service = service.json(&format!("jobs/{old}/compare?with={new}"));
    let by_hand = document(&dir, &["compare", &old, &new], 1);
    assert_eq!((&by_hand["counts"], &by_hand["items"]), (&by_service["counts"], &by_service["items"]));
    let counts = json!({ "added": 1, "removed": 1, "modified": 2, "moved": 1, "suspected_rot": 0, "unchanged": 2 });
    assert_eq!(by_hand["counts"], counts);
    let one_algorithm = document(&dir, &["compare", &old, &new, "-a", "blake3"], 1);
    assert_eq!(verdicts(&one_algorithm), verdicts(&by_hand));
    for sides in [[&*old, "old.b3"], ["old.b3", &*old], [&*new, &*new]] {
        let same = dir.hivesum(["compare", sides[0], sides[1], "--state", "s"]);
        assert_eq!((same.code, same.stderr().as_str()), (Some(0), ""), "{sides:?}: {}", same.stdout());
    }
    let mixed = document(&dir, &["compare", "old.b3", &new], 1);
    assert_eq!((&mixed["counts"], verdicts(&mixed)), (&counts, verdicts(&by_hand)));
    let human = dir.hivesum(["compare", &old, &new, "--state", "s"]).stdout();
    assert!(human.starts_with("1 added, 1 removed, 2 modified, 1 moved, 0 suspected rot, 2 unchanged\n"), "{human}");
    assert!(
        human.contains("modified: 'set back' (content changed, size and mtime did not; ctime changed, "),
        "{human}"
    );
    let other = service.run(json!({ "algorithms": ["md5"] }));
    let refused = dir.hivesum(["compare", &old, &other, "--state", "s"]);
    let why = "hivesum: the two jobs have no algorithm in common\n";
    assert_eq!((refused.code, refused.stderr().as_str()), (Some(2), why));
    // An existing path takes precedence over a job id.
    dir.write(&old, "352441c2  a\n");
    dir.write("crc", "352441c2  a\n");
    dir.hivesum(["compare", &old, "crc", "--state", "elsewhere"]).expect_success();
}

#[test]
fn a_byte_changed_without_new_times_is_suspected_rot_in_an_audit_and_a_comparison() {
    if !has_tool("python3") {
        return;
    }
    let dir = WorkDir::with(&[(b"t/canary", b"a song that nobody else sings"), (b"t/same", b"the same")]);
    let service = Service::start(&dir);
    let old = corrupt_silently(&dir.path("t/canary"), || service.run(json!({})));
    let new = service.run(json!({}));
    let compared = dir.hivesum(["compare", &old, &new, "--state", "s"]);
    let expected = format!(
        "0 added, 0 removed, 0 modified, 0 moved, 1 suspected rot, 1 unchanged\nsuspected_rot: canary ({UNCHANGED})\n"
    );
    assert_eq!((compared.code, compared.stdout()), (Some(1), expected));
    let audited = dir.hivesum(["audit", "t", "--job", &old, "--state", "s"]);
    let expected = format!(
        "suspected_rot: canary ({UNCHANGED})\n1 matched, 1 modified, 0 moved, 0 missing, 0 new, 0 unreadable; \
         suspected rot: 1 of the modified\n"
    );
    assert_eq!((audited.code, audited.stdout()), (Some(1), expected));
    let document = document(&dir, &["audit", "t", "--job", &old], 1);
    assert_eq!(verdicts(&document), [("canary", "suspected_rot"), ("same", "matched")]);
}

#[test]
fn the_duplicates_of_a_job_are_reported_like_those_of_a_directory() {
    let dir =
        WorkDir::with(&[(b"t/a", b"abc"), (b"t/d/b", b"abc"), (b"t/caf\xe9", b"abc"), (b"t/e1", b""), (b"t/e2", b"")]);
    fs::hard_link(dir.path("t/a"), dir.path("t/link")).unwrap();
    dir.write("t/large1", vec![7; 100_000]);
    dir.write("t/large2", vec![7; 100_000]);
    let service = Service::start(&dir);
    let (id, weak) = (service.run(json!({})), service.run(json!({ "algorithms": ["crc32"] })));
    for more in [&[][..], &["--min-size", "4"], &["--min-size", "0"]] {
        let of_directory = document(&dir, &[&["duplicates", "t"], more].concat(), 0);
        let of_job = document(&dir, &[&["duplicates", &*id], more].concat(), 0);
        assert_eq!(of_job, of_directory, "{more:?}");
    }
    let by_service = service.json(&format!("jobs/{id}/duplicates"));
    let of_job = document(&dir, &["duplicates", &id], 0);
    assert_eq!((&of_job["total"], &of_job["algorithm"]), (&json!(2), &by_service["algorithm"]));
    assert_eq!(of_job["reclaimable_bytes"], by_service["reclaimable_bytes"]);
    for member in ["digest", "size", "count", "reclaimable_bytes", "paths", "paths_b64"] {
        assert_eq!(of_job["groups"][1][member], by_service["groups"][1][member], "{member}");
    }
    let human = dir.hivesum(["duplicates", "t"]).expect_success();
    assert_eq!(dir.hivesum(["duplicates", &id, "--state", "s"]).expect_success(), human);
    let refused = dir.hivesum(["duplicates", &weak, "--state", "s"]);
    let why = "hivesum: the job has no digest long enough to tell that two files are alike\n";
    assert_eq!((refused.code, refused.stderr().as_str()), (Some(1), why));
    assert_eq!(dir.hivesum(["duplicates", &id, "--one-file-system", "--state", "s"]).code, Some(2));
}

#[test]
fn duplicates_of_a_job_with_unread_files_exit_with_1() {
    let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"t/b", b"abc")]);
    dir.write("t/too large", "abcd");
    let id = Service::with(&dir, &["--max-file-bytes", "3"]).run(json!({}));
    let ran = dir.hivesum(["duplicates", &id, "--state", "s"]);
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), "hivesum: files that the job could not read: 1\n"));
    assert!(ran.stdout().ends_with("1 groups, 3 B reclaimable\n"), "{}", ran.stdout());
}

/// All commands that take a job id.
fn with_job(id: &str) -> [Vec<&str>; 5] {
    [
        vec!["audit", "t", "--job", id],
        vec!["compare", id, id],
        vec!["compare", "m", id],
        vec!["duplicates", id],
        vec!["jobs", "export", id],
    ]
}

/// The exit status of a command that could not begin: of `compare` 1 means that something differs.
fn failed_with(command: &[&str]) -> Option<i32> {
    Some(if command[0] == "compare" { 2 } else { 1 })
}

#[test]
fn a_missing_job_a_running_job_and_a_missing_state_are_reported() {
    let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"m", b"352441c2  a\n")]);
    for command in with_job(NO_JOB) {
        let ran = dir.hivesum(command.iter().chain(&["--state", "s"]));
        let why = "hivesum: no service has stored jobs in s: --state names another state directory\n";
        assert_eq!((ran.code, ran.stderr().as_str()), (failed_with(&command), why), "{command:?}");
    }
    assert!(!dir.path("s").exists(), "reading creates nothing");
    File::create(dir.path("t/hole")).unwrap().set_len(64 << 20).unwrap();
    let service = Service::start(&dir);
    // At this rate its second segment would take months.
    let running = service.submit(json!({ "max_bytes_per_second": 1 }));
    let why = |id| match id == NO_JOB {
        true => format!("hivesum: no job has the id {id}: see hivesum jobs list\n"),
        false => format!("hivesum: the job {id} is running: its results are complete only after it has ended\n"),
    };
    dir.hivesum(["jobs", "list", "--state", "s"]).expect_success();
    while service.json(&format!("jobs/{running}"))["state"] == "queued" {
        std::thread::yield_now();
    }
    for id in [NO_JOB, &running] {
        for command in with_job(id) {
            let ran = dir.hivesum(command.iter().chain(&["--state", "s"]));
            assert_eq!((ran.code, ran.stderr()), (failed_with(&command), why(id)), "{command:?}");
            assert!(ran.stdout.is_empty());
        }
    }
    assert_eq!(dir.hivesum(["audit", "t", "--job", "no id"]).code, Some(2));
    assert_eq!(dir.hivesum(["audit", "t", "--job", NO_JOB, "--manifest", "m"]).code, Some(2));
}

#[test]
fn a_flipped_bit_in_the_state_is_an_error_and_never_a_verdict() {
    let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"t/b", b"abc"), (b"m", b"352441c2  a\n")]);
    let id = Service::start(&dir).run(json!({}));
    assert_eq!(dir.hivesum(["jobs", "compact", "--state", "s"]).code, Some(0), "everything is in one file");
    let path = dir.path("s/hivesum.db");
    let (mut database, digest) = (fs::read(&path).unwrap(), hex::decode(ABC_BLAKE3).unwrap());
    let at = database.windows(digest.len()).position(|window| window == digest).unwrap();
    database[at + 31] ^= 1;
    fs::write(&path, database).unwrap();
    for command in with_job(&id) {
        let ran = dir.hivesum(command.iter().chain(&["--state", "s"]));
        let code = failed_with(&command);
        assert_eq!((ran.code, ran.stderr().contains("damaged")), (code, true), "{command:?}: {}", ran.stderr());
        assert!(!ran.stdout().contains("BLAKE3") && !ran.stdout().contains(": "), "{command:?}: {}", ran.stdout());
    }
}
