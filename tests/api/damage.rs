//! A damaged store and a full disk are reported, and no result is made up.

use std::fs;
use std::os::unix::fs::FileExt;
use std::process::Command;

use hivesum_test_support::vectors::ABC_SHA256;
use hivesum_test_support::{Requirement, has_tool};
use rustix::process::Signal;
use serde_json::json;

use crate::app::problem;
use crate::restartable_server::RestartableServer;

/// A stopped service whose state has one ended job over two files.
fn stopped_service() -> (RestartableServer, String) {
    let server = RestartableServer::new();
    server.write("a", "abc");
    server.write("b", "something else");
    let process = server.start();
    let id = server.submit(&process, "key", &json!({ "algorithms": ["sha256"] })).unwrap();
    server.wait_for(&process, &id);
    // The sort index is written in the background. The next start would write what is missing of it.
    let sorted = format!("{}/api/v1/jobs/{id}/results?sort=size", process.url);
    while server.client.get(&sorted).send().unwrap().status() != 200 {}
    process.signal(Signal::TERM);
    assert_eq!(process.wait(), Some(0));
    (server, id)
}

/// Flips a bit of the database, `offset` bytes after the start of `bytes`.
fn flip(server: &RestartableServer, bytes: &[u8], offset: usize) {
    let path = server.state().join("hivesum.db");
    let database = fs::read(&path).unwrap();
    let at = database.windows(bytes.len()).position(|window| window == bytes).expect("the bytes are in the database");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[database[at + offset] ^ 1], (at + offset) as u64).unwrap();
}

#[test]
fn a_flipped_bit_in_a_row_is_an_error_and_never_a_wrong_digest() {
    let digest = hex::decode(ABC_SHA256).unwrap();
    for offset in [31, 0] {
        let (server, id) = stopped_service();
        flip(&server, &digest, offset);
        let process = server.start();
        let path = format!("{}/api/v1/jobs/{id}/results", process.url);
        problem(server.client.get(&path).send().unwrap(), 500, "store_corrupt");
        let stream = server.client.get(&path).header("accept", "application/x-ndjson").send().unwrap();
        problem(stream, 500, "store_corrupt");
        let manifest = server.client.get(format!("{}/api/v1/jobs/{id}/manifest", process.url)).send().unwrap();
        problem(manifest, 500, "store_corrupt");
        // Other jobs still run.
        let again = server.submit(&process, "another", &json!({})).unwrap();
        assert_eq!(server.wait_for(&process, &again)["state"], "completed");
    }
}

#[test]
fn a_search_through_a_damaged_row_is_an_error_and_never_an_absent_file() {
    let digest = hex::decode(ABC_SHA256).unwrap();
    for offset in [31, 0] {
        let (server, _) = stopped_service();
        flip(&server, &digest, offset);
        let process = server.start();
        let path = format!("{}/api/v1/search?digest={ABC_SHA256}", process.url);
        problem(server.client.get(&path).send().unwrap(), 500, "store_corrupt");
    }
}

#[test]
fn a_flipped_bit_in_a_file_of_a_collection_is_an_error_and_never_a_condition() {
    let server = RestartableServer::new();
    server.write("a", "abc");
    let tree = server.tree().display().to_string();
    assert!(server.command(&["scrub", "--algorithms", "sha256", &tree]).status.success());
    let shown = server.command(&["collections", "show", &tree]).stdout;
    let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
    let process = server.start();
    // Not before: a start reads the whole of a small database, and refuses it.
    flip(&server, &hex::decode(ABC_SHA256).unwrap(), 31);
    let of = format!("/api/v1/collections/{}", shown["id"].as_str().unwrap());
    for path in ["/api/v1/collections".to_owned(), of.clone(), format!("{of}/files"), format!("{of}/alerts")] {
        problem(server.client.get(format!("{}{path}", process.url)).send().unwrap(), 500, "store_corrupt");
    }
    let metrics = server.client.get(format!("{}/metrics", process.url)).send().unwrap().text().unwrap();
    assert!(metrics.lines().any(|line| line == "hivesum_collections_readable 0"), "{metrics}");
}

type Damage = fn(&mut Vec<u8>);

#[test]
fn a_damaged_database_is_refused_at_the_start_and_not_written_to() {
    let header = |bytes: &mut Vec<u8>| bytes[3] ^= 1;
    let page = |bytes: &mut Vec<u8>| bytes[8192] ^= 0x55;
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    for (what, damage) in [("header", header as Damage), ("page header", page), ("cut", cut)] {
        let (server, _) = stopped_service();
        let path = server.state().join("hivesum.db");
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        assert!(server.try_start(&[]).is_none(), "{what}");
        assert!(fs::read(&path).unwrap() == bytes, "{what}: the database was written to");
    }
}

#[test]
fn a_failed_fsync_ends_the_service_with_74_and_the_next_start_has_the_committed_jobs() {
    if !has_tool("strace") {
        return;
    }
    for name in ["hivesum.db-wal", "hivesum.journal"] {
        let (server, first) = stopped_service();
        let file = server.state().join(name).display().to_string();
        let inject = "inject=fsync,fdatasync:error=EIO:when=1+";
        let runner = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", &file, "-e", inject];
        let process = server.try_start(&runner).expect("nothing is written before it listens");
        assert_eq!(
            server.submit(&process, "lost", &json!({})),
            None,
            "{name}: what is not committed is not acknowledged"
        );
        assert_eq!(process.wait(), Some(74), "{name}");
        let process = server.start();
        assert_eq!(server.get(&process, &format!("/api/v1/jobs/{first}"))["state"], "completed", "{name}");
    }
}

/// Whether `unshare` may create namespaces to mount in. Where tools are required, a refusal fails the test.
pub fn can_mount() -> bool {
    let tried = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output().unwrap();
    let why = String::from_utf8_lossy(&tried.stderr).into_owned();
    let remedy = format!("user namespaces: {}", why.trim());
    Requirement::tool("unshare -rm mount", &remedy).is_met(|| tried.status.success())
}

#[test]
fn on_a_full_disk_jobs_are_refused_reads_go_on_and_work_resumes_when_there_is_room() {
    if !has_tool("unshare") || !can_mount() {
        return;
    }
    let server = RestartableServer::new();
    for number in 0..6_000 {
        server.write(&format!("{number:0200}"), "");
    }
    fs::create_dir(server.state()).unwrap();
    let state = server.state().display().to_string();
    let script =
        format!("mount -t tmpfs -o size=24m tmpfs {state} && head -c 22m /dev/zero > {state}/filler && exec \"$@\"");
    let process = server.try_start(&["unshare", "-rm", "sh", "-c", &script, "sh"]).expect("there is space to start");
    let id = server.submit(&process, "big", &json!({})).unwrap();
    let body = json!({ "root": "files", "path": format!("{:0200}", 1) });
    let refused = loop {
        let answer = server.client.post(format!("{}/api/v1/jobs", process.url)).json(&body).send().unwrap();
        if answer.status() != 202 {
            break answer;
        }
    };
    problem(refused, 507, "storage_full");
    let job = server.get(&process, &format!("/api/v1/jobs/{id}"));
    assert_eq!(job["state"], "running", "it waits for free space");
    assert!(server.get(&process, &format!("/api/v1/jobs/{id}/results"))["items"].is_array());
    fs::remove_file(format!("/proc/{}/root{state}/filler", process.pid())).unwrap();
    let job = server.wait_for(&process, &id);
    assert_eq!((&job["state"], &job["summary"]["hashed"]), (&json!("completed"), &json!(6_000)));
}
