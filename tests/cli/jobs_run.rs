//! `hivesum jobs run` and `jobs cancel`: jobs that the running service is asked for on the command line.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use hivesum_test_support::Requirement;
use hivesum_test_support::vectors::ABC_SHA256;
use rustix::process::geteuid;
use serde_json::json;

use super::service::Service;
use super::work_dir::{HIVESUM, Ran, WorkDir};

fn run(dir: &WorkDir, args: &[&str]) -> Ran {
    dir.hivesum(["jobs", "run"].iter().chain(args).chain(&["--state", "s"]))
}

#[test]
fn a_root_a_part_of_it_and_a_directory_in_it_are_hashed_to_their_end() {
    let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"t/d/b", b"something"), (b"t/d/c.tmp", b"x")]);
    let service = Service::start(&dir);
    dir.link("way", "t/d");
    for (args, path, files) in [
        (&["t"][..], "", 3),
        (&["t:d"], "d", 2),
        (&["t/d"], "d", 2),
        (&["./t"], "", 3),
        (&["way", "--exclude", "*.tmp"], "d", 1),
        (&["t", "-a", "sha256,md5", "--include", "a"], "", 1),
        (&["t", "--from-device"], "", 3),
    ] {
        let ran = run(&dir, args);
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.stderr());
        let id = ran.stdout().trim_end().to_owned();
        let ended = format!("hivesum: job {id} completed: {files} file");
        assert!(ran.stderr().lines().last().unwrap().starts_with(&ended), "{args:?}: {}", ran.stderr());
        let job = service.json(&format!("jobs/{id}"));
        assert_eq!((&job["state"], &job["spec"]["path"]), (&json!("completed"), &json!(path)), "{args:?}");
        assert_eq!(job["spec"]["from_device"] == json!(true), args.contains(&"--from-device"), "{args:?}");
        if args.contains(&"-a") {
            assert_eq!(job["spec"]["algorithms"], json!(["sha256", "md5"]));
        }
    }
}

#[test]
fn a_job_of_somebody_else_is_waited_for_and_its_verdict_is_the_exit_status() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let service = Service::start(&dir);
    let wait = |id: &str| dir.hivesum(["jobs", "wait", id, "--state", "s"]);
    let [right, wrong] = [ABC_SHA256, &"0".repeat(64)].map(|digest| service.verify(&format!("{digest}  a\n")));
    let hashed = service.submit(json!({}));
    assert_eq!(wait(&hashed).code, Some(0));
    for (id, code, verdict) in [(&right, 0, "verdict ok"), (&wrong, 1, "verdict failed")] {
        let ran = wait(id);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(code), ""), "{}", ran.stderr());
        assert!(
            ran.stderr().contains(&format!("job {id} completed")) && ran.stderr().contains(verdict),
            "{}",
            ran.stderr()
        );
    }
    let unknown = wait("0197a2b4-6d3c-7000-8000-000000000001");
    assert!(unknown.code == Some(2) && unknown.stderr().contains("0197a2b4"), "{}", unknown.stderr());
    let said = wait(&wrong).stderr();
    let led_on: Vec<_> = said.lines().last().unwrap().split_whitespace().skip(2).take(7).collect();
    assert_eq!(led_on[..5], ["jobs", "export", "--state", "s", "--format"], "{said}");
    let exported = dir.hivesum(led_on);
    assert!(exported.code == Some(0) && exported.stdout().contains("modified"), "{said}");
    service.stop();
    assert_eq!([wait(&right).code, wait(&wrong).code], [Some(0), Some(1)], "it has ended: no service is needed");
}

#[test]
fn globs_that_no_file_matches_are_told() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let _service = Service::start(&dir);
    let ran = run(&dir, &["t", "--include", "*.none"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr().ends_with("\nhivesum: no file matches --include '*.none'\n"), "{}", ran.stderr());
    assert!(!run(&dir, &["t", "--include", "a"]).stderr().contains("no file matches"));
}

#[test]
fn what_lies_beneath_no_root_is_refused_and_the_roots_are_listed() {
    let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"u/b", b"x")]);
    let _service = Service::start(&dir);
    let roots = format!("the roots are: t ({:?})", fs::canonicalize(dir.path("t")).unwrap());
    for (place, words) in [
        ("u", "lies beneath no root"),
        ("/", "lies beneath no root"),
        ("other", "no root has the name \"other\""),
        ("other:a", "no root has the name \"other\""),
    ] {
        let refused = run(&dir, &[place]);
        assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""), "{place}");
        let said = refused.stderr();
        assert!(said.contains(words) && said.contains(&roots), "{place}: {said}");
    }
    for (args, code, words) in [
        (&["./absent"][..], 1, "./absent: No such file or directory"),
        (&["t:absent"], 1, "nothing is at this path beneath the root"),
        (&["t:../u"], 1, "path"),
        (&["t", "--include", "../x"], 2, "../x"),
    ] {
        let refused = run(&dir, args);
        assert_eq!((refused.code, refused.stdout().as_str()), (Some(code), ""), "{args:?}");
        assert!(refused.stderr().contains(words), "{args:?}: {}", refused.stderr());
    }
}

