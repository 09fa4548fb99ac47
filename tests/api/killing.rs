//! kill -9 at any instant: nothing acknowledged is lost, nothing is counted twice, and the service is back at once.
//!
//! `HIVESUM_KILLS=300 cargo test --test api killed_at_random` is the long run; `HIVESUM_SEED` repeats one.

use std::collections::HashMap;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use hivesum_actors::job::JobId;
use hivesum_test_support::{cycle, has_tool, number_from_env};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::books::{Books, count_jobs, tree};
use crate::mortal::Place;

/// The contract's 2 s, five-fold in debug builds.
const READY_WITHIN: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 });

/// Deaths of the process in one piece of a file before the file is given up.
const DEATHS_BOUND: u32 = 3;

/// xorshift64: the same instants for the same seed, as far as the machine lets them be.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Lets this much time go by, unless the sender goes first.
fn let_pass(micros: u64) {
    let (_held, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(Duration::from_micros(micros));
}

/// How often the process died while a hasher was at a piece of a file of a job, as `hivesum.slots` tells.
#[derive(Default)]
struct Deaths(HashMap<(JobId, String, u64), u32>);

impl Deaths {
    /// Looks at what the dead were reading. The next start takes the notes over and begins with an empty file.
    fn count(&mut self, place: &Place) {
        let slots = std::fs::read(place.state().join("hivesum.slots")).unwrap_or_default();
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

/// One life: killed under load, in its first moments, or while it shuts down.
fn live_and_die(place: &Place, books: &mut Books, dice: &mut Dice) {
    if dice.roll(5) == 0 {
        let mut child = place.spawn(&[]);
        let_pass(dice.roll(60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    }
    let life = place.start();
    assert!(life.ready_after < READY_WITHIN, "ready again only after {:?}", life.ready_after);
    let (when, asks, politely) = (dice.roll(250_000), dice.roll(4) as usize, dice.roll(5) == 0);
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let_pass(when);
            if politely {
                life.signal(Signal::TERM);
                let_pass(when / 10);
            }
            life.signal(Signal::KILL);
        });
        books.ask(place, &life, asks);
        killer.join().unwrap();
    });
    life.wait();
}

#[test]
fn killed_at_random_instants_nothing_acknowledged_is_lost_and_nothing_counted_twice() {
    let kills = number_from_env("HIVESUM_KILLS").unwrap_or(40);
    let seed = number_from_env("HIVESUM_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 16 | 0x9E37);
    eprintln!("{kills} kills, HIVESUM_SEED={seed}");
    let (place, mut dice, mut deaths) = (Place::new(), Dice(seed), Deaths::default());
    // Of several pieces each, among small ones.
    for name in ["d0/large", "d5/large"] {
        place.write(name, cycle(40 << 20));
    }
    let mut books = Books::new(tree(&place, 300));
    for _ in 0..kills {
        live_and_die(&place, &mut books, &mut dice);
        deaths.count(&place);
    }
    let life = place.start();
    books.ask(&place, &life, 1);
    assert_eq!(books.open, None, "what is asked for in peace is acknowledged");
    books.check(&place, &life, |job, path| deaths.may_have_given_up(job, path));
    assert_eq!(count_jobs(&place, &life), books.acknowledged.len(), "one job for each request, and no other");
    assert!(books.acknowledged.len() >= kills as usize / 4, "too little was asked for: {}", books.acknowledged.len());
}

#[test]
fn a_file_that_kills_the_process_each_time_is_given_up_and_its_job_goes_on() {
    if !has_tool("strace") {
        return;
    }
    let place = Place::new();
    for number in 0..20 {
        place.write(&format!("{number:02}"), cycle(100));
    }
    let evil = place.tree().join("10").canonicalize().unwrap().display().to_string();
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
        "trace=read,pread64,readv,preadv",
        "-e",
        "inject=read,pread64,readv,preadv:signal=KILL",
    ];
    let mut id = None;
    let mut starts = 0;
    let job: Value = loop {
        starts += 1;
        assert!(starts <= 4, "the file is given up after three deaths");
        let Some(life) = place.try_start(&runner) else { continue };
        let asked = place.submit(&life, "once", &json!({}));
        id = id.or(asked);
        let id = id.clone().expect("the job is acknowledged before it begins");
        if place.ends_here(&life, &id) {
            break place.get(&life, &format!("/api/v1/jobs/{id}"));
        }
        life.wait();
    };
    assert_eq!((starts, &job["state"]), (4, &json!("completed")));
    assert_eq!((&job["summary"]["hashed"], &job["summary"]["errors"]), (&json!(19), &json!(1)));
    let life = place.start();
    let results = place.results(&life, job["id"].as_str().unwrap());
    assert_eq!((&results[10]["path"], &results[10]["code"]), (&json!("10"), &json!("crash_loop")));
}

#[test]
fn a_large_file_killed_half_way_goes_on_from_there_with_the_right_digest() {
    let bytes = number_from_env("HIVESUM_LARGE_BYTES").unwrap_or(2 << 30);
    let place = Place::new();
    std::fs::File::create(place.tree().join("large")).unwrap().set_len(bytes).unwrap();
    let life = place.start();
    // Slow enough to be killed half way, on a machine of any speed.
    let spec = json!({ "algorithms": ["blake3", "sha256"], "max_bytes_per_second": bytes / 2 });
    let id = place.submit(&life, "large", &spec).unwrap();
    let events = place.client.get(format!("{}/api/v1/jobs/{id}/events", life.url)).send().unwrap();
    let at = |event: &crate::app::Event| event.data["bytes_done"].as_u64().unwrap_or(0);
    let mut progress = crate::app::Events::of(events).filter(|event| event.name == "progress");
    let before = progress.find(|event| at(event) > bytes / 10 * 6).map(|event| at(&event)).unwrap();
    drop(progress);
    life.kill();
    let life = place.start();
    assert_eq!(place.wait_for(&life, &id)["state"], "completed");
    let hashed = place.get(&life, "/api/v1/stats")["bytes_hashed"].as_u64().unwrap();
    // Two digests; what was not committed in the last moments is digested again.
    assert!(hashed < 2 * (bytes - before) + bytes / 4, "{hashed} bytes after {before} of {bytes}");
    let digests = place.results(&life, &id)[0]["digests"].clone();
    for (tool, algorithm) in [("sha256sum", "sha256"), ("b3sum", "blake3")] {
        if has_tool(tool) {
            let output = Command::new(tool).arg(place.tree().join("large")).output().unwrap();
            let line = String::from_utf8(output.stdout).unwrap();
            assert_eq!(digests[algorithm], line.split_whitespace().next().unwrap());
        }
    }
}
