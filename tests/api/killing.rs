//! kill -9 at any moment: nothing acknowledged is lost, nothing is counted twice, and the service is soon back.
//!
//! `HIVESUM_KILLS=300 cargo test --test api killed_at_random` is the long run; `HIVESUM_SEED` repeats one.

use std::collections::HashMap;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use hivesum_actors::job::JobId;
use hivesum_test_support::{Dice, LONGEST_WAIT, cycle, has_tool, number_from_env};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::acknowledgements::{Acknowledgements, count_jobs, tree};
use crate::restartable_server::RestartableServer;

/// How soon the service is back: in the long run, which has the machine for itself, the contract's 2 s, and five times
/// that in debug builds. Beside other tests, nobody knows.
fn ready_within() -> Duration {
    match number_from_env("HIVESUM_KILLS") {
        Some(_) => Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 }),
        None => LONGEST_WAIT,
    }
}

/// After this many deaths of the process in one segment of a file, the file is given up.
const DEATHS_BOUND: u32 = 3;

/// Waits this long. Nobody sends, so only the timeout ends the wait.
fn wait_micros(micros: u64) {
    let (_held, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(Duration::from_micros(micros));
}

/// How often the process died while a hasher was at a segment of a file of a job, according to `hivesum.slots`.
#[derive(Default)]
struct Deaths(HashMap<(JobId, String, u64), u32>);

impl Deaths {
    /// Counts what the dead hashers were reading. The next start empties the file, so count before it.
    fn count(&mut self, server: &RestartableServer) {
        let slots = std::fs::read(server.state().join("hivesum.slots")).unwrap_or_default();
        for slot in slots.chunks_exact(8192) {
            let number = |at: usize, bytes: usize| {
                slot[at..at + bytes].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
            };
            if number(0, 4) == 1 {
                let path = String::from_utf8(slot[32..][..number(4, 4) as usize].to_vec()).unwrap();
                let job = JobId::from_slice(&slot[16..32]).unwrap();
                *self.0.entry((job, path, number(8, 8))).or_default() += 1;
            }
        }
    }

    fn may_have_given_up(&self, job: JobId, path: &str) -> bool {
        let of_file = self.0.iter().filter(|((of, name, _), _)| *of == job && name == path);
        of_file.map(|(_, &deaths)| deaths).max().is_some_and(|deaths| deaths >= DEATHS_BOUND)
    }
}

/// Starts the service, and kills it under load, in its first moments, or while it shuts down.
fn start_and_kill(server: &RestartableServer, acknowledgements: &mut Acknowledgements, dice: &mut Dice) {
    if dice.roll(5) == 0 {
        let mut child = server.spawn(&[]);
        wait_micros(dice.roll(60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    }
    let process = server.start();
    assert!(process.ready_after < ready_within(), "ready only after {:?}", process.ready_after);
    let (when, asks, politely) = (dice.roll(250_000), dice.roll(4) as usize, dice.roll(5) == 0);
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            wait_micros(when);
            if politely {
                process.signal(Signal::TERM);
                wait_micros(when / 10);
            }
            process.signal(Signal::KILL);
        });
        acknowledgements.ask(server, &process, asks);
        killer.join().unwrap();
    });
    process.wait();
}

#[test]
fn killed_at_random_times_nothing_acknowledged_is_lost_and_nothing_is_counted_twice() {
    let kills = number_from_env("HIVESUM_KILLS").unwrap_or(40);
    eprintln!("{kills} kills");
    let (server, mut dice, mut deaths) = (RestartableServer::new(), Dice::from_env(), Deaths::default());
    // Files of several segments among small ones.
    for name in ["d0/large", "d5/large"] {
        server.write(name, cycle(40 << 20));
    }
    let mut acknowledgements = Acknowledgements::new(tree(&server, 300));
    let enough = kills as usize / 4;
    // A slow machine needs more of them until enough requests were acknowledged before their kill.
    for number in 0..20 * kills {
        if number >= kills && acknowledgements.acknowledged.len() >= enough {
            break;
        }
        start_and_kill(&server, &mut acknowledgements, &mut dice);
        deaths.count(&server);
    }
    let process = server.start();
    acknowledgements.ask(&server, &process, 1);
    assert_eq!(acknowledgements.open, None, "without a kill, the request is acknowledged");
    acknowledgements.check(&server, &process, |job, path| deaths.may_have_given_up(job, path));
    assert_eq!(count_jobs(&server, &process), acknowledgements.acknowledged.len(), "there is one job for each request");
    assert!(acknowledgements.acknowledged.len() >= enough, "too few requests: {}", acknowledgements.acknowledged.len());
}