#[test]
fn a_job_with_an_error_exits_with_1_and_a_missing_service_with_69() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let absent = run(&dir, &["t"]);
    assert_eq!((absent.code, absent.stdout().as_str()), (Some(69), ""));
    assert!(absent.stderr().contains("no service is running"), "{}", absent.stderr());
    let _service = Service::with(&dir, &["--max-file-bytes", "2"]);
    let failed = run(&dir, &["t"]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr());
    let said = failed.stderr();
    assert!(
        said.contains("; 1 error\n") && said.contains(" tells for each file whether it had an error, and which\n"),
        "{said}"
    );
}

#[test]
fn ctrl_c_ends_the_waiting_and_the_job_goes_on_until_it_is_cancelled() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    // Larger than what is hashed before the end of this test.
    fs::File::create(dir.path("t/large")).unwrap().set_len(1 << 42).unwrap();
    let service = Service::start(&dir);
    let mut command = dir.command(HIVESUM);
    command.args(["jobs", "run", "t", "--state", "s"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut waiting = command.spawn().unwrap();
    let mut said = BufReader::new(waiting.stderr.take().unwrap());
    let mut line = String::new();
    BufReader::new(waiting.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let id = line.trim_end().to_owned();
    let mut all = String::new();
    said.read_line(&mut all).unwrap();
    let process = rustix::process::Pid::from_child(&waiting);
    // Before it waits, the signal ends it without a word: it is sent again until then.
    while !is_waiting(waiting.id()) {
        std::thread::yield_now();
    }
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    assert_eq!(waiting.wait().unwrap().code(), Some(130));
    said.read_to_string(&mut all).unwrap();
    assert!(
        all.contains(&format!("the job {id} goes on")) && all.contains(&format!("jobs cancel --state s {id}")),
        "{all}"
    );

    let state = || service.json(&format!("jobs/{id}"))["state"].clone();
    assert!([json!("queued"), json!("running")].contains(&state()));
    // What it has read so far is known to the service alone.
    let listed = || dir.hivesum(["jobs", "list", "--in", "running", "--state", "s"]).expect_success();
    while listed().split('\t').nth(4).is_none_or(|bytes| bytes == "0") {
        std::thread::yield_now();
    }
    let cancel = || dir.hivesum(["jobs", "cancel", &id, "--state", "s"]);
    assert_eq!(cancel().code, Some(0));
    assert_eq!(state(), "cancelled");
    assert_eq!(cancel().code, Some(0), "once more changes nothing");
}

#[test]
fn a_job_that_is_not_waited_for_has_an_id_and_one_that_has_ended_is_not_cancelled() {
    let dir = WorkDir::with(&[(b"t/a", b"abc")]);
    let service = Service::start(&dir);
    let submitted = run(&dir, &["t", "--no-wait"]);
    assert_eq!((submitted.code, submitted.stdout().trim_end().len()), (Some(0), 36), "{}", submitted.stderr());
    let ended = service.run(json!({}));
    let cancel = |id: &str| dir.hivesum(["jobs", "cancel", id, "--state", "s"]);
    for (id, words) in
        [(&*ended, "had completed before"), ("0197a2b4-6d3c-7000-8000-000000000001", "no job has the id")]
    {
        let refused = cancel(id);
        assert_eq!((refused.code, refused.stderr().contains(words)), (Some(1), true), "{}", refused.stderr());
    }
    drop(service);
    assert_eq!(cancel(&ended).code, Some(69));
}

#[test]
fn a_directory_that_the_service_sees_differently_is_refused_and_its_root_has_a_name() {
    let may_mount = Requirement::condition("root, and unshare of util-linux, to mount in a namespace of its own");
    let unshares = || Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success());
    if !may_mount.is_met(|| geteuid().is_root() && unshares()) {
        return;
    }
    let dir = WorkDir::with(&[(b"t/a", b"abc"), (b"u/b", b"x")]);
    let mut command = dir.command("unshare");
    let script = "mount --bind u t && exec \"$0\" serve --no-auth --listen 127.0.0.1:0 --state s t";
    command.args(["-m", "sh", "-c", script, HIVESUM]);
    let service = Service::of(command);
    let refused = run(&dir, &["./t"]);
    assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""), "{}", refused.stderr());
    assert!(refused.stderr().contains("the service sees another file system there"), "{}", refused.stderr());
    let by_name = run(&dir, &["t"]);
    assert_eq!(by_name.code, Some(0), "{}", by_name.stderr());
    let items = service.json(&format!("jobs/{}/results", by_name.stdout().trim_end()))["items"].clone();
    assert_eq!(items[0]["path"], "b");
}

/// Whether a process catches SIGINT, as `/proc` has it.
fn is_waiting(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
    u64::from_str_radix(caught, 16).unwrap() & 2 != 0
}
