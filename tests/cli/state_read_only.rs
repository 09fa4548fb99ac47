//! A state directory that cannot be written: on a read-only mount, and by its permissions. What is stored is read with
//! every commit in the log, and no byte is changed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use hivesum_test_support::{Requirement, has_tool};
use serde_json::json;

use super::service::Service;
use super::work_dir::{HIVESUM, Ran, WorkDir};

/// What refuses to be written.
const REFUSED: &str = "the state directory cannot be written";

/// A user who owns no files but those of a test.
const NOBODY: u32 = 65_534;

/// Why the state directory cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    ReadOnlyMount,
    Permissions,
}

impl Why {
    /// A program that finds it so.
    fn command(self, dir: &WorkDir, program: &str) -> Command {
        match self {
            Self::ReadOnlyMount => {
                let script = "mount --bind s s && mount -o remount,bind,ro s && exec \"$@\"";
                let mut command = dir.command("unshare");
                command.args(["-rm", "sh", "-c", script, "sh", program]);
                command
            }
            Self::Permissions => {
                let user = NOBODY.to_string();
                let mut command = dir.command("setpriv");
                command.args(["--reuid", &user, "--regid", &user, "--clear-groups", program]);
                command
            }
        }
    }

    fn run(self, dir: &WorkDir, args: &[&str]) -> Ran {
        Ran::of(self.command(dir, HIVESUM).args(args).args(["--state", "s"]).output().unwrap())
    }

    fn take_permissions(self, dir: &WorkDir) {
        if self == Self::Permissions {
            fs::set_permissions(dir.path(""), Permissions::from_mode(0o755)).unwrap();
            for entry in fs::read_dir(dir.path("s")).unwrap() {
                let path = entry.unwrap().path();
                if !path.is_file() {
                    // A copy has no socket.
                    fs::remove_file(path).unwrap();
                    continue;
                }
                std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
                fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
            }
            std::os::unix::fs::chown(dir.path("s"), Some(NOBODY), Some(NOBODY)).unwrap();
            fs::set_permissions(dir.path("s"), Permissions::from_mode(0o500)).unwrap();
        }
    }
}

/// What this machine can make.
fn possible() -> Vec<Why> {
    let condition = Requirement::condition("the right to mount, and to become a user who may run this program");
    let dir = WorkDir::with(&[(b"s/a", b"")]);
    let can = |why: &Why| {
        fs::set_permissions(dir.path(""), Permissions::from_mode(0o755)).unwrap();
        has_tool(if *why == Why::Permissions { "setpriv" } else { "unshare" })
            && condition.is_met(|| why.command(&dir, HIVESUM).arg("--version").output().unwrap().status.success())
    };
    [Why::ReadOnlyMount, Why::Permissions].into_iter().filter(can).collect()
}

/// How the service that wrote the state has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// By SIGKILL: a log, and its index.
    LogAndIndex,
    /// The same, copied without the index.
    Log,
    /// Everything is in one file.
    OneFile,
}

struct Stored {
    dir: WorkDir,
    ids: [String; 2],
}

/// A state with two jobs and a token; what is new is in the log.
fn stored(left: Left) -> Stored {
    let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"t/b", b"abc"), (b"t/c", b"other")]);
    dir.hivesum(["token", "create", "--new-state", "--name", "kept", "--state", "s"]);
    let service = Service::start(&dir);
    let first = service.run(json!({}));
    dir.write("t/c", "longer");
    let second = service.run(json!({}));
    drop(service);
    let state = |name: &str| dir.path(format!("s/{name}"));
    match left {
        Left::LogAndIndex => {}
        Left::Log => fs::remove_file(state("hivesum.db-shm")).unwrap(),
        Left::OneFile => {
            dir.hivesum(["jobs", "compact", "--state", "s"]);
        }
    }
    let has = ["hivesum.db-wal", "hivesum.db-shm"].map(|name| state(name).exists());
    assert_eq!(has, [left != Left::OneFile, left == Left::LogAndIndex], "{left:?}");
    Stored { dir, ids: [first, second] }
}

/// Names, contents and what `lstat` says of them, the directory's own included.
fn everything(dir: &WorkDir) -> BTreeMap<OsString, (Vec<u8>, [i64; 6])> {
    let stamps = |meta: fs::Metadata| {
        [meta.ino() as i64, meta.mode().into(), meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()]
    };
    let entries = fs::read_dir(dir.path("s")).unwrap().map(Result::unwrap);
    let files = entries.map(|entry| {
        // The socket of a service that was killed has none.
        let is_file = entry.file_type().unwrap().is_file();
        let content = if is_file { fs::read(entry.path()).unwrap() } else { Vec::new() };
        (entry.file_name(), (content, stamps(entry.metadata().unwrap())))
    });
    files.chain([(OsString::new(), (Vec::new(), stamps(fs::metadata(dir.path("s")).unwrap())))]).collect()
}