#[test]
fn a_file_that_kills_the_process_every_time_is_given_up_and_its_job_goes_on() {
    if !has_tool("strace") {
        return;
    }
    let server = RestartableServer::new();
    for number in 0..20 {
        server.write(&format!("{number:02}"), cycle(100));
    }
    let evil = server.tree().join("10").canonicalize().unwrap().display().to_string();
    let runner = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-P",
        &evil,
        "-e",
        "trace=read,pread64,readv,preadv,preadv2",
        "-e",
        "inject=read,pread64,readv,preadv,preadv2:signal=KILL",
    ];
    let mut id = None;
    let mut starts = 0;
    let job: Value = loop {
        starts += 1;
        assert!(starts <= 4, "the file is given up after three deaths");
        let Some(process) = server.try_start(&runner) else { continue };
        let asked = server.submit(&process, "once", &json!({}));
        id = id.or(asked);
        // The file may kill the process before the answer is sent. The next request with this key gets the same job.
        if let Some(id) = id.as_ref().filter(|id| server.ends_here(&process, id)) {
            break server.get(&process, &format!("/api/v1/jobs/{id}"));
        }
        process.wait();
    };
    assert_eq!((starts, &job["state"]), (4, &json!("completed")));
    assert_eq!((&job["summary"]["hashed"], &job["summary"]["errors"]), (&json!(19), &json!(1)));
    let process = server.start();
    let results = server.results(&process, job["id"].as_str().unwrap());
    assert_eq!((&results[10]["path"], &results[10]["code"]), (&json!("10"), &json!("crash_loop")));
}

#[test]
fn a_large_file_killed_half_way_is_resumed_there_with_the_right_digest() {
    let bytes = number_from_env("HIVESUM_LARGE_BYTES").unwrap_or(2 << 30);
    let server = RestartableServer::new();
    std::fs::File::create(server.tree().join("large")).unwrap().set_len(bytes).unwrap();
    let process = server.start();
    // Slow enough to be killed half way on any machine, and to commit what was digested a second before.
    let spec = json!({ "algorithms": ["blake3", "sha256"], "max_bytes_per_second": bytes / 10 });
    let id = server.submit(&process, "large", &spec).unwrap();
    let events = server.client.get(format!("{}/api/v1/jobs/{id}/events", process.url)).send().unwrap();
    let at = |event: &crate::app::Event| event.data["bytes_done"].as_u64().unwrap_or(0);
    let mut progress = crate::app::Events::of(events).filter(|event| event.name == "progress");
    let before = progress.find(|event| at(event) > bytes / 10 * 6).map(|event| at(&event)).unwrap();
    drop(progress);
    process.kill();
    let process = server.start();
    assert_eq!(server.wait_for(&process, &id)["state"], "completed");
    let hashed = server.get(&process, "/api/v1/stats")["bytes_hashed"].as_u64().unwrap();
    // Two digests. Bytes that were not committed before the kill are digested again.
    assert!(hashed < 2 * (bytes - before) + bytes / 4, "{hashed} bytes after {before} of {bytes}");
    let digests = server.results(&process, &id)[0]["digests"].clone();
    for (tool, algorithm) in [("sha256sum", "sha256"), ("b3sum", "blake3")] {
        if has_tool(tool) {
            let output = Command::new(tool).arg(server.tree().join("large")).output().unwrap();
            let line = String::from_utf8(output.stdout).unwrap();
            assert_eq!(digests[algorithm], line.split_whitespace().next().unwrap());
        }
    }
}
