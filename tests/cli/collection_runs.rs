//! `hivesum collections runs`: runs are kept as they began and ended, and one whose process is gone never runs on.

use std::fs::{self, File};
use std::process::{Child, Stdio};

use hivesum_test_support::comes_true;

use super::scrub::{collections, scrub};
use super::service::Service;
use super::work_dir::{HIVESUM, WorkDir};

/// The latest runs, each as its kind, who started it, its outcome, files, events and detail.
fn runs(dir: &WorkDir) -> Vec<String> {
    let listed = collections(dir, "runs", &[]);
    let short = |line: &str| {
        let fields: Vec<_> = line.split('\t').collect();
        assert_eq!(fields.len(), 10, "{line}");
        format!("{} {} {} {} {} {}", fields[3], fields[4], fields[5], fields[6], fields[8], fields[9])
    };
    listed.stdout().lines().map(short).collect()
}

/// Starts a scrub that does not end by itself, and waits until it is told as running.
fn start_endless(dir: &WorkDir) -> Child {
    File::create(dir.path("t/endless")).unwrap().set_len(1 << 40).unwrap();
    let mut command = dir.command(HIVESUM);
    command.args(["scrub", "--state", "s", "t"]).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    assert!(comes_true(|| runs(dir).first().is_some_and(|run| run == "scrub command running - - -")));
    child
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

const INTERRUPTED: &str = "scrub command interrupted - - -";

#[test]
fn runs_are_kept_with_their_ends_and_a_killed_one_is_told_as_interrupted() {
    let dir = WorkDir::with(&[(b"t/a", b"1"), (b"t/b", b"22")]);
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    dir.write("t/a", "written");
    assert_eq!(scrub(&dir, &["--max-bytes", "1"]).code, Some(1));
    let first = ["scrub command limited 1 1 -", "scrub command complete 2 0 -"];
    assert_eq!(runs(&dir), first);
    kill(start_endless(&dir));
    assert_eq!(runs(&dir), [&[INTERRUPTED], &first[..]].concat(), "before anybody has taken the lock");
    fs::remove_file(dir.path("t/endless")).unwrap();
    fs::rename(dir.path("t"), dir.path("away")).unwrap();
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    let all = runs(&dir);
    assert!(all[0].starts_with("scrub command failed 0 0 No such file or directory: nothing was looked at"), "{all:?}");
    assert_eq!(all[1..], [&[INTERRUPTED], &first[..]].concat());
    assert_eq!(dir.hivesum(["state", "check", "--state", "s"]).code, Some(0));
}

#[test]
fn runs_beside_a_service_are_kept_and_those_of_a_killed_service_are_told_by_the_next() {
    let dir = WorkDir::with(&[(b"t/a", b"1")]);
    let service = Service::start(&dir);
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    assert_eq!(runs(&dir), ["scrub command complete 1 0 -"]);
    let endless = start_endless(&dir);
    let path = {
        let id = service.json("collections")["items"][0]["id"].as_str().unwrap().to_owned();
        format!("collections/{id}/runs")
    };
    let running = service.json(&path)["items"][0].clone();
    assert_eq!((running["state"].as_str(), running["outcome"].as_str()), (Some("running"), None), "{running}");
    drop(service);
    kill(endless);
    assert_eq!(runs(&dir), [INTERRUPTED, "scrub command complete 1 0 -"]);
    let next = Service::start(&dir);
    let told = next.json(&path);
    let told = told["items"].as_array().unwrap();
    assert_eq!((told.len(), told[0]["outcome"].as_str()), (2, Some("interrupted")));
    assert_eq!(told[0]["id"], running["id"]);
    assert_eq!(runs(&dir), [INTERRUPTED, "scrub command complete 1 0 -"], "though the lock is held again");
}
