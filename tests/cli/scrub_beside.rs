//! `hivesum scrub` and `hivesum collections accept` and `forget` beside a running service, which does the work and makes
//! the changes, also when it is stopped or killed.

use std::collections::HashSet;
use std::fs::{self, File};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::scrub::{assert_silent, collections, events, scrub, told};
use super::service::Service;
use super::work_dir::{HIVESUM, Ran, WorkDir};

/// More files than three requests take.
const FILES: usize = 1500;

/// A collection all of whose files were written to.
fn modified() -> WorkDir {
    let dir = WorkDir::new();
    let write = |more: &str| (0..FILES).for_each(|file| dir.write(format!("t/{file:04}"), format!("{file}{more}")));
    write("");
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    write(" again");
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    dir
}

fn ok(dir: &WorkDir) -> usize {
    collections(dir, "files", &["--in", "ok"]).stdout().lines().count()
}

/// Every file was modified once and accepted once.
fn assert_accepted_once(dir: &WorkDir) {
    let events = events(dir);
    let accepted: HashSet<_> = events.iter().filter_map(|event| event.split_once(" accepted ")?.1.into()).collect();
    assert_eq!((events.len(), accepted.len(), ok(dir)), (2 * FILES, FILES, FILES));
}

#[test]
fn a_running_service_accepts_and_forgets_for_a_command_beside_it() {
    let dir = modified();
    let service = Service::start(&dir);
    let unknown = collections(&dir, "accept", &["none"]);
    assert_eq!((unknown.code, unknown.stderr().contains("no such file is known")), (Some(1), true), "{unknown:?}");
    let first = collections(&dir, "accept", &["0000"]);
    assert_eq!((first.code, first.stdout().as_str()), (Some(0), "accepted: 0000 (modified)\n"), "{first:?}");
    let again = collections(&dir, "accept", &["0000"]);
    assert_eq!((again.code, again.stderr().contains("nothing to accept")), (Some(1), true), "{again:?}");
    let rest = collections(&dir, "accept", &["--all"]);
    assert_eq!((rest.code, rest.stdout().lines().count()), (Some(0), FILES - 1), "{}", rest.stderr());
    assert_accepted_once(&dir);
    assert_eq!(service.stop(), Some(0));
    assert_silent(&scrub(&dir, &[]));
    let service = Service::start(&dir);
    assert_eq!(collections(&dir, "forget", &[]).code, Some(0));
    assert!(collections(&dir, "show", &[]).stderr().contains("no such collection"));
    assert_eq!(service.stop(), Some(0));
    assert_eq!(dir.hivesum(["state", "check", "--state", "s"]).code, Some(0));
}

#[test]
fn a_service_or_a_command_that_is_killed_while_files_are_accepted_accepts_none_twice() {
    let dir = modified();
    for kills_service in [false, true] {
        let service = Service::start(&dir);
        let before = ok(&dir);
        let mut command = dir.command(HIVESUM);
        command.args(["collections", "accept", "--state", "s", "t", "--all"]);
        let mut accepting = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        while ok(&dir) == before && accepting.try_wait().unwrap().is_none() {}
        match kills_service {
            // Dropped, a service of the tests is killed.
            true => drop(service),
            false => accepting.kill().unwrap(),
        }
        let ran = Ran::of(accepting.wait_with_output().unwrap());
        // Where the service is gone, the command goes on alone.
        assert!(!kills_service || ran.code == Some(0), "{}", ran.stderr());
    }
    assert_eq!(collections(&dir, "accept", &["--all"]).code, Some(0));
    assert_accepted_once(&dir);
    assert_silent(&scrub(&dir, &[]));
}

