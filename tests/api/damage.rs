//! A store that cannot be trusted, or has no room: refused, told, never made up for.

use std::fs;
use std::os::unix::fs::FileExt;
use std::process::Command;

use hivesum_test_support::vectors::ABC_SHA256;
use hivesum_test_support::{Requirement, has_tool};
use rustix::process::Signal;
use serde_json::json;

use crate::app::problem;
use crate::mortal::Place;

/// A state with one ended job of two files, and no service.
fn left_behind() -> (Place, String) {
    let place = Place::new();
    place.write("a", "abc");
    place.write("b", "something else");
    let life = place.start();
    let id = place.submit(&life, "key", &json!({ "algorithms": ["sha256"] })).unwrap();
    place.wait_for(&life, &id);
    life.signal(Signal::TERM);
    assert_eq!(life.wait(), Some(0));
    (place, id)
}

/// Changes the byte of the database that is `after` bytes behind these.
fn flip(place: &Place, bytes: &[u8], after: usize) {
    let path = place.state().join("hivesum.db");
    let database = fs::read(&path).unwrap();
    let at = database.windows(bytes.len()).position(|window| window == bytes).expect("the bytes are in the database");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[database[at + after] ^ 1], (at + after) as u64).unwrap();
}

#[test]
fn a_byte_flipped_in_a_row_is_told_and_never_a_digest() {
    for (bytes, after) in [(hex_of(ABC_SHA256), 31), (hex_of(ABC_SHA256), 0)] {
        let (place, id) = left_behind();
        flip(&place, &bytes, after);
        let life = place.start();
        let path = format!("{}/api/v1/jobs/{id}/results", life.url);
        problem(place.client.get(&path).send().unwrap(), 500, "store_corrupt");
        let stream = place.client.get(&path).header("accept", "application/x-ndjson").send().unwrap();
        problem(stream, 500, "store_corrupt");
        let manifest = place.client.get(format!("{}/api/v1/jobs/{id}/manifest", life.url)).send().unwrap();
        problem(manifest, 500, "store_corrupt");
        // Other work goes on.
        let again = place.submit(&life, "another", &json!({})).unwrap();
        assert_eq!(place.wait_for(&life, &again)["state"], "completed");
    }
}

fn hex_of(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

type Damage = fn(&mut Vec<u8>);

#[test]
fn a_damaged_database_is_refused_at_the_start_and_left_as_it_is() {
    let header = |bytes: &mut Vec<u8>| bytes[3] ^= 1;
    let page = |bytes: &mut Vec<u8>| bytes[8192] ^= 0x55;
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    for (what, damage) in [("header", header as Damage), ("page header", page), ("cut", cut)] {
        let (place, _) = left_behind();
        let path = place.state().join("hivesum.db");
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        assert!(place.try_start(&[]).is_none(), "{what}");
        assert!(fs::read(&path).unwrap() == bytes, "{what}: the database was written to");
    }
}

#[test]
fn a_disk_that_fails_to_keep_what_was_written_ends_the_service_with_74_and_the_next_start_reads_the_truth() {
    if !has_tool("strace") {
        return;
    }
    let (place, first) = left_behind();
    let log = place.state().join("hivesum.db-wal").display().to_string();
    let runner =
        ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", &log, "-e", "inject=fsync,fdatasync:error=EIO:when=1+"];
    let life = place.try_start(&runner).expect("nothing is written before it listens");
    assert_eq!(place.submit(&life, "lost", &json!({})), None, "what is not kept is not acknowledged");
    assert_eq!(life.wait(), Some(74));
    let life = place.start();
    assert_eq!(place.get(&life, &format!("/api/v1/jobs/{first}"))["state"], "completed");
}

/// Whether `unshare` gives namespaces to mount in. Where tools are required, its refusal fails the test.
fn can_mount() -> bool {
    let tried = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output().unwrap();
    let why = String::from_utf8_lossy(&tried.stderr).into_owned();
    let remedy = format!("user namespaces: {}", why.trim());
    Requirement::tool("unshare -rm mount", &remedy).is_met(|| tried.status.success())
}

#[test]
fn a_full_disk_is_told_reads_go_on_and_work_resumes_by_itself_when_there_is_room() {
    if !has_tool("unshare") || !can_mount() {
        return;
    }
    let place = Place::new();
    for number in 0..6_000 {
        place.write(&format!("{number:0200}"), "");
    }
    fs::create_dir(place.state()).unwrap();
    let state = place.state().display().to_string();
    let script =
        format!("mount -t tmpfs -o size=24m tmpfs {state} && head -c 22m /dev/zero > {state}/filler && exec \"$@\"");
    let life = place.try_start(&["unshare", "-rm", "sh", "-c", &script, "sh"]).expect("there is room to start");
    let id = place.submit(&life, "big", &json!({})).unwrap();
    let body = json!({ "root": "files", "path": format!("{:0200}", 1) });
    let refused = loop {
        let answer = place.client.post(format!("{}/api/v1/jobs", life.url)).json(&body).send().unwrap();
        if answer.status() != 202 {
            break answer;
        }
    };
    problem(refused, 507, "storage_full");
    let job = place.get(&life, &format!("/api/v1/jobs/{id}"));
    assert_eq!(job["state"], "running", "it waits for room");
    assert!(place.get(&life, &format!("/api/v1/jobs/{id}/results"))["items"].is_array());
    fs::remove_file(format!("/proc/{}/root{state}/filler", life.pid())).unwrap();
    let job = place.wait_for(&life, &id);
    assert_eq!((&job["state"], &job["summary"]["hashed"]), (&json!("completed"), &json!(6_000)));
}
