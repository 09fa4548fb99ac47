//! Starts that cannot write at once: beside another process that writes, and on a full disk.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use hivesum_test_support::has_tool;
use rustix::fs::FlockOperation;
use rustix::process::Signal;
use serde_json::json;

use crate::app::problem;
use crate::damage::can_mount;
use crate::restartable_server::{RestartableServer, ServerProcess};

#[test]
fn a_service_that_starts_beside_a_writer_says_that_it_waits_and_then_serves() {
    let server = RestartableServer::new();
    let process = server.start();
    process.signal(Signal::TERM);
    assert_eq!(process.wait(), Some(0));
    let journal = fs::File::options().read(true).write(true).open(server.state().join("hivesum.journal")).unwrap();
    rustix::fs::flock(&journal, FlockOperation::LockExclusive).unwrap();
    let mut child = server.program(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let waits = "waiting for another process that writes to the state directory";
    assert!(told.any(|line| line.contains(waits)), "it has ended");
    rustix::fs::flock(&journal, FlockOperation::Unlock).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A state that a service left when it was killed: an ended job, an unfinished one, and a token.
struct Left {
    server: RestartableServer,
    ended: String,
    unfinished: String,
    token: String,
}

fn left() -> Left {
    let server = RestartableServer::new();
    server.write("small", "abc");
    server.write("slow", "x".repeat(80_000));
    let token =
        String::from_utf8(server.command(&["token", "create", "--new-state"]).stdout).unwrap().trim().to_owned();
    let process = server.start();
    let ended = server.submit(&process, "ended", &json!({ "path": "small" })).unwrap();
    server.wait_for(&process, &ended);
    let slow = json!({ "path": "slow", "max_bytes_per_second": 20_000 });
    let unfinished = server.submit(&process, "unfinished", &slow).unwrap();
    process.kill();
    fs::rename(server.state(), server.state().with_extension("saved")).unwrap();
    fs::create_dir(server.state()).unwrap();
    Left { server, ended, unfinished, token }
}

/// A shell command that makes a full disk with the state on it, and then runs its arguments.
fn on_a_full_disk(server: &RestartableServer) -> String {
    let (state, saved) = (server.state(), server.state().with_extension("saved"));
    let (state, saved) = (state.display(), saved.display());
    format!(
        "mount -t tmpfs -o size=8m tmpfs {state} && cp -a {saved}/. {state}/ && \
         ! dd if=/dev/zero of={state}/filler bs=4k 2>/dev/null && exec \"$@\""
    )
}

fn check_reads(left: &Left, process: &ServerProcess) {
    let Left { server, ended, .. } = left;
    let jobs = server.get(process, "/api/v1/jobs");
    assert_eq!(jobs["items"].as_array().unwrap().len(), 2);
    assert_eq!(server.get(process, &format!("/api/v1/jobs/{ended}"))["state"], "completed");
    assert_eq!(server.get(process, &format!("/api/v1/jobs/{ended}/results"))["total"], 1);
    assert_eq!(server.results(process, ended).len(), 1);
    for path in [
        format!("/api/v1/jobs/{ended}/manifest"),
        format!("/api/v1/jobs/{ended}/events"),
        format!("/api/v1/jobs/{ended}/duplicates"),
        "/api/v1/roots".to_owned(),
        "/api/v1/stats".to_owned(),
        "/metrics".to_owned(),
        "/healthz".to_owned(),
    ] {
        let answer = server.client.get(format!("{}{path}", process.url)).send().unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(!answer.text().unwrap().is_empty(), "{path}");
    }
}

fn check_refusals(left: &Left, process: &ServerProcess) {
    let Left { server, ended, unfinished, token } = left;
    let state = server.get(process, &format!("/api/v1/jobs/{unfinished}"))["state"].clone();
    assert!(state == "running" || state == "queued", "{state}");
    let (client, api) = (&server.client, format!("{}/api/v1", process.url));
    let manifest = "900150983cd24fb0d6963f7d28e17f72  small\n";
    for request in [
        client.post(format!("{api}/jobs")).json(&json!({ "root": "files" })),
        client.post(format!("{api}/jobs")).json(&json!({ "root": "files" })).header("idempotency-key", "new"),
        client.post(format!("{api}/verify?root=files")).body(manifest),
        client.post(format!("{api}/session")).json(&json!({ "token": token })),
        client.post(format!("{api}/jobs/{unfinished}/cancel")),
        client.get(format!("{api}/jobs/{unfinished}/events")),
        client.delete(format!("{api}/jobs/{ended}")),
        client.delete(format!("{api}/jobs/{unfinished}")),
        client.get(format!("{}/readyz", process.url)),
    ] {
        problem(request.send().unwrap(), 507, "storage_full");
    }
    let hashed = client.post(format!("{api}/hash")).body("abc").send().unwrap();
    assert_eq!(hashed.status(), 200, "an upload is not stored");
}

#[test]
fn a_service_starts_for_reading_on_a_full_disk_and_goes_on_by_itself_when_there_is_room() {
    if !has_tool("unshare") || !can_mount() {
        return;
    }
    for has_index in [true, false] {
        let left = left();
        let (server, state) = (&left.server, left.server.state());
        if !has_index {
            fs::remove_file(state.with_extension("saved").join("hivesum.db-shm")).unwrap();
        }
        let started = server.start_or_refusal(&["unshare", "-rm", "sh", "-c", &on_a_full_disk(server), "sh"]);
        let process = started.unwrap_or_else(|refused| panic!("index {has_index}: {refused:?}"));
        let ready = format!("{}/readyz", process.url);
        check_reads(&left, &process);
        // The room of an index, and of a log that is moved into the database, may be enough to write.
        if !has_index {
            check_refusals(&left, &process);
            check_reads(&left, &process);
        }
        fs::remove_file(format!("/proc/{}/root{}/filler", process.pid(), state.display())).unwrap();
        while server.client.get(&ready).send().unwrap().status() != 200 {}
        let job = server.wait_for(&process, &left.unfinished);
        assert_eq!((&job["state"], &job["summary"]["hashed"]), (&json!("completed"), &json!(1)));
        let new = server.submit(&process, "new", &json!({})).unwrap();
        assert_eq!(server.wait_for(&process, &new)["summary"]["hashed"], 2);
    }
}

#[test]
fn commands_read_a_state_on_a_full_disk_and_say_that_there_is_no_room_to_write() {
    if !has_tool("unshare") || !can_mount() {
        return;
    }
    let Left { server, ended, unfinished, .. } = left();
    fs::remove_file(server.state().with_extension("saved").join("hivesum.db-shm")).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &on_a_full_disk(&server), "sh", env!("CARGO_BIN_EXE_hivesum")]);
        let ran = command.args(args).arg("--state").arg(server.state()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (ran.status.code(), text(ran.stdout), text(ran.stderr))
    };
    let (code, listed, told) = run(&["jobs", "list"]);
    assert_eq!((code, told.as_str()), (Some(0), ""));
    assert!(listed.contains(&ended) && listed.contains(&unfinished), "{listed}");
    let (code, exported, told) = run(&["jobs", "export", &ended]);
    assert_eq!((code, exported.lines().count(), told.as_str()), (Some(0), 1, ""));
    assert_eq!(run(&["token", "list"]).0, Some(0));
    assert_eq!(run(&["state", "check"]).0, Some(0));
    for writes in [&["token", "create"][..], &["jobs", "delete", &ended]] {
        let (code, printed, told) = run(writes);
        assert_eq!((code, printed.as_str()), (Some(1), ""), "{writes:?}: {told}");
        assert!(told.contains("no room left"), "{writes:?}: {told}");
    }
}
