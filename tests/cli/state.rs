//! `hivesum state`: what a service does whose log was damaged after kill -9, and check, backup, restore and recover.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use serde_json::json;

use super::service::Service;
use super::work_dir::{HIVESUM, Ran, WorkDir};

/// Every file of a directory, but the index of the log, which SQLite makes anew, and the socket that a killed service
/// leaves.
fn contents(dir: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let files = entries
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()));
    files.filter(|(name, _)| name != "hivesum.db-shm").collect()
}

/// Starts the service where it must not start. One that does is stopped, with status 124.
fn refused_start(dir: &WorkDir) -> Ran {
    let serve = ["120", HIVESUM, "serve", "--no-auth", "--listen", "127.0.0.1:0", "--state", "s", "t"];
    dir.run("timeout", serve)
}

fn jobs(dir: &WorkDir) -> usize {
    dir.hivesum(["jobs", "list", "--state", "s"]).expect_success().lines().count()
}

/// The state of a service that was killed by SIGKILL after three jobs had ended.
fn killed() -> (WorkDir, BTreeMap<OsString, Vec<u8>>) {
    let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"t/b", b"abcd")]);
    let service = Service::start(&dir);
    (0..3).for_each(|_| drop(service.run(json!({}))));
    drop(service);
    let files = contents(&dir.path("s"));
    (dir, files)
}

fn put(dir: &WorkDir, files: &BTreeMap<OsString, Vec<u8>>) {
    fs::remove_dir_all(dir.path("s")).unwrap();
    fs::create_dir(dir.path("s")).unwrap();
    for (name, bytes) in files {
        fs::write(dir.path("s").join(name), bytes).unwrap();
    }
}

#[test]
fn a_service_whose_log_was_damaged_after_a_kill_does_not_start_and_changes_nothing() {
    let (dir, killed) = killed();
    let log = || dir.path("s/hivesum.db-wal");
    let bytes = killed[&OsString::from("hivesum.db-wal")].len() as u64;
    assert!(bytes > 100_000, "what was acknowledged is in the log");
    let flip = |at: u64| {
        let file = fs::File::options().read(true).write(true).open(log()).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 8], at).unwrap();
    };
    let damages: [(&str, &dyn Fn()); 6] = [
        ("the magic number flipped", &|| flip(1)),
        ("the salt flipped", &|| flip(18)),
        ("a byte in the middle flipped", &|| flip(bytes / 2)),
        ("the log cut in half", &|| fs::File::options().write(true).open(log()).unwrap().set_len(bytes / 2).unwrap()),
        ("the log emptied", &|| fs::write(log(), "").unwrap()),
        ("the log removed", &|| fs::remove_file(log()).unwrap()),
    ];
    for (what, damage) in damages {
        put(&dir, &killed);
        damage();
        let before = contents(&dir.path("s"));
        for ran in [
            refused_start(&dir),
            dir.hivesum(["jobs", "list", "--state", "s"]),
            dir.hivesum(["token", "create", "--state", "s"]),
            dir.hivesum(["state", "backup", "copy.db", "--state", "s"]),
        ] {
            assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), ""), "{what}: {}", ran.stderr());
            assert!(ran.stderr().contains("commits are missing"), "{what}: {}", ran.stderr());
            assert!(ran.stderr().contains("hivesum state recover"), "{what}: {}", ran.stderr());
        }
        let checked = dir.hivesum(["state", "check", "--state", "s"]);
        assert_eq!((checked.code, checked.stderr().contains("commits are missing")), (Some(1), true), "{what}");
        assert!(contents(&dir.path("s")) == before, "{what}: a file was changed");
        assert!(!dir.path("copy.db").exists());

        let recovered = dir.hivesum(["state", "recover", "--state", "s"]);
        assert_eq!((recovered.code, recovered.stderr().contains("are missing")), (Some(0), true), "{what}");
        assert!(jobs(&dir) < 3, "{what}");
        let left = jobs(&dir);
        assert_eq!(dir.hivesum(["state", "check", "--state", "s"]).code, Some(0), "{what}");
        Service::start(&dir).run(json!({}));
        assert_eq!(jobs(&dir), left + 1, "{what}");
    }
    put(&dir, &killed);
    assert_eq!(jobs(&dir), 3, "an undamaged log is complete");
    let nothing = dir.hivesum(["state", "recover", "--state", "s"]);
    assert_eq!((nothing.code, nothing.stderr().contains("no commit is known to be missing")), (Some(0), true));
}

