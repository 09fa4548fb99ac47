//! `hivesum collections accept` and `forget` beside a running service, which makes the changes, also when it is killed.

use std::collections::HashSet;
use std::process::Stdio;

use super::scrub::{assert_silent, collections, events, scrub};
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