/// Starts the first scrub of a directory of this name, which does not end by itself, and waits until the service has
/// begun it.
fn start_endless(dir: &WorkDir, name: &str) -> Child {
    fs::create_dir(dir.path(name)).unwrap();
    File::create(dir.path(name).join("file")).unwrap().set_len(1 << 40).unwrap();
    let mut command = dir.command(HIVESUM);
    command.args(["scrub", "--state", "s", name]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let listed = || dir.hivesum(["collections", "list", "--state", "s"]).stdout();
    while !listed().contains(name) {}
    child
}

#[test]
fn a_running_service_scrubs_for_a_command_beside_it_as_the_command_does_alone() {
    let dir = WorkDir::with(&[(b"t/a", b"1"), (b"t/b", b"22"), (b"t/old", b"333"), (b"t/same", b"4444")]);
    let service = Service::start(&dir);
    let (code, stdout, stderr) = told(&scrub(&dir, &["--exclude", "*.tmp", "-a", "sha256"]));
    assert_eq!((code, stdout.as_str(), stderr.contains("the baseline is taken, 4 files")), (Some(0), "", true));
    assert_silent(&scrub(&dir, &[]));
    let verbose = scrub(&dir, &["--verbose", "--max-bytes", "1", "--max-time", "2h"]);
    assert!(verbose.stderr().contains(": read 1 file, "), "{}", verbose.stderr());
    dir.write("t/a", "written");
    fs::remove_file(dir.path("t/b")).unwrap();
    fs::rename(dir.path("t/old"), dir.path("t/moved")).unwrap();
    dir.write("t/new", "news");
    dir.write("t/left.tmp", "out");
    let expected = "\
        modified: a (content, size and mtime changed; ctime changed, inode is the same)\n\
        missing: b\n\
        moved: moved (from old)\n\
        new: new\n";
    assert_eq!(told(&scrub(&dir, &[])), (Some(1), expected.to_owned(), String::new()));
    for (more, code, words) in [
        (&["-a", "blake3"][..], 2, "are sha256"),
        (&["--exclude", "*.x"], 2, "the globs of"),
        (&["none"], 1, "none: No"),
    ] {
        let refused = scrub(&dir, more);
        assert_eq!((refused.code, refused.stderr().contains(words)), (Some(code), true), "{}", refused.stderr());
    }
    let both = dir.hivesum(["scrub", "--state", "s", "none", "t"]);
    assert_eq!((both.code, both.stdout().lines().count()), (Some(1), 4), "{}", both.stderr());
    assert_eq!(collections(&dir, "accept", &["--all"]).code, Some(0));
    assert_silent(&scrub(&dir, &[]));
    dir.write("t/a", "written again");
    assert_silent(&scrub(&dir, &["--living"]));
    assert_eq!(service.stop(), Some(0));
    assert_silent(&scrub(&dir, &[]));
    assert_eq!(events(&dir).len(), 4 + 4 + 1);
    assert_eq!(dir.hivesum(["state", "check", "--state", "s"]).code, Some(0));
}

#[test]
fn an_empty_or_another_directory_stops_a_scrub_beside_a_service_too() {
    let dir = WorkDir::with(&[(b"t/a", b"1")]);
    let _service = Service::start(&dir);
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    let stopped = |words: &str| {
        let ran = scrub(&dir, &[]);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), ""));
        assert!(ran.stderr().contains(words) && ran.stderr().contains("no file is called missing"), "{}", ran.stderr());
    };
    fs::rename(dir.path("t/a"), dir.path("aside")).unwrap();
    stopped("t: the directory is empty");
    fs::rename(dir.path("t"), dir.path("away")).unwrap();
    fs::create_dir(dir.path("t")).unwrap();
    stopped("go on with --rebind");
    assert_eq!(collections(&dir, "files", &["--in", "ok"]).stdout().lines().count(), 1);
}

#[test]
fn a_second_scrub_of_a_directory_is_refused_and_an_interrupt_stops_the_first_one_in_the_service() {
    let dir = WorkDir::with(&[(b"t/a", b"1")]);
    let _service = Service::start(&dir);
    let first = start_endless(&dir, "endless");
    let second = dir.hivesum(["scrub", "--state", "s", "endless"]);
    assert_eq!((second.code, second.stdout().as_str()), (Some(1), ""));
    assert!(second.stderr().contains("another scrub of this directory is running"), "{}", second.stderr());
    assert_eq!(scrub(&dir, &[]).code, Some(0), "another directory is free");
    kill_process(Pid::from_child(&first), Signal::INT).unwrap();
    let first = Ran::of(first.wait_with_output().unwrap());
    assert_eq!(first.code, Some(130), "{}", first.stderr());
    assert!(first.stderr().contains("the next one goes on"), "{}", first.stderr());
    File::create(dir.path("endless/file")).unwrap().set_len(3).unwrap();
    let third = dir.hivesum(["scrub", "--state", "s", "endless"]);
    assert!(third.stderr().contains("the baseline is taken, 1 file"), "{}", third.stderr());
}

#[test]
fn a_service_that_stops_or_is_killed_during_a_scrub_is_told_and_the_next_scrub_goes_on() {
    let dir = WorkDir::with(&[(b"t/a", b"1")]);
    for (name, is_killed) in [("stopped", false), ("killed", true)] {
        let service = Service::start(&dir);
        let scrubbing = start_endless(&dir, name);
        match is_killed {
            // Dropped, a service of the tests is killed.
            true => drop(service),
            false => assert_eq!(service.stop(), Some(0)),
        }
        let ran = Ran::of(scrubbing.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(69), "{}", ran.stderr());
        assert!(ran.stderr().contains("the service has stopped"), "{}", ran.stderr());
    }
    File::create(dir.path("killed/file")).unwrap().set_len(3).unwrap();
    let alone = dir.hivesum(["scrub", "--state", "s", "killed"]);
    assert!(alone.stderr().contains("the baseline is taken, 1 file"), "{}", alone.stderr());
    assert_eq!(dir.hivesum(["state", "check", "--state", "s"]).code, Some(0));
}