#[test]
fn a_removed_journal_or_database_is_never_a_new_store() {
    let (dir, killed) = killed();
    let remove = |names: &[&str]| {
        put(&dir, &killed);
        names.iter().for_each(|name| fs::remove_file(dir.path("s").join(name)).unwrap());
    };
    remove(&["hivesum.journal"]);
    let refused = refused_start(&dir);
    assert_eq!((refused.code, refused.stderr().contains("hivesum.journal, is missing")), (Some(1), true));
    assert_eq!(dir.hivesum(["state", "recover", "--state", "s"]).code, Some(0));
    assert_eq!(jobs(&dir), 3);
    remove(&["hivesum.db", "hivesum.db-wal"]);
    for ran in [refused_start(&dir), dir.hivesum(["jobs", "list", "--state", "s"])] {
        assert_eq!((ran.code, ran.stderr().contains("hivesum.db, was removed")), (Some(1), true), "{}", ran.stderr());
    }
    assert!(!dir.path("s/hivesum.db").exists());
}

#[test]
fn a_backup_made_beside_the_service_is_restored_and_the_former_state_is_kept() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let state = |args: &[&str]| dir.hivesum(["state"].iter().chain(args).chain(&["--state", "s"]));
    let service = Service::start(&dir);
    let kept = service.run(json!({}));
    dir.hivesum(["token", "create", "--name", "old", "--state", "s"]);
    let made = state(&["backup", "copy.db"]);
    assert_eq!((made.code, made.stderr().contains("a whole copy")), (Some(0), true), "{}", made.stderr());
    assert_eq!(dir.path("copy.db").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let again = state(&["backup", "copy.db"]);
    assert_eq!((again.code, again.stderr().contains("exists")), (Some(1), true), "{}", again.stderr());
    assert_eq!(state(&["restore", "copy.db"]).code, Some(75), "beside a running service");
    assert_eq!(state(&["recover"]).code, Some(75), "beside a running service");
    assert_eq!(state(&["check"]).code, Some(0), "beside a running service");

    service.run(json!({}));
    let list = dir.hivesum(["token", "list", "--state", "s"]).expect_success();
    let id = list.split('\t').next().unwrap();
    dir.hivesum(["token", "revoke", id, "--state", "s"]).expect_success();
    drop(service);
    for (number, former) in [(1, 2), (2, 1)] {
        let restored = state(&["restore", "copy.db"]);
        assert_eq!(restored.code, Some(0), "{}", restored.stderr());
        let named = format!("the token {id} (old) is valid again");
        assert_eq!(restored.stderr().contains(&named), number == 1, "{}", restored.stderr());
        let name = if number == 1 { "s/hivesum.db.before-restore" } else { "s/hivesum.db.before-restore-2" };
        assert!(dir.path(name).exists());
        let list = dir.hivesum(["jobs", "list", "--state", "s"]).expect_success();
        assert_eq!((list.lines().count(), list.starts_with(&kept)), (1, true));
        fs::create_dir(dir.path("former")).unwrap();
        for (from, to) in [("", ""), ("-wal", "-wal")] {
            let from = dir.path(format!("{name}{from}"));
            if from.exists() {
                fs::copy(from, dir.path(format!("former/hivesum.db{to}"))).unwrap();
            }
        }
        assert_eq!(dir.hivesum(["state", "recover", "--state", "former"]).code, Some(0));
        let list = dir.hivesum(["jobs", "list", "--state", "former"]).expect_success();
        assert_eq!(list.lines().count(), former, "nothing of the former state is lost");
        fs::remove_dir_all(dir.path("former")).unwrap();
    }
    assert_eq!(state(&["check"]).code, Some(0));
    Service::start(&dir).run(json!({}));
    assert_eq!(jobs(&dir), 2);
}

#[test]
fn a_store_that_lacks_commits_is_replaced_by_a_backup() {
    let (dir, killed) = killed();
    assert_eq!(dir.hivesum(["state", "backup", "copy.db", "--state", "s"]).code, Some(0));
    for damage in ["hivesum.db-wal", "hivesum.db", "hivesum.journal"] {
        put(&dir, &killed);
        fs::remove_file(dir.path("s").join(damage)).unwrap();
        let restored = dir.hivesum(["state", "restore", "copy.db", "--state", "s"]);
        assert_eq!(restored.code, Some(0), "{damage}: {}", restored.stderr());
        assert_eq!(jobs(&dir), 3, "{damage}");
        Service::start(&dir).run(json!({}));
        assert_eq!(jobs(&dir), 4, "{damage}");
    }
}