#[test]
fn every_command_that_reads_works_where_the_state_cannot_be_written_and_changes_nothing() {
    for (why, left) in possible()
        .into_iter()
        .flat_map(|why| [Left::LogAndIndex, Left::Log, Left::OneFile].into_iter().map(move |left| (why, left)))
    {
        let Stored { dir, ids: [first, second] } = stored(left);
        let commands: [&[&str]; 8] = [
            &["state", "check"],
            &["jobs", "list"],
            &["jobs", "show", &second],
            &["jobs", "export", &second],
            &["token", "list"],
            &["compare", &first, &second],
            &["duplicates", &first],
            &["audit", "t", "--job", &second],
        ];
        why.take_permissions(&dir);
        let before = everything(&dir);
        let read: Vec<_> = commands.iter().map(|command| why.run(&dir, command)).collect();
        assert!(everything(&dir) == before, "{why:?} {left:?}: something was made or changed");
        // The same state, where it can be written.
        fs::set_permissions(dir.path("s"), Permissions::from_mode(0o700)).unwrap();
        for (command, read) in commands.iter().zip(read) {
            let written = dir.hivesum(command.iter().chain(&["--state", "s"]));
            assert_eq!((read.stderr(), &read), (written.stderr(), &written), "{why:?} {left:?}: {command:?}");
            assert!(!read.stdout.is_empty(), "{why:?} {left:?}: {command:?}");
        }
    }
}

#[test]
fn every_command_that_writes_says_that_the_state_cannot_be_written() {
    for why in possible() {
        let Stored { dir, ids: [first, _] } = stored(Left::Log);
        assert_eq!(dir.hivesum(["state", "backup", "whole.db", "--state", "s"]).code, Some(0));
        fs::set_permissions(dir.path("whole.db"), Permissions::from_mode(0o644)).unwrap();
        why.take_permissions(&dir);
        let before = everything(&dir);
        for command in [
            &["token", "create"][..],
            &["token", "revoke", "none"],
            &["jobs", "delete", &first],
            &["jobs", "compact"],
            &["roots", "accept", "t"],
            &["state", "restore", "whole.db"],
            &["state", "recover"],
            &["serve", "--no-auth", "--listen", "127.0.0.1:0", "t"],
        ] {
            let ran = why.run(&dir, command);
            assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), ""), "{why:?} {command:?}: {}", ran.stderr());
            assert!(ran.stderr().contains(REFUSED), "{why:?} {command:?}: {}", ran.stderr());
        }
        assert!(everything(&dir) == before, "{why:?}: something was made or changed");
    }
}

#[test]
fn a_backup_is_made_of_a_state_that_cannot_be_written() {
    for why in possible() {
        let Stored { dir, .. } = stored(Left::Log);
        why.take_permissions(&dir);
        fs::create_dir(dir.path("to")).unwrap();
        fs::set_permissions(dir.path("to"), Permissions::from_mode(0o777)).unwrap();
        let made = why.run(&dir, &["state", "backup", "to/whole.db"]);
        assert_eq!(made.code, Some(0), "{why:?}: {}", made.stderr());
        let restored = dir.hivesum(["state", "restore", "to/whole.db", "--state", "elsewhere"]);
        assert_eq!(restored.code, Some(0), "{}", restored.stderr());
        assert_eq!(dir.hivesum(["jobs", "list", "--state", "elsewhere"]).expect_success().lines().count(), 2);
    }
}

#[test]
fn a_state_that_lacks_commits_or_cannot_be_searched_is_refused_where_it_cannot_be_written() {
    for why in possible() {
        let Stored { dir, .. } = stored(Left::LogAndIndex);
        fs::remove_file(dir.path("s/hivesum.db-wal")).unwrap();
        why.take_permissions(&dir);
        let before = everything(&dir);
        for command in [&["jobs", "list"][..], &["token", "list"], &["state", "backup", "/dev/null"]] {
            let ran = why.run(&dir, command);
            assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), ""), "{why:?} {command:?}");
            assert!(ran.stderr().contains("commits are missing"), "{why:?} {command:?}: {}", ran.stderr());
        }
        assert!(everything(&dir) == before, "{why:?}: something was made or changed");
        if why == Why::Permissions {
            fs::set_permissions(dir.path("s"), Permissions::from_mode(0o000)).unwrap();
            for command in [&["jobs", "list"][..], &["token", "list"], &["state", "check"]] {
                let ran = why.run(&dir, command);
                assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), ""), "{command:?}");
                let nothing = ["no service has", "no job store"].iter().any(|absent| ran.stderr().contains(absent));
                assert!(!nothing, "{command:?}: {}", ran.stderr());
            }
        }
    }
}
