//! kill -9 at a write to the store: during the first start, during a job, at its end, while a killed service recovers,
//! and while the store of an older release is migrated.
//!
//! `HIVESUM_EVERY_WRITE=1` kills at each single write instead of at every seventh.

use std::fs;
use std::path::Path;
use std::process::Command;

use hivesum_test_support::{cycle, has_tool, number_from_env};
use rustix::process::Signal;
use serde_json::json;

use crate::acknowledgements::{Acknowledgements, Kind, Outcomes, outcomes, tree};
use crate::app::Events;
use crate::restartable_server::{RestartableServer, ServerProcess};

/// System calls that change the files of the store, or their names.
const WRITES: &str = "write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink";

/// The database that the release before schema 2 left when it was killed: a finished job over `slow_tree`, and one that
/// was killed half way (both in SHA-256).
const FIRST_SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/schema-1.db");

/// The jobs in it.
const FIRST_SCHEMA_JOBS: [&str; 2] = ["01a214a4-0d57-75d3-874b-918a84504b96", "01a214a4-1e23-74d6-9d0c-252c353140e1"];

/// The size of a file whose job takes some seconds.
const SLOW_BYTES: u64 = 160 << 20;

/// Starts the program so that it dies at the `when`th write to its store. None where it dies before it listens.
fn start_doomed(server: &RestartableServer, when: usize) -> Option<ServerProcess> {
    let inject = format!("inject={WRITES}:signal=KILL:when={when}");
    let mut runner = vec!["strace".to_owned()];
    runner.extend(["-D", "-f", "-qq", "-o", "/dev/null"].map(str::to_owned));
    for suffix in ["", "-wal", ".new", ".v1", ".v1.new"] {
        runner.extend(["-P".to_owned(), format!("{}{suffix}", server.state().join("hivesum.db").display())]);
    }
    for name in ["hivesum.journal", "hivesum.journal.new"] {
        runner.extend(["-P".to_owned(), server.state().join(name).display().to_string()]);
    }
    runner.extend(["-e".to_owned(), inject]);
    server.try_start(&runner.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Stops the service by SIGTERM. Whether it ended well.
fn ends_well(process: ServerProcess) -> bool {
    process.signal(Signal::TERM);
    process.wait() == Some(0)
}

/// Runs a scenario with a death at an ever later write, until it survives. Returns the number of the last deadly write.
fn die_at_writes(scenario: impl Fn(usize) -> bool) -> usize {
    let stride = if number_from_env("HIVESUM_EVERY_WRITE").is_some() { 1 } else { 7 };
    let deaths = (1..).step_by(stride).take_while(|&when| !scenario(when)).count();
    eprintln!("died at {deaths} of the writes, every {stride}th");
    deaths * stride
}

#[test]
fn killed_at_a_write_to_the_store_every_acknowledged_job_survives() {
    if !has_tool("strace") {
        return;
    }
    for kind in [Kind::Hash, Kind::Audit] {
        let deaths = die_at_writes(|when| {
            let server = RestartableServer::new();
            let mut acknowledgements = Acknowledgements::beginning_with(kind, tree(&server, 20));
            let survived = start_doomed(&server, when).is_some_and(|process| {
                acknowledgements.ask(&server, &process, 1);
                let all_end = acknowledgements.acknowledged.values().all(|id| server.ends_here(&process, id))
                    && acknowledgements.open.is_none();
                ends_well(process) && all_end
            });
            let process = server.start();
            acknowledgements.ask(&server, &process, 1);
            acknowledgements.check(&server, &process, |_, _| false);
            survived
        });
        assert!(deaths >= 14, "{kind:?}: killed at only {deaths} writes");
    }
}

/// Small files of `slow_tree` whose results are committed before its slow file is done. The walk passes on this many
/// directories at a time.
const SOON_DONE: usize = 32;

/// Writes a tree whose job is slow with a bandwidth limit. Returns the outcomes of such a job.
fn slow_tree(server: &RestartableServer) -> Outcomes {
    for number in 0..40 {
        server.write(&format!("d{number:02}/file"), cycle(number * 37));
    }
    fs::File::create(server.tree().join("slow")).unwrap().set_len(SLOW_BYTES).unwrap();
    Acknowledgements::new(tree(server, 0)).expected(Kind::Hash)
}

/// Submits a job on it that takes some seconds.
fn submit_slow_job(server: &RestartableServer, process: &ServerProcess) -> String {
    let spec = json!({ "algorithms": ["sha256"], "max_bytes_per_second": 64 << 20 });
    server.submit(process, "slow", &spec).unwrap()
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_type().unwrap().is_file() {
            // The socket of the killed service.
            continue;
        }
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[track_caller]
fn check_jobs(server: &RestartableServer, process: &ServerProcess, ids: &[&str], expected: &Outcomes) {
    for id in ids {
        let job = server.wait_for(process, id);
        assert_eq!((&job["state"], &job["summary"]["files"]), (&json!("completed"), &json!(expected.len())), "{job}");
        assert_eq!(outcomes(server, process, id), (expected.clone(), expected.len()));
    }
}

#[test]
fn killed_at_a_write_during_recovery_the_next_start_resumes() {
    if !has_tool("strace") {
        return;
    }
    let server = RestartableServer::new();
    let expected = slow_tree(&server);
    let process = server.start();
    let id = submit_slow_job(&server, &process);
    let events = server.client.get(format!("{}/api/v1/jobs/{id}/events", process.url)).send().unwrap();
    Events::of(events).find(|event| event.data["files_done"] == SOON_DONE).expect("the job is running");
    process.kill();
    let left = server.state().with_extension("left");
    fs::rename(server.state(), &left).unwrap();
    let deaths = die_at_writes(|when| {
        copy_all(&left, &server.state());
        let survived = start_doomed(&server, when).is_some_and(|process| {
            let ends = server.ends_here(&process, &id);
            ends_well(process) && ends
        });
        check_jobs(&server, &server.start(), &[&id], &expected);
        fs::remove_dir_all(server.state()).unwrap();
        survived
    });
    assert!(deaths >= 7, "killed at only {deaths} writes");
}

#[test]
fn killed_at_a_write_during_a_migration_nothing_is_lost() {
    if !has_tool("strace") || !has_tool("sqlite3") {
        return;
    }
    let server = RestartableServer::new();
    let expected = slow_tree(&server);
    let deaths = die_at_writes(|when| {
        fs::create_dir(server.state()).unwrap();
        fs::copy(FIRST_SCHEMA, server.state().join("hivesum.db")).unwrap();
        let survived = start_doomed(&server, when).is_some_and(|process| {
            let end = FIRST_SCHEMA_JOBS.iter().all(|id| server.ends_here(&process, id));
            ends_well(process) && end
        });
        let process = server.start();
        check_jobs(&server, &process, &FIRST_SCHEMA_JOBS, &expected);
        let sorted =
            server.client.get(format!("{}/api/v1/jobs/{}/results?sort=size", process.url, FIRST_SCHEMA_JOBS[0]));
        assert_eq!(sorted.send().unwrap().status(), 200, "killed at write {when}");
        check_copy(&server);
        drop(process);
        fs::remove_dir_all(server.state()).unwrap();
        survived
    });
    assert!(deaths >= 7, "killed at only {deaths} writes");
}

/// The backup copy is whole and has the old schema, and no partial copy is left.
#[track_caller]
fn check_copy(server: &RestartableServer) {
    let copy = server.state().join("hivesum.db.v1");
    let ask = "PRAGMA integrity_check; PRAGMA user_version; SELECT count(*) FROM results; SELECT count(*) FROM jobs;";
    let output = Command::new("sqlite3").arg(copy).arg(ask).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ok\n1\n73\n2\n", "{output:?}");
    assert!(!server.state().join("hivesum.db.v1.new").exists());
}