#[test]
fn a_damaged_backup_is_refused_and_nothing_is_changed() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    Service::start(&dir).run(json!({}));
    assert_eq!(dir.hivesum(["state", "backup", "whole.db", "--state", "s"]).code, Some(0));
    let whole = fs::read(dir.path("whole.db")).unwrap();
    let digest = hex::decode(hivesum_test_support::vectors::ABC_BLAKE3).unwrap();
    let row = whole.windows(32).position(|window| window == digest).unwrap();
    let mut flipped = whole.clone();
    flipped[row] ^= 1;
    let before = contents(&dir.path("s"));
    for (what, bytes) in [("flipped", &flipped[..]), ("cut", &whole[..whole.len() / 2]), ("empty", b"")] {
        dir.write("bad.db", bytes);
        let refused = dir.hivesum(["state", "restore", "bad.db", "--state", "s"]);
        assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""), "{what}");
        assert!(refused.stderr().contains("damaged"), "{what}: {}", refused.stderr());
    }
    fs::write(dir.path("whole.db-wal"), "frames").unwrap();
    dir.fifo("fifo.db");
    for (file, why) in [("whole.db", "log lies beside it"), ("fifo.db", "not a regular file"), ("none.db", "No such")] {
        let refused = dir.run("timeout", ["120", HIVESUM, "state", "restore", file, "--state", "s"]);
        assert_eq!((refused.code, refused.stderr().contains(why)), (Some(1), true), "{}", refused.stderr());
    }
    assert!(contents(&dir.path("s")) == before);
}

#[test]
fn a_check_names_the_damaged_row_and_counts_the_others() {
    let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"t/b", b"abcd")]);
    let id = Service::start(&dir).run(json!({}));
    assert_eq!(dir.hivesum(["jobs", "compact", "--state", "s"]).code, Some(0), "everything is in one file");
    let whole = dir.hivesum(["state", "check", "--state", "s"]).expect_success();
    assert!(whole.contains("results\t2\n") && whole.contains("\nwhole, at commit "), "{whole}");
    let path = dir.path("s/hivesum.db");
    let (mut database, digest) = (fs::read(&path).unwrap(), hivesum_test_support::vectors::ABC_BLAKE3);
    let at = database.windows(32).position(|window| window == hex::decode(digest).unwrap()).unwrap();
    database[at] ^= 1;
    fs::write(&path, &database).unwrap();
    let damaged = dir.hivesum(["state", "check", "--state", "s"]);
    assert_eq!((damaged.code, damaged.stdout().contains("results\t2\n")), (Some(1), true));
    let named = format!("job {id}: ");
    assert!(damaged.stderr().contains(&named), "{}", damaged.stderr());
    assert!(fs::read(&path).unwrap() == database);
    let backup = dir.hivesum(["state", "backup", "copy.db", "--state", "s"]);
    assert_eq!((backup.code, dir.path("copy.db").exists()), (Some(1), false), "no copy of a damaged store is kept");
}

#[test]
fn a_fifo_in_the_place_of_a_file_of_the_state_is_refused_at_once() {
    for name in ["hivesum.db", "hivesum.db-wal", "hivesum.journal", "hivesum.lock", "hivesum.slots", "tokens.changed"] {
        let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"s/other", b"")]);
        dir.fifo(&format!("s/{name}"));
        let list = dir.run("timeout", ["120", HIVESUM, "jobs", "list", "--state", "s"]);
        for ran in [refused_start(&dir), list] {
            let why = format!("{name} in the state directory is not a regular file");
            assert_eq!((ran.code, ran.stderr().contains(&why)), (Some(1), true), "{name}: {}", ran.stderr());
        }
    }
}

#[test]
fn every_command_of_care_shows_examples_and_creates_no_state() {
    let dir = WorkDir::new();
    for command in ["check", "backup", "restore", "recover"] {
        let help = dir.hivesum(["state", command, "--help"]).expect_success();
        assert!(
            help.contains(&format!(
                "Examples:\n  hivesum state {}",
                if command == "recover" { "check" } else { command }
            )),
            "{help}"
        );
    }
    for command in [&["check"][..], &["backup", "f"], &["recover"]] {
        let ran = dir.hivesum(["state"].iter().chain(command).chain(&["--state", "s"]));
        assert_eq!((ran.code, ran.stderr().contains("no job store")), (Some(1), true), "{}", ran.stderr());
    }
    assert!(dir.names().is_empty());
}
