//! kill -9 in the middle of a scrub: what was committed is not read again, and no event is lost or told twice.

use std::collections::HashSet;
use std::process::Stdio;

use super::scrub::{assert_silent, collections, events, scrub};
use super::service::Service;
use super::work_dir::{HIVESUM, WorkDir};

/// Three times what is committed at once.
const FILES: usize = 3 * 2048;

/// Starts a scrub and kills it as soon as `is_far_enough`, unless it ends before. Returns whether it was killed.
fn kill_when(dir: &WorkDir, is_far_enough: impl Fn() -> bool) -> bool {
    let mut command = dir.command(HIVESUM);
    let mut child =
        command.args(["scrub", "--state", "s", "t"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    while child.try_wait().unwrap().is_none() {
        if is_far_enough() {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
    }
    false
}

fn files(dir: &WorkDir, condition: &str) -> usize {
    collections(dir, "files", &["--in", condition]).stdout().lines().count()
}

#[test]
fn a_scrub_that_is_killed_goes_on_where_it_was_and_every_event_is_told_once() {
    let dir = WorkDir::new();
    for file in 0..FILES {
        dir.write(format!("t/{:02}/{file}", file / 100), format!("{file}"));
    }
    let was_killed = kill_when(&dir, || files(&dir, "ok") > 0);
    let before = files(&dir, "ok");
    let rest = scrub(&dir, &["--verbose"]);
    assert_eq!((rest.code, rest.stdout().as_str()), (Some(0), ""), "{}", rest.stderr());
    let read = format!(": read {} file", FILES - before);
    // A baseline that was complete is followed by a whole pass.
    assert!(rest.stderr().contains(&read) || before == FILES, "killed: {was_killed}: {}", rest.stderr());
    assert_eq!(files(&dir, "ok"), FILES);
    // Every file is written to, and the run that finds out is killed at several places.
    for file in 0..FILES {
        dir.write(format!("t/{:02}/{file}", file / 100), format!("{file} again"));
    }
    let mut told = 0;
    while told < FILES {
        let was_killed = kill_when(&dir, || files(&dir, "modified") > told);
        let now = files(&dir, "modified");
        assert!(now > told, "it gets on, killed: {was_killed}");
        told = now;
    }
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    let events = events(&dir);
    let paths: HashSet<_> = events.iter().map(|event| event.rsplit(' ').next().unwrap()).collect();
    assert_eq!((events.len(), paths.len()), (FILES, FILES));
    let first =
        events.iter().enumerate().find(|(index, event)| !event.starts_with(&format!("{} modified ", index + 1)));
    assert_eq!(first, None, "numbers have no gaps");
    assert_eq!(collections(&dir, "accept", &["--all"]).code, Some(0));
    assert_silent(&scrub(&dir, &[]));
}

#[test]
fn a_service_that_is_killed_while_it_scrubs_and_files_are_accepted_tells_every_event_once() {
    let dir = WorkDir::new();
    for file in 0..FILES {
        dir.write(format!("t/{:02}/{file}", file / 100), format!("{file}"));
    }
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    for file in 0..FILES {
        dir.write(format!("t/{:02}/{file}", file / 100), format!("{file} again"));
    }
    let service = Service::start(&dir);
    let mut command = dir.command(HIVESUM);
    command.args(["scrub", "--state", "s", "t"]).stderr(Stdio::null()).stdout(Stdio::null());
    let mut scrubbing = command.spawn().unwrap();
    while files(&dir, "modified") == 0 && scrubbing.try_wait().unwrap().is_none() {}
    // What is recorded already is accepted while the rest is read.
    assert_eq!(collections(&dir, "accept", &["--all"]).code, Some(0));
    drop(service);
    let status = scrubbing.wait().unwrap().code();
    assert!([Some(69), Some(1), Some(0)].contains(&status), "{status:?}");
    scrub(&dir, &[]);
    collections(&dir, "accept", &["--all"]);
    assert_silent(&scrub(&dir, &[]));
    let events = events(&dir);
    for kind in ["modified", "accepted"] {
        let paths: Vec<_> = events.iter().filter(|event| event.contains(&format!(" {kind} "))).collect();
        let once: HashSet<_> = paths.iter().map(|event| event.rsplit(' ').next().unwrap()).collect();
        assert_eq!((paths.len(), once.len()), (FILES, FILES), "{kind}");
    }
    assert_eq!(dir.hivesum(["state", "check", "--state", "s"]).code, Some(0));
}
