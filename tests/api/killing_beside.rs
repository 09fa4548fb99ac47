//! kill -9 while another process writes to the same store: nothing that either acknowledged is lost, no request gets a
//! 500, and no job fails.
//!
//! `HIVESUM_KILLS_BESIDE=500 cargo test --release --test api killed_beside` is the long run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use hivesum_test_support::{Dice, number_from_env};
use rustix::process::Signal;
use serde_json::json;

use crate::acknowledgements::{Acknowledgements, tree};
use crate::restartable_server::RestartableServer;

/// The exit status of a command that a running server excludes (`EX_TEMPFAIL` of sysexits.h).
const IN_USE: i32 = 75;

/// Creates tokens until it is told to stop. Their names, as far as they were acknowledged.
fn create_tokens(server: &RestartableServer, turn: u64, stop: &AtomicBool) -> Vec<String> {
    let mut created = Vec::new();
    for number in 0.. {
        let name = format!("{turn}-{number}");
        let output = server.command(&["token", "create", "--name", &name]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {errors}");
        created.push(name);
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    created
}

#[test]
fn killed_beside_a_process_that_creates_tokens_nothing_is_lost_and_nothing_fails() {
    let kills = number_from_env("HIVESUM_KILLS_BESIDE").unwrap_or(40);
    eprintln!("{kills} kills");
    let (server, mut dice, mut tokens) = (RestartableServer::new(), Dice::from_env(), Vec::new());
    let mut acknowledgements = Acknowledgements::new(tree(&server, 100));
    for turn in 0..kills {
        let process = server.start();
        let (when, stop) = (dice.roll(250_000), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let creator = scope.spawn(|| create_tokens(&server, turn, &stop));
            let killer = scope.spawn(|| {
                let compact = server.command(&["jobs", "compact"]);
                assert_eq!(compact.status.code(), Some(IN_USE), "{}", String::from_utf8_lossy(&compact.stderr));
                let (_held, nothing) = mpsc::channel::<()>();
                let _ = nothing.recv_timeout(Duration::from_micros(when));
                process.signal(Signal::KILL);
            });
            acknowledgements.ask(&server, &process, 4);
            killer.join().unwrap();
            stop.store(true, Ordering::Relaxed);
            tokens.extend(creator.join().unwrap());
        });
        process.wait();
        let compact = server.command(&["jobs", "compact"]);
        assert!(compact.status.success(), "{}", String::from_utf8_lossy(&compact.stderr));
    }
    let process = server.start();
    acknowledgements.ask(&server, &process, 1);
    assert_eq!(acknowledgements.open, None, "without a kill, the request is acknowledged");
    acknowledgements.check(&server, &process, |_, _| true);
    assert_eq!(server.failed_requests.load(Ordering::Relaxed), 0, "requests got a 500");
    let failed = server.get(&process, "/api/v1/jobs?state=failed");
    assert_eq!(failed["items"], json!([]));
    let listed = server.command(&["token", "list"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names: std::collections::HashSet<_> = listed.lines().filter_map(|line| line.rsplit('\t').next()).collect();
    let lost: Vec<_> = tokens.iter().filter(|name| !names.contains(name.as_str())).collect();
    assert!(lost.is_empty(), "{lost:?} of {} tokens are lost", tokens.len());
}
